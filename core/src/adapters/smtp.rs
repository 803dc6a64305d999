//! SMTP, through the pooled transport of `lettre`.
//!
//! <!-- grammar -->
//! - schemes: `smtp` (port 25), `smtps` (TLS, port 465), `submission` (TLS, port 587),
//!   `submissions` (TLS, port 465)
//! - host: One relay.
//! - port
//! - user name: For AUTH; without a password it is sent with an empty one. Also `HOST_USER`,
//!   `LOGIN`, `AUTH_USER`.
//! - password: For AUTH. Also `HOST_PASSWORD`, `AUTH_PASS`, `AUTH_PASSWORD`.
//! - `tls`: `none`: unencrypted, also for credentials; `opportunistic`: STARTTLS where the server
//!   offers it; `required`: STARTTLS; `implicit`: TLS from the first byte. Either `none`,
//!   `opportunistic`, `required` or `implicit`. Also `tls_kind`.
//! - `tls_ca`: A file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `local_domain`: What EHLO says; the name of the machine if it is not set. Also `DOMAIN`,
//!   `EHLO_DOMAIN`, `HELO_DOMAIN`.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `max_connections`: How many connections are kept. By default `10`.
//! - `min_connections`: How many of them are kept although they are idle. By default `0`.
//! - `idle_timeout`: How long a connection is kept that is idle. By default `1m`.
//! <!-- end -->
//!
//! | scheme | TLS | port |
//! |---|---|---|
//! | `submissions`, `smtps` | from the first byte ([RFC 8314](https://www.rfc-editor.org/rfc/rfc8314)) | 465 |
//! | `submission` | STARTTLS, required | 587 |
//! | `smtp` | as `tls` says; on port 465 from the first byte in any case | 25, with `tls=implicit` 465 |
//!
//! Without `tls`, `smtp` requires STARTTLS if there are credentials for another machine, and else
//! uses it where the server offers it. `tls=opportunistic` with credentials for another machine is
//! refused; `tls=none` says that sending them unencrypted is meant. Beside the other schemes `tls`
//! may only repeat what they say. Whenever TLS is used the certificate is verified.
//!
//! **Prefer `submissions`.** lettre 0.11.23 takes what stands behind the answer to STARTTLS, in the
//! same segment, for answers that came encrypted: who can change what is sent on the way can so
//! acknowledge a mail that no server took. Nothing outside of its transport can see it. TLS from
//! the first byte has no such gap.
//!
//! The transport of `lettre` has no timeout once it is connected: a relay that goes silent is waited
//! for without end. A [`Mail`](crate::adapters) field has the parameter `timeout`. Here a timeout is
//! left to the app, and one around `send` is no cure: a connection that was left in the middle of a
//! message goes back to the pool, and the next message takes its late answers for its own. A task
//! that is given up keeps its connection to itself:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use lettre::transport::smtp::{Error, response::Response};
//! use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
//!
//! /// `None` if the relay is silent: the message may have arrived all the same.
//! async fn send(
//!     mail: AsyncSmtpTransport<Tokio1Executor>,
//!     message: Message,
//! ) -> Option<Result<Response, Error>> {
//!     let sending = tokio::spawn(async move { mail.send(message).await });
//!     tokio::time::timeout(Duration::from_mins(1), sending).await.ok()?.ok()
//! }
//! ```
//!
//! The errors of lettre repeat what the server says, which may be the user name; those of `Mail` do
//! not.
//!
//! A pool of more than 100 connections is refused: servers take a few from one client, Postfix 50.
//!
//! # A hostile server
//!
//! `lettre` 0.11.23 reads a line to its end, however long it is, parses a long answer anew with each
//! of its lines, and says goodbye without a time limit. A server that means harm can make it ask for
//! more memory than there is, keep a thread busy for minutes, and hold a socket after the client.
//!
//! # Providers
//!
//! | provider | handle |
//! |---|---|
//! | [Amazon SES](https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html) | `submissions://SMTP_USER:SMTP_PASSWORD@email-smtp.eu-west-1.amazonaws.com` |
//! | [SendGrid](https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-smtp) | `submissions://apikey:API_KEY@smtp.sendgrid.net` |
//! | [Mailgun](https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp) | `submissions://postmaster%40mg.example.com:PASSWORD@smtp.mailgun.org` |
//! | [Postmark](https://postmarkapp.com/developer/user-guide/send-email-with-smtp), which has STARTTLS alone | `submission://SERVER_TOKEN:SERVER_TOKEN@smtp.postmarkapp.com` |

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::CONNECT_TIMEOUT;
use super::ending::within;
use crate::error::{ClientError, FailureKind, HandleError, ours};
use crate::handle::{Handle, Host};
use crate::{Adapter, Connect, Kind, Parameters, Secret, Value, Word, read_certificates};

