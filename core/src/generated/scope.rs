//! Where in a tree of nested structs a field stands, and what all fields of one call share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::once::{Once, Slot};
use super::{Failures, Field, Kind};
use crate::adapter::{Adapter, Connect};
use crate::backing::BackingServices;
use crate::error::{ClientError, ConnectError, Failure};
use crate::handle::{Handle, Origin};

/// One call that connects, pings or closes the resources of a struct: what its fields share.
#[derive(Default)]
pub struct Call {
    /// How many resources were to be connected: a detached one is not counted, and one that several
    /// fields share is counted once.
    tried: AtomicUsize,
    once: Once,
    /// Whether every field of a shared resource reports its failure, not the first alone.
    each: bool,
    /// Until when servers that are not there yet are waited for.
    until: Option<Instant>,
    /// Whether a resource failed in a way that no waiting mends.
    hopeless: AtomicBool,
    /// The last failure of each resource that is waited for.
    missing: Mutex<Failures>,
    /// What a running app holds.
    #[cfg(feature = "attached")]
    pub(super) stock: Option<super::held::Stock>,
    /// The resources that it comes across, where they are to be listed and not connected.
    #[cfg(feature = "cli")]
    pub(super) list: Option<super::listed::List>,
}

impl Call {
    /// A call that gives every field a result of its own.
    pub(super) fn each() -> Self {
        Self { each: true, ..Self::default() }
    }

    /// A call that connects nothing and lists what is attached.
    #[cfg(feature = "cli")]
    pub(super) fn listing() -> Self {
        Self { list: Some(super::listed::List::default()), ..Self::default() }
    }

    /// What such a call has come across.
    #[cfg(feature = "cli")]
    pub(super) fn into_listed(self) -> Vec<super::listed::Listed> {
        self.list.map(super::listed::List::into_listed).unwrap_or_default()
    }

    /// How many resources were to be connected.
    #[cfg(feature = "cli")]
    pub(crate) fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    /// A call that takes over what a running app holds.
    #[cfg(feature = "attached")]
    pub(crate) fn with_stock(stock: super::held::Stock) -> Self {
        Self { stock: Some(stock), ..Self::default() }
    }

    /// What the app holds after the call.
    #[cfg(feature = "attached")]
    pub(crate) fn into_taken(self) -> super::held::Taken {
        self.stock.map(super::held::Stock::into_taken).unwrap_or_default()
    }

    /// Whether the failures of an optional resource are no failures of the whole.
    #[cfg(feature = "attached")]
    pub(super) fn forgives(&self, failures: &Failures) -> bool {
        self.stock.as_ref().is_some_and(|stock| stock.forgive(failures))
    }

    /// A call that waits for servers that are not there yet.
    pub(crate) fn until(until: Instant) -> Self {
        Self { until: Some(until), ..Self::default() }
    }

    /// Until when a server that is not there yet is waited for; not at all once another resource
    /// has failed for good, because the whole call fails then.
    pub(super) fn patience(&self) -> Option<Instant> {
        self.until.filter(|_| !self.hopeless.load(Ordering::Relaxed))
    }

    /// A resource has failed in a way that no waiting mends.
    pub(super) fn give_up(&self) {
        self.hopeless.store(true, Ordering::Relaxed);
    }

    /// The resources that are waited for, each with its last failure.
    pub(crate) fn missing(&self) -> MutexGuard<'_, Failures> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a resource on the list of those that are waited for, or renews why.
    pub(super) fn misses(&self, failure: Failure) {
        let mut missing = self.missing();
        match missing.iter_mut().find(|known| known.field() == failure.field()) {
            Some(known) => *known = failure,
            None => missing.push(failure),
        }
    }

    /// Takes a resource off the list of those that are waited for.
    pub(super) fn found(&self, field: &str) {
        self.missing().retain(|failure| failure.field() != field);
    }

    pub(super) fn is_each(&self) -> bool {
        self.each
    }
}

/// Where in a tree of nested structs a field stands; turned into text only where it is shown.
pub struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    name: &'static str,
    prefix: &'static str,
    /// The root's.
    #[cfg(feature = "cli")]
    table: &'static super::Table,
    /// Whether it is that of an optional nested struct, or within one.
    #[cfg(feature = "attached")]
    optional: bool,
    pub(super) call: &'a Call,
}

