//! The API of X, formerly Twitter, version 2.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `https`; `http` to this machine only, for a stand-in | |
//! | password | the [Bearer token](https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only) of the app, without a user name | |
//! | host, port | `api.x.com` | 443, with `http` 80 |
//! | path | the base of all calls: `/2` | `/` |
//! | `connect_timeout`, `timeout`, `total_timeout`, `retries`, `user_agent`, `tls_ca` | as in [`http_api`](super::http_api) | |
//!
//! The developer console shows the token of an app: `https://:BEARER_TOKEN@api.x.com/2`. A token has the
//! rights of the app, not of a user. For a call on behalf of a user, set the header `Authorization` of that
//! user's token: it counts more than the handle's.
//!
//! A ping asks for [the usage of the last day](https://docs.x.com/x-api/usage/get-usage): it takes the app's own token,
//! reads no posts and changes nothing. It may be called
//! [50 times in 15 minutes](https://developer.twitter.com/en/docs/twitter-api/usage/tweets/introduction); beyond that X
//! answers 429, which counts as an answer.
//!
//! A 429 of X says when the limit ends [in `x-rate-limit-reset`](https://docs.x.com/fundamentals/rate-limits), which counts
//! as a `Retry-After`: a call whose limit ends later than `total_timeout` allows fails at once, and its error has the time.

use std::fmt;
use std::time::Duration;

use super::http_api::{Credential, HttpClient, HttpErrorKind, Service};
use super::shared::{password_alone, require_scheme};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::parts::{Part, Parts};

/// The API of X. Its client is an [`HttpClient`].
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
#[derive(Clone)]
pub struct Twitter {
    service: Service,
}

impl Adapter for Twitter {
    const NAME: &'static str = "Twitter";
    const SCHEMES: &'static [&'static str] = &["https", "http"];
    const EXAMPLE: &'static str = "https://:bearer_token@api.x.com/2";
    const PARTS: Parts = Parts::hosted("https://api.x.com/2")
        .with(&[(Part::Password, &["BEARER_TOKEN", "TOKEN"])])
        .known_as(&["twitter"]);
    type Client = HttpClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let credential = Credential::Bearer(password_alone(handle, "Bearer token")?.clone());
        Ok(Self { service: Service::read(handle, credential)? })
    }

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        self.service.client()
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        match client.probe(client.get("usage/tweets").query(&[("days", "1")])).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == HttpErrorKind::RateLimited => Ok(()),
            Err(error) => Err(error.cause()),
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

impl fmt::Debug for Twitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.service.debug("Twitter", f)
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
        let needs = "the handle needs the Bearer token as password and no user name";
        for (text, message) in [
            ("https://api.x.com/2", needs),
            ("https://token@api.x.com/2", needs),
            ("https://key:secret@api.x.com/2", needs),
            ("https://:t@api.x.com/2?auth=query:t", "unknown parameter `auth`"),
            ("memcached://h", "the scheme `memcached` is not one of Twitter"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        assert_eq!(parse("http://:t@api.x.com/2").unwrap_err().kind(), ProblemKind::Insecure);
        let shown = format!("{:?}", parse("https://:t0ken@api.x.com/2").unwrap());
        assert_eq!(shown, "Twitter(https://api.x.com:443)");
    }
}
