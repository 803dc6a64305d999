use proc_macro2::Span;
use syn::{LitStr, Meta, Type};

use super::{Param, keys, metas, name, params};
use crate::attr::entry::{self, Entries};
use crate::attr::{Cell, Cells};
use crate::errors::Errors;

/// What the attributes of a field make of it.
pub(crate) enum Role {
    Service(Box<Service>),
    Nested {
        prefix: Option<String>,
        client: Client,
    },
    Setting {
        env: Option<Name>,
        aliases: Vec<Name>,
        default: Cell,
    },
    Flatten {
        flatten: Cell,
        prefix: Option<String>,
    },
    /// Its attributes contradict each other, which has been reported.
    Unclear,
}

/// What `#[service(...)]` says of a single service.
pub(crate) struct Service {
    pub(crate) env: Option<Name>,
    pub(crate) aliases: Vec<Name>,
    pub(crate) shared: bool,
    pub(crate) default: Cell,
    pub(crate) params: Vec<Param>,
    pub(crate) binding: Option<LitStr>,
    pub(crate) ignored: Vec<Name>,
    pub(crate) ready: bool,
    pub(crate) client: Client,
}

/// How a client stands in the struct of clients.
#[derive(Default)]
pub(crate) struct Client {
    /// Its type by name, without an `Option`.
    pub(crate) ty: Option<Type>,
    pub(crate) attrs: Vec<Meta>,
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

    fn of(errors: &Errors, cell: &Cell) -> Option<Self> {
        cell.text().map(|text| Self::read(errors, text))
    }

    fn all(errors: &Errors, cells: &[Cell]) -> Vec<Self> {
        cells.iter().filter_map(|cell| Self::of(errors, cell)).collect()
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
        let mut cells = Cells::of(errors, &keys::SETTING, entries.list);
        let env = cells.take(keys::SETTING_ENV);
        let aliases = cells.take_all(keys::SETTING_ALIAS);
        let default = cells.take(keys::SETTING_DEFAULT);
        let flatten = cells.take(keys::FLATTEN);
        let prefix = cells.take(keys::FLATTEN_PREFIX);
        cells.finish();
        if flatten.is_set() {
            let help = "the struct names its own variables; `prefix` goes before them";
            for cell in [&env, &default].into_iter().chain(&aliases) {
                cell.exclude(errors, &flatten, help);
            }
            let prefix = prefix.text().map(|text| name::prefix(errors, text));
            return Self::Flatten { flatten, prefix };
        }
        let help = "a single setting takes `env`, its whole variable name";
        if prefix.refuse(errors, "the key `prefix` needs `flatten`", help) {
            return Self::Unclear;
        }
        Self::Setting { env: Name::of(errors, &env), aliases: Name::all(errors, &aliases), default }
    }

    fn service(errors: &Errors, entries: Entries) -> Self {
        let unclear = entries.unclear;
        let mut cells = Cells::of(errors, &keys::SERVICE, entries.list);
        let env = cells.take(keys::ENV);
        let aliases = cells.take_all(keys::ALIAS);
        let shared = cells.take(keys::SHARED);
        let default = cells.take(keys::DEFAULT);
        let params_of = cells.take(keys::PARAMS);
        let nested = cells.take(keys::NESTED);
        let prefix = cells.take(keys::NESTED_PREFIX);
        let binding = cells.take(keys::BINDING);
        let ignored = cells.take_all(keys::IGNORE);
        let ready = cells.take(keys::READY);
        let client = cells.take(keys::CLIENT);
        let attrs = cells.take_all(keys::ATTR);
        cells.finish();
        let client = Client { ty: client_type(errors, &client), attrs: metas(errors, &attrs) };
        if nested.is_set() {
            let help = "a nested struct names its own variables; `prefix` goes before them";
            for cell in [&env, &default, &binding].into_iter().chain(&aliases) {
                cell.exclude(errors, &nested, help);
            }
            let help = "it is about a single service: write it inside the nested struct";
            for cell in [&shared, &params_of, &ready].into_iter().chain(&ignored) {
                cell.exclude(errors, &nested, help);
            }
            let prefix = prefix.text().map(|text| name::prefix(errors, text));
            return Self::Nested { prefix, client };
        }
        let help = "a single service takes `env`, its whole variable name";
        if prefix.refuse(errors, "the key `prefix` needs `nested`", help) || unclear {
            return Self::Unclear;
        }
        if shared.is_set() && !env.is_set() {
            let help = "name the variable that the fields share: `env = \"DATABASE_URL\", shared`";
            shared.refuse(errors, "the key `shared` needs `env`", help);
        }
        let ignored = ignored.iter().flat_map(Cell::texts);
        Self::Service(Box::new(Service {
            env: Name::of(errors, &env),
            aliases: Name::all(errors, &aliases),
            shared: shared.is_set(),
            default,
            params: params(errors, &params_of),
            binding: binding.into_text(),
            ignored: ignored.map(|text| Name::read(errors, text)).collect(),
            ready: ready.bool().unwrap_or(true),
            client,
        }))
    }
}

fn client_type(errors: &Errors, cell: &Cell) -> Option<Type> {
    let tokens = cell.tokens()?;
    let ty = syn::parse2(tokens.clone()).ok();
    if ty.is_none() {
        errors.on(tokens, "this is not a type", "name the client, such as `sqlx::MySqlPool`");
    }
    ty
}
