//! MySQL and MariaDB, through a pool of `sqlx`.
//!
//! <!-- grammar -->
//! - schemes: `mysql` (port 3306), `mariadb` (port 3306), `mysql2` (port 3306)
//! - host: One server; none beside a `socket`.
//! - port
//! - user name: A user of the server; without one `root`.
//! - password: The user's password.
//! - path: The database; without one none is selected. Also `schema`.
//! - `ssl-mode`: Whether TLS is used, and what of the server's certificate is verified; see
//!   below. Either `disabled`, `preferred`, `required`, `verify_ca` or `verify_identity`. Also
//!   `ssl`, `tls`, `use_ssl`, `ssl_accept`.
//! - `ssl-ca`: A file of PEM certificates: CA certificates to trust beside the public ones. Also
//!   `tls_ca`, `ca`, `ca_cert`, `ssl_ca_path`, `ssl_ca_file`, `ssl_root_cert`, `attr_ssl_ca`.
//! - `ssl-cert`: A file with the client's own PEM certificate. Also `client_cert`,
//!   `ssl_cert_path`.
//! - `ssl-key`: A file with the PEM key of that certificate. Also `client_key`, `ssl_key_path`.
//! - `socket`: The path of the server's Unix socket, instead of a host. Also `unix_socket`.
//! - `charset`: The character set of the connection; without one `utf8mb4`, or that of the
//!   `collation`. Also `character_encoding`.
//! - `collation`: The collation of the connection; without one the server's for the character
//!   set.
//! - `timezone`: The time zone of the session: an offset such as `+02:00`, or a name that the
//!   server knows. Also `server_timezone`.
//! - `role`: What kind of server is wanted; see below. Either `any`, `primary` or `replica`. By
//!   default `any`. Also `target_server_type`.
//! - `reconnect`: Means nothing: the pool connects anew in any case. Also `auto_reconnect`.
//! - `server_version`: Means nothing: Doctrine is told the version so, and Symfony writes it into
//!   every handle.
//! - `connect_timeout`: For connecting, and for waiting for a free connection. By default `10s`.
//! - `max_connections`: The most connections that the pool opens. By default `10`. Also
//!   `pool_size`, `pool_max_size`, `max_pool_size`, `connection_limit`.
//! - `min_connections`: How many connections the pool keeps open when nobody uses them. By
//!   default `0`. Also `pool_min_size`, `min_pool_size`.
//! - `idle_timeout`: An idle connection is closed after this. By default `10m`.
//! - `max_lifetime`: Any connection is closed after this. By default `30m`.
//! <!-- end -->
//!
//! Without `ssl-mode` it is `verify_identity` if there is an `ssl-ca`, else `required` if a
//! password would travel to another machine, else `preferred` (TLS if the server has it).
//! `required` encrypts but takes any certificate, as in MySQL itself. An explicit `preferred` means
//! `required` too for a password to another machine, because a server without TLS would be sent it
//! unencrypted; `ssl-mode=disabled` says that this is meant. A certificate of `ssl-ca` is trusted
//! beside the public CA certificates.
//!
//! Other drivers' words are read as what they mean: `useSSL=true`, `sslaccept=strict`,
//! `ssl={"rejectUnauthorized":true}`, `serverTimezone=UTC`. `sqlx` reads a `TIMESTAMP` as UTC, so a
//! `timezone` other than UTC shifts what it reads into types with a zone.
//!
//! A session keeps the server's own `sql_mode`: what `sqlx` would add to it, Vitess (`PlanetScale`)
//! refuses. So `||` means what it means to the server, OR by default; `CONCAT` joins texts.
//!
//! # Failover
//!
//! Where one name leads to whichever server is the primary, an app that connects too early lands on
//! a replica, or stays on a primary that has become one: every write fails there, and would for as
//! long as its connections live. With `role=primary` each connection is asked for `read_only` (and
//! `innodb_read_only`, by which a replica of Aurora is known), as it is opened and as it comes back
//! to the pool, and closed if its server is of another kind; the next one looks the name up anew. A
//! ping fails as long as no primary is found. It costs a round trip for each connection that is
//! opened.
//!
//! # A silent network
//!
//! When a server or the network falls silent without closing a connection, `sqlx` 0.9.0 waits for
//! ever: it sets no keepalive and has no timeout for a query. What the pool itself does is bounded:
//! waiting for a connection by `connect_timeout`, and asking one whether it still answers, before
//! it is handed out and as it comes back, by a quarter of that; one that does not is replaced.
//! Over TLS one that reaches its `idle_timeout` or `max_lifetime` meanwhile is waited for until the
//! system gives it up, after some minutes, and counts as one in use. The answer to a query is the app's to bound:
//!
//! ```no_run
//! # use backing_services::drivers::sqlx::MySqlPool;
//! # async fn pay(db: MySqlPool) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tokio::time::timeout;
//!
//! let pay = sqlx::query("UPDATE orders SET is_paid = 1 WHERE number = ?").bind(7);
//! timeout(Duration::from_secs(30), pay.execute(&db)).await??;
//! # Ok(())
//! # }
//! ```
//!
//! # A hostile server
//!
//! `sqlx` 0.9.0 believes the lengths that a server sends, and reads on as long as there is more
//! without yielding to the runtime. A server that means harm can make it panic, ask for more memory
//! than there is, or keep a current-thread runtime busy for ever, whatever `connect_timeout` says.
//!
//! # Providers
//!
//! - [Amazon RDS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html),
//!   with its [bundle](https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem) of CA
//!   certificates:
//!   `mysql://user:password@name.region.rds.amazonaws.com/database?ssl-mode=verify_identity&ssl-ca=global-bundle.pem`
//! - [Google Cloud SQL](https://cloud.google.com/sql/docs/mysql/connect-run), over the socket of
//!   Cloud Run or of the proxy:
//!   `mysql://user:password@/database?socket=%2Fcloudsql%2Fproject%3Aregion%3Aname`
//! - [Azure
//!   Database](https://learn.microsoft.com/en-us/azure/mysql/flexible-server/concepts-root-certificate-rotation),
//!   whose CA certificates are public ones:
//!   `mysql://user:password@name.mysql.database.azure.com/database?ssl-mode=verify_identity`
//! - [PlanetScale](https://docs.planetscale.com/reference/secure-connections), likewise:
//!   `mysql://user:password@aws.connect.psdb.cloud/database?ssl-mode=verify_identity`
//! - [JawsDB](https://devcenter.heroku.com/articles/jawsdb) sets `JAWSDB_URL` (or
//!   `JAWSDB_MARIA_URL`), which is read as it is: `#[service(alias = "JAWSDB_URL")]`
//! - [ClearDB](https://w2.cleardb.net/developers/resources/connect-ruby/) sets
//!   `CLEARDB_DATABASE_URL`, which is read as it is: its `reconnect=true` is what the pool does
//!   anyway

