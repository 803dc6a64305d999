//! Asking the resources whether they answer: all at the same time, not too often, one check for
//! all who ask.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::answer::Status;
use crate::attached::message::{self, Message};
use crate::error::{ClientError, FailureKind};
use crate::generated::held::{Client, Held};
use crate::manifest::Manifest;
use crate::table;

pub(super) const STOPPING: &str = "shutting down";
pub(super) const DIFFERS: &str = "the environment says something else than what is attached; the log says why \
                       it is not in force";

/// For all pings of one check.
const LIMIT: Duration = Duration::from_secs(2);
/// How long a result counts.
const KEPT: Duration = Duration::from_secs(5);
/// How long that of another company's API or of mail counts: calls are counted there, or paid for.
const KEPT_ELSEWHERE: Duration = Duration::from_secs(30);

/// What health asks of a running app, whatever its struct.
pub(in crate::attached) trait App: Send + Sync {
    fn now(&self) -> Now;
    fn manifest(&self) -> Manifest;
}

/// A running app at one moment.
pub(in crate::attached) struct Now {
    pub(in crate::attached) held: Vec<Held>,
    pub(in crate::attached) generation: u64,
    pub(in crate::attached) is_stopping: bool,
    /// Whether the environment says something else than what is attached.
    pub(in crate::attached) differs: bool,
}

pub(super) struct Checks {
    app: Arc<dyn App>,
    /// That of the watch; a sender of its own would keep it alive.
    inbox: mpsc::WeakSender<Message>,
    /// That of the app. Who asks may have a runtime of its own that ends before the check.
    runtime: runtime::Handle,
    /// How many failures in a row make the app not ready.
    failures: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Vec<Known>,
    is_running: bool,
}

/// What is known of one client. One of which nothing is known has just been connected, and has
/// proven then that it answers.
struct Known {
    client: Weak<dyn Client>,
    due: Instant,
    /// How many checks have failed in a row.
    failures: u32,
    last: Last,
}

/// What the last check came to.
#[derive(Clone)]
pub(super) struct Last {
    outcome: Outcome,
    pub(super) at: Instant,
    pub(super) latency: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answered,
    /// Its pool has no connection to spare: it was not asked, or did not answer in time.
    Full,
    Failed(FailureKind),
}

/// All that is known.
pub(super) struct Report {
    pub(super) status: Status,
    pub(super) generation: u64,
    pub(super) is_stopping: bool,
    pub(super) differs: bool,
    pub(super) rows: Vec<Row>,
}

/// One resource.
pub(super) struct Row {
    pub(super) held: Held,
    pub(super) status: Status,
    pub(super) last: Option<Last>,
    pub(super) cause: Option<&'static str>,
}

impl Row {
    /// The field, without the struct: `reports.db`.
    pub(super) fn name(&self) -> &str {
        table::within(&self.held.field)
    }
}

impl Checks {
    pub(super) fn new(app: Arc<dyn App>, inbox: mpsc::WeakSender<Message>, failures: u32) -> Self {
        let runtime = runtime::Handle::current();
        Self { app, inbox, runtime, failures, state: Mutex::default() }
    }

    pub(super) fn manifest(&self) -> Manifest {
        self.app.manifest()
    }

    /// Nothing panics while the lock is held, so that what it guards is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a check of what is due, unless one is running already. It goes on without who has
    /// begun it.
    pub(super) fn begin(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        let Now { mut held, is_stopping, .. } = self.app.now();
        let mut state = self.state();
        if is_stopping || state.is_running {
            return None;
        }
        state.known.retain(|known| held.iter().any(|held| known.is_of(held)));
        let now = Instant::now();
        held.retain(|held| state.of(held).is_none_or(|known| known.due <= now));
        if held.is_empty() {
            return None;
        }
        state.is_running = true;
        drop(state);
        // Made here: a runtime that is shutting down drops the task without having begun it.
        let running = Running(Arc::clone(self));
        Some(self.runtime.spawn(async move { running.0.run(held).await }))
    }

