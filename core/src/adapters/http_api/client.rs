use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Body, Client, Method, Request, Response, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};
use url::{Url, form_urlencoded};

use super::error::{HttpError, HttpErrorKind};
use super::response::HttpResponse;
use crate::adapters::ending::{Closed, closed};
use crate::adapters::http_client::retry_after;
use crate::backoff::Backoff;
use crate::error::{ClientError, Message, mask, ours};
use crate::secret::Secret;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Browsers follow 20 and reqwest 10: an API has no use for so many.
const MOST_REDIRECTS: usize = 5;

/// An HTTP client for one API: base URL, credential, timeouts and retries are applied to every
/// call.
///
/// Cloning it is cheap and shares the connections.
///
/// ```no_run
/// use backing_services::adapters::http_api::HttpClient;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct User {
///     name: String,
/// }
///
/// # async fn f(api: HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// let user: User = api.get("users/1").query(&[("fields", "name")]).send().await?.json().await?;
/// api.post("users").json(&[("name", "Ada")]).send().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Paths
///
/// A path is appended to the path of the base URL, with or without a `/` at its start: with the
/// base `https://api.example/v1`, `users/1` is `https://api.example/v1/users/1`. Its segments are
/// percent-encoded where needed, and sent as they are where they are encoded already. A path with
/// `?`, `#`, `\` or a segment `.` or `..` is an error, and so is one that names another host. A
/// whole URL is taken if it has scheme, host and port of the base URL, such as the next page that
/// an answer links to.
///
/// # Credential
///
/// It is put into each request just before it is sent, so no [`reqwest::RequestBuilder`] holds it.
/// A header that the app sets itself counts more; a query parameter of the app with the
/// credential's name is replaced. An [`HttpResponse`] shows neither.
///
/// # Retries
///
/// A call is tried again after 429, any 5xx but 501 and 505, a lost connection and an attempt that
/// took too long, at most `retries` times and within `total_timeout`, if its method is idempotent:
/// GET, HEAD, OPTIONS, TRACE, PUT, DELETE. POST and PATCH are tried again when no connection was
/// made, and on 429 and 503 with a time to come back; [`idempotent`](HttpRequest::idempotent)
/// treats them as the others. A body that is a stream is never sent again. The pause is what
/// `Retry-After` (seconds or a date) asks for; otherwise 250 ms, twice as long each time up to
/// ten seconds, half of it by chance. A `Retry-After` beyond `total_timeout` is an error at once.
///
/// # Redirects
///
/// Up to five are followed, to the same scheme, host and port only, with the credential. A redirect
/// to anywhere else is an error, and nothing is sent there.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

/// What the clones of a client share.
pub(super) struct Inner {
    pub(super) http: Client,
    pub(super) base: Url,
    pub(super) credential: Applied,
    /// What no message may show.
    pub(super) secrets: Vec<Secret>,
    /// For the ping.
    pub(super) connect_timeout: Duration,
    /// Of an attempt; the client has it too.
    pub(super) timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) retries: u32,
    pub(super) ping: Option<String>,
    pub(super) closed: Closed,
}

/// How often one call has been tried, and may yet be.
struct Attempts<'a> {
    client: &'a Inner,
    method: Method,
    path: String,
    idempotent: bool,
    started: Instant,
    made: u32,
    left: u32,
    backoff: Backoff,
}

/// A credential in the form in which it is sent.
pub(super) enum Applied {
    None,
    Header(HeaderName, HeaderValue),
    Query(String, Secret),
}

/// A call that has not been sent yet, as [`reqwest::RequestBuilder`].
///
/// ```no_run
/// # use backing_services::adapters::http_api::HttpClient;
/// # async fn f(api: HttpClient) -> Result<(), Box<dyn std::error::Error>> {
/// let call = api.get("search").query(&[("q", "dogs & cats")]).header("accept", "text/csv");
/// let text = call.send().await?.text().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct HttpRequest {
    client: HttpClient,
    method: Method,
    path: String,
    builder: Result<reqwest::RequestBuilder, HttpError>,
    idempotent: bool,
}

impl HttpClient {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Starts a GET of a [path](#paths).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// let answer = api.get("users/me").send().await?; // an HttpResponse
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, path: impl AsRef<str>) -> HttpRequest {
        self.request(Method::GET, path)
    }

