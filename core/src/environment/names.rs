//! What stands in the environment under the names of each field: found in one pass, by the stems of
//! its variables.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::layer::{Entry, Layer};
use super::{Environment, Found, Origin, Unreadable, credential, file};
use crate::adapter::grammar::Grammar;
use crate::handle::grammar::without_final_newline;
use crate::table::{Field, Kind, Table, Variables, each_field};

/// The names of all fields of a struct, and what is set under them.
pub(crate) struct Names<'e> {
    pub(super) fields: Vec<FieldNames<'e>>,
    root: &'static Table,
    declared: OnceCell<HashSet<String>>,
}

/// One resource of the struct.
pub(crate) struct FieldNames<'e> {
    /// The nested structs that it stands in, a dot behind each: `reports.`
    pub(super) outer: Box<str>,
    pub(super) field: &'static Field,
    pub(super) grammar: &'static Grammar,
    /// Its variable, then its aliases, in full.
    pub(super) variables: Variables,
    pub(super) binding: Option<&'static str>,
    pub(super) ignored: &'static [&'static str],
    /// Everything whose name begins with one of the stems.
    pub(super) hits: Vec<Hit<'e>>,
}

/// One name that begins with a stem, and where its value is.
#[derive(Clone)]
pub(super) struct Hit<'e> {
    pub(super) name: Cow<'e, str>,
    /// The length of that stem.
    stem: usize,
    pub(super) place: Place<'e>,
}

#[derive(Clone)]
pub(super) enum Place<'e> {
    Layer {
        depth: usize,
        layer: &'e Layer,
        entry: Entry<'e>,
    },
    Credential(PathBuf),
    /// An entry of what a platform has bound.
    Bound(Cow<'e, str>),
}

impl<'e> Names<'e> {
    /// What is set in the environment, and what stands in the folder of systemd's credentials.
    pub(super) fn new(
        environment: &'e Environment,
        root: &'static Table,
        credentials: Option<&Path>,
    ) -> Self {
        let mut names = Self { fields: Vec::new(), root, declared: OnceCell::new() };
        names.fields.reserve_exact(root.fields.len());
        each_field(root, "", "", &mut |outer, prefix, field| {
            let Kind::Resource { binding, grammar, ignored, .. } = field.kind else { return };
            names.fields.push(FieldNames {
                outer: outer.into(),
                field,
                grammar,
                variables: field.variables(prefix),
                binding,
                ignored,
                hits: Vec::new(),
            });
        });
        let first = names.first_bytes();
        for (depth, layer) in environment.layers.iter().enumerate() {
            for (name, entry) in layer.entries() {
                // Most names begin with no stem, so the first byte decides before anything is
                // asked of the fields.
                let byte = name.as_encoded_bytes().first();
                if byte.is_some_and(|byte| first[usize::from(*byte)])
                    && let Some(name) = name.to_str()
                    && entry.is_set()
                {
                    let found = || (name.into(), Place::Layer { depth, layer, entry });
                    for field in &mut names.fields {
                        field.take(name, &found);
                    }
                }
            }
        }
        if let Some(folder) = credentials {
            for name in credential::names(folder) {
                let path = folder.join(&name);
                let found = || (name.clone().into(), Place::Credential(path.clone()));
                for field in &mut names.fields {
                    field.take(&name, &found);
                }
            }
        }
        names
    }

    /// The first bytes of all variables.
    fn first_bytes(&self) -> [bool; 256] {
        let mut first = [false; 256];
        for name in self.fields.iter().flat_map(|names| names.variables.iter()) {
            if let Some(byte) = name.as_bytes().first() {
                first[usize::from(*byte)] = true;
            }
        }
        first
    }

    /// Whether some field or setting reads this very variable for itself.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        let declared = self.declared.get_or_init(|| {
            let mut declared = HashSet::new();
            each_field(self.root, "", "", &mut |_, prefix, field| {
                declared.extend(field.variables(prefix).iter().map(str::to_owned));
            });
            declared
        });
        declared.contains(name)
    }

    /// The one that stands at this place in the struct. Fields are asked for in their order, so the
    /// search goes on from the last.
    pub(super) fn find(
        &self,
        outer: &str,
        field: &'static Field,
        from: usize,
    ) -> Option<(usize, &FieldNames<'e>)> {
        // Most structs are not nested, and a comparison of nothing is slow on some processors: it
        // reads where nothing may be read.
        let is_it = |names: &FieldNames<'_>| {
            std::ptr::eq(names.field, field)
                && names.outer.len() == outer.len()
                && (outer.is_empty() || *names.outer == *outer)
        };
        let all = self.fields.iter().enumerate();
        let mut turned = all.clone().skip(from).chain(all.take(from));
        turned.find(|(_, names)| is_it(names))
    }
}

impl<'e> FieldNames<'e> {
    /// Takes a name that begins with one of its stems.
    fn take(&mut self, name: &str, found: &dyn Fn() -> (Cow<'e, str>, Place<'e>)) {
        let first = name.as_bytes().first();
        for own in self.variables.iter().filter(|own| own.as_bytes().first() == first) {
            let stem = stem(own).len();
            if begins(name, own, stem) {
                let (name, place) = found();
                self.hits.push(Hit { name, stem, place });
                return;
            }
        }
    }

