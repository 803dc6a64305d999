//! Any API over HTTP: a client with its base URL, credential, timeouts and retries.
//!
//! <!-- grammar -->
//! - schemes: `https` (TLS, port 443), `http` (port 80)
//! - user name: A user, sent with the password as Basic authentication, or a key in its place.
//! - password: The password of that user; alone it is sent as Bearer token.
//! - host: The server.
//! - port
//! - path: The base that the path of every call is appended to.
//! - `auth`: `header:NAME` or `query:NAME`: the password, alone, is the value of that header or
//!   parameter.
//! - `ping`: A path below the base that proves the credential: it must answer below 400.
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
//! The user and the password are sent as [Basic](https://www.rfc-editor.org/rfc/rfc7617), so is a
//! user alone; a password alone as [Bearer](https://www.rfc-editor.org/rfc/rfc6750) token, unless
//! `auth` names another place.
//!
//! A ping is one GET, because some services answer HEAD with 405 before they look at the
//! credential. Without `ping` any answer of the base URL below 500 counts as one but 401, 403 and
//! 407, because a base URL is often no resource of its own: name a path where there is one that
//! costs nothing. Where the connection ends without an answer, as one may that a server closes for
//! being idle, it is sent again, up to twice.
//!
//! `http` without a credential is taken for any host: there is no secret in it, but who is on the
//! way can read and change everything. With a credential it is taken for this machine, and for
//! another one with `tls=none`. A credential is sent to scheme, host and port of the handle and
//! nowhere else, whatever an answer redirects to. A token that a service wants in the path (a
//! webhook) is not shown either. [`HttpClient`] has the details.
//!
//! # A hostile server
//!
//! `hyper` 1.12.0 reads informational answers and the length of a chunk without an end: a server
//! that means harm can keep a thread busy after `connect_timeout` and hold the socket.
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

mod body;
mod calls;
mod client;
mod error;
mod response;

use reqwest::header::HeaderName;

pub(super) use self::calls::{Calls, Credential};
pub use self::client::{HttpClient, HttpRequest};
pub use self::error::{HttpError, HttpErrorKind};
pub use self::response::HttpResponse;

use super::http_client::{answered_within, is_framing};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Value};

/// Any API over HTTP. Its client is an [`HttpClient`].
///
/// [Its module](self) has the table of what a handle may say.
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
#[derive(Adapter, Clone)]
#[adapter(
    name = "HTTP API",
    schemes("https" = tls(443), "http" = 80),
    example = "https://:token@api.example.com/v1",
    unencrypted = "refused",
    api,
    check,
    debug
)]
pub struct HttpApi {
    #[handle]
    handle: Handle,
    /// A user, sent with the password as Basic authentication, or a key in its place.
    #[handle(username)]
    username: Option<String>,
    /// The password of that user; alone it is sent as Bearer token.
    #[handle(password)]
    password: Option<Secret>,
    /// The server.
    #[handle(host)]
    host: Host,
    /// The base that the path of every call is appended to.
    #[handle(path)]
    #[expect(dead_code, reason = "the base URL has it as it is written; it may be a token")]
    path: Option<Secret>,
    /// `header:NAME` or `query:NAME`: the password, alone, is the value of that header or
    /// parameter.
    #[handle(param = "auth")]
    auth: Option<Auth>,
    /// A path below the base that proves the credential: it must answer below 400.
    #[handle(param = "ping")]
    ping: Option<String>,
    #[handle(flatten)]
    calls: Calls,
}

/// Where the credential stands in a call.
#[derive(Clone)]
enum Auth {
    Header(HeaderName),
    Query(String),
}

impl Value for Auth {
    const KIND: Kind =
        Kind::Other("`header:NAME` or `query:NAME`; Basic and Bearer need no parameter");

    fn read(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            (_, "") => None,
            ("header", name) => {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                (!is_framing(&name)).then_some(Self::Header(name))
            }
            ("query", name) => Some(Self::Query(name.to_owned())),
            _ => None,
        }
    }
}

