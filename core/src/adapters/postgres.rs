//! PostgreSQL, through a pool of `sqlx`.
//!
//! <!-- grammar -->
//! - schemes: `postgres` (port 5432), `postgresql` (port 5432)
//! - host: One server or several: names, addresses, or the folders of Unix sockets.
//! - port
//! - user name: A user of the server; without one `postgres`.
//! - password: The user's password.
//! - path: The database; without one that of the user's name.
//! - `sslmode`: Whether TLS is used, and what of the server's certificate is verified; see below.
//!   Either `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`. Also `ssl`,
//!   `tls`, `use_ssl`, `ssl_accept`.
//! - `sslrootcert`: A file of PEM certificates: CA certificates to trust beside the public ones.
//!   `system`: only those. Also `tls_ca`, `ca`, `ca_cert`, `ssl_ca`, `ssl_ca_path`,
//!   `ssl_ca_file`, `root_cert`.
//! - `sslcert`: A file with the client's own PEM certificate. Also `client_cert`,
//!   `ssl_cert_path`.
//! - `sslkey`: A file with the PEM key of that certificate. Also `client_key`, `ssl_key_path`.
//! - `channel_binding`: `require`: the server must prove who it is, by its certificate. Either
//!   `disable`, `prefer` or `require`. By default `prefer`.
//! - `target_session_attrs`: What kind of server is wanted; see below. Either `any`,
//!   `read-write`, `read-only`, `primary`, `standby` or `prefer-standby`. By default `any`. Also
//!   `target_server_type`.
//! - `application_name`: What the server's activity and logs call the app.
//! - `client_encoding`: The encoding of texts: `sqlx` knows this one. Either `utf8`. By default
//!   `utf8`. Also `charset`.
//! - `options`: Settings of each session, such as `-c lock_timeout=5s`.
//! - `schema`: Where the server looks for tables: its `search_path`. Also `search_path`,
//!   `current_schema`.
//! - `statement_timeout`: After this the server ends a statement; a bare number is milliseconds.
//! - `timezone`: The time zone of each session, by its name such as `Europe/Vienna`.
//! - `server_version`: Means nothing: Doctrine is told the version so, and Symfony writes it into
//!   every handle.
//! - `statement_cache_capacity`: How many prepared statements a connection keeps. By default
//!   `100`. Also `statement_cache_size`.
//! - `pgbouncer`: There is a pooler before the server, which cannot be told from one: connecting
//!   proves that it keeps prepared statements. By default `false`.
//! - `connect_timeout`: For connecting; a bare number is seconds. By default `10s`.
//! - `pool_timeout`: For waiting for a free connection; a bare number is seconds. Without it
//!   `connect_timeout`.
//! - `max_connections`: The most connections that the pool opens. By default `10`. Also
//!   `pool_size`, `pool_max_size`, `max_pool_size`, `connection_limit`.
//! - `min_connections`: How many connections the pool keeps open when nobody uses them. By
//!   default `0`. Also `pool_min_size`, `min_pool_size`.
//! - `idle_timeout`: An idle connection is closed after this. By default `10m`.
//! - `max_lifetime`: Any connection is closed after this. By default `30m`.
//! <!-- end -->
//!
//! # TLS
//!
//! Without `sslmode` it is `verify-full` if there is an `sslrootcert`, else `require` if a password
//! would travel to another machine, else `prefer` (TLS if the server has it). `require` encrypts
//! but takes any certificate; beside an `sslrootcert` it means `verify-ca`, as in PostgreSQL's own
//! client. `allow` is read as `prefer`, because `sqlx` would not encrypt at all. For a password to
//! another machine an explicit `prefer` or `allow` means `require`, because a server without TLS
//! could be sent it unencrypted; `sslmode=disable` says that this is meant. A Unix socket has no
//! TLS.
//!
//! A certificate of `sslrootcert` is trusted beside the public CA certificates;
//! `sslrootcert=system` names those alone, and means `verify-full`. `sqlx` 0.9 knows no channel
//! binding: for `channel_binding=require` the server has to prove itself otherwise, so it means
//! `verify-full` too.
//!
//! # Several hosts
//!
//! Of `postgres://a,b/shop?target_session_attrs=read-write` the first server is taken, in the order
//! of the handle, that accepts a connection and is of that kind. They share `connect_timeout`. A
//! wrong password is not tried at the next. A pool of `sqlx` is for one server: when opening a
//! connection to it takes more than a moment, or the server that answers is of another kind by now,
//! a task moves the pool to the first server that fits then. It holds the pool until this is
//! closed: where there are several hosts, `close` the pool.
//!
//! # Failover
//!
//! Where one name leads to whichever server is the primary, an app that connects too early lands on
//! the old one: every write fails there, and would for as long as its connections live. With
//! `target_session_attrs=primary` (or `read-write`) each connection is asked, as it is opened and
//! as it comes back to the pool, and closed if its server is of another kind; the next one looks
//! the name up anew. A ping fails as long as no primary is found. It costs a round trip for each
//! connection that is opened.
//!
//! # A silent network
//!
//! When a server or the network falls silent without closing a connection, `sqlx` 0.9.0 waits for
//! ever: it sets no keepalive and has no timeout for a query. What the pool itself does is bounded:
//! waiting for a connection by `pool_timeout`, and asking one whether it still answers, before it
//! is handed out and as it comes back, by a quarter of that; one that does not is replaced.
//! Over TLS one that reaches its `idle_timeout` or `max_lifetime` meanwhile is waited for until the
//! system gives it up, after some minutes, and counts as one in use. The answer to a query is the app's to bound (`statement_timeout` bounds the server alone):
//!
//! ```no_run
//! # use backing_services::drivers::sqlx::PgPool;
//! # async fn pay(db: PgPool) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tokio::time::timeout;
//!
//! let pay = sqlx::query("UPDATE orders SET is_paid = true WHERE number = $1").bind(7);
//! timeout(Duration::from_secs(30), pay.execute(&db)).await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Poolers
//!
//! `sqlx` 0.9.0 prepares each statement under a name, whatever the size of its cache: with a cache
//! of 0 it even leaves them open on the server (its issue
//! [4328](https://github.com/transact-rs/sqlx/issues/4328)), so here a `statement_cache_capacity`
//! of 0 means 1. A pooler that lends a server connection for one transaction loses such statements,
//! unless it keeps them apart, as `PgBouncer` does from version 1.21 with
//! `max_prepared_statements`. Connecting therefore sends a setting that a server takes, because it
//! is the default (`bytea_output=hex`), and `PgBouncer` refuses. After a refusal it connects
//! without, prepares the same statement over two connections, and fails where the pooler loses
//! them: then only its session mode works, or queries with
//! [`persistent(false)`](sqlx::query::Query::persistent) inside transactions. A `PgBouncer` whose
//! `ignore_startup_parameters` has `options` cannot be told from a server: there `pgbouncer=true`
//! asks for the same. One without refuses `options`, `schema`, `timezone` and
//! `statement_timeout`.
//!
//! # The environment
//!
//! The handle alone counts: `~/.pgpass` and the variables that PostgreSQL's own client reads
//! (`PGHOST`, `PGPASSWORD` ...) do not. `sqlx` offers no way around `PGOPTIONS`, `PGSSLCERT` and
//! `PGSSLKEY`; where one of them would act, connecting fails and names it.
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
//!   `postgres://user:password@name.region.rds.amazonaws.com/database?sslmode=verify-full&sslrootcert=global-bundle.pem`
//! - [Heroku Postgres](https://devcenter.heroku.com/articles/connecting-heroku-postgres) takes only
//!   TLS; its `DATABASE_URL` as it is means `sslmode=require`
//! - [Google Cloud SQL](https://cloud.google.com/sql/docs/postgres/connect-run), over the socket of
//!   Cloud Run or of the proxy:
//!   `postgres://user:password@%2Fcloudsql%2Fproject%3Aregion%3Aname/database`, or
//!   `postgres://user:password@/database?host=/cloudsql/project:region:name`
//! - [Azure
//!   Database](https://learn.microsoft.com/en-us/azure/postgresql/flexible-server/concepts-networking-ssl-tls),
//!   whose CA certificates are public ones:
//!   `postgres://user:password@name.postgres.database.azure.com/database?sslmode=verify-full`
//! - [Neon](https://neon.tech/docs/connect/connect-securely), likewise:
//!   `postgres://user:password@name.region.aws.neon.tech/database?sslmode=verify-full`
//! - [Supabase](https://supabase.com/docs/guides/platform/ssl-enforcement), with the certificate of
//!   its dashboard:
//!   `postgres://postgres:password@db.name.supabase.co/postgres?sslmode=verify-full&sslrootcert=prod-ca-2021.crt`.
//!   Its pooler in transaction mode, on port 6543, may [take no prepared
//!   statements](https://supabase.com/docs/guides/troubleshooting/disabling-prepared-statements-qL8lEL):
//!   connecting tells, with `pgbouncer=true` at the latest; the one in session mode, on port 5432,
//!   takes them

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgSslMode};
use sqlx::{ConnectOptions, PgPool};

