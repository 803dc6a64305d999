//! Plain values of the environment: a text and the type it is to be of.
//!
//! An operator reads the errors, and a setting may hold a secret: they say what to write, in words
//! and not in types, and repeat no byte of what was read. So they are made of our own words and of
//! the names in the app's code alone; what `serde`, `serde_json` or the app itself says of a value
//! is dropped.

mod deserializer;
pub(crate) mod flatten;
mod json;
pub(crate) mod named;
mod probe;
mod words;

#[cfg(test)]
mod tests;

use std::fmt::{self, Display};

use serde_core::de::{self, DeserializeOwned};

use self::deserializer::Text;

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

/// Why a text is not of its type, without any byte of the text.
#[derive(Debug)]
pub(crate) struct Expected {
    reason: Reason,
    /// Which item of a list it is, counted from one.
    item: Option<usize>,
}

#[derive(Debug)]
enum Reason {
    /// What to write instead.
    Words(String),
    /// Items that a text with commas cannot hold.
    JsonList,
    /// The app's own code gave a reason, which may repeat the value.
    Refused,
}

impl Expected {
    fn new(words: impl Into<String>) -> Self {
        Self { reason: Reason::Words(words.into()), item: None }
    }

    fn json_list() -> Self {
        Self { reason: Reason::JsonList, item: None }
    }

    fn refused() -> Self {
        Self { reason: Reason::Refused, item: None }
    }

    fn of_item(mut self, item: usize) -> Self {
        self.item = Some(item);
        self
    }

    /// Uses these words unless there are some already.
    fn or(self, words: Option<String>) -> Self {
        match (&self.reason, words) {
            (Reason::Refused, Some(words)) => Self::new(words),
            _ => self,
        }
    }

    /// Uses words of ours when a visitor is known, and none of its own when it is not.
    fn of(expected: &dyn de::Expected) -> Self {
        Self::refused().or(words::of(expected))
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Words(words) => write!(f, "expected {words}")?,
            Reason::JsonList => return f.write_str("expected JSON: a list"),
            Reason::Refused => f.write_str("the app refuses this value")?,
        }
        match self.item {
            Some(item) => write!(f, " (item {item} of the list)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Expected {}

/// Takes from `serde` what is written in code, and leaves what is data.
impl de::Error for Expected {
    fn custom<T: Display>(_: T) -> Self {
        Self::refused()
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::of(expected)
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::of(expected)
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::of(expected)
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::new(words::one_of(variants))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::refused()
    }
}
