//! NATS, through `async-nats`.
//!
//! <!-- grammar -->
//! - schemes: `nats` (port 4222), `tls` (TLS, port 4222)
//! - host: One server, or several of a cluster, separated by commas. Also `HOSTS`, `ADDRESSES`,
//!   `NODES`.
//! - port
//! - user name: As the server knows the user; without a password it is a token. Also `TOKEN`.
//! - password: Of that user.
//! - `creds`: A credentials file, read anew for each connection: a JWT, and the key that goes
//!   with it.
//! - `name`: What the server's monitoring calls this client.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `timeout`: For the answer to one request. By default `10s`.
//! - `ping_interval`: Between two pings of the client's, which connects anew when two of them
//!   were not answered. By default `10s`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `tls_first`: Whether the server waits for the handshake of TLS before it says anything, as
//!   with `handshake_first` in its settings. By default `false`.
//! <!-- end -->
//!
//! A user without a password is a
//! [token](https://docs.nats.io/using-nats/developer/connecting/token). Under `nats` TLS is used if
//! the server asks for it; under `tls`, or with `tls=required`, there is no connection without.
//!
//! The client finds its servers again by itself, within half a second of their return, and
//! subscribes anew. A server that is there and refuses it is asked again within a second, then at
//! growing intervals up to ten, or as soon as the credentials file has changed: that one is read for
//! each connection. The log (`tracing`) tells each refusal, while a ping can only tell that there is
//! no connection. What is published meanwhile waits in its buffer; what the server had not passed
//! on when it died is lost, as core NATS delivers at most once. A ping is a request to the client's
//! own inbox, so a user needs to be allowed to publish to and to subscribe to `_INBOX.>`, as for
//! any request. `JetStream` keeps what it has acknowledged: its API is in the crate `async-nats`,
//! behind that crate's feature `jetstream`.
//!
//! No answer is waited for without a bound: a request takes `timeout` at the most, and a network
//! that went silent is noticed after three `ping_interval`s, when the client connects anew. Until
//! then what is published waits, and `flush` too.
//!
//! # Security
//!
//! A credential goes to another machine by TLS only, unless `tls=none` says that it may travel
//! unencrypted: under `nats` a server without TLS would be sent it as it is. Where a credential
//! goes without TLS, and where the handle names this machine alone, the client keeps to the hosts
//! of the handle, whatever others the server recommends. At the level TRACE `async-nats` logs the
//! *user name* when it connects anew; passwords, tokens and keys it never logs.
//!
//! # A hostile server
//!
//! `async-nats` 0.51.0 buffers as much as the server says that a message has, and a line that does
//! not end, which it searches anew from its start with each read; it stays busy with a flood of
//! pings also when the client is gone.
//!
//! # Providers
//!
//! [Synadia Cloud](https://docs.synadia.com/cloud/user-guides/user-mgmt) gives each user a
//! credentials file: `tls://connect.ngs.global?creds=/run/secrets/app.creds`.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{
    Auth, AuthError, Client, ConnectError, ConnectErrorKind, ConnectOptions, ReconnectToServer,
    RequestErrorKind, Server, ServerAddr,
};
use nkeys::KeyPair;
use tokio::time::{Instant, sleep, timeout};
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::CONNECT_TIMEOUT;
use super::ending::{closed, within};
use super::one_sided_tls::{explained, tls_only};
use crate::adapter::tls::read_file;
use crate::adapter::tls_client::client_config;
use crate::backoff::Backoff;
use crate::file;
use crate::{Adapter, ClientError, Connect, FailureKind, Handle, HandleError, Host, Secret, Tls};

/// The longest wait between two attempts to connect again.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
const AWAY: Backoff = Backoff::new(Duration::from_millis(10), LONGEST_PAUSE);
/// After a server that answers has refused the client: a credential that was revoked does not come
/// back in a second.
const REFUSED: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
/// How often the credentials file is looked at between two refused attempts.
const LOOK: Duration = Duration::from_millis(500);
const SHORTEST_PING_INTERVAL: Duration = Duration::from_millis(100);
/// How often a ping looks whether the client still has its connection.
const GLANCE: Duration = Duration::from_millis(10);
/// The image without a shell has nothing to ask how the server is.
const LOCAL: crate::Server = crate::Server::new("nats://app:{password}@127.0.0.1:{port}")
    .image("docker.io/library/nats:2.12-alpine", 4222)
    .command(&[
        "nats-server",
        "--user=app",
        "--pass={password}",
        "--jetstream",
        "--store_dir=/data",
        "--http_port=8222",
    ])
    .health("wget -q -O /dev/null http://127.0.0.1:8222/healthz")
    .volume("/data");

