//! Which source wins, what completes it, and which names nobody reads.

use std::fmt::{self, Write as _};

use crate::adapter::reader::Reader;
use crate::backing::BackingServices;
use crate::environment::{Environment, Found, Note, Resolver, Unreadable, Why};
use crate::generated::settings_that_show;
use crate::handle::{Handle, Origin};
use crate::setting::flatten;
use crate::table::{Field, Kind, Table, each_field, join};

/// Where each field of a struct gets its value: the table of [`Environment::explain`], and below it
/// the names that are passed over. `Display` and `Debug` show it; no secret is in it.
///
/// ```
/// # use backing_services::{BackingServices, Environment};
/// # #[derive(BackingServices)] struct Services { #[setting(default = "80")] port: u16 }
/// println!("{}", Environment::process().explain::<Services>());
/// ```
pub struct Explanation {
    rows: Vec<[String; 5]>,
    notes: Vec<Note>,
}

const TITLES: [&str; 5] = ["FIELD", "VARIABLE", "FROM", "VALUE", "PASSED OVER"];

impl Environment {
    /// Where each field of a struct gets its value, and which sources are passed over: a table
    /// without any secret in it.
    ///
    /// ```
    /// use backing_services::{BackingServices, Environment};
    ///
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     #[setting(default = "8080")]
    ///     port: u16,
    /// }
    ///
    /// let environment = Environment::from_pairs([("PORT", "80")]);
    /// assert_eq!(
    ///     environment.explain::<Services>().to_string(),
    ///     "FIELD           VARIABLE  FROM  VALUE  PASSED OVER\nServices::port  PORT      PORT  80     the default\n",
    /// );
    /// ```
    pub fn explain<S: BackingServices>(&self) -> Explanation {
        let shown = settings_that_show(S::TABLE, self, |loader| S::__load(loader));
        Explanation::new(S::TABLE, self, &shown)
    }
}

impl Explanation {
    /// The values of the settings whose paths are in `shown` may be shown.
    pub(crate) fn new(root: &'static Table, environment: &Environment, shown: &[String]) -> Self {
        let resolver = Resolver::new(environment, root);
        let mut explanation = Self { rows: Vec::new(), notes: Vec::new() };
        let mut place = 0;
        each_field(root, "", "", &mut |outer, prefix, field| {
            let name = format!("{}::{outer}{}", root.name, field.name);
            let variable = format!("{}{}", field.prefix(prefix), field.variable());
            match field.kind {
                Kind::Resource { .. } => {
                    place = resolver.place(outer, field, place).unwrap_or_default();
                    let resolution = resolver.resolve(place);
                    let (from, value) = match &resolution.located {
                        Some(located) => {
                            let value = match &located.handle {
                                Ok(handle) => shown_handle(handle, field),
                                Err(error) => format!("error: {}", error.message()),
                            };
                            (located.origin.to_string(), value)
                        }
                        None => ("nothing".to_owned(), String::new()),
                    };
                    let (from, value) = match resolution.problems.first() {
                        None => (from, value),
                        Some(problem) => (source(problem, from), error(problem)),
                    };
                    let winner = resolution.located.map(|located| located.origin);
                    let others = winner.map(|winner| resolver.others(place, &winner));
                    let others = others.unwrap_or_default().join(", ");
                    explanation.rows.push([name, variable, from, value, others]);
                    explanation.notes.extend(resolution.notes);
                }
                Kind::Setting { variables, default, .. } => {
                    let is_harmless = shown.contains(&name);
                    let found = environment.setting(variables, prefix);
                    let [from, value, passed] = setting(found, default, is_harmless);
                    explanation.rows.push([name, variable, from, value, passed]);
                }
                Kind::Flatten { prefix: inner, names, .. } => {
                    let prefix = join(prefix, inner);
                    for inside in names() {
                        let variable = flatten::variable(inside);
                        let variable = format!("{prefix}{variable}");
                        let found = environment.variable(&variable);
                        let [from, value, passed] = setting(found, None, false);
                        let name = format!("{name}.{inside}");
                        explanation.rows.push([name, variable, from, value, passed]);
                    }
                }
                Kind::Nested { .. } => {}
            }
        });
        explanation
    }
}

/// What the table says, for JSON.
#[cfg(feature = "cli")]
impl Explanation {
    /// Of each field its path, its variable, where its value comes from, the value and what is
    /// passed over.
    pub(crate) fn rows(&self) -> &[[String; 5]] {
        &self.rows
    }

    /// The names that are not used; where it is not that nobody reads them, with the reason.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.notes.iter().map(|note| match note.why {
            Why::Because(reason) => (note.name.as_str(), Some(reason)),
            Why::Nobody => (note.name.as_str(), None),
        })
    }
}

/// Where a setting comes from, its value or stars, and what is passed over.
fn setting(
    found: Result<Option<Found<'_>>, Unreadable>,
    default: Option<&str>,
    is_harmless: bool,
) -> [String; 3] {
    let shown = |value: &str| if is_harmless { value.to_owned() } else { "***".to_owned() };
    let by_default = Origin::Default.to_string();
    let passed = default.map(|_| by_default.clone()).unwrap_or_default();
    match (found, default) {
        (Ok(Some(found)), _) => [found.origin.to_string(), shown(&found.value), passed],
        (Ok(None), Some(text)) => [by_default, shown(text), String::new()],
        (Ok(None), None) => ["nothing".to_owned(), String::new(), String::new()],
        (Err(problem), _) => [source(&problem, String::new()), error(&problem), passed],
    }
}

fn source(problem: &Unreadable, otherwise: String) -> String {
    problem.origin.as_ref().map_or(otherwise, ToString::to_string)
}

fn error(problem: &Unreadable) -> String {
    format!("error: {}", problem.message.as_str())
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
        for note in &self.notes {
            if let Why::Because(reason) = note.why {
                writeln!(f, "passed over: {} ({reason})", note.name)?;
            }
        }
        let unread: Vec<&str> = self
            .notes
            .iter()
            .filter(|note| note.why == Why::Nobody)
            .map(|note| note.name.as_str())
            .collect();
        if unread.is_empty() {
            return Ok(());
        }
        writeln!(f, "nobody reads: {}", unread.join(", "))
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A handle without its secrets: one that its adapter refuses shows no host either, which may be a
/// secret that stands in the wrong place.
fn shown_handle(handle: &Handle, field: &Field) -> String {
    let Kind::Resource { grammar, .. } = field.kind else { return String::new() };
    let grammar = grammar.of_scheme(handle.scheme());
    if Reader::takes(handle, grammar) {
        handle.to_string()
    } else {
        format!("{}:***", handle.known_scheme().unwrap_or("***"))
    }
}
