use syn::{Ident, LitStr, Path};

use super::keys;
use crate::attr::{Cell, Cells, Scheme, Value, entry, krate, type_name};
use crate::errors::Errors;

/// What `#[adapter(...)]` says.
pub(crate) struct Container {
    pub(crate) name: Option<LitStr>,
    pub(crate) schemes: Cell,
    pub(crate) example: Cell,
    pub(crate) port: Cell,
    pub(crate) tls_ports: Cell,
    pub(crate) bindings: Cell,
    pub(crate) others: Cell,
    pub(crate) place: Cell,
    pub(crate) server: Cell,
    pub(crate) login: Cell,
    pub(crate) unencrypted: Cell,
    pub(crate) api: Cell,
    pub(crate) mail: Cell,
    pub(crate) check: Cell,
    pub(crate) loopback: Cell,
    pub(crate) debug: Cell,
    pub(crate) client: Cell,
    pub(crate) no_client: Cell,
    /// Where the crate lives.
    pub(crate) krate: Path,
}

impl Container {
    pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute]) -> Self {
        let message = "`#[handle]` belongs to a field of a struct";
        let help = "the type takes `#[adapter(...)]`";
        entry::refuse(errors, attrs, &keys::HANDLE, message, help);
        let entries = entry::read(errors, attrs, &keys::ADAPTER);
        let mut cells = Cells::of(errors, &keys::ADAPTER, entries.list);
        let container = Self {
            name: cells.take(keys::NAME).into_text(),
            schemes: cells.take(keys::SCHEMES),
            example: cells.take(keys::EXAMPLE),
            port: cells.take(keys::PORT),
            tls_ports: cells.take(keys::TLS_PORTS),
            bindings: cells.take(keys::BINDINGS),
            others: cells.take(keys::OTHERS),
            place: cells.take(keys::PLACE),
            server: cells.take(keys::SERVER),
            login: one_of(errors, cells.take(keys::LOGIN), &["together"]),
            unencrypted: one_of(errors, cells.take(keys::UNENCRYPTED), &["refused", "loopback"]),
            api: cells.take(keys::API),
            mail: cells.take(keys::MAIL),
            check: cells.take(keys::CHECK),
            loopback: cells.take(keys::LOOPBACK),
            debug: cells.take(keys::DEBUG),
            client: cells.take(keys::CLIENT),
            no_client: cells.take(keys::NO_CLIENT),
            krate: krate(errors, &cells.take(keys::CRATE)),
        };
        cells.finish();
        container
    }

    pub(crate) fn schemes(&self) -> &[Scheme] {
        match self.schemes.entry().map(|entry| &entry.value) {
            Some(Value::Schemes(schemes)) => schemes,
            _ => &[],
        }
    }

    pub(crate) fn port(&self) -> Option<u16> {
        match self.port.entry()?.value {
            Value::Port(port) => Some(port),
            _ => None,
        }
    }

    pub(crate) fn tls_ports(&self) -> &[u16] {
        match self.tls_ports.entry().map(|entry| &entry.value) {
            Some(Value::Ports(ports)) => ports,
            _ => &[],
        }
    }

    /// The name of an enum's client.
    pub(crate) fn client(&self, errors: &Errors) -> Option<Ident> {
        let help = "name the enum of clients, such as `AlertsClient`";
        self.client.text().and_then(|text| type_name(errors, text, help))
    }
}

/// A key that knows few words; without the key the rule is another one.
fn one_of(errors: &Errors, cell: Cell, words: &[&str]) -> Cell {
    if let Some(text) = cell.text().filter(|text| !words.contains(&&*text.value())) {
        let words: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
        let help = format!("write {}, or leave the key out", words.join(" or "));
        errors.on(text, "the key knows no such word", &help);
    }
    cell
}
