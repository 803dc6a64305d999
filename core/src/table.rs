//! What the structs of an app declare, and the walk over it.

use std::borrow::Cow;

use crate::adapter::grammar::Grammar;
use crate::setting::flatten::{self, Named};

/// How a test gets a resource for itself, where the adapter can.
#[cfg(feature = "testing")]
pub type Isolated = Option<crate::testing::Isolator>;

/// Nobody asks without the feature `testing`.
#[cfg(not(feature = "testing"))]
pub type Isolated = ();

/// What one struct declares, in a form that constants can compare and the loader can walk.
pub struct Table {
    /// The struct's name.
    pub name: &'static str,
    /// Its fields, in the order in which they are written.
    pub fields: &'static [Field],
}

/// One field of a struct.
pub struct Field {
    /// The field's name, without `r#`.
    pub name: &'static str,
    /// Its doc comment, lines joined by newlines, without the leading space.
    pub doc: &'static str,
    /// What the field is, and what it reads.
    pub kind: Kind,
}

impl Field {
    /// The variable it reads first; a nested field reads none of its own.
    pub(crate) fn variable(&self) -> &'static str {
        match self.kind {
            Kind::Resource { variables, .. } | Kind::Setting { variables, .. } => {
                variables.first().copied().unwrap_or_default()
            }
            Kind::Flatten { .. } | Kind::Nested { .. } => "",
        }
    }

    /// Whether it is a resource or a struct of them.
    pub(crate) fn has_client(&self) -> bool {
        matches!(self.kind, Kind::Resource { .. } | Kind::Nested { .. })
    }

    /// The variable that other fields may read too; it takes no prefix.
    pub(crate) const fn shared_variable(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Resource { shared: true, variables: [variable, ..], .. } => Some(variable),
            _ => None,
        }
    }

    /// Every variable that it reads, in a struct with this prefix.
    pub(crate) fn variables(&self, prefix: &str) -> Variables {
        match self.kind {
            Kind::Resource { variables, .. } | Kind::Setting { variables, .. } => {
                match self.prefix(prefix) {
                    "" => Variables::Written(variables),
                    prefix => Variables::Joined(
                        variables.iter().map(|name| [prefix, name].concat()).collect(),
                    ),
                }
            }
            Kind::Flatten { prefix: inner, names, .. } => {
                let prefix = join(prefix, inner);
                let whole = |name: &&str| [&*prefix, &flatten::variable(name)].concat();
                Variables::Joined(names().iter().map(whole).collect())
            }
            Kind::Nested { .. } => Variables::Written(&[]),
        }
    }

    /// What goes before its variables in a struct with this prefix.
    pub(crate) const fn prefix<'a>(&self, prefix: &'a str) -> &'a str {
        if self.shared_variable().is_some() { "" } else { prefix }
    }
}

/// The names of the variables that a field reads, in full.
pub(crate) enum Variables {
    /// As the app's code has them.
    Written(&'static [&'static str]),
    /// Each with what goes before it.
    Joined(Vec<String>),
}

impl Variables {
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        match self {
            Self::Written(names) => names.get(index).copied(),
            Self::Joined(names) => names.get(index).map(String::as_str),
        }
    }

    /// One of them, for longer than the list.
    pub(crate) fn owned(&self, name: &str) -> Cow<'static, str> {
        let written = match self {
            Self::Written(names) => names.iter().find(|own| **own == name),
            Self::Joined(_) => None,
        };
        written.map_or_else(|| name.to_owned().into(), |own| Cow::Borrowed(*own))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..).map_while(|index| self.get(index))
    }
}

