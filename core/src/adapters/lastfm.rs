//! The web services of Last.fm, version 2.0.
//!
//! <!-- grammar -->
//! - schemes: `https` (TLS, port 443), `http` (port 80)
//! - user name: The API key; sent as `api_key=` of each call. Required.
//! - password: The shared secret: it signs calls and is never sent. Also `API_SECRET`.
//! - host: The server.
//! - port
//! - path: The root of the service.
//! - `user_agent`: What the client calls itself; `backing-services` and its version where nothing
//!   is said.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! - `total_timeout`: For all attempts of a call and the pauses between them, until an answer
//!   begins. By default `60s`.
//! - `retries`: How many more attempts a call may have. By default `2`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! The [page of an API account](https://www.last.fm/api/accounts) shows both:
//! `https://API_KEY:SHARED_SECRET@ws.audioscrobbler.com/2.0/`. Without the secret only calls that
//! need no signature can be made. Last.fm asks for [a `user_agent` that names the
//! app](https://www.last.fm/api/intro). Unencrypted calls go to a fake server on this machine only.
//!
//! Each call gets `api_key` and `format=json`. A signed one gets `api_sig` as [the
//! specification](https://www.last.fm/api/authspec) says: the MD5 sum of all parameters but
//! `format` and `callback`, names and values in the order of the names, and the secret.
//!
//! A ping asks for the first of the [top tags](https://www.last.fm/api/show/chart.getTopTags), a
//! public method that changes nothing. It proves the key, not the secret.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::http_api::{Calls, Credential, HttpClient, HttpError, HttpRequest, HttpResponse};
use super::http_client::{answered_within, body};
use crate::error::{FailureKind, Message};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret};

/// A page of a thousand tracks, the most that a method gives at once, is shorter.
const ANSWER_LIMIT: usize = 16 << 20;

/// Last.fm. Its client is a [`LastFmClient`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```no_run
/// use backing_services::{BackingServices, Environment, LastFm};
/// use serde::Deserialize;
///
/// #[derive(BackingServices)]
/// struct Services {
///     lastfm: LastFm, // LASTFM_URL=https://API_KEY:SHARED_SECRET@ws.audioscrobbler.com/2.0/
/// }
///
/// #[derive(Deserialize)]
/// struct Info {
///     artist: Artist,
/// }
///
/// #[derive(Deserialize)]
/// struct Artist {
///     name: String,
/// }
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let lastfm = Services::load(&Environment::process())?.connect_lastfm().await?;
/// let info: Info = lastfm.call("artist.getInfo").param("artist", "Cher").send().await?;
/// println!("{}", info.artist.name);
/// # Ok(())
/// # }
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "Last.fm",
    schemes("https" = tls(443), "http" = 80),
    example = "https://api_key:shared_secret@ws.audioscrobbler.com/2.0/",
    place = "https://ws.audioscrobbler.com/2.0/",
    bindings("lastfm"),
    unencrypted = "loopback",
    api,
    check,
    debug
)]
pub struct LastFm {
    #[handle]
    handle: Handle,
    /// The API key; sent as `api_key=` of each call.
    #[handle(username)]
    api_key: Secret,
    /// The shared secret: it signs calls and is never sent.
    #[handle(password, names("API_SECRET"))]
    shared_secret: Option<Secret>,
    /// The server.
    #[handle(host)]
    host: Host,
    /// The root of the service.
    #[handle(path)]
    #[expect(dead_code, reason = "the base URL has it as it is written")]
    path: Option<String>,
    #[handle(flatten)]
    calls: Calls,
}

/// Calls the methods of Last.fm. Cloning it is cheap and shares the connections.
///
/// ```no_run
/// # use backing_services::Secret;
/// # use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
/// # async fn f(lastfm: LastFmClient, session: Secret) -> Result<(), LastFmError> {
/// use serde::de::IgnoredAny;
///
/// let love = lastfm.call("track.love").param("artist", "Cher").param("track", "Believe");
/// love.write().session(&session).send::<IgnoredAny>().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LastFmClient {
    http: HttpClient,
    keys: Arc<Keys>,
}

struct Keys {
    key: Secret,
    secret: Option<Secret>,
}