use std::path::PathBuf;
use std::time::Duration;

use sqlx::MySqlPool;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlSslMode};

use super::handover::Protocol;
use super::pool::{self, Driver, Pool, Roles, Servers};
use crate::error::{FailureKind, Message, ours};
use crate::{
    Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Value, Word,
    read_certificates,
};

/// MariaDB, which the tests of this adapter run on. It speaks TLS with a certificate of its own, of
/// which nothing can be verified: on this machine it does without.
const LOCAL: crate::Server =
    crate::Server::new("mysql://app:{password}@127.0.0.1:{port}/app?ssl-mode=disabled")
        .image("docker.io/library/mariadb:11.8", 3306)
        .environment(&[
            ("MARIADB_DATABASE", "app"),
            ("MARIADB_USER", "app"),
            ("MARIADB_PASSWORD", "{password}"),
            ("MARIADB_RANDOM_ROOT_PASSWORD", "1"),
        ])
        .health("healthcheck.sh --connect --innodb_initialized")
        .volume("/var/lib/mysql")
        .addon("jawsdb")
        .score(
            "mysql",
            &[
                ("host", "HOST"),
                ("port", "PORT"),
                ("name", "NAME"),
                ("username", "USER"),
                ("password", "PASSWORD"),
            ],
        );

/// A MySQL or MariaDB database. Its client is [`sqlx::MySqlPool`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, MySql};
///
/// #[derive(BackingServices)]
/// struct Services {
///     db: MySql,
/// }
///
/// let environment = Environment::from_pairs([("DB_URL", "mysql://shop:secret@localhost/orders")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.db), "MySql(mysql://localhost:3306/orders)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "MySQL",
    schemes("mysql", "mariadb", "mysql2"),
    port = 3306,
    example = "mysql://user:password@localhost:3306/database",
    bindings("p.mysql", "p-mysql", "cleardb", "jawsdb"),
    others("ROOT_PASSWORD", "ROOT_PASSWD", "ROOT_USER", "ROOT_HOST"),
    server = LOCAL,
    check,
    debug
)]
pub struct MySql {
    #[handle]
    handle: Handle,
    /// One server; none beside a `socket`.
    #[handle(host)]
    host: Option<Host>,
    /// A user of the server; without one `root`.
    #[handle(username)]
    username: Option<String>,
    /// The user's password.
    #[handle(password)]
    password: Option<Secret>,
    /// The database; without one none is selected.
    #[handle(name, names("schema"))]
    database: Option<String>,
    /// Whether TLS is used, and what of the server's certificate is verified; see below.
    #[handle(
        param = "ssl-mode",
        names("ssl", "tls", "use_ssl", "ssl_accept"),
        tls("disabled", "required", "verify_identity")
    )]
    ssl_mode: Option<SslMode>,
    /// A file of PEM certificates: CA certificates to trust beside the public ones.
    #[handle(
        param = "ssl-ca",
        names(
            "tls_ca",
            "ca",
            "ca_cert",
            "ssl_ca_path",
            "ssl_ca_file",
            "ssl_root_cert",
            "attr_ssl_ca"
        ),
        ca
    )]
    ssl_ca: Option<PathBuf>,
    /// A file with the client's own PEM certificate.
    #[handle(param = "ssl-cert", names("client_cert", "ssl_cert_path"), tls_file)]
    ssl_cert: Option<PathBuf>,
    /// A file with the PEM key of that certificate.
    #[handle(param = "ssl-key", names("client_key", "ssl_key_path"), tls_file)]
    ssl_key: Option<PathBuf>,
    /// The path of the server's Unix socket, instead of a host.
    #[handle(param = "socket", names("unix_socket"))]
    socket: Option<PathBuf>,
    /// The character set of the connection; without one `utf8mb4`, or that of the `collation`.
    #[handle(param = "charset", names("character_encoding"), tuning)]
    charset: Option<Identifier>,
    /// The collation of the connection; without one the server's for the character set.
    #[handle(param = "collation", tuning)]
    collation: Option<Identifier>,
    /// The time zone of the session: an offset such as `+02:00`, or a name that the server knows.
    #[handle(param = "timezone", names("server_timezone", "time_zone"), tuning)]
    timezone: Option<TimeZone>,
    /// What kind of server is wanted; see below.
    #[handle(param = "role", names("target_server_type"), default = "any")]
    role: Role,
    /// Means nothing: the pool connects anew in any case.
    #[handle(param = "reconnect", names("auto_reconnect"), tuning)]
    #[expect(dead_code, reason = "handles of platforms have it")]
    reconnect: Option<bool>,
    /// Means nothing: Doctrine is told the version so, and Symfony writes it into every handle.
    #[handle(param = "server_version", tuning)]
    #[expect(dead_code, reason = "the server says it itself")]
    server_version: Option<String>,
    /// For connecting, and for waiting for a free connection.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    #[handle(flatten)]
    pool: Pool,
}

