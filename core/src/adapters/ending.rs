//! How waiting ends: by an answer, by a timeout, by `close`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use crate::error::ClientError;

/// Whether a client was closed.
#[derive(Default)]
pub(crate) struct Closed(AtomicBool);

impl Closed {
    pub(crate) fn close(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// An error after `close`.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        if self.is_closed() { Err(closed()) } else { Ok(()) }
    }
}

/// What a client says after `close`.
pub(crate) fn closed() -> ClientError {
    ClientError::new("the client is closed")
}

/// A ping of a server that went silent ends with an error.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(ClientError::no_answer(limit)))
}
