//! The variables of one source, and what can be seen of all.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use super::found::{Found, Unreadable};
use crate::handle::Origin;

#[derive(Clone, Default)]
pub(super) struct Layer {
    /// The `.env` file it was read from; `None` for the process or pairs.
    pub(super) dotenv: Option<Arc<str>>,
    /// The path of that file.
    #[cfg(feature = "attached")]
    pub(super) path: Option<std::path::PathBuf>,
    /// Whether that file does not exist.
    pub(super) missing: bool,
    /// The lines of that file which have no name: the number of each, what is wrong, and what would
    /// be right.
    pub(super) unreadable: Vec<(usize, &'static str, &'static str)>,
    /// A list, not a map: loading asks for a few names once, which costs less than hashing all.
    pub(super) variables: Vec<(OsString, Entry)>,
}

#[derive(Clone)]
pub(super) struct Entry {
    /// A value that cannot be read is a problem only when its name is looked up.
    pub(super) value: Result<OsString, Box<Wrong>>,
    /// The line of the `.env` file, from 1; 0 elsewhere.
    pub(super) line: usize,
}

/// What is wrong with the value of a variable, and what would be right. Nothing of the value is in
/// it.
#[derive(Clone)]
pub(super) struct Wrong {
    pub(super) message: Cow<'static, str>,
    pub(super) help: &'static str,
}

impl Wrong {
    pub(super) const fn new(message: &'static str, help: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), help }
    }
}

impl Entry {
    /// A variable of the process or of pairs.
    pub(super) fn new(value: OsString) -> Self {
        Self { value: Ok(value), line: 0 }
    }

    /// An empty variable is not set; one that cannot be read is.
    pub(super) fn is_set(&self) -> bool {
        self.value.as_ref().map_or(true, |value| !value.is_empty())
    }
}

impl Layer {
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        // From the end: of a name given twice the last one counts.
        let (_, entry) = self.variables.iter().rfind(|(other, _)| *other == *name)?;
        entry.is_set().then_some(entry)
    }

    pub(super) fn origin(&self, name: &str, entry: &Entry) -> Origin {
        match &self.dotenv {
            None => Origin::Variable { name: name.into() },
            Some(path) => {
                Origin::Dotenv { name: name.into(), path: Arc::clone(path), line: entry.line }
            }
        }
    }

    /// The value as it is, which as a path may be no Unicode.
    pub(super) fn raw<'a>(&self, name: &str, entry: &'a Entry) -> Result<&'a OsStr, Unreadable> {
        match &entry.value {
            Ok(value) => Ok(value),
            Err(wrong) => {
                let origin = self.origin(name, entry);
                Err(Unreadable::at(origin, wrong.message.as_ref(), wrong.help))
            }
        }
    }

    pub(super) fn found<'a>(&self, name: &str, entry: &'a Entry) -> Result<Found<'a>, Unreadable> {
        let value = self.raw(name, entry)?;
        let origin = self.origin(name, entry);
        match value.to_str() {
            Some(value) => Ok(Found { value: value.into(), origin }),
            None => Err(Unreadable::at(
                origin,
                "is not Unicode",
                "set it to UTF-8 text; percent-encode other bytes",
            )),
        }
    }
}