use super::handover::Protocol;
use super::pool::{self, Candidate, Driver, Pool, Roles, Servers};
use crate::error::{FailureKind, Message, ours};
use crate::{
    Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Value, Word,
    read_certificates,
};

const DEFAULT_PORT: u16 = 5432;
const DEFAULT_USER: &str = "postgres";
/// A file without certificates, which keeps `sqlx` from looking for one in `PGSSLROOTCERT`.
const NO_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// A setting that a server takes and `PgBouncer` refuses: so a pooler is told from a server without a
/// question. `sqlx` reads `bytea` in this form alone, which is every server's default.
const PROBE: &str = "-c bytea_output=hex";
/// The image keeps its data in a folder of the version below the volume.
const LOCAL: crate::Server = crate::Server::new("postgres://app:{password}@127.0.0.1:{port}/app")
    .image("docker.io/library/postgres:18", 5432)
    .environment(&[
        ("POSTGRES_DB", "app"),
        ("POSTGRES_USER", "app"),
        ("POSTGRES_PASSWORD", "{password}"),
    ])
    // Over TCP, which the server that sets the database up does not take.
    .health("pg_isready --host=127.0.0.1 --username=app --dbname=app")
    .volume("/var/lib/postgresql")
    .addon("heroku-postgresql")
    .score(
        "postgres",
        &[
            ("host", "HOST"),
            ("port", "PORT"),
            ("name", "NAME"),
            ("username", "USER"),
            ("password", "PASSWORD"),
        ],
    );

