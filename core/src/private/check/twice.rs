use super::{Place, fail, root_path};
use crate::handle::text::Text;
use crate::private::{Kind, Table};

/// No variable of a nested struct is read by another field too. What stands beside it in the struct
/// itself is compared by the derive.
#[track_caller]
pub const fn check_nested(table: &Table, index: usize) {
    let path = root_path(table.name);
    let nested = place(table, index, &path);
    let mut other = 0;
    while other < table.fields.len() {
        // Of two nested fields the later one reports.
        let is_nested = matches!(table.fields[other].kind, Kind::Nested { .. });
        let found = if other < index {
            compare(place(table, other, &path), nested)
        } else if other > index && !is_nested {
            compare(nested, place(table, other, &path))
        } else {
            None
        };
        if let Some(text) = found {
            fail(&text);
        }
        other += 1;
    }
}

const fn place<'a>(table: &'a Table, index: usize, path: &'a Text) -> Place<'a> {
    Place { path: path.as_str(), prefix: "", field: &table.fields[index], optional: false }
}

/// The first variable that two fields, or fields inside them, both read.
const fn compare(first: Place<'_>, second: Place<'_>) -> Option<Text> {
    if let Kind::Nested { prefix, table, .. } = first.field.kind {
        let (path, prefix) = (first.inner_path(), first.inner_prefix(prefix));
        let mut at = 0;
        while at < table.fields.len() {
            let inner = inner(table, at, &path, &prefix);
            if let Some(text) = compare(inner, second) {
                return Some(text);
            }
            at += 1;
        }
        return None;
    }
    if let Kind::Nested { prefix, table, .. } = second.field.kind {
        let (path, prefix) = (second.inner_path(), second.inner_prefix(prefix));
        let mut at = 0;
        while at < table.fields.len() {
            if let Some(text) = compare(first, inner(table, at, &path, &prefix)) {
                return Some(text);
            }
            at += 1;
        }
        return None;
    }
    let (a, b) = (Names::of(first), Names::of(second));
    let mut i = 0;
    while i < a.list.len() {
        let mut j = 0;
        while j < b.list.len() {
            let (x, y) = ([first.prefix, a.list[i]], [second.prefix, b.list[j]]);
            if same([x[0], x[1], ""], [y[0], y[1], ""]) {
                let by = Text::new().add(" is read twice: by ");
                let by = second.add_path(first.add_path(by).add(" and by "));
                return Some(report(x, "", &by));
            }
            // A handle may also stand in the file that `X_FILE` names.
            if a.are_handles && same([x[0], x[1], "_FILE"], [y[0], y[1], ""]) {
                let by = first.add_path(Text::of(" is read twice: by "));
                let by = by.add(" as the file of `").add(x[0]).add(x[1]).add("` and by ");
                return Some(report(y, "", &second.add_path(by)));
            }
            if b.are_handles && same([x[0], x[1], ""], [y[0], y[1], "_FILE"]) {
                let by = first.add_path(Text::of(" is read twice: by ")).add(" and by ");
                let by = second.add_path(by).add(" as the file of `").add(y[0]).add(y[1]).add("`");
                return Some(report(x, "", &by));
            }
            j += 1;
        }
        i += 1;
    }
    None
}

const fn inner<'a>(table: &'a Table, at: usize, path: &'a Text, prefix: &'a Text) -> Place<'a> {
    let (path, prefix) = (path.as_str(), prefix.as_str());
    Place { path, prefix, field: &table.fields[at], optional: false }
}

/// The variables of one field.
struct Names<'a> {
    list: &'a [&'a str],
    are_handles: bool,
}

impl<'a> Names<'a> {
    const fn of(place: Place<'a>) -> Self {
        match &place.field.kind {
            Kind::Resource { variables, .. } => Self { list: variables, are_handles: true },
            Kind::Setting { variable, .. } => {
                Self { list: std::slice::from_ref(variable), are_handles: false }
            }
            Kind::Nested { .. } => Self { list: &[], are_handles: false },
        }
    }
}

const fn report(name: [&str; 2], suffix: &str, by: &Text) -> Text {
    let text = Text::of("`").add(name[0]).add(name[1]).add(suffix).add("`").add(by.as_str());
    text.add("\nhelp: give the nested struct another `prefix`")
}

/// Whether two names are the same, each in three pieces.
const fn same(a: [&str; 3], b: [&str; 3]) -> bool {
    let len = a[0].len() + a[1].len() + a[2].len();
    if len != b[0].len() + b[1].len() + b[2].len() {
        return false;
    }
    // From the end: names with a common prefix differ there.
    let mut at = len;
    while at > 0 {
        at -= 1;
        if byte(a, at) != byte(b, at) {
            return false;
        }
    }
    true
}

const fn byte(pieces: [&str; 3], at: usize) -> u8 {
    let [a, b, c] = [pieces[0].as_bytes(), pieces[1].as_bytes(), pieces[2].as_bytes()];
    if at < a.len() {
        a[at]
    } else if at < a.len() + b.len() {
        b[at - a.len()]
    } else {
        c[at - a.len() - b.len()]
    }
}
