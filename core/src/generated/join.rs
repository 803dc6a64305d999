use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Failures;

/// A future beside its result, so that several of different types can run at the same time.
pub struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = Result<T, Failures>> + Send + 'a>>,
    output: Option<Result<T, Failures>>,
}

impl<'a, T> Task<'a, T> {
    pub fn new(future: impl Future<Output = Result<T, Failures>> + Send + 'a) -> Self {
        Self { future: Box::pin(future), output: None }
    }

    /// The client. After a `join` that failed nowhere there is one.
    ///
    /// # Errors
    ///
    /// Nothing that `join` has not reported.
    pub fn client(self) -> Result<T, Failures> {
        self.output.unwrap_or_else(|| Err(Failures::new()))
    }
}

impl<'a> Task<'a, ()> {
    /// A future that only ends.
    pub fn ending(future: impl Future<Output = ()> + Send + 'a) -> Self {
        Self::new(async move {
            future.await;
            Ok(())
        })
    }
}

pub trait Run: Send {
    /// Whether it is done.
    fn poll(&mut self, context: &mut Context<'_>) -> bool;

    /// Moves what did not connect to `all`.
    fn fail(&mut self, all: &mut Failures);
}

impl<T: Send> Run for Task<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if self.output.is_none()
            && let Poll::Ready(output) = self.future.as_mut().poll(context)
        {
            self.output = Some(output);
        }
        self.output.is_some()
    }

    fn fail(&mut self, all: &mut Failures) {
        if let Some(Err(failures)) = &mut self.output {
            all.append(failures);
        }
    }
}

/// Runs all tasks to their end at the same time, also after one has failed.
///
/// # Errors
///
/// The failures of all.
pub async fn join(tasks: &mut [&mut dyn Run]) -> Result<(), Failures> {
    poll_fn(|context| {
        // Every one each time: a task that is done does nothing.
        let mut done = true;
        for task in tasks.iter_mut() {
            done &= task.poll(context);
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let mut failures = Failures::new();
    for task in tasks {
        task.fail(&mut failures);
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}
