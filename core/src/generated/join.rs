use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Failures;
use crate::backing::BackingServices;
use crate::error::ConnectError;

/// A future beside its result, so that several of different types can run at the same time.
pub struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = Result<T, Failures>> + Send + 'a>>,
    output: Option<Result<T, Failures>>,
}

impl<'a, T> Task<'a, T> {
    pub fn new(future: impl Future<Output = Result<T, Failures>> + Send + 'a) -> Self {
        Self { future: Box::pin(future), output: None }
    }

    /// The client of a field after a `run`.
    ///
    /// # Errors
    ///
    /// It did not connect.
    pub fn result<S: BackingServices>(self) -> Result<T, ConnectError> {
        let output = self.output.unwrap_or_else(|| Err(Failures::new()));
        output.map_err(|failures| ConnectError::new(S::TABLE, 0, failures))
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

    /// Moves what failed to `all`.
    fn fail(&mut self, all: &mut Failures);
}

/// What a field came to, whatever its type.
pub trait Outcome {
    /// Moves what failed to `all`.
    fn fail(&mut self, all: &mut Failures);
}

impl<T> Outcome for Result<T, ConnectError> {
    fn fail(&mut self, all: &mut Failures) {
        if let Err(error) = self {
            all.append(error.failures_mut());
        }
    }
}

/// What of a field's report its struct's report takes over.
pub fn into_failures(error: ConnectError) -> Failures {
    error.into_failures()
}

/// The failures of all fields.
///
/// # Errors
///
/// There are some.
pub fn failed(results: &mut [&mut dyn Outcome]) -> Result<(), Failures> {
    let mut failures = Failures::new();
    for result in results {
        result.fail(&mut failures);
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
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
pub async fn run(tasks: &mut [&mut dyn Run]) {
    poll_fn(|context| {
        // Every one each time: a task that is done does nothing.
        let mut done = true;
        for task in tasks.iter_mut() {
            done &= task.poll(context);
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Runs all tasks to their end at the same time, also after one has failed.
///
/// # Errors
///
/// The failures of all.
pub async fn join(tasks: &mut [&mut dyn Run]) -> Result<(), Failures> {
    run(tasks).await;
    let mut failures = Failures::new();
    for task in tasks {
        task.fail(&mut failures);
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}