#[derive(Word, Clone, Copy, PartialEq, Eq, Debug)]
enum SslMode {
    #[word("disabled", "disable", "none", "false", "0", "no", "off")]
    Disabled,
    #[word("preferred", "prefer")]
    Preferred,
    #[word(
        "required",
        "require",
        "true",
        "1",
        "yes",
        "on",
        "accept_invalid_certs",
        "{\"rejectUnauthorized\":false}"
    )]
    Required,
    #[word("verify_ca")]
    VerifyCa,
    #[word("verify_identity", "verify_full", "strict", "{\"rejectUnauthorized\":true}")]
    VerifyIdentity,
}

#[derive(Word, Clone, Copy)]
enum Role {
    #[word("any")]
    Any,
    #[word("primary", "master", "read-write")]
    Primary,
    #[word("replica", "slave", "secondary", "read-only")]
    Replica,
}

/// A name that `sqlx` puts into a statement as it is.
#[derive(Clone)]
struct Identifier(String);

impl Value for Identifier {
    const KIND: Kind = Kind::Other("a name such as `utf8mb4` or `utf8mb4_unicode_ci`");

    fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (!text.is_empty() && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

/// Likewise.
#[derive(Clone)]
struct TimeZone(String);

impl Value for TimeZone {
    const KIND: Kind = Kind::Other("an offset such as `+02:00`, or a name such as `Europe/Vienna`");

    fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b':' | b'/' | b'_')
        };
        // A server knows names only if somebody has loaded them, the offset always.
        let is_utc = ["UTC", "GMT", "Z"].iter().any(|utc| text.eq_ignore_ascii_case(utc));
        let text = if is_utc { "+00:00" } else { text };
        (!text.is_empty() && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

impl MySql {
    fn check(&self) -> Result<(), HandleError> {
        match (&self.host, &self.socket) {
            (_, Some(_)) if !self.handle.is_loopback() => {
                return Err(HandleError::new(
                    "the handle has a `socket` and the host of another machine",
                )
                .with_help("leave the host out, or the `socket`"));
            }
            (None, None) => return Err(HandleError::new("the handle has no host")),
            (Some(host), _) if host.is_socket() => {
                return Err(HandleError::new("the host is a path")
                    .with_help("write the path of the socket as the parameter `socket`"));
            }
            _ => {}
        }
        let (cert, key) = (self.ssl_cert.is_some(), self.ssl_key.is_some());
        pool::check_pair([("ssl-cert", cert), ("ssl-key", key)])?;
        if self.mode() == SslMode::Disabled && (self.ssl_ca.is_some() || self.ssl_cert.is_some()) {
            return Err(pool::certificates_without_tls(
                "write `ssl-mode=verify_identity`, or leave the certificates out",
            ));
        }
        self.pool.check()
    }

    /// What the handle says, or what is safe where it leaves that open.
    fn mode(&self) -> SslMode {
        let exposed = self.password.is_some() && !self.handle.is_loopback();
        match self.ssl_mode {
            None if self.socket.is_some() => SslMode::Disabled,
            None if self.ssl_ca.is_some() => SslMode::VerifyIdentity,
            None | Some(SslMode::Preferred) if exposed => SslMode::Required,
            None => SslMode::Preferred,
            Some(mode) => mode,
        }
    }

    /// That of the collation's name where only this is said.
    fn charset(&self) -> Option<&str> {
        let of_collation =
            self.collation.as_ref().and_then(|Identifier(name)| name.split('_').next());
        self.charset.as_ref().map(|Identifier(name)| name.as_str()).or(of_collation)
    }

    /// The question that tells the kind of a server. Replicas of Aurora say it with
    /// `innodb_read_only`; from version 12 on MariaDB answers with words.
    fn roles(&self) -> Roles {
        match self.role {
            Role::Any => &[None],
            Role::Primary => &[Some(
                "SELECT 1 FROM DUAL WHERE @@global.read_only IN ('0', 'OFF') \
                 AND @@global.innodb_read_only = 0",
            )],
            Role::Replica => &[Some(
                "SELECT 1 FROM DUAL WHERE @@global.read_only NOT IN ('0', 'OFF') \
                 OR @@global.innodb_read_only = 1",
            )],
        }
    }

    fn options(&self) -> Result<MySqlConnectOptions, ClientError> {
        let mut options = MySqlConnectOptions::new().ssl_mode(match self.mode() {
            SslMode::Disabled => MySqlSslMode::Disabled,
            SslMode::Preferred => MySqlSslMode::Preferred,
            SslMode::Required => MySqlSslMode::Required,
            SslMode::VerifyCa => MySqlSslMode::VerifyCa,
            SslMode::VerifyIdentity => MySqlSslMode::VerifyIdentity,
        });
        if let (Some(host), None) = (&self.host, &self.socket) {
            options = options.host(host.name()).port(host.port().unwrap_or_default());
        }
        if let Some(user) = &self.username {
            options = options.username(user);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose());
        }
        if let Some(database) = &self.database {
            options = options.database(database);
        }
        if let Some(path) = &self.ssl_ca {
            options = options.ssl_ca_from_pem(read_certificates("ssl-ca", path)?);
        }
        if let (Some(cert), Some(key)) = (&self.ssl_cert, &self.ssl_key) {
            options = options.ssl_client_cert(cert).ssl_client_key(key);
        }
        if let Some(path) = &self.socket {
            options = options.socket(path);
        }
        if let Some(charset) = self.charset() {
            options = options.charset(charset);
        }
        if let Some(Identifier(collation)) = &self.collation {
            options = options.collation(collation);
        }
        if let Some(TimeZone(zone)) = &self.timezone {
            options = options.timezone(zone.clone());
        }
        // Vitess refuses the first. The second is the default of MySQL and of MariaDB.
        Ok(options.pipes_as_concat(false).no_engine_substitution(false))
    }
}

impl Connect for MySql {
    type Client = MySqlPool;

