//! Redis and Valkey, through the connection manager of `redis`, which connects anew by itself.
//!
//! <!-- grammar -->
//! - schemes: `redis` (port 6379), `rediss` (TLS, port 6379), `valkey` (port 6379), `valkeys`
//!   (TLS, port 6379), `redis+unix` (a socket), `unix` (a socket), `valkey+unix` (a socket),
//!   `redis+socket` (a socket)
//! - host: One server; none for a socket.
//! - port
//! - user name: A user of the server's access list.
//! - password: Of that user, or of a server that knows no users. Also `AUTH`, `AUTH_TOKEN`,
//!   `HOST_PASSWORD`.
//! - path: The number of the database: behind the host, or a parameter. Also `DB`, `DB_INDEX`,
//!   `DB_NUMBER`.
//! - `protocol`: The protocol. Either `resp2` or `resp3`. By default `resp2`.
//! - `client_name`: What the server's `CLIENT LIST` calls this client, as its `lib-name`: the
//!   driver sets that anew with each connection.
//! - `role`: What the server has to be: `primary`, one that takes writes, or `any`. Either
//!   `primary` or `any`. By default `any`.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `timeout`: For the answer to one command. By default `30s`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! A password for another machine takes TLS or `tls=none`. Certificates are always verified. One
//! that `openssl req -x509` makes by default is that of a CA, and rustls takes none of those for a
//! server, also where `tls_ca` names it: the failure says how to make one that it takes.
//!
//! Connecting proves that the server is there and takes the login, by one connection and no round
//! trip more than the driver needs. What a user may do, and whether the server has loaded its data,
//! is for a ping to say.
//!
//! # Failover
//!
//! The manager looks at no answer but the errors of its connection, so by itself it stays on a
//! primary that became a replica, where each write fails with `READONLY`. Where the name in the
//! handle leads to the primary, as those of managed services do, write `role=primary`: connecting
//! and each ping then ask for the role, and so does the client once a second. It leaves a replica
//! and looks the name up anew. That costs two commands a second; the client holds its connection
//! until it is [closed](crate::Connect::close), not until its last clone is dropped. Servers before
//! version 6.2 let a user ask who may run `ROLE`.
//!
//! # Time
//!
//! A blocking command such as `BLPOP` needs a `timeout` longer than it blocks. `connect_timeout`
//! holds for each attempt, and on Linux for a machine that is gone to be noticed; elsewhere the
//! system's keepalive notices that after some minutes. Until then each command ends after
//! `timeout`.
//!
//! When the server goes away, commands fail at once, and each makes the manager try to connect
//! again: the first after the server's return may still be told of the last failure. Without
//! `role=primary` there is nothing to close: the connection ends when the last clone of the client
//! is dropped.
//!
//! `redis` makes its TLS configuration from rustls's provider for the process. Where the app has
//! not chosen one when the first `rediss` handle connects, aws-lc-rs is installed.
//!
//! Cluster mode, Sentinel and client certificates are not supported. Redis with TLS [asks for
//! one](https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/) unless
//! its `tls-auth-clients` says `no` or `optional`: the failure then says so.
//!
//! # A hostile server
//!
//! `redis` 1.8.1 buffers as much as the server says that a text has, and reads a number without an
//! end anew from its start with each packet. A server that means harm can make it ask for more
//! memory than there is, keep a thread busy after `connect_timeout`, and hold a socket after the
//! client. No issue of its tracker is known to be about it.
//!
//! # Providers
//!
//! | provider | handle |
//! |---|---|
//! | [Amazon ElastiCache](https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html), one node or cluster mode off | `rediss://user:password@master.name.euw1.cache.amazonaws.com`; without encryption in transit there is no password: `redis://host` |
//! | [Upstash](https://upstash.com/docs/redis/howto/connectclient) | `rediss://default:password@name.upstash.io:6379` |
//! | [Redis Cloud](https://redis.io/docs/latest/operate/rc/security/database-security/tls-ssl/) | `rediss://default:password@host:12345?tls_ca=redis_ca.pem`; without TLS `redis://...?tls=none` |
//! | [Heroku Key-Value Store](https://devcenter.heroku.com/articles/connecting-heroku-redis) | `REDIS_URL` is a `rediss` handle of a server whose certificate is self-signed: it is refused unless `tls_ca` names a file with the CA certificate behind it |

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::auth::{BasicAuth, StreamingCredentialsProvider};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind, TlsCertificates,
};

