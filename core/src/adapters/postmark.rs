//! Postmark over its HTTP API, with the requests of the crate `postmark`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | `postmark://` | HTTPS | port 443 |
//! | user | the server token; there is no password | required |
//! | host, port | `api.postmarkapp.com`, or a stand-in for it | required |
//! | `tls` | `none` for a stand-in on this machine | `required` |
//! | `connect_timeout` | for connecting, and for a ping | `10s` |
//! | `timeout` | for a whole call, the body of its answer included | `30s` |
//! | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
//!
//! With a token of the server's [API Tokens tab](https://postmarkapp.com/developer/api/overview) the handle is
//! `postmark://SERVER_TOKEN@api.postmarkapp.com`.
//!
//! [The same token](https://postmarkapp.com/developer/user-guide/send-email-with-smtp) sends mail over SMTP: a field
//! of type [`Mail`](super::mail) takes the same handle, and needs no code that knows Postmark. This adapter is for what
//! SMTP lacks: batches, templates, tags, statistics.
//!
//! A ping [asks for the server's settings](https://postmarkapp.com/developer/api/server-api): that proves the token and
//! sends nothing. No redirect is followed, so the token goes nowhere else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use url::Url;

use super::http::{HttpParams, TlsParams, cause, origin, refused};
use super::shared::{closed, one_host, refuse_path, require_scheme, user_alone, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 443;

/// One server of a Postmark account. Its client is [`PostmarkClient`].
///
/// ```no_run
/// use backing_services::{BackingServices, Environment, Postmark};
/// use postmark::Query;
/// use postmark::api::Body;
/// use postmark::api::email::SendEmailRequest;
///
/// #[derive(BackingServices)]
/// struct Services {
///     mail: Postmark, // MAIL_URL
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "postmark://SERVER_TOKEN@api.postmarkapp.com";
/// let mail = Services::load(&Environment::from_pairs([("MAIL_URL", url)]))?.connect_mail().await?;
/// let receipt = SendEmailRequest::builder()
///     .from("shop@example.com")
///     .to("ada@example.com")
///     .subject("Your order")
///     .body(Body::text("Thank you.".into()))
///     .build();
/// let sent = receipt.execute(&mail).await?;
/// println!("{:?}", sent.message_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postmark {
    handle: Handle,
    host: Host,
    tls: bool,
    token: Secret,
    http: HttpParams,
}

/// Runs the requests of the crate [`postmark`], as its `reqwest::PostmarkClient` does; but that one has no time
/// limits, takes no authorities of its own, and takes the token along wherever a redirect leads.
///
/// A batch succeeds as a whole even if some of its messages were refused: each answer has an `error_code`.
///
/// ```no_run
/// use backing_services::ClientError;
/// use backing_services::adapters::postmark::PostmarkClient;
/// use postmark::api::email::SendEmailBatchRequest;
/// use postmark::{Query, QueryError};
///
/// /// Sends up to 500 messages, and says how many were refused.
/// async fn send(mail: &PostmarkClient, batch: SendEmailBatchRequest) -> Result<usize, QueryError<ClientError>> {
///     let answers = batch.execute(mail).await?;
///     Ok(answers.into_iter().filter_map(|answer| answer.error_for_status().err()).count())
/// }
///
/// /// Whether the same call may succeed later.
/// fn may_pass(error: &QueryError<ClientError>) -> bool {
///     match error {
///         QueryError::Client { source } => source.is_transient(),
///         QueryError::Api { status, .. } => *status == 429 || status.is_server_error(),
///         _ => false,
///     }
/// }
/// ```
#[derive(Clone)]
pub struct PostmarkClient {
    http: reqwest::Client,
    base: Url,
    token: HeaderValue,
    limit: Duration,
    closed: Arc<AtomicBool>,
}

