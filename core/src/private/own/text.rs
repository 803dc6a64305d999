//! What a cause must not repeat: a path that is secret, and all else for an adapter that does not keep its
//! handle.

use std::ops::Deref;

use crate::error::{ClientError, Secrets};
use crate::secret::Secret;

/// A field's text, if it is one, and whether it is a [`Secret`]. A type that is no text has no such functions
/// of its own; for it those of `NoText` are found behind the `Deref`.
pub struct Text<'a, T>(pub &'a T);

pub struct NoText;

#[expect(clippy::unused_self, reason = "they are found as methods")]
impl NoText {
    pub fn text(&self) -> Option<&'static str> {
        None
    }

    pub fn secret(&self) -> Option<&'static str> {
        None
    }
}

impl<T> Deref for Text<'_, T> {
    type Target = NoText;

    fn deref(&self) -> &NoText {
        &NoText
    }
}

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

    pub fn secret(&self) -> Option<&'a str> {
        self.text()
    }
}

impl<'a> Text<'a, Option<Secret>> {
    pub fn text(&self) -> Option<&'a str> {
        self.0.as_ref().map(Secret::expose)
    }

    pub fn secret(&self) -> Option<&'a str> {
        self.text()
    }
}

/// Hides what an error repeats of the fields.
pub fn masked(error: ClientError, texts: &[Option<&str>]) -> ClientError {
    let texts = || texts.iter().copied().flatten().filter(|text| !text.is_empty());
    let mut secrets = texts().fold(Secrets::default(), Secrets::with);
    // Which of them are sent together as a login, no field says.
    for user in texts().chain([""]) {
        secrets = texts().chain([""]).fold(secrets, |all, password| all.with_login(user, password));
    }
    error.masked(|text| secrets.mask(text))
}
