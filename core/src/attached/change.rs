use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::error::Error;

/// One thing that happened to the resources of a running app. `Display` and `Debug` are a line
/// without any secret.
///
/// ```
/// # use backing_services::Change;
/// fn concerns_orders(change: &Change) -> bool {
///     change.changed().iter().any(|field| field == "Services::orders")
/// }
/// ```
#[derive(Clone)]
pub struct Change {
    pub(super) generation: u64,
    pub(super) changed: Vec<String>,
    pub(super) cut: Vec<String>,
    pub(super) error: Option<Arc<Error>>,
}

impl Change {
    /// The generation of the clients after it; the first is 1.
    ///
    /// ```
    /// # use backing_services::Change;
    /// fn is_new(change: &Change, seen: u64) -> bool {
    ///     change.generation() > seen
    /// }
    /// ```
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The fields whose clients were put in place of others, came or went, such as
    /// `Services::reports.warehouse`, and the settings that have another value.
    ///
    /// ```
    /// # use backing_services::Change;
    /// fn log(change: &Change) {
    ///     println!("reattached: {}", change.changed().join(", "));
    /// }
    /// ```
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// The fields whose old clients were still in use when the drain ended, and were cut.
    ///
    /// ```
    /// # use backing_services::Change;
    /// fn was_graceful(change: &Change) -> bool {
    ///     change.cut().is_empty()
    /// }
    /// ```
    pub fn cut(&self) -> &[String] {
        &self.cut
    }

    /// Why a changed environment was not put in force: then the old clients stay.
    ///
    /// ```
    /// # use backing_services::Change;
    /// fn log(change: &Change) {
    ///     if let Some(report) = change.error() {
    ///         eprintln!("{report}");
    ///     }
    /// }
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.error.as_deref()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {}", self.generation)?;
        if !self.changed.is_empty() {
            write!(f, ", changed: {}", self.changed.join(", "))?;
        }
        if !self.cut.is_empty() {
            write!(f, ", cut: {}", self.cut.join(", "))?;
        }
        match &self.error {
            Some(error) => write!(f, ", not in force: {error}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The changes of the resources from now on.
#[derive(Debug)]
pub struct Changes(pub(super) Receiver<Change>);

impl Changes {
    /// The next one; `None` after the shutdown. Who is late by more than 64 misses the oldest.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # async fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// let mut changes = services.changes();
    /// while let Some(change) = changes.next().await {
    ///     println!("{change}");
    /// }
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            match self.0.recv().await {
                Ok(change) => return Some(change),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
