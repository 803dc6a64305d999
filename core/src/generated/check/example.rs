use super::default::{add_schemes, is_one_of, refused_scheme};
use super::{Place, fail, root_path};
use crate::adapter::grammar::Scheme;
use crate::handle::const_text::Text;
use crate::table::{Kind, Table};

/// One line of an example file: `NAME=value`, also after `export` or commented out.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    name: &'a str,
    value: &'a str,
    commented: bool,
}

/// How many lines name a variable.
pub const fn count_lines(text: &str) -> usize {
    let (mut rest, mut count) = (text, 0);
    while let Some((line, after)) = next_line(rest) {
        if read(line).is_some() {
            count += 1;
        }
        rest = after;
    }
    count
}

/// The lines that name a variable.
pub const fn lines<const N: usize>(text: &str) -> [Line<'_>; N] {
    let mut lines = [Line { name: "", value: "", commented: true }; N];
    let (mut rest, mut at) = (text, 0);
    while let Some((line, after)) = next_line(rest) {
        if let Some(line) = read(line)
            && at < N
        {
            lines[at] = line;
            at += 1;
        }
        rest = after;
    }
    lines
}

/// The example file names each variable of a field, with a handle whose scheme the field takes.
#[track_caller]
pub const fn check_example(file: &str, lines: &[Line<'_>], table: &Table, index: usize) {
    let path = root_path(table.name);
    let field = &table.fields[index];
    let place = Place { path: path.as_str(), prefix: "", field, optional: false };
    let report = check(place, file, lines, Report::new());
    if report.missing > 0 {
        let text = Text::of("`").add(file).add("` does not name ").add(report.names.as_str());
        let one = report.missing == 1;
        let add = if one { "\nhelp: add the line " } else { "\nhelp: add the lines\n      " };
        fail(&text.add(add).add(report.lines.as_str()));
    }
    if let Some(text) = report.refused {
        fail(&text);
    }
}

/// What is wrong with the lines of a field and of the fields inside it.
#[derive(Clone, Copy)]
struct Report {
    missing: usize,
    /// "`A_URL`, `B_URL`"
    names: Text,
    /// "`A_URL=...`", each in a line of its own.
    lines: Text,
    refused: Option<Text>,
}

impl Report {
    const fn new() -> Self {
        Self { missing: 0, names: Text::new(), lines: Text::new(), refused: None }
    }
}

const fn check(place: Place<'_>, file: &str, lines: &[Line<'_>], mut report: Report) -> Report {
    match &place.field.kind {
        Kind::Nested { prefix, table, optional } => {
            let (path, prefix) = (place.inner_path(), place.inner_prefix(prefix));
            let mut at = 0;
            while at < table.fields.len() {
                let inner = Place {
                    path: path.as_str(),
                    prefix: prefix.as_str(),
                    field: &table.fields[at],
                    optional: place.optional || *optional,
                };
                report = check(inner, file, lines, report);
                at += 1;
            }
            report
        }
        Kind::Flatten { .. } => report,
        Kind::Setting { variables, required, default, .. } => {
            let [variable, ..] = variables else { return report };
            let needed = *required && !place.optional;
            match find(lines, place.prefix, variable) {
                Some(line) if !(needed && line.commented) => report,
                found => missing(report, found, place.prefix, variable, or(*default, "")),
            }
        }
        Kind::Resource { variables, grammar, required, default, .. } => {
            let (schemes, example) = (grammar.schemes(), grammar.example());
            let [variable, ..] = variables else { return report };
            let needed = *required && !place.optional;
            let prefix = place.own_prefix();
            match find(lines, prefix, variable) {
                Some(line) if !(needed && line.commented) => {
                    if report.refused.is_none() {
                        let name = Text::of("`").add(prefix).add(variable);
                        let subject = name.add("` in `").add(file).add("`");
                        report.refused = refused(&subject, line.value, schemes, example);
                    }
                    report
                }
                found => missing(report, found, prefix, variable, or(*default, example)),
            }
        }
    }
}

const fn or<'a>(value: Option<&'a str>, otherwise: &'a str) -> &'a str {
    match value {
        Some(value) => value,
        None => otherwise,
    }
}

