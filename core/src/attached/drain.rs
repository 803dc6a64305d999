//! Old clients, until they are closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::generated::after;
use crate::generated::held::Held;

/// How often it is looked whether the last user is done.
const LOOK: Duration = Duration::from_millis(50);
/// How long closing may take after the last user is done, or after the cut.
const CLOSE: Duration = Duration::from_secs(5);

/// The clients that one swap replaced.
pub(super) struct Drain {
    must_end: Arc<(AtomicBool, Notify)>,
    task: JoinHandle<()>,
}

impl Drain {
    /// Closes the clients once `is_in_use` says no, or after `longest`. `done` gets the fields of
    /// those that were cut.
    pub(super) fn start(
        held: Vec<Held>,
        longest: Duration,
        is_in_use: impl Fn() -> bool + Send + 'static,
        done: impl FnOnce(Vec<String>) + Send + 'static,
    ) -> Self {
        let must_end = Arc::new((AtomicBool::new(false), Notify::new()));
        let cut = Arc::clone(&must_end);
        let task = tokio::spawn(async move {
            let end = after(Instant::now(), longest);
            let mut was_cut = false;
            while is_in_use() {
                was_cut = Instant::now() >= end || cut.0.load(Ordering::Acquire);
                if was_cut {
                    break;
                }
                let _ = timeout_at(Instant::now() + LOOK, cut.1.notified()).await;
            }
            let fields = held.iter().map(|held| held.field.clone()).collect();
            let late = close(held, Instant::now() + CLOSE).await;
            done(if was_cut { fields } else { late });
        });
        Self { must_end, task }
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits for no user any more.
    pub(super) fn cut(&self) {
        self.must_end.0.store(true, Ordering::Release);
        self.must_end.1.notify_one();
    }

    /// Waits until the clients are closed.
    pub(super) async fn ended(self, end: Instant) {
        let abort = self.task.abort_handle();
        if timeout_at(end, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Closes clients at the same time. The fields of those that did not end in time; they are dropped.
pub(super) async fn close(held: Vec<Held>, end: Instant) -> Vec<String> {
    let mut closing = JoinSet::new();
    let mut late: Vec<_> = held.iter().map(|held| held.field.clone()).collect();
    for Held { field, client, .. } in held {
        closing.spawn(async move {
            client.close().await;
            field
        });
    }
    while let Ok(Some(ended)) = timeout_at(end, closing.join_next()).await {
        // One that panics while it is closed is gone, and stays in the list.
        if let Ok(field) = ended {
            late.retain(|other| *other != field);
        }
    }
    late
}
