use syn::{Ident, LitStr, Path};

use super::keys;
use crate::attr::{Cell, Value, entry, krate, type_name};
use crate::errors::Errors;

/// What `#[adapter(...)]` says.
pub(crate) struct Container {
    pub(crate) name: Option<LitStr>,
    pub(crate) schemes: Cell,
    pub(crate) example: Cell,
    pub(crate) port: Cell,
    pub(crate) debug: Cell,
    pub(crate) client: Cell,
    /// Where the crate lives.
    pub(crate) krate: Path,
}

impl Container {
    pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute]) -> Self {
        let message = "`#[handle]` belongs to a field of a struct";
        let help = "the type takes `#[adapter(...)]`";
        entry::refuse(errors, attrs, &keys::HANDLE, message, help);
        let [mut name, mut schemes, mut example, mut port, mut debug, mut client, mut path] =
            [const { Cell::new() }; 7];
        for entry in entry::read(errors, attrs, &keys::ADAPTER).list {
            match entry.key {
                "name" => name.set(errors, entry),
                "schemes" => schemes.set(errors, entry),
                "example" => example.set(errors, entry),
                "port" => port.set(errors, entry),
                "debug" => debug.set(errors, entry),
                "client" => client.set(errors, entry),
                _ => path.set(errors, entry),
            }
        }
        let krate = krate(errors, &path);
        Self { name: name.into_text(), schemes, example, port, debug, client, krate }
    }

    pub(crate) fn schemes(&self) -> &[LitStr] {
        match self.schemes.entry().map(|entry| &entry.value) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub(crate) fn port(&self) -> Option<u16> {
        match self.port.entry()?.value {
            Value::Port(port) => Some(port),
            _ => None,
        }
    }

    /// The name of an enum's client.
    pub(crate) fn client(&self, errors: &Errors) -> Option<Ident> {
        let help = "name the enum of clients, such as `AlertsClient`";
        self.client.text().and_then(|text| type_name(errors, text, help))
    }
}