impl<'a> Scope<'a> {
    pub(super) fn root<S: BackingServices>(call: &'a Call) -> Self {
        Self {
            parent: None,
            name: S::TABLE.name,
            prefix: "",
            #[cfg(feature = "cli")]
            table: S::TABLE,
            #[cfg(feature = "attached")]
            optional: false,
            call,
        }
    }

    /// The scope of fields whose paths within the root are their names.
    #[cfg(feature = "cli")]
    pub(super) fn of(root: &'static super::Table, prefix: &'static str, call: &'a Call) -> Self {
        Self {
            parent: None,
            name: root.name,
            prefix,
            #[cfg(feature = "cli")]
            table: root,
            #[cfg(feature = "attached")]
            optional: false,
            call,
        }
    }

    /// The root, the nested structs with a dot behind each, and what goes before the variables.
    #[cfg(feature = "cli")]
    pub(super) fn place(&self) -> (&'static super::Table, String, String) {
        match self.parent {
            None => (self.table, String::new(), self.prefix.to_owned()),
            Some(parent) => {
                let (root, outer, prefix) = parent.place();
                (root, format!("{outer}{}.", self.name), format!("{prefix}{}", self.prefix))
            }
        }
    }

    /// The scope of a nested field.
    #[must_use]
    pub fn nested(&'a self, field: &'static Field) -> Scope<'a> {
        let prefix = match field.kind {
            Kind::Nested { prefix, .. } => prefix,
            Kind::Resource { .. } | Kind::Setting { .. } | Kind::Flatten { .. } => "",
        };
        Scope {
            parent: Some(self),
            name: field.name,
            prefix,
            #[cfg(feature = "cli")]
            table: self.table,
            #[cfg(feature = "attached")]
            optional: self.optional || matches!(field.kind, Kind::Nested { optional: true, .. }),
            call: self.call,
        }
    }

    pub(super) fn count(&self) {
        self.call.tried.fetch_add(1, Ordering::Relaxed);
    }

    /// The report of a struct whose resources were tried.
    pub(super) fn report<S: BackingServices>(&self, failures: Failures) -> ConnectError {
        ConnectError::new(S::TABLE, self.call.tried.load(Ordering::Relaxed), failures)
    }

    /// The place of a shared resource's client, and whether this field is the first to ask for it.
    pub(super) fn slot<A: Adapter + Connect>(
        &self,
        variable: &'static str,
    ) -> (Arc<Slot<A::Client>>, bool) {
        self.call.once.slot::<A>(variable)
    }

    /// Whether the resource of a field is not one that an earlier field has pinged or closed
    /// already.
    pub(super) fn is_first<A: Adapter + Connect>(&self, field: &Field) -> bool {
        field.shared_variable().is_none_or(|variable| self.slot::<A>(variable).1)
    }

    /// The path of a field, such as `Services::reports.warehouse`.
    pub(super) fn path(&self, field: &str) -> String {
        match self.parent {
            Some(parent) => parent.path(&format!("{}.{field}", self.name)),
            None => format!("{}::{field}", self.name),
        }
    }

    #[cfg(feature = "attached")]
    pub(super) fn is_optional(&self) -> bool {
        self.optional
    }

    /// The variable that the handle of a field came from, else the one it would come from.
    pub(super) fn variable(&self, field: &Field, origin: Option<&Origin>) -> String {
        if let Some(variable) = origin.and_then(Origin::variable) {
            return variable.to_owned();
        }
        let mut name = field.variable().to_owned();
        if field.shared_variable().is_none() {
            let mut scope = Some(self);
            while let Some(Scope { parent, prefix, .. }) = scope {
                name.insert_str(0, prefix);
                scope = *parent;
            }
        }
        name
    }

    pub(super) fn failure<A: Adapter>(
        &self,
        field: &Field,
        handle: Option<&Handle>,
        masked: ClientError,
        elapsed: Duration,
        attempts: u32,
    ) -> Failure {
        let origin = handle.and_then(Handle::origin).cloned();
        Failure::new(
            self.path(field.name),
            self.variable(field, origin.as_ref()),
            A::GRAMMAR.name(),
            handle.map(|handle| handle.target(A::GRAMMAR)).unwrap_or_default(),
            origin,
            masked,
            elapsed,
            attempts,
        )
    }
}
