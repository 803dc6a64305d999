use std::path::Path;

use syn::{Ident, LitStr, parse_quote};

use super::cell::Cell;
use super::{entry, keys, name};
use crate::errors::Errors;

/// What `#[services(...)]` says.
pub(crate) struct Services {
    pub(crate) prefix: String,
    pub(crate) clients: Option<Ident>,
    pub(crate) example: Option<LitStr>,
    /// Where the crate lives.
    pub(crate) krate: syn::Path,
}

impl Services {
    pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute]) -> Self {
        for wrong in [keys::SERVICE, keys::SETTING] {
            let message = format!("`#[{}]` belongs to a field", wrong.name);
            entry::refuse(errors, attrs, &wrong, &message, "the struct takes `#[services(...)]`");
        }
        let [mut prefix, mut clients, mut example, mut krate] = [const { Cell::new() }; 4];
        for entry in entry::read(errors, attrs, &keys::SERVICES).list {
            match entry.key {
                "prefix" => prefix.set(errors, entry),
                "clients" => clients.set(errors, entry),
                "example" => example.set(errors, entry),
                _ => krate.set(errors, entry),
            }
        }
        Self {
            prefix: prefix.text().map(|text| name::prefix(errors, text)).unwrap_or_default(),
            clients: clients.text().and_then(|text| type_name(errors, text)),
            example: example.into_text().filter(|text| exists(errors, text)),
            krate: krate
                .text()
                .and_then(|text| path(errors, text))
                .unwrap_or_else(|| parse_quote!(::backing_services)),
        }
    }
}

fn type_name(errors: &Errors, text: &LitStr) -> Option<Ident> {
    let ident = text.parse().ok();
    if ident.is_none() {
        let message = format!("`{}` is not the name of a type", text.value());
        errors.on(text, message, "name the struct of clients, such as `ShopClients`");
    }
    ident
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

fn path(errors: &Errors, text: &LitStr) -> Option<syn::Path> {
    let path = text.parse_with(syn::Path::parse_mod_style).ok();
    if path.is_none() {
        let message = format!("`{}` is not a path", text.value());
        errors.on(
            text,
            message,
            "write where the crate lives, such as `crate::reexports::backing_services`",
        );
    }
    path
}
