//! What can go wrong, as reports: everything at once, the variable and the repair in each, no secret.

mod client;
mod connect;
mod handle;
mod kind;
mod load;

use std::fmt;

pub use self::client::ClientError;
pub(crate) use self::client::Retry;
pub use self::connect::{ConnectError, Failure};
pub use self::handle::HandleError;
pub use self::kind::FailureKind;
pub use self::load::{LoadError, Problem, ProblemKind};

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
#[non_exhaustive]
pub enum Error {
    /// The environment is wrong.
    Load(LoadError),
    /// A resource did not answer.
    Connect(ConnectError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
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

/// Replaces every secret in a message that somebody else wrote. A long one is replaced wherever it
/// stands, a short one where it stands as a word, so that user `a` does not punch holes into the text.
pub(crate) fn mask<'a>(message: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    const SHORT: usize = 4;
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
    // The longest first: one may be part of another.
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut message = message.to_owned();
    for secret in secrets {
        let mut masked = String::with_capacity(message.len());
        let mut rest = message.as_str();
        while let Some(at) = rest.find(secret) {
            let (before, found) = rest.split_at(at);
            let after = &found[secret.len()..];
            let is_word = !before.ends_with(char::is_alphanumeric)
                && !after.starts_with(char::is_alphanumeric);
            masked.push_str(before);
            masked.push_str(if secret.len() >= SHORT || is_word { "***" } else { secret });
            rest = after;
        }
        masked.push_str(rest);
        message = masked;
    }
    message
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
