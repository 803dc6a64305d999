//! Attributes to meaning: what the struct declares, every name settled.

use proc_macro2::Span;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, LitStr, Path, Type, Visibility};

use crate::attr::Cell;
use crate::errors::Errors;
use crate::services::attr::{self, Name, Role, Services, name};
use crate::types;

pub(crate) struct Model<'a> {
    pub(crate) input: &'a DeriveInput,
    /// The struct's name, without `r#`.
    pub(crate) name: String,
    pub(crate) clients: Ident,
    pub(crate) example: Option<LitStr>,
    pub(crate) krate: Path,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    /// Its name, without `r#`.
    pub(crate) name: String,
    pub(crate) vis: &'a Visibility,
    pub(crate) doc: String,
    /// Its type, or what its `Option` holds.
    pub(crate) ty: &'a Type,
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Resource {
        /// Its variable, then the aliases.
        variables: Vec<Variable>,
        default: Option<LitStr>,
        binding: Option<LitStr>,
    },
    Setting {
        variable: Variable,
        default: Option<LitStr>,
    },
    Nested {
        prefix: String,
    },
    /// Nobody knows; an error has been reported.
    Unclear,
}

pub(crate) struct Variable {
    pub(crate) name: String,
    /// The literal or the field that names it.
    pub(crate) span: Span,
}

impl<'a> Model<'a> {
    pub(crate) fn read(errors: &Errors, input: &'a DeriveInput) -> Self {
        let services = Services::read(errors, &input.attrs);
        let fields = attr::named_fields(errors, input).into_iter();
        let fields = fields.map(|field| Field::read(errors, field, &services.prefix)).collect();
        let name = input.ident.unraw().to_string();
        let clients = services
            .clients
            .unwrap_or_else(|| format_ident!("{name}Clients", span = input.ident.span()));
        let clients = types::generated(&clients);
        Self { input, name, clients, example: services.example, krate: services.krate, fields }
    }
}

impl<'a> Field<'a> {
    fn read(errors: &Errors, field: &'a syn::Field, prefix: &str) -> Self {
        // Only named fields come here; a tuple struct has been refused.
        let ident = field.ident.as_ref().unwrap_or_else(|| unreachable!("a field has no name"));
        let name = ident.unraw().to_string();
        let (ty, optional) = types::option(&field.ty);
        let variable = |given: Option<Name>, derived: fn(&str) -> String| match given {
            Some(given) => Variable { name: given.text, span: given.span },
            None => Variable { name: format!("{prefix}{}", derived(&name)), span: ident.span() },
        };
        let default = |default: Cell| {
            if optional {
                let help = "a field with a default is never detached: remove one of the two";
                default.refuse(errors, "the key `default` excludes `Option`", help);
            }
            default.into_text()
        };
        let kind = match Role::read(errors, &field.attrs) {
            Role::Service { env, aliases, default: cell, binding } => {
                let aliases = aliases.into_iter().map(Some);
                let variables = std::iter::once(env).chain(aliases);
                Kind::Resource {
                    variables: variables.map(|given| variable(given, name::of_service)).collect(),
                    default: default(cell),
                    binding,
                }
            }
            Role::Setting { env, default: cell } => {
                Kind::Setting { variable: variable(env, name::of_setting), default: default(cell) }
            }
            Role::Nested { prefix: given } => Kind::Nested {
                prefix: given.unwrap_or_else(|| format!("{prefix}{}", name::of_nested(&name))),
            },
            Role::Unclear => Kind::Unclear,
        };
        Self { ident, vis: &field.vis, doc: types::doc(&field.attrs), ty, optional, kind, name }
    }
}