/// The port of TLS from the first byte.
const SUBMISSIONS: u16 = 465;
/// Mailpit delivers nothing: its page shows what was sent.
pub(super) const LOCAL: crate::Server = crate::Server::new("smtp://127.0.0.1:{port}")
    .image("docker.io/axllent/mailpit:v1.31", 1025)
    .environment(&[("MP_DATABASE", "/data/mailpit.db")])
    .health("wget -q -O /dev/null http://127.0.0.1:8025/readyz")
    .volume("/data")
    .page(8025);

/// A mail relay. Its client is [`lettre::AsyncSmtpTransport`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, Smtp};
///
/// #[derive(BackingServices)]
/// struct Services {
///     mail: Smtp,
/// }
///
/// let url = "submissions://shop:secret@mail.example";
/// let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)]))?;
/// assert_eq!(format!("{:?}", services.mail), "Smtp(submissions://mail.example:465)");
/// # Ok::<(), backing_services::LoadError>(())
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
pub struct Smtp {
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
}

/// What every adapter over SMTP takes.
#[derive(Parameters, Clone)]
pub(super) struct Options {
    /// `none`: unencrypted, also for credentials; `opportunistic`: STARTTLS where the server offers
    /// it; `required`: STARTTLS; `implicit`: TLS from the first byte.
    #[handle(param = "tls", names("tls_kind"), tls("none", "required", "required"))]
    tls: Option<Security>,
    /// A file of PEM certificates, the only CA certificates to trust.
    #[handle(
        param = "tls_ca",
        names("ca", "ca_cert", "ssl_ca", "ssl_ca_path", "ssl_ca_certs", "ssl_ca_file"),
        ca
    )]
    tls_ca: Option<PathBuf>,
    /// What EHLO says; the name of the machine if it is not set.
    #[handle(param = "local_domain", names("DOMAIN", "EHLO_DOMAIN", "HELO_DOMAIN"), tuning)]
    local_domain: Option<Domain>,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// How many connections are kept.
    #[handle(param = "max_connections", default = "10", max = "100", tuning)]
    max_connections: NonZeroU32,
    /// How many of them are kept although they are idle.
    #[handle(param = "min_connections", default = "0", max = "100", tuning)]
    min_connections: u32,
    /// How long a connection is kept that is idle.
    #[handle(param = "idle_timeout", default = "1m", max = "24h", tuning)]
    idle_timeout: Duration,
}

#[derive(Word, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Security {
    #[word("none")]
    Unencrypted,
    Opportunistic,
    #[word("required", "starttls")]
    StartTls,
    #[word("implicit", "wrapper")]
    Implicit,
}

/// What stands in a line of the protocol.
#[derive(Clone)]
struct Domain(String);

impl Value for Domain {
    const KIND: Kind = Kind::Other("a host name such as `app.example.com`");

    fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        (!text.is_empty() && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

impl Smtp {
    fn check(&self) -> Result<(), HandleError> {
        self.options.check(&self.handle)
    }
}

impl Connect for Smtp {
    type Client = AsyncSmtpTransport<Tokio1Executor>;

    async fn connect(&self) -> Result<Self::Client, ClientError> {
        let login = credentials(self.username.as_deref(), self.password.as_ref());
        Ok(self.options.builder(&self.handle, &self.host, login)?.build())
    }

    async fn ping(client: &Self::Client) -> Result<(), ClientError> {
        within(CONNECT_TIMEOUT, answers(client)).await
    }

    async fn close(client: Self::Client) {
        client.shutdown().await;
    }
}

/// A user name without a password is a login too.
pub(super) fn credentials(user: Option<&str>, password: Option<&Secret>) -> Option<Credentials> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let login = || Credentials::new(text(user), text(password.map(Secret::expose)));
    (user.is_some() || password.is_some()).then(login)
}

/// Whether the server answers, without a timeout.
pub(super) async fn answers(
    client: &AsyncSmtpTransport<Tokio1Executor>,
) -> Result<(), ClientError> {
    match client.test_connection().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(ClientError::transient("the server does not answer NOOP")),
        Err(error) => Err(cause(&error)),
    }
}

