//! What a field asks an environment for.

use std::borrow::Cow;

use crate::adapter::grammar::Grammar;
use crate::generated::{Field, Kind, Table, each_field};

/// One resource of a struct: every name by which a platform may hand it out.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The struct that is loaded, with all its fields.
    pub(crate) root: &'static Table,
    /// The nested struct that the field stands in, with a dot behind each: `reports.`
    pub(crate) outer: &'a str,
    /// The field's name.
    pub(crate) field: &'static str,
    /// What goes before its variables.
    pub(crate) prefix: &'a str,
    /// Its variable, then its aliases, without the prefix.
    pub(crate) variables: &'static [&'static str],
    /// Its name in platform bindings, where it is not the field's.
    pub(crate) binding: Option<&'static str>,
    pub(crate) grammar: &'static Grammar,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(
        root: &'static Table,
        outer: &'a str,
        prefix: &'a str,
        field: &'static Field,
    ) -> Option<Self> {
        let Field { name, kind, .. } = field;
        match *kind {
            Kind::Resource { variables, binding, grammar, .. } => {
                Some(Self { root, outer, field: name, prefix, variables, binding, grammar })
            }
            Kind::Setting { .. } | Kind::Flatten { .. } | Kind::Nested { .. } => None,
        }
    }

    /// Where the field stands in the struct, such as `reports.db`.
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.outer, self.field)
    }

    pub(super) fn is_same(&self, other: &Ask<'_>) -> bool {
        self.field == other.field && self.outer == other.outer
    }

    /// Its variables in full.
    pub(super) fn names(&self) -> impl Iterator<Item = Cow<'static, str>> {
        self.variables.iter().map(|name| join(self.prefix, name))
    }

    /// Whether some field of the struct reads this very variable for itself.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        let mut declared = false;
        crate::generated::each_variable(self.root, "", &mut |other, _| declared |= other == name);
        declared
    }

    /// Whether platforms know the service by this name.
    pub(super) fn is_kind(&self, kind: &str) -> bool {
        let mut kinds = self.grammar.kinds();
        kinds.any(|known| known.eq_ignore_ascii_case(kind))
    }

    /// The names that a platform's binding may have for the field, the most exact first.
    pub(super) fn binding_names(&self) -> Vec<String> {
        let name = self.binding.unwrap_or(self.field);
        if self.outer.is_empty() {
            return vec![name.to_owned()];
        }
        // Of a nested struct that stands in another twice, each has its own.
        let exact = format!("{}{name}", self.outer.replace('.', "-"));
        if self.binding.is_some() { vec![exact, name.to_owned()] } else { vec![exact] }
    }
}

/// Calls `visit` with every resource of a struct, nested ones included.
pub(crate) fn each_ask(root: &'static Table, visit: &mut dyn FnMut(&Ask<'_>)) {
    each_field(root, "", "", &mut |outer, prefix, field| {
        if let Some(ask) = Ask::new(root, outer, prefix, field) {
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
