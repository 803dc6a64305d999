//! What a source gives: a value and where it came from, or why it cannot give one.

use std::borrow::Cow;

use crate::error::ProblemKind;
use crate::handle::Origin;
use crate::handle::grammar::without_final_newline;

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

impl Found<'_> {
    /// Files end in a newline, which is none of the value's.
    pub(super) fn without_newline(self) -> Self {
        let value = without_final_newline(&self.value).to_owned();
        Self { value: value.into(), origin: self.origin }
    }
}

impl Unreadable {
    pub(super) fn at(origin: Origin, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Unreadable,
            origin: Some(origin),
            message: message.into(),
            help: help.into(),
        }
    }

    /// Two sources that exclude each other.
    pub(super) fn conflict(name: &str, other: &str, why: &str) -> Self {
        Self {
            kind: ProblemKind::Conflict,
            origin: Some(Origin::Variable { name: name.to_owned().into() }),
            message: format!("`{name}` and `{other}` are both set"),
            help: format!("clear one of them: {why}"),
        }
    }
}
