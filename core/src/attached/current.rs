//! The clients that are in force, and how each request comes by them.

use std::cell::RefCell;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use thread_local::ThreadLocal;

/// One `Arc` that is replaced now and then, and cloned all the time.
///
/// A lock would cost a request as much again as the clone. So each thread remembers the last clone,
/// weakly, so that a thread that sleeps keeps no old client alive.
pub(super) struct Current<T: Send + Sync> {
    now: RwLock<Arc<T>>,
    /// How often it was replaced.
    version: AtomicU64,
    seen: ThreadLocal<RefCell<(u64, Weak<T>)>>,
}

impl<T: Send + Sync> Current<T> {
    pub(super) fn new(now: T) -> Self {
        Self {
            now: RwLock::new(Arc::new(now)),
            version: AtomicU64::new(0),
            seen: ThreadLocal::new(),
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Arc<T> {
        // Before the lock: what is remembered is of this version, or newer and looked up again.
        let version = self.version.load(Ordering::Acquire);
        if let Some(seen) = self.seen.get()
            && let (remembered, now) = &*seen.borrow()
            && *remembered == version
            && let Some(now) = now.upgrade()
        {
            return now;
        }
        self.remember(version)
    }

    #[cold]
    fn remember(&self, version: u64) -> Arc<T> {
        let now = Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner));
        *self.seen.get_or_default().borrow_mut() = (version, Arc::downgrade(&now));
        now
    }

    /// Puts another in its place and gives what was there.
    pub(super) fn replace(&self, next: T) -> Arc<T> {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *now, Arc::new(next));
        self.version.fetch_add(1, Ordering::Release);
        before
    }

    /// Whether somebody else holds what is in force.
    pub(super) fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.now.read().unwrap_or_else(PoisonError::into_inner)) > 1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    #[test]
    fn what_was_replaced_is_not_seen_again() {
        let current = Current::new(0_u64);
        assert!(!current.is_in_use());
        for round in 1..=3 {
            let held = [current.get(), current.get()];
            assert!(current.is_in_use());
            assert!(held.iter().all(|held| **held == round - 1));
            let before = current.replace(round);
            drop(held);
            assert_eq!(Arc::strong_count(&before), 1, "no thread holds it");
            assert_eq!(*current.get(), round);
        }
    }

    #[test]
    fn each_thread_sees_the_replacement_that_another_tells_it_of() {
        let (current, told, done) =
            (Current::new(0_u64), AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let least = told.load(Ordering::Acquire);
                        assert!(*current.get() >= least);
                    }
                });
            }
            for round in 1..20_000 {
                current.replace(round);
                told.store(round, Ordering::Release);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}