/// A NATS server or a cluster. Its client is [`async_nats::Client`].
///
/// [Its module](self) has the table of what a handle may say.
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
    server = LOCAL,
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
    /// A credentials file, read anew for each connection: a JWT, and the key that goes with it.
    #[handle(param = "creds", credential)]
    creds: Option<PathBuf>,
    /// What the server's monitoring calls this client.
    #[handle(param = "name", tuning)]
    name: Option<String>,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// For the answer to one request.
    #[handle(param = "timeout", default = "10s", max = "24h", tuning)]
    timeout: Duration,
    /// Between two pings of the client's, which connects anew when two of them were not answered.
    #[handle(param = "ping_interval", default = "10s", max = "24h", tuning)]
    ping_interval: Duration,
    #[handle(flatten)]
    tls: Tls,
    /// Whether the server waits for the handshake of TLS before it says anything, as with
    /// `handshake_first` in its settings.
    #[handle(param = "tls_first", default = "false")]
    tls_first: bool,
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
        if self.tls_first && !self.tls.is_on() {
            return Err(HandleError::new("the handle has `tls_first` but no TLS to use it in")
                .with_help("write `tls://`, or leave `tls_first` out"));
        }
        // The driver's clock panics at zero.
        if self.ping_interval < SHORTEST_PING_INTERVAL {
            return Err(HandleError::parameter(
                "the parameter `ping_interval` has a bad value",
                "expected at least `100ms`",
            ));
        }
        Ok(())
    }
}