use super::ending::within;
use super::one_sided_tls::{self, explained, refused_behind_handshake, tls_only};
use crate::adapter::CONNECT_TIMEOUT;
use crate::adapter::tls::install_provider;
use crate::adapter::tls_client::client_config;
use crate::error::{CLIENT_CERTIFICATE, ClientError, FailureKind, HandleError, Message, NO_TLS};
use crate::handle::{Handle, Host};
use crate::secret::Secret;
use crate::{Adapter, Connect, Tls, Word};

const KEEPALIVE: Duration = Duration::from_mins(1);
/// What the driver calls itself.
const LIB_NAME: &str = "redis-rs";
/// Heroku's Redis is no add-on of it: its certificate is self-signed.
const LOCAL: crate::Server = crate::Server::new("redis://:{password}@127.0.0.1:{port}")
    .image("docker.io/library/redis:8", 6379)
    .environment(&[("REDISCLI_AUTH", "{password}")])
    .command(&["redis-server", "--requirepass", "{password}", "--appendonly", "yes"])
    .health("redis-cli ping | grep -q PONG")
    .volume("/data")
    .score(
        "redis",
        &[("host", "HOST"), ("port", "PORT"), ("username", "USER"), ("password", "PASSWORD")],
    );

/// A Redis or Valkey server. Its client is [`redis::aio::ConnectionManager`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, Redis};
///
/// #[derive(BackingServices)]
/// struct Services {
///     sessions: Redis,
/// }
///
/// let environment = Environment::from_pairs([("SESSIONS_URL", "redis://:secret@localhost/2")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.sessions), "Redis(redis://localhost:6379/2)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "Redis",
    schemes(
        "redis",
        "rediss" = tls,
        "valkey",
        "valkeys" = tls,
        "redis+unix" = socket,
        "unix" = socket,
        "valkey+unix" = socket,
        "redis+socket" = socket,
    ),
    port = 6379,
    tls_ports(6380),
    example = "rediss://user:password@redis.example.com:6379/0",
    bindings("redis", "valkey"),
    unencrypted = "refused",
    server = LOCAL,
    check,
    debug
)]
pub struct Redis {
    #[handle]
    handle: Handle,
    /// One server; none for a socket.
    #[handle(host)]
    host: Option<Host>,
    /// A user of the server's access list.
    #[handle(username)]
    username: Option<String>,
    /// Of that user, or of a server that knows no users.
    #[handle(password, names("AUTH", "AUTH_TOKEN", "HOST_PASSWORD"))]
    password: Option<Secret>,
    /// The number of the database: behind the host, or a parameter.
    #[handle(name, names("DB", "DB_INDEX", "DB_NUMBER"), only, in_query)]
    database: Option<u32>,
    /// The protocol.
    #[handle(param = "protocol", default = "resp2", tuning)]
    protocol: Protocol,
    /// What the server's `CLIENT LIST` calls this client, as its `lib-name`: the driver sets that
    /// anew with each connection.
    #[handle(param = "client_name", tuning)]
    client_name: Option<String>,
    /// What the server has to be: `primary`, one that takes writes, or `any`.
    #[handle(param = "role", default = "any")]
    role: Role,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// For the answer to one command.
    #[handle(param = "timeout", default = "30s", max = "24h", tuning)]
    timeout: Duration,
    #[handle(flatten)]
    tls: Tls,
}

#[derive(Word, Clone, Copy)]
enum Protocol {
    #[word("resp2", "2")]
    Resp2,
    #[word("resp3", "3")]
    Resp3,
}

#[derive(Word, Clone, Copy, PartialEq)]
enum Role {
    #[word("primary", "master")]
    Primary,
    Any,
}

impl Redis {
    fn check(&self) -> Result<(), HandleError> {
        if self.username.is_some() && self.password.is_none() {
            return Err(HandleError::new("the handle has a user name and no password")
                .with_help("write `redis://user:password@host`, or `redis://:password@host`"));
        }
        Ok(())
    }
}

