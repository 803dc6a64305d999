//! A `.env` file. A value reads as its author wrote it, or it is a problem of its name.
//!
//! The readers of such files disagree on quotes inside a value, on backslashes outside quotes, on a
//! `$` that stands for nothing and on a name that is given twice. None of these is guessed at.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::str;
use std::sync::Arc;

use super::layer::{Detail, Layer, Wrong};
use super::{Origin, Unreadable};
use crate::error::ProblemKind;
use crate::file;

const QUOTE: Wrong =
    Wrong::new("has a quote that does not stand first", "put the whole value into quotes");
const BEHIND: Wrong = Wrong::new(
    "goes on behind its closing quote",
    "put the whole value into quotes, and white space before a comment",
);
const UNCLOSED: Wrong = Wrong::new("has no closing quote", "put a quote at its end too");
const BACKSLASH: Wrong = Wrong::new(
    "has a backslash outside quotes",
    "put the value into single quotes, where a backslash is one, or into double quotes, where \
     `\\n` is a new line",
);
const ESCAPE: Wrong = Wrong::new(
    "has a backslash that escapes nothing",
    "write `\\\\`, or put the value into single quotes",
);
const BACKTICK: Wrong =
    Wrong::new("has a backtick outside quotes", "put the value into single quotes");
const HASH: Wrong =
    Wrong::new("begins with a `#`", "put the value into quotes, or white space before a comment");
const DOLLAR: Wrong = Wrong::new(
    "a `$` in it stands for no variable",
    "put the value into single quotes, where a `$` is one, or write `${NAME}` or \
     `${NAME:-default}`",
);
const NOT_SET: Wrong = Wrong::new(
    "a `$` in it stands for a variable that is not set",
    "put the value into single quotes, where a `$` is one, or set that variable further up",
);
const BROKEN: &str = "mend that variable, or put the value into single quotes, where a `$` is one";
const TOO_LONG: Wrong = Wrong::new(
    "becomes too long, with what its `$` stand for",
    "write it without so many variables",
);
const NOT_UTF_8: Wrong = Wrong::new("is not UTF-8", "save the file as UTF-8");
const NO_ENTRY: (&str, &str) = (
    "is not of the form `NAME=value`",
    "write it so, and put a value of several lines into quotes",
);

/// The file, and what is wrong with it as a whole. A `$` may stand for what the layers before it
/// have, and for what the layer behind it has.
pub(super) fn read(
    path: &Path,
    before: &[Layer],
    behind: Option<&Layer>,
) -> (Layer, Option<Unreadable>) {
    let shown: Arc<str> = path.display().to_string().into();
    let mut layer = Layer { dotenv: Some(Arc::clone(&shown)), ..Layer::default() };
    #[cfg(feature = "attached")]
    {
        layer.path = Some(path.to_owned());
    }
    let broken = |message: String| {
        Some(Unreadable {
            kind: ProblemKind::Unreadable,
            origin: Some(Origin::Dotenv { name: "".into(), path: shown, line: 0 }),
            message,
            help: "make it a readable text file".to_owned(),
        })
    };
    match file::read(path, file::LIMIT) {
        // As Windows writes text where it is not asked for UTF-8.
        Ok(text) if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") => {
            (layer, broken("the file is not UTF-8".to_owned()))
        }
        Ok(text) => (Reader::new(&with_unix_lines(&text), before, behind, layer).read(), None),
        Err(trouble) if trouble.is_missing() => {
            layer.missing = true;
            (layer, None)
        }
        Err(trouble) => (layer, broken(format!("the file cannot be read: {trouble}"))),
    }
}

/// Without the byte order mark that Windows editors put first, and with its line endings replaced.
fn with_unix_lines(text: &[u8]) -> Cow<'_, [u8]> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if !text.contains(&b'\r') {
        return text.into();
    }
    let bytes = text.iter().zip(text.iter().skip(1).chain([&b'\n']));
    let bytes = bytes.filter(|(byte, next)| (**byte, **next) != (b'\r', b'\n'));
    bytes.map(|(byte, _)| if *byte == b'\r' { b'\n' } else { *byte }).collect()
}

struct Reader<'a> {
    text: &'a [u8],
    /// The variables of each layer before this one.
    before: Vec<Values<'a>>,
    /// The variables of the layer behind this one.
    behind: Values<'a>,
    /// Where a name stands in the layer.
    names: HashMap<&'a str, usize>,
    layer: Layer,
    /// How many bytes were put in for variables: twenty lines can ask for terabytes.
    expanded: Cell<u64>,
}

