//! Where a handle comes from. One module a convention; each gives a value and its origin.

mod dotenv;
mod file;
mod origin;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

#[cfg(any(feature = "_net", feature = "_sqlx"))]
pub(crate) use self::file::reason;
pub use self::origin::Origin;
use crate::error::{Problem, ProblemKind};
use crate::private::{Table, each_variable};

/// A snapshot of the variables that handles and settings are read from.
///
/// There is no global state: a test loads from pairs as an app loads from the process.
///
/// - An empty variable counts as unset.
/// - `X_FILE` names a file that holds the handle of `X` (Docker and Swarm secrets). Setting both is a
///   problem in the report. It acts on handles, not on settings.
/// - A `.env` file added with [`with_dotenv`](Environment::with_dotenv) comes after everything else.
///
/// ```
/// use backing_services::{BackingServices, Environment};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[setting]
///     port: u16,
/// }
///
/// let services = Services::load(&Environment::from_pairs([("PORT", "8080")]))?;
/// assert_eq!(services.port, 8080);
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    /// The first that has a value wins.
    layers: Vec<Layer>,
    /// What was wrong with the sources themselves, told with every load.
    broken: Vec<Unreadable>,
}

#[derive(Clone, Default)]
struct Layer {
    /// The `.env` file it was read from; `None` for the process or pairs.
    dotenv: Option<Arc<str>>,
    /// A list, not a map: loading asks for a few names once, which costs less than hashing all.
    variables: Vec<(OsString, Entry)>,
}

#[derive(Clone)]
struct Entry {
    value: OsString,
    /// The line of the `.env` file, from 1; 0 elsewhere.
    line: usize,
}

/// A value and where it came from.
pub(crate) struct Found<'a> {
    pub(crate) value: Cow<'a, str>,
    pub(crate) origin: Origin,
}

