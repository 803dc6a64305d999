//! What all fields of one call share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

#[cfg(feature = "attached")]
use super::held::{Stock, Taken};
use super::once::Once;
use crate::error::{Failure, Failures};
#[cfg(feature = "cli")]
use {
    crate::adapter::grammar::Grammar,
    crate::concurrent::Work,
    crate::handle::Handle,
    crate::table::{Field, Table},
    std::sync::Arc,
    std::time::Duration,
};

/// One call that connects, pings or closes the resources of a struct: what its fields share.
#[derive(Default)]
pub(crate) struct Call {
    /// How many resources were to be connected: a detached one is not counted, and one that several
    /// fields share is counted once.
    tried: AtomicUsize,
    pub(super) once: Once,
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
    pub(super) stock: Option<Stock>,
    /// The resources that it comes across, where they are to be listed and not connected.
    #[cfg(feature = "cli")]
    pub(super) list: Option<List>,
}

impl Call {
    /// A call that gives every field a result of its own.
    pub(super) fn each() -> Self {
        Self { each: true, ..Self::default() }
    }

    /// A call that connects nothing and lists what is attached.
    #[cfg(feature = "cli")]
    pub(super) fn listing() -> Self {
        Self { list: Some(List::default()), ..Self::default() }
    }

    /// What such a call has come across.
    #[cfg(feature = "cli")]
    pub(super) fn into_listed(self) -> Vec<Listed> {
        self.list.map(List::into_listed).unwrap_or_default()
    }

    pub(super) fn count(&self) {
        self.tried.fetch_add(1, Ordering::Relaxed);
    }

    /// How many resources were to be connected.
    pub(crate) fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    /// A call that takes over what a running app holds.
    #[cfg(feature = "attached")]
    pub(crate) fn with_stock(stock: Stock) -> Self {
        Self { stock: Some(stock), ..Self::default() }
    }

    /// What the app holds after the call.
    #[cfg(feature = "attached")]
    pub(crate) fn into_taken(self) -> Taken {
        self.stock.map(Stock::into_taken).unwrap_or_default()
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

/// One resource that is attached.
#[cfg(feature = "cli")]
pub(crate) struct Listed {
    pub(super) root: &'static Table,
    /// What goes before the variables of the struct that it stands in.
    pub(super) prefix: &'static str,
    /// The field, whose name is its path within the root: `reports.db`.
    pub(super) field: &'static Field,
    pub(super) handle: Handle,
    pub(super) grammar: &'static Grammar,
    /// Whether its own client connects; else a connection of TCP is all that is tried.
    pub(super) by_client: bool,
    pub(super) connect: Box<Connector>,
}

/// Connects a resource for a call.
#[cfg(feature = "cli")]
pub(super) type Connector =
    dyn Fn(Arc<Call>) -> Work<'static, Result<Answer, Failures>> + Send + Sync;

/// A resource that has answered.
#[cfg(feature = "cli")]
pub(crate) struct Answer {
    /// Until it was connected and proven.
    pub(crate) elapsed: Duration,
    /// The server's version, where its protocol tells it.
    pub(crate) version: Option<String>,
}

/// What a call that lists has come across.
#[cfg(feature = "cli")]
#[derive(Default)]
pub(super) struct List(Mutex<Vec<Listed>>);

#[cfg(feature = "cli")]
impl List {
    pub(super) fn add(&self, listed: Listed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(listed);
    }

    fn into_listed(self) -> Vec<Listed> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