    async fn run(&self, held: Vec<Held>) {
        let end = Instant::now() + LIMIT;
        let mut checks = JoinSet::new();
        for held in held {
            checks.spawn(async move {
                let started = Instant::now();
                let result = check(&*held.client, end).await;
                let last = Last {
                    outcome: Outcome::Answered,
                    at: Instant::now(),
                    latency: started.elapsed(),
                };
                (held, last, result)
            });
        }
        let mut is_refused = false;
        while let Some(done) = checks.join_next().await {
            // A ping that panics is a failure; only a runtime that shuts down loses a check.
            let Ok((held, last, result)) = done else { continue };
            let last = match result {
                Ok(outcome) => Last { outcome, ..last },
                Err(error) => {
                    is_refused |= error.kind() == FailureKind::Authentication;
                    self.tell(&held, &error);
                    Last { outcome: Outcome::Failed(error.kind()), ..last }
                }
            };
            self.put(&held, last);
        }
        // A credential that was valid may have been rotated. Checks are paced, and so is this.
        if is_refused && let Some(inbox) = self.inbox.upgrade() {
            message::look(&inbox);
        }
    }

    /// Says once in the log that a resource has failed, and once that this makes the app not ready.
    fn tell(&self, held: &Held, error: &ClientError) {
        let before = self.state().of(held).map_or(0, |known| known.failures);
        let (field, variable) = (&held.field, &held.variable);
        if held.is_required && before + 1 == self.failures {
            tracing::error!(field, variable, %error, "not ready: a required resource has failed");
        } else if before == 0 {
            tracing::warn!(field, variable, %error, "a resource does not answer");
        }
    }

    fn put(&self, held: &Held, last: Last) {
        let is_elsewhere = held.grammar.of_scheme(held.key.handle().scheme()).is_elsewhere();
        let due = last.at + if is_elsewhere { KEPT_ELSEWHERE } else { KEPT };
        let mut state = self.state();
        let before = state.of(held).map_or(0, |known| known.failures);
        let failures = match last.outcome {
            Outcome::Answered => 0,
            Outcome::Full => before,
            Outcome::Failed(_) => before.saturating_add(1),
        };
        state.known.retain(|known| !known.is_of(held));
        state.known.push(Known { client: Arc::downgrade(&held.client), due, failures, last });
        drop(state);
        if before > 0 && failures == 0 {
            tracing::info!(
                field = held.field,
                variable = held.variable,
                "a resource answers again"
            );
        }
    }

    /// What is known now.
    pub(super) fn report(&self) -> Report {
        let Now { held, generation, is_stopping, differs } = self.app.now();
        let state = self.state();
        let rows: Vec<_> = held.into_iter().map(|held| self.row(held, &state)).collect();
        let worst = rows.iter().map(|row| row.status).max().unwrap_or(Status::Pass);
        let status = match worst {
            _ if is_stopping => Status::Fail,
            Status::Pass if differs => Status::Warn,
            worst => worst,
        };
        Report { status, generation, is_stopping, differs, rows }
    }

    fn row(&self, held: Held, state: &State) -> Row {
        let Some(Known { failures, last, .. }) = state.of(&held) else {
            return Row { held, status: Status::Pass, last: None, cause: None };
        };
        let status = match (failures, last.outcome) {
            (failures, _) if held.is_required && *failures >= self.failures => Status::Fail,
            (0, Outcome::Answered) => Status::Pass,
            _ => Status::Warn,
        };
        let cause = match last.outcome {
            Outcome::Answered => None,
            Outcome::Full => Some("the pool has no connection to spare"),
            Outcome::Failed(kind) => Some(kind.description()),
        };
        Row { held, status, last: Some(last.clone()), cause }
    }
}

impl State {
    fn of(&self, held: &Held) -> Option<&Known> {
        self.known.iter().find(|known| known.is_of(held))
    }
}

impl Known {
    fn is_of(&self, held: &Held) -> bool {
        std::ptr::addr_eq(self.client.as_ptr(), Arc::as_ptr(&held.client))
    }
}

/// One check; the next may begin when it is dropped, however it ends.
struct Running(Arc<Checks>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().is_running = false;
    }
}

/// Asks one client. Connections of a pool are busy with the app's work: that none is left for a
/// check is no failure.
async fn check(client: &dyn Client, end: Instant) -> Result<Outcome, ClientError> {
    if client.is_busy() {
        return Ok(Outcome::Full);
    }
    let error = match timeout_at(end, client.ping()).await {
        Ok(Ok(())) => return Ok(Outcome::Answered),
        Ok(Err(error)) => error,
        Err(_) => ClientError::no_answer(LIMIT),
    };
    if client.is_busy() { Ok(Outcome::Full) } else { Err(error) }
}
