//! What the adapters share whose client is an [`HttpClient`]: how calls are made, and what
//! credential they carry.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;

use super::client::{Applied, HttpClient, Inner, has_dots};
use crate::adapters::ending::Closed;
use crate::adapters::http_client::{HttpTimeouts, cause, origin};
use crate::adapters::refused::refuse_colon;
use crate::{ClientError, Handle, HandleError, Host, Kind, Parameters, Secret, Tls, Value};

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// How calls are made.
#[derive(Parameters, Clone)]
pub(crate) struct Calls {
    /// What the client calls itself; `backing-services` and its version where nothing is said.
    #[handle(param = "user_agent", tuning)]
    user_agent: Option<UserAgent>,
    #[handle(flatten)]
    http: HttpTimeouts,
    /// For all attempts of a call and the pauses between them, until an answer begins.
    #[handle(param = "total_timeout", default = "60s", max = "24h", tuning)]
    total_timeout: Duration,
    /// How many more attempts a call may have.
    #[handle(param = "retries", default = "2", max = "100", tuning)]
    retries: u32,
    #[handle(flatten)]
    tls: Tls,
}

#[derive(Clone)]
struct UserAgent(HeaderValue);

#[derive(Clone)]
pub(crate) enum Credential {
    None,
    Basic(String, Option<Secret>),
    Bearer(Secret),
    Header(HeaderName, Secret),
    Query(String, Secret),
    /// The adapter puts these into the calls itself.
    #[cfg(feature = "lastfm")]
    Own(Vec<Secret>),
}

impl Calls {
    /// What cannot be sent is reported when the handle is read.
    pub(crate) fn check(
        &self,
        handle: &Handle,
        host: &Host,
        credential: &Credential,
    ) -> Result<(), HandleError> {
        credential.check()?;
        if self.base(handle, host).is_none() {
            return Err(HandleError::new("host and path make no base URL")
                .with_help("write a host name, and a path without `.` and `..`"));
        }
        Ok(())
    }

    /// The base URL: the handle's path as it is written there.
    pub(super) fn base(&self, handle: &Handle, host: &Host) -> Option<Url> {
        let path = handle.path();
        let url = Url::parse(&format!("{}{path}", origin(self.tls.is_on(), host))).ok()?;
        (!has_dots(path)).then_some(url)
    }

    pub(crate) fn client(
        &self,
        handle: &Handle,
        host: &Host,
        credential: &Credential,
        ping: Option<&str>,
    ) -> Result<HttpClient, ClientError> {
        let base = self.base(handle, host);
        let base = base.ok_or_else(|| ClientError::new("host and path make no base URL"))?;
        let agent = match &self.user_agent {
            Some(UserAgent(agent)) => agent.clone(),
            None => HeaderValue::from_static(USER_AGENT),
        };
        let http = self.http.client(host, &self.tls)?.user_agent(agent);
        let http = http.build().map_err(|error| cause(&error))?;
        Ok(HttpClient::new(Inner {
            credential: credential.applied(&http, &base)?,
            http,
            base,
            secrets: credential.secrets(),
            connect_timeout: self.http.connect_timeout,
            timeout: self.http.timeout,
            total_timeout: self.total_timeout,
            retries: self.retries,
            ping: ping.map(str::to_owned),
            closed: Closed::default(),
        }))
    }
}

impl Value for UserAgent {
    const KIND: Kind = Kind::Other("letters, digits and signs of ASCII");

    fn read(text: &str) -> Option<Self> {
        HeaderValue::from_str(text).ok().map(Self)
    }
}

impl Credential {
    fn check(&self) -> Result<(), HandleError> {
        let value = match self {
            Self::Bearer(value) | Self::Header(_, value) => value.expose(),
            Self::Basic(user, _) => return refuse_colon(user),
            _ => return Ok(()),
        };
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) && value.trim() == value {
            return Ok(());
        }
        Err(HandleError::new("the credential holds a character that a header cannot")
            .with_help("was it copied with a line break or a space?"))
    }

    /// The header in the form that reqwest gives it, marked as sensitive.
    pub(super) fn applied(
        &self,
        http: &reqwest::Client,
        base: &Url,
    ) -> Result<Applied, ClientError> {
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
        let mut request = request.build().map_err(|error| cause(&error))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adapter as _, HttpApi};

    #[test]
    fn what_is_said_reaches_the_client() {
        let calls = |text: &str| HttpApi::from_handle(&Handle::parse(text).unwrap()).unwrap().calls;
        let told = calls(
            "http://h?CONNECT-TIMEOUT=1s&timeout=2s&total_timeout=3s&retries=4&user_agent=shop",
        );
        let seconds = [told.http.connect_timeout, told.http.timeout, told.total_timeout];
        assert_eq!(seconds.map(|limit| limit.as_secs()), [1, 2, 3]);
        assert_eq!((told.retries, told.user_agent.unwrap().0), (4, "shop".parse().unwrap()));
        let untold = calls("https://h");
        let seconds = [untold.http.connect_timeout, untold.http.timeout, untold.total_timeout];
        assert_eq!(seconds.map(|limit| limit.as_secs()), [10, 30, 60]);
        assert_eq!(untold.retries, 2);
        assert!(untold.user_agent.is_none() && untold.tls.is_on() && !told.tls.is_on());
    }
}
