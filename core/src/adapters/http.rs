//! What the adapters over HTTP share: time limits, the authorities to trust, root causes without a URL.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, StatusCode};
use serde::Deserialize;

use super::CONNECT_TIMEOUT;
use super::shared::{certificates_without_tls, read_certificates, require_tls};
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};

/// How long a whole call may take unless the handle says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// | parameter | meaning | default |
/// |---|---|---|
/// | `connect_timeout` | for connecting, and for proving that the service answers | `10s` |
/// | `timeout` | for a whole call, the body of its answer included | `30s` |
/// | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
#[derive(Deserialize, Clone, Default, Debug)]
pub(crate) struct HttpParams {
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    tls_ca: Option<PathBuf>,
    /// Set by `check`.
    #[serde(skip)]
    tls: bool,
}

impl HttpParams {
    /// Whether TLS is used. `tls_ca` needs it to be of any use.
    pub(crate) fn check(self, tls: bool) -> Result<Self, HandleError> {
        if self.tls_ca.is_some() && !tls {
            return Err(certificates_without_tls("leave `tls_ca` out, or use TLS"));
        }
        Ok(Self { tls, ..self })
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// A client for `host` that follows no redirect: a credential goes nowhere else.
    pub(crate) fn client(&self, host: &Host) -> Result<ClientBuilder, ClientError> {
        let mut builder = Client::builder()
            .connect_timeout(self.connect_timeout())
            .timeout(self.timeout())
            .redirect(Policy::none())
            .referer(false);
        if host.is_loopback() {
            // What need not be encrypted because it stays on this machine may not leave it by a proxy.
            builder = builder.no_proxy();
        }
        if !self.tls {
            // Reading the system's authorities takes longer than a call.
            builder = builder.tls_certs_only([]);
        }
        if let Some(path) = &self.tls_ca {
            let pem = read_certificates("tls_ca", path)?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| cause(&error))?;
            builder = builder.tls_certs_only(certificates);
        }
        Ok(builder)
    }
}

/// Where a service is that is spoken to over TLS, unless it is a stand-in on this machine.
///
/// | parameter | meaning | default |
/// |---|---|---|
/// | `tls` | `none`: only to this machine, for a stand-in | `required` |
#[derive(Deserialize)]
pub(crate) struct TlsParams {
    tls: Option<Tls>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Tls {
    None,
    Required,
}

impl TlsParams {
    pub(crate) fn is_on(&self, handle: &Handle) -> Result<bool, HandleError> {
        let tls = !matches!(self.tls, Some(Tls::None));
        let help = "leave `tls` out; `tls=none` is for a stand-in on this machine";
        require_tls(handle, tls, help).map(|()| tls)
    }
}

pub(crate) fn origin(tls: bool, host: &Host) -> String {
    format!("{}://{host}", if tls { "https" } else { "http" })
}

/// The root cause of a call that had no answer. The URL, which may hold a credential, is left out.
pub(crate) fn cause(error: &reqwest::Error) -> ClientError {
    if error.is_timeout() {
        return ClientError::of(FailureKind::Timeout, "no answer in time");
    }
    let source = std::error::Error::source(error);
    match source.map(ClientError::root_cause) {
        Some(root) if root.is_transient() || !error.is_request() => root,
        // A connection that ended in the middle of an answer has no error of the system's in it.
        Some(root) if root.to_string().contains("connection closed") => {
            ClientError::transient("the connection ended before the server answered")
                .with_kind(FailureKind::Protocol)
        }
        Some(root) => root,
        None => ClientError::new("the call failed"),
    }
}

/// What an answer that is no success says about the credential and about trying again.
pub(crate) fn refused(status: StatusCode) -> ClientError {
    match status.as_u16() {
        401 | 403 => ClientError::of(
            FailureKind::Authentication,
            Message::ours(format_args!(
                "authentication failed: the server answered {status} to the credential"
            )),
        ),
        429 | 500.. => {
            ClientError::transient(Message::ours(format_args!("the server answered {status}")))
        }
        404 => ClientError::of(
            FailureKind::NotFound,
            Message::ours(format_args!("the server answered {status}")),
        ),
        _ => ClientError::new(Message::ours(format_args!("the server answered {status}"))),
    }
}