/// A PostgreSQL database. Its client is [`sqlx::PgPool`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, Postgres};
///
/// #[derive(BackingServices)]
/// struct Services {
///     db: Postgres,
/// }
///
/// let environment = Environment::from_pairs([("DB_URL", "postgres://shop:secret@localhost/orders")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.db), "Postgres(postgres://localhost:5432/orders)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "PostgreSQL",
    schemes("postgres", "postgresql"),
    port = 5432,
    example = "postgres://user:password@localhost:5432/database",
    bindings("pgsql", "elephantsql"),
    others(
        "ROOT_PASSWORD",
        "ROOT_PASSWD",
        "ROOT_USER",
        "ADMIN_PASSWORD",
        "ADMIN_USERNAME",
        "SCHEMAS"
    ),
    server = LOCAL,
    check,
    debug
)]
pub struct Postgres {
    #[handle]
    handle: Handle,
    /// One server or several: names, addresses, or the folders of Unix sockets.
    #[handle(host, in_query)]
    hosts: Vec<Host>,
    /// A user of the server; without one `postgres`.
    #[handle(username, in_query)]
    user: Option<String>,
    /// The user's password.
    #[handle(password, in_query)]
    password: Option<Secret>,
    /// The database; without one that of the user's name.
    #[handle(name, in_query)]
    database: Option<String>,
    /// Whether TLS is used, and what of the server's certificate is verified; see below.
    #[handle(
        param = "sslmode",
        names("ssl", "tls", "use_ssl", "ssl_accept"),
        tls("disable", "require", "verify-full")
    )]
    sslmode: Option<SslMode>,
    /// A file of PEM certificates: CA certificates to trust beside the public ones. `system`: only
    /// those.
    #[handle(
        param = "sslrootcert",
        names("tls_ca", "ca", "ca_cert", "ssl_ca", "ssl_ca_path", "ssl_ca_file", "root_cert"),
        ca
    )]
    sslrootcert: Option<PathBuf>,
    /// A file with the client's own PEM certificate.
    #[handle(param = "sslcert", names("client_cert", "ssl_cert_path"), tls_file)]
    sslcert: Option<PathBuf>,
    /// A file with the PEM key of that certificate.
    #[handle(param = "sslkey", names("client_key", "ssl_key_path"), tls_file)]
    sslkey: Option<PathBuf>,
    /// `require`: the server must prove who it is, by its certificate.
    #[handle(param = "channel_binding", default = "prefer")]
    channel_binding: ChannelBinding,
    /// What kind of server is wanted; see below.
    #[handle(param = "target_session_attrs", names("target_server_type"), default = "any")]
    target: Target,
    /// What the server's activity and logs call the app.
    #[handle(param = "application_name", tuning)]
    application_name: Option<String>,
    /// The encoding of texts: `sqlx` knows this one.
    #[handle(param = "client_encoding", names("charset"), default = "utf8", tuning)]
    #[expect(dead_code, reason = "there is one")]
    client_encoding: Encoding,
    /// Settings of each session, such as `-c lock_timeout=5s`.
    #[handle(param = "options", tuning)]
    options: Option<String>,
    /// Where the server looks for tables: its `search_path`.
    #[handle(param = "schema", names("search_path", "current_schema"), tuning)]
    schema: Option<Schemas>,
    /// After this the server ends a statement; a bare number is milliseconds.
    #[handle(param = "statement_timeout", bare = "ms", max = "500h", tuning)]
    statement_timeout: Option<Duration>,
    /// The time zone of each session, by its name such as `Europe/Vienna`.
    #[handle(param = "timezone", names("time_zone"), tuning)]
    timezone: Option<TimeZone>,
    /// Means nothing: Doctrine is told the version so, and Symfony writes it into every handle.
    #[handle(param = "server_version", tuning)]
    #[expect(dead_code, reason = "the server says it itself")]
    server_version: Option<String>,
    /// How many prepared statements a connection keeps.
    #[handle(
        param = "statement_cache_capacity",
        names("statement_cache_size"),
        default = "100",
        max = "10000",
        tuning
    )]
    statement_cache_capacity: u32,
    /// There is a pooler before the server, which cannot be told from one: connecting proves that it
    /// keeps prepared statements.
    #[handle(param = "pgbouncer", default = "false", tuning)]
    pgbouncer: bool,
    /// For connecting; a bare number is seconds.
    #[handle(param = "connect_timeout", default = "10s", bare = "s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// For waiting for a free connection; a bare number is seconds. Without it `connect_timeout`.
    #[handle(param = "pool_timeout", bare = "s", max = "24h", tuning)]
    pool_timeout: Option<Duration>,
    #[handle(flatten)]
    pool: Pool,
}

#[derive(Word, Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
enum SslMode {
    #[word("disable", "disabled", "none", "false", "0", "no", "off")]
    Disable,
    #[word("allow")]
    Allow,
    #[word("prefer", "preferred")]
    Prefer,
    #[word(
        "require",
        "true",
        "1",
        "yes",
        "on",
        "no-verify",
        "accept_invalid_certs",
        "{\"rejectUnauthorized\":false}"
    )]
    Require,
    #[word("verify-ca")]
    VerifyCa,
    #[word("verify-full", "strict", "{\"rejectUnauthorized\":true}")]
    VerifyFull,
}

#[derive(Word, Clone, Copy, PartialEq, Eq)]
enum ChannelBinding {
    #[word("disable")]
    Disable,
    #[word("prefer")]
    Prefer,
    #[word("require")]
    Require,
}

