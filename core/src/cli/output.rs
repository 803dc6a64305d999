//! What the commands print: colours on a terminal alone, JSON where it is asked for.

use std::fmt;
use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

/// The version of every JSON that a command prints.
const VERSION: u32 = 1;

const HEADING: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const FAINT: Style = Style::new().dimmed();

/// A text in a style, which a terminal shows and anything else does not get.
fn styled(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) fn good(text: impl fmt::Display) -> String {
    styled(GOOD, text)
}

pub(super) fn bad(text: impl fmt::Display) -> String {
    styled(BAD, text)
}

pub(super) fn heading(text: impl fmt::Display) -> String {
    styled(HEADING, text)
}

pub(super) fn faint(text: impl fmt::Display) -> String {
    styled(FAINT, text)
}

/// Prints a line. Who has closed the other end wants no more of it.
pub(super) fn line(text: impl fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Prints bytes as they are.
pub(super) fn whole(text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(anstream::stdout(), "{text}{end}");
}

/// Says something beside the result.
pub(super) fn note(text: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints a report of the library, word by word: its headings stand out.
pub(super) fn report(report: &dyn fmt::Display) {
    let text = report.to_string();
    for (index, row) in text.lines().enumerate() {
        let is_heading = row.starts_with("  ") && !row.starts_with("   ");
        match index {
            0 => line(bad(row)),
            _ if is_heading => line(heading(row)),
            _ => line(row),
        }
    }
}

/// Rows as a table, whose last column is as long as it is.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    text
}

/// Prints the result of a command as JSON.
pub(super) fn json(command: &str, name: &str, result: &impl Serialize) {
    #[derive(Serialize)]
    struct Json<'a, T> {
        version: u32,
        command: &'a str,
        name: &'a str,
        #[serde(flatten)]
        result: &'a T,
    }

    let json = Json { version: VERSION, command, name, result };
    // Strings, numbers, booleans and lists of them can always be written.
    whole(&serde_json::to_string_pretty(&json).unwrap_or_default());
    let _ = io::stdout().flush();
}

/// The name of a kind as JSON has it: `NotLoopback` is `not_loopback`.
pub(super) fn word(kind: &impl fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