    /// Starts a POST to a [path](#paths).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// api.post("charges").form(&[("amount", "100"), ("currency", "eur")]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn post(&self, path: impl AsRef<str>) -> HttpRequest {
        self.request(Method::POST, path)
    }

    /// Starts a PUT to a [path](#paths).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// api.put("notes/1").body("milk").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn put(&self, path: impl AsRef<str>) -> HttpRequest {
        self.request(Method::PUT, path)
    }

    /// Starts a PATCH of a [path](#paths).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// api.patch("users/1").json(&[("name", "Ada")]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn patch(&self, path: impl AsRef<str>) -> HttpRequest {
        self.request(Method::PATCH, path)
    }

    /// Starts a DELETE of a [path](#paths).
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// api.delete("notes/1").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, path: impl AsRef<str>) -> HttpRequest {
        self.request(Method::DELETE, path)
    }

    /// Starts a request of any method.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// let answer = api.request(reqwest::Method::HEAD, "archive.tar").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> HttpRequest {
        let asked = path.as_ref();
        let (path, builder) = match resolve(&self.inner.base, asked) {
            Ok((path, url)) => (path, Ok(self.inner.http.request(method.clone(), url))),
            // What is no path may be anything, so it is not shown.
            Err(cause) => (String::new(), Err(HttpError::of_request(&method, "", cause))),
        };
        let idempotent = method.is_idempotent();
        HttpRequest { client: self.clone(), method, path, builder, idempotent }
    }

    /// The client behind it: timeouts and certificates are those of the handle; base URL,
    /// credential, retries and redirects are not applied.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # async fn f(api: HttpClient) -> reqwest::Result<()> {
    /// let elsewhere = api.reqwest().get("https://status.example").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reqwest(&self) -> &Client {
        &self.inner.http
    }

    /// Sends a request once, for a ping, which ends after [`ping_timeout`](Self::ping_timeout).
    pub(crate) async fn probe(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (method, path) = (request.method.clone(), request.path.clone());
        match request.send_with(0).await {
            Err(error) if error.kind() == HttpErrorKind::Timeout => {
                let late = ClientError::no_answer(self.ping_timeout());
                Err(HttpError::new(HttpErrorKind::Timeout, &method, &path, late))
            }
            answer => answer,
        }
    }

    /// The path that the handle names for a ping.
    pub(crate) fn ping_path(&self) -> Option<&str> {
        self.inner.ping.as_deref()
    }

    /// The timeout of a ping, which holds for reading its answer too.
    pub(crate) fn ping_timeout(&self) -> Duration {
        self.inner.connect_timeout
    }

    pub(crate) fn close(&self) {
        self.inner.closed.close();
    }

    /// What a server wrote, without the secrets in it.
    #[cfg(any(feature = "googlemaps", feature = "lastfm"))]
    pub(crate) fn mask(&self, message: &str) -> String {
        mask(message, self.inner.secrets.iter().map(Secret::expose))
    }
}

