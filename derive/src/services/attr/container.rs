use std::path::Path;

use syn::{Ident, LitStr};

use super::{keys, name};
use crate::attr::{Cell, entry, krate, type_name};
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
        const CLIENTS: &str = "name the struct of clients, such as `ShopClients`";
        for wrong in [keys::SERVICE, keys::SETTING] {
            let message = format!("`#[{}]` belongs to a field", wrong.name);
            entry::refuse(errors, attrs, &wrong, &message, "the struct takes `#[services(...)]`");
        }
        let [mut prefix, mut clients, mut example, mut path] = [const { Cell::new() }; 4];
        for entry in entry::read(errors, attrs, &keys::SERVICES).list {
            match entry.key.name {
                "prefix" => prefix.set(errors, entry),
                "clients" => clients.set(errors, entry),
                "example" => example.set(errors, entry),
                _ => path.set(errors, entry),
            }
        }
        Self {
            prefix: prefix.text().map(|text| name::prefix(errors, text)).unwrap_or_default(),
            clients: clients.text().and_then(|text| type_name(errors, text, CLIENTS)),
            example: example.into_text().filter(|text| exists(errors, text)),
            krate: krate(errors, &path),
        }
    }
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
