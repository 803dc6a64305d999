//! NATS, through `async-nats`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `nats`: TLS if the server asks for it; `tls`: TLS or no connection | |
//! | user, password | as the server knows them; a user without a password is a [token](https://docs.nats.io/using-nats/developer/connecting/token) | none |
//! | hosts, ports | one server or several of a cluster, separated by commas: `nats://a,b:4223` | 4222 |
//! | path | none | |
//! | `creds` | path of a [credentials file](https://docs.nats.io/using-nats/developer/connecting/creds): a JWT and the key that goes with it | none |
//! | `name` | what the server's monitoring calls this client | none |
//! | `tls_ca` | file of PEM certificates, the only authorities to trust | those of the system |
//! | `connect_timeout` | for connecting | `10s` |
//!
//! The client finds its servers again by itself, within half a second of their return, and subscribes anew. What is
//! published meanwhile waits in its buffer; what the server had not passed on when it died is lost, as core NATS
//! delivers at most once. A ping is a request to the client's own inbox, so a user needs to be allowed to publish to
//! and to subscribe to `_INBOX.>`, as for any request. `JetStream` keeps what it has acknowledged: its API is in the crate `async-nats`, behind
//! that crate's feature `jetstream`.
//!
//! # Security
//!
//! A credential goes to another machine by `tls` only; under `nats` a server without TLS would be sent it in
//! the clear, so that is refused. With a credential under `nats` the client also keeps to the hosts of the
//! handle, whatever others the server recommends. At the level TRACE `async-nats` logs the *user name* when it
//! connects anew; passwords, tokens and keys it never logs.
//!
//! # Providers
//!
//! [Synadia Cloud](https://docs.synadia.com/cloud/user-guides/user-mgmt) gives each user a credentials file:
//! `tls://connect.ngs.global?creds=/run/secrets/app.creds`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::rustls::client::{ClientConfig, WantsClientCert};
use async_nats::rustls::crypto::aws_lc_rs;
use async_nats::rustls::pki_types::CertificateDer;
use async_nats::rustls::pki_types::pem::PemObject as _;
use async_nats::rustls::{ConfigBuilder, RootCertStore};
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, RequestErrorKind, ServerAddr,
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;
use tokio::time::{sleep, timeout};
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::CONNECT_TIMEOUT;
use super::shared::{
    certificates_without_tls, closed, read_certificates, refuse_path, require_scheme,
    several_hosts, within,
};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::Handle;
use crate::parts::{Part, Parts};

const DEFAULT_PORT: u16 = 4222;
/// The longest wait between two attempts to connect again.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How often a ping looks whether the client still has its connection.
const GLANCE: Duration = Duration::from_millis(10);

/// A NATS server or a cluster. Its client is [`async_nats::Client`].
///
/// ```
/// use backing_services::{BackingServices, Environment, Nats};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[service(default = "nats://localhost")]
///     bus: Nats,
/// }
///
/// let environment = Environment::from_pairs([("BUS_URL", "tls://shop:secret@a.example,b.example:4223")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.bus), "Nats(tls://a.example:4222,b.example:4223)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Nats {
    handle: Handle,
    /// As `host:port`.
    servers: Vec<String>,
    tls: bool,
    params: Params,
}

#[derive(Deserialize, Clone)]
struct Params {
    connect_timeout: Option<Duration>,
    name: Option<String>,
    creds: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
}

