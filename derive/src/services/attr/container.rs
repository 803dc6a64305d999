use std::path::Path;

use proc_macro2::TokenStream;
use syn::{Ident, LitStr, Meta};

use super::{keys, metas, name};
use crate::attr::{Cell, Cells, entry, krate, type_name};
use crate::errors::Errors;

/// What `#[services(...)]` says.
pub(crate) struct Services {
    pub(crate) prefix: String,
    pub(crate) clients: Clients,
    pub(crate) example: Option<LitStr>,
    /// Whether the program holds a record of the struct.
    pub(crate) embed: bool,
    /// Where the crate lives.
    pub(crate) krate: syn::Path,
}

/// What it says of the struct of clients.
#[derive(Default)]
pub(crate) struct Clients {
    pub(crate) name: Option<Ident>,
    pub(crate) derives: Vec<Meta>,
    pub(crate) attrs: Vec<Meta>,
}

impl Services {
    pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute]) -> Self {
        for wrong in [keys::SERVICE, keys::SETTING] {
            let message = format!("`#[{}]` belongs to a field", wrong.name);
            entry::refuse(errors, attrs, &wrong, &message, "the struct takes `#[services(...)]`");
        }
        let entries = entry::read(errors, attrs, &keys::SERVICES);
        let mut cells = Cells::of(errors, &keys::SERVICES, entries.list);
        let prefix = cells.take(keys::PREFIX);
        let clients = cells.take(keys::CLIENTS);
        let example = cells.take(keys::EXAMPLE);
        let embed = cells.take(keys::EMBED);
        let path = cells.take(keys::CRATE);
        cells.finish();
        Self {
            prefix: prefix.text().map(|text| name::prefix(errors, text)).unwrap_or_default(),
            clients: Clients::read(errors, &clients),
            example: example.into_text().filter(|text| exists(errors, text)),
            embed: embed.bool().unwrap_or(true),
            krate: krate(errors, &path),
        }
    }
}

impl Clients {
    fn read(errors: &Errors, cell: &Cell) -> Self {
        match cell.tokens() {
            Some(tokens) => Self::inside(errors, tokens.clone()),
            None => Self { name: struct_name(errors, cell), ..Self::default() },
        }
    }

    /// `(name = "App", derive(FromRef), attr(...))`
    fn inside(errors: &Errors, tokens: TokenStream) -> Self {
        let entries = entry::read_inside(errors, &keys::IN_CLIENTS, tokens);
        let mut cells = Cells::of(errors, &keys::IN_CLIENTS, entries.list);
        let mut clients = Self {
            name: struct_name(errors, &cells.take(keys::NAME)),
            derives: metas(errors, &cells.take_all(keys::DERIVE)),
            attrs: metas(errors, &cells.take_all(keys::ATTR)),
        };
        cells.finish();
        clients.derives.retain(|derive| {
            let last = derive.path().segments.last().map(|segment| segment.ident.to_string());
            let is_given = matches!(last.as_deref(), Some("Clone" | "Debug"));
            if is_given {
                let help = "they are `Clone`, and their `Debug` shows no client: remove it";
                errors.on(derive, "the clients have this already", help);
            }
            !is_given
        });
        clients
    }
}

fn struct_name(errors: &Errors, cell: &Cell) -> Option<Ident> {
    const HELP: &str = "name the struct of clients, such as `ShopClients`";
    cell.text().and_then(|text| type_name(errors, text, HELP))
}

/// Whether the example file is there. A build without cargo finds out from `include_str!`.
#[expect(clippy::disallowed_methods, reason = "cargo tells a macro where the package is")]
fn exists(errors: &Errors, text: &LitStr) -> bool {
    let Some(folder) = std::env::var_os("CARGO_MANIFEST_DIR") else { return true };
    let exists = Path::new(&folder).join(text.value()).exists();
    if !exists {
        let message = format!("there is no file `{}`", text.value());
        errors.on(text, message, "write its path from the folder of `Cargo.toml`");
    }
    exists
}
