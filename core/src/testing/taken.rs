//! What a test takes from the fields of a struct as it is loaded, and gives them instead.

use std::cell::RefCell;
use std::collections::HashMap;

use super::isolate::{Erased, Isolator};
use crate::adapter::Adapter;
use crate::adapter::grammar::Grammar;
use crate::error::{ClientError, Failure};
use crate::handle::Handle;
use crate::table::{Field, Kind};

/// The resources of one struct: first what was loaded is taken, then what is the test's own is given.
#[derive(Default)]
pub(crate) struct Taken {
    found: RefCell<Vec<Found>>,
    own: HashMap<String, Box<Erased>>,
}

/// A resource as it was loaded.
pub(super) struct Found {
    /// The path of its field, or the variable that several share.
    pub(super) key: String,
    /// Such as `Services::reports.db`.
    pub(super) path: String,
    pub(super) variable: String,
    pub(super) grammar: &'static Grammar,
    pub(super) handle: Handle,
    pub(super) adapter: Box<Erased>,
    pub(super) isolator: Option<Isolator>,
}

impl Taken {
    pub(super) fn giving(own: HashMap<String, Box<Erased>>) -> Self {
        Self { own, ..Self::default() }
    }

    pub(super) fn into_found(self) -> Vec<Found> {
        self.found.into_inner()
    }

    pub(super) fn erased(&self, key: &str) -> Option<&Erased> {
        self.own.get(key).map(|own| &**own)
    }

    pub(crate) fn own<A: Adapter>(&self, key: &str) -> Option<A> {
        self.own.get(key)?.downcast_ref().cloned()
    }

    pub(crate) fn take<A: Adapter>(&self, taking: Taking<'_>, adapter: &A) {
        let Kind::Resource { isolated, .. } = taking.field.kind else { return };
        let mut found = self.found.borrow_mut();
        if found.iter().any(|known| known.key == taking.key) {
            return;
        }
        found.push(Found {
            key: taking.key,
            path: taking.path.to_owned(),
            variable: taking.variable.to_owned(),
            grammar: A::GRAMMAR,
            handle: adapter.handle().clone(),
            adapter: Box::new(adapter.clone()),
            isolator: isolated,
        });
    }
}

/// The field of a resource that is taken.
pub(crate) struct Taking<'a> {
    /// The path of the field, or the variable that several share.
    pub(crate) key: String,
    pub(crate) path: &'a str,
    pub(crate) variable: &'a str,
    pub(crate) field: &'static Field,
}

impl Found {
    /// The path of its field within the struct, such as `reports.db`.
    pub(super) fn field(&self) -> &str {
        crate::table::within(&self.path)
    }

    pub(super) fn adapter(&self) -> &Erased {
        &*self.adapter
    }

    /// Whether it is not a matter of this process alone.
    pub(super) fn is_server(&self) -> bool {
        !matches!(self.handle.scheme(), "file" | "memory" | "null" | "sqlite")
    }

    /// A text of somebody else's, without the secrets of the handle.
    pub(super) fn mask(&self, text: &str) -> String {
        self.handle.mask(text, self.grammar)
    }

    /// How a report lists that it did not become the test's own.
    pub(super) fn failure(&self, error: ClientError, elapsed: std::time::Duration) -> Failure {
        Failure::new(
            self.path.clone(),
            self.variable.clone(),
            self.grammar.name(),
            self.handle.target(self.grammar),
            self.handle.origin().cloned(),
            error.masked(|text| self.mask(text)),
            elapsed,
            1,
        )
    }
}
