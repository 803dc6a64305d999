//! Why a text is not of the type of its setting.

use std::fmt::{self, Display};

use serde_core::de;

use super::words;

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
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { reason: Reason::Words(words.into()), item: None }
    }

    pub(super) fn json_list() -> Self {
        Self { reason: Reason::JsonList, item: None }
    }

    pub(super) fn refused() -> Self {
        Self { reason: Reason::Refused, item: None }
    }

    pub(super) fn of_item(mut self, item: usize) -> Self {
        self.item = Some(item);
        self
    }

    /// Uses these words unless there are some already.
    pub(super) fn or(self, words: Option<String>) -> Self {
        match (&self.reason, words) {
            (Reason::Refused, Some(words)) => Self::new(words),
            _ => self,
        }
    }

    /// Uses words of ours when a visitor is known, and none of its own when it is not.
    pub(super) fn of(expected: &dyn de::Expected) -> Self {
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
