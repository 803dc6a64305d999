//! Postmark over its HTTP API, with the requests of the crate `postmark`.
//!
//! <!-- grammar -->
//! - schemes: `postmark` (TLS, port 443)
//! - host: `api.postmarkapp.com`, or a fake server.
//! - port
//! - user name: The server token; there is no password. Required. Also `SERVER_TOKEN`,
//!   `API_TOKEN`.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! With a token of the server's [API Tokens tab](https://postmarkapp.com/developer/api/overview)
//! the handle is `postmark://SERVER_TOKEN@api.postmarkapp.com`.
//!
//! [The same token](https://postmarkapp.com/developer/user-guide/send-email-with-smtp) sends mail
//! over SMTP: a field of type [`Mail`](super::mail) takes the same handle, and needs no code that
//! knows Postmark. This adapter is for what SMTP lacks: batches, templates, tags, statistics.
//!
//! A ping [asks for the server's settings](https://postmarkapp.com/developer/api/server-api): that
//! proves the token and sends nothing. No redirect is followed, so the token goes nowhere else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use url::Url;

use super::ending::Closed;
use super::http_client::{HttpTimeouts, answered_within, body, cause, origin, refused};
use super::refused::refuse_bare_host;
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret, Tls};

/// One server of a Postmark account. Its client is [`PostmarkClient`].
///
/// [Its module](self) has the table of what a handle may say.
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
#[derive(Adapter, Clone)]
#[adapter(
    schemes("postmark" = tls),
    port = 443,
    example = "postmark://SERVER_TOKEN@api.postmarkapp.com",
    place = "postmark://api.postmarkapp.com",
    unencrypted = "loopback",
    check,
    debug
)]
pub struct Postmark {
    #[handle]
    handle: Handle,
    /// `api.postmarkapp.com`, or a fake server.
    #[handle(host)]
    host: Host,
    /// The server token; there is no password.
    #[handle(username, names("SERVER_TOKEN", "API_TOKEN", "TOKEN"))]
    token: Secret,
    #[handle(flatten)]
    http: HttpTimeouts,
    #[handle(flatten)]
    tls: Tls,
}

/// Postmark says the most of a message, with what is attached to it: it takes 10 MB of one, as
/// Base64 in JSON.
const ANSWER_LIMIT: usize = 32 << 20;

/// Runs the requests of the crate [`postmark`], as its `reqwest::PostmarkClient` does; but that one
/// has no timeouts, takes no CA certificates, and takes the token along wherever a redirect leads.
///
/// A batch succeeds as a whole even if some of its messages were refused: each answer has an
/// `error_code`.
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
    closed: Arc<Closed>,
}

impl Postmark {
    fn check(&self) -> Result<(), HandleError> {
        if HeaderValue::from_str(self.token.expose()).is_err() {
            return Err(HandleError::new("the server token has a character that no token has")
                .with_help("copy it from the API Tokens tab of the Postmark server"));
        }
        if self.host.name() == "smtp.postmarkapp.com" {
            return Err(HandleError::new("the host is that of Postmark's SMTP")
                .with_help("write `api.postmarkapp.com`, or use the type `Mail`"));
        }
        refuse_bare_host(&self.host)
    }
}

impl Connect for Postmark {
    type Client = PostmarkClient;

    async fn connect(&self) -> Result<PostmarkClient, ClientError> {
        let http = self.http.client(&self.host, &self.tls)?;
        let http = http.build().map_err(|error| cause(&error))?;
        let base = origin(self.tls.is_on(), &self.host);
        let base = Url::parse(&base).map_err(ClientError::caused_by)?;
        let mut token =
            HeaderValue::from_str(self.token.expose()).map_err(ClientError::caused_by)?;
        token.set_sensitive(true);
        Ok(PostmarkClient {
            http,
            base,
            token,
            limit: self.connect_timeout(),
            closed: Arc::default(),
        })
    }

    async fn ping(client: &PostmarkClient) -> Result<(), ClientError> {
        answered_within(client.limit, || async {
            let (status, _) = client.call(Method::GET, "/server", |request| request).await?;
            match status {
                StatusCode::OK => Ok(()),
                status => Err(refused(status)),
            }
        })
        .await
    }

    async fn close(client: PostmarkClient) {
        client.closed.close();
    }
}

impl PostmarkClient {
    async fn call(
        &self,
        method: Method,
        path_and_query: &str,
        complete: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        self.closed.check()?;
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
        Ok((status, body(answer, ANSWER_LIMIT).await?))
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
        for (text, message) in [
            ("postmark://api.postmarkapp.com", "the handle has no user name"),
            ("postmark://t0ken:x@api.postmarkapp.com", "the handle has a password"),
            ("postmark://:t0ken@api.postmarkapp.com", "the handle has a password"),
            ("postmark://t0ken@api.postmarkapp.com/email", "the handle has a path"),
            (
                "postmark://t%0Aken@api.postmarkapp.com",
                "the server token has a character that no token has",
            ),
            ("postmark://t0ken@smtp.postmarkapp.com", "the host is that of Postmark's SMTP"),
            ("postmark://TOKEN@default", "the host is a name without a dot"),
            ("postmark://t0ken@h?timout=1s", "unknown parameter `timout`"),
            (
                "postmark://t0ken@localhost?connect_timeout=1000000h",
                "the parameter `connect_timeout` has a bad value",
            ),
            (
                "postmark://t0ken@localhost?tls=none&tls_ca=ca.pem",
                "the handle has `tls_ca` but no TLS to use it in",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("postmark://t0ken@mail.example?tls=none").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }
}