impl Adapter for Nats {
    const NAME: &'static str = "NATS";
    const SCHEMES: &'static [&'static str] = &["nats", "tls"];
    const EXAMPLE: &'static str = "nats://user:password@localhost:4222";
    const PARTS: Parts = Parts::server()
        .without_name()
        .with(&[(Part::Host, &["SERVERS"]), (Part::Username, &["TOKEN"])])
        .authorities("tls_ca");
    type Client = Client;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let params: Params = handle.params()?;
        let tls = handle.scheme() == "tls";
        refuse_path(handle)?;
        let servers = several_hosts(handle, DEFAULT_PORT)?;
        let (user, password) = (handle.username().is_some(), handle.password().is_some());
        if password && !user {
            return Err(HandleError::new("the handle has a password and no user name")
                .with_help("write a token as `nats://TOKEN@host`"));
        }
        if user && params.creds.is_some() {
            return Err(HandleError::new("the handle has a user name and a file of credentials")
                .with_help("leave one of them out"));
        }
        if params.tls_ca.is_some() && !tls {
            return Err(certificates_without_tls("write `tls://`, or leave `tls_ca` out"));
        }
        if (user || params.creds.is_some()) && !tls && !handle.is_loopback() {
            return Err(HandleError::insecure(
                "a server without TLS would be sent the credential in the clear",
                "write `tls://` instead of `nats://`",
            ));
        }
        Ok(Self { handle: handle.clone(), servers, tls, params })
    }

    async fn connect(&self) -> Result<Client, ClientError> {
        // What it would log at the finest level has the user name in it.
        let connecting = self.options()?.connect(self.addresses()?);
        let connecting = connecting.with_subscriber(NoSubscriber::new());
        connecting.await.map_err(|error| self.cause(&error))
    }

    /// A question that nobody is there to answer: the server itself says so.
    async fn ping(client: &Client) -> Result<(), ClientError> {
        within(CONNECT_TIMEOUT, async {
            loop {
                let connection = connection(client).await?;
                if let Some(answer) = ask(client, connection).await {
                    return answer;
                }
            }
        })
        .await
    }

    async fn close(client: Client) {
        let ended = async {
            // The driver drains without waiting for what it has yet to write.
            if client.flush().await.is_ok() && client.drain().await.is_ok() {
                // Draining is only asked for; the client has ended when it takes no more.
                while client.flush().await.is_ok() {
                    sleep(Duration::from_millis(1)).await;
                }
            }
        };
        // A client without a connection cannot deliver what it holds.
        let _ = timeout(CONNECT_TIMEOUT, ended).await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.params.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

impl Nats {
    fn addresses(&self) -> Result<Vec<ServerAddr>, ClientError> {
        let scheme = self.handle.scheme();
        let servers = self.servers.iter().map(|server| format!("{scheme}://{server}").parse());
        servers
            .collect::<Result<_, _>>()
            .map_err(|_| ClientError::new("the driver does not take a host of the handle"))
    }

    fn options(&self) -> Result<ConnectOptions, ClientError> {
        let mut options = ConnectOptions::new()
            .connection_timeout(self.connect_timeout())
            .require_tls(self.tls)
            .tls_client_config(self.tls_config()?)
            .reconnect_delay_callback(pause);
        let (user, password) = (self.handle.username(), self.handle.password());
        options = match (user, password) {
            (Some(user), Some(password)) => {
                options.user_and_password(user.to_owned(), password.expose().to_owned())
            }
            (Some(token), None) => options.token(token.to_owned()),
            (None, _) => options,
        };
        if let Some(path) = &self.params.creds {
            let bad = |reason: String| {
                ClientError::new(Message::ours(format_args!(
                    "the file that `creds` names {reason}"
                )))
                .with_help("set `creds` to the path of a NATS credentials file")
            };
            let text = std::fs::read_to_string(path)
                .map_err(|error| bad(format!("cannot be read: {}", crate::file::reason(&error))))?;
            // The driver's own text may repeat the file's.
            options = options
                .credentials(&text)
                .map_err(|_| bad("holds no NATS credentials".to_owned()))?;
        }
        if let Some(name) = &self.params.name {
            options = options.name(name);
        }
        if !self.tls && (user.is_some() || self.params.creds.is_some()) {
            // Another machine that the server recommends would be sent the credential in the clear.
            options = options.ignore_discovered_servers();
        }
        Ok(options)
    }

    /// The driver's own asks for the process's default of rustls, which panics where there is none.
    fn tls_config(&self) -> Result<ClientConfig, ClientError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(ClientError::caused_by)?;
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> = match &self.params.tls_ca {
            Some(path) => builder.with_root_certificates(Self::authorities(path)?),
            None => builder.with_platform_verifier().map_err(ClientError::caused_by)?,
        };
        Ok(builder.with_no_client_auth())
    }

    fn authorities(path: &Path) -> Result<RootCertStore, ClientError> {
        let bad = || {
            ClientError::of(
                FailureKind::Tls,
                "the file that `tls_ca` names holds a broken certificate",
            )
        };
        let pem = read_certificates("tls_ca", path)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
        }
        Ok(roots)
    }

    fn cause(&self, error: &ConnectError) -> ClientError {
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation => ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the server does not take the user, password, token or file",
            ),
            ConnectErrorKind::Authentication => ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the file of credentials is broken",
            ),
            ConnectErrorKind::TimedOut => ClientError::no_answer(self.connect_timeout()),
            _ => match ClientError::root_cause(error) {
                root if root.to_string().contains("expected INFO, got nothing") => {
                    ClientError::transient("the connection ended before the server answered")
                        .with_kind(FailureKind::Protocol)
                }
                root if self.tls && root.to_string().contains("corrupt message") => {
                    ClientError::of(
                        FailureKind::Tls,
                        "the server answered a TLS handshake with something else",
                    )
                    .with_help("it has no TLS on this port: `nats://` goes without")
                }
                root => root,
            },
        }
    }
}

