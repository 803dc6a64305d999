//! Attributes to meaning: what the struct declares, every name settled.

use std::collections::HashMap;

use proc_macro2::Span;
use quote::{ToTokens as _, format_ident};
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, LitStr, Meta, Path, Type, Visibility};

use crate::attr::Cell;
use crate::errors::Errors;
use crate::services::attr::{self, Client, Name, Param, Role, Service, Services, name};
use crate::types;

pub(crate) struct Model<'a> {
    pub(crate) input: &'a DeriveInput,
    /// The struct's name, without `r#`.
    pub(crate) name: String,
    pub(crate) clients: Ident,
    /// Derives and attributes for the struct of clients.
    pub(crate) derives: Vec<Meta>,
    pub(crate) attrs: Vec<Meta>,
    pub(crate) example: Option<LitStr>,
    /// Whether the program holds a record of the struct.
    pub(crate) embed: bool,
    pub(crate) krate: Path,
    pub(crate) fields: Vec<Field<'a>>,
    /// For each field the first service of the same type, or itself.
    first: Vec<usize>,
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
    pub(crate) client: Client,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Resource(Resource),
    Setting {
        /// Its variable, then the aliases.
        variables: Vec<Variable>,
        default: Option<LitStr>,
    },
    /// A struct of plain values, whose fields `serde` knows.
    Flatten {
        prefix: String,
    },
    Nested {
        prefix: String,
    },
    /// Nobody knows; an error has been reported.
    Unclear,
}

pub(crate) struct Resource {
    /// Its variable, then the aliases.
    pub(crate) variables: Vec<Variable>,
    /// Whether other fields may read the variable too.
    pub(crate) shared: bool,
    pub(crate) default: Option<LitStr>,
    pub(crate) params: Vec<Param>,
    pub(crate) binding: Option<LitStr>,
    /// Names beside the handle that are somebody else's.
    pub(crate) ignored: Vec<Variable>,
    pub(crate) ready: bool,
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
        let fields: Vec<_> =
            fields.map(|field| Field::read(errors, field, &services.prefix)).collect();
        let first = first_of_type(&fields);
        let name = input.ident.unraw().to_string();
        let attr::Clients { name: clients, derives, attrs } = services.clients;
        let clients =
            clients.unwrap_or_else(|| format_ident!("{name}Clients", span = input.ident.span()));
        let clients = types::generated(&clients);
        let Services { example, embed, krate, .. } = services;
        Self { input, name, clients, derives, attrs, example, embed, krate, fields, first }
    }
}

impl Model<'_> {
    /// The first field that is a service of the same type as this one, or this one: what is written
    /// for a type is written once.
    pub(crate) fn first_of_type(&self, index: usize) -> usize {
        self.first[index]
    }

    /// The fields that are the first of their adapters.
    pub(crate) fn adapters(&self) -> impl Iterator<Item = usize> {
        let fields = self.fields.iter().enumerate();
        let services = fields.filter(|(_, field)| matches!(field.kind, Kind::Resource(_)));
        services.map(|(index, _)| index).filter(|index| self.first[*index] == *index)
    }
}

fn first_of_type(fields: &[Field<'_>]) -> Vec<usize> {
    let mut known = HashMap::new();
    let first = |(index, field): (usize, &Field<'_>)| {
        let Kind::Resource(_) = field.kind else { return index };
        let name = field.ty.to_token_stream().to_string();
        // Two macros may mean two crates by `$crate`.
        if name.contains('$') { index } else { *known.entry(name).or_insert(index) }
    };
    fields.iter().enumerate().map(first).collect()
}

impl<'a> Field<'a> {
    fn read(errors: &Errors, field: &'a syn::Field, prefix: &str) -> Self {
        // Only named fields come here; a tuple struct has been refused.
        let ident = field.ident.as_ref().unwrap_or_else(|| unreachable!("a field has no name"));
        let name = ident.unraw().to_string();
        let (ty, optional) = types::option(&field.ty);
        let derived = |name: String| Variable { name, span: ident.span() };
        let default = |default: Cell| {
            if optional {
                let help = "a field with a default is never detached: remove one of the two";
                default.refuse(errors, "the key `default` excludes `Option`", help);
            }
            default.into_text()
        };
        let mut client = Client::default();
        let kind = match Role::read(errors, &field.attrs) {
            Role::Service(service) => {
                let Service { env, aliases, shared, params, binding, ignored, ready, .. } =
                    *service;
                client = service.client;
                let derived = || derived(format!("{prefix}{}", name::of_service(&name)));
                Kind::Resource(Resource {
                    variables: variables(env, derived, aliases),
                    shared,
                    default: default(service.default),
                    params,
                    binding,
                    ignored: ignored.into_iter().map(Variable::from).collect(),
                    ready,
                })
            }
            Role::Setting { env, aliases, default: cell } => {
                let derived = || {
                    let variable = format!("{prefix}{}", name::of_setting(&name));
                    name::refuse_machine(errors, ident, &variable);
                    derived(variable)
                };
                let variables = variables(env, derived, aliases);
                Kind::Setting { variables, default: default(cell) }
            }
            Role::Flatten { flatten, prefix: given } => {
                if optional {
                    let help = "the fields of the struct may be `Option`s";
                    flatten.refuse(errors, "the key `flatten` excludes `Option`", help);
                }
                Kind::Flatten { prefix: given.unwrap_or_else(|| prefix.to_owned()) }
            }
            Role::Nested { prefix: given, client: of } => {
                client = of;
                let derived = || format!("{prefix}{}", name::of_nested(&name));
                Kind::Nested { prefix: given.unwrap_or_else(derived) }
            }
            Role::Unclear => Kind::Unclear,
        };
        let (vis, doc) = (&field.vis, types::doc(&field.attrs));
        Self { ident, name, vis, doc, ty, optional, client, kind }
    }

    /// Whether it has a client, or nobody knows.
    pub(crate) fn is_service(&self) -> bool {
        !matches!(self.kind, Kind::Setting { .. } | Kind::Flatten { .. })
    }
}

/// The variable that is given, else the derived one; then the aliases.
fn variables(
    given: Option<Name>,
    derived: impl FnOnce() -> Variable,
    aliases: Vec<Name>,
) -> Vec<Variable> {
    let first = given.map_or_else(derived, Variable::from);
    std::iter::once(first).chain(aliases.into_iter().map(Variable::from)).collect()
}

impl From<Name> for Variable {
    fn from(Name { text: name, span }: Name) -> Self {
        Self { name, span }
    }
}
