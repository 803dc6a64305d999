//! MySQL and MariaDB, through a pool of `sqlx`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `mysql`, `mariadb`, `mysql2` | |
//! | user, password | as the server knows them | user `root` (as sqlx), no password |
//! | host, port | one host | 3306 |
//! | path | the database | none selected |
//! | `ssl-mode` | `disabled`, `preferred`, `required`, `verify_ca`, `verify_identity` | see below |
//! | `ssl-ca` | file of PEM certificates to trust beside the public authorities | |
//! | `ssl-cert`, `ssl-key` | files of the client's own PEM certificate and key | |
//! | `socket` | path of the server's Unix socket, instead of a host | |
//! | `charset` | of the connection | `utf8mb4` |
//! | `connect_timeout`, `max_connections`, `min_connections`, `idle_timeout`, `max_lifetime` | the pool | `10s`, 10, 0, `10m`, `30m` |
//!
//! Without `ssl-mode` it is `verify_identity` if there is an `ssl-ca`, else `required` if a password would
//! travel to another machine, else `preferred` (TLS if the server has it). `required` encrypts but takes
//! any certificate, as in MySQL itself. A password to another machine under an explicit `preferred` is
//! refused, because a server without TLS would be sent it in the clear; `ssl-mode=disabled` says that this
//! is meant.
//!
//! # Providers
//!
//! - [Amazon RDS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html), with its
//!   [bundle](https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem) of authorities:
//!   `mysql://user:password@name.region.rds.amazonaws.com/database?ssl-mode=verify_identity&ssl-ca=global-bundle.pem`
//! - [Google Cloud SQL](https://cloud.google.com/sql/docs/mysql/connect-run), over the socket of Cloud Run or
//!   of the proxy: `mysql://user:password@/database?socket=%2Fcloudsql%2Fproject%3Aregion%3Aname`
//! - [Azure Database](https://learn.microsoft.com/en-us/azure/mysql/flexible-server/concepts-root-certificate-rotation),
//!   whose authorities are public ones:
//!   `mysql://user:password@name.mysql.database.azure.com/database?ssl-mode=verify_identity`
//! - [PlanetScale](https://docs.planetscale.com/reference/secure-connections), likewise:
//!   `mysql://user:password@aws.connect.psdb.cloud/database?ssl-mode=verify_identity`
//! - [JawsDB](https://devcenter.heroku.com/articles/jawsdb) sets `JAWSDB_URL` (or `JAWSDB_MARIA_URL`), which
//!   is read as it is: `#[service(alias = "JAWSDB_URL")]`
//! - [ClearDB](https://w2.cleardb.net/developers/resources/connect-ruby/) sets `CLEARDB_DATABASE_URL`; the
//!   `reconnect=true` at its end means nothing here and has to go, because the pool reconnects by itself

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use sqlx::MySqlPool;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlSslMode};

use super::pool::{self, PoolParams};
use super::shared::{certificates_without_tls, one_host, read_certificates, require_scheme};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::Handle;
use crate::parts::Parts;
#[cfg(feature = "sql")]
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 3306;

/// A MySQL or MariaDB database. Its client is [`sqlx::MySqlPool`].
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
#[derive(Clone)]
pub struct MySql {
    handle: Handle,
    host: Option<String>,
    port: u16,
    database: Option<String>,
    params: Params,
    ssl_mode: SslMode,
    pool: PoolParams,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "kebab-case")]