impl HttpApi {
    fn check(&self) -> Result<(), HandleError> {
        if self.auth.is_some() && (self.username.is_some() || self.password.is_none()) {
            return Err(HandleError::new(
                "`auth` needs the credential as password and no user name",
            )
            .with_help("write it after a colon: `https://:KEY@host`"));
        }
        self.calls.check(&self.handle, &self.host, &self.credential())?;
        if let (Some(path), Some(base)) = (&self.ping, self.calls.base(&self.handle, &self.host))
            && client::resolve(&base, path).is_err()
        {
            return Err(HandleError::parameter(
                "the parameter `ping` has a bad value",
                "write a path below that of the handle, such as `ping=status`",
            ));
        }
        Ok(())
    }

    fn credential(&self) -> Credential {
        match (&self.auth, &self.username, self.password.clone()) {
            (Some(Auth::Header(name)), _, Some(value)) => Credential::Header(name.clone(), value),
            (Some(Auth::Query(name)), _, Some(value)) => Credential::Query(name.clone(), value),
            (_, Some(user), password) => Credential::Basic(user.clone(), password),
            (_, None, Some(token)) => Credential::Bearer(token),
            (_, None, None) => Credential::None,
        }
    }
}

impl Connect for HttpApi {
    type Client = HttpClient;

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        let ping = self.ping.as_deref();
        self.calls.client(&self.handle, &self.host, &self.credential(), ping)
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        let path = client.ping_path();
        answered_within(client.ping_timeout(), || async {
            match client.probe(client.get(path.unwrap_or_default())).await {
                Ok(_) => Ok(()),
                Err(error) => match (error.kind(), error.status()) {
                    (HttpErrorKind::Credential, _) => Err(error.cause()),
                    (_, Some(status)) if path.is_none() && !status.is_server_error() => Ok(()),
                    _ => Err(error.cause()),
                },
            }
        })
        .await
    }

    async fn close(client: HttpClient) {
        client.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use url::Url;

    use super::client::Applied;
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
            ("https://h?retries=101", "the parameter `retries` has a bad value"),
            ("https://h?timeout=25h", "the parameter `timeout` has a bad value"),
            ("http://h?tls_ca=/ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
            ("https://h?tls=none", "the scheme says TLS, and `tls` says none"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn a_credential_stays_on_this_machine_or_in_tls() {
        for text in ["http://:t@h", "http://u@h", "http://u:p@h", "http://:k@h?auth=query:key"] {
            assert_eq!(parse(text).unwrap_err().kind(), ProblemKind::Insecure, "{text}");
        }
        for text in [
            "http://:t@localhost",
            "http://u:p@127.0.0.1:8080/v1",
            "http://[::1]",
            "http://h",
            "http://:t@h?tls=none",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_word_for_tls_chooses_scheme_and_port() {
        for (text, base, shown) in [
            ("https://:t@h/v%31", "https://h/v%31", "HttpApi(https://h:443)"),
            ("http://:t@h?tls=none", "http://h/", "HttpApi(http://h:80)"),
            ("http://:t@h/?tls=required", "https://h/", "HttpApi(https://h:443)"),
            ("http://:t@h:8080?ssl=required", "https://h:8080/", "HttpApi(https://h:8080)"),
        ] {
            let api = parse(text).unwrap();
            let url = api.calls.base(&api.handle, &api.host).unwrap();
            assert_eq!((url.as_str(), &*format!("{api:?}")), (base, shown), "{text}");
        }
    }

    #[test]
    fn a_bound_is_named() {
        for (text, ends) in [
            ("https://h?retries=101", "a whole number from 0 to 100"),
            ("https://h?total_timeout=25h", "or `1h`, above zero, at most `24h`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.help().ends_with(ends), "{text}: {error}");
        }
        let api = parse("https://h?retries=100&connect_timeout=24h").unwrap();
        assert_eq!(api.connect_timeout(), Duration::from_hours(24));
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
            let (http, base) = (reqwest::Client::new(), Url::parse("https://h").unwrap());
            let credential = parse(text).unwrap().credential();
            let Applied::Header(header, value) = credential.applied(&http, &base).unwrap() else {
                panic!("{text}: not in a header");
            };
            assert_eq!((header.as_str(), value.to_str().unwrap()), (name, sent), "{text}");
            assert!(value.is_sensitive(), "{text}");
        }
    }
}
