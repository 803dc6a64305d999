//! What a driver does, apart from who waits for it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;

use crate::error::ClientError;

/// A task that ends with who waits for it.
struct Apart<T>(JoinHandle<T>);

impl<T> Drop for Apart<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for Apart<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

/// Runs what a driver does in a task of its own.
pub(super) async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, ClientError>> + Send + 'static,
) -> Result<T, ClientError> {
    match Apart(tokio::spawn(work.in_current_span())).await {
        Ok(result) => result,
        // What it panicked with may hold anything; the panic hook has shown it.
        Err(error) if error.is_panic() => Err(ClientError::new("the driver panicked")
            .with_help("the place stands in what the app wrote to its standard error")),
        Err(_) => Err(ClientError::new("the runtime is shutting down")),
    }
}
