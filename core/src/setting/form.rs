//! A text, and the type that it is to be of.

use serde_core::de::DeserializeOwned;

use super::deserializer::Text;
use super::expected::Expected;
use super::probe;

/// The value that a text stands for.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Expected> {
    T::deserialize(Text::new(text))
}

/// What to write for a value of this type: "a whole number from 0 to 65535".
pub(crate) fn expected<T: DeserializeOwned>() -> String {
    probe::probe::<T>().words
}

/// Whether a text that was read as this type can be shown, since no value of the type is a secret.
///
/// That says nothing of a text that was refused: a password in the wrong variable is still a
/// password.
pub(crate) fn shows<T: DeserializeOwned>() -> bool {
    probe::probe::<T>().shows
}

/// How the text of a setting is read.
pub(crate) struct Form<T> {
    pub(crate) read: fn(&str) -> Result<T, Expected>,
    pub(crate) expected: fn() -> String,
    pub(crate) shows: fn() -> bool,
}

impl<T: DeserializeOwned> Form<T> {
    /// By the type of the field.
    pub(crate) const TYPED: Self =
        Self { read: read::<T>, expected: expected::<T>, shows: shows::<T> };
}
