//! An environment that is not that of a process: made of files, for the command line.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::iter;
use std::path::Path;
use std::sync::Arc;

use super::layer::{Detail, Layer, Wrong};
use super::{Environment, Origin, Unreadable, dotenv};
use crate::error::ProblemKind;

/// Why a variable has no value: what it refers to is not there, and what would be right.
#[derive(Clone, Debug)]
pub(crate) struct Dangling {
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl Environment {
    /// These files as the variables of a process: of a name that several give the last counts. A
    /// `$` may stand for what `before` has, for a line above, and for what an earlier file has.
    pub(crate) fn from_files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        before: &Self,
    ) -> Self {
        let mut files = Self::default();
        let (mut variables, mut unreadable) = (Layer::default(), Vec::new());
        let mut known = HashMap::new();
        for path in paths {
            let (file, broken) = dotenv::read(path.as_ref(), &before.layers, Some(&variables));
            files.broken.extend(broken);
            let Layer { dotenv, unreadable: lines, variables: read, details, .. } = file;
            for ((name, value), detail) in read.into_iter().zip(details) {
                let detail = Detail { place: dotenv.clone(), ..detail };
                if let Some(at) = known.get(&name).copied() {
                    variables.replace(at, value, detail);
                } else {
                    known.insert(name.clone(), variables.variables.len());
                    variables.push(name, value, detail);
                }
            }
            unreadable.push(Layer { dotenv, unreadable: lines, ..Layer::default() });
        }
        files.layers.push(variables);
        // A report that misses a variable names the lines of each file which have no name.
        files.layers.extend(unreadable);
        files
    }

    /// Sets a variable, and says where it came from.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>, place: Option<&str>) {
        let detail = Detail { place: place.map(Arc::from), ..Detail::default() };
        self.top().set(name.into(), value.into(), detail);
    }

    /// A variable that refers to what is not there: a problem of whoever reads it.
    pub(crate) fn set_dangling(&mut self, name: &str, dangling: Dangling, place: &str) {
        let wrong = Wrong { message: dangling.message.into(), help: dangling.help };
        let detail = Detail { wrong: Some(wrong), place: Some(place.into()), line: 0 };
        self.top().set(name.into(), OsString::new(), detail);
    }

    /// A problem of every load, whoever reads the variable.
    pub(crate) fn add_broken(&mut self, name: &str, dangling: Dangling, place: &str) {
        self.broken.push(Unreadable {
            kind: ProblemKind::Unreadable,
            origin: Some(Origin::Dotenv { name: name.into(), path: place.into(), line: 0 }),
            message: dangling.message,
            help: dangling.help.to_owned(),
        });
    }

    /// Takes a variable out, wherever it is set.
    pub(crate) fn clear(&mut self, name: &str) {
        for layer in &mut self.layers {
            layer.clear(OsStr::new(name));
        }
    }

    /// What the other has below what this one has.
    #[must_use]
    pub(crate) fn above(mut self, other: Self) -> Self {
        self.layers.extend(other.layers);
        self.broken.extend(other.broken);
        self
    }

    /// Without the layers that hold nothing, so that the first that does comes first.
    #[must_use]
    pub(crate) fn without_empty_layers(mut self) -> Self {
        self.layers.retain(|layer| !layer.variables.is_empty() || !layer.unreadable.is_empty());
        self
    }

    /// The first layers of both as one: of a name that both have this one's counts.
    #[must_use]
    pub(crate) fn merged_over(self, earlier: Self) -> Self {
        let mut merged = earlier;
        merged.broken.extend(self.broken);
        let mut layers = self.layers.into_iter();
        if let Some(Layer { variables, details, .. }) = layers.next() {
            let details = details.into_iter().chain(iter::repeat_with(Detail::default));
            for ((name, value), detail) in variables.into_iter().zip(details) {
                merged.top().set(name, value, detail);
            }
        }
        merged.layers.extend(layers);
        merged
    }

    /// The value of a variable, as it is.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, set) = self.find(name)?;
        set.value().ok()?.to_str()
    }

    /// Every variable with its value, also those that are empty; of those that cannot be read none.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.layers.iter().flat_map(Layer::entries);
        all.filter_map(|(name, entry)| Some((name.to_str()?, entry.value().ok()?.to_str()?)))
    }

    /// Replaces the value of each variable for which `new` gives another.
    pub(crate) fn map_values(&mut self, new: impl Fn(&str) -> Option<String>) {
        for layer in &mut self.layers {
            let unreadable = |at: usize| layer.details.get(at).is_some_and(|it| it.wrong.is_some());
            for (at, (_, value)) in layer.variables.iter_mut().enumerate() {
                if !unreadable(at)
                    && let Some(text) = value.to_str().and_then(&new)
                {
                    *value = text.into();
                }
            }
        }
    }

    fn top(&mut self) -> &mut Layer {
        if self.layers.is_empty() {
            self.layers.push(Layer::default());
        }
        &mut self.layers[0]
    }
}

impl Layer {
    fn set(&mut self, name: OsString, value: OsString, detail: Detail) {
        self.clear(&name);
        self.push(name, value, detail);
    }

    fn replace(&mut self, at: usize, value: OsString, detail: Detail) {
        if let (Some(variable), Some(known)) =
            (self.variables.get_mut(at), self.details.get_mut(at))
        {
            variable.1 = value;
            *known = detail;
        }
    }

    fn push(&mut self, name: OsString, value: OsString, detail: Detail) {
        self.details.resize_with(self.variables.len(), Detail::default);
        self.variables.push((name, value));
        self.details.push(detail);
    }

    fn clear(&mut self, name: &OsStr) {
        while let Some(at) = self.variables.iter().position(|(other, _)| other == name) {
            drop(self.variables.remove(at));
            if at < self.details.len() {
                drop(self.details.remove(at));
            }
        }
    }
}
