//! Loggly, through a small client of this crate's and a layer for `tracing`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `loggly` | |
//! | user | the customer token, required | |
//! | host, port | one host | 443 |
//! | `tag` | one tag or several, separated by commas | `bulk` |
//! | `tls` | `required`, or `none`: only to this machine, for a stand-in | `required` |
//! | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
//! | `connect_timeout` | for connecting, and for proving that the service answers | `10s` |
//! | `timeout` | for one call, for `flush` and for `close` | `30s` |
//!
//! The handle of an account is `loggly://TOKEN@logs-01.loggly.com?tag=shop,production`. The token is that of
//! the source setup page
//! ([customer token](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/customer-token-authentication-token.htm)).
//! It is a part of the path of every call, and no log, error or `Debug` has it. A
//! [tag](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/tags.htm) is of letters,
//! digits, dashes, periods and underscores.
//!
//! # What is sent, and what is not
//!
//! Events go to the
//! [bulk endpoint](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/http-bulk-endpoint.htm),
//! one JSON object a line: in batches of at most 5 MB, a second after the first event of a batch at the latest,
//! sooner when there is 1 MB.
//!
//! - [`send`](LogglyClient::send) never waits: an event that has no room in the queue is dropped and counted.
//!   The queue holds 64 MB and 250,000 events, the batch on its way included.
//! - An event above 1 MB is dropped and counted.
//! - A batch that is refused with 408, 429 or 5xx, or has no answer, is tried again for five minutes, after
//!   250 ms at first and 30 s at most, no sooner than `Retry-After` says (of which a minute is believed). Then it is
//!   dropped and counted. One that is refused otherwise is dropped at once: another try would not help.
//! - A batch whose answer was lost is sent twice.
//! - Not compressed: the bulk endpoint does not document it.
//!
//! `ping` sends a batch without any event: that the service answers, and does not refuse the token (which it
//! does with 401 or 403). Loggly has no call that says that a token is right, and does not document what
//! it answers to an empty batch, so 400 counts as an answer too.
//!
//! Batches are sent by a thread of this client's own: a busy runtime does not stop it, nor does the end of the
//! one that `connect` was called on. What its HTTP client logs is not taken for an event of the app's.

mod layer;
mod queue;
mod worker;

pub use self::layer::LogglyLayer;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime;

use self::queue::Queue;
use self::worker::Endpoint;
use super::background;
use super::http::{HttpParams, TlsParams, cause, origin, refused};
use super::shared::{closed, one_host, refuse_path, require_scheme, user_alone, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 443;
/// That of Loggly's own examples.
const DEFAULT_TAG: &str = "bulk";

/// Loggly, for logs. Its client is a [`LogglyClient`].
///
/// ```
/// use backing_services::{BackingServices, Environment, Loggly};
///
/// #[derive(BackingServices)]
/// struct Services {
///     logs: Loggly,
/// }
///
/// let url = "loggly://0f1e2d3c-token@logs-01.loggly.com?tag=shop";
/// let services = Services::load(&Environment::from_pairs([("LOGS_URL", url)]))?;
/// assert_eq!(format!("{:?}", services.logs), "Loggly(loggly://logs-01.loggly.com:443)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Loggly {
    handle: Handle,
    host: Host,
    token: Secret,
    tag: String,
    tls: bool,
    http: HttpParams,
}

#[derive(Deserialize)]
struct Params {
    tag: Option<String>,
}

/// Sends events to a [`Loggly`] handle. A clone feeds the same queue.
///
/// Closing it ([`Adapter::close`]) sends what is queued; when the last clone is dropped, the
/// client's thread still does so, if the process lives on.
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

