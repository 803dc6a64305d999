//! Where a handle comes from. One module a convention; each gives a value and its origin.

mod beside;
mod binding;
mod bindings;
mod bound;
mod cloud_foundry;
mod complete;
mod credential;
mod dotenv;
mod family;
mod file;
pub(crate) mod found;
mod judge;
mod layer;
mod names;
mod resolve;
mod setting;
#[cfg(feature = "cli")]
mod stacked;
mod tls;
mod value_file;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

pub(crate) use self::beside::{Note, Why};
pub(crate) use self::found::{Found, Unreadable};
use self::layer::{Entry, Layer};
#[cfg(feature = "json")]
pub(crate) use self::names::stem;
pub(crate) use self::resolve::{Located, Resolution, Resolver};
#[cfg(feature = "cli")]
pub(crate) use self::stacked::Dangling;
pub(crate) use crate::handle::Origin;

/// A snapshot of the variables that handles and settings are read from.
///
/// There is no global state: a test loads from pairs as an app loads from the process, and every
/// convention acts on pairs as it does on the process. An empty variable counts as unset.
///
/// For a field whose variable is `DB_URL`, the first of these that is set wins:
///
/// 1. `DB_URL`, or `DB_URI` as .NET Aspire names it, else each `alias` in turn
/// 2. `DB_URL_FILE`, the path of a file that holds the handle (Docker and Swarm secrets). Both set
///    is an error
/// 3. `$CREDENTIALS_DIRECTORY/DB_URL` (systemd credentials)
/// 4. parts: `DB_HOST` with `DB_PORT`, `DB_USER`, `DB_PASSWORD`, `DB_NAME` ..., the words of the
///    adapter's [`Grammar`](crate::Grammar)
/// 5. a Kubernetes service binding below `SERVICE_BINDING_ROOT`
/// 6. a Cloud Foundry service in `VCAP_SERVICES`
/// 7. the same as 1 to 4 in a `.env` file, where [`with_dotenv`](Environment::with_dotenv) has
///    added one
/// 8. the field's `default`
///
/// The same words complete a handle that does not say them itself: `DB_PASSWORD`, or
/// `DB_SSLMODE=verify-full`, beside a `DB_URL` or a bound `uri`. Nothing that is set under a
/// field's names is ignored: it is used, it is a problem, or [`explain`](Environment::explain)
/// lists it.
///
/// [`platforms`](crate::platforms) has a page for each platform. A setting is read from its
/// variable, from the file that the variable with `_FILE` names, or from a credential.
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
    /// What was wrong with the sources themselves, reported with every load.
    broken: Vec<Unreadable>,
    /// Whether handles of other machines are refused.
    only_loopback: bool,
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
        Self::of(std::env::vars_os().collect())
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
        let pairs = pairs.into_iter();
        Self::of(pairs.map(|(name, value)| (name.into().into(), value.into().into())).collect())
    }

    fn of(variables: Vec<(OsString, OsString)>) -> Self {
        Self { layers: vec![Layer { variables, ..Layer::default() }], ..Self::default() }
    }

    /// Adds a `.env` file, for variables that are not set otherwise. The process environment stays
    /// as it is. A file that does not exist is no error: production has none; a report of what is
    /// not set names it.
    ///
    /// Outside single quotes `${NAME}`, `$NAME` and `${NAME:-default}` stand for a variable of this
    /// environment, else for one further up in the file. In double quotes `\n`, `\r`, `\t`, `\\`,
    /// `\"`, `\'` and `\$` are escapes, and a value in quotes may have several lines. What readers
    /// of such files understand in different ways is a problem of the load that reads the name: a
    /// name with two values, any other `$`, a quote inside a value, a backslash or a backtick
    /// outside quotes.
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
        let (layer, broken) = dotenv::read(path.as_ref(), &self.layers, None);
        self.layers.push(layer);
        self.broken.extend(broken);
        self
    }

    /// Refuses every handle that leads to another machine, so that a run of tests cannot reach
    /// production. Off by default.
    ///
    /// ```
    /// use backing_services::{BackingServices, Environment, ProblemKind};
    /// # use backing_services::{Adapter, ClientError, Connect, Handle, Host};
    /// # #[derive(Adapter, Clone)]
    /// # #[adapter(schemes("chat"), example = "chat://localhost")]
    /// # struct Chat { #[handle] handle: Handle, #[handle(host)] host: Host }
    /// # impl Connect for Chat {
    /// #     type Client = ();
    /// #     async fn connect(&self) -> Result<(), ClientError> { Ok(()) }
    /// # }
    ///
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     alerts: Chat,
    /// }
    ///
    /// let production = Environment::from_pairs([("ALERTS_URL", "chat://chat.example")]);
    /// let report = Services::load(&production.only_loopback()).err().unwrap();
    /// assert_eq!(report.problems()[0].kind(), ProblemKind::NotLoopback);
    /// ```
    #[must_use]
    pub fn only_loopback(mut self) -> Self {
        self.only_loopback = true;
        self
    }

    /// The same environment as it is now: its `.env` files are read again, with these variables of
    /// a store before them. The variables of a process do not change.
    #[cfg(feature = "attached")]
    pub(crate) fn again(&self, store: Option<&[(String, String)]>) -> Self {
        let (files, own): (Vec<_>, Vec<_>) =
            self.layers.iter().partition(|layer| layer.path.is_some());
        let mut again = Self {
            layers: own.into_iter().cloned().collect(),
            broken: Vec::new(),
            only_loopback: self.only_loopback,
        };
        if let Some(store) = store {
            again.layers.extend(Self::from_pairs(store.iter().cloned()).layers);
        }
        let paths = files.into_iter().filter_map(|layer| layer.path.as_deref());
        paths.fold(again, Self::with_dotenv)
    }

    /// Whether it has a file that can change, beside those that its variables name.
    #[cfg(feature = "attached")]
    pub(crate) fn has_dotenv(&self) -> bool {
        self.layers.iter().any(|layer| layer.path.is_some())
    }

    /// A variable before all others.
    #[cfg(feature = "testing")]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let is_own = self.layers.first().is_some_and(|layer| layer.dotenv.is_none());
        if !is_own {
            self.layers.insert(0, Layer::default());
        }
        if let Some(first) = self.layers.first_mut() {
            first.variables.push((name.into(), value.into()));
        }
        self
    }

    pub(crate) fn is_only_loopback(&self) -> bool {
        self.only_loopback
    }

    /// The `.env` files that were added and do not exist, as they were given.
    pub(crate) fn missing_dotenv(&self) -> impl Iterator<Item = &str> {
        let missing = self.layers.iter().filter(|layer| layer.missing);
        missing.filter_map(|layer| layer.dotenv.as_deref())
    }

    /// Of each `.env` file the first line that has no name: the file, the line, what is wrong with
    /// it and what would be right.
    pub(crate) fn unreadable_lines(&self) -> impl Iterator<Item = (&str, usize, &str, &str)> {
        self.layers.iter().filter_map(|layer| {
            let (line, message, help) = layer.unreadable.first()?;
            Some((layer.dotenv.as_deref()?, *line, *message, *help))
        })
    }

    /// The names that are set, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let variables = self.layers.iter().flat_map(Layer::entries);
        let set = variables.filter(|(name, entry)| !name.is_empty() && entry.is_set());
        set.filter_map(|(name, _)| name.to_str())
    }

    /// Every variable that is set and can be read, each once.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        let mut names: Vec<_> = self.names().map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names.into_iter().filter_map(|name| {
            let (layer, entry) = self.find(&name)?;
            let value = layer.text(&name, entry).ok()?.to_owned();
            Some((name, value))
        })
    }

    /// The first layer that has a variable, and the variable.
    fn find(&self, name: &str) -> Option<(&Layer, Entry<'_>)> {
        self.layers.iter().find_map(|layer| Some((layer, layer.get(name)?)))
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
