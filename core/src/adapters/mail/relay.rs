//! Mail over SMTP.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;

use super::{Mail, MailTransport};
use crate::adapters::refused::refuse_bare_host;
use crate::adapters::smtp::{LOCAL, Options, credentials};
use crate::error::{ClientError, HandleError};
use crate::handle::{Handle, Host};
use crate::secret::Secret;
use crate::{Adapter, Connect};

/// Where the API's host has its SMTP.
const POSTMARK: &str = "smtp.postmarkapp.com";

/// A mail relay, as [`Smtp`](crate::Smtp) reads it, with a timeout for each message.
///
/// ```
/// use backing_services::adapters::mail::Relay;
/// use backing_services::{Adapter, Handle};
///
/// let relay = Relay::from_handle(&Handle::parse("submissions://u:p@mail.example?timeout=20s")?)?;
/// assert_eq!(format!("{relay:?}"), "Relay(submissions://mail.example:465)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "SMTP",
    schemes("smtp" = 25, "smtps" = tls(465), "submission" = tls(587), "submissions" = tls(465)),
    example = "submissions://user:password@mail.example.com:465",
    others("APIKEY", "AUTH", "DB_PASSWORD", "EMAIL", "ENABLE", "ENABLED", "NAME"),
    mail,
    server = LOCAL,
    check,
    debug
)]
pub struct Relay {
    #[handle]
    handle: Handle,
    /// One relay.
    #[handle(host)]
    host: Host,
    /// For AUTH; without a password it is sent with an empty one.
    #[handle(username, names("HOST_USER", "LOGIN", "AUTH_USER"))]
    username: Option<String>,
    /// For AUTH.
    #[handle(password, names("HOST_PASSWORD", "AUTH_PASS", "AUTH_PASSWORD"))]
    password: Option<Secret>,
    #[handle(flatten)]
    options: Options,
    /// For one message, connecting included.
    #[handle(param = "timeout", default = "1m", max = "24h", tuning)]
    timeout: Duration,
}

/// Postmark over SMTP: the server token is user name and password, and STARTTLS is required.
///
/// ```
/// use backing_services::adapters::mail::PostmarkRelay;
/// use backing_services::{Adapter, Handle};
///
/// let handle = Handle::parse("postmark://SERVER_TOKEN@api.postmarkapp.com")?;
/// let relay = PostmarkRelay::from_handle(&handle)?;
/// assert_eq!(format!("{relay:?}"), "PostmarkRelay(postmark://api.postmarkapp.com:587)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "Postmark",
    schemes("postmark" = tls(587)),
    example = "postmark://SERVER_TOKEN@api.postmarkapp.com",
    place = "postmark://api.postmarkapp.com",
    unencrypted = "loopback",
    mail,
    check,
    debug
)]
pub struct PostmarkRelay {
    #[handle]
    handle: Handle,
    /// `api.postmarkapp.com`, whose SMTP is `smtp.postmarkapp.com`; or a fake server.
    #[handle(host)]
    host: Host,
    /// The server token.
    #[handle(username, names("SERVER_TOKEN", "API_TOKEN", "TOKEN"))]
    token: Secret,
    #[handle(flatten)]
    options: Options,
    /// For one message, connecting included.
    #[handle(param = "timeout", default = "1m", max = "24h", tuning)]
    timeout: Duration,
}

impl Relay {
    fn check(&self) -> Result<(), HandleError> {
        self.options.check(&self.handle)
    }

    pub(super) fn transport(&self) -> Result<MailTransport, ClientError> {
        let login = credentials(self.username.as_deref(), self.password.as_ref());
        let builder = self.options.builder(&self.handle, &self.host, login)?;
        let (user, password) = (self.handle.username(), self.handle.password());
        let password = password.map(Secret::expose);
        Ok(MailTransport::over_smtp(builder, self.timeout, user, password))
    }
}

impl PostmarkRelay {
    fn check(&self) -> Result<(), HandleError> {
        refuse_bare_host(&self.host)?;
        self.options.check(&self.handle)
    }

    pub(super) fn transport(&self) -> Result<MailTransport, ClientError> {
        let host = match (self.host.name(), self.host.port()) {
            // 443 is the port of the API, for which the same handle may be.
            ("api.postmarkapp.com", None | Some(443)) => Host::named(POSTMARK).or_port(587),
            ("api.postmarkapp.com", Some(port)) => Host::named(POSTMARK).or_port(port),
            _ => self.host.clone(),
        };
        let token = self.token.expose();
        let login = Credentials::new(token.to_owned(), token.to_owned());
        let builder = self.options.builder(&self.handle, &host, Some(login))?;
        Ok(MailTransport::over_smtp(builder, self.timeout, Some(token), Some(token)))
    }
}

/// A field of one of these types gives what `Mail` gives.
macro_rules! connect {
    ($($adapter:ty)*) => {$(
        impl Connect for $adapter {
            type Client = MailTransport;

            async fn connect(&self) -> Result<MailTransport, ClientError> {
                self.transport()
            }

            async fn ping(client: &MailTransport) -> Result<(), ClientError> {
                Mail::ping(client).await
            }

            async fn close(client: MailTransport) {
                Mail::close(client).await;
            }
        }
    )*};
}

connect! { Relay PostmarkRelay }
