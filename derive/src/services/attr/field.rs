use proc_macro2::Span;
use syn::LitStr;

use super::{keys, name};
use crate::attr::Cell;
use crate::attr::entry::{self, Entries};
use crate::errors::Errors;

/// What the attributes of a field make of it.
pub(crate) enum Role {
    Service {
        env: Option<Name>,
        aliases: Vec<Name>,
        default: Cell,
        binding: Option<LitStr>,
    },
    Nested {
        prefix: Option<String>,
    },
    Setting {
        env: Option<Name>,
        default: Cell,
    },
    /// Its attributes contradict each other, which has been reported.
    Unclear,
}

/// A variable name that an attribute gives.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Name {
    fn read(errors: &Errors, literal: &LitStr) -> Self {
        Self { text: name::variable(errors, literal), span: literal.span() }
    }
}

impl Role {
    pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute]) -> Self {
        let find = |name| attrs.iter().position(|attr| attr.path().is_ident(name));
        let help = "a field takes `#[service(...)]` or `#[setting(...)]`";
        let message = "`#[services]` belongs to the struct";
        if entry::refuse(errors, attrs, &keys::SERVICES, message, help) {
            return Self::Unclear;
        }
        let service = entry::read(errors, attrs, &keys::SERVICE);
        let setting = entry::read(errors, attrs, &keys::SETTING);
        match (find("service"), find("setting")) {
            (Some(a), Some(b)) => {
                let (first, second) = if a < b { ("service", b) } else { ("setting", a) };
                let message = format!("this attribute excludes `#[{first}]`");
                let help = "a field is either a service or a plain value: remove one of the two";
                errors.on(attrs[second].path(), message, help);
                Self::Unclear
            }
            (None, Some(_)) => Self::setting(errors, setting),
            _ => Self::service(errors, service),
        }
    }

    fn setting(errors: &Errors, entries: Entries) -> Self {
        let [mut env, mut default] = [const { Cell::new() }; 2];
        for entry in entries.list {
            match entry.key.name {
                "env" => env.set(errors, entry),
                _ => default.set(errors, entry),
            }
        }
        Self::Setting { env: env.text().map(|text| Name::read(errors, text)), default }
    }

    fn service(errors: &Errors, entries: Entries) -> Self {
        let unclear = entries.unclear;
        let [mut env, mut default, mut nested, mut prefix, mut binding] =
            [const { Cell::new() }; 5];
        let mut aliases = Vec::new();
        for entry in entries.list {
            match entry.key.name {
                "env" => env.set(errors, entry),
                "alias" => aliases.push(Cell::of(entry)),
                "default" => default.set(errors, entry),
                "nested" => nested.set(errors, entry),
                "prefix" => prefix.set(errors, entry),
                _ => binding.set(errors, entry),
            }
        }
        if nested.is_set() {
            let help = "a nested struct names its own variables; `prefix` goes before them";
            for cell in [&env, &default, &binding].into_iter().chain(&aliases) {
                cell.exclude(errors, &nested, help);
            }
            return Self::Nested { prefix: prefix.text().map(|text| name::prefix(errors, text)) };
        }
        let help = "a single service takes `env`, its whole variable name";
        if prefix.refuse(errors, "the key `prefix` needs `nested`", help) || unclear {
            return Self::Unclear;
        }
        let read = |cell: &Cell| cell.text().map(|text| Name::read(errors, text));
        Self::Service {
            env: read(&env),
            aliases: aliases.iter().filter_map(read).collect(),
            default,
            binding: binding.into_text(),
        }
    }
}
