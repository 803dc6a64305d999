use std::fmt;

use serde_core::{Deserialize, Deserializer};

/// A value that no message may show: a password, a token, a signing key.
///
/// There is no `Display`, and `Debug` shows no byte of it. Reading it takes the word
/// [`expose`](Secret::expose), so that every place that does can be found by searching.
///
/// It can be the type of a setting or of a handle's parameter:
///
/// ```
/// use backing_services::{BackingServices, Environment, Secret};
///
/// #[derive(BackingServices)]
/// struct Services {
///     /// Signs the session cookies.
///     #[setting]
///     session_key: Secret,
/// }
///
/// let services = Services::load(&Environment::from_pairs([("SESSION_KEY", "k3y")]))?;
/// assert_eq!(services.session_key.expose(), "k3y");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
///
/// ```
/// use backing_services::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps `value` out of every message.
    ///
    /// ```
    /// let token = backing_services::Secret::new(String::from("t0ken"));
    /// # assert_eq!(token.expose(), "t0ken");
    /// ```
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into().into_boxed_str())
    }

    /// The value itself, for the driver that needs it.
    ///
    /// ```
    /// # let secret = backing_services::Secret::new("hunter2");
    /// assert_eq!(secret.expose().len(), 7);
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}
