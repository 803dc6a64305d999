//! What a field asks an environment for.

use std::borrow::Cow;

use crate::parts::Parts;
use crate::private::{Kind, Table, each_field};

/// One resource of a struct: every name by which a platform may hand it out.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The struct that is loaded, with all its fields.
    pub(crate) root: &'static Table,
    /// Where the field stands in it, such as `reports.db`.
    pub(crate) path: &'a str,
    /// What goes before its variables.
    pub(crate) prefix: &'a str,
    /// Its variable, then its aliases, without the prefix.
    pub(crate) variables: &'static [&'static str],
    /// Its name in platform bindings, where it is not the field's.
    pub(crate) binding: Option<&'static str>,
    pub(crate) schemes: &'static [&'static str],
    pub(crate) parts: &'static Parts,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(
        root: &'static Table,
        path: &'a str,
        prefix: &'a str,
        kind: &Kind,
    ) -> Option<Self> {
        match *kind {
            Kind::Resource { variables, binding, schemes, parts, .. } => {
                Some(Self { root, path, prefix, variables, binding, schemes, parts })
            }
            Kind::Setting { .. } | Kind::Nested { .. } => None,
        }
    }

    /// Its variables in full.
    pub(super) fn names(&self) -> impl Iterator<Item = Cow<'static, str>> {
        self.variables.iter().map(|name| join(self.prefix, name))
    }

    /// Whether some field of the struct reads this very variable for itself.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        let mut declared = false;
        crate::private::each_variable(self.root, "", &mut |other, _| declared |= other == name);
        declared
    }

    /// Whether platforms know the service by this name.
    pub(super) fn is_kind(&self, kind: &str) -> bool {
        let mut kinds = self.schemes.iter().chain(self.parts.kinds());
        kinds.any(|known| known.eq_ignore_ascii_case(kind))
    }

    /// The names that a platform's binding may have for the field, the most exact first.
    pub(super) fn binding_names(&self) -> Vec<String> {
        let (outer, field) = self.path.rsplit_once('.').unwrap_or(("", self.path));
        let name = self.binding.unwrap_or(field);
        if outer.is_empty() {
            return vec![name.to_owned()];
        }
        // Of a nested struct that stands in another twice, each has its own.
        let exact = format!("{}-{name}", outer.replace('.', "-"));
        if self.binding.is_some() { vec![exact, name.to_owned()] } else { vec![exact] }
    }
}

/// Calls `visit` with every resource of a struct, nested ones included.
pub(crate) fn each_ask(root: &'static Table, visit: &mut dyn FnMut(&Ask<'_>)) {
    each_field(root, "", "", &mut |path, prefix, field| {
        if let Some(ask) = Ask::new(root, path, prefix, &field.kind) {
            visit(&ask);
        }
    });
}

/// A variable without its `_URL`: what the names of its parts begin with.
pub(super) fn stem(name: &str) -> &str {
    name.strip_suffix("_URL").filter(|stem| !stem.is_empty()).unwrap_or(name)
}

pub(crate) fn join<'a>(prefix: &str, name: &'a str) -> Cow<'a, str> {
    if prefix.is_empty() { name.into() } else { [prefix, name].concat().into() }
}
