//! What can go wrong, as reports: everything at once, the variable and the repair in each, no
//! secret.

mod client;
mod connect;
mod kind;
mod load;
mod mask;
mod message;
mod rustls;

use std::fmt;

/// A [`Message`] of this crate's own words: what is formatted into them must be fixed as well.
macro_rules! ours {
    ($($words:tt)*) => { $crate::error::Message::ours(format_args!($($words)*)) };
}
pub(crate) use ours;

pub use self::client::ClientError;
pub(crate) use self::client::Retry;
#[allow(unused_imports, reason = "not every adapter can tell")]
pub(crate) use self::client::{NO_TLS, TLS_ONLY};
pub use self::connect::{ConnectError, Failure, Failures};
pub use self::kind::{FailureKind, ProblemKind};
pub use self::load::{LoadError, Problem};
pub(crate) use self::mask::{Secrets, mask};
pub use self::message::Message;
#[allow(unused_imports, reason = "one adapter asks")]
pub(crate) use self::rustls::CLIENT_CERTIFICATE;
pub use crate::handle::HandleError;

/// Either report, for `?` in `main`.
///
/// `Debug` is the same readable report as `Display`, because that is what
/// `fn main() -> Result<(), Error>` prints.
///
/// ```no_run
/// # use backing_services::BackingServices;
/// # #[derive(BackingServices)]
/// # struct Services {
/// #     #[setting(default = "8080")]
/// #     port: u16,
/// # }
/// #[tokio::main]
/// async fn main() -> Result<(), backing_services::Error> {
///     let services = Services::from_env()?;
///     let clients = services.connect().await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// The environment is wrong.
    Load(LoadError),
    /// A resource did not answer.
    Connect(ConnectError),
    /// A store of variables could not be read, for this reason.
    Source(String),
}

impl Error {
    #[cfg(feature = "attached")]
    pub(crate) fn of_source(reason: String) -> Self {
        Self::Source(reason)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
            Self::Source(reason) => write!(f, "the source cannot be read: {reason}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// The report is the whole text: a `source` would print it twice.
impl std::error::Error for Error {}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

/// "`DATABASE_URL` (from .env, line 3): `Services::db`, MySQL", without the quotes.
fn heading(
    variable: &str,
    notes: impl IntoIterator<Item = String>,
    field: &str,
    adapter: &str,
) -> String {
    let notes = notes.into_iter().collect::<Vec<_>>().join(", ");
    let source = match (variable, notes.as_str()) {
        ("", notes) => notes.to_owned(),
        (variable, "") => variable.to_owned(),
        (variable, notes) => format!("{variable} ({notes})"),
    };
    let what = [field, adapter].into_iter().filter(|part| !part.is_empty());
    format!("{source}: {}", what.collect::<Vec<_>>().join(", "))
}

/// One entry of a report: a heading and what belongs to it, indented.
fn write_entry(
    f: &mut fmt::Formatter<'_>,
    heading: &dyn fmt::Display,
    lines: &[(&str, &str)],
) -> fmt::Result {
    write!(f, "\n\n  {heading}")?;
    for (label, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        write!(f, "\n      {label}")?;
        let mut rows = text.lines();
        write!(f, "{}", rows.next().unwrap_or_default())?;
        for row in rows {
            write!(f, "\n      {:width$}{row}", "", width = label.len())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