impl Connect for Nats {
    type Client = Client;
    /// The driver waits for the answer to its login.
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<Client, ClientError> {
        // What it would log at the finest level has the user name in it.
        let connecting = self.options()?.connect(self.addresses()?);
        // The driver's future is a large one.
        let connecting = Box::pin(connecting.with_subscriber(NoSubscriber::new()));
        let connecting = async { connecting.await.map_err(|error| self.cause(&error)) };
        explained(connecting, self.one_sided_tls()).await
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

    async fn version(client: &Client) -> Option<String> {
        Some(client.server_info().version).filter(|version| !version.is_empty())
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
    /// A server that waits for a handshake says nothing to who waits for its greeting.
    async fn one_sided_tls(&self) -> Option<ClientError> {
        if self.tls_first {
            return None;
        }
        for server in &self.servers {
            let found = tls_only(server, "write `tls://` and `tls_first=true`").await;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn addresses(&self) -> Result<Vec<ServerAddr>, ClientError> {
        let scheme = self.handle.scheme();
        let servers = self.servers.iter().map(|server| format!("{scheme}://{server}").parse());
        servers
            .collect::<Result<_, _>>()
            .map_err(|_| ClientError::new("the driver does not take a host of the handle"))
    }

    fn options(&self) -> Result<ConnectOptions, ClientError> {
        let mut options = match &self.creds {
            Some(path) => with_credentials(path)?,
            None => ConnectOptions::new(),
        };
        options = options
            .connection_timeout(self.connect_timeout)
            .request_timeout(Some(self.timeout))
            .ping_interval(self.ping_interval)
            .require_tls(self.tls.is_on())
            .tls_client_config(client_config(&self.tls)?)
            .reconnect_delay_callback(pause)
            .reconnect_to_server_callback({
                let creds = self.creds.clone();
                move |servers, _| next_attempt(servers, creds.clone())
            });
        let secret = |secret: &Secret| secret.expose().to_owned();
        options = match (&self.user, &self.password) {
            (Some(user), Some(password)) => {
                options.user_and_password(secret(user), secret(password))
            }
            (Some(token), None) => options.token(secret(token)),
            (None, _) => options,
        };
        if let Some(name) = &self.name {
            options = options.name(name);
        }
        if self.tls_first {
            options = options.tls_first();
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
            _ if is_malformed(error) => ClientError::of(
                FailureKind::Protocol,
                "the server does not speak the protocol of NATS",
            ),
            _ => match ClientError::root_cause(error) {
                root if root.to_string() == NOTHING => {
                    ClientError::transient("the connection ended before the server answered")
                        .with_kind(FailureKind::Protocol)
                }
                root if root.to_string().starts_with(NO_GREETING) => ClientError::of(
                    FailureKind::Protocol,
                    "the server does not speak the protocol of NATS",
                ),
                root => root,
            },
        }
    }
}

/// What the driver says where there is no greeting, or something else in its place.
const NO_GREETING: &str = "expected INFO, got";
const NOTHING: &str = "expected INFO, got nothing";

/// Whether the driver cannot read what the server sent. Its text would repeat that.
fn is_malformed(error: &ConnectError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::InvalidInput)
}

/// A user's token and key, as a credentials file has them.
struct Credentials {
    jwt: String,
    key: KeyPair,
}

impl Credentials {
    fn read(path: &Path) -> Result<Self, ClientError> {
        let file = read_file("creds", path, "NATS credentials")?;
        // The parser's own text may repeat the file's.
        str::from_utf8(&file).ok().and_then(Self::parse).ok_or_else(|| {
            ClientError::new("the file that `creds` names holds no NATS credentials")
                .with_help("set `creds` to the path of a NATS credentials file")
        })
    }

    /// Two blocks of one line each, between a line of dashes and another: the token comes first.
    /// <https://docs.nats.io/using-nats/developer/connecting/creds>
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let is_border = |line: &str| line.starts_with("---") && line.ends_with("---");
        let mut block = || {
            lines.by_ref().find(|line| is_border(line))?;
            let inside = lines.by_ref().find(|line| !line.is_empty())?;
            lines.by_ref().find(|line| !line.is_empty()).filter(|line| is_border(line))?;
            Some(inside)
        };
        let (jwt, seed) = (block()?, block()?);
        Some(Self { jwt: jwt.to_owned(), key: KeyPair::from_seed(seed).ok()? })
    }

    fn sign(self, nonce: &[u8]) -> Result<Auth, AuthError> {
        let mut auth = Auth::new();
        auth.signature = Some(self.key.sign(nonce).map_err(AuthError::new)?);
        auth.jwt = Some(self.jwt);
        Ok(auth)
    }
}

/// A file that is rotated is read again for each connection; one that is none fails at once.
fn with_credentials(path: &Path) -> Result<ConnectOptions, ClientError> {
    Credentials::read(path)?;
    let path = path.to_owned();
    Ok(ConnectOptions::with_auth_callback(move |nonce| {
        let read = Credentials::read(&path);
        async move { read.map_err(AuthError::new)?.sign(&nonce) }
    }))
}

/// Which server is next, and when: that with the fewest failed attempts since it was last there.
/// Without a lost connection the driver tries all of them, one after the other.
async fn next_attempt(servers: Vec<Server>, creds: Option<PathBuf>) -> Option<ReconnectToServer> {
    if !servers.iter().any(|server| server.did_connect) {
        return None;
    }
    let next = servers.into_iter().min_by_key(|server| server.failed_attempts)?;
    if next.last_error.as_deref().is_some_and(is_refusal) {
        let pause = REFUSED.after(next.failed_attempts);
        let (host, port) = (next.addr.host(), next.addr.port());
        tracing::warn!(host, port, ?pause, "NATS refuses the credentials, trying again");
        wait_for_credentials(pause, creds).await;
        return Some(ReconnectToServer { addr: next.addr, delay: Some(Duration::ZERO) });
    }
    let delay = Some(pause(next.failed_attempts + 1));
    Some(ReconnectToServer { addr: next.addr, delay })
}

/// Begins as the driver's kinds of errors do.
fn is_refusal(error: &str) -> bool {
    [ConnectErrorKind::AuthorizationViolation, ConnectErrorKind::Authentication]
        .iter()
        .any(|kind| error.starts_with(&kind.to_string()))
}

/// Waits for so long, or until the file holds something else than it did.
async fn wait_for_credentials(pause: Duration, creds: Option<PathBuf>) {
    let read = || creds.as_deref().map(|path| file::read(path, file::LIMIT).ok());
    let (deadline, refused) = (Instant::now() + pause, read());
    while Instant::now() < deadline && (refused.is_none() || read() == refused) {
        sleep(LOOK.min(deadline.saturating_duration_since(Instant::now()))).await;
    }
}

/// The first attempt is made at once.
fn pause(attempts: usize) -> Duration {
    if attempts < 2 { Duration::ZERO } else { AWAY.after(attempts - 1) }
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
            .with_help(
                "it connects by itself as soon as a server lets it in; the log tells of refusals",
            )
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
                    RequestErrorKind::TimedOut => {
                        Err(ClientError::no_answer(client.timeout().unwrap_or(CONNECT_TIMEOUT)))
                    }
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
            ("nats://h?tls_first=true", "the handle has `tls_first` but no TLS to use it in"),
            ("nats://h?ping_interval=0s", "the parameter `ping_interval` has a bad value"),
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

    /// Without a byte of what it says.
    #[tokio::test]
    async fn a_server_that_speaks_something_else() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        for greeting in ["SSH-2.0-OpenSSH_9.2\r\n", "INFO {\"max_payload\":0.5}\r\n", "PING\r\n"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let _ = stream.write_all(greeting.as_bytes()).await;
                    tokio::spawn(async move { stream.read(&mut [0; 100]).await });
                }
            });
            let nats = parse(&format!("nats://localhost:{port}")).unwrap();
            let error = nats.connect().await.unwrap_err();
            assert_eq!(error.to_string(), "the server does not speak the protocol of NATS");
            assert_eq!(error.kind(), FailureKind::Protocol);
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
        assert_eq!([pause(0), pause(1)], [Duration::ZERO; 2]);
        let longest = [10, 20, 40, 80, 160, 320, 500, 500].map(Duration::from_millis);
        for (attempts, longest) in (2..).zip(longest) {
            let pause = pause(attempts);
            assert!(longest / 2 <= pause && pause <= longest, "{attempts}: {pause:?}");
        }
    }

    /// As the tools of NATS write it, with what people add.
    #[test]
    fn the_blocks_of_a_credentials_file() {
        let key = KeyPair::new_user();
        let seed = key.seed().unwrap();
        let file = format!(
            "-----BEGIN NATS USER JWT-----\r\neyJ0.eyJq.c2ln\r\n------END NATS USER JWT------\r\n\n\
             ************************* IMPORTANT *************************\n\
             NKEYs are sensitive and should be treated as secrets.\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n"
        );
        let read = Credentials::parse(&file).unwrap();
        assert_eq!(read.jwt, "eyJ0.eyJq.c2ln");
        assert_eq!(read.key.public_key(), key.public_key());
        let without_a_key = file.split_once("*****").unwrap().0;
        for none in ["", "---", without_a_key, &file.replace(&seed, "SUAIO3"), &seed] {
            assert!(Credentials::parse(none).is_none(), "{none}");
        }
    }

    #[tokio::test]
    async fn which_server_is_next() {
        let server = |host: &str, failed_attempts, did_connect, last_error: &str| Server {
            addr: format!("nats://{host}").parse().unwrap(),
            failed_attempts,
            did_connect,
            is_discovered: false,
            last_error: (!last_error.is_empty()).then(|| last_error.to_owned()),
        };
        let next = async |servers| {
            let next = next_attempt(servers, None).await;
            next.map(|next| (next.addr.host().to_owned(), next.delay.unwrap()))
        };
        tokio::time::pause();
        let start = Instant::now();
        // Connecting for the first time goes through all of them.
        assert_eq!(next(vec![server("a", 0, false, ""), server("b", 0, false, "")]).await, None);
        let away = vec![server("a", 2, true, "IO error: no"), server("b", 1, false, "timed out")];
        let (host, pause) = next(away).await.unwrap();
        assert_eq!(host, "b");
        assert!((5..=10).contains(&pause.as_millis()), "{pause:?}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        let violation = "authorization violation: nats: authorization violation";
        let refuses = vec![server("a", 3, true, violation), server("b", 9, true, "")];
        assert_eq!(next(refuses).await, Some(("a".to_owned(), Duration::ZERO)));
        assert!((2..=4).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
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
