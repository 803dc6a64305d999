use crate::parts::Parts;

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
            Kind::Setting { variable, .. } => variable,
            Kind::Nested { .. } => "",
        }
    }
}

pub enum Kind {
    Resource {
        /// The first is the field's variable, the others are aliases in their order.
        variables: &'static [&'static str],
        binding: Option<&'static str>,
        adapter: &'static str,
        schemes: &'static [&'static str],
        example: &'static str,
        parts: &'static Parts,
        required: bool,
        default: Option<&'static str>,
    },
    Setting {
        variable: &'static str,
        required: bool,
        default: Option<&'static str>,
    },
    Nested {
        prefix: &'static str,
        optional: bool,
        table: &'static Table,
    },
}