impl Adapter for Loggly {
    const NAME: &'static str = "Loggly";
    const SCHEMES: &'static [&'static str] = &["loggly"];
    const EXAMPLE: &'static str = "loggly://TOKEN@logs-01.loggly.com?tag=shop";
    const PARTS: Parts = Parts::hosted("loggly://logs-01.loggly.com")
        .with(&[(Part::Username, &["TOKEN", "CUSTOMER_TOKEN"]), (Part::Param("tag"), &["TAG"])])
        .authorities("tls_ca");
    type Client = LogglyClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (http, secure, params): (HttpParams, TlsParams, Params) = handle.params()?;
        refuse_path(handle)?;
        let host = one_host(handle)?.or_port(DEFAULT_PORT);
        let token = user_alone(handle, "customer token")?;
        // Both become parts of a path.
        if !token.bytes().all(is_plain) {
            return Err(HandleError::new("the customer token has characters that no token has"));
        }
        let tag = params.tag.unwrap_or_else(|| DEFAULT_TAG.to_owned());
        if !tag.split(',').all(|tag| {
            tag.starts_with(|first: char| first.is_ascii_alphanumeric())
                && tag.bytes().all(is_plain)
        }) {
            return Err(HandleError::new("the parameter `tag` has a bad value").with_help(
                "a tag starts with a letter or a digit and is of letters, digits, `-`, `.` and `_`; \
                 separate several with commas",
            ));
        }
        let tls = secure.is_on(handle)?;
        let (http, token) = (http.check(tls)?, Secret::new(token));
        Ok(Self { handle: handle.clone(), host, token, tag, tls, http })
    }

    async fn connect(&self) -> Result<LogglyClient, ClientError> {
        let origin = origin(self.tls, &self.host);
        let path = format!("bulk/{}/tag/{}/", self.token.expose(), self.tag);
        let endpoint = Arc::new(Endpoint {
            http: self.http.client(&self.host)?.build().map_err(|error| cause(&error))?,
            url: Secret::new(format!("{origin}/{path}")),
            shown: origin,
        });
        let queue = Arc::new(Queue::default());
        let worker = worker::run(Arc::clone(&queue), Arc::clone(&endpoint));
        let inner = Inner {
            queue,
            endpoint,
            runtime: background::start("loggly", worker)?,
            connect_timeout: self.connect_timeout(),
            timeout: self.http.timeout(),
        };
        Ok(LogglyClient { inner: Arc::new(inner) })
    }

    async fn ping(client: &LogglyClient) -> Result<(), ClientError> {
        let inner = &client.inner;
        if inner.queue.is_closed() {
            return Err(closed());
        }
        let endpoint = Arc::clone(&inner.endpoint);
        let answer = inner.runtime.spawn(async move {
            let answer = endpoint.post(Vec::new())?.send().await;
            let status = answer.map_err(|error| cause(&error))?.status();
            if status.is_success() || status == reqwest::StatusCode::BAD_REQUEST {
                Ok(())
            } else {
                Err(refused(status))
            }
        });
        within(inner.connect_timeout, background::outcome(answer)).await
    }

    async fn close(client: LogglyClient) {
        client.inner.queue.close();
        // What could not be sent in time is counted.
        let _ = client.flush().await;
        client.inner.queue.end();
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.http.connect_timeout()
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

impl LogglyClient {
    /// Queues an event: a JSON object, or anything that becomes one.
    ///
    /// It does not wait, whatever the server does. An event is dropped and [counted](Self::dropped) if
    /// the queue is full, the client is closed, or the event is no JSON or has more than 1,000,000 bytes of it.
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

    /// Queues an event that is a line already: JSON or plain text. Each line break in it becomes a space, since
    /// a line is an event; an empty line is none. Otherwise as [`send`](Self::send).
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
    fn send_written(&self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
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
    /// When that takes longer than `timeout` (the events stay in the queue), or when some of them had to be
    /// dropped: the cause is that of the last batch.
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

    /// How many events were dropped so far: too large, no room in the queue, refused by the server, tried in
    /// vain for five minutes, or sent after `close`.
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

    /// A layer that sends the events of `tracing`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn f(logs: &LogglyClient) -> Result<(), tracing::dispatcher::SetGlobalDefaultError> {
    /// let subscriber = tracing_subscriber::registry().with(logs.layer());
    /// tracing::subscriber::set_global_default(subscriber)
    /// # }
    /// ```
    pub fn layer(&self) -> LogglyLayer {
        LogglyLayer::new(self.clone())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for Loggly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loggly({}://{})", self.handle.scheme(), self.host)
    }
}

impl fmt::Debug for LogglyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queued, dropped) = (self.inner.queue.queued(), self.dropped());
        write!(f, "LogglyClient({}, {queued} queued, {dropped} dropped)", self.inner.endpoint.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Loggly, HandleError> {
        Loggly::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            (
                "loggly://logs-01.loggly.com",
                "the handle needs the customer token as user name and no password",
            ),
            (
                "loggly://t:p@logs-01.loggly.com",
                "the handle needs the customer token as user name and no password",
            ),
            ("loggly://t@logs-01.loggly.com/bulk", "the handle has a path"),
            ("loggly://t@a,b", "the handle names several hosts"),
            ("loggly://a%2Fb@h", "the customer token has characters that no token has"),
            ("loggly://t@h?tag=", "the parameter `tag` has a bad value"),
            ("loggly://t@h?tag=a,,b", "the parameter `tag` has a bad value"),
            ("loggly://t@h?tag=a/b", "the parameter `tag` has a bad value"),
            ("loggly://t@h?tag=-a", "the parameter `tag` has a bad value"),
            ("loggly://t@h?tags=a", "unknown parameter `tags`"),
            (
                "loggly://t@localhost?tls=none&tls_ca=/a",
                "the handle has certificates but no TLS to use them in",
            ),
            (
                "loggly://t@logs-01.loggly.com?tls=none",
                "the credential would be sent in the clear to another machine",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        assert!(parse("loggly://t@h?tag=shop,a.b,c_d-1").is_ok());
    }
}