const fn missing(
    mut report: Report,
    commented: Option<Line<'_>>,
    prefix: &str,
    variable: &str,
    value: &str,
) -> Report {
    if report.missing > 0 {
        report.names = report.names.add(", ");
        report.lines = report.lines.add("\n      ");
    }
    report.missing += 1;
    report.names = report.names.add("`").add(prefix).add(variable).add("`");
    if commented.is_some() {
        report.names = report.names.add(" outside of a comment");
    }
    report.lines = report.lines.add("`").add(prefix).add(variable).add("=").add(value).add("`");
    report
}

/// What is wrong with a handle of the file: its scheme alone, the rest is for people to fill in.
const fn refused(subject: &Text, value: &str, schemes: &[Scheme], example: &str) -> Option<Text> {
    let bytes = value.as_bytes();
    // An empty one is detached, one with a `$` is expanded from others.
    if bytes.is_empty() || bytes[0] == b'$' {
        return None;
    }
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b':' {
        end += 1;
    }
    let scheme = value.split_at(end).0;
    if end == bytes.len() {
        let text = add_schemes(&subject.add(" has no scheme, expected "), schemes);
        return Some(text.add("\nhelp: write a handle such as `").add(example).add("`"));
    }
    if is_one_of(scheme, schemes) { None } else { Some(refused_scheme(subject, scheme, schemes)) }
}

/// The line of a variable, one that is not commented out before one that is.
const fn find<'a>(lines: &[Line<'a>], prefix: &str, name: &str) -> Option<Line<'a>> {
    let mut commented = None;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if line.name.len() == prefix.len() + name.len() {
            let (start, end) = line.name.as_bytes().split_at(prefix.len());
            if same(end, name.as_bytes()) && same(start, prefix.as_bytes()) {
                if !line.commented {
                    return Some(line);
                }
                commented = Some(line);
            }
        }
        at += 1;
    }
    commented
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn next_line(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return None;
    }
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'\n' {
        end += 1;
    }
    let (line, rest) = text.split_at(end);
    Some((line, if rest.is_empty() { rest } else { rest.split_at(1).1 }))
}

const fn read(line: &str) -> Option<Line<'_>> {
    let mut line = trim(line);
    let mut commented = false;
    while let [b'#', ..] = line.as_bytes() {
        commented = true;
        line = trim(line.split_at(1).1);
    }
    if let [b'e', b'x', b'p', b'o', b'r', b't', b' ' | b'\t', ..] = line.as_bytes() {
        line = trim(line.split_at("export ".len()).1);
    }
    let bytes = line.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'=' {
        end += 1;
    }
    if end == bytes.len() {
        return None;
    }
    let (name, value) = line.split_at(end);
    let mut value = trim(value.split_at(1).1);
    if let [b'"' | b'\'', ..] = value.as_bytes() {
        value = value.split_at(1).1;
        if let [.., b'"' | b'\''] = value.as_bytes() {
            value = value.split_at(value.len() - 1).0;
        }
    }
    Some(Line { name: trim(name), value, commented })
}

const fn trim(text: &str) -> &str {
    let mut text = text;
    while let [b' ' | b'\t' | b'\r', ..] = text.as_bytes() {
        text = text.split_at(1).1;
    }
    while let [.., b' ' | b'\t' | b'\r'] = text.as_bytes() {
        text = text.split_at(text.len() - 1).0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_an_example_file() {
        let text = "# a comment\nA=1\n\nexport B = \"two\"\r\n  # C='three' \n#D=\nno line\nE==x";
        assert_eq!(count_lines(text), 5);
        let lines = lines::<5>(text).map(|line| (line.name, line.value, line.commented));
        let expected = [
            ("A", "1", false),
            ("B", "two", false),
            ("C", "three", true),
            ("D", "", true),
            ("E", "=x", false),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_comment_comes_last() {
        let lines = lines::<3>("#A_B=1\n#C=2\nC=3");
        let found =
            |prefix, name| find(&lines, prefix, name).map(|line| (line.value, line.commented));
        assert_eq!(found("A_", "B"), Some(("1", true)));
        assert_eq!(found("", "C"), Some(("3", false)));
        assert_eq!(found("A_", "C"), None);
    }

    #[test]
    fn schemes() {
        let refused =
            |value| refused(&Text::new(), value, &[Scheme::new("mysql")], "mysql://x").is_some();
        assert!(!refused(""));
        assert!(!refused("$OTHER"));
        assert!(!refused("mysql://<user>:<password>@localhost"));
        assert!(refused("postgres://localhost"));
        assert!(refused("localhost"));
    }
}