/// Doubles from 10 ms.
fn pause(attempts: usize) -> Duration {
    match u32::try_from(attempts) {
        Ok(0 | 1) => Duration::ZERO,
        Ok(attempts @ 2..8) => Duration::from_millis(5 << (attempts - 1)),
        _ => LONGEST_PAUSE,
    }
}

/// Which connection the client has, by number. A server that has just come back is found within the longest
/// pause.
async fn connection(client: &Client) -> Result<u64, ClientError> {
    let connected = async {
        while client.connection_state() != State::Connected {
            sleep(GLANCE).await;
        }
        connects(client)
    };
    timeout(LONGEST_PAUSE * 4, connected).await.map_err(|_| {
        ClientError::transient("the client has no connection")
            .with_kind(FailureKind::Refused)
            .with_help("it connects by itself as soon as a server answers")
    })
}

/// What the server answers on a connection; `None` if that was lost, and the question with it.
async fn ask(client: &Client, connection: u64) -> Option<Result<(), ClientError>> {
    let mut request = pin!(client.request(client.new_inbox(), "".into()));
    loop {
        match timeout(GLANCE, request.as_mut()).await {
            Ok(Ok(_)) => return Some(Ok(())),
            Ok(Err(error)) => {
                return Some(match error.kind() {
                    RequestErrorKind::NoResponders => Ok(()),
                    RequestErrorKind::TimedOut => Err(ClientError::no_answer(CONNECT_TIMEOUT)),
                    _ => Err(closed()),
                });
            }
            Err(_) if connects(client) != connection => return None,
            Err(_) if client.connection_state() != State::Connected => return None,
            Err(_) => {}
        }
    }
}

fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nats({}://{})", self.handle.scheme(), self.servers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Nats, HandleError> {
        Nats::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("nats:///", "the handle has no host"),
            ("nats://h/subject", "the handle has a path"),
            ("nats://:p@localhost", "the handle has a password and no user name"),
            ("nats://a,a:4222", "the same server is named twice"),
            (
                "nats://u:p@localhost?creds=/c",
                "the handle has a user name and a file of credentials",
            ),
            (
                "nats://localhost?tls_ca=/ca.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            ("redis://h", "the scheme `redis` is not one of NATS"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn a_credential_leaves_the_machine_by_tls_only() {
        for rest in ["u:p@h", "token@h", "h?creds=/app.creds", "u:p@localhost,h"] {
            let error = parse(&format!("nats://{rest}")).unwrap_err();
            assert_eq!(
                error.message(),
                "a server without TLS would be sent the credential in the clear"
            );
            assert!(parse(&format!("tls://{rest}")).is_ok(), "{rest}");
        }
        assert!(parse("nats://h").is_ok());
        assert!(parse("nats://u:p@localhost,127.0.0.1:4223").is_ok());
    }

    #[test]
    fn pauses_grow_to_half_a_second() {
        let pauses: Vec<_> = (0..12).map(|attempt| pause(attempt).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 10, 20, 40, 80, 160, 320, 500, 500, 500, 500]);
    }

    #[tokio::test]
    async fn a_file_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.creds");
        let url = format!("tls://localhost:1?creds={}", path.display());
        let error = parse(&url).unwrap().connect().await.unwrap_err();
        assert!(error.to_string().starts_with("the file that `creds` names cannot be read"));
        std::fs::write(&path, "no credentials").unwrap();
        let error = parse(&url).unwrap().connect().await.unwrap_err();
        assert_eq!(error.to_string(), "the file that `creds` names holds no NATS credentials");
    }
}
