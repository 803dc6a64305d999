use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Failures;

/// A future beside its result, so that several of different types can run at the same time.
pub struct Task<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    output: Option<T>,
}

impl<'a, T> Task<'a, T> {
    pub fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self { future: Box::pin(future), output: None }
    }
}

impl<T> Task<'_, Result<T, Failures>> {
    /// The client, once `join` is done; else its failures join the others.
    pub fn settle(self, failures: &mut Failures) -> Option<T> {
        match self.output? {
            Ok(client) => Some(client),
            Err(failed) => {
                failures.extend(failed);
                None
            }
        }
    }
}

pub trait Poller: Send {
    /// Whether it is done.
    fn poll(&mut self, context: &mut Context<'_>) -> bool;
}

impl<T: Send> Poller for Task<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if self.output.is_none()
            && let Poll::Ready(output) = self.future.as_mut().poll(context)
        {
            self.output = Some(output);
        }
        self.output.is_some()
    }
}

/// Runs all tasks to their end at the same time.
pub async fn join(tasks: &mut [&mut dyn Poller]) {
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
