//! Any API over HTTP: a client with its base URL, credential, time limits and retries.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `https`; `http` is clear text: with a credential only to this machine | |
//! | host, port | one | 443, with `http` 80 |
//! | user and password, or a user alone | sent as [Basic](https://www.rfc-editor.org/rfc/rfc7617) | |
//! | password alone | sent as [Bearer](https://www.rfc-editor.org/rfc/rfc6750) token | |
//! | neither | nothing is sent | |
//! | path | the base that every call's path is appended to | `/` |
//! | `auth` | `header:NAME` or `query:NAME`: the password alone is the value of that header or parameter | |
//! | `ping` | a path below the base that proves the credential: it must answer below 400 | the base, see below |
//! | `user_agent` | what the client calls itself | `backing-services/VERSION` |
//! | `connect_timeout` | for connecting, and for a ping | `10s` |
//! | `timeout` | for one attempt of a call, the body of its answer included | `30s` |
//! | `total_timeout` | for all attempts of a call and the pauses between them, until an answer begins | `60s` |
//! | `retries` | how many more attempts a call may have, see [`HttpClient`] | 2 |
//! | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
//!
//! A ping is one GET, because some services answer HEAD with 405 before they look at the credential. Without
//! `ping` any answer of the base URL below 500 counts as one but 401, 403 and 407, because a base URL is often no
//! resource of its own: name a path where there is one that costs nothing.
//!
//! `http` without a credential is taken for any host: there is no secret in it, but who is on the way can read
//! and change everything.
//! A credential is sent to scheme, host and port of the handle and nowhere else, whatever an answer redirects
//! to. A token that a service wants in the path (a webhook) is not shown either. [`HttpClient`] has the details.
//!
//! # Providers
//!
//! | service | handle |
//! |---|---|
//! | [GitHub](https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api) | `https://:TOKEN@api.github.com?ping=rate_limit` ([not counted against the limit](https://docs.github.com/en/rest/rate-limit/rate-limit)) |
//! | [Stripe](https://docs.stripe.com/api/authentication) | `https://SECRET_KEY@api.stripe.com/v1?ping=balance`: the key is the user, there is no password |
//! | [OpenWeather](https://openweathermap.org/current) | `https://:KEY@api.openweathermap.org/data/2.5?auth=query:appid` |
//! | one that takes an [API key](https://swagger.io/docs/specification/v3_0/authentication/api-keys/) in a header | `https://:KEY@api.example.com/v1?auth=header:X-Api-Key` |
//! | one that wants a word of its own before the token | `https://:Token%20KEY@api.example.com?auth=header:Authorization` |

mod client;
mod error;
mod retry;

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Deserialize;
use url::Url;

pub use self::client::{HttpClient, HttpRequest};
pub use self::error::{HttpError, HttpErrorKind};

use self::client::{Applied, Inner};
use super::http::{self, HttpParams};
use super::shared::{one_host, refuse_colon, require_scheme, require_tls};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

const TOTAL_TIMEOUT: Duration = Duration::from_mins(1);
const RETRIES: u32 = 2;
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Headers that say how a request is to be read, not who sends it.
const FRAMING: &[&str] = &[
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

/// Any API over HTTP. Its client is an [`HttpClient`].
///
/// ```
/// use backing_services::{BackingServices, Environment, HttpApi};
///
/// #[derive(BackingServices)]
/// struct Services {
///     github: HttpApi,
/// }
///
/// let environment = Environment::from_pairs([("GITHUB_URL", "https://:t0ken@api.github.com")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.github), "HttpApi(https://api.github.com:443)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct HttpApi {
    service: Service,
}

#[derive(Deserialize)]
struct ApiParams {
    auth: Option<String>,
    ping: Option<String>,
}

/// The parameters of a call.
#[derive(Deserialize, Clone)]
struct CallParams {
    total_timeout: Option<Duration>,
    retries: Option<u32>,
    user_agent: Option<String>,
}

/// What a handle says about a service that is spoken to over HTTP.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) handle: Handle,
    host: Host,
    base: Url,
    credential: Credential,
    http: HttpParams,
    call: CallParams,
    user_agent: HeaderValue,
    ping: Option<String>,
}

#[derive(Clone)]
pub(super) enum Credential {
    None,
    Basic(String, Option<Secret>),
    Bearer(Secret),
    Header(HeaderName, Secret),
    Query(String, Secret),
    /// The adapter puts these into the calls itself.
    #[cfg(feature = "lastfm")]
    Own(Vec<Secret>),
}

