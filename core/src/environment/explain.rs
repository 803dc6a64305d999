//! Which source wins, and which are passed over.

use std::fmt::{self, Write as _};

use super::{Ask, Environment, Found, Origin, Sources, Unreadable};
use crate::generated::{Field, Kind, Table, each_field};
use crate::handle::Handle;

/// Where each field of a struct gets its value: the table of [`Environment::explain`]. `Display` and `Debug`
/// show it; no secret is in it.
///
/// ```
/// # use backing_services::{BackingServices, Environment};
/// # #[derive(BackingServices)] struct Services { #[setting(default = "80")] port: u16 }
/// println!("{}", Environment::process().explain::<Services>());
/// ```
pub struct Explanation {
    rows: Vec<[String; 5]>,
}

const TITLES: [&str; 5] = ["FIELD", "VARIABLE", "FROM", "VALUE", "PASSED OVER"];

impl Explanation {
    pub(super) fn new(environment: &Environment, root: &'static Table) -> Self {
        let sources = Sources::new(environment);
        let mut rows = Vec::new();
        each_field(root, "", "", &mut |outer, prefix, field| {
            rows.extend(row(&sources, environment, root, outer, prefix, field));
        });
        Self { rows }
    }
}

fn row(
    sources: &Sources<'_>,
    environment: &Environment,
    root: &'static Table,
    outer: &str,
    prefix: &str,
    field: &'static Field,
) -> Option<[String; 5]> {
    let (found, default) = match field.kind {
        Kind::Resource { default, .. } => {
            (sources.all(&Ask::new(root, outer, prefix, field)?), default)
        }
        Kind::Setting { variables: [variable, ..], default, .. } => {
            (environment.value(variable, prefix).transpose().into_iter().collect(), default)
        }
        Kind::Setting { .. } | Kind::Flatten { .. } | Kind::Nested { .. } => return None,
    };
    let is_handle = matches!(field.kind, Kind::Resource { .. });
    let default = default.map(|text| Ok(Found { value: text.into(), origin: Origin::Default }));
    let mut all = found.into_iter().chain(default);
    let (from, value) = match all.next() {
        None => ("nothing".to_owned(), String::new()),
        Some(Ok(found)) => (found.origin.to_string(), shown(&found, is_handle)),
        Some(Err(unreadable)) => (source(&unreadable), format!("error: {}", unreadable.message)),
    };
    let passed: Vec<_> = all
        .map(|other| match other {
            Ok(found) => found.origin.to_string(),
            Err(unreadable) => source(&unreadable),
        })
        .collect();
    Some([
        format!("{}::{outer}{}", root.name, field.name),
        format!("{prefix}{}", field.variable()),
        from,
        value,
        passed.join(", "),
    ])
}

fn source(unreadable: &Unreadable) -> String {
    unreadable.origin.as_ref().map_or_else(|| "a platform".to_owned(), ToString::to_string)
}

/// A handle without its secrets, and nothing of a setting: it may be one.
fn shown(found: &Found<'_>, is_handle: bool) -> String {
    if !is_handle {
        return "***".to_owned();
    }
    match Handle::parse(&found.value) {
        Ok(handle) => handle.to_string(),
        Err(error) => format!("error: {}", error.message()),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = TITLES.map(str::to_owned);
        let rows = || std::iter::once(&titles).chain(&self.rows);
        let width =
            |column: usize| rows().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 5] = std::array::from_fn(width);
        for row in rows() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