impl Connect for Redis {
    type Client = ConnectionManager;
    /// The server has taken the login, or answered a `PING` where there is none.
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<ConnectionManager, ClientError> {
        let connected = explained(self.manager(), self.one_sided_tls()).await;
        connected.map_err(|error| {
            // As it is installed, Redis does, and the handle cannot name one.
            if error.cause().as_str().starts_with(CLIENT_CERTIFICATE) {
                error.with_help("set `tls-auth-clients` of the server to `optional` or `no`")
            } else {
                error
            }
        })
    }

    async fn ping(client: &ConnectionManager) -> Result<(), ClientError> {
        let mut client = client.clone();
        if !primary::is_wanted(&client) {
            return within(CONNECT_TIMEOUT, answer(&mut client, &redis::cmd("PING"))).await;
        }
        within(CONNECT_TIMEOUT, async {
            if !primary::is_there(&mut client).await? {
                primary::leave(&mut client).await;
            }
            primary::check(&mut client).await
        })
        .await
    }

    async fn version(client: &ConnectionManager) -> Option<String> {
        let mut client = client.clone();
        let told: String = answer(&mut client, redis::cmd("INFO").arg("server")).await.ok()?;
        // Valkey tells the version of Redis that it stands in for as well.
        let of = |key: &str| {
            told.lines().find_map(|line| line.strip_prefix(key)).map(|it| it.trim().to_owned())
        };
        of("valkey_version:").or_else(|| of("redis_version:"))
    }

    async fn close(client: ConnectionManager) {
        if primary::is_wanted(&client) {
            primary::end(client).await;
        }
    }
}

impl Redis {
    async fn manager(&self) -> Result<ConnectionManager, ClientError> {
        let limit = self.connect_timeout();
        let mut config = ConnectionManagerConfig::new()
            // One attempt: those of a start are the caller's, those of an outage the next
            // command's.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(self.timeout));
        if let (Some(user), Some(password)) = (&self.username, &self.password) {
            config = config.set_credentials_provider(AclUser {
                name: user.clone(),
                password: password.clone(),
            });
        }
        let manager = ConnectionManager::new_with_config(self.client()?, config).await;
        let mut manager = manager.map_err(|error| {
            if error.is_timeout() { ClientError::no_answer(limit) } else { cause(&error) }
        })?;
        if self.role == Role::Primary {
            primary::check(&mut manager).await?;
            tokio::spawn(primary::watch(manager.clone()));
        } else if !self.proves_itself() {
            let () = answer(&mut manager, &redis::cmd("PING")).await?;
        }
        Ok(manager)
    }

    /// Whether the driver waits for the answer to a command that the server does not give to
    /// everybody. Of those that name the library it ignores the answers.
    fn proves_itself(&self) -> bool {
        self.password.is_some()
            || self.database.is_some_and(|database| database != 0)
            || matches!(self.protocol, Protocol::Resp3)
    }

    async fn one_sided_tls(&self) -> Option<ClientError> {
        let host = self.host.as_ref()?;
        if !self.tls.is_on() {
            return tls_only(host, "write `rediss://`, or add `tls=required`").await;
        }
        // A server without TLS waits for the end of the first line.
        let answer = one_sided_tls::answer(host, b"PING\r\n").await;
        if matches!(answer, Ok([b'+' | b'-', _])) {
            let help = "name the port where it does, or write `redis://` with `tls=none`";
            return Some(ClientError::of(FailureKind::Tls, NO_TLS).with_help(help));
        }
        refused_behind_handshake(host, client_config(&self.tls).ok()?).await
    }
}

