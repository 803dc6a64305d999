//! What a cause must not repeat, for an adapter that does not keep its handle.

use crate::error::{ClientError, mask};
use crate::secret::Secret;

/// A field's text, if it is one. Where a type has a `text` of its own, that one is found, else that of
/// [`NoText`].
pub struct Text<'a, T>(pub &'a T);

pub trait NoText<'a> {
    fn text(&self) -> Option<&'a str> {
        None
    }
}

impl<'a, T> NoText<'a> for Text<'a, T> {}

impl<'a> Text<'a, String> {
    pub fn text(&self) -> Option<&'a str> {
        Some(self.0)
    }
}

impl<'a> Text<'a, Option<String>> {
    pub fn text(&self) -> Option<&'a str> {
        self.0.as_deref()
    }
}

impl<'a> Text<'a, Secret> {
    pub fn text(&self) -> Option<&'a str> {
        Some(self.0.expose())
    }
}

impl<'a> Text<'a, Option<Secret>> {
    pub fn text(&self) -> Option<&'a str> {
        self.0.as_ref().map(Secret::expose)
    }
}

/// Hides what an error repeats of the fields.
pub fn masked(error: ClientError, texts: &[Option<&str>]) -> ClientError {
    error.masked(|text| mask(text, texts.iter().copied().flatten()))
}
