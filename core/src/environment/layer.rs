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
    /// A list, not a map: loading asks for a few names once, which costs less than hashing all. It
    /// is the very list that the process gave.
    pub(super) variables: Vec<(OsString, OsString)>,
    /// What else is known of each variable; it may end early, and is empty for the process.
    pub(super) details: Vec<Detail>,
}

/// What is known of a variable beside its name and its value.
#[derive(Clone, Default)]
pub(super) struct Detail {
    /// The line of the `.env` file, from 1; 0 elsewhere.
    pub(super) line: usize,
    /// Why the value cannot be read, which is a problem only when its name is looked up. The value
    /// is empty then.
    pub(super) wrong: Option<Wrong>,
    /// Where it came from, in a layer that came from several places.
    #[cfg(feature = "cli")]
    pub(super) place: Option<Arc<str>>,
}

/// A variable of a layer, apart from its name.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    value: &'a OsStr,
    detail: Option<&'a Detail>,
}

/// What is wrong with the value of a variable, and what would be right. Nothing of the value is in
/// it.
#[derive(Clone)]
pub(super) struct Wrong {
    pub(super) message: Cow<'static, str>,
    pub(super) help: &'static str,
}

impl Detail {
    pub(super) const fn of_line(line: usize, wrong: Option<Wrong>) -> Self {
        Self {
            line,
            wrong,
            #[cfg(feature = "cli")]
            place: None,
        }
    }
}

impl Wrong {
    pub(super) const fn new(message: &'static str, help: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), help }
    }
}

impl<'a> Entry<'a> {
    /// The value as it is, which as a path may be no Unicode.
    pub(super) fn value(self) -> Result<&'a OsStr, &'a Wrong> {
        self.detail.and_then(|detail| detail.wrong.as_ref()).map_or(Ok(self.value), Err)
    }

    /// An empty variable is not set; one that cannot be read is.
    pub(super) fn is_set(self) -> bool {
        !self.value().is_ok_and(OsStr::is_empty)
    }
}

impl Layer {
    pub(super) fn get(&self, name: &str) -> Option<Entry<'_>> {
        // From the end: of a name given twice the last one counts.
        let is_it = |(other, _): &(OsString, OsString)| is_joined(other, name, "");
        let at = self.variables.iter().rposition(is_it)?;
        self.set_entry(at)
    }

    /// The variable of this name, and that whose name is this one with something behind it.
    pub(super) fn get_with(&self, name: &str, end: &str) -> (Option<Entry<'_>>, Option<Entry<'_>>) {
        let (mut itself, mut with_end) = (None, None);
        for (at, (other, _)) in self.variables.iter().enumerate() {
            if is_joined(other, name, "") {
                itself = Some(at);
            } else if is_joined(other, name, end) {
                with_end = Some(at);
            }
        }
        let entry = |at: Option<usize>| at.and_then(|at| self.set_entry(at));
        (entry(itself), entry(with_end))
    }

    fn set_entry(&self, at: usize) -> Option<Entry<'_>> {
        let (_, value) = self.variables.get(at)?;
        Some(self.entry(at, value)).filter(|entry| entry.is_set())
    }

    /// Every variable, also one that is not set.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&OsStr, Entry<'_>)> {
        let all = self.variables.iter().enumerate();
        all.map(|(at, (name, value))| (name.as_os_str(), self.entry(at, value)))
    }

    fn entry<'a>(&'a self, at: usize, value: &'a OsStr) -> Entry<'a> {
        Entry { value, detail: self.details.get(at) }
    }

    pub(super) fn origin(&self, name: Cow<'static, str>, entry: Entry<'_>) -> Origin {
        let dotenv = self.dotenv.as_ref();
        #[cfg(feature = "cli")]
        let dotenv = entry.detail.and_then(|detail| detail.place.as_ref()).or(dotenv);
        match dotenv {
            None => Origin::Variable { name },
            Some(path) => {
                let line = entry.detail.map_or(0, |detail| detail.line);
                Origin::Dotenv { name: (&*name).into(), path: Arc::clone(path), line }
            }
        }
    }

    /// The value as it is, which as a path may be no Unicode.
    pub(super) fn raw<'a>(&self, name: &str, entry: Entry<'a>) -> Result<&'a OsStr, Unreadable> {
        entry.value().map_err(|wrong| {
            let origin = self.origin(name.to_owned().into(), entry);
            Unreadable::at(origin, wrong.message.as_ref(), wrong.help)
        })
    }

    pub(super) fn text<'a>(&self, name: &str, entry: Entry<'a>) -> Result<&'a str, Unreadable> {
        self.raw(name, entry)?.to_str().ok_or_else(|| {
            Unreadable::at(
                self.origin(name.to_owned().into(), entry),
                "is not Unicode",
                "set it to UTF-8 text; percent-encode other bytes",
            )
        })
    }

    pub(super) fn found<'a>(
        &self,
        name: Cow<'static, str>,
        entry: Entry<'a>,
    ) -> Result<Found<'a>, Unreadable> {
        let value = self.text(&name, entry)?.into();
        Ok(Found { value, origin: self.origin(name, entry) })
    }
}

/// Whether a name is these two in a row.
fn is_joined(other: &OsStr, name: &str, end: &str) -> bool {
    let (other, name) = (other.as_encoded_bytes(), name.as_bytes());
    // Most names differ in their length or in their first byte.
    other.len() == name.len() + end.len()
        && other.first() == name.first()
        && other.starts_with(name)
        && (end.is_empty() || other.ends_with(end.as_bytes()))
}