    const PROVEN: bool = true;

    async fn connect(&self) -> Result<MySqlPool, ClientError> {
        let limit = self.connect_timeout;
        let server = Servers::several([self.options()?.into()], self.roles(), limit);
        let connected = pool::connect::<Self>(self.pool.options(limit), server).await;
        // MariaDB answers a client without TLS as it answers a wrong password.
        connected.map_err(|error| match self.mode() {
            SslMode::Disabled if error.help().is_empty() => error
                .with_help("if the server takes only TLS connections, write `ssl-mode=required`"),
            _ => error,
        })
    }

    async fn ping(client: &MySqlPool) -> Result<(), ClientError> {
        pool::ping::<Self>(client, "SELECT 1").await
    }

    async fn version(client: &MySqlPool) -> Option<String> {
        sqlx::query_scalar("SELECT VERSION()").fetch_one(client).await.ok()
    }

    fn is_busy(client: &MySqlPool) -> bool {
        pool::is_full(client)
    }

    async fn close(client: MySqlPool) {
        pool::close(client).await;
    }
}

impl Driver for MySql {
    type Database = sqlx::MySql;

    fn server_error(error: &dyn DatabaseError) -> Option<ClientError> {
        error.try_downcast_ref().map(server_error)
    }

    fn protocol(_: &MySqlConnectOptions) -> Option<Protocol> {
        Some(Protocol::MySql)
    }