impl Redis {
    fn client(&self) -> Result<Client, ClientError> {
        let address = match &self.host {
            None => ConnectionAddr::Unix(self.handle.path_decoded().into()),
            Some(host) => {
                let (host, port) = (host.name().to_owned(), host.port().unwrap_or_default());
                if self.tls.is_on() {
                    ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
                } else {
                    ConnectionAddr::Tcp(host, port)
                }
            }
        };
        let mut settings = RedisConnectionInfo::default()
            .set_db(self.database.unwrap_or(0).into())
            .set_protocol(match self.protocol {
                Protocol::Resp3 => ProtocolVersion::RESP3,
                Protocol::Resp2 => ProtocolVersion::RESP2,
            });
        let name = self.client_name.as_deref();
        if self.role == Role::Primary {
            settings = settings.set_lib_name(name.unwrap_or(LIB_NAME), primary::LIB_VER);
        } else if let Some(name) = name {
            settings = settings.set_lib_name(name, env!("CARGO_PKG_VERSION"));
        } else if !self.proves_itself() {
            // The driver would wait for the answers, and then ignore them.
            settings = settings.set_skip_set_lib_name();
        }
        // A password alone is that of a server that may know no users. The manager shows a user's
        // name in its `Debug`, so one comes by way of `AclUser`.
        if let (None, Some(password)) = (&self.username, &self.password) {
            settings = settings.set_password(password.expose());
        }
        let info = address.into_connection_info().map_err(|error| cause(&error))?;
        let info = info.set_redis_settings(settings).set_tcp_settings(self.tcp_settings());
        install_provider();
        let client = match self.tls.ca_certificates()? {
            root_cert @ Some(_) => {
                Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
            }
            None => Client::open(info),
        };
        client.map_err(|error| cause(&error))
    }

    /// The manager keeps a connection whose commands time out, so the system has to notice that the
    /// other machine is gone.
    fn tcp_settings(&self) -> TcpSettings {
        let settings = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
        #[cfg(target_os = "linux")]
        let settings = settings.set_user_timeout(self.connect_timeout());
        settings
    }
}

/// The answer to a command that changes nothing.
async fn answer<T: FromRedisValue>(
    client: &mut ConnectionManager,
    command: &Cmd,
) -> Result<T, ClientError> {
    match command.query_async(client).await {
        // What became of an earlier connection; the manager has begun to make a new one.
        Err(error) if error.is_io_error() && !error.is_timeout() => {
            command.query_async(client).await
        }
        answer => answer,
    }
    .map_err(|error| cause(&error))
}

/// What `role=primary` asks for. The manager looks at no answer but the errors of its connection,
/// so a replica that it was left on, or led to, is found by asking: by each ping, and by a task for
/// as long as the client is open.
mod primary {
    use std::collections::HashMap;

    use redis::aio::ConnectionManager;
    use redis::{FromRedisValue as _, Value};
    use tokio::time::{sleep, timeout};

    use super::{ClientError, Duration, FailureKind, answer};

    /// How often the task asks.
    const INTERVAL: Duration = Duration::from_secs(1);
    /// What a client calls itself to the server, of which the driver shows what it is set to: by
    /// that a ping knows what the handle asked for.
    pub(super) const LIB_VER: &str = concat!(env!("CARGO_PKG_VERSION"), "+primary");
    /// The name of a connection whose client was closed, kept by the server.
    const CLOSED: &str = "backing-services:closed";

    pub(super) fn is_wanted(client: &ConnectionManager) -> bool {
        format!("{client:?}").contains(&format!("lib_ver: Some({LIB_VER:?})"))
    }

    /// Whether the server takes writes.
    pub(super) async fn is_there(client: &mut ConnectionManager) -> Result<bool, ClientError> {
        Ok(role(client).await? == "master")
    }

    pub(super) async fn check(client: &mut ConnectionManager) -> Result<(), ClientError> {
        if is_there(client).await? {
            return Ok(());
        }
        Err(ClientError::transient("the server is a replica, and the handle asks for the primary")
            .with_kind(FailureKind::NotAllowed)
            .with_help("name the host that leads to the primary, or leave `role=primary` out"))
    }

    /// `HELLO` is what every user may ask; servers before version 6.2 know `ROLE` alone.
    async fn role(client: &mut ConnectionManager) -> Result<String, ClientError> {
        let hello = answer::<HashMap<String, Value>>(client, &redis::cmd("HELLO")).await;
        if let Ok(mut hello) = hello
            && let Some(role) = hello.remove("role")
            && let Ok(role) = String::from_redis_value(role)
        {
            return Ok(role);
        }
        let role: Vec<Value> = answer(client, &redis::cmd("ROLE")).await?;
        let role = role.into_iter().next().and_then(|role| String::from_redis_value(role).ok());
        role.ok_or_else(|| {
            ClientError::of(FailureKind::Protocol, "the server does not tell its role")
                .with_help("leave `role=primary` out")
        })
    }