impl Inner {
    fn authorize(&self, request: &mut Request) {
        match &self.credential {
            Applied::None => {}
            Applied::Header(name, value) => {
                request.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
            Applied::Query(name, value) => set_query(request.url_mut(), name, value.expose()),
        }
    }

    /// Where a redirect goes. What the server wrote may repeat a secret, in lower case because it
    /// is a host.
    fn elsewhere(&self, to: &Url) -> String {
        let secrets = self.secrets.iter().map(|secret| secret.expose().to_lowercase());
        let secrets: Vec<_> = secrets.collect();
        let host = mask(to.host_str().unwrap_or_default(), secrets.iter().map(String::as_str));
        let scheme = if to.scheme() == "http" { "http" } else { "https" };
        match to.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}

impl Attempts<'_> {
    /// What becomes of a call whose first attempt had no good answer, or led elsewhere.
    ///
    /// A loop of our own: the `retry` of reqwest 0.13 has no pause between attempts, and the policy
    /// of `reqwest-retry` that decides how long to wait [does not see the
    /// answer](https://github.com/TrueLayer/reqwest-middleware/issues/146) with its `Retry-After`.
    async fn go_on(
        mut self,
        mut answer: Result<Response, HttpError>,
        mut again: Option<Request>,
    ) -> Result<HttpResponse, HttpError> {
        let mut redirects = 0;
        loop {
            let request = match answer {
                Ok(response) if redirect(&response).is_none() => return Ok(self.answer(response)),
                Ok(_) if redirects == MOST_REDIRECTS => {
                    let cause = ours!("more than {MOST_REDIRECTS} redirects");
                    return Err(self.error(HttpErrorKind::Redirect, ClientError::new(cause)));
                }
                Ok(response) => {
                    redirects += 1;
                    self.follow(response, again)?
                }
                Err(error) => self.wait(error, again).await?,
            };
            again = request.try_clone();
            answer = self.attempt(request).await;
        }
    }

    /// Sends a request once.
    async fn attempt(&self, mut request: Request) -> Result<Response, HttpError> {
        if self.client.closed.is_closed() {
            return Err(self.error(HttpErrorKind::Closed, closed()));
        }
        let total = self.client.total_timeout;
        let left = total.saturating_sub(self.started.elapsed());
        let limit = request.timeout().copied().unwrap_or(self.client.timeout);
        self.client.authorize(&mut request);
        let sending = self.client.http.execute(request);
        // A timeout costs time, so there is one: reqwest's own, unless it would end too late.
        let answer = if limit < left {
            sending.await
        } else {
            let late = |_| self.error(HttpErrorKind::Timeout, ClientError::no_answer(total));
            timeout(left, sending).await.map_err(late)?
        };
        match answer {
            Ok(response) if is_failure(response.status()) => Err(self.refused(response)),
            Ok(response) => Ok(response),
            Err(error) => Err(self.counted(HttpError::of_call(&self.method, &self.path, &error))),
        }
    }

    /// The request again, after a pause, if there is to be another attempt.
    async fn wait(
        &mut self,
        mut error: HttpError,
        again: Option<Request>,
    ) -> Result<Request, HttpError> {
        let left = self.client.total_timeout.saturating_sub(self.started.elapsed());
        if self.left == 0 || !error.may_pass(self.idempotent) {
            return Err(error);
        }
        let Some(request) = again else { return Err(error) };
        let pause = self.backoff.pause();
        let pause = error.retry_after().unwrap_or(pause);
        if pause >= left {
            if let Some(asked) = error.retry_after() {
                error.inner.cause =
                    ClientError::transient(error.inner.cause.cause().clone().then(format_args!(
                        ", and asks to wait {} s, longer than `total_timeout` leaves",
                        asked.as_secs()
                    )));
            }
            return Err(error);
        }
        // With the answer in it, and its connection.
        drop(error);
        sleep(pause).await;
        self.left -= 1;
        self.made += 1;
        Ok(request)
    }

    /// The request that a redirect leads to, where the credential may go.
    fn follow(&mut self, response: Response, again: Option<Request>) -> Result<Request, HttpError> {
        let base = &self.client.base;
        let location = redirect(&response).unwrap_or_default();
        let refused = match (response.url().join(location), again) {
            (Ok(to), Some(again)) if is_same_origin(&to, base) => {
                let method = again.method().clone();
                let request = redirected(again, response.status(), to);
                // A GET that is left of something else.
                self.idempotent |= *request.method() != method;
                return Ok(request);
            }
            (Ok(to), _) if !is_same_origin(&to, base) => Message::from("the server redirects to ")
                .said(&self.client.elsewhere(&to))
                .then(format_args!(", and no credential is sent there")),
            (Ok(_), _) => "the server redirects, and a stream cannot be sent again".into(),
            (Err(_), _) => "the server redirects to what is no URL".into(),
        };
        let error = self.error(HttpErrorKind::Redirect, ClientError::new(refused));
        Err(error.with_response(self.response(response)))
    }

    fn error(&self, kind: HttpErrorKind, cause: ClientError) -> HttpError {
        self.counted(HttpError::new(kind, &self.method, &self.path, cause))
    }

    fn refused(&self, response: Response) -> HttpError {
        let (status, headers) = (response.status(), response.headers());
        let asked = retry_after(status, headers, SystemTime::now());
        let mut error = HttpError::of_status(self.response(response));
        error.inner.retry_after = asked;
        self.counted(error)
    }

    fn response(&self, response: Response) -> HttpResponse {
        HttpResponse::new(response, self.method.clone(), self.path.clone())
    }

    fn answer(self, response: Response) -> HttpResponse {
        HttpResponse::new(response, self.method, self.path)
    }

    fn counted(&self, mut error: HttpError) -> HttpError {
        error.inner.attempts = self.made;
        error
    }
}

impl HttpRequest {
    /// Adds parameters to the query, as [`reqwest::RequestBuilder::query`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.get("search").query(&[("q", "dogs & cats"), ("page", "2")]);
    /// # }
    /// ```
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|builder| builder.query(query))
    }

    /// Adds a header, as [`reqwest::RequestBuilder::header`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.get("users").header("accept", "application/vnd.github+json");
    /// # }
    /// ```
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.map(|builder| builder.header(name.as_ref(), value.as_ref()))
    }

    /// Adds headers, as [`reqwest::RequestBuilder::headers`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
    ///
    /// # fn f(api: HttpClient) {
    /// let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/csv"))]);
    /// let call = api.get("report").headers(headers);
    /// # }
    /// ```
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|builder| builder.headers(headers))
    }

    /// Sets a JSON body, as [`reqwest::RequestBuilder::json`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.post("users").json(&[("name", "Ada")]);
    /// # }
    /// ```
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|builder| builder.json(body))
    }

    /// Sets a form as body, as [`reqwest::RequestBuilder::form`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.post("charges").form(&[("amount", "100")]);
    /// # }
    /// ```
    pub fn form<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|builder| builder.form(body))
    }

    /// Sets the body, as [`reqwest::RequestBuilder::body`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.put("notes/1").header("content-type", "text/plain").body("milk");
    /// # }
    /// ```
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|builder| builder.body(body))
    }

    /// Bounds each attempt, the body of its answer included, instead of the `timeout` of the
    /// handle.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # use std::time::Duration;
    /// # fn f(api: HttpClient) {
    /// let call = api.get("report").timeout(Duration::from_secs(120));
    /// # }
    /// ```
    pub fn timeout(self, limit: Duration) -> Self {
        self.map(|builder| builder.timeout(limit))
    }

    /// Says that the server acts once if it gets this request twice, so that it may be tried again;
    /// `false` says the opposite of a PUT or a DELETE.
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::HttpClient;
    /// # fn f(api: HttpClient) {
    /// let call = api.post("charges").header("idempotency-key", "order-17").idempotent(true);
    /// # }
    /// ```
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Sends it, again if that makes sense, and gives the first answer below 400.
    ///
    /// # Errors
    ///
    /// When there is no such answer. The last one is in the error: [`HttpError::into_response`].
    ///
    /// ```no_run
    /// # use backing_services::adapters::http_api::{HttpClient, HttpError};
    /// # async fn f(api: HttpClient) -> Result<(), HttpError> {
    /// let answer = api.get("users/me").send().await?;
    /// assert!(answer.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(self) -> Result<HttpResponse, HttpError> {
        let retries = self.client.inner.retries;
        self.send_with(retries).await
    }

    async fn send_with(self, retries: u32) -> Result<HttpResponse, HttpError> {
        let Self { client, method, path, builder, idempotent } = self;
        let request =
            builder?.build().map_err(|error| HttpError::of_call(&method, &path, &error))?;
        let attempts = Attempts {
            client: &client.inner,
            method,
            path,
            idempotent,
            started: Instant::now(),
            made: 1,
            left: retries,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        };
        let again = request.try_clone();
        match attempts.attempt(request).await {
            Ok(response) if redirect(&response).is_none() => Ok(attempts.answer(response)),
            // Most calls never come here, so they need not carry its state.
            answer => Box::pin(attempts.go_on(answer, again)).await,
        }
    }

    fn map(
        mut self,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Self {
        self.builder = self.builder.map(change);
        self
    }
}