    fn fake(_: Protocol, port: u16) -> Result<MySqlConnectOptions, sqlx::Error> {
        Ok(MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(port)
            .ssl_mode(MySqlSslMode::Disabled)
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false))
    }
}

/// Numbers: <https://mariadb.com/kb/en/mariadb-error-codes/>. Those that deny access repeat the
/// user's name in their text, so it is replaced.
fn server_error(error: &MySqlDatabaseError) -> ClientError {
    let number = error.number();
    match number {
        1045 | 1698 => ClientError::of(
            FailureKind::Authentication,
            "access denied: the user name or the password is wrong",
        ),
        1044 => ClientError::of(
            FailureKind::NotAllowed,
            "access denied: the user may not use this database",
        ),
        1049 => ClientError::of(FailureKind::NotFound, "there is no such database")
            .with_help("create it, or mend the handle's path"),
        1040 | 1203 | 1226 => ClientError::transient("the server has too many connections"),
        1235 if error.message().contains("sql_mode") => ClientError::of(
            FailureKind::Protocol,
            "the server refuses the `sql_mode` that `sqlx`'s `Any` driver sets in each session",
        )
        .with_help("use a field of type `MySql`, which leaves it alone"),
        1053 | 1077 | 1079 => ClientError::transient("the server is shutting down"),
        1129 => ClientError::of(
            FailureKind::NotAllowed,
            "the server has blocked this host after many failed connections",
        )
        .with_help("run `FLUSH HOSTS` on the server"),
        1130 => ClientError::of(
            FailureKind::NotAllowed,
            "the server takes no connections from this host",
        ),
        3159 => ClientError::of(FailureKind::Tls, "the server takes only TLS connections")
            .with_help("write `ssl-mode=required`"),
        _ if error.code().is_some_and(|state| state.starts_with("28")) => ClientError::of(
            FailureKind::Authentication,
            ours!("access denied (MySQL error {number})"),
        ),
        _ => ClientError::new(
            Message::default().said(error.message()).then(format_args!(" (MySQL error {number})")),
        ),
    }
}

