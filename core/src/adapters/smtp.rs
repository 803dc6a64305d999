//! SMTP, through the pooled transport of `lettre`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | `smtp://` | submission to a relay, TLS as `tls` says | port 25 |
//! | `smtps://`, `submissions://` | TLS from the first byte ([RFC 8314](https://www.rfc-editor.org/rfc/rfc8314)) | port 465 |
//! | `submission://` | STARTTLS, required | port 587 |
//! | user, password | for AUTH; a user without a password is kept | no AUTH |
//! | host, port | one host | as above |
//! | `tls` | of `smtp` alone: `none`, `opportunistic` (STARTTLS if offered), `required` (STARTTLS) | see below |
//! | `tls_ca` | file of PEM certificates to trust instead of the system's | |
//! | `local_domain` | what EHLO says | the machine's host name |
//! | `connect_timeout`, `max_connections`, `min_connections`, `idle_timeout` | the pool | `10s`, 10, 0, `1m` |
//!
//! Without `tls` it is `required` if there are credentials for another machine, else `opportunistic`.
//! `opportunistic` with credentials for another machine is refused; `tls=none` says that sending them in
//! the clear is meant. Whenever TLS is used the certificate is verified.
//!
//! The transport of `lettre` has no time limit once it is connected, and one around its `send` is no cure: a
//! connection that was left in the middle of a message goes back to the pool, and the next message takes its late
//! answers for its own. A [`Mail`](crate::adapters) field has a limit, `timeout`, that drops such connections.
//!
//! # Providers
//!
//! | provider | handle |
//! |---|---|
//! | [Amazon SES](https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html) | `submission://SMTP_USER:SMTP_PASSWORD@email-smtp.eu-west-1.amazonaws.com` |
//! | [SendGrid](https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-smtp) | `submission://apikey:API_KEY@smtp.sendgrid.net` |
//! | [Mailgun](https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp) | `submission://postmaster%40mg.example.com:PASSWORD@smtp.mailgun.org` |
//! | [Postmark](https://postmarkapp.com/developer/user-guide/send-email-with-smtp) | `submission://SERVER_TOKEN:SERVER_TOKEN@smtp.postmarkapp.com` |

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;

use super::CONNECT_TIMEOUT;
use super::shared::{
    certificates_without_tls, one_host, read_certificates, refuse_path, require_scheme, within,
};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

/// A mail relay. Its client is [`lettre::AsyncSmtpTransport`].
///
/// ```
/// use backing_services::{BackingServices, Environment, Smtp};
///
/// #[derive(BackingServices)]
/// struct Services {
///     mail: Smtp,
/// }
///
/// let environment = Environment::from_pairs([("MAIL_URL", "submission://shop:secret@mail.example")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.mail), "Smtp(submission://mail.example:587)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Smtp {
    handle: Handle,
    host: Host,
    port: u16,
    security: Security,
    credentials: Option<(String, Secret)>,
    params: Params,
}

#[derive(Deserialize, Clone)]
pub(super) struct Params {
    tls: Option<TlsParam>,
    tls_ca: Option<PathBuf>,
    local_domain: Option<String>,
    connect_timeout: Option<Duration>,
    max_connections: Option<NonZeroU32>,
    min_connections: Option<u32>,
    idle_timeout: Option<Duration>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum TlsParam {
    None,
    Opportunistic,
    Required,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Security {
    None,
    Opportunistic,
    StartTls,
    Implicit,
}

impl Adapter for Smtp {
    const NAME: &'static str = "SMTP";
    const SCHEMES: &'static [&'static str] = &["smtp", "smtps", "submission", "submissions"];
    const EXAMPLE: &'static str = "submission://user:password@mail.example.com:587";
    const PARTS: Parts = Parts::server()
        .without_name()
        .with(&[(Part::Host, &["SERVER"]), (Part::Username, &["LOGIN"])])
        .authorities("tls_ca");
    type Client = AsyncSmtpTransport<Tokio1Executor>;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        Self::relay(handle, handle.params()?)
    }

    async fn connect(&self) -> Result<Self::Client, ClientError> {
        Ok(self.builder()?.build())
    }

    async fn ping(client: &Self::Client) -> Result<(), ClientError> {
        within(CONNECT_TIMEOUT, answers(client)).await
    }

    async fn close(client: Self::Client) {
        client.shutdown().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.params.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

/// Whether the server answers, without a time limit.
pub(super) async fn answers(
    client: &AsyncSmtpTransport<Tokio1Executor>,
) -> Result<(), ClientError> {
    match client.test_connection().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ClientError::transient("the server does not answer NOOP")),
        Err(error) => Err(cause(&error)),
    }
}