/// The URL of a path, and the path to show.
pub(super) fn resolve(base: &Url, path: &str) -> Result<(String, Url), &'static str> {
    if path.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('/')) {
        let mut url = Url::parse(path).map_err(|_| "the URL is malformed")?;
        if !is_same_origin(&url, base) || !url.username().is_empty() || url.password().is_some() {
            return Err("the URL is not one of this service: the credential goes to no other host");
        }
        url.set_fragment(None);
        return Ok((without_base(base, url.path()).to_owned(), url));
    }
    if path.starts_with("//") {
        return Err("a path that begins with `//` names another host");
    }
    if path.contains(['?', '#', '\\']) || path.contains(char::is_control) {
        return Err("a path has no `?`, `#`, `\\` or control character in it: \
                    give parameters with `query`, and percent-encode the others");
    }
    if has_dots(path) {
        return Err("a path has no segment `.` or `..`");
    }
    let mut url = base.clone();
    let path = path.strip_prefix('/').unwrap_or(path);
    if !path.is_empty() {
        let base = base.path().trim_end_matches('/');
        url.set_path(&[base, "/", path].concat());
    }
    Ok((path.to_owned(), url))
}

/// Whether a URL would lose a segment, also one that is written `%2e`.
pub(super) fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| {
        let is = |dots: &[u8]| percent_decode_str(segment).eq(dots.iter().copied());
        is(b".") || is(b"..")
    })
}

