//! What all adapters over HTTP share: timeouts, the client that has them, errors without a URL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Response, StatusCode};

use super::ending::within;
use crate::error::{ClientError, FailureKind, Message};
use crate::handle::Host;
use crate::{Parameters, Tls};

/// How often a ping asks, over as many connections that may all be closed just then.
const PINGS: usize = 3;

/// How long a service may take, for an adapter to `flatten` beside [`Tls`].
#[derive(Parameters, Clone, Debug)]
pub(crate) struct HttpTimeouts {
    /// For connecting, and for proving that the service answers.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    pub(crate) connect_timeout: Duration,
    /// For a whole call, the body of its answer included.
    #[handle(param = "timeout", default = "30s", max = "24h", tuning)]
    pub(crate) timeout: Duration,
}

impl HttpTimeouts {
    /// A client for `host` that follows no redirect: a credential goes nowhere else.
    pub(crate) fn client(&self, host: &Host, tls: &Tls) -> Result<ClientBuilder, ClientError> {
        let mut builder = Client::builder()
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .redirect(Policy::none())
            .referer(false);
        if host.is_loopback() {
            // What need not be encrypted because it stays on this machine may not leave it by a
            // proxy.
            builder = builder.no_proxy();
        }
        if !tls.is_on() {
            // Reading the CA certificates of the system takes longer than a call.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = tls.ca_certificates()? {
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| cause(&error))?;
            builder = builder.tls_certs_only(certificates);
        }
        Ok(builder)
    }
}

/// The answer to a ping. It is asked for again where the connection ended: a server may close those
/// that are idle just as they are used, and is there all the same.
pub(crate) async fn answered_within<T, F>(
    limit: Duration,
    ask: impl Fn() -> F,
) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    within(limit, async {
        for _ in 1..PINGS {
            match ask().await {
                Err(error) if error.is_of_ended_connection() => {}
                answer => return answer,
            }
        }
        ask().await
    })
    .await
}

pub(crate) fn origin(tls: bool, host: &Host) -> String {
    format!("{}://{host}", if tls { "https" } else { "http" })
}

/// Whether a header says how a request is to be read, not who sends it.
pub(crate) fn is_framing(name: &HeaderName) -> bool {
    const FRAMING: [&str; 9] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    FRAMING.contains(&name.as_str())
}

/// The root cause of a call that had no answer. The URL, which may hold a credential, is left out.
pub(crate) fn cause(error: &reqwest::Error) -> ClientError {
    if error.is_timeout() {
        return ClientError::of(FailureKind::Timeout, "no answer in time");
    }
    let source = std::error::Error::source(error);
    match source.map(ClientError::root_cause) {
        Some(root) if root.is_transient() || !error.is_request() => root,
        // A connection that ended in the middle of an answer has no error of the system's in it.
        Some(root) if root.to_string().contains("connection closed") => {
            ClientError::transient("the connection ended before the server answered")
                .with_kind(FailureKind::Protocol)
        }
        Some(root) => root,
        None => ClientError::new("the call failed"),
    }
}

/// What an answer that is no success says about the credential and about trying again.
pub(crate) fn refused(status: StatusCode) -> ClientError {
    match status.as_u16() {
        401 | 403 => ClientError::of(
            FailureKind::Authentication,
            Message::ours(format_args!(
                "authentication failed: the server answered {status} to the credential"
            )),
        ),
        429 | 500.. => {
            ClientError::transient(Message::ours(format_args!("the server answered {status}")))
        }
        404 => ClientError::of(
            FailureKind::NotFound,
            Message::ours(format_args!("the server answered {status}")),
        ),
        _ => ClientError::new(Message::ours(format_args!("the server answered {status}"))),
    }
}

/// The body of an answer: a server may send one without end.
pub(crate) async fn body(mut answer: Response, limit: usize) -> Result<Bytes, ClientError> {
    let mut left = limit;
    let mut chunk = async || {
        let chunk = answer.chunk().await.map_err(|error| cause(&error))?;
        left = left
            .checked_sub(chunk.as_ref().map_or(0, Bytes::len))
            .ok_or_else(|| ClientError::of(FailureKind::Protocol, "the answer is too long"))?;
        Ok::<_, ClientError>(chunk)
    };
    let Some(whole) = chunk().await? else { return Ok(Bytes::new()) };
    let Some(more) = chunk().await? else { return Ok(whole) };
    let mut body = [whole, more].concat();
    while let Some(more) = chunk().await? {
        body.extend_from_slice(&more);
    }
    Ok(body.into())
}

/// How long an answer asks to wait: seconds or a date in `Retry-After`.
/// [X](https://docs.x.com/fundamentals/rate-limits) names in every answer the second of the epoch
/// when a limit ends: that of a 429 is meant.
pub(crate) fn retry_after(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    // By the clock of the server, where it tells: ours may differ.
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
    let until = |then: SystemTime| then.duration_since(now).unwrap_or_default();
    if let Some(value) = headers.get(RETRY_AFTER) {
        let text = value.to_str().ok()?.trim();
        return match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => date(text).map(until),
        };
    }
    if status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let reset = headers.get("x-rate-limit-reset")?.to_str().ok()?.parse().ok()?;
    let then = UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
    // Others count from now in a header of this name.
    then.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_bounded() {
        let answer = || Response::from(::http::Response::new("12345"));
        assert_eq!(body(answer(), 5).await.unwrap(), "12345");
        assert_eq!(body(answer(), 4).await.unwrap_err().to_string(), "the answer is too long");
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn reads_seconds_dates_and_resets() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let busy = StatusCode::TOO_MANY_REQUESTS;
        let wait = |pairs: &[(&'static str, &str)]| retry_after(busy, &headers(pairs), now);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait(&[("retry-after", "120")]), seconds(120));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), seconds(60));
        assert_eq!(wait(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), seconds(0));
        // The clock of the server is an hour ahead of ours.
        assert_eq!(
            wait(&[
                ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 09:49:40 GMT"),
            ]),
            seconds(3)
        );
        assert_eq!(wait(&[("x-rate-limit-reset", "784111787")]), seconds(10));
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(wait(&[("x-rate-limit-reset", "18446744073709551615")]), None);
        assert_eq!(wait(&[("x-rate-limit-reset", "900")]), None);
        assert_eq!(wait(&[]), None);

        let down = StatusCode::SERVICE_UNAVAILABLE;
        let reset = headers(&[("x-rate-limit-reset", "784111787")]);
        assert_eq!(retry_after(down, &reset, now), None);
    }
}