impl Options {
    pub(super) fn check(&self, handle: &Handle) -> Result<(), HandleError> {
        let password = handle.password().map(Secret::expose);
        // It would end a field of the protocol early.
        if handle.username().into_iter().chain(password).any(|text| text.contains('\0')) {
            return Err(HandleError::new("a zero byte stands in the user name or password")
                .with_help("SMTP cannot send one"));
        }
        if self.min_connections > self.max_connections.get() {
            return Err(HandleError::parameter(
                "the parameter `min_connections` has a bad value",
                "expected no more than `max_connections`",
            ));
        }
        if self.security(handle)? == Security::Unencrypted && self.tls_ca.is_some() {
            return Err(HandleError::new("the handle has `tls_ca` but no TLS to use it in")
                .with_help("leave `tls_ca` out, or `tls=none`"));
        }
        Ok(())
    }

    /// What the scheme and the parameter `tls` say together.
    fn security(&self, handle: &Handle) -> Result<Security, HandleError> {
        use Security::{Implicit, Opportunistic, StartTls};
        let has_credentials = handle.username().is_some() || handle.password().is_some();
        let exposed = has_credentials && !handle.is_loopback();
        match (handle.scheme(), self.tls) {
            // Everybody reads that port so.
            ("smtp", _) if handle.port() == Some(SUBMISSIONS) => Ok(Implicit),
            ("smtp", None | Some(Opportunistic)) if !exposed => Ok(Opportunistic),
            ("smtp" | "postmark", Some(Opportunistic)) => Err(HandleError::insecure(
                "`tls=opportunistic` sends the credentials unencrypted to a server without TLS",
                "leave `tls` out, or write `tls=none` if that is meant",
            )),
            ("smtp" | "postmark", Some(tls)) => Ok(tls),
            ("smtps" | "submissions", None | Some(StartTls | Implicit)) => Ok(Implicit),
            (_, None) | ("submission", Some(StartTls)) => Ok(StartTls),
            _ => Err(HandleError::new("the parameter `tls` contradicts the scheme")
                .with_help("leave it out: the scheme says what TLS is used")),
        }
    }

    /// What makes the client, any number of times.
    pub(super) fn builder(
        &self,
        handle: &Handle,
        host: &Host,
        login: Option<Credentials>,
    ) -> Result<AsyncSmtpTransportBuilder, ClientError> {
        let security = self.security(handle).map_err(ClientError::caused_by)?;
        let parameters = || self.tls_parameters(host);
        let tls = match security {
            Security::Unencrypted => Tls::None,
            Security::Opportunistic => Tls::Opportunistic(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::Implicit => Tls::Wrapper(parameters()?),
        };
        let port = match (handle.port(), host.port()) {
            (None, _) if security == Security::Implicit => SUBMISSIONS,
            (_, port) => port.unwrap_or_default(),
        };
        let pool = PoolConfig::new()
            .max_size(self.max_connections.get())
            .min_idle(self.min_connections)
            .idle_timeout(self.idle_timeout);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.name())
            .port(port)
            .tls(tls)
            .timeout(Some(self.connect_timeout))
            .pool_config(pool);
        if let Some(login) = login {
            builder = builder.credentials(login);
        }
        if let Some(Domain(domain)) = &self.local_domain {
            builder = builder.hello_name(ClientId::Domain(domain.clone()));
        }
        Ok(builder)
    }