/// The variables of a layer. Of a name given twice the last one counts, which is the one that a map
/// keeps.
type Values<'a> = HashMap<&'a OsStr, Result<&'a OsStr, &'a Wrong>>;

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], before: &'a [Layer], behind: Option<&'a Layer>, layer: Layer) -> Self {
        let variables = |layer: &'a Layer| -> Values<'a> {
            layer.entries().map(|(name, entry)| (name, entry.value())).collect()
        };
        let behind = behind.map(variables).unwrap_or_default();
        let before = before.iter().map(variables).collect();
        Self { text, before, behind, names: HashMap::new(), layer, expanded: Cell::new(0) }
    }

    /// No byte is looked at more than a few times, whatever the file holds.
    fn read(mut self) -> Layer {
        let (mut at, mut line) = (0, 1);
        while at < self.text.len() {
            let mut end = self.end_of_line(at);
            let text = &self.text[at..end];
            if let Some((name, start)) = name(text) {
                let value;
                (value, end) = self.value(at + start, end);
                self.add(name, value.and_then(unicode), line);
            } else if !is_comment(text) {
                let (message, help) = NO_ENTRY;
                self.layer.unreadable.push((line, message, help));
            }
            line += self.text[at..end].split(|byte| *byte == b'\n').count();
            at = end + 1;
        }
        self.layer
    }

    fn add(&mut self, name: &'a str, value: Result<OsString, Wrong>, line: usize) {
        step(1);
        let (value, wrong) = match value {
            Ok(value) => (value, None),
            Err(wrong) => (OsString::new(), Some(wrong)),
        };
        let Layer { variables, details, .. } = &mut self.layer;
        let at = match self.names.entry(name) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(variables.len());
                variables.push((name.into(), value));
                details.push(Detail::of_line(line, wrong));
                return;
            }
            hash_map::Entry::Occupied(at) => *at.get(),
        };
        let ((_, first), detail) = (&mut variables[at], &mut details[at]);
        if detail.wrong.is_some() {
            return;
        }
        if wrong.is_some() {
            (detail.wrong, detail.line) = (wrong, line);
        } else if *first != value {
            let message = format!("line {line} gives it another value");
            let help = "keep one of the two lines";
            detail.wrong = Some(Wrong { message: message.into(), help });
        }
    }

    /// The value that begins behind a `=`, and where the last of its lines ends.
    fn value(&self, start: usize, end: usize) -> (Result<Vec<u8>, Wrong>, usize) {
        let text = &self.text[start..end];
        let opening = start + (text.len() - text.trim_ascii_start().len());
        let Some(quote @ (b'\'' | b'"')) = self.text[opening..end].first().copied() else {
            return (self.unquoted(text), end);
        };
        let Some(closing) = self.closing(opening + 1, quote) else { return (Err(UNCLOSED), end) };
        let last = self.end_of_line(closing);
        let behind = &self.text[closing + 1..last];
        // `'a'#b` is a comment for some and a part of the value for others.
        if !is_comment(behind) || behind.starts_with(b"#") {
            return (Err(BEHIND), end);
        }
        let inside = &self.text[opening + 1..closing];
        (if quote == b'\'' { Ok(inside.to_vec()) } else { self.expand(inside, true) }, last)
    }

    fn unquoted(&self, text: &[u8]) -> Result<Vec<u8>, Wrong> {
        if text.first() == Some(&b'#') {
            return Err(HASH);
        }
        let begins_comment = |pair: &[u8]| pair[0].is_ascii_whitespace() && pair[1] == b'#';
        let end = text.windows(2).position(begins_comment).unwrap_or(text.len());
        self.expand(text[..end].trim_ascii(), false)
    }

    /// Puts in what each `$` stands for.
    fn expand(&self, text: &[u8], is_quoted: bool) -> Result<Vec<u8>, Wrong> {
        let mut value = Vec::new();
        // A default is read also where it is not used. Of each that is open: whether what stands
        // around it is used.
        let (mut is_used, mut around) = (true, Vec::new());
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            step(1);
            at += 1;
            let byte = match byte {
                b'$' => {
                    let reference = reference(&text[at..]).ok_or(DOLLAR)?;
                    at += reference.length;
                    let found = if is_used { self.lookup(reference.name)? } else { Some("") };
                    let found = match found {
                        None if !reference.has_default => return Err(NOT_SET),
                        found => found.unwrap_or_default(),
                    };
                    self.count(found)?;
                    value.extend(found.bytes());
                    if reference.has_default {
                        around.push(is_used);
                        is_used &= found.is_empty();
                    }
                    continue;
                }
                b'}' if !around.is_empty() => {
                    is_used = around.pop().unwrap_or_default();
                    continue;
                }
                b'\\' if is_quoted => {
                    at += 1;
                    text.get(at - 1).copied().and_then(unescape).ok_or(ESCAPE)?
                }
                b'\\' => return Err(BACKSLASH),
                b'\'' | b'"' if !is_quoted => return Err(QUOTE),
                b'`' if !is_quoted => return Err(BACKTICK),
                byte => byte,
            };
            if is_used {
                value.push(byte);
            }
        }
        if around.is_empty() { Ok(value) } else { Err(DOLLAR) }
    }

    /// What the layers before this one have, else the lines above, else the layer behind.
    fn lookup(&self, name: &str) -> Result<Option<&str>, Wrong> {
        step(1);
        let before = self.before.iter().filter_map(|names| names.get(OsStr::new(name)));
        let above = self.names.get(name).copied();
        // An empty variable counts as unset, unless nothing else is there to read.
        let mut empty = None;
        for value in before.copied() {
            match value {
                Ok(value) if value.is_empty() => empty = Some(""),
                Ok(value) => {
                    let message = "a `$` in it stands for a variable that is not Unicode";
                    return value.to_str().map(Some).ok_or(Wrong::new(message, BROKEN));
                }
                Err(_) => {
                    let message = "a `$` in it stands for a variable that cannot be read";
                    return Err(Wrong::new(message, BROKEN));
                }
            }
        }
        let Some(at) = above else {
            return match self.behind.get(OsStr::new(name)) {
                Some(Ok(value)) => Ok(value.to_str()),
                Some(Err(_)) => {
                    let message = "a `$` in it stands for a variable that cannot be read";
                    Err(Wrong::new(message, BROKEN))
                }
                None => Ok(empty),
            };
        };
        let ((_, value), Detail { line, wrong, .. }) =
            (&self.layer.variables[at], &self.layer.details[at]);
        if wrong.is_none() {
            return Ok(value.to_str());
        }
        let message =
            format!("a `$` in it stands for the variable of line {line}, which cannot be read");
        Err(Wrong { message: message.into(), help: BROKEN })
    }

    fn count(&self, found: &str) -> Result<(), Wrong> {
        step(found.len());
        self.expanded.set(self.expanded.get() + found.len() as u64);
        if self.expanded.get() > file::LIMIT { Err(TOO_LONG) } else { Ok(()) }
    }

    fn end_of_line(&self, from: usize) -> usize {
        let length = self.text[from..].iter().position(|byte| *byte == b'\n');
        let end = length.map_or(self.text.len(), |length| from + length);
        step(end - from);
        end
    }

    /// The quote that closes, which in double quotes a backslash keeps from it.
    fn closing(&self, from: usize, quote: u8) -> Option<usize> {
        let mut is_escaped = false;
        let length = self.text[from..].iter().position(|&byte| {
            step(1);
            let is_closing = byte == quote && !is_escaped;
            is_escaped = quote == b'"' && byte == b'\\' && !is_escaped;
            is_closing
        });
        length.map(|length| from + length)
    }
}

