//! An environment read for a table, without the types of the app.

use super::known::{Adapted, Known};
use crate::adapter::grammar::Grammar;
use crate::adapter::reader;
use crate::environment::Environment;
use crate::error::{HandleError, LoadError};
use crate::explain::Explanation;
use crate::generated::{Identity, Loader, Reads, load_with, settings_that_show};
use crate::handle::Handle;
use crate::setting::named;
use crate::table::{Field, Kind, Table, each_field};

/// One resource that is attached.
pub(crate) struct Attached {
    /// The structs that the field stands in, a dot behind each.
    pub(crate) outer: String,
    /// What goes before its variables.
    pub(crate) prefix: String,
    pub(crate) field: &'static Field,
    pub(crate) resource: Resource,
}

/// What a handle became.
pub(crate) enum Resource {
    /// The adapter itself.
    Known(Box<dyn Adapted>),
    /// Read by the grammar alone.
    ByGrammar(Handle),
}

/// Reads an environment as the app would.
pub(crate) fn load(
    table: &'static Table,
    environment: &Environment,
) -> Result<Vec<Attached>, LoadError> {
    load_with(table, environment, |loader| {
        let mut attached = Vec::new();
        walk(loader, &mut attached).map(|()| attached)
    })
}

pub(crate) fn explain(table: &'static Table, environment: &Environment) -> Explanation {
    let walk = |loader: &mut Loader<'_>| walk(loader, &mut Vec::new());
    let shown = settings_that_show(table, environment, walk);
    Explanation::new(table, environment, &shown)
}

/// What is not read as the app reads it, each in a sentence without its full stop.
pub(crate) fn notes(table: &'static Table) -> Vec<String> {
    let mut notes = Vec::new();
    each_field(table, "", "", &mut |outer, _, field| {
        let why = match field.kind {
            Kind::Resource { grammar, id, .. } => match Known::find(id, grammar) {
                Some(_) => return,
                // An enum of fewer of our adapters, as of an app with fewer features.
                None if Known::are_variants(grammar) => return,
                None if Known::is_ours(id) => {
                    "its adapter is that of another version, or of other features: its handle is read \
                     by the app's table, and further rules of the adapter are not applied"
                }
                None => {
                    "its adapter is the app's own: further rules in the app's code are not applied"
                }
            },
            Kind::Setting { ty, .. } if named::form(ty).is_none() => {
                "its type is the app's own: the value is not checked"
            }
            Kind::Flatten { .. } => {
                "its variables are known to the app alone: they are not checked"
            }
            Kind::Setting { .. } | Kind::Nested { .. } => return,
        };
        notes.push(format!("`{}::{outer}{}`: {why}", table.name, field.name));
    });
    notes
}

/// Takes the fields of a struct in their order, each whether or not another has a problem.
fn walk(loader: &mut Loader<'_>, attached: &mut Vec<Attached>) -> Option<()> {
    let mut whole = Some(());
    for (index, field) in loader.fields().iter().enumerate() {
        if take(loader, index, field, attached).is_none() {
            whole = None;
        }
    }
    whole
}

fn take(
    loader: &mut Loader<'_>,
    index: usize,
    field: &'static Field,
    attached: &mut Vec<Attached>,
) -> Option<()> {
    match field.kind {
        Kind::Resource { grammar, id, required, default, .. } => {
            let reads = ByTable { id, grammar, known: Known::find(id, grammar) };
            let resource = if required || default.is_some() {
                Some(loader.required(field, &reads)?)
            } else {
                loader.attached(field, &reads)?.ok()
            };
            let (outer, prefix) = loader.place_of_struct();
            attached.extend(resource.map(|resource| Attached { outer, prefix, field, resource }));
            Some(())
        }
        Kind::Setting { ty, required, default, .. } => {
            let form = named::form(ty).unwrap_or_else(named::unknown);
            if required || default.is_some() {
                loader.required_value(field, &form)
            } else {
                loader.value(field, &form).map(drop)
            }
        }
        // Only the app's types know what it reads.
        Kind::Flatten { .. } => Some(()),
        Kind::Nested { optional, .. } => {
            let walk = |loader: &mut Loader<'_>| walk(loader, attached);
            if optional {
                loader.optional_nested(index, walk).map(drop)
            } else {
                loader.nested(index, walk)
            }
        }
    }
}

/// By an adapter of this crate, else by the grammar.
struct ByTable {
    id: &'static str,
    grammar: &'static Grammar,
    known: Option<&'static Known>,
}

impl Reads for ByTable {
    type Value = Resource;

    fn grammar(&self) -> &'static Grammar {
        self.grammar
    }

    fn identity(&self) -> Identity {
        Identity::Name(self.id)
    }

    fn read(&self, handle: &Handle) -> Result<Resource, HandleError> {
        let variant = self.grammar.of_scheme(handle.scheme());
        // Of an enum of the app's the variants may be ours.
        match self.known.or_else(|| Known::like(variant)) {
            Some(known) => (known.read)(handle).map(Resource::Known),
            None => reader::check(handle, variant).map(Resource::ByGrammar),
        }
    }

    fn is_loopback(&self, resource: &Resource) -> bool {
        match resource {
            Resource::Known(adapter) => adapter.is_loopback(),
            Resource::ByGrammar(handle) => handle.is_loopback(),
        }
    }
}