struct Params {
    ssl_mode: Option<SslMode>,
    ssl_ca: Option<PathBuf>,
    ssl_cert: Option<PathBuf>,
    ssl_key: Option<PathBuf>,
    socket: Option<PathBuf>,
    charset: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

impl Adapter for MySql {
    const NAME: &'static str = "MySQL";
    const SCHEMES: &'static [&'static str] = &["mysql", "mariadb", "mysql2"];
    const EXAMPLE: &'static str = "mysql://user:password@localhost:3306/database";
    const PARTS: Parts = Parts::server().authorities("ssl-ca");
    type Client = MySqlPool;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (params, pool): (Params, PoolParams) = handle.params()?;
        let pool = pool.check()?;
        let is_local = handle.is_loopback();
        let host = match &params.socket {
            Some(_) if !is_local => {
                return Err(HandleError::new(
                    "the handle has a `socket` and the host of another machine",
                )
                .with_help("leave the host out, or the `socket`"));
            }
            Some(_) => None,
            None => Some(one_host(handle)?.name().to_owned()),
        };
        if params.ssl_cert.is_some() != params.ssl_key.is_some() {
            return Err(HandleError::new("only one of `ssl-cert` and `ssl-key` is given")
                .with_help("a client certificate needs both files"));
        }
        if let Some(charset) = &params.charset
            && !charset.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(HandleError::new("the parameter `charset` has a bad value")
                .with_help("expected the name of a character set such as `utf8mb4`"));
        }
        let exposed = handle.password().is_some() && !is_local;
        let ssl_mode = match params.ssl_mode {
            Some(SslMode::Preferred) if exposed => {
                return Err(HandleError::insecure(
                    "`ssl-mode=preferred` would send the password in the clear to a server without TLS",
                    "write `ssl-mode=required`, or `ssl-mode=disabled` if that is meant",
                ));
            }
            Some(mode) => mode,
            None if params.socket.is_some() => SslMode::Disabled,
            None if params.ssl_ca.is_some() => SslMode::VerifyIdentity,
            None if exposed => SslMode::Required,
            None => SslMode::Preferred,
        };
        let unencrypted = matches!(ssl_mode, SslMode::Disabled);
        if unencrypted && (params.ssl_ca.is_some() || params.ssl_cert.is_some()) {
            return Err(certificates_without_tls(
                "write `ssl-mode=verify_identity`, or leave the certificates out",
            ));
        }
        Ok(Self {
            handle: handle.clone(),
            host,
            port: handle.port().unwrap_or(DEFAULT_PORT),
            database: handle.name()?,
            params,
            ssl_mode,
            pool,
        })
    }

    async fn connect(&self) -> Result<MySqlPool, ClientError> {
        let connected = pool::connect(self.pool.options(), self.options()?).await;
        // MariaDB answers a client without TLS as it answers a wrong password.
        connected.map_err(|error| match self.ssl_mode {
            SslMode::Disabled if error.help().is_empty() => error
                .with_help("if the server takes only TLS connections, write `ssl-mode=required`"),
            _ => error,
        })
    }

    async fn ping(client: &MySqlPool) -> Result<(), ClientError> {
        pool::ping(client, "SELECT 1").await
    }

    async fn close(client: MySqlPool) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.pool.connect_timeout()
    }
}

impl MySql {
    fn options(&self) -> Result<MySqlConnectOptions, ClientError> {
        let mut options =
            MySqlConnectOptions::new().port(self.port).ssl_mode(match self.ssl_mode {
                SslMode::Disabled => MySqlSslMode::Disabled,
                SslMode::Preferred => MySqlSslMode::Preferred,
                SslMode::Required => MySqlSslMode::Required,
                SslMode::VerifyCa => MySqlSslMode::VerifyCa,
                SslMode::VerifyIdentity => MySqlSslMode::VerifyIdentity,
            });
        if let Some(host) = &self.host {
            options = options.host(host);
        }
        if let Some(user) = self.handle.username() {
            options = options.username(user);
        }
        if let Some(password) = self.handle.password() {
            options = options.password(password.expose());
        }
        if let Some(database) = &self.database {
            options = options.database(database);
        }
        if let Some(path) = &self.params.ssl_ca {
            options = options.ssl_ca_from_pem(read_certificates("ssl-ca", path)?);
        }
        if let (Some(cert), Some(key)) = (&self.params.ssl_cert, &self.params.ssl_key) {
            options = options.ssl_client_cert(cert).ssl_client_key(key);
        }
        if let Some(path) = &self.params.socket {
            options = options.socket(path);
        }
        if let Some(charset) = &self.params.charset {
            options = options.charset(charset);
        }
        Ok(options)
    }
}