    fn tls_parameters(&self, host: &Host) -> Result<TlsParameters, ClientError> {
        let mut builder = TlsParameters::builder(host.name().to_owned());
        if let Some(path) = &self.tls_ca {
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
                .with_help("write `submissions://`, or `submission://` for STARTTLS")
        }
        Some(code) => {
            let answer = ours!("the server answered {code}: ").with(root.cause());
            if error.is_transient() {
                ClientError::transient(answer)
            } else {
                ClientError::new(answer)
            }
        }
        // What lettre says when EHLO offers no AUTH, or none that it speaks.
        None if root.to_string().contains("authentication mechanism") => ClientError::of(
            FailureKind::Authentication,
            "the server offers no authentication that the client speaks",
        )
        .with_help("does it want TLS first (`submissions://`), or no credentials at all?"),
        None => root,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Smtp, HandleError> {
        Smtp::from_handle(&Handle::parse(text)?)
    }

    /// What lettre was told.
    fn told(text: &str) -> String {
        let smtp = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let login = credentials(smtp.username.as_deref(), smtp.password.as_ref());
        format!("{:?}", smtp.options.builder(&smtp.handle, &smtp.host, login).unwrap())
    }

    #[test]
    fn scheme_and_tls_decide_port_and_security() {
        for (text, port, security) in [
            ("smtp://relay.example", 25, "Opportunistic"),
            ("smtp://u:p@relay.example", 25, "Required"),
            ("smtp://u:p@localhost", 25, "Opportunistic"),
            ("smtp://u:p@localhost?tls=opportunistic", 25, "Opportunistic"),
            ("smtp://u:p@relay.example?tls=none", 25, "None"),
            ("smtp://relay.example:2525?tls=required", 2525, "Required"),
            ("smtp://relay.example:2525?tls=StartTLS", 2525, "Required"),
            ("smtp://relay.example:2525?tls=implicit", 2525, "Wrapper"),
            ("smtp://relay.example?tls_kind=wrapper", 465, "Wrapper"),
            ("smtp://u:p@relay.example:465", 465, "Wrapper"),
            ("smtp://u:p@relay.example:465?tls=opportunistic", 465, "Wrapper"),
            ("smtp://u:p@relay.example:465?tls=none", 465, "Wrapper"),
            ("smtps://u:p@relay.example", 465, "Wrapper"),
            ("smtps://u:p@relay.example:2465?tls=implicit", 2465, "Wrapper"),
            ("submissions://u:p@relay.example", 465, "Wrapper"),
            ("submissions://u:p@relay.example?tls=required", 465, "Wrapper"),
            ("submission://u:p@relay.example", 587, "Required"),
            ("submission://u:p@relay.example?tls=required", 587, "Required"),
        ] {
            let told = told(text);
            assert!(told.contains(&format!("port: {port},")), "{text}: {told}");
            assert!(told.contains(&format!("tls: {security}")), "{text}: {told}");
        }
        let refused = parse("smtp://u:p@relay.example?tls=opportunistic").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    #[test]
    fn what_tunes_reaches_the_pool() {
        let told = told(
            "smtp://localhost?local_domain=a.example&connect_timeout=3s&max_connections=7\
             &min_connections=2&idle_timeout=9s",
        );
        for option in [
            "Domain(\"a.example\")",
            "timeout: Some(3s)",
            "max_size: 7",
            "min_idle: 2",
            "idle_timeout: 9s",
        ] {
            assert!(told.contains(option), "{option}: {told}");
        }
    }

    #[test]
    fn a_user_without_a_password_is_kept() {
        let smtp = parse("submission://token@relay.example").unwrap();
        let login = credentials(smtp.username.as_deref(), smtp.password.as_ref());
        assert_eq!(login, Some(Credentials::new("token".to_owned(), String::new())));
    }

    #[test]
    fn refuses_what_means_nothing() {
        let bad = |name: &str| format!("the parameter `{name}` has a bad value");
        for (text, message) in [
            ("smtp://", "the handle has no host"),
            ("smtp://h/inbox", "the handle has a path"),
            ("smtps://h?tls=none", "the parameter `tls` contradicts the scheme"),
            ("smtps://h?tls=opportunistic", "the parameter `tls` contradicts the scheme"),
            ("submission://h?tls=none", "the parameter `tls` contradicts the scheme"),
            ("submission://h?tls=implicit", "the parameter `tls` contradicts the scheme"),
            ("smtp://h?tls=on", &bad("tls")),
            ("smtp://h?tsl=none", "unknown parameter `tsl`"),
            ("smtp://h?timeout=1s", "unknown parameter `timeout`"),
            ("smtp://h?tls=none&tls_ca=ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
            ("smtp://h?local_domain=a%0D%0AMAIL", &bad("local_domain")),
            ("smtp://h?max_connections=0", &bad("max_connections")),
            ("smtp://h?max_connections=4294967295", &bad("max_connections")),
            ("smtp://h?min_connections=4294967295", &bad("min_connections")),
            ("smtp://h?min_connections=11", &bad("min_connections")),
            ("smtp://h?connect_timeout=1000000h", &bad("connect_timeout")),
            ("smtp://u:a%00b@localhost", "a zero byte stands in the user name or password"),
            ("mysql://h", "the scheme `mysql` is not one of SMTP"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn names_that_people_use() {
        let words = Smtp::GRAMMAR.all_words();
        for (name, word) in [
            ("HOST_USER", "username"),
            ("LOGIN", "username"),
            ("AUTH_USER", "username"),
            ("USER_NAME", "username"),
            ("HOST_PASSWORD", "password"),
            ("AUTH_PASS", "password"),
            ("AUTH_PASSWORD", "password"),
            ("DOMAIN", "local_domain"),
            ("EHLO_DOMAIN", "local_domain"),
            ("HELO_DOMAIN", "local_domain"),
            ("TLS_KIND", "tls"),
        ] {
            let called: Vec<_> = words.iter().filter(|word| word.is_called(name)).collect();
            assert_eq!(called.iter().map(|word| word.name()).collect::<Vec<_>>(), [word], "{name}");
        }
        for name in ["AUTH", "NAME", "EMAIL", "APIKEY"] {
            assert!(words.iter().all(|word| !word.is_called(name)), "{name}");
            assert!(Smtp::GRAMMAR.is_others(name), "{name}");
        }
    }
}
