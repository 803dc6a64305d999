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
    pub(super) variables: Vec<(OsString, Value)>,
    /// The line of each variable in the `.env` file, from 1; of other variables there is none.
    pub(super) lines: Vec<usize>,
    /// Where each variable came from, where they came from several places.
    #[cfg(feature = "cli")]
    pub(super) places: Vec<Option<Arc<str>>>,
}

/// A value that cannot be read is a problem only when its name is looked up.
pub(super) type Value = Result<OsString, Box<Wrong>>;

/// A variable of a layer, apart from its name.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) value: &'a Value,
    /// The line of the `.env` file, from 1; 0 elsewhere.
    line: usize,
    /// Where it came from, in a layer that came from several places.
    #[cfg(feature = "cli")]
    place: Option<&'a Arc<str>>,
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

impl Entry<'_> {
    /// An empty variable is not set; one that cannot be read is.
    pub(super) fn is_set(self) -> bool {
        self.value.as_ref().map_or(true, |value| !value.is_empty())
    }
}

impl Layer {
    pub(super) fn get(&self, name: &str) -> Option<Entry<'_>> {
        self.get_joined(name, "")
    }

    /// The variable whose name is this one with something behind it.
    pub(super) fn get_joined(&self, name: &str, end: &str) -> Option<Entry<'_>> {
        let (name, end) = (name.as_bytes(), end.as_bytes());
        let length = name.len() + end.len();
        // Most names differ in their length or in their first byte.
        let is_it = |other: &[u8]| {
            other.len() == length
                && other.first() == name.first()
                && other.strip_prefix(name) == Some(end)
        };
        // From the end: of a name given twice the last one counts.
        let mut all = self.variables.iter();
        let at = all.rposition(|(other, _)| is_it(other.as_encoded_bytes()))?;
        let (_, value) = self.variables.get(at)?;
        Some(self.entry(at, value)).filter(|entry| entry.is_set())
    }

    /// Every variable, also one that is not set.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&OsStr, Entry<'_>)> {
        let all = self.variables.iter().enumerate();
        all.map(|(at, (name, value))| (name.as_os_str(), self.entry(at, value)))
    }

    fn entry<'a>(&'a self, at: usize, value: &'a Value) -> Entry<'a> {
        Entry {
            value,
            line: self.lines.get(at).copied().unwrap_or_default(),
            #[cfg(feature = "cli")]
            place: self.places.get(at).and_then(Option::as_ref),
        }
    }

    pub(super) fn origin(&self, name: &str, entry: Entry<'_>) -> Origin {
        let dotenv = self.dotenv.as_ref();
        #[cfg(feature = "cli")]
        let dotenv = entry.place.or(dotenv);
        match dotenv {
            None => Origin::Variable { name: name.into() },
            Some(path) => {
                Origin::Dotenv { name: name.into(), path: Arc::clone(path), line: entry.line }
            }
        }
    }

    /// The value as it is, which as a path may be no Unicode.
    pub(super) fn raw<'a>(&self, name: &str, entry: Entry<'a>) -> Result<&'a OsStr, Unreadable> {
        match entry.value {
            Ok(value) => Ok(value),
            Err(wrong) => {
                let origin = self.origin(name, entry);
                Err(Unreadable::at(origin, wrong.message.as_ref(), wrong.help))
            }
        }
    }

    pub(super) fn found<'a>(&self, name: &str, entry: Entry<'a>) -> Result<Found<'a>, Unreadable> {
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
