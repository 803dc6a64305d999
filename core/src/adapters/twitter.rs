//! The API of X, formerly Twitter, version 2.
//!
//! <!-- grammar -->
//! - schemes: `https` (TLS, port 443), `http` (port 80)
//! - password: The Bearer token of the app, without a user name. Required. Also `BEARER_TOKEN`.
//! - host: The server.
//! - port
//! - path: The base that the path of every call is appended to.
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
//! The developer console shows the [Bearer
//! token](https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only) of an app:
//! `https://:BEARER_TOKEN@api.x.com/2`. It has the rights of the app, not of a user. Unencrypted
//! calls go to a fake server on this machine only. For a call on behalf of a user, set the header
//! `Authorization` of that user's token: it counts more than the handle's.
//!
//! A ping asks for [the usage of the last day](https://docs.x.com/x-api/usage/get-usage): it takes
//! the app's own token, reads no posts and changes nothing. It may be called [50 times in 15
//! minutes](https://developer.twitter.com/en/docs/twitter-api/usage/tweets/introduction); beyond
//! that X answers 429, which counts as an answer.
//!
//! A 429 of X says when the limit ends [in
//! `x-rate-limit-reset`](https://docs.x.com/fundamentals/rate-limits), which counts as a
//! `Retry-After`: a call whose limit ends later than `total_timeout` allows fails at once, and its
//! error has the time.

use super::http_api::{Calls, Credential, HttpClient, HttpErrorKind};
use super::http_client::answered_within;
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret};

/// The API of X. Its client is an [`HttpClient`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```no_run
/// use backing_services::{BackingServices, Environment, Twitter};
///
/// #[derive(BackingServices)]
/// struct Services {
///     twitter: Twitter, // TWITTER_URL=https://:BEARER_TOKEN@api.x.com/2
/// }
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let twitter = Services::load(&Environment::process())?.connect_twitter().await?;
/// let query = [("query", "from:rustlang"), ("max_results", "10")];
/// let posts = twitter.get("tweets/search/recent").query(&query).send().await?.text().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "Twitter",
    schemes("https" = tls(443), "http" = 80),
    example = "https://:bearer_token@api.x.com/2",
    place = "https://api.x.com/2",
    bindings("twitter"),
    unencrypted = "loopback",
    api,
    check,
    debug
)]
pub struct Twitter {
    #[handle]
    handle: Handle,
    /// The Bearer token of the app, without a user name.
    #[handle(password, names("BEARER_TOKEN"))]
    token: Secret,
    /// The server.
    #[handle(host)]
    host: Host,
    /// The base that the path of every call is appended to.
    #[handle(path)]
    #[expect(dead_code, reason = "the base URL has it as it is written")]
    path: Option<String>,
    #[handle(flatten)]
    calls: Calls,
}

impl Twitter {
    fn check(&self) -> Result<(), HandleError> {
        self.calls.check(&self.handle, &self.host, &self.credential())
    }

    fn credential(&self) -> Credential {
        Credential::Bearer(self.token.clone())
    }
}

impl Connect for Twitter {
    type Client = HttpClient;

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        self.calls.client(&self.handle, &self.host, &self.credential(), None)
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        answered_within(client.ping_timeout(), || async {
            match client.probe(client.get("usage/tweets").query(&[("days", "1")])).await {
                Ok(_) => Ok(()),
                Err(error) if error.kind() == HttpErrorKind::RateLimited => Ok(()),
                Err(error) => Err(error.cause()),
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
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Twitter, HandleError> {
        Twitter::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("https://api.x.com/2", "the handle has no password"),
            ("https://token@api.x.com/2", "the handle has a user name"),
            ("https://key:secret@api.x.com/2", "the handle has a user name"),
            ("https://:t@api.x.com/2?auth=query:t", "unknown parameter `auth`"),
            ("memcached://h", "the scheme `memcached` is not one of Twitter"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        for text in ["https://api.x.com/2", "https://token@api.x.com/2"] {
            let help = "write it as in `https://:bearer_token@api.x.com/2`";
            assert_eq!(parse(text).unwrap_err().help(), help, "{text}");
        }
        let shown = format!("{:?}", parse("https://:t0ken@api.x.com/2").unwrap());
        assert_eq!(shown, "Twitter(https://api.x.com:443)");
    }

    #[test]
    fn only_a_fake_server_is_unencrypted() {
        for text in ["http://:t@api.x.com/2", "http://:t@api.x.com/2?tls=none"] {
            let error = parse(text).unwrap_err();
            let help = "write `https://`; unencrypted is for a fake server on this machine";
            assert_eq!((error.kind(), error.help()), (ProblemKind::Insecure, help), "{text}");
        }
        for text in ["http://:t@localhost", "http://:t@127.0.0.1:8080/2?tls=none"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