impl Adapter for Postmark {
    const NAME: &'static str = "Postmark";
    const SCHEMES: &'static [&'static str] = &["postmark"];
    const EXAMPLE: &'static str = "postmark://SERVER_TOKEN@api.postmarkapp.com";
    const PARTS: Parts = Parts::hosted("postmark://api.postmarkapp.com")
        .with(&[(Part::Username, &["SERVER_TOKEN", "API_TOKEN", "TOKEN"])])
        .authorities("tls_ca");
    type Client = PostmarkClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (http, secure): (HttpParams, TlsParams) = handle.params()?;
        refuse_path(handle)?;
        let host = one_host(handle)?;
        let token = user_alone(handle, "server token")?;
        if HeaderValue::from_str(token).is_err() {
            return Err(HandleError::new("the server token has a character that no token has")
                .with_help("copy it from the API Tokens tab of the Postmark server"));
        }
        let tls = secure.is_on(handle)?;
        let host = match host.name() {
            "smtp.postmarkapp.com" => {
                return Err(HandleError::new("the host is that of Postmark's SMTP")
                    .with_help("write `api.postmarkapp.com`, or use the type `Mail`"));
            }
            _ => host.or_port(DEFAULT_PORT),
        };
        let http = http.check(tls)?;
        Ok(Self { handle: handle.clone(), host, tls, token: Secret::new(token), http })
    }

    async fn connect(&self) -> Result<PostmarkClient, ClientError> {
        let http = self.http.client(&self.host)?.build().map_err(|error| cause(&error))?;
        let base = Url::parse(&origin(self.tls, &self.host)).map_err(ClientError::caused_by)?;
        let mut token =
            HeaderValue::from_str(self.token.expose()).map_err(ClientError::caused_by)?;
        token.set_sensitive(true);
        let limit = self.http.connect_timeout();
        Ok(PostmarkClient { http, base, token, limit, closed: Arc::default() })
    }

    async fn ping(client: &PostmarkClient) -> Result<(), ClientError> {
        within(client.limit, async {
            let (status, _) = client.call(Method::GET, "/server", |request| request).await?;
            match status {
                StatusCode::OK => Ok(()),
                status => Err(refused(status)),
            }
        })
        .await
    }

    async fn close(client: PostmarkClient) {
        client.closed.store(true, Ordering::Relaxed);
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.http.connect_timeout()
    }
}

impl PostmarkClient {
    async fn call(
        &self,
        method: Method,
        path_and_query: &str,
        complete: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(closed());
        }
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(query);
        let request = self.http.request(method, url).header("Accept", "application/json");
        let request = complete(request).header("X-Postmark-Server-Token", self.token.clone());
        let answer = request.send().await.map_err(|error| cause(&error))?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(|error| cause(&error))?))
    }
}

impl postmark::Client for PostmarkClient {
    type Error = ClientError;

    // As `async_trait`, with which the crate declares it, writes the signature.
    fn execute<'client, 'sending>(
        &'client self,
        request: ::http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<::http::Response<Bytes>, ClientError>> + Send + 'sending>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            let complete = |request: reqwest::RequestBuilder| {
                let request = request.headers(head.headers);
                if body.is_empty() { request } else { request.body(body) }
            };
            let (status, body) = self.call(head.method, path, complete).await?;
            let mut answer = ::http::Response::new(body);
            *answer.status_mut() = status;
            Ok(answer)
        })
    }
}

impl fmt::Debug for PostmarkClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostmarkClient({})", self.base.authority())
    }
}

impl fmt::Debug for Postmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postmark(postmark://{})", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Postmark, HandleError> {
        Postmark::from_handle(&Handle::parse(text)?)
    }

    #[tokio::test]
    async fn the_handle_decides_where_it_goes() {
        for (text, base) in [
            ("postmark://t0ken@api.postmarkapp.com", "https://api.postmarkapp.com/"),
            ("postmark://t0ken@api.postmarkapp.com:8443/", "https://api.postmarkapp.com:8443/"),
            ("postmark://t0ken@localhost:8080?tls=none", "http://localhost:8080/"),
        ] {
            let client = parse(text).unwrap().connect().await.unwrap();
            assert_eq!(client.base.as_str(), base, "{text}");
            assert!(!format!("{client:?}").contains("t0ken"));
        }
        let shown = format!("{:?}", parse("postmark://t0ken@api.postmarkapp.com").unwrap());
        assert_eq!(shown, "Postmark(postmark://api.postmarkapp.com:443)");
    }

    #[test]
    fn refuses_what_means_nothing() {
        let no_token = "the handle needs the server token as user name and no password";
        for (text, message) in [
            ("postmark://api.postmarkapp.com", no_token),
            ("postmark://t0ken:x@api.postmarkapp.com", no_token),
            ("postmark://:t0ken@api.postmarkapp.com", no_token),
            ("postmark://t0ken@api.postmarkapp.com/email", "the handle has a path"),
            ("postmark://t0ken@smtp.postmarkapp.com", "the host is that of Postmark's SMTP"),
            ("postmark://t0ken@h?timout=1s", "unknown parameter `timout`"),
            (
                "postmark://t0ken@localhost?tls=none&tls_ca=ca.pem",
                "the handle has certificates but no TLS to use them in",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("postmark://t0ken@mail.example?tls=none").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }
}
