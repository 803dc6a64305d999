//! The one who sends what is queued, batch by batch.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use tokio::time::{sleep, timeout};

use super::queue::{Batch, Next, Queue};
use crate::adapters::http_client::{cause, refused, retry_after};
use crate::backoff::Backoff;
use crate::error::ClientError;
use crate::secret::Secret;

/// How long the first event of a batch waits for others.
const LINGER: Duration = Duration::from_secs(1);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(30));
/// The longest pause that is believed of a `Retry-After`.
const BELIEVED_PAUSE: Duration = Duration::from_mins(1);
/// How long one batch is tried.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) struct Endpoint {
    pub(super) http: Client,
    pub(super) url: Secret,
    /// Without the token.
    pub(super) shown: String,
}

impl Endpoint {
    pub(super) fn post(&self, lines: Vec<u8>) -> Result<RequestBuilder, ClientError> {
        let url = reqwest::Url::parse(self.url.expose()).map_err(ClientError::caused_by)?;
        Ok(self.http.post(url).header(CONTENT_TYPE, "text/plain").body(lines))
    }
}

/// Counts what is left if the worker ends before its time.
struct Ends(Arc<Queue>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

pub(super) async fn run(queue: Arc<Queue>, endpoint: Arc<Endpoint>) {
    let _ends = Ends(Arc::clone(&queue));
    loop {
        match queue.next() {
            Next::Wait => queue.work.notified().await,
            Next::Linger => {
                // Enough or not: what is there goes now.
                let _ = timeout(LINGER, queue.hurry.notified()).await;
                deliver(&queue, &endpoint).await;
            }
            Next::Send => deliver(&queue, &endpoint).await,
            Next::End => return,
        }
    }
}

async fn deliver(queue: &Queue, endpoint: &Endpoint) {
    let Some(Batch { lines, events }) = queue.take() else { return };
    let bytes = lines.len();
    let (mut trying, mut ended) = (pin!(try_for_long(endpoint, lines)), pin!(ended(queue)));
    let outcome = poll_fn(|context| match trying.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => ended.as_mut().poll(context).map(|()| None),
    });
    if let Some(outcome) = outcome.await {
        queue.settle(events, bytes, outcome);
    }
}

async fn ended(queue: &Queue) {
    while !queue.is_ended() {
        queue.work.notified().await;
    }
}

async fn try_for_long(endpoint: &Endpoint, lines: Vec<u8>) -> Result<(), ClientError> {
    let started = Instant::now();
    let mut backoff = BACKOFF;
    let request = endpoint.post(lines)?.build().map_err(|error| cause(&error))?;
    loop {
        // A body of bytes is shared, not copied.
        let again = request.try_clone().ok_or_else(|| ClientError::new("the call failed"))?;
        let (error, wait) = match endpoint.http.execute(again).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let error = refused(answer.status());
                if !(error.is_transient() || answer.status().as_u16() == 408) {
                    return Err(error);
                }
                let wait = retry_after(answer.status(), answer.headers(), SystemTime::now());
                (error, wait.map(|wait| wait.min(BELIEVED_PAUSE)))
            }
            // Whatever it is, the network or the service may be right again.
            Err(error) => (cause(&error), None),
        };
        let wait = wait.unwrap_or(Duration::ZERO).max(backoff.pause());
        if started.elapsed() + wait > PATIENCE {
            return Err(error);
        }
        sleep(wait).await;
    }
}
