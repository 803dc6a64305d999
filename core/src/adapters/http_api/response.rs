use std::fmt;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};

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
    pub(super) response: Response,
    pub(super) method: Method,
    pub(super) path: String,
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
