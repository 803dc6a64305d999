//! What events are handed to, and what a thread of its own sends.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Serialize;
use tokio::runtime;

use super::queue::Queue;
use super::worker::{self, Endpoint};
use crate::adapters::background;
use crate::adapters::ending::{closed, within};
use crate::adapters::http_client::{answered_within, cause, refused};
use crate::error::ClientError;

/// Sends events to a [`Loggly`](super::Loggly) handle. A clone feeds the same queue.
///
/// Closing it ([`Connect::close`](crate::Connect::close)) sends what is queued; when the last clone
/// is dropped, the client's thread still does so, if the process lives on.
///
/// ```no_run
/// use backing_services::adapters::loggly::LogglyClient;
/// use serde_json::json;
///
/// fn sold(logs: &LogglyClient) {
///     logs.send(&json!({"event": "sold", "country": "IS"}));
/// }
/// ```
#[derive(Clone)]
pub struct LogglyClient {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    endpoint: Arc<Endpoint>,
    runtime: runtime::Handle,
    connect_timeout: Duration,
    timeout: Duration,
}

thread_local! {
    /// Where a thread writes its events, one after the other.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl LogglyClient {
    pub(super) fn start(
        endpoint: Endpoint,
        connect_timeout: Duration,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let (queue, endpoint) = (Arc::new(Queue::default()), Arc::new(endpoint));
        let worker = worker::run(Arc::clone(&queue), Arc::clone(&endpoint));
        let runtime = background::start("loggly", worker)?;
        let inner = Inner { queue, endpoint, runtime, connect_timeout, timeout };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sends a batch without any event.
    pub(super) async fn ping(&self) -> Result<(), ClientError> {
        let inner = &self.inner;
        if inner.queue.is_closed() {
            return Err(closed());
        }
        answered_within(inner.connect_timeout, || {
            let endpoint = Arc::clone(&inner.endpoint);
            background::outcome(inner.runtime.spawn(async move {
                let answer = endpoint.post(Vec::new())?.send().await;
                let status = answer.map_err(|error| cause(&error))?.status();
                if status.is_success() || status == StatusCode::BAD_REQUEST {
                    Ok(())
                } else {
                    Err(refused(status))
                }
            }))
        })
        .await
    }

    pub(super) async fn close(self) {
        self.inner.queue.close();
        // What could not be sent in time is counted.
        let _ = self.flush().await;
        self.inner.queue.end();
    }

    /// Queues an event: a JSON object, or anything that becomes one.
    ///
    /// It does not wait, whatever the server does. An event is dropped and [counted](Self::dropped)
    /// if the queue is full, the client is closed, or the event is no JSON or has more than
    /// 1,000,000 bytes of it.
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// #[derive(serde::Serialize)]
    /// struct Sold {
    ///     order: u64,
    /// }
    ///
    /// # fn f(logs: &LogglyClient) {
    /// logs.send(&Sold { order: 1005 });
    /// # }
    /// ```
    pub fn send(&self, event: &(impl Serialize + ?Sized)) {
        self.send_written(|line| serde_json::to_writer(line, event).is_ok());
    }

    /// Queues an event that is a line already: JSON or plain text. Each line break in it becomes a
    /// space, since a line is an event; an empty line is none. Otherwise as [`send`](Self::send).
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// # fn f(logs: &LogglyClient) {
    /// logs.send_line(r#"{"event":"sold","order":1005}"#);
    /// # }
    /// ```
    pub fn send_line(&self, line: &str) {
        if line.contains(['\n', '\r']) {
            self.send_line(line.replace(['\n', '\r'], " ").trim());
        } else if !line.is_empty() {
            self.inner.queue.push(line.as_bytes());
        }
    }

    /// `write` may log, and come here again.
    pub(super) fn send_written(&self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        /// Of what a thread keeps for its next event.
        const KEPT: usize = 64 * 1024;
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        line.clear();
        if write(&mut line) {
            self.inner.queue.push(&line);
        } else {
            self.inner.queue.count_dropped(1);
        }
        if line.capacity() <= KEPT {
            let _ = LINE.try_with(|kept| kept.set(line));
        }
    }

    /// Waits until all that was queued before is sent or dropped.
    ///
    /// # Errors
    ///
    /// When that takes longer than `timeout` (the events stay in the queue), or when some of them
    /// had to be dropped: the cause is that of the last batch.
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// # async fn f(logs: &LogglyClient) {
    /// if let Err(error) = logs.flush().await {
    ///     eprintln!("logs are missing: {error}");
    /// }
    /// # }
    /// ```
    pub async fn flush(&self) -> Result<(), ClientError> {
        within(self.inner.timeout, self.inner.queue.flush()).await
    }

    /// How many events were dropped so far: too large, no room in the queue, refused by the server,
    /// tried in vain for five minutes, or sent after `close`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// # fn f(logs: &LogglyClient) {
    /// assert_eq!(logs.dropped(), 0);
    /// # }
    /// ```
    pub fn dropped(&self) -> u64 {
        self.inner.queue.dropped()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for LogglyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queued, dropped) = (self.inner.queue.queued(), self.dropped());
        write!(f, "LogglyClient({}, {queued} queued, {dropped} dropped)", self.inner.endpoint.shown)
    }
}
