//! A `.env` file, read by dotenvy's parser without touching the process environment.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::layer::{Entry, Layer};
use super::{Origin, Unreadable};
use crate::error::ProblemKind;
use crate::file::reason;

pub(super) fn read(path: &Path) -> (Layer, Vec<Unreadable>) {
    let shown: Arc<str> = path.display().to_string().into();
    let mut layer = Layer { dotenv: Some(Arc::clone(&shown)), ..Layer::default() };
    let mut broken = Vec::new();
    let mut report = |line, message: String, help: &str| {
        broken.push(Unreadable {
            kind: ProblemKind::Unreadable,
            origin: Some(Origin::Dotenv { name: "".into(), path: Arc::clone(&shown), line }),
            message,
            help: help.to_owned(),
        });
    };

    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (layer, broken),
        Err(error) => {
            report(
                0,
                format!("the file cannot be read: {}", reason(&error)),
                "make it a readable text file",
            );
            return (layer, broken);
        }
    };
    let lines = Rc::new(RefCell::new(Lines::default()));
    for entry in dotenvy::from_read_iter(LineByLine::new(file, Rc::clone(&lines))) {
        let Lines { entry: line, text, .. } = lines.borrow_mut().next_entry();
        match entry {
            Ok((name, value)) => {
                if drops_a_dollar(&text, &layer) {
                    report(
                        line,
                        "a `$` stands for a variable that is not set, and would be dropped"
                            .to_owned(),
                        "put the value into single quotes: NAME='value'",
                    );
                }
                let entry = Entry { value: value.into(), line };
                // As dotenvy loads: the first entry of a name counts.
                if !layer.has(&name) {
                    layer.variables.push((name.into(), entry));
                }
            }
            // The error holds the whole line: only its number is shown.
            Err(dotenvy::Error::LineParse(..)) => report(
                line,
                "the line is not of the form `NAME=value`".to_owned(),
                "quote a value that holds white space, `#` or quotes: NAME='value'",
            ),
            Err(dotenvy::Error::Io(error)) => {
                let message = format!("the file cannot be read: {}", reason(&error));
                report(line, message, "make it a readable text file");
                break;
            }
            Err(_) => {
                report(line, "the line cannot be read".to_owned(), "write it as `NAME=value`");
            }
        }
    }
    (layer, broken)
}

impl Layer {
    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|(other, _)| *other == *name)
    }
}

/// Whether the parser replaces something of an entry's value by nothing: `pa$$word` becomes `pa`, and
/// `$DB_HOST`, because its names end at `_`, the value of `DB` and `_HOST`.
fn drops_a_dollar(entry: &str, layer: &Layer) -> bool {
    let value = entry.split_once('=').map_or("", |(_, value)| value.trim_start());
    let (mut single, mut double) = (false, false);
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' if !double => single = !single,
            _ if single => {}
            '"' => double = !double,
            '\\' => drop(rest.next()),
            '$' => {
                let after = rest.as_str();
                let name = match after.strip_prefix('{') {
                    Some(block) => block.split('}').next().unwrap_or_default(),
                    None => {
                        &after[..after.find(|c: char| !c.is_alphanumeric()).unwrap_or(after.len())]
                    }
                };
                if !is_set(name, layer) {
                    return true;
                }
            }
            // What follows can only be a comment.
            c if c.is_whitespace() && !double => break,
            _ => {}
        }
    }
    false
}

/// Where the parser looks: the process, then the lines above.
#[expect(clippy::disallowed_methods, reason = "asks what dotenvy has asked")]
fn is_set(name: &str, layer: &Layer) -> bool {
    !name.is_empty() && (std::env::var_os(name).is_some() || layer.has(name))
}

/// dotenvy does not say which line an entry stands on, so its input is given to it line by line.
#[derive(Default)]
struct Lines {
    read: usize,
    /// The first line since the last entry that is neither blank nor a comment; 0 before there is one.
    entry: usize,
    /// That line and those after it.
    text: String,
}

impl Lines {
    fn add(&mut self, line: &[u8]) {
        self.read += 1;
        let is_blank = matches!(line.trim_ascii_start().first(), None | Some(b'#'));
        if self.entry == 0 && !is_blank {
            self.entry = self.read;
        }
        if self.entry != 0 {
            self.text.push_str(&String::from_utf8_lossy(line));
        }
    }

    fn next_entry(&mut self) -> Self {
        let read = self.read;
        std::mem::replace(self, Self { read, ..Self::default() })
    }
}

struct LineByLine {
    file: BufReader<File>,
    line: Vec<u8>,
    given: usize,
    lines: Rc<RefCell<Lines>>,
}

impl LineByLine {
    fn new(file: File, lines: Rc<RefCell<Lines>>) -> Self {
        Self { file: BufReader::new(file), line: Vec::new(), given: 0, lines }
    }
}

impl Read for LineByLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            self.line.clear();
            self.given = 0;
            self.file.read_until(b'\n', &mut self.line)?;
            let mut lines = self.lines.borrow_mut();
            // The byte order mark that Windows editors put first.
            if lines.read == 0 && self.line.starts_with("\u{feff}".as_bytes()) {
                self.line.drain(..3);
            }
            lines.add(&self.line);
        }
        let count = buffer.len().min(self.line.len() - self.given);
        buffer[..count].copy_from_slice(&self.line[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