/// A source that has a value but cannot give it.
#[derive(Clone)]
pub(crate) struct Unreadable {
    pub(crate) kind: ProblemKind,
    pub(crate) origin: Option<Origin>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Environment {
    /// The variables of this process, as they are now.
    ///
    /// ```
    /// use backing_services::Environment;
    ///
    /// let environment = Environment::process().with_dotenv(".env");
    /// ```
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process environment"
    )]
    pub fn process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// Those variables of this process that a struct reads, of the hundreds it may have.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the process environment"
    )]
    pub(crate) fn process_for(table: &Table) -> Self {
        let mut variables = Vec::new();
        let mut read = |name: String| {
            if let Some(value) = std::env::var_os(&name) {
                variables.push((name.into(), Entry { value, line: 0 }));
            }
        };
        each_variable(table, "", &mut |name, is_handle| {
            if is_handle {
                read([name, "_FILE"].concat());
            }
            read(name.to_owned());
        });
        Self { layers: vec![Layer { dotenv: None, variables }], broken: Vec::new() }
    }

    /// These variables and no others. Of a name given twice the last one counts.
    ///
    /// ```
    /// use backing_services::Environment;
    ///
    /// let environment = Environment::from_pairs([("DB_URL", "mysql://localhost/test")]);
    /// ```
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        Self::of(pairs.into_iter().map(|(name, value)| (name.into().into(), value.into().into())))
    }

    fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let variables = variables.map(|(name, value)| (name, Entry { value, line: 0 })).collect();
        Self { layers: vec![Layer { dotenv: None, variables }], broken: Vec::new() }
    }

    /// Adds a `.env` file, for variables that are not set otherwise. The process environment stays as
    /// it is. A file that does not exist is no error: production has none. What is wrong inside it is a
    /// problem of the next load.
    ///
    /// ```
    /// use backing_services::Environment;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join(".env");
    /// std::fs::write(&path, "DB_URL=mysql://localhost/dev\n")?;
    /// let environment = Environment::process().with_dotenv(&path);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_dotenv(mut self, path: impl AsRef<Path>) -> Self {
        let (layer, broken) = dotenv::read(path.as_ref());
        self.layers.push(layer);
        self.broken.extend(broken);
        self
    }

    /// The handle of a field: in each layer its variable, else its aliases, else the files they name.
    pub(crate) fn resolve(
        &self,
        names: &[&str],
        prefix: &str,
    ) -> Result<Option<Found<'_>>, Unreadable> {
        for layer in &self.layers {
            let mut from_file = None;
            for name in names {
                let file_name = [prefix, name, "_FILE"].concat();
                let name = &file_name[..file_name.len() - "_FILE".len()];
                let file = layer.get(&file_name);
                if let Some(entry) = layer.get(name) {
                    if file.is_some() {
                        return Err(conflict(name, &file_name));
                    }
                    return layer.found(name, entry).map(Some);
                }
                if let Some(entry) = file
                    && from_file.is_none()
                {
                    from_file = Some((name.to_owned(), file_name, entry));
                }
            }
            if let Some((name, file_name, entry)) = from_file
                && let Some(found) = file::read(&name, &file_name, &entry.value)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The value of a setting.
    pub(crate) fn value(&self, name: &str, prefix: &str) -> Result<Option<Found<'_>>, Unreadable> {
        let name = join(prefix, name);
        for layer in &self.layers {
            if let Some(entry) = layer.get(&name) {
                return layer.found(&name, entry).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether a variable (or, for a handle, the file it may stand in) is set and not empty.
    pub(crate) fn is_set(&self, name: &str, is_handle: bool) -> bool {
        let set = |name: &str| self.layers.iter().any(|layer| layer.get(name).is_some());
        set(name) || is_handle && set(&format!("{name}_FILE"))
    }

    /// The names that are set, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let variables = self.layers.iter().flat_map(|layer| &layer.variables);
        let set = variables.filter(|(name, entry)| !name.is_empty() && !entry.value.is_empty());
        set.filter_map(|(name, _)| name.to_str())
    }

    /// What is wrong with the sources themselves.
    pub(crate) fn problems(&self, field: &str) -> Vec<Problem> {
        let problem = |broken: &Unreadable| {
            let variable = broken.origin.as_ref().and_then(Origin::variable).unwrap_or_default();
            Problem::new(field.to_owned(), variable.to_owned(), broken.kind).because(broken.clone())
        };
        self.broken.iter().map(problem).collect()
    }
}

impl Layer {
    fn get(&self, name: &str) -> Option<&Entry> {
        // From the end: of a name given twice the last one counts.
        let (_, entry) = self.variables.iter().rfind(|(other, _)| *other == *name)?;
        (!entry.value.is_empty()).then_some(entry)
    }

    fn found<'a>(&self, name: &str, entry: &'a Entry) -> Result<Found<'a>, Unreadable> {
        let origin = match &self.dotenv {
            None => Origin::Variable { name: name.into() },
            Some(path) => {
                Origin::Dotenv { name: name.into(), path: Arc::clone(path), line: entry.line }
            }
        };
        match entry.value.to_str() {
            Some(value) => Ok(Found { value: value.into(), origin }),
            None => Err(Unreadable {
                kind: ProblemKind::Unreadable,
                origin: Some(origin),
                message: "is not Unicode".to_owned(),
                help: "set it to UTF-8 text; percent-encode other bytes".to_owned(),
            }),
        }
    }
}

pub(crate) fn join<'a>(prefix: &str, name: &'a str) -> Cow<'a, str> {
    if prefix.is_empty() { name.into() } else { [prefix, name].concat().into() }
}

fn conflict(name: &str, file_name: &str) -> Unreadable {
    Unreadable {
        kind: ProblemKind::Conflict,
        origin: Some(Origin::Variable { name: name.into() }),
        message: format!("`{name}` and `{file_name}` are both set"),
        help: "clear one of them: only one can be the handle".to_owned(),
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: usize = self.layers.iter().map(|layer| layer.variables.len()).sum();
        write!(f, "Environment({variables} variables)")
    }
}

#[cfg(test)]
mod tests;