/// A call that has not been sent yet.
///
/// ```no_run
/// # use backing_services::adapters::lastfm::LastFmClient;
/// # fn f(lastfm: LastFmClient) {
/// let call = lastfm.call("artist.search").param("artist", "Cher").param("limit", 5);
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct LastFmCall {
    client: LastFmClient,
    /// The first one is the method.
    params: Vec<(Cow<'static, str>, String)>,
    signed: bool,
    write: bool,
}

/// Why a call has no result. It shows no parameter of the call, no key and no secret.
///
/// ```no_run
/// # use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
/// # async fn f(lastfm: LastFmClient) -> Result<(), LastFmError> {
/// let info = lastfm.call("artist.getInfo").param("artist", "no such artist");
/// match info.send::<serde_json::Value>().await {
///     Err(LastFmError::Refused { code: 6, .. }) => println!("unknown"),
///     other => println!("{}", other?),
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub enum LastFmError {
    /// The service did not answer, or with an error that is not one of Last.fm's.
    Http(HttpError),
    /// Last.fm refused the call, with one of [its codes](https://www.last.fm/api/errorcodes).
    #[non_exhaustive]
    Refused {
        /// The code.
        code: u32,
        /// What Last.fm says about it.
        message: String,
    },
    /// The answer is not what the caller expects. Without the text of the answer.
    Answer(String),
    /// A call is to be signed and the handle has no shared secret.
    NoSecret,
}

#[derive(Deserialize)]
struct Refusal {
    error: u32,
    #[serde(default)]
    message: String,
}

impl LastFm {
    fn check(&self) -> Result<(), HandleError> {
        self.calls.check(&self.handle, &self.host, &self.credential())
    }

    fn credential(&self) -> Credential {
        let secrets = [&self.api_key].into_iter().chain(&self.shared_secret);
        Credential::Own(secrets.cloned().collect())
    }
}

impl Connect for LastFm {
    type Client = LastFmClient;

    async fn connect(&self) -> Result<LastFmClient, ClientError> {
        let http = self.calls.client(&self.handle, &self.host, &self.credential(), None)?;
        let keys = Keys { key: self.api_key.clone(), secret: self.shared_secret.clone() };
        Ok(LastFmClient { http, keys: Arc::new(keys) })
    }

    async fn ping(client: &LastFmClient) -> Result<(), ClientError> {
        answered_within(client.http.ping_timeout(), || async {
            let call = client.call("chart.getTopTags").param("limit", 1);
            let answer = client.http.probe(call.request().map_err(|error| error.cause())?).await;
            let read: Result<IgnoredAny, _> = client.read(answer).await;
            read.map(drop).map_err(|error| error.cause())
        })
        .await
    }

    async fn close(client: LastFmClient) {
        client.http.close();
    }
}

impl LastFmClient {
    /// Starts a call of a [method](https://www.last.fm/api), such as `artist.getInfo`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
    /// # async fn f(lastfm: LastFmClient) -> Result<(), LastFmError> {
    /// let tags: serde_json::Value = lastfm.call("chart.getTopTags").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(&self, method: impl Into<String>) -> LastFmCall {
        let mut params = Vec::with_capacity(5);
        params.push(("method".into(), method.into()));
        LastFmCall { client: self.clone(), params, signed: false, write: false }
    }

    /// The result, or what Last.fm says is wrong: with any status, 200 included.
    async fn read<T: DeserializeOwned>(
        &self,
        answer: Result<HttpResponse, HttpError>,
    ) -> Result<T, LastFmError> {
        let (response, refused) = match answer {
            Ok(response) => (response, None),
            Err(error) if error.status().is_none() => return Err(LastFmError::Http(error)),
            Err(error) => {
                let (bare, response) = error.split();
                match response {
                    Some(response) => (response, Some(bare)),
                    None => return Err(LastFmError::Http(bare)),
                }
            }
        };
        let body = body(response.into_reqwest(), ANSWER_LIMIT).await;
        let is_refusal = |body: &&Bytes| body.windows(7).any(|word| word == b"\"error\"");
        if let Some(Ok(Refusal { error, message })) =
            body.as_ref().ok().filter(is_refusal).map(|body| serde_json::from_slice(body))
        {
            return Err(LastFmError::Refused { code: error, message: self.http.mask(&message) });
        }
        if let Some(error) = refused {
            return Err(LastFmError::Http(error));
        }
        let body = body.map_err(|error| LastFmError::Answer(error.to_string()))?;
        serde_json::from_slice(&body).map_err(|error| {
            // The text of serde's error may repeat what stands there.
            let (line, column) = (error.line(), error.column());
            LastFmError::Answer(format!(
                "line {line}, column {column} is not what the caller expects"
            ))
        })
    }
}

