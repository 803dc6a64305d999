//! What waits to be sent: lines, already assembled as the bodies of calls.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::adapters::ending::closed;
use crate::error::ClientError;

/// "You can send a maximum of 5MB per batch and up to 1MB per event."
const BATCH_LIMIT: usize = 5_000_000;
const EVENT_LIMIT: usize = 1_000_000;
/// What is worth a call before its time.
const ENOUGH: usize = 1_000_000;
const QUEUE_BYTES: usize = 64_000_000;
const QUEUE_EVENTS: u64 = 250_000;

/// One body of a call.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) lines: Vec<u8>,
    pub(super) events: u64,
}

/// A lock is held for copying one event's bytes at most, and never while code of others runs.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    dropped: AtomicU64,
    /// For the worker: there is something to send, or reason to end.
    pub(super) work: Notify,
    /// For the worker that waits for more: there is enough, or somebody waits for it.
    pub(super) hurry: Notify,
    /// For those who wait in `flush`.
    progress: Notify,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Batch>,
    /// Both include the batch that is on its way.
    bytes: usize,
    events: u64,
    /// How many events were ever queued, and how many of them are sent or dropped.
    taken: u64,
    done: u64,
    /// Up to which event somebody waits.
    wanted: u64,
    /// The last failure, and the number of the last event it was for.
    failed: Option<(u64, ClientError)>,
    /// No more events are taken.
    closed: bool,
    /// Nothing is sent any more.
    ended: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if line.len() > EVENT_LIMIT
            || state.closed
            || state.events >= QUEUE_EVENTS
            || state.bytes + line.len() >= QUEUE_BYTES
        {
            drop(state);
            return self.count_dropped(1);
        }
        let room = state.batches.back().map_or(0, |batch| BATCH_LIMIT - batch.lines.len());
        if room <= line.len() {
            state.batches.push_back(Batch::default());
        }
        let first = state.batches.len() == 1;
        let Some(batch) = state.batches.back_mut() else { return };
        let before = batch.lines.len();
        batch.lines.extend_from_slice(line);
        batch.lines.push(b'\n');
        batch.events += 1;
        let after = batch.lines.len();
        state.bytes += after - before;
        state.events += 1;
        state.taken += 1;
        drop(state);
        // Only the first of a batch and the one that makes it enough wake anybody.
        if before == 0 {
            self.work.notify_one();
        }
        if (before < ENOUGH && after >= ENOUGH) || (before == 0 && !first) {
            self.hurry.notify_one();
        }
    }

    pub(super) fn count_dropped(&self, events: u64) {
        self.dropped.fetch_add(events, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn queued(&self) -> u64 {
        self.state().events
    }

    /// What the worker does next.
    pub(super) fn next(&self) -> Next {
        let state = self.state();
        match state.batches.front() {
            _ if state.ended => Next::End,
            None if state.closed => Next::End,
            None => Next::Wait,
            Some(batch)
                if state.closed
                    || state.wanted > state.done
                    || state.batches.len() > 1
                    || batch.lines.len() >= ENOUGH =>
            {
                Next::Send
            }
            Some(_) => Next::Linger,
        }
    }

    pub(super) fn take(&self) -> Option<Batch> {
        self.state().batches.pop_front()
    }

    /// A batch that was taken is sent, or dropped for a reason.
    pub(super) fn settle(&self, events: u64, bytes: usize, outcome: Result<(), ClientError>) {
        let mut state = self.state();
        if state.ended {
            // `end` has counted it.
            return;
        }
        state.events -= events;
        state.bytes -= bytes;
        state.done += events;
        if let Err(error) = outcome {
            state.failed = Some((state.done, error));
            self.count_dropped(events);
        }
        drop(state);
        self.progress.notify_waiters();
    }

    pub(super) async fn flush(&self) -> Result<(), ClientError> {
        let (from, target) = {
            let mut state = self.state();
            state.wanted = state.wanted.max(state.taken);
            (state.done, state.taken)
        };
        self.hurry.notify_one();
        loop {
            let mut progress = pin!(self.progress.notified());
            // Counts from here on, before the look at the state.
            progress.as_mut().enable();
            {
                let state = self.state();
                if state.done >= target {
                    return match &state.failed {
                        Some((at, error)) if *at > from => Err(error.clone()),
                        _ => Ok(()),
                    };
                }
                if state.ended {
                    return Err(closed());
                }
            }
            progress.await;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Takes no more events; what is there is sent.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_one();
        self.hurry.notify_one();
    }

    /// Drops and counts what is there.
    pub(super) fn end(&self) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        (state.closed, state.ended) = (true, true);
        self.count_dropped(state.events);
        state.batches = VecDeque::new();
        (state.events, state.bytes) = (0, 0);
        drop(state);
        self.work.notify_one();
        self.hurry.notify_one();
        self.progress.notify_waiters();
    }

    pub(super) fn is_ended(&self) -> bool {
        self.state().ended
    }
}

pub(super) enum Next {
    /// There is nothing.
    Wait,
    /// There is something, and time for more.
    Linger,
    Send,
    End,
}