/// The base's path may hold a token: it is not shown.
fn without_base<'a>(base: &Url, path: &'a str) -> &'a str {
    path.strip_prefix(base.path().trim_end_matches('/'))
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or_default()
}

/// Scheme, host and port.
fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Adds a parameter as the last one, and takes out any of the same name.
fn set_query(url: &mut Url, name: &str, value: &str) {
    let is_there = |query: &str| {
        let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        names.any(|other| form_urlencoded::parse(other.as_bytes()).any(|(it, _)| it == name))
    };
    if url.query().is_some_and(is_there) {
        let others: Vec<_> =
            url.query_pairs().into_owned().filter(|(other, _)| other != name).collect();
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    url.query_pairs_mut().append_pair(name, value);
}

fn is_failure(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn redirect(response: &Response) -> Option<&str> {
    match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION)?.to_str().ok(),
        _ => None,
    }
}

/// The request after a redirect, by the rules that browsers follow and RFC 9110, 15.4 allows.
fn redirected(mut request: Request, status: StatusCode, to: Url) -> Request {
    let becomes_get = match status.as_u16() {
        301 | 302 => request.method() == Method::POST,
        303 => request.method() != Method::GET && request.method() != Method::HEAD,
        _ => false,
    };
    if becomes_get {
        *request.method_mut() = Method::GET;
        *request.body_mut() = None;
        for name in ["content-type", "content-length", "content-encoding", "transfer-encoding"] {
            request.headers_mut().remove(name);
        }
    }
    *request.url_mut() = to;
    request
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = &self.inner.base;
        let port = base.port_or_known_default().unwrap_or_default();
        write!(f, "HttpClient({}://{}:{port})", base.scheme(), base.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} {})", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &str) -> Result<String, &'static str> {
        resolve(&Url::parse(base).unwrap(), path).map(|(_, url)| url.to_string())
    }

    #[test]
    fn joins_without_surprises() {
        for (base, path, joined) in [
            ("https://h/2", "users/me", "https://h/2/users/me"),
            ("https://h/2/", "/users/me", "https://h/2/users/me"),
            ("https://h", "users/", "https://h/users/"),
            ("https://h/2.0/", "", "https://h/2.0/"),
            ("https://h/a", "", "https://h/a"),
            ("https://h/a", "x%2Fy/a b/ä:z@w", "https://h/a/x%2Fy/a%20b/%C3%A4:z@w"),
            ("https://h/a", "web/https://other.example", "https://h/a/web/https://other.example"),
            ("https://h/a", "https://h:443/a/next?page=2#x", "https://h/a/next?page=2"),
        ] {
            assert_eq!(url(base, path).as_deref(), Ok(joined), "{base} {path}");
        }
        for path in [
            "//evil.example/x",
            "https://evil.example/x",
            "http://h/a/x",
            "https://h:444/x",
            "https://h@evil.example/x",
            "https://me@h/x",
            "https://h.evil.example/",
            "file:///etc/passwd",
            "../x",
            "x/..",
            "x/%2E%2e/y",
            "./x",
            "x?y",
            "x#y",
            "\\\\evil.example",
            "\t//evil.example",
            "x\ny",
        ] {
            assert!(url("https://h/a", path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn the_last_parameter_is_the_credential() {
        for (before, after) in [
            ("https://h/", "https://h/?key=s+%26"),
            ("https://h/?a=%20b", "https://h/?a=%20b&key=s+%26"),
            ("https://h/?key=x&a=b&key=y", "https://h/?a=b&key=s+%26"),
        ] {
            let mut url = Url::parse(before).unwrap();
            set_query(&mut url, "key", "s &");
            assert_eq!(url.as_str(), after);
        }
    }

    #[test]
    fn a_redirect_turns_a_post_into_a_get_where_browsers_do() {
        for (method, status, becomes) in [
            (Method::POST, 301, Method::GET),
            (Method::POST, 302, Method::GET),
            (Method::PUT, 302, Method::PUT),
            (Method::PUT, 303, Method::GET),
            (Method::HEAD, 303, Method::HEAD),
            (Method::POST, 307, Method::POST),
            (Method::POST, 308, Method::POST),
        ] {
            let from = Url::parse("https://h/a").unwrap();
            let mut request = Request::new(method.clone(), from.clone());
            *request.body_mut() = Some(Body::from("x"));
            let after = redirected(request, StatusCode::from_u16(status).unwrap(), from);
            assert_eq!(*after.method(), becomes, "{method} {status}");
            assert_eq!(after.body().is_some(), method == becomes, "{method} {status}");
        }
    }
}
