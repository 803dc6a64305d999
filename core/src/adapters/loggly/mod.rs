//! Loggly, through a small client of this crate's and a layer for `tracing`.
//!
//! <!-- grammar -->
//! - schemes: `loggly` (TLS, port 443)
//! - user name: The customer token. Required. Also `CUSTOMER_TOKEN`.
//! - host: The host of the bulk endpoint.
//! - port
//! - `tag`: One tag or several, separated by commas. By default `bulk`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! <!-- end -->
//!
//! `tls=none` is for a fake server on this machine, and refused for any other. `timeout` is also
//! that of `flush` and `close`.
//!
//! The handle of an account is `loggly://TOKEN@logs-01.loggly.com?tag=shop,production`. The token
//! is that of the source setup page ([customer
//! token](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/customer-token-authentication-token.htm)).
//! It is a part of the path of every call, and no log, error or `Debug` has it. A
//! [tag](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/tags.htm) is
//! of letters, digits, dashes, periods and underscores.
//!
//! # What is sent, and what is not
//!
//! Events go to the [bulk
//! endpoint](https://documentation.solarwinds.com/en/success_center/loggly/content/admin/http-bulk-endpoint.htm),
//! one JSON object a line: in batches of at most 5 MB, a second after the first event of a batch at
//! the latest, sooner when there is 1 MB.
//!
//! - [`send`](LogglyClient::send) never waits: an event that has no room in the queue is dropped
//!   and counted. The queue holds 64 MB and 250,000 events, the batch on its way included.
//! - An event above 1 MB is dropped and counted.
//! - A batch that is refused with 408, 429 or 5xx, or has no answer, is tried again for five
//!   minutes, after 250 ms at first and 30 s at most (up to a half less, by chance), no sooner than
//!   `Retry-After` says (of which a minute is believed). Then it is dropped and counted. One that
//!   is refused otherwise is dropped at once: another attempt would not help.
//! - A batch whose answer was lost is sent twice.
//! - Not compressed: the bulk endpoint does not document it.
//!
//! `ping` sends a batch without any event: that the service answers, and does not refuse the token
//! (which it does with 401 or 403). Loggly has no call that says that a token is right, and does
//! not document what it answers to an empty batch, so 400 counts as an answer too.
//!
//! Batches are sent by a thread of this client's own: a busy runtime does not stop it, nor does the
//! end of the one that `connect` was called on. What its HTTP client logs is not taken for an event
//! of the app's.

mod client;
mod layer;
mod queue;
mod worker;

pub use self::client::LogglyClient;
pub use self::layer::LogglyLayer;

use self::worker::Endpoint;
use super::http_client::{HttpTimeouts, cause, origin};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Tls, Value};

/// Loggly, for logs. Its client is a [`LogglyClient`].
///
/// [Its module](self) has the table of what a handle may say.
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
#[derive(Adapter, Clone)]
#[adapter(
    name = "Loggly",
    schemes("loggly" = tls),
    port = 443,
    example = "loggly://TOKEN@logs-01.loggly.com?tag=shop",
    place = "loggly://logs-01.loggly.com",
    unencrypted = "loopback",
    check,
    debug
)]
pub struct Loggly {
    #[handle]
    handle: Handle,
    /// The customer token.
    #[handle(username, names("CUSTOMER_TOKEN"))]
    token: Secret,
    /// The host of the bulk endpoint.
    #[handle(host)]
    host: Host,
    /// One tag or several, separated by commas.
    #[handle(param = "tag", default = "bulk")]
    tags: Tags,
    #[handle(flatten)]
    tls: Tls,
    #[handle(flatten)]
    timeouts: HttpTimeouts,
}

/// Tags that may stand in a path as they are.
#[derive(Clone)]
struct Tags(String);

impl Value for Tags {
    const KIND: Kind = Kind::Other(
        "tags of letters, digits, `-`, `.` and `_`, each beginning with a letter or a digit, \
         separated by commas",
    );

    fn read(text: &str) -> Option<Self> {
        let is_tag = |tag: &str| {
            tag.starts_with(|first: char| first.is_ascii_alphanumeric())
                && tag.bytes().all(is_plain)
        };
        text.split(',').all(is_tag).then(|| Self(text.to_owned()))
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

impl Loggly {
    fn check(&self) -> Result<(), HandleError> {
        // It becomes a part of a path.
        if !self.token.expose().bytes().all(is_plain) {
            return Err(HandleError::new("the customer token has characters that no token has"));
        }
        // A token that stands in the place of the host would be shown as one.
        if !self.host.is_loopback() && !self.host.name().contains(['.', ':']) {
            return Err(HandleError::new("the host has no dot in its name")
                .with_help("write the token before an `@`: `loggly://TOKEN@logs-01.loggly.com`"));
        }
        Ok(())
    }
}

impl Connect for Loggly {
    type Client = LogglyClient;
    const CLOSES_LAST: bool = true;

    async fn connect(&self) -> Result<LogglyClient, ClientError> {
        let http = self.timeouts.client(&self.host, &self.tls)?;
        let origin = origin(self.tls.is_on(), &self.host);
        let path = format!("bulk/{}/tag/{}/", self.token.expose(), self.tags.0);
        let endpoint = Endpoint {
            http: http.build().map_err(|error| cause(&error))?,
            url: Secret::new(format!("{origin}/{path}")),
            shown: origin,
        };
        LogglyClient::start(endpoint, self.timeouts.connect_timeout, self.timeouts.timeout)
    }

    async fn ping(client: &LogglyClient) -> Result<(), ClientError> {
        client.ping().await
    }

    async fn close(client: LogglyClient) {
        client.close().await;
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
            ("loggly://logs-01.loggly.com", "the handle has no user name"),
            ("loggly://0f1e2d3c-token", "the handle has no user name"),
            ("loggly://t@0f1e2d3c-token", "the host has no dot in its name"),
            ("loggly://t:p@logs-01.loggly.com", "the handle has a password"),
            ("loggly://t@logs-01.loggly.com/bulk", "the handle has a path"),
            ("loggly://t@a,b", "the handle names several hosts"),
            ("loggly://a%2Fb@h.example", "the customer token has characters that no token has"),
            ("loggly://t@h.example?tag=", "the parameter `tag` has a bad value"),
            ("loggly://t@h.example?tag=a,,b", "the parameter `tag` has a bad value"),
            ("loggly://t@h.example?tag=a/b", "the parameter `tag` has a bad value"),
            ("loggly://t@h.example?tag=-a", "the parameter `tag` has a bad value"),
            ("loggly://t@h.example?tags=a", "unknown parameter `tags`"),
            (
                "loggly://t@localhost?tls=none&tls_ca=/a",
                "the handle has `tls_ca` but no TLS to use it in",
            ),
            (
                "loggly://t@logs-01.loggly.com?tls=none",
                "the credential would be sent unencrypted to another machine",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        assert!(parse("loggly://t@h.example?tag=shop,a.b,c_d-1").is_ok());
    }

    #[test]
    fn a_token_in_the_place_of_the_host_is_refused_and_not_shown() {
        for text in ["loggly://tZ8oken", "loggly://user@tZ8oken"] {
            let refused = parse(text).unwrap_err();
            let shown = format!("{refused} {refused:?}").to_lowercase();
            assert!(!shown.contains("z8"), "{shown}");
        }
        for text in ["loggly://t@localhost", "loggly://t@[::1]:8080", "loggly://t@[2001:db8::1]"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
