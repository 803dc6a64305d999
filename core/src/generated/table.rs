use crate::adapter::grammar::Grammar;

/// What one struct declares, in a form that constants can compare and the loader can walk.
pub struct Table {
    /// The struct's name.
    pub name: &'static str,
    pub fields: &'static [Field],
}

pub struct Field {
    /// The field's name, without `r#`.
    pub name: &'static str,
    /// Its doc comment, lines joined by newlines, without the leading space.
    pub doc: &'static str,
    pub kind: Kind,
}

impl Field {
    /// The variable it reads first; a nested field reads none of its own.
    pub(crate) fn variable(&self) -> &'static str {
        match self.kind {
            Kind::Resource { variables, .. } => variables.first().copied().unwrap_or_default(),
            Kind::Setting { variables, .. } => variables.first().copied().unwrap_or_default(),
            Kind::Nested { .. } => "",
        }
    }
}

pub enum Kind {
    Resource {
        /// The first is the field's variable, the others are aliases in their order.
        variables: &'static [&'static str],
        binding: Option<&'static str>,
        grammar: &'static Grammar,
        required: bool,
        default: Option<&'static str>,
        /// Whether the variable takes no prefix, and other fields of the same type may read it too.
        shared: bool,
        /// The app's own defaults for parameters of the handle.
        params: &'static [(&'static str, &'static str)],
        /// Names beside the handle that are somebody else's, in full.
        ignored: &'static [&'static str],
        /// Whether readiness depends on it.
        ready: bool,
    },
    Setting {
        /// The first is the setting's variable, the others are aliases in their order.
        variables: &'static [&'static str],
        required: bool,
        default: Option<&'static str>,
    },
    Nested {
        prefix: &'static str,
        optional: bool,
        table: &'static Table,
    },
}