impl LastFmCall {
    /// Adds a parameter. `api_key`, `api_sig`, `format`, `method` and `sk` are set by the client.
    ///
    /// ```no_run
    /// # use backing_services::adapters::lastfm::LastFmClient;
    /// # fn f(lastfm: LastFmClient) {
    /// let call = lastfm.call("artist.getTopTracks").param("artist", "Cher").param("page", 2);
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that a number is written without `&`")]
    pub fn param(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        let name = name.into();
        if !matches!(name.as_str(), "api_key" | "api_sig" | "format" | "method" | "sk") {
            self.set(name.into(), value.to_string());
        }
        self
    }

    /// Signs the call with the shared secret, for one without a session: `auth.getToken`,
    /// `auth.getSession`, `auth.getMobileSession`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
    /// # async fn f(lastfm: LastFmClient) -> Result<(), LastFmError> {
    /// let token: serde_json::Value = lastfm.call("auth.getToken").signed().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// Makes the call in the name of the user whose session key this is, and signs it.
    ///
    /// ```no_run
    /// # use backing_services::Secret;
    /// # use backing_services::adapters::lastfm::LastFmClient;
    /// # fn f(lastfm: LastFmClient, session: Secret) {
    /// let call = lastfm.call("user.getInfo").session(&session);
    /// # }
    /// ```
    pub fn session(mut self, key: &Secret) -> Self {
        self.set("sk".into(), key.expose().to_owned());
        self.signed()
    }

    /// Sends it as POST with the parameters in its body, as [all methods that
    /// write](https://www.last.fm/api/rest) and `auth.getMobileSession` want it. It is tried again
    /// only where nothing is done twice.
    ///
    /// ```no_run
    /// # use backing_services::Secret;
    /// # use backing_services::adapters::lastfm::LastFmClient;
    /// # fn f(lastfm: LastFmClient, session: Secret) {
    /// let call = lastfm.call("track.love").param("artist", "Cher").write().session(&session);
    /// # }
    /// ```
    pub fn write(mut self) -> Self {
        self.write = true;
        self
    }

    /// Sends it and reads the JSON of the result.
    ///
    /// # Errors
    ///
    /// When there is no answer, Last.fm refuses the call or the result is not a `T`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
    /// # async fn f(lastfm: LastFmClient) -> Result<(), LastFmError> {
    /// let tags: serde_json::Value = lastfm.call("chart.getTopTags").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, LastFmError> {
        let client = self.client.clone();
        let answer = self.request()?.send().await;
        client.read(answer).await
    }

    fn set(&mut self, name: Cow<'static, str>, value: String) {
        self.params.retain(|(other, _)| *other != name);
        self.params.push((name, value));
    }

    fn request(mut self) -> Result<HttpRequest, LastFmError> {
        let Keys { key, secret } = &*self.client.keys;
        self.params.push(("api_key".into(), key.expose().to_owned()));
        match (self.signed, secret) {
            (false, _) => {}
            (true, Some(secret)) => {
                let signature = sign(&self.params, secret);
                self.params.push(("api_sig".into(), signature));
            }
            (true, None) => return Err(LastFmError::NoSecret),
        }
        self.params.push(("format".into(), "json".to_owned()));
        let (http, params) = (&self.client.http, &self.params);
        Ok(if self.write { http.post("").form(params) } else { http.get("").query(params) })
    }
}