impl Adapter for HttpApi {
    const NAME: &'static str = "HTTP API";
    const SCHEMES: &'static [&'static str] = &["https", "http"];
    const EXAMPLE: &'static str = "https://:token@api.example.com/v1";
    const PARTS: Parts =
        Parts::server().without_name().with(&[(Part::Password, &["TOKEN", "API_KEY"])]);
    type Client = HttpClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (http, call, api): (HttpParams, CallParams, ApiParams) = handle.params()?;
        let credential = credential(handle, api.auth.as_deref())?;
        Ok(Self { service: Service::new(handle, http, call, credential, api.ping)? })
    }

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        self.service.client()
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        let path = client.ping_path();
        match client.probe(client.get(path.unwrap_or_default())).await {
            Ok(_) => Ok(()),
            Err(error) => match (error.kind(), error.status()) {
                (HttpErrorKind::Credential, _) => Err(error.cause()),
                (_, Some(status)) if path.is_none() && !status.is_server_error() => Ok(()),
                _ => Err(error.cause()),
            },
        }
    }

    async fn close(client: HttpClient) {
        client.close();
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.service.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.service.connect_timeout()
    }
}

fn credential(handle: &Handle, auth: Option<&str>) -> Result<Credential, HandleError> {
    let (user, password) = (handle.username(), handle.password().cloned());
    let Some(auth) = auth else {
        return Ok(match (user, password) {
            (Some(user), password) => Credential::Basic(user.to_owned(), password),
            (None, Some(token)) => Credential::Bearer(token),
            (None, None) => Credential::None,
        });
    };
    let form = || {
        HandleError::parameter(
            "the parameter `auth` has a bad value",
            "write `auth=header:NAME` or `auth=query:NAME`; Basic and Bearer need no parameter",
        )
    };
    let (place, name) =
        auth.split_once(':').filter(|(_, name)| !name.is_empty()).ok_or_else(form)?;
    let (None, Some(value)) = (user, password) else {
        return Err(HandleError::new("`auth` needs the credential as password and no user name")
            .with_help("write it after a colon: `https://:KEY@host`"));
    };
    match place {
        "header" => match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) if FRAMING.contains(&name.as_str()) => Err(form()),
            Ok(name) => Ok(Credential::Header(name, value)),
            Err(_) => Err(form()),
        },
        "query" => Ok(Credential::Query(name.to_owned(), value)),
        _ => Err(form()),
    }
}

impl Service {
    /// For an adapter with no parameters but these and a ping of its own.
    #[cfg(any(feature = "googlemaps", feature = "lastfm", feature = "twitter"))]
    pub(super) fn read(handle: &Handle, credential: Credential) -> Result<Self, HandleError> {
        let (http, call) = handle.params()?;
        Self::new(handle, http, call, credential, None)
    }

    fn new(
        handle: &Handle,
        http: HttpParams,
        call: CallParams,
        credential: Credential,
        ping: Option<String>,
    ) -> Result<Self, HandleError> {
        let tls = handle.scheme() == "https";
        let http = http.check(tls)?;
        let host = one_host(handle)?.or_port(if tls { 443 } else { 80 });
        credential.check()?;
        if !matches!(credential, Credential::None) {
            require_tls(handle, tls, "write `https`")?;
        }
        let path = handle.path();
        let base = Url::parse(&format!("{}://{host}{path}", handle.scheme()));
        let base = match base {
            Ok(base) if !client::has_dots(path) => base,
            _ => {
                return Err(HandleError::new("host and path make no base URL")
                    .with_help("write a host name, and a path without `.` and `..`"));
            }
        };
        if ping.as_deref().is_some_and(|path| client::resolve(&base, path).is_err()) {
            return Err(HandleError::parameter(
                "the parameter `ping` has a bad value",
                "write a path below that of the handle, such as `ping=status`",
            ));
        }
        let user_agent = HeaderValue::from_str(call.user_agent.as_deref().unwrap_or(USER_AGENT))
            .map_err(|_| {
                HandleError::parameter(
                    "the parameter `user_agent` has a bad value",
                    "write letters, digits and signs of ASCII",
                )
            })?;
        let handle = handle.clone();
        Ok(Self { handle, host, base, credential, http, call, user_agent, ping })
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.http.connect_timeout()
    }

    pub(super) fn client(&self) -> Result<HttpClient, ClientError> {
        let http = self.http.client(&self.host)?.user_agent(self.user_agent.clone());
        let http = http.build().map_err(|error| http::cause(&error))?;
        Ok(HttpClient::new(Inner {
            credential: self.credential.applied(&http, &self.base)?,
            http,
            base: self.base.clone(),
            secrets: self.credential.secrets(),
            connect_timeout: self.connect_timeout(),
            timeout: self.http.timeout(),
            total_timeout: self.call.total_timeout.unwrap_or(TOTAL_TIMEOUT),
            retries: self.call.retries.unwrap_or(RETRIES),
            ping: self.ping.clone(),
            closed: AtomicBool::new(false),
        }))
    }

    /// Scheme, host and port; a path may be a token.
    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}({}://{})", self.handle.scheme(), self.host)
    }
}

