//! NATS, through `async-nats`.
//!
//! <!-- grammar -->
//! - schemes: `nats` (port 4222), `tls` (TLS, port 4222)
//! - host: One server, or several of a cluster, separated by commas. Also `HOSTS`, `ADDRESSES`,
//!   `NODES`.
//! - port
//! - user name: As the server knows the user; without a password it is a token. Also `TOKEN`.
//! - password: Of that user.
//! - `creds`: A credentials file: a JWT, and the key that goes with it.
//! - `name`: What the server's monitoring calls this client.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! A user without a password is a
//! [token](https://docs.nats.io/using-nats/developer/connecting/token). Under `nats` TLS is used if
//! the server asks for it; under `tls`, or with `tls=required`, there is no connection without.
//!
//! The client finds its servers again by itself, within half a second of their return, and
//! subscribes anew. What is published meanwhile waits in its buffer; what the server had not passed
//! on when it died is lost, as core NATS delivers at most once. A ping is a request to the client's
//! own inbox, so a user needs to be allowed to publish to and to subscribe to `_INBOX.>`, as for
//! any request. `JetStream` keeps what it has acknowledged: its API is in the crate `async-nats`,
//! behind that crate's feature `jetstream`.
//!
//! # Security
//!
//! A credential goes to another machine by TLS only, unless `tls=none` says that it may travel
//! unencrypted: under `nats` a server without TLS would be sent it as it is. Where a credential
//! goes without TLS, and where the handle names this machine alone, the client keeps to the hosts
//! of the handle, whatever others the server recommends. At the level TRACE `async-nats` logs the
//! *user name* when it connects anew; passwords, tokens and keys it never logs.
//!
//! # Providers
//!
//! [Synadia Cloud](https://docs.synadia.com/cloud/user-guides/user-mgmt) gives each user a
//! credentials file: `tls://connect.ngs.global?creds=/run/secrets/app.creds`.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::rustls::client::{ClientConfig, WantsClientCert};
use async_nats::rustls::crypto::aws_lc_rs;
use async_nats::rustls::{ConfigBuilder, RootCertStore};
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, RequestErrorKind, ServerAddr,
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::{sleep, timeout};
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::CONNECT_TIMEOUT;
use super::ending::{closed, within};
use crate::adapter::pem;
use crate::adapter::tls::read_file;
use crate::{Adapter, ClientError, Connect, FailureKind, Handle, HandleError, Host, Secret, Tls};

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
/// let url = "tls://shop:secret@a.example,b.example:4223";
/// let environment = Environment::from_pairs([("BUS_URL", url)]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.bus), "Nats(tls://a.example:4222,b.example:4223)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "NATS",
    schemes("nats", "tls" = tls),
    port = 4222,
    example = "nats://user:password@localhost:4222",
    unencrypted = "refused",
    check,
    debug
)]
pub struct Nats {
    #[handle]
    handle: Handle,
    /// One server, or several of a cluster, separated by commas.
    #[handle(host, names("SERVERS", "HOSTS", "ADDRESSES", "NODES"))]
    servers: Vec<Host>,
    /// As the server knows the user; without a password it is a token.
    #[handle(username, names("TOKEN"))]
    user: Option<Secret>,
    /// Of that user.
    #[handle(password)]
    password: Option<Secret>,
    /// A credentials file: a JWT, and the key that goes with it.
    #[handle(param = "creds", credential)]
    creds: Option<PathBuf>,
    /// What the server's monitoring calls this client.
    #[handle(param = "name", tuning)]
    name: Option<String>,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    #[handle(flatten)]
    tls: Tls,
}

impl Nats {
    fn check(&self) -> Result<(), HandleError> {
        if self.password.is_some() && self.user.is_none() {
            return Err(HandleError::new("the handle has a password and no user name")
                .with_help("write a token as `nats://TOKEN@host`"));
        }
        if self.user.is_some() && self.creds.is_some() {
            return Err(HandleError::new("the handle has a user name and a file of credentials")
                .with_help("leave one of them out"));
        }
        Ok(())
    }
}

