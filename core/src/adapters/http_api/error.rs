use std::fmt;
use std::time::Duration;

use reqwest::{Method, StatusCode};

use super::response::HttpResponse;
use crate::adapters::http_client::{cause, refused};
use crate::error::{ClientError, Message};

/// Why a call has no good answer: method, path and cause.
///
/// `Display` and `Debug` are the same sentence. It holds the path that the app asked for, and no
/// byte of the credential, of the base URL's path, of a query or of a body.
///
/// ```no_run
/// use backing_services::adapters::http_api::{HttpClient, HttpErrorKind};
///
/// # async fn f(api: HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// let answer = match api.get("users/1").send().await {
///     Err(error) if error.status().is_some_and(|status| status == 404) => return Ok(()),
///     Err(error) if error.kind() == HttpErrorKind::RateLimited => {
///         println!("again in {:?}: {error}", error.retry_after());
///         return Ok(());
///     }
///     answer => answer?,
/// };
/// # Ok(())
/// # }
/// ```
pub struct HttpError {
    /// Boxed: an error is rare, and this is large.
    pub(super) inner: Box<Inner>,
}

pub(super) struct Inner {
    kind: HttpErrorKind,
    method: Method,
    path: String,
    pub(super) cause: ClientError,
    pub(super) retry_after: Option<Duration>,
    pub(super) attempts: u32,
    /// The server cannot have seen the request.
    pub(super) unsent: bool,
    status: Option<StatusCode>,
    response: Option<HttpResponse>,
}

/// What went wrong, for a program to decide on.
///
/// ```
/// use backing_services::adapters::http_api::HttpErrorKind;
///
/// fn worth_an_alarm(kind: HttpErrorKind) -> bool {
///     matches!(kind, HttpErrorKind::Credential)
/// }
/// # assert!(worth_an_alarm(HttpErrorKind::Credential));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The request cannot be made of what the app gave: a path that leaves the base URL, a value
    /// that cannot be serialized.
    Request,
    /// The client has been closed.
    Closed,
    /// No connection, or one that ended before the answer.
    Connection,
    /// No answer in time.
    Timeout,
    /// A redirect to another host, or too many of them.
    Redirect,
    /// The server answered 401, 403 or 407.
    Credential,
    /// The server answered 429.
    RateLimited,
    /// The server answered any other status from 400 on.
    Status,
    /// The body of the answer is not what the app expects.
    Body,
}

impl HttpError {
    pub(super) fn new(
        kind: HttpErrorKind,
        method: &Method,
        path: &str,
        cause: ClientError,
    ) -> Self {
        let inner = Inner {
            kind,
            method: method.clone(),
            path: path.to_owned(),
            cause,
            retry_after: None,
            attempts: 1,
            unsent: false,
            status: None,
            response: None,
        };
        Self { inner: Box::new(inner) }
    }

    pub(super) fn of_request(method: &Method, path: &str, cause: impl Into<Message>) -> Self {
        Self::new(HttpErrorKind::Request, method, path, ClientError::new(cause))
    }

    /// A call that had no answer.
    pub(super) fn of_call(method: &Method, path: &str, error: &reqwest::Error) -> Self {
        let kind = if error.is_timeout() {
            HttpErrorKind::Timeout
        } else if error.is_decode() {
            HttpErrorKind::Body
        } else if error.is_builder() {
            HttpErrorKind::Request
        } else {
            HttpErrorKind::Connection
        };
        let mut new = Self::new(kind, method, path, cause(error));
        new.inner.unsent = error.is_connect();
        new
    }

    /// An answer from 400 on.
    pub(super) fn of_status(response: HttpResponse) -> Self {
        let status = response.status();
        let kind = match status {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => HttpErrorKind::Credential,
            StatusCode::TOO_MANY_REQUESTS => HttpErrorKind::RateLimited,
            _ => HttpErrorKind::Status,
        };
        let (method, path) = response.asked();
        Self::new(kind, method, path, refused(status)).with_response(response)
    }

    /// What went wrong.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpError, HttpErrorKind};
    /// fn is_down(error: &HttpError) -> bool {
    ///     matches!(error.kind(), HttpErrorKind::Connection | HttpErrorKind::Timeout)
    /// }
    /// ```
    pub fn kind(&self) -> HttpErrorKind {
        self.inner.kind
    }

    /// The status of the last answer; `None` if there was none.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpError;
    /// fn is_missing(error: &HttpError) -> bool {
    ///     error.status().is_some_and(|status| status == 404)
    /// }
    /// ```
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// The path as the app asked for it, without the base URL and without a query.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpError;
    /// fn count(error: &HttpError) {
    ///     println!("failed: {}", error.path());
    /// }
    /// ```
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// How long the server asked to wait, if it did.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpError;
    /// # use std::time::Duration;
    /// fn pause(error: &HttpError) -> Duration {
    ///     error.retry_after().unwrap_or(Duration::from_secs(60))
    /// }
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// How many times the request was sent, or was tried to be sent.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpError;
    /// fn log(error: &HttpError) {
    ///     println!("{} attempts", error.attempts());
    /// }
    /// ```
    pub fn attempts(&self) -> u32 {
        self.inner.attempts
    }

    /// The last answer, for what its body says; `None` if there was none.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpError;
    /// async fn reason(error: HttpError) -> Option<String> {
    ///     error.into_response()?.text().await.ok()
    /// }
    /// ```
    pub fn into_response(self) -> Option<HttpResponse> {
        self.inner.response
    }

    pub(crate) fn cause(&self) -> ClientError {
        self.inner.cause.clone()
    }

    /// Whether it may pass by itself, and trying again does nothing twice.
    pub(super) fn may_pass(&self, idempotent: bool) -> bool {
        match (self.kind(), self.status()) {
            (HttpErrorKind::Connection | HttpErrorKind::Timeout, None) => {
                idempotent || self.inner.unsent
            }
            // These two with a time to come back say that the server has not acted.
            (_, Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)) => {
                idempotent || self.retry_after().is_some()
            }
            // What the server cannot do, it cannot do later either.
            (_, Some(StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED)) => {
                false
            }
            (_, Some(status)) => idempotent && status.is_server_error(),
            _ => false,
        }
    }

    /// The error without the answer, and the answer.
    #[cfg(feature = "lastfm")]
    pub(crate) fn split(mut self) -> (Self, Option<HttpResponse>) {
        let response = self.inner.response.take();
        (self, response)
    }

    pub(super) fn with_response(mut self, response: HttpResponse) -> Self {
        self.inner.status = Some(response.status());
        self.inner.response = Some(response);
        self
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { method, path, cause, attempts, .. } = &*self.inner;
        let path = if path.is_empty() { "/" } else { path };
        write!(f, "{method} {path}: {cause}")?;
        if *attempts > 1 { write!(f, " ({attempts} attempts)") } else { Ok(()) }
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.inner.cause)
    }
}