impl Credential {
    /// What a header cannot hold is told when the handle is read.
    fn check(&self) -> Result<(), HandleError> {
        let value = match self {
            Self::Bearer(value) | Self::Header(_, value) => value,
            Self::Basic(user, _) => return refuse_colon(user),
            _ => return Ok(()),
        };
        let value = value.expose();
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && value.trim() == value {
            return Ok(());
        }
        Err(HandleError::new("the credential holds a character that a header cannot")
            .with_help("was it copied with a line break or a space?"))
    }

    /// The header in the form that reqwest gives it, marked as sensitive.
    fn applied(&self, http: &reqwest::Client, base: &Url) -> Result<Applied, ClientError> {
        let request = http.get(base.clone());
        let request = match self {
            Self::None => return Ok(Applied::None),
            #[cfg(feature = "lastfm")]
            Self::Own(_) => return Ok(Applied::None),
            Self::Query(name, value) => return Ok(Applied::Query(name.clone(), value.clone())),
            Self::Header(name, value) => {
                let mut value = HeaderValue::from_str(value.expose())
                    .map_err(|_| ClientError::new("the credential fits into no header"))?;
                value.set_sensitive(true);
                return Ok(Applied::Header(name.clone(), value));
            }
            Self::Basic(user, password) => {
                request.basic_auth(user, Some(password.as_ref().map_or("", Secret::expose)))
            }
            Self::Bearer(token) => request.bearer_auth(token.expose()),
        };
        let mut request = request.build().map_err(|error| http::cause(&error))?;
        match request.headers_mut().remove(AUTHORIZATION) {
            Some(value) => Ok(Applied::Header(AUTHORIZATION, value)),
            None => Err(ClientError::new("the credential fits into no header")),
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::None => Vec::new(),
            Self::Basic(user, password) => {
                password.iter().cloned().chain([Secret::new(user.as_str())]).collect()
            }
            Self::Bearer(value) | Self::Header(_, value) | Self::Query(_, value) => {
                vec![value.clone()]
            }
            #[cfg(feature = "lastfm")]
            Self::Own(secrets) => secrets.clone(),
        }
    }
}

impl fmt::Debug for HttpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.service.debug("HttpApi", f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<HttpApi, HandleError> {
        HttpApi::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("https:///v1", "the handle has no host"),
            ("https://a,b", "the handle names several hosts"),
            ("ftp://h", "the scheme is not one of HTTP API"),
            ("https://h?aut=query:key", "unknown parameter `aut`"),
            ("https://:k@h?auth=basic", "the parameter `auth` has a bad value"),
            ("https://:k@h?auth=header:", "the parameter `auth` has a bad value"),
            ("https://:k@h?auth=header:a%20b", "the parameter `auth` has a bad value"),
            ("https://:k@h?auth=header:Host", "the parameter `auth` has a bad value"),
            (
                "https://h?auth=query:key",
                "`auth` needs the credential as password and no user name",
            ),
            (
                "https://u:k@h?auth=query:key",
                "`auth` needs the credential as password and no user name",
            ),
            ("https://u%3Av:p@h", "a `:` stands in the user name"),
            ("https://:a%20@h", "the credential holds a character that a header cannot"),
            (
                "https://:%C3%A4@h?auth=header:X-Key",
                "the credential holds a character that a header cannot",
            ),
            ("https://h/a/../b", "host and path make no base URL"),
            ("https://h/a/%2E%2E/b", "host and path make no base URL"),
            ("https://h?user_agent=%C2%80%01", "the parameter `user_agent` has a bad value"),
            ("https://h?ping=../x", "the parameter `ping` has a bad value"),
            ("https://h?ping=https://evil.example/", "the parameter `ping` has a bad value"),
            ("https://h?retries=many", "the parameter `retries` has a bad value"),
            ("http://h?tls_ca=/ca.pem", "the handle has certificates but no TLS to use them in"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn a_credential_stays_on_this_machine_or_in_tls() {
        for text in ["http://:t@h", "http://u@h", "http://u:p@h", "http://:k@h?auth=query:key"] {
            assert_eq!(parse(text).unwrap_err().kind(), ProblemKind::Insecure, "{text}");
        }
        for text in
            ["http://:t@localhost", "http://u:p@127.0.0.1:8080/v1", "http://[::1]", "http://h"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn the_header_of_a_credential_is_marked() {
        for (text, name, sent) in [
            (
                "https://Aladdin:open%20sesame@h",
                "authorization",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            ("https://sk_test@h", "authorization", "Basic c2tfdGVzdDo="),
            ("https://:mF_9.B5f-4.1JqM@h", "authorization", "Bearer mF_9.B5f-4.1JqM"),
            ("https://:k%23@h?auth=header:X-Api-Key", "x-api-key", "k#"),
        ] {
            let service = parse(text).unwrap().service;
            let http = reqwest::Client::new();
            let Applied::Header(header, value) =
                service.credential.applied(&http, &service.base).unwrap()
            else {
                panic!("{text}: not in a header");
            };
            assert_eq!((header.as_str(), value.to_str().unwrap()), (name, sent), "{text}");
            assert!(value.is_sensitive(), "{text}");
        }
    }
}