/// What a field is.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A backing service.
    Resource {
        /// The first is the field's variable, the others are aliases in their order.
        variables: &'static [&'static str],
        /// The name of the binding or service of a platform that it takes, where it is not found by
        /// its kind.
        binding: Option<&'static str>,
        /// How its handles are read.
        grammar: &'static Grammar,
        /// The adapter's path and name; empty where it is written by hand.
        id: &'static str,
        /// Whether it is a problem that nothing is set.
        required: bool,
        /// The handle that is used where nothing is set.
        default: Option<&'static str>,
        /// Whether the variable takes no prefix, and other fields of the same type may read it too.
        shared: bool,
        /// The app's own defaults for parameters of the handle.
        params: &'static [(&'static str, &'static str)],
        /// Names beside the handle that are somebody else's, in full.
        ignored: &'static [&'static str],
        /// Whether readiness depends on it.
        ready: bool,
        /// How a test gets one of its own.
        isolated: Isolated,
    },
    /// A value that is no handle.
    Setting {
        /// The first is the setting's variable, the others are aliases in their order.
        variables: &'static [&'static str],
        /// Whether it is a problem that nothing is set.
        required: bool,
        /// The text that is read where nothing is set.
        default: Option<&'static str>,
        /// Its type, where that has a name beyond the app.
        ty: &'static str,
    },
    /// A struct of the app's, of whose fields each is a setting.
    Flatten {
        /// Goes before the name of each field in upper case.
        prefix: &'static str,
        /// The names of its fields, as `serde` knows them.
        names: fn() -> &'static [&'static str],
        /// Its fields, each with all of its names.
        fields: fn() -> Vec<Named>,
    },
    /// A struct of its own.
    Nested {
        /// Goes before the names of its variables.
        prefix: &'static str,
        /// Whether it is absent where none of its variables is set.
        optional: bool,
        /// What it declares.
        table: &'static Table,
    },
}

/// What the table says of an adapter, whatever the field.
#[derive(Clone, Copy)]
pub struct OfAdapter {
    /// How its handles are read.
    pub grammar: &'static Grammar,
    /// Its path and name; empty where it is written by hand.
    pub id: &'static str,
    /// How a test gets one of its own.
    pub isolated: Isolated,
}

/// A service is made of few words, each of which costs rustc time: most fields say nothing beyond
/// the first.
impl Kind {
    /// A required service.
    pub const fn service(variables: &'static [&'static str], of: OfAdapter) -> Self {
        let OfAdapter { grammar, id, isolated } = of;
        Self::Resource {
            variables,
            binding: None,
            grammar,
            id,
            required: true,
            default: None,
            shared: false,
            params: &[],
            ignored: &[],
            ready: true,
            isolated,
        }
    }

    /// One that may be absent.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        if let Self::Resource { required, .. } = &mut self {
            *required = false;
        }
        self
    }

    /// One with a handle for where nothing is set.
    #[must_use]
    pub const fn or(mut self, handle: &'static str) -> Self {
        if let Self::Resource { required, default, .. } = &mut self {
            (*required, *default) = (false, Some(handle));
        }
        self
    }

    /// One that a platform binds by this name.
    #[must_use]
    pub const fn bound_as(mut self, name: &'static str) -> Self {
        if let Self::Resource { binding, .. } = &mut self {
            *binding = Some(name);
        }
        self
    }

    /// One that other fields may share.
    #[must_use]
    pub const fn shared(mut self) -> Self {
        if let Self::Resource { shared, .. } = &mut self {
            *shared = true;
        }
        self
    }

    /// One for whose parameters the app has defaults.
    #[must_use]
    pub const fn with_params(mut self, own: &'static [(&'static str, &'static str)]) -> Self {
        if let Self::Resource { params, .. } = &mut self {
            *params = own;
        }
        self
    }

    /// One beside whose handle names stand that are somebody else's.
    #[must_use]
    pub const fn beside(mut self, others: &'static [&'static str]) -> Self {
        if let Self::Resource { ignored, .. } = &mut self {
            *ignored = others;
        }
        self
    }

    /// One that readiness does not depend on.
    #[must_use]
    pub const fn unready(mut self) -> Self {
        if let Self::Resource { ready, .. } = &mut self {
            *ready = false;
        }
        self
    }
}

/// Calls `visit` with each field of a table, also of nested ones: with the structs it stands in, a
/// dot behind each, with the prefix of its variables, and itself.
pub(crate) fn each_field(
    table: &'static Table,
    outer: &str,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &str, &'static Field),
) {
    for field in table.fields {
        visit(outer, prefix, field);
        if let Kind::Nested { prefix: inner, table, .. } = field.kind {
            let outer = format!("{outer}{}.", field.name);
            each_field(table, &outer, &join(prefix, inner), visit);
        }
    }
}

/// The path of a field without the struct that is loaded: `reports.db` of `Services::reports.db`.
pub(crate) fn within(path: &str) -> &str {
    path.split_once("::").map_or(path, |(_, field)| field)
}

/// The name of a variable with what goes before it.
pub(crate) fn join<'a>(prefix: &str, name: &'a str) -> Cow<'a, str> {
    if prefix.is_empty() { name.into() } else { [prefix, name].concat().into() }
}