impl Connect for Nats {
    type Client = Client;

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
            .connection_timeout(self.connect_timeout)
            .require_tls(self.tls.is_on())
            .tls_client_config(self.tls_config()?)
            .reconnect_delay_callback(pause);
        let secret = |secret: &Secret| secret.expose().to_owned();
        options = match (&self.user, &self.password) {
            (Some(user), Some(password)) => {
                options.user_and_password(secret(user), secret(password))
            }
            (Some(token), None) => options.token(secret(token)),
            (None, _) => options,
        };
        if let Some(path) = &self.creds {
            let file = read_file("creds", path, "NATS credentials")?;
            // The driver's own text may repeat the file's.
            let read = str::from_utf8(&file).ok().map(|text| options.credentials(text));
            options = read.and_then(Result::ok).ok_or_else(|| {
                ClientError::new("the file that `creds` names holds no NATS credentials")
                    .with_help("set `creds` to the path of a NATS credentials file")
            })?;
        }
        if let Some(name) = &self.name {
            options = options.name(name);
        }
        if self.keeps_to_its_hosts() {
            options = options.ignore_discovered_servers();
        }
        Ok(options)
    }

    /// Whether another machine that the server recommends would get what is meant for those of the
    /// handle: a credential without TLS, or what is to stay on this machine.
    fn keeps_to_its_hosts(&self) -> bool {
        let has_credential = self.user.is_some() || self.creds.is_some();
        self.handle.is_loopback() || has_credential && !self.tls.is_on()
    }

    /// The driver's own asks for the process's default of rustls, which panics where there is none.
    fn tls_config(&self) -> Result<ClientConfig, ClientError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(ClientError::caused_by)?;
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> = match self.tls.ca_file() {
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in pem::certificates("tls_ca", path)? {
                    roots.add(certificate).map_err(|_| pem::broken_certificate("tls_ca"))?;
                }
                builder.with_root_certificates(roots)
            }
            None => builder.with_platform_verifier().map_err(ClientError::caused_by)?,
        };
        Ok(builder.with_no_client_auth())
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
            ConnectErrorKind::TimedOut => ClientError::no_answer(self.connect_timeout),
            _ => match ClientError::root_cause(error) {
                root if root.to_string().contains("expected INFO, got nothing") => {
                    ClientError::transient("the connection ended before the server answered")
                        .with_kind(FailureKind::Protocol)
                }
                root if self.tls.is_on() && root.to_string().contains("corrupt message") => {
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

/// Which connection the client has, by number. A server that has just come back is found within the
/// longest pause.
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
            ("nats://%2Frun%2Fnats.sock", "the host is a path"),
            (
                "nats://u:p@a,nats://u:q@b",
                "the addresses of the list differ in their user name or password",
            ),
            (
                "nats://u:p@localhost?creds=/c",
                "the handle has a user name and a file of credentials",
            ),
            ("nats://localhost?tls_ca=/ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
            ("tls://localhost?tls=none", "the scheme says TLS, and `tls` says none"),
            (
                "nats://localhost?connect_timeout=25h",
                "the parameter `connect_timeout` has a bad value",
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
                "the credential would be sent unencrypted to another machine"
            );
            assert_eq!(error.help(), "write `tls://`, or `tls=none` if that is meant");
            let end = if rest.contains('?') { '&' } else { '?' };
            for (text, on) in [
                (format!("tls://{rest}"), true),
                (format!("nats://{rest}{end}tls=required"), true),
                (format!("nats://{rest}{end}tls=none"), false),
            ] {
                let nats = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(nats.tls.is_on(), on, "{text}");
                assert_eq!(nats.keeps_to_its_hosts(), !on, "{text}");
            }
        }
        assert!(!parse("nats://h").unwrap().keeps_to_its_hosts());
        assert!(parse("nats://u:p@localhost,127.0.0.1:4223").unwrap().keeps_to_its_hosts());
        assert!(parse("tls://localhost").unwrap().keeps_to_its_hosts());
    }

    /// As the list of handles that platforms write has them.
    #[test]
    fn what_platforms_write() {
        for (text, addresses) in [
            (
                "nats://127.0.0.1:4222,nats://127.0.0.1:5222",
                vec!["nats://127.0.0.1:4222", "nats://127.0.0.1:5222"],
            ),
            ("nats://shop:secret@nats:4222?tls=none", vec!["nats://nats:4222"]),
            ("tls://u:p@a, tls://u:p@[::1]", vec!["tls://a:4222", "tls://[::1]:4222"]),
        ] {
            let nats = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let taken = nats.addresses().unwrap();
            let taken: Vec<_> = taken.iter().map(ServerAddr::as_url_str).collect();
            assert_eq!(taken, addresses, "{text}");
        }
    }

    /// A server on this machine recommends another one.
    #[tokio::test]
    async fn what_is_to_stay_on_this_machine_stays() {
        use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (reader, mut writer) = listener.accept().await.unwrap().0.into_split();
            let info = r#"{"server_id":"a","max_payload":1,"connect_urls":["192.0.2.1:4222"]}"#;
            writer.write_all(format!("INFO {info}\r\n").as_bytes()).await.unwrap();
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "PING" {
                    writer.write_all(b"PONG\r\n").await.unwrap();
                }
            }
        });
        let client = parse(&format!("nats://localhost:{port}")).unwrap().connect().await.unwrap();
        let pool = client.server_pool().await.unwrap();
        let hosts: Vec<_> = pool.iter().map(|server| server.addr.host()).collect();
        assert_eq!(hosts, ["localhost"]);
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
