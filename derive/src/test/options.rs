//! What the attribute says.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Path, Token};

use super::function::Function;
use crate::attr::{Attribute, Cells, Key, entry, krate};
use crate::errors::Errors;

const SHARED: Key = Key::tokens("shared", "mail").repeated();
const PREFIXED: Key = Key::tokens("prefixed", "events = \"EVENTS_PREFIX\"").repeated();
const MIGRATE: Key = Key::value("migrate", "create_tables");
const SET: Key = Key::tokens("set", "\"PORT\" = \"0\"").repeated();
const ENVIRONMENT: Key = Key::value("environment", "test_environment");
const OTHER_MACHINES: Key = Key::flag("other_machines");
const MULTI_THREAD: Key = Key::flag("multi_thread");
const WORKER_THREADS: Key = Key::port("worker_threads", "2");
const CRATE: Key = Key::text("crate", "backing_services");

pub(crate) const TEST: Attribute = Attribute {
    name: "test",
    keys: &[
        MIGRATE,
        SHARED,
        PREFIXED,
        SET,
        ENVIRONMENT,
        OTHER_MACHINES,
        MULTI_THREAD,
        WORKER_THREADS,
        CRATE,
    ],
};

pub(crate) struct Options {
    pub(crate) shared: Vec<FieldPath>,
    pub(crate) prefixed: Vec<Prefixed>,
    pub(crate) migrate: Option<TokenStream>,
    pub(crate) set: Vec<Set>,
    pub(crate) environment: Option<TokenStream>,
    pub(crate) other_machines: bool,
    pub(crate) multi_thread: bool,
    pub(crate) worker_threads: Option<u16>,
    pub(crate) krate: Path,
}

/// `reports.db`
pub(crate) struct FieldPath(Vec<Ident>);

/// `events = "EVENTS_PREFIX"`
pub(crate) struct Prefixed {
    pub(crate) field: FieldPath,
    pub(crate) variable: LitStr,
}

/// `"PORT" = "0"`
pub(crate) struct Set {
    pub(crate) name: LitStr,
    pub(crate) value: LitStr,
}

impl Options {
    pub(crate) fn read(errors: &Errors, attribute: TokenStream) -> Self {
        let entries = entry::read_inside(errors, &TEST, attribute);
        let mut cells = Cells::of(errors, &TEST, entries.list);
        let shared = cells.take_all(SHARED);
        let prefixed = cells.take_all(PREFIXED);
        let set = cells.take_all(SET);
        let (migrate, environment) = (cells.take(MIGRATE), cells.take(ENVIRONMENT));
        let (other_machines, multi_thread) = (cells.take(OTHER_MACHINES), cells.take(MULTI_THREAD));
        let (worker_threads, path) = (cells.take(WORKER_THREADS), cells.take(CRATE));
        cells.finish();
        let worker_threads = worker_threads.entry().and_then(|entry| match entry.value {
            crate::attr::Value::Port(count) => Some(count),
            _ => None,
        });
        Self {
            shared: shared.iter().flat_map(|cell| cell.items(errors)).collect(),
            prefixed: prefixed.iter().flat_map(|cell| cell.items(errors)).collect(),
            migrate: migrate.tokens().cloned(),
            set: set.iter().flat_map(|cell| cell.items(errors)).collect(),
            environment: environment.tokens().cloned(),
            other_machines: other_machines.is_set(),
            multi_thread: multi_thread.is_set() || worker_threads.is_some(),
            worker_threads,
            krate: krate(errors, &path),
        }
    }

    pub(crate) fn check(&self, errors: &Errors, function: &Function) {
        if let (Some(_), [_, second, ..]) = (&self.migrate, &*function.parameters) {
            let help = "nobody knows whose tables `migrate` makes: write a test for each struct";
            errors.on(&second.ty, "a test with `migrate` takes one parameter", help);
        }
    }
}

impl FieldPath {
    pub(crate) fn text(&self) -> String {
        let names = self.0.iter().map(|ident| syn::ext::IdentExt::unraw(ident).to_string());
        names.collect::<Vec<_>>().join(".")
    }

    /// The first and the last name.
    pub(crate) fn ends(&self) -> [proc_macro2::Span; 2] {
        let span =
            |ident: Option<&Ident>| ident.map_or_else(proc_macro2::Span::call_site, Ident::span);
        [span(self.0.first()), span(self.0.last())]
    }
}

impl Parse for FieldPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut names = vec![input.parse()?];
        while input.parse::<Option<Token![.]>>()?.is_some() {
            names.push(input.parse()?);
        }
        Ok(Self(names))
    }
}

impl Parse for Prefixed {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let field = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { field, variable: input.parse()? })
    }
}

impl Parse for Set {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}