/// What `tls` means for `smtp`; `exposed` are credentials that would travel to another machine.
fn plain_security(tls: Option<TlsParam>, exposed: bool) -> Result<Security, HandleError> {
    match tls {
        Some(TlsParam::None) => Ok(Security::None),
        Some(TlsParam::Opportunistic) if exposed => Err(HandleError::insecure(
            "`tls=opportunistic` would send the credentials in the clear to a server without TLS",
            "write `tls=required`, or `tls=none` if that is meant",
        )),
        Some(TlsParam::Required) => Ok(Security::StartTls),
        None if exposed => Ok(Security::StartTls),
        Some(TlsParam::Opportunistic) | None => Ok(Security::Opportunistic),
    }
}

impl Smtp {
    pub(super) fn relay(handle: &Handle, params: Params) -> Result<Self, HandleError> {
        refuse_path(handle)?;
        let host = one_host(handle)?;
        let has_credentials = handle.username().is_some() || handle.password().is_some();
        let (default_port, security) = match (handle.scheme(), params.tls) {
            ("smtp", tls) => (25, plain_security(tls, has_credentials && !host.is_loopback())?),
            (_, Some(_)) => {
                return Err(HandleError::new("only `smtp` takes the parameter `tls`")
                    .with_help("leave it out: the scheme says what TLS is used"));
            }
            ("submission", None) => (587, Security::StartTls),
            _ => (465, Security::Implicit),
        };
        let credentials = has_credentials.then(|| {
            let password = handle.password().cloned().unwrap_or_else(|| Secret::new(""));
            (handle.username().unwrap_or_default().to_owned(), password)
        });
        Self::new(handle, host.or_port(default_port), security, credentials, params)
    }

    /// What makes the client, any number of times.
    pub(super) fn builder(&self) -> Result<AsyncSmtpTransportBuilder, ClientError> {
        let tls = match self.security {
            Security::None => Tls::None,
            Security::Opportunistic => Tls::Opportunistic(self.tls_parameters()?),
            Security::StartTls => Tls::Required(self.tls_parameters()?),
            Security::Implicit => Tls::Wrapper(self.tls_parameters()?),
        };
        let mut pool = PoolConfig::new();
        if let Some(max) = self.params.max_connections {
            pool = pool.max_size(max.get());
        }
        if let Some(min) = self.params.min_connections {
            pool = pool.min_idle(min);
        }
        if let Some(timeout) = self.params.idle_timeout {
            pool = pool.idle_timeout(timeout);
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.name())
            .port(self.port)
            .tls(tls)
            .timeout(Some(self.connect_timeout()))
            .pool_config(pool);
        if let Some((user, password)) = &self.credentials {
            builder =
                builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        if let Some(domain) = &self.params.local_domain {
            builder = builder.hello_name(ClientId::Domain(domain.clone()));
        }
        Ok(builder)
    }

    fn new(
        handle: &Handle,
        host: Host,
        security: Security,
        credentials: Option<(String, Secret)>,
        params: Params,
    ) -> Result<Self, HandleError> {
        // Both would end a field or a line of the protocol early.
        if credentials
            .iter()
            .any(|(user, password)| user.contains('\0') || password.expose().contains('\0'))
        {
            return Err(HandleError::new("a zero byte stands in the user name or password")
                .with_help("SMTP cannot send one"));
        }
        let is_domain = |domain: &str| {
            domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
                && !domain.is_empty()
        };
        if params.local_domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            return Err(HandleError::new("the parameter `local_domain` has a bad value")
                .with_help("expected a host name such as `app.example.com`"));
        }
        if params.tls_ca.is_some() && security == Security::None {
            return Err(certificates_without_tls("leave `tls_ca` out, or `tls=none`"));
        }
        let port = host.port().unwrap_or_default();
        Ok(Self { handle: handle.clone(), host, port, security, credentials, params })
    }

    fn tls_parameters(&self) -> Result<TlsParameters, ClientError> {
        let mut builder = TlsParameters::builder(self.host.name().to_owned());
        if let Some(path) = &self.params.tls_ca {
            let pem = read_certificates("tls_ca", path)?;
            let certificates = Certificate::from_pem(&pem).map_err(|error| cause(&error))?;
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificates);
        }
        builder.build().map_err(|error| cause(&error))
    }
}