/// The parameters by name in the order of ASCII: `artist[10]` before `artist[1]`.
fn sign(params: &[(Cow<'static, str>, String)], secret: &Secret) -> String {
    let mut params: Vec<_> = params.iter().filter(|(name, _)| *name != "callback").collect();
    params.sort_unstable();
    let mut md5 = Md5::new();
    for (name, value) in params {
        md5.update(&**name);
        md5.update(value);
    }
    md5.update(secret.expose());
    let mut hex = String::with_capacity(32);
    for byte in md5.finalize() {
        // Writing into a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

impl LastFmError {
    /// Whether trying again later may help: the service is offline, busy, or limits the rate. The
    /// client itself tries again by the status of an answer alone, not by a code in it.
    ///
    /// ```no_run
    /// # use backing_services::adapters::lastfm::LastFmError;
    /// fn is_worth_a_retry(error: &LastFmError) -> bool {
    ///     error.is_transient()
    /// }
    /// ```
    pub fn is_transient(&self) -> bool {
        self.cause().is_transient()
    }

    fn cause(&self) -> ClientError {
        let Self::Refused { code, message } = self else {
            return match self {
                Self::Http(error) => error.cause(),
                other => ClientError::new(other.to_string()),
            };
        };
        let said = Message::ours(format_args!("Last.fm answered {code}, ")).said(message);
        match code {
            4 | 9 | 10 | 13 | 14 | 26 => ClientError::of(
                FailureKind::Authentication,
                Message::from("authentication failed: ").with(&said),
            ),
            8 | 11 | 16 | 29 => ClientError::transient(said),
            _ => ClientError::new(said),
        }
    }
}

impl fmt::Display for LastFmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Refused { code, message } => write!(f, "Last.fm answered {code}, {message}"),
            Self::Answer(reason) => write!(f, "the answer cannot be read: {reason}"),
            Self::NoSecret => f.write_str("the handle has no shared secret to sign the call with"),
        }
    }
}

impl fmt::Debug for LastFmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LastFmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Http(error) => error.source(),
            _ => None,
        }
    }
}

impl fmt::Debug for LastFmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastFmClient({:?})", self.http)
    }
}

impl fmt::Debug for LastFmCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastFmCall({})", self.params.first().map_or("", |(_, method)| method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<LastFm, HandleError> {
        LastFm::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("https://ws.audioscrobbler.com/2.0/", "the handle has no user name"),
            ("https://:s@ws.audioscrobbler.com/2.0/", "the handle has no user name"),
            ("https://k:s@h/2.0/?format=xml", "unknown parameter `format`"),
            ("memcached://h", "the scheme `memcached` is not one of Last.fm"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        assert_eq!(parse("http://k:s@h.example").unwrap_err().kind(), ProblemKind::Insecure);
        let shown =
            format!("{:?}", parse("https://k3y:s3cret@ws.audioscrobbler.com/2.0/").unwrap());
        assert_eq!(shown, "LastFm(https://ws.audioscrobbler.com:443)");
    }

    #[test]
    fn signs_as_documented() {
        let signature = |params: &[(&'static str, &str)], secret: &str| {
            let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            sign(&params.collect::<Vec<_>>(), &Secret::new(secret))
        };
        // From https://lastfm-docs.github.io/api-docs/auth/signature/
        let documented = [
            ("token", "YOUR_REQUESTED_TOKEN"),
            ("method", "auth.getSession"),
            ("api_key", "YOUR_API_KEY"),
        ];
        assert_eq!(signature(&documented, "YOUR_SECRET"), "94539006de89b3c6b3c030bb1e52b9c4");
        // From `hashlib` of Python: UTF-8, the order of ASCII, and no `callback`.
        let listed = [
            ("artist[1]", "Björk"),
            ("artist[10]", "Sigur Rós"),
            ("callback", "f"),
            ("method", "track.scrobble"),
        ];
        assert_eq!(signature(&listed, "mysecret"), "4a87f98b69247ec1f4f2c1ffa5330960");
    }

    #[tokio::test]
    async fn a_call_without_a_secret_is_not_signed() {
        let client = parse("https://k@h/2.0/").unwrap().connect().await.unwrap();
        let error = client.call("auth.getToken").signed().send::<IgnoredAny>().await.unwrap_err();
        assert!(matches!(error, LastFmError::NoSecret), "{error}");
    }

    #[test]
    fn codes_that_may_pass() {
        let refused = |code| LastFmError::Refused { code, message: String::new() };
        for code in [8, 11, 16, 29] {
            assert!(refused(code).is_transient(), "{code}");
        }
        for code in [6, 10, 26] {
            assert!(!refused(code).is_transient(), "{code}");
        }
    }
}
