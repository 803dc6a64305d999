//! Resources that several fields share: each is connected, asked and closed once.

use std::any::{Any, TypeId};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::adapter::{Adapter, Connect};
use crate::error::Failures;

/// What the shared fields of one call have come to so far.
#[derive(Default)]
pub(super) struct Once(Mutex<Vec<Entry>>);

/// One resource: its variable, its adapter, and where its client is put.
struct Entry {
    variable: &'static str,
    adapter: TypeId,
    slot: Arc<dyn Any + Send + Sync>,
}

impl Once {
    /// The place of a resource's client, and whether this field is the first that asks for it: the
    /// one that has to put something there.
    pub(super) fn slot<A: Adapter + Connect>(
        &self,
        variable: &'static str,
    ) -> (Arc<Slot<A::Client>>, bool) {
        let mut entries = lock(&self.0);
        let adapter = TypeId::of::<A>();
        let known = entries.iter().find(|it| it.variable == variable && it.adapter == adapter);
        // The adapter says what its client is, so that a known entry is always of this type.
        if let Some(slot) = known.and_then(|it| Arc::clone(&it.slot).downcast().ok()) {
            return (slot, false);
        }
        let slot = Arc::new(Slot(Mutex::new(State::Awaited(Vec::new()))));
        entries.push(Entry { variable, adapter, slot: Arc::clone(&slot) as _ });
        (slot, true)
    }
}

/// Where the first field puts the client for the others.
pub(super) struct Slot<C>(Mutex<State<C>>);

enum State<C> {
    /// Nothing yet, and who waits for it.
    Awaited(Vec<Waker>),
    /// The client, or why there is none.
    Done(Result<C, Failures>),
}

impl<C: Clone> Slot<C> {
    pub(super) fn put(&self, result: Result<C, Failures>) {
        let state = std::mem::replace(&mut *lock(&self.0), State::Done(result));
        if let State::Awaited(waiting) = state {
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Waits for the client, or why there is none.
    pub(super) async fn get(&self) -> Result<C, Failures> {
        poll_fn(|context| match &mut *lock(&self.0) {
            State::Done(result) => Poll::Ready(result.clone()),
            State::Awaited(waiting) => {
                waiting.push(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}

/// Nothing panics while a lock is held, so that what it guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
