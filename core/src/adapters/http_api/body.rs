//! The body of an answer.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::{HttpError, HttpErrorKind};
use super::response::HttpResponse;
use crate::error::{ClientError, ours};

impl HttpResponse {
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
}
