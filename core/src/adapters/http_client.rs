//! What all adapters over HTTP share: timeouts, the client that has them, errors without a URL.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, StatusCode};

use crate::error::{ClientError, FailureKind, Message};
use crate::handle::Host;
use crate::{Parameters, Tls};

/// How long a service may take, for an adapter to `flatten` beside [`Tls`].
#[derive(Parameters, Clone, Debug)]
pub(crate) struct HttpTimeouts {
    /// For connecting, and for proving that the service answers.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    pub(crate) connect_timeout: Duration,
    /// For a whole call, the body of its answer included.
    #[handle(param = "timeout", default = "30s", max = "24h", tuning)]
    pub(crate) timeout: Duration,
}

impl HttpTimeouts {
    /// A client for `host` that follows no redirect: a credential goes nowhere else.
    pub(crate) fn client(&self, host: &Host, tls: &Tls) -> Result<ClientBuilder, ClientError> {
        let mut builder = Client::builder()
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .redirect(Policy::none())
            .referer(false);
        if host.is_loopback() {
            // What need not be encrypted because it stays on this machine may not leave it by a proxy.
            builder = builder.no_proxy();
        }
        if !tls.is_on() {
            // Reading the CA certificates of the system takes longer than a call.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = tls.ca_certificates()? {
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| cause(&error))?;
            builder = builder.tls_certs_only(certificates);
        }
        Ok(builder)
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