#[derive(Word, Clone, Copy)]
enum Encoding {
    #[word("utf8", "unicode")]
    Utf8,
}

#[derive(Word, Clone, Copy)]
enum Target {
    #[word("any")]
    Any,
    #[word("read-write", "master")]
    ReadWrite,
    #[word("read-only")]
    ReadOnly,
    #[word("primary")]
    Primary,
    #[word("standby", "slave", "secondary")]
    Standby,
    #[word("prefer-standby", "prefer_slave", "prefer_secondary")]
    PreferStandby,
}

/// One schema or several, in the form of the setting `search_path`.
#[derive(Clone)]
struct Schemas(String);

impl Value for Schemas {
    const KIND: Kind = Kind::Other("the name of a schema, or several separated by commas");

    fn read(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let names = text.split(',').map(|name| match name.trim() {
            "" => None,
            name if name.starts_with(|c: char| !c.is_ascii_digit())
                && name.chars().all(is_plain) =>
            {
                Some(name.to_owned())
            }
            // In quotes it keeps its case.
            name => name.chars().all(fits).then(|| format!("\"{name}\"")),
        });
        names.collect::<Option<Vec<_>>>().map(|names| Self(names.join(",")))
    }
}

/// A name alone: of an offset PostgreSQL turns the sign around.
#[derive(Clone)]
struct TimeZone(String);

impl Value for TimeZone {
    const KIND: Kind = Kind::Other("the name of a time zone such as `Europe/Vienna`");

    fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-/_".contains(&byte);
        let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic());
        (is_name && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

impl Postgres {
    fn check(&self) -> Result<(), HandleError> {
        // The protocol ends its texts with a zero byte: one inside would begin another parameter.
        let texts = [
            self.user.as_deref(),
            self.password.as_ref().map(Secret::expose),
            self.database.as_deref(),
            self.application_name.as_deref(),
            self.options.as_deref(),
        ];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err(HandleError::new("a zero byte stands in the handle")
                .with_help("PostgreSQL takes none in names, passwords and settings"));
        }
        pool::check_pair([("sslcert", self.sslcert.is_some()), ("sslkey", self.sslkey.is_some())])?;
        self.check_tls()?;
        self.pool.check()
    }

    fn check_tls(&self) -> Result<(), HandleError> {
        let has_files = self.sslrootcert.is_some() || self.sslcert.is_some();
        let is_bound = self.channel_binding == ChannelBinding::Require;
        if self.hosts.iter().any(Host::is_socket)
            && (has_files || is_bound || self.sslmode >= Some(SslMode::Require))
        {
            return Err(HandleError::new("a Unix socket has no TLS")
                .with_help("leave `sslmode`, `channel_binding` and the certificates out"));
        }
        match self.sslmode {
            Some(SslMode::Disable) if has_files => Err(pool::certificates_without_tls(
                "write `sslmode=verify-full`, or leave the certificates out",
            )),
            Some(SslMode::Disable) if is_bound => Err(HandleError::new(
                "`channel_binding=require` needs TLS, and `sslmode` says disable",
            )
            .with_help("leave one of the two out")),
            Some(SslMode::Allow | SslMode::Prefer) if self.sslrootcert.is_some() && !is_bound => {
                Err(HandleError::new(
                    "under this `sslmode` nothing is verified against `sslrootcert`",
                )
                .with_help("write `sslmode=verify-full`, or leave `sslrootcert` out"))
            }
            _ => Ok(()),
        }
    }

    /// What the handle says of TLS to one of its hosts, or what is safe where it leaves that open.
    fn mode(&self, host: &Host) -> SslMode {
        let exposed = self.password.is_some() && !self.handle.is_loopback();
        let is_public = self.sslrootcert.is_some() && self.ca_file().is_none();
        match self.sslmode {
            _ if host.is_socket() => SslMode::Disable,
            _ if is_public || self.channel_binding == ChannelBinding::Require => {
                SslMode::VerifyFull
            }
            None if self.sslrootcert.is_some() => SslMode::VerifyFull,
            Some(SslMode::Require) if self.sslrootcert.is_some() => SslMode::VerifyCa,
            None | Some(SslMode::Allow | SslMode::Prefer) if exposed => SslMode::Require,
            None | Some(SslMode::Allow) => SslMode::Prefer,
            Some(mode) => mode,
        }
    }

    /// `system` names no file.
    fn ca_file(&self) -> Option<&Path> {
        self.sslrootcert.as_deref().filter(|path| *path != Path::new("system"))
    }

    fn user(&self) -> &str {
        self.user.as_deref().unwrap_or(DEFAULT_USER)
    }

    /// The questions that tell the kind of a server.
    fn roles(&self) -> Roles {
        const PRIMARY: Option<&str> = Some("SELECT 1 WHERE NOT pg_is_in_recovery()");
        const STANDBY: Option<&str> = Some("SELECT 1 WHERE pg_is_in_recovery()");
        match self.target {
            Target::Any => &[None],
            Target::Primary => &[PRIMARY],
            Target::Standby => &[STANDBY],
            Target::PreferStandby => &[STANDBY, None],
            Target::ReadWrite => {
                &[Some("SELECT 1 WHERE current_setting('transaction_read_only') = 'off'")]
            }
            Target::ReadOnly => {
                &[Some("SELECT 1 WHERE current_setting('transaction_read_only') = 'on'")]
            }
        }
    }

    fn pool<DB: sqlx::Database>(&self) -> sqlx::pool::PoolOptions<DB> {
        self.pool.options(self.pool_timeout.unwrap_or(self.connect_timeout))
    }

    /// Of each server, and without any setting as long as the handle has none.
    fn servers<DB>(
        &self,
        options: impl Fn(&Host, bool) -> Result<pool::Options<DB>, ClientError>,
    ) -> Result<Servers<DB>, ClientError>
    where
        DB: sqlx::Database<Connection: pool::Asks<DB>>,
    {
        let has_settings = !self.settings().is_empty();
        let candidate = |host| {
            let bare = if has_settings { None } else { Some(options(host, false)?) };
            Ok(Candidate { options: options(host, true)?, bare })
        };
        let each = self.hosts.iter().map(candidate).collect::<Result<Vec<_>, ClientError>>()?;
        Ok(Servers::several(each, self.roles(), self.connect_timeout).pooled(self.pgbouncer))
    }

    fn options(&self, host: &Host, probes: bool) -> Result<PgConnectOptions, ClientError> {
        self.refuse_environment()?;
        let url = self.url(host, probes).map_err(ClientError::caused_by)?;
        let options: PgConnectOptions =
            url.expose_url().parse().map_err(|error| pool::cause::<Self>(&error))?;
        // PostgreSQL needs it no more from version 12 on, and PgBouncer refuses it as installed.
        let options = options.extra_float_digits(None);
        Ok(match self.ca_file() {
            Some(path) => options.ssl_root_cert_from_pem(read_certificates("sslrootcert", path)?),
            None => options,
        })
    }

    /// The handle in the form that `sqlx` parses, with every part in it: for one that is absent
    /// `sqlx` looks into the process environment.
    fn url(&self, host: &Host, probes: bool) -> Result<Handle, HandleError> {
        let mode = match self.mode(host) {
            SslMode::Disable => "disable",
            SslMode::Allow | SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        };
        let ca = self.ca_file().map_or_else(|| NO_FILE.into(), Path::to_string_lossy);
        let mut url = Handle::builder("postgres")
            .host(host.name())
            .port(host.port().unwrap_or(DEFAULT_PORT))
            .username(self.user())
            .name(self.database.as_deref().unwrap_or(self.user()))
            .param("sslmode", mode)
            .param("sslrootcert", ca)
            .param("application_name", self.application_name.clone().unwrap_or_default())
            // Without a cache `sqlx` never closes what it prepares.
            .param("statement-cache-capacity", self.statement_cache_capacity.max(1).to_string());
        url = match &self.password {
            Some(password) => url.password(password.clone()),
            None => url.param("password", ""),
        };
        // From the host's place `sqlx` would take an IPv6 address with its brackets.
        if host.name().contains(':') && !host.is_socket() {
            url = url.param("hostaddr", host.name());
        }
        for (name, path) in [("sslcert", &self.sslcert), ("sslkey", &self.sslkey)] {
            if let Some(path) = path {
                url = url.param(name, path.to_string_lossy());
            }
        }
        let settings = self.settings();
        if !settings.is_empty() {
            url = url.param("options", settings);
        } else if probes {
            url = url.param("options", PROBE);
        }
        url.build()
    }

    /// The settings of each session.
    fn settings(&self) -> String {
        let settings = [
            self.options.clone(),
            self.schema.as_ref().map(|Schemas(names)| format!("-c search_path={names}")),
            self.statement_timeout.map(|it| format!("-c statement_timeout={}", it.as_millis())),
            self.timezone.as_ref().map(|TimeZone(name)| format!("-c TimeZone={name}")),
        ];
        settings.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Three variables get into the options of `sqlx` with no setter to take them out again.
    fn refuse_environment(&self) -> Result<(), ClientError> {
        let bare = PgConnectOptions::new_without_pgpass().host("localhost").username(DEFAULT_USER);
        let url = bare.to_url_lossy();
        let has = |parameter: &str| url.query_pairs().any(|(name, _)| name == parameter);
        let is_encrypted = |host| self.mode(host) != SslMode::Disable;
        let identifies = self.hosts.iter().any(is_encrypted) && self.sslcert.is_none();
        let found = [
            ("PGOPTIONS", bare.get_options().is_some_and(|options| !options.is_empty())),
            ("PGSSLCERT", identifies && has("sslcert")),
            ("PGSSLKEY", identifies && has("sslkey")),
        ];
        match found.into_iter().find(|(_, found)| *found) {
            None => Ok(()),
            Some((variable, _)) => Err(ClientError::new(ours!(
                "the process has the variable `{variable}`, which `sqlx` would use beside the handle"
            ))
            .with_help("unset it, and write its value into the handle if it is meant")),
        }
    }
}

impl Connect for Postgres {
    type Client = PgPool;

    const PROVEN: bool = true;

    async fn connect(&self) -> Result<PgPool, ClientError> {
        let servers = self.servers(|host, probes| self.options(host, probes))?;
        pool::connect::<Self>(self.pool(), servers).await
    }

    async fn ping(client: &PgPool) -> Result<(), ClientError> {
        pool::ping::<Self>(client, "SELECT 1").await
    }

    async fn version(client: &PgPool) -> Option<String> {
        sqlx::query_scalar("SHOW server_version").persistent(false).fetch_one(client).await.ok()
    }

    fn is_busy(client: &PgPool) -> bool {
        pool::is_full(client)
    }

    async fn close(client: PgPool) {
        pool::close(client).await;
    }
}

impl Driver for Postgres {
    type Database = sqlx::Postgres;

    fn server_error(error: &dyn DatabaseError) -> Option<ClientError> {
        error.try_downcast_ref().map(server_error)
    }

    fn protocol(_: &PgConnectOptions) -> Option<Protocol> {
        Some(Protocol::Postgres)
    }

    fn fake(_: Protocol, port: u16) -> Result<PgConnectOptions, sqlx::Error> {
        Ok(PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(DEFAULT_USER)
            .ssl_mode(PgSslMode::Disable))
    }
}

#[cfg(feature = "sql")]
impl pool::AnyDriver for Postgres {
    fn any(&self) -> Result<pool::AnyPool, ClientError> {
        self.refuse_environment()?;
        if let Some(path) = self.ca_file() {
            read_certificates("sslrootcert", path)?;
        }
        let servers = self.servers(|host, probes| pool::any_options(self.url(host, probes)))?;
        Ok((self.pool(), servers))
    }
}

/// Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. The texts that deny
/// access repeat the user's name, so they are replaced.
fn server_error(error: &PgDatabaseError) -> ClientError {
    let (code, message) = (error.code(), error.message());
    match code {
        "28P01" => ClientError::of(
            FailureKind::Authentication,
            "access denied: the user name or the password is wrong",
        ),
        "28000" if message.contains("pg_hba.conf") => {
            let denied = ClientError::of(
                FailureKind::NotAllowed,
                "access denied: the server's pg_hba.conf allows no such connection",
            );
            if message.contains("no encryption") || message.contains("SSL off") {
                denied
                    .with_help("if the server takes only TLS connections, write `sslmode=require`")
            } else {
                denied
            }
        }
        "28000" if message.contains("client certificate") => ClientError::of(
            FailureKind::Tls,
            "access denied: the server asks for a client certificate",
        )
        .with_help("name it with `sslcert` and `sslkey`"),
        "42501" if error.severity() == sqlx::postgres::PgSeverity::Fatal => ClientError::of(
            FailureKind::NotAllowed,
            "access denied: the user may not use this database",
        ),
        "3D000" => ClientError::of(FailureKind::NotFound, "there is no such database")
            .with_help("create it, or mend the handle's path"),
        "26000" | "42P05" => ClientError::of(
            FailureKind::Protocol,
            "the pooler before the server loses prepared statements",
        )
        .with_help(
            "use its session mode, or have it keep them: `max_prepared_statements` of PgBouncer",
        ),
        "08P01" if message.starts_with("unsupported startup parameter") => ClientError::of(
            FailureKind::Protocol,
            if message.contains("extra_float_digits") {
                "the pooler before the server refuses `extra_float_digits`, which `sqlx`'s `Any` \
                 driver sets in each session"
            } else {
                "the pooler before the server takes no settings of a session"
            },
        )
        .with_help(if message.contains("extra_float_digits") {
            "name it in `ignore_startup_parameters` of PgBouncer, or use a field of type `Postgres`"
        } else {
            "leave `options`, `schema` and `statement_timeout` out, and have the server set them: \
             `ALTER ROLE ... SET ...`"
        }),
        "53300" => ClientError::transient("the server has too many connections"),
        "57P01" | "57P02" => ClientError::transient("the server is shutting down"),
        "57P03" => ClientError::transient("the server is starting up or shutting down"),
        _ if code.starts_with("28") => ClientError::of(
            FailureKind::Authentication,
            Message::from("access denied (PostgreSQL error ").said(code).then(format_args!(")")),
        )
        .with_help("check the user's name, and the server's pg_hba.conf"),
        _ => ClientError::new(
            Message::default()
                .said(message)
                .then(format_args!(" (PostgreSQL error "))
                .said(code)
                .then(format_args!(")")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Postgres, HandleError> {
        Postgres::from_handle(&Handle::parse(text)?)
    }

    fn options(text: &str) -> PgConnectOptions {
        let postgres = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        postgres.options(&postgres.hosts[0], false).unwrap()
    }

    #[test]
    fn a_pooler_is_looked_for_unless_the_handle_has_settings_itself() {
        let settings = |text: &str, probes| {
            let postgres = parse(text).unwrap();
            let options = postgres.options(&postgres.hosts[0], probes).unwrap();
            options.get_options().map(str::to_owned)
        };
        let (plain, set) = ("postgres://h/db", "postgres://h/db?schema=shop");
        assert_eq!(settings(plain, true).as_deref(), Some("-c bytea_output=hex"));
        assert_eq!(settings(plain, false), None);
        assert_eq!(settings(set, true).as_deref(), Some("-c search_path=shop"));
    }

    #[test]
    fn sslmode_depends_on_who_could_listen() {
        for (text, mode) in [
            ("postgres://u:p@localhost/db", SslMode::Prefer),
            ("postgres://u@db.example/db", SslMode::Prefer),
            ("postgres://u@db.example/db?sslmode=allow", SslMode::Prefer),
            ("postgres://u:p@db.example/db", SslMode::Require),
            ("postgres://u:p@db.example/db?sslmode=allow", SslMode::Require),
            ("postgres://u:p@db.example/db?sslmode=prefer", SslMode::Require),
            ("postgres://u:p@db.example/db?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@db.example/db?tls=none", SslMode::Disable),
            (
                "postgres://u:p@db.example/db?sslmode=require&channel_binding=require",
                SslMode::VerifyFull,
            ),
            ("postgres://u:p@db.example/db?channel_binding=disable", SslMode::Require),
            (
                "postgres://u:p@db.example/db?sslmode=require&sslrootcert=system",
                SslMode::VerifyFull,
            ),
            ("postgres://u:p@db.example/db?ssl=true", SslMode::Require),
            ("postgres://u:p@db.example/db?sslrootcert=ca.pem", SslMode::VerifyFull),
            ("postgres://u:p@db.example/db?sslmode=require&sslrootcert=ca.pem", SslMode::VerifyCa),
            ("postgres://u:p@db.example/db?sslmode=verify-full", SslMode::VerifyFull),
            ("postgres://u:p@%2Frun%2Fpg/db", SslMode::Disable),
            ("postgres://u:p@%2Frun%2Fpg/db?sslmode=prefer", SslMode::Disable),
        ] {
            let postgres = parse(text).unwrap();
            assert_eq!(postgres.mode(&postgres.hosts[0]), mode, "{text}");
        }
    }

    #[test]
    fn the_handles_of_providers_are_taken() {
        let docs = include_str!("postgres.rs").split("# Providers").nth(1).unwrap();
        let docs = docs.split("\nuse ").next().unwrap();
        let handles = docs.split('`').filter(|code| code.starts_with("postgres://"));
        assert_eq!(handles.clone().filter(|handle| parse(handle).is_ok()).count(), 6);
        assert_eq!(handles.count(), 6);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("postgres:///db", "the handle has no host"),
            ("postgres://a,a:5432/db", "the same server is named twice"),
            ("postgres://a/db?host=b", "the parameter `hosts` contradicts the host of the handle"),
            ("postgres://a:1/db?port=2", "the parameter `port` contradicts the port of the handle"),
            (
                "postgres://h/db?sslmode=disable&channel_binding=require",
                "`channel_binding=require` needs TLS, and `sslmode` says disable",
            ),
            (
                "postgres://h/db?client_encoding=latin1",
                "the parameter `client_encoding` has a bad value",
            ),
            ("postgres://h/db?schema=a%27b", "the parameter `schema` has a bad value"),
            ("postgres://h/db?timezone=%2B02:00", "the parameter `timezone` has a bad value"),
            (
                "postgres://h/db?connect_timeout=0",
                "the parameter `connect_timeout` has a bad value",
            ),
            ("postgres://h/a/b", "the path has more than one segment"),
            ("postgres://h/db?sslmod=require", "unknown parameter `sslmod`"),
            ("postgres://h/db?sslmode=required", "the parameter `sslmode` has a bad value"),
            ("postgres://h/db?sslkey=k.pem", "only one of `sslcert` and `sslkey` is given"),
            (
                "postgres://h/db?max_connections=0",
                "the parameter `max_connections` has a bad value",
            ),
            ("postgres://u:a%00b@h/db", "a zero byte stands in the handle"),
            ("postgres://h/db?options=%00", "a zero byte stands in the handle"),
            ("postgres://%2Frun%2Fpg/db?sslmode=require", "a Unix socket has no TLS"),
            ("postgres://%2Frun%2Fpg/db?sslrootcert=c.pem", "a Unix socket has no TLS"),
            (
                "postgres://h/db?sslmode=disable&sslrootcert=c.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            (
                "postgres://h/db?sslmode=prefer&sslrootcert=c.pem",
                "under this `sslmode` nothing is verified against `sslrootcert`",
            ),
            ("mysql://h/db", "the scheme `mysql` is not one of PostgreSQL"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn every_part_reaches_the_driver() {
        let given = options(
            "postgresql://a%40b:p%2Fs@[::1]:5433/my%2Fdb%3F?sslmode=verify-full&application_name=a%20b\
             &options=-c%20a%3Db%20--c%3Dd%5C%20e",
        );
        assert_eq!(given.get_host(), "::1");
        assert_eq!(given.get_port(), 5433);
        assert_eq!(given.get_username(), "a@b");
        assert_eq!(given.get_database(), Some("my/db?"));
        assert_eq!(given.get_application_name(), Some("a b"));
        assert_eq!(given.get_options(), Some(r"-c a=b --c=d\ e"));
        assert!(matches!(given.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyFull));

        let socket = options("postgres://%2Fcloudsql%2Fa%3Ab%3Ac/db");
        assert_eq!(socket.get_socket().unwrap().to_str(), Some("/cloudsql/a:b:c"));
        assert_eq!((socket.get_port(), socket.get_username()), (5432, "postgres"));

        let bare = options("postgres://u@localhost");
        assert_eq!((bare.get_database(), bare.get_options()), (Some("u"), None));
        assert_eq!(bare.get_application_name(), Some(""));
    }

    #[test]
    fn what_platforms_write_reaches_the_driver() {
        use sqlx::postgres::PgSslMode::{Disable, Require, VerifyFull};

        for (text, mode, setting) in [
            (
                "postgresql://shop:secret@ep-cool-1-pooler.us-east-2.aws.neon.tech/neondb?sslmode=require\
                 &channel_binding=require",
                VerifyFull,
                None,
            ),
            (
                "postgresql://postgres.ref:secret@aws-0-eu-west-1.pooler.supabase.com:6543/postgres\
                 ?pgbouncer=true",
                Require,
                None,
            ),
            ("postgres://shop:secret@app-db.flycast:5432/shop?sslmode=disable", Disable, None),
            (
                "postgresql://shop:secret@free.cockroachlabs.cloud:26257/defaultdb?sslmode=verify-full\
                 &options=--cluster%3Dcool-1",
                VerifyFull,
                Some("--cluster=cool-1"),
            ),
            (
                "postgresql://shop@h.example/app?sslmode=verify-full&sslrootcert=system",
                VerifyFull,
                None,
            ),
            ("postgres://shop:secret@h.example:5432/app?sslmode=prefer", Require, None),
            (
                "postgresql://shop:secret@h.example/app?schema=public",
                Require,
                Some("-c search_path=public"),
            ),
            (
                "postgresql://h.example/app?sslmode=require&application_name=shop&statement_timeout=5000",
                Require,
                Some("-c statement_timeout=5000"),
            ),
            (
                "postgres://h.example/app?sslmode=disable&serverVersion=16&TimeZone=Asia/Shanghai",
                Disable,
                Some("-c TimeZone=Asia/Shanghai"),
            ),
            (
                "postgresql://h.example/app?sslmode=require&options=-c%20a=b&search_path=Mine,public",
                Require,
                Some("-c a=b -c search_path=\"Mine\",public"),
            ),
        ] {
            let options = options(text);
            assert_eq!(options.get_ssl_mode() as u8, mode as u8, "{text}");
            assert_eq!(options.get_options(), setting, "{text}");
        }
        for text in [
            "postgresql://shop:secret@/app?host=/cloudsql/p:r:i",
            "postgresql://shop:secret@localhost/app?host=/cloudsql/p:r:i",
            "postgres://shop:secret@%2Fcloudsql%2Fp%3Ar%3Ai/app",
            "postgresql://?host=/cloudsql/p:r:i&user=shop&password=secret&dbname=app&port=5432&charset=UTF-8",
        ] {
            let options = options(text);
            assert_eq!(options.get_socket().unwrap().to_str(), Some("/cloudsql/p:r:i"), "{text}");
            assert_eq!((options.get_username(), options.get_database()), ("shop", Some("app")));
        }
        let options = options("postgres:///app?host=/var/run/postgresql");
        assert_eq!(options.get_socket().unwrap().to_str(), Some("/var/run/postgresql"));
    }

    #[test]
    fn bare_numbers_and_the_pool() {
        let seconds = |text: &str| {
            let postgres = parse(text).unwrap();
            let pool = postgres.pool::<sqlx::Postgres>();
            let connect_timeout = Adapter::connect_timeout(&postgres).as_secs();
            (connect_timeout, pool.get_acquire_timeout().as_secs(), pool.get_max_connections())
        };
        assert_eq!(seconds("postgresql://localhost/app?connect_timeout=11"), (11, 11, 10));
        assert_eq!(
            seconds("postgresql://localhost/app?schema=public&connection_limit=5&pool_timeout=12"),
            (10, 12, 5)
        );
    }

    #[test]
    fn a_pooler_and_the_cache_of_statements() {
        let cache = |text: &str| {
            let url = options(text).to_url_lossy();
            let mut pairs = url.query_pairs();
            pairs.find(|(name, _)| name == "statement-cache-capacity").unwrap().1.into_owned()
        };
        assert_eq!(cache("postgres://h/db?statement_cache_size=0"), "1");
        assert_eq!(cache("postgres://h/db?statement-cache-capacity=7"), "7");
        assert!(parse("postgres://h/db?pgbouncer=true").unwrap().pgbouncer);
    }

    #[test]
    fn several_hosts() {
        let both = "postgres://shop:secret@h1:5432,h2:5432/app?target_session_attrs=read-write";
        for text in [both, "postgres:///app?host=h1,h2&port=5432&target_session_attrs=read-write"] {
            let postgres = parse(text).unwrap();
            let hosts: Vec<_> = postgres.hosts.iter().map(ToString::to_string).collect();
            assert_eq!(hosts, ["h1:5432", "h2:5432"]);
            assert!(matches!(postgres.target, Target::ReadWrite));
        }
        let ports = parse("postgres:///app?host=h1,h2&port=1,2").unwrap();
        assert_eq!((ports.hosts[0].port(), ports.hosts[1].port()), (Some(1), Some(2)));
        // One on this machine does not make the others safe, nor the socket less so.
        let mixed = parse("postgres://u:p@%2Frun%2Fpg,h2/db").unwrap();
        let modes: Vec<_> = mixed.hosts.iter().map(|host| mixed.mode(host)).collect();
        assert_eq!(modes, [SslMode::Disable, SslMode::Require]);
        assert!(parse("postgres://%2Frun%2Fa,%2Frun%2Fb/db").is_ok());
    }

    #[test]
    fn shows_where_it_points_and_nothing_else() {
        let shown = |text: &str| format!("{:?}", parse(text).unwrap());
        assert_eq!(shown("postgresql://u:p@h/db"), "Postgres(postgresql://h:5432/db)");
        assert_eq!(shown("postgres://u:p@h"), "Postgres(postgres://h:5432)");
        assert_eq!(shown("postgres://u:p@%2Frun%2Fpg/db"), "Postgres(postgres:socket/db)");
    }
}
