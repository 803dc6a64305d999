//! A client in use while its server comes and goes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

const LIMIT: Duration = Duration::from_secs(30);

/// Tasks that write one thing after another until they are told to stop, whatever fails in between.
pub(crate) struct InUse<T> {
    shared: Arc<Shared<T>>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared<T> {
    acknowledged: Mutex<Vec<T>>,
    failures: AtomicUsize,
    stop: AtomicBool,
}

impl<T: Send + 'static> InUse<T> {
    /// `write` is given a name that no other write has.
    pub(crate) fn start<F>(write: impl Fn(String) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Result<T, String>> + Send,
    {
        let shared = Arc::new(Shared {
            acknowledged: Mutex::new(Vec::new()),
            failures: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let task = |task: usize| {
            let (shared, write) = (Arc::clone(&shared), write.clone());
            async move {
                for n in 0.. {
                    if shared.stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Ok(done) = write(format!("t{task}-{n}")).await {
                        shared.acknowledged.lock().unwrap().push(done);
                    } else {
                        shared.failures.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        };
        let tasks = (0..4).map(|n| tokio::spawn(task(n))).collect();
        Self { shared, tasks }
    }

    /// Returns when so many more were acknowledged.
    pub(crate) async fn goes_on(&self, by: usize) {
        let count = || self.shared.acknowledged.lock().unwrap().len();
        let (start, target) = (Instant::now(), count() + by);
        while count() < target {
            assert!(start.elapsed() < LIMIT, "nothing is acknowledged any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// All that was acknowledged. Some writes must have failed, or the server was not missed.
    pub(crate) async fn end(self) -> Vec<T> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        assert!(self.shared.failures.load(Ordering::Relaxed) > 0, "the server was not missed");
        std::mem::take(&mut *self.shared.acknowledged.lock().unwrap())
    }
}