    /// Has the server end the connection, and the manager make a new one: to wherever the name
    /// leads now.
    pub(super) async fn leave(client: &mut ConnectionManager) {
        let _ = redis::cmd("QUIT").query_async::<()>(client).await;
        // The manager notices when it is used.
        let _ = redis::cmd("PING").query_async::<()>(client).await;
    }

    /// Leaves a server that became a replica, until the client is closed.
    pub(super) async fn watch(mut client: ConnectionManager) {
        loop {
            sleep(INTERVAL).await;
            let mut name = redis::cmd("CLIENT");
            let name = name.arg("GETNAME").query_async::<Option<String>>(&mut client).await;
            if matches!(name, Ok(Some(name)) if name == CLOSED) {
                return;
            }
            // Of a server that is away the manager knows itself.
            if matches!(is_there(&mut client).await, Ok(false)) {
                tracing::warn!("Redis became a replica, connecting anew");
                leave(&mut client).await;
            }
        }
    }

    /// Ends the task, which holds the client.
    pub(super) async fn end(mut client: ConnectionManager) {
        let mut name = redis::cmd("CLIENT");
        let named = name.arg("SETNAME").arg(CLOSED).query_async::<()>(&mut client);
        let _ = timeout(INTERVAL, named).await;
    }
}

/// <https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors>
pub(crate) fn cause(error: &RedisError) -> ClientError {
    let detail = error.detail().unwrap_or_default();
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS")) => ClientError::of(
            FailureKind::Authentication,
            "authentication failed: the user name or the password is wrong",
        ),
        (_, Some("NOAUTH")) => ClientError::of(
            FailureKind::Authentication,
            "authentication failed: the server asks for a password",
        )
        .with_help("write `redis://:password@host`, or `redis://user:password@host`"),
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => ClientError::of(
            FailureKind::NotAllowed,
            "access denied: the user may not run this command (NOPERM)",
        ),
        (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => {
            ClientError::transient("the server is loading its data")
        }
        (ErrorKind::Server(ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown), _) => {
            ClientError::transient(Message::from("the server is not ready: ").said(detail))
        }
        (ErrorKind::RESP3NotSupported, _) => {
            ClientError::of(FailureKind::Protocol, "the server does not speak RESP3")
                .with_help("write `protocol=resp2`")
        }
        (ErrorKind::Server(_), _) if detail.starts_with("max number of clients") => {
            ClientError::transient("the server has too many connections")
        }
        (ErrorKind::Server(_), _) if detail.starts_with("Redis is loading") => {
            ClientError::transient("the server is loading its data")
        }
        (ErrorKind::Server(_), _) if detail.starts_with("DB index is out of range") => {
            ClientError::of(FailureKind::NotFound, "there is no such database")
                .with_help("mend the handle's path")
        }
        (ErrorKind::Server(_), _) if detail.starts_with("Authentication required") => {
            ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the server asks for a password",
            )
            .with_help("write `redis://:password@host`, or `redis://user:password@host`")
        }
        (ErrorKind::Parse, _) => ClientError::of(
            FailureKind::Protocol,
            "the server does not speak the protocol of Redis",
        ),
        (ErrorKind::Io, _) => match error.source() {
            // Its `source` is the `Arc` around the cause, and would skip that.
            Some(source) => match source.downcast_ref::<Arc<dyn StdError + Send + Sync>>() {
                Some(cause) => ClientError::root_cause(&**cause),
                None => ClientError::root_cause(source),
            },
            None => ClientError::transient("the connection ended before the server answered")
                .with_kind(FailureKind::Protocol),
        },
        _ => ClientError::root_cause(error),
    }
}

/// A user and the password, which the driver asks for at each connection and does not keep.
struct AclUser {
    name: String,
    password: Secret,
}

impl StreamingCredentialsProvider for AclUser {
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = RedisResult<BasicAuth>> + Send + 'static>> {
        let auth = BasicAuth::new(self.name.clone(), self.password.expose().to_owned());
        Box::pin(Once { auth: Some(auth), task: tokio::task::try_id() })
    }
}