    /// Whether this is one of its variables, or the name of a file that holds its handle.
    pub(super) fn is_whole(&self, hit: &Hit<'_>) -> bool {
        self.variables.iter().any(|name| {
            hit.name.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | "_FILE"))
        })
    }

    /// Where the field stands in the struct, such as `reports.db`.
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.outer, self.field.name)
    }

    /// The stem of its own variable.
    pub(super) fn stem(&self) -> &str {
        self.variables.get(0).map_or("", stem)
    }

    /// Whether platforms know the service by this name, behind which something may follow.
    pub(super) fn is_kind(&self, kind: &str, goes_on: bool) -> bool {
        let fold = |text: &str| text.to_ascii_lowercase();
        let kind = fold(kind);
        self.grammar.kinds().any(|known| {
            let known = fold(known);
            kind == known
                || goes_on
                    && kind
                        .strip_prefix(&known)
                        .is_some_and(|rest| rest.starts_with(|c: char| !c.is_ascii_alphanumeric()))
        })
    }

    /// The names that a platform's binding may have for the field, the most exact first.
    pub(super) fn binding_names(&self) -> Vec<String> {
        let name = self.binding.unwrap_or(self.field.name);
        if self.outer.is_empty() {
            return vec![name.to_owned()];
        }
        // Of a nested struct that stands in another twice, each has its own.
        let exact = format!("{}{name}", self.outer.replace('.', "-"));
        if self.binding.is_some() { vec![exact, name.to_owned()] } else { vec![exact] }
    }
}

impl<'e> Hit<'e> {
    pub(super) fn bound(name: Cow<'e, str>, value: Cow<'e, str>) -> Self {
        Self { name, stem: 0, place: Place::Bound(value) }
    }

    /// What stands behind the stem and its `_`, without the `_FILE` of a name that names a file.
    pub(super) fn word(&self) -> &str {
        let rest = self.rest();
        if self.names_file() { rest.strip_suffix("_FILE").unwrap_or(rest) } else { rest }
    }

    pub(super) fn rest(&self) -> &str {
        let rest = self.name.get(self.stem..).unwrap_or_default();
        rest.strip_prefix('_').unwrap_or(rest)
    }

    /// Whether its value is the path of a file that holds the value.
    pub(super) fn names_file(&self) -> bool {
        matches!(self.place, Place::Layer { .. }) && self.rest().ends_with("_FILE")
    }

    /// How deep the layer is that it stands in; 0 for what is no variable.
    pub(super) fn depth(&self) -> usize {
        match self.place {
            Place::Layer { depth, .. } => depth,
            Place::Credential(_) | Place::Bound(_) => 0,
        }
    }

    /// The value as it is, without reading a file.
    pub(super) fn raw(&self) -> Option<&OsStr> {
        match &self.place {
            Place::Layer { entry, .. } => entry.value().ok(),
            Place::Bound(value) => Some(OsStr::new(&**value)),
            Place::Credential(_) => None,
        }
    }

    /// The text without a newline at its end; `None` where a file is empty.
    pub(super) fn text(&self) -> Result<Option<Cow<'e, str>>, Unreadable> {
        let found = match &self.place {
            Place::Bound(value) => Some(Found { value: value.clone(), origin: Origin::Default }),
            Place::Credential(path) => credential::read(&self.name, path)?,
            Place::Layer { layer, entry, .. } if self.names_file() => {
                let name = self.name.strip_suffix("_FILE").unwrap_or(&self.name);
                let path = layer.raw(&self.name, *entry)?;
                file::read(name, &self.name, path, "the value")?
            }
            Place::Layer { layer, entry, .. } => {
                let text = layer.text(&self.name, *entry)?;
                return Ok(Some(without_final_newline(text).into()));
            }
        };
        Ok(found.map(|Found { value, .. }| match value {
            Cow::Borrowed(text) => Cow::Borrowed(without_final_newline(text)),
            Cow::Owned(text) => Cow::Owned(without_final_newline(&text).to_owned()),
        }))
    }

    /// The whole handle that stands here; none where Laravel's word for an empty value does.
    pub(super) fn handle(
        &self,
        variable: &str,
        of: &Variables,
    ) -> Result<Option<Found<'e>>, Unreadable> {
        match &self.place {
            Place::Layer { .. } if self.raw().is_some_and(is_null) => Ok(None),
            Place::Layer { layer, entry, .. } if &*self.name == variable => {
                layer.found(of.owned(variable), *entry).map(Some)
            }
            Place::Layer { layer, entry, .. } if self.names_file() => {
                file::read(variable, &self.name, layer.raw(&self.name, *entry)?, "the handle")
            }
            Place::Layer { layer, entry, .. } => {
                layer.found(self.name.clone().into_owned().into(), *entry).map(Some)
            }
            Place::Credential(path) => credential::read(variable, path),
            Place::Bound(value) => {
                Ok(Some(Found { value: value.clone(), origin: Origin::Default }))
            }
        }
    }

    pub(super) fn is_credential(&self) -> bool {
        matches!(self.place, Place::Credential(_))
    }
}

/// What Laravel writes for an empty value.
pub(super) fn is_null(text: impl AsRef<OsStr>) -> bool {
    ["null", "(null)"].iter().any(|null| text.as_ref().eq_ignore_ascii_case(null))
}

/// Whether a name begins with the stem of a field's variable and goes on behind a `_`, or is that
/// variable.
fn begins(name: &str, own: &str, stem: usize) -> bool {
    let (name, own, length) = (name.as_bytes(), own.as_bytes(), own.len());
    if name.len() < stem || name[..stem] != own[..stem] {
        return false;
    }
    match name.get(stem) {
        Some(byte) => *byte == b'_',
        None => stem == length,
    }
}

/// A variable without its `_URL`: what the names of its parts begin with.
pub(crate) fn stem(name: &str) -> &str {
    let ends = ["_URL", "_URI", "_DSN"];
    let stem = ends.into_iter().find_map(|end| name.strip_suffix(end));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name)
}