/// Reply codes: <https://www.rfc-editor.org/rfc/rfc5321#section-4.2> and, for AUTH,
/// <https://www.rfc-editor.org/rfc/rfc4954#section-6>.
pub(super) fn cause(error: &Error) -> ClientError {
    let root = ClientError::root_cause(error);
    match error.status().map(u16::from) {
        Some(535) => ClientError::of(
            FailureKind::Authentication,
            "authentication failed: the user name or the password is wrong",
        ),
        Some(530) => {
            ClientError::of(FailureKind::Authentication, "the server wants authentication")
                .with_help("add a user name and a password")
        }
        Some(538) => {
            ClientError::of(FailureKind::Tls, "the server wants TLS before authentication")
                .with_help("use `submission://`")
        }
        Some(code) if error.is_transient() => ClientError::transient(
            Message::ours(format_args!("the server answered {code}: ")).with(root.cause()),
        ),
        Some(code) => ClientError::new(
            Message::ours(format_args!("the server answered {code}: ")).with(root.cause()),
        ),
        // What lettre says when EHLO offers no AUTH, or none that it speaks.
        None if root.to_string().contains("authentication mechanism") => ClientError::of(
            FailureKind::Authentication,
            "the server offers no authentication that the client speaks",
        )
        .with_help("does it want TLS first (`submission://`), or no credentials at all?"),
        None => root,
    }
}

#[cfg(feature = "mail")]
impl Smtp {
    /// [Postmark's SMTP endpoint](https://postmarkapp.com/developer/user-guide/send-email-with-smtp): the
    /// server token is user name and password, STARTTLS is required. Another host is a stand-in.
    pub(super) fn postmark(handle: &Handle, params: Params) -> Result<Self, HandleError> {
        refuse_path(handle)?;
        let host = one_host(handle)?;
        let token = super::shared::user_alone(handle, "server token")?;
        let security = match params.tls {
            None | Some(TlsParam::Required) => Security::StartTls,
            Some(TlsParam::None) if host.is_loopback() => Security::None,
            Some(TlsParam::None | TlsParam::Opportunistic) => {
                return Err(HandleError::insecure(
                    "the credential would be sent in the clear to another machine",
                    "leave `tls` out; `tls=none` is for a stand-in on this machine",
                ));
            }
        };
        let host = match host.name() {
            "api.postmarkapp.com" | "smtp.postmarkapp.com" => {
                Host::named("smtp.postmarkapp.com").or_port(587)
            }
            _ => host.or_port(587),
        };
        let credentials = Some((token.to_owned(), Secret::new(token)));
        Self::new(handle, host, security, credentials, params)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}://{})", self.handle.scheme(), self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Smtp, HandleError> {
        Smtp::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn scheme_and_tls_decide_port_and_security() {
        for (text, port, security) in [
            ("smtp://relay.example", 25, Security::Opportunistic),
            ("smtp://u:p@relay.example", 25, Security::StartTls),
            ("smtp://u:p@localhost", 25, Security::Opportunistic),
            ("smtp://u:p@relay.example?tls=none", 25, Security::None),
            ("smtp://relay.example:2525?tls=required", 2525, Security::StartTls),
            ("smtps://u:p@relay.example", 465, Security::Implicit),
            ("submissions://u:p@relay.example", 465, Security::Implicit),
            ("submission://u:p@relay.example", 587, Security::StartTls),
        ] {
            let smtp = parse(text).unwrap();
            assert_eq!((smtp.port, smtp.security), (port, security), "{text}");
        }
        let refused = parse("smtp://u:p@relay.example?tls=opportunistic").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    #[test]
    fn a_user_without_a_password_is_kept() {
        let smtp = parse("submission://token@relay.example").unwrap();
        assert_eq!(smtp.credentials, Some(("token".to_owned(), Secret::new(""))));
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("smtp://", "the handle has no host"),
            ("smtp://h/inbox", "the handle has a path"),
            ("smtps://h?tls=none", "only `smtp` takes the parameter `tls`"),
            ("smtp://h?tls=on", "the parameter `tls` has a bad value"),
            ("smtp://h?tsl=none", "unknown parameter `tsl`"),
            ("smtp://h?timeout=1s", "unknown parameter `timeout`"),
            (
                "smtp://h?tls=none&tls_ca=ca.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            ("smtp://h?local_domain=a%0D%0AMAIL", "the parameter `local_domain` has a bad value"),
            ("smtp://u:a%00b@localhost", "a zero byte stands in the user name or password"),
            ("mysql://h", "the scheme `mysql` is not one of SMTP"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }
}
