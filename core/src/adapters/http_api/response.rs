use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::error::{HttpError, HttpErrorKind};
use crate::error::{ClientError, ours};

/// An answer. Neither it nor an error of its methods shows a byte of the credential, of the base
/// URL's path, of a query or of the body, as one of reqwest does.
///
/// ```no_run
/// # use backing_services::adapters::http_api::HttpClient;
/// # async fn f(api: HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// let answer = api.get("report").send().await?;
/// if answer.headers().get("content-type").is_some_and(|value| value == "text/csv") {
///     println!("{}", answer.text().await?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct HttpResponse {
    response: Response,
    method: Method,
    path: String,
}

impl HttpResponse {
    pub(super) fn new(response: Response, method: Method, path: String) -> Self {
        Self { response, method, path }
    }

    /// What was asked for.
    pub(super) fn asked(&self) -> (&Method, &str) {
        (&self.method, &self.path)
    }

    /// The status.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpResponse;
    /// fn is_new(answer: &HttpResponse) -> bool {
    ///     answer.status() == 201
    /// }
    /// ```
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpResponse;
    /// fn tag(answer: &HttpResponse) -> Option<&str> {
    ///     answer.headers().get("etag")?.to_str().ok()
    /// }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The body.
    ///
    /// # Errors
    ///
    /// When it does not arrive in time, or the connection ends before.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpError, HttpResponse};
    /// async fn length(answer: HttpResponse) -> Result<usize, HttpError> {
    ///     Ok(answer.bytes().await?.len())
    /// }
    /// ```
    pub async fn bytes(self) -> Result<Bytes, HttpError> {
        let Self { response, method, path } = self;
        response.bytes().await.map_err(|error| HttpError::of_call(&method, &path, &error))
    }

    /// The body as text; what is no UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpError, HttpResponse};
    /// async fn lines(answer: HttpResponse) -> Result<usize, HttpError> {
    ///     Ok(answer.text().await?.lines().count())
    /// }
    /// ```
    pub async fn text(self) -> Result<String, HttpError> {
        let Self { response, method, path } = self;
        response.text().await.map_err(|error| HttpError::of_call(&method, &path, &error))
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and when the body is no `T`:
    /// [`HttpErrorKind::Body`](super::HttpErrorKind::Body).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpError, HttpResponse};
    /// async fn names(answer: HttpResponse) -> Result<Vec<String>, HttpError> {
    ///     answer.json().await
    /// }
    /// ```
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        let Self { response, method, path } = self;
        let body = response.bytes().await;
        let body = body.map_err(|error| HttpError::of_call(&method, &path, &error))?;
        serde_json::from_slice(&body).map_err(|error| {
            // The text of serde's error may repeat what stands there.
            let (line, column) = (error.line(), error.column());
            let cause = ours!("line {line}, column {column} is not what the caller expects");
            HttpError::new(HttpErrorKind::Body, &method, &path, ClientError::new(cause))
        })
    }

    /// The next piece of the body as it arrives; `None` at its end.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpError, HttpResponse};
    /// async fn length(mut answer: HttpResponse) -> Result<usize, HttpError> {
    ///     let mut length = 0;
    ///     while let Some(piece) = answer.chunk().await? {
    ///         length += piece.len();
    ///     }
    ///     Ok(length)
    /// }
    /// ```
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Self { response, method, path } = self;
        response.chunk().await.map_err(|error| HttpError::of_call(method, path, &error))
    }

    /// The answer as reqwest has it. Its URL, which is in its `Debug` and in its errors, is the one
    /// that was sent: with a credential that `auth=query:` puts there.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpResponse;
    /// fn version(answer: HttpResponse) -> reqwest::Version {
    ///     answer.into_reqwest().version()
    /// }
    /// ```
    pub fn into_reqwest(self) -> Response {
        self.response
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({} of {} {})", self.status(), self.method, self.path)
    }
}