/// Credentials that never change: the stream does not end, because the driver would warn of that.
/// The driver takes them from one stream as it connects, and from another in a task of its own,
/// where it would log in a second time.
struct Once {
    auth: Option<BasicAuth>,
    /// Where the driver asked for the stream, which is where it connects.
    task: Option<tokio::task::Id>,
}

impl Stream for Once {
    type Item = RedisResult<BasicAuth>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.auth.take() {
            Some(auth) if tokio::task::try_id() == self.task => Poll::Ready(Some(Ok(auth))),
            _ => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Redis, HandleError> {
        Redis::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn places() {
        for (text, shown) in [
            ("redis://localhost", "Redis(redis://localhost:6379)"),
            ("valkeys://u:p@cache.example/15", "Redis(valkeys://cache.example:6379/15)"),
            ("rediss://:p@[2001:db8::1]:6380/", "Redis(rediss://[2001:db8::1]:6380)"),
            ("redis://u:p@cache.example?tls=none", "Redis(redis://cache.example:6379)"),
            ("redis+unix:///run/redis.sock?db=3", "Redis(redis+unix:socket/3)"),
            ("redis+unix://u:p@/run/my%20redis.sock", "Redis(redis+unix:socket)"),
        ] {
            let redis = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(format!("{redis:?}"), shown, "{text}");
        }
    }

    /// Without a byte of what it says, and without a word of the driver's.
    #[tokio::test]
    async fn a_server_that_speaks_something_else() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
                tokio::spawn(async move { stream.read(&mut [0; 100]).await });
            }
        });
        for rest in ["", "?protocol=resp3", "/1"] {
            let redis = parse(&format!("redis://localhost:{port}{rest}")).unwrap();
            let error = redis.connect().await.err().unwrap();
            assert_eq!(error.to_string(), "the server does not speak the protocol of Redis");
            assert_eq!(error.kind(), FailureKind::Protocol);
        }
    }

    /// By what the driver shows of a client.
    #[tokio::test]
    async fn a_ping_knows_what_the_handle_asked_for() {
        for (query, wanted) in [
            ("role=primary", true),
            ("role=master&client_name=shop", true),
            ("role=any", false),
            ("client_name=shop", false),
            ("client_name=lib_ver:%20Some(%220.1.0%2Bprimary%22)", false),
            ("", false),
        ] {
            let redis = parse(&format!("redis://:p@localhost?{query}")).unwrap();
            let client = redis.client().unwrap();
            let config = ConnectionManagerConfig::new();
            let manager = ConnectionManager::new_lazy_with_config(client, config).unwrap();
            assert_eq!(primary::is_wanted(&manager), wanted, "{query}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("redis:///0", "the handle has no host"),
            ("redis://a,b", "the handle names several hosts"),
            ("redis://%2frun%2fredis.sock", "the host is a path"),
            ("redis://user@localhost", "the handle has a user name and no password"),
            ("redis://localhost/sessions", "the path is not a whole number from 0 to 4294967295"),
            ("redis://localhost/-1", "the path is not a whole number from 0 to 4294967295"),
            ("redis://localhost/0/1", "the path has more than one segment"),
            (
                "redis://localhost/2?db=1",
                "the parameter `database` contradicts the path of the handle",
            ),
            ("redis://localhost?role=replica", "the parameter `role` has a bad value"),
            (
                "redis://localhost?connect_timeout=1000000h",
                "the parameter `connect_timeout` has a bad value",
            ),
            ("redis://localhost?tls=maybe", "the parameter `tls` has a bad value"),
            ("redis://localhost?protocol=resp4", "the parameter `protocol` has a bad value"),
            ("rediss://cache.example?tls=none", "the scheme says TLS, and `tls` says none"),
            ("redis://localhost?tls_ca=ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
            ("redis+unix://localhost/run/redis.sock", "the handle names no socket"),
            ("redis+unix:///", "the handle names no socket"),
            ("memcached://localhost", "the scheme `memcached` is not one of Redis"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("redis://:p@cache.example").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
        assert!(parse("redis://cache.example").is_ok());
    }
}