/// Numbers: <https://mariadb.com/kb/en/mariadb-error-codes/>. Those that deny access repeat the user's
/// name in their text, so it is replaced.
pub(super) fn server_cause(error: &MySqlDatabaseError) -> ClientError {
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
            Message::ours(format_args!("access denied (MySQL error {number})")),
        ),
        _ => ClientError::new(
            Message::default().said(error.message()).then(format_args!(" (MySQL error {number})")),
        ),
    }
}

/// The form in which `sqlx`'s `Any` driver takes the same options: its own `to_url_lossy` does not
/// encode.
#[cfg(feature = "sql")]
impl MySql {
    pub(super) fn any_pool_params(&self) -> Result<PoolParams, HandleError> {
        if self.host.as_deref().is_some_and(|host| host.contains(':')) {
            return Err(HandleError::new("sqlx's `Any` driver cannot connect to an IPv6 address")
                .with_help("write a host name, or use a field of type `MySql`"));
        }
        Ok(self.pool)
    }

    pub(super) fn any_parts(&self) -> Result<super::sql::AnyParts, HandleError> {
        let mode = match self.ssl_mode {
            SslMode::Disabled => "disabled",
            SslMode::Preferred => "preferred",
            SslMode::Required => "required",
            SslMode::VerifyCa => "verify_ca",
            SslMode::VerifyIdentity => "verify_identity",
        };
        let host = self.host.as_deref().unwrap_or("localhost");
        let mut url = Handle::builder("mysql").host(host).port(self.port).param("ssl-mode", mode);
        if let Some(user) = self.handle.username() {
            url = url.username(user);
        }
        if let Some(password) = self.handle.password() {
            url = url.password(password.clone());
        }
        if let Some(database) = &self.database {
            url = url.name(database);
        }
        let files = [
            ("ssl-ca", &self.params.ssl_ca),
            ("ssl-cert", &self.params.ssl_cert),
            ("ssl-key", &self.params.ssl_key),
            ("socket", &self.params.socket),
        ];
        for (name, path) in files {
            if let Some(path) = path {
                url = url.param(name, path.to_string_lossy());
            }
        }
        if let Some(charset) = &self.params.charset {
            url = url.param("charset", charset);
        }
        Ok(super::sql::AnyParts {
            url: Secret::new(url.build()?.expose_url()),
            in_memory: false,
            certificates: self.params.ssl_ca.clone().map(|path| ("ssl-ca", path)),
        })
    }
}

impl fmt::Debug for MySql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MySql({}:", self.handle.scheme())?;
        match self.handle.hosts().first() {
            Some(host) if self.host.is_some() => {
                write!(f, "//{}", host.or_port(self.port))?;
            }
            _ => f.write_str("socket")?,
        }
        if let Some(database) = &self.database {
            write!(f, "/{database}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<MySql, HandleError> {
        MySql::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn ssl_mode_depends_on_who_could_listen() {
        let mode = |text: &str| parse(text).unwrap().ssl_mode as u8;
        assert_eq!(mode("mysql://u:p@localhost/db"), SslMode::Preferred as u8);
        assert_eq!(mode("mysql://u@db.example/db"), SslMode::Preferred as u8);
        assert_eq!(mode("mysql://u:p@db.example/db"), SslMode::Required as u8);
        assert_eq!(mode("mysql://u:p@db.example/db?ssl-ca=ca.pem"), SslMode::VerifyIdentity as u8);
        assert_eq!(mode("mysql://u:p@db.example/db?ssl-mode=DISABLED"), SslMode::Disabled as u8);
        assert_eq!(mode("mysql://u:p@/db?socket=/run/m.sock"), SslMode::Disabled as u8);
        let refused = parse("mysql://u:p@db.example/db?ssl-mode=preferred").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
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
        let any = |text: &str| parse(text).unwrap().any_parts().unwrap().url.expose().to_owned();
        assert_eq!(
            any("mysql2://a%40b:p%2Fs@localhost/my%2Fdb?charset=utf8&ssl-ca=/x%20y.pem"),
            "mysql://a%40b:p%2Fs@localhost:3306/my%2Fdb?ssl-mode=verify_identity&ssl-ca=%2Fx%20y.pem&charset=utf8"
        );
        assert!(parse("mysql://[::1]/db").unwrap().any_pool_params().is_err());
    }
}