/// `Any` parses a URL: the `to_url_lossy` of `sqlx` does not encode.
#[cfg(feature = "sql")]
impl pool::AnyDriver for MySql {
    fn check_any(&self) -> Result<(), HandleError> {
        if self.host.as_ref().is_some_and(|host| host.name().contains(':')) {
            return Err(HandleError::new("sqlx's `Any` driver cannot connect to an IPv6 address")
                .with_help("write a host name, or use a field of type `MySql`"));
        }
        Ok(())
    }

    fn any(&self) -> Result<pool::AnyPool, ClientError> {
        if let Some(path) = &self.ssl_ca {
            read_certificates("ssl-ca", path)?;
        }
        let (pool, limit) = (self.pool.options(self.connect_timeout), self.connect_timeout);
        let server = pool::any_options(self.any_handle())?;
        Ok((pool, Servers::several([server.into()], self.roles(), limit)))
    }
}

#[cfg(feature = "sql")]
impl MySql {
    fn any_handle(&self) -> Result<Handle, HandleError> {
        let mode = match self.mode() {
            SslMode::Disabled => "disabled",
            SslMode::Preferred => "preferred",
            SslMode::Required => "required",
            SslMode::VerifyCa => "verify_ca",
            SslMode::VerifyIdentity => "verify_identity",
        };
        let mut url = Handle::builder("mysql");
        url = match &self.host {
            Some(host) => url.host(host.name()).port(host.port().unwrap_or_default()),
            None => url.host("localhost"),
        };
        url = url.param("ssl-mode", mode);
        if let Some(user) = &self.username {
            url = url.username(user);
        }
        if let Some(password) = &self.password {
            url = url.password(password.clone());
        }
        if let Some(database) = &self.database {
            url = url.name(database);
        }
        let files = [
            ("ssl-ca", &self.ssl_ca),
            ("ssl-cert", &self.ssl_cert),
            ("ssl-key", &self.ssl_key),
            ("socket", &self.socket),
        ];
        let files = files.iter().filter_map(|(name, path)| Some((*name, path.as_ref()?.to_str()?)));
        let texts = [
            ("charset", self.charset()),
            ("collation", self.collation.as_ref().map(|name| name.0.as_str())),
            ("timezone", self.timezone.as_ref().map(|zone| zone.0.as_str())),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
        files.chain(texts).fold(url, |url, (name, text)| url.param(name, text)).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MySql, HandleError> {
        MySql::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn ssl_mode_depends_on_who_could_listen() {
        let mode = |text: &str| parse(text).unwrap().mode();
        assert_eq!(mode("mysql://u:p@localhost/db"), SslMode::Preferred);
        assert_eq!(mode("mysql://u@db.example/db"), SslMode::Preferred);
        assert_eq!(mode("mysql://u:p@db.example/db"), SslMode::Required);
        assert_eq!(mode("mysql://u:p@db.example/db?ssl-mode=preferred"), SslMode::Required);
        assert_eq!(mode("mysql://u:p@localhost/db?ssl-mode=preferred"), SslMode::Preferred);
        assert_eq!(mode("mysql://u:p@db.example/db?ssl-ca=ca.pem"), SslMode::VerifyIdentity);
        assert_eq!(mode("mysql://u:p@db.example/db?ssl-mode=DISABLED"), SslMode::Disabled);
        assert_eq!(mode("mysql://u:p@db.example/db?tls=none"), SslMode::Disabled);
        assert_eq!(mode("mysql://u:p@/db?socket=/run/m.sock"), SslMode::Disabled);
    }

    #[test]
    fn what_platforms_write_reaches_the_driver() {
        use MySqlSslMode::{Required, VerifyIdentity};

        for (text, mode) in [
            (
                "mysql://doadmin:secret@db-1.b.db.ondigitalocean.com:25060/defaultdb?ssl-mode=REQUIRED",
                Required,
            ),
            ("mysql://shop:secret@aws.connect.psdb.cloud/shop?sslaccept=strict", VerifyIdentity),
            (
                "mysql://shop:secret@aws.connect.psdb.cloud/shop?ssl={\"rejectUnauthorized\":true}",
                VerifyIdentity,
            ),
            (
                "mysql://shop:secret@gateway01.eu.prod.aws.tidbcloud.com:4000/test?ssl-mode=VERIFY_IDENTITY",
                VerifyIdentity,
            ),
            ("mysql://root:secret@mysql.railway.internal:3306/railway", Required),
            ("mysql://u:p@h.example:3306/service_instance_db?reconnect=true", Required),
            ("mysql://u:p@h.example/app?useSSL=true&serverTimezone=UTC", Required),
        ] {
            let options = parse(text).unwrap().options().unwrap();
            assert_eq!(options.get_ssl_mode() as u8, mode as u8, "{text}");
        }
        // No getter shows the time zone.
        let zone = |text: &str| parse(text).unwrap().timezone.map(|TimeZone(zone)| zone);
        assert_eq!(zone("mysql://h/app?serverTimezone=UTC").as_deref(), Some("+00:00"));
        assert_eq!(zone("mysql://h/app?timezone=%2B02:00").as_deref(), Some("+02:00"));
        let options = parse("mysql://h/app?collation=utf8mb3_bin&connectionLimit=5").unwrap();
        assert_eq!(
            options.pool.options::<sqlx::MySql>(options.connect_timeout).get_max_connections(),
            5
        );
        let options = options.options().unwrap();
        assert_eq!(
            (options.get_charset(), options.get_collation()),
            ("utf8mb3", Some("utf8mb3_bin"))
        );
    }

    #[test]
    fn the_handles_of_providers_are_taken() {
        let docs = include_str!("mysql.rs").split("# Providers").nth(1).unwrap();
        let docs = docs.split("\nuse ").next().unwrap();
        let handles = docs.split('`').filter(|code| code.starts_with("mysql://"));
        assert_eq!(handles.clone().filter(|handle| parse(handle).is_ok()).count(), 4);
        assert_eq!(handles.count(), 4);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("mysql:///db", "the handle has no host"),
            ("mysql://a,b/db", "the handle names several hosts"),
            ("mysql://h/a/b", "the path has more than one segment"),
            ("mysql://h/db?ssl-mod=required", "unknown parameter `ssl-mod`"),
            ("mysql://h/db?ssl-mode=requird", "the parameter `ssl-mode` has a bad value"),
            ("mysql://h/db?ssl-cert=c.pem", "only one of `ssl-cert` and `ssl-key` is given"),
            ("mysql://h/db?charset=a;b", "the parameter `charset` has a bad value"),
            ("mysql://h/db?timezone='", "the parameter `timezone` has a bad value"),
            ("mysql://%2Frun%2Fm.sock/db", "the host is a path"),
            (
                "mysql://h/db?ssl-mode=disabled&ssl-ca=c.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            ("mysql://h/db?connect_timeout=25h", "the parameter `connect_timeout` has a bad value"),
            (
                "mysql://h/db?max_connections=10001",
                "the parameter `max_connections` has a bad value",
            ),
            (
                "mysql://h/db?useSSL=true&ssl-mode=disabled",
                "the parameter `ssl-mode` is given twice, by two names",
            ),
            ("mysql://h/db?max_connections=0", "the parameter `max_connections` has a bad value"),
            (
                "mysql://h/db?min_connections=11",
                "`min_connections` is larger than `max_connections`",
            ),
            ("mysql://h/db?connect_timeout=5", "the parameter `connect_timeout` has a bad value"),
            (
                "mysql://db.example/db?socket=/run/m.sock",
                "the handle has a `socket` and the host of another machine",
            ),
            ("postgres://h/db", "the scheme `postgres` is not one of MySQL"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[cfg(feature = "sql")]
    #[test]
    fn any_url_keeps_every_part() {
        let any = |text: &str| parse(text).unwrap().any_handle().unwrap().expose_url().to_owned();
        assert_eq!(
            any(
                "mysql2://a%40b:p%2Fs@localhost/my%2Fdb?charset=utf8&ssl-ca=/x%20y.pem&timezone=UTC"
            ),
            "mysql://a%40b:p%2Fs@localhost:3306/my%2Fdb?ssl-mode=verify_identity&ssl-ca=%2Fx%20y.pem\
             &charset=utf8&timezone=%2B00%3A00"
        );
        assert!(pool::AnyDriver::check_any(&parse("mysql://[::1]/db").unwrap()).is_err());
    }
}