/// The name of a line and where its value begins: `NAME=value` or `export NAME=value`.
fn name(line: &[u8]) -> Option<(&str, usize)> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let name = line[..equals].trim_ascii();
    let name = match name.strip_prefix(b"export") {
        Some(rest) if rest.first().is_some_and(u8::is_ascii_whitespace) => rest.trim_ascii_start(),
        _ => name,
    };
    let name = str::from_utf8(name).ok()?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, equals + 1))
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), None | Some(b'#'))
}

/// What stands behind a `$`.
struct Reference<'a> {
    name: &'a str,
    /// With its braces, or up to its default.
    length: usize,
    has_default: bool,
}

fn reference(text: &[u8]) -> Option<Reference<'_>> {
    let braces = usize::from(text.first() == Some(&b'{'));
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let end = braces + text[braces..].iter().take_while(is_name).count();
    let name = str::from_utf8(&text[braces..end]).ok()?;
    if name.bytes().next().is_none_or(|first| first.is_ascii_digit()) {
        return None;
    }
    let (length, has_default) = match (braces, &text[end..]) {
        (0, _) => (end, false),
        (_, [b'}', ..]) => (end + 1, false),
        (_, [b':', b'-', ..]) => (end + 2, true),
        _ => return None,
    };
    Some(Reference { name, length, has_default })
}

fn unescape(escaped: u8) -> Option<u8> {
    match escaped {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'\\' | b'"' | b'\'' | b'$' => Some(escaped),
        _ => None,
    }
}

fn unicode(value: Vec<u8>) -> Result<OsString, Wrong> {
    String::from_utf8(value).map(OsString::from).map_err(|_| NOT_UTF_8)
}

/// Counts what is done, so that a test can hold it to the length of the file.
fn step(count: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + count);
    let _ = count;
}

#[cfg(test)]
thread_local! {
    pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
}
