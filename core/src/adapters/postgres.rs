//! PostgreSQL, through a pool of `sqlx`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `postgres`, `postgresql` | |
//! | user, password | as the server knows them | user `postgres`, no password |
//! | host, port | one host, or the folder of the server's Unix socket: `%2Fvar%2Frun%2Fpostgresql` | 5432 |
//! | path | the database | the one named as the user |
//! | `sslmode` | `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full` | see below |
//! | `sslrootcert` | file of PEM certificates to trust beside the public authorities | |
//! | `sslcert`, `sslkey` | files of the client's own PEM certificate and key | |
//! | `application_name` | what the server's activity and logs call the app | empty |
//! | `options` | settings of each session, such as `-c statement_timeout=5s` | |
//! | `connect_timeout`, `max_connections`, `min_connections`, `idle_timeout`, `max_lifetime` | the pool | `10s`, 10, 0, `10m`, `30m` |
//!
//! Without `sslmode` it is `verify-full` if there is an `sslrootcert`, else `require` if a password would
//! travel to another machine, else `prefer` (TLS if the server has it). `require` encrypts but takes any
//! certificate; beside an `sslrootcert` it means `verify-ca`, as in PostgreSQL's own client. `allow` is
//! read as `prefer`, because `sqlx` would not encrypt at all. A password to another machine under an
//! explicit `prefer` or `allow` is refused, because a server without TLS could be sent it in the clear;
//! `sslmode=disable` says that this is meant. A Unix socket has no TLS.
//!
//! The handle alone counts: `~/.pgpass` and the variables that PostgreSQL's own client reads (`PGHOST`,
//! `PGPASSWORD` ...) do not. `sqlx` offers no way around `PGOPTIONS`, `PGSSLCERT` and `PGSSLKEY`; where one
//! of them would act, connecting fails and names it.
//!
//! # Providers
//!
//! - [Amazon RDS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html), with its
//!   [bundle](https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem) of authorities:
//!   `postgres://user:password@name.region.rds.amazonaws.com/database?sslmode=verify-full&sslrootcert=global-bundle.pem`
//! - [Heroku Postgres](https://devcenter.heroku.com/articles/connecting-heroku-postgres) takes only TLS; its
//!   `DATABASE_URL` as it is means `sslmode=require`
//! - [Google Cloud SQL](https://cloud.google.com/sql/docs/postgres/connect-run), over the socket of Cloud Run
//!   or of the proxy: `postgres://user:password@%2Fcloudsql%2Fproject%3Aregion%3Aname/database`
//! - [Azure Database](https://learn.microsoft.com/en-us/azure/postgresql/flexible-server/concepts-networking-ssl-tls),
//!   whose authorities are public ones:
//!   `postgres://user:password@name.postgres.database.azure.com/database?sslmode=verify-full`
//! - [Neon](https://neon.tech/docs/connect/connect-securely), likewise:
//!   `postgres://user:password@name.region.aws.neon.tech/database?sslmode=verify-full`
//! - [Supabase](https://supabase.com/docs/guides/platform/ssl-enforcement), with the certificate of its
//!   dashboard:
//!   `postgres://postgres:password@db.name.supabase.co/postgres?sslmode=verify-full&sslrootcert=prod-ca-2021.crt`.
//!   Its pooler has to be the one in session mode, on port 5432: the other [takes no prepared
//!   statements](https://supabase.com/docs/guides/troubleshooting/disabling-prepared-statements-qL8lEL)

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError};
use sqlx::{ConnectOptions, PgPool};

use super::pool::{self, PoolParams};
use super::shared::{certificates_without_tls, one_host, read_certificates, require_scheme};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::parts::Parts;
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 5432;
const DEFAULT_USER: &str = "postgres";
/// A file without certificates, which keeps `sqlx` from looking for one in `PGSSLROOTCERT`.
const NO_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// A PostgreSQL database. Its client is [`sqlx::PgPool`].
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
#[derive(Clone)]
pub struct Postgres {
    handle: Handle,
    host: Host,
    user: String,
    database: String,
    params: Params,
    ssl_mode: SslMode,
    pool: PoolParams,
}

#[derive(Deserialize, Clone)]
struct Params {
    sslmode: Option<SslMode>,
    sslrootcert: Option<PathBuf>,
    sslcert: Option<PathBuf>,
    sslkey: Option<PathBuf>,
    application_name: Option<String>,
    options: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Adapter for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const SCHEMES: &'static [&'static str] = &["postgres", "postgresql"];
    const EXAMPLE: &'static str = "postgres://user:password@localhost:5432/database";
    const PARTS: Parts = Parts::server().authorities("sslrootcert");
    type Client = PgPool;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (params, pool): (Params, PoolParams) = handle.params()?;
        let pool = pool.check()?;
        let host = match handle.hosts() {
            [folder] if folder.name().starts_with('/') => folder,
            _ => one_host(handle)?,
        };
        let user = handle.username().unwrap_or(DEFAULT_USER).to_owned();
        let database = handle.name()?.unwrap_or_else(|| user.clone());
        // The protocol ends its texts with a zero byte: one inside would begin another parameter.
        let texts = [
            Some(user.as_str()),
            handle.password().map(Secret::expose),
            Some(&database),
            params.application_name.as_deref(),
            params.options.as_deref(),
        ];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err(HandleError::new("a zero byte stands in the handle")
                .with_help("PostgreSQL takes none in names, passwords and settings"));
        }
        if params.sslcert.is_some() != params.sslkey.is_some() {
            return Err(HandleError::new("only one of `sslcert` and `sslkey` is given")
                .with_help("a client certificate needs both files"));
        }
        let ssl_mode = ssl_mode(handle, host, &params)?;
        Ok(Self {
            handle: handle.clone(),
            host: host.or_port(DEFAULT_PORT),
            user,
            database,
            params,
            ssl_mode,
            pool,
        })
    }

    async fn connect(&self) -> Result<PgPool, ClientError> {
        pool::connect(self.pool.options(), self.options()?).await
    }

    async fn ping(client: &PgPool) -> Result<(), ClientError> {
        pool::ping(client, "SELECT 1").await
    }

    async fn close(client: PgPool) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.pool.connect_timeout()
    }
}

/// What the handle's `sslmode` means, or the absence of one.
fn ssl_mode(handle: &Handle, host: &Host, params: &Params) -> Result<SslMode, HandleError> {
    let has_authority = params.sslrootcert.is_some();
    let has_files = has_authority || params.sslcert.is_some();
    let exposed = handle.password().is_some() && !handle.is_loopback();
    let mode = match params.sslmode {
        None if host.name().starts_with('/') => SslMode::Disable,
        None if has_authority => SslMode::VerifyFull,
        None if exposed => SslMode::Require,
        Some(SslMode::Allow | SslMode::Prefer) if exposed => {
            return Err(HandleError::insecure(
                "this `sslmode` would send the password in the clear to a server without TLS",
                "write `sslmode=require`, or `sslmode=disable` if that is meant",
            ));
        }
        Some(SslMode::Require) if has_authority => SslMode::VerifyCa,
        None | Some(SslMode::Allow) => SslMode::Prefer,
        Some(mode) => mode,
    };
    if host.name().starts_with('/') {
        return match mode {
            SslMode::Disable | SslMode::Prefer if !has_files => Ok(SslMode::Disable),
            _ => Err(HandleError::new("a Unix socket has no TLS")
                .with_help("leave `sslmode` and the certificates out")),
        };
    }
    match mode {
        SslMode::Disable if has_files => Err(certificates_without_tls(
            "write `sslmode=verify-full`, or leave the certificates out",
        )),
        SslMode::Prefer if has_authority => {
            Err(HandleError::new("under this `sslmode` nothing is verified against `sslrootcert`")
                .with_help("write `sslmode=verify-full`, or leave `sslrootcert` out"))
        }
        mode => Ok(mode),
    }
}

impl Postgres {
    fn options(&self) -> Result<PgConnectOptions, ClientError> {
        self.refuse_environment()?;
        let options: Result<PgConnectOptions, _> = self.url()?.expose().parse();
        let options = options.map_err(|error| pool::cause(&error))?;
        Ok(match &self.params.sslrootcert {
            Some(path) => options.ssl_root_cert_from_pem(read_certificates("sslrootcert", path)?),
            None => options,
        })
    }

    /// The handle in the form that `sqlx` parses, with every part in it: for one that is absent `sqlx`
    /// looks into the process environment.
    fn url(&self) -> Result<Secret, ClientError> {
        let mode = match self.ssl_mode {
            SslMode::Disable => "disable",
            SslMode::Allow | SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        };
        let authorities = self.params.sslrootcert.as_ref();
        let authorities = authorities.map_or_else(|| NO_FILE.into(), |path| path.to_string_lossy());
        let mut url = Handle::builder("postgres")
            .host(self.host.name())
            .port(self.host.port().unwrap_or(DEFAULT_PORT))
            .username(&self.user)
            .name(&self.database)
            .param("sslmode", mode)
            .param("sslrootcert", authorities)
            .param("application_name", self.params.application_name.clone().unwrap_or_default());
        url = match self.handle.password() {
            Some(password) => url.password(password.clone()),
            None => url.param("password", ""),
        };
        // From the host's place `sqlx` would take an IPv6 address with its brackets.
        if self.host.name().contains(':') && !self.host.name().starts_with('/') {
            url = url.param("hostaddr", self.host.name());
        }
        for (name, path) in [("sslcert", &self.params.sslcert), ("sslkey", &self.params.sslkey)] {
            if let Some(path) = path {
                url = url.param(name, path.to_string_lossy());
            }
        }
        if let Some(options) = &self.params.options {
            url = url.param("options", options);
        }
        let url = url.build().map_err(ClientError::caused_by)?;
        Ok(Secret::new(url.expose_url()))
    }

    /// Three variables get into the options of `sqlx` with no setter to take them out again.
    fn refuse_environment(&self) -> Result<(), ClientError> {
        let bare = PgConnectOptions::new_without_pgpass().host("localhost").username(DEFAULT_USER);
        let url = bare.to_url_lossy();
        let has = |parameter: &str| url.query_pairs().any(|(name, _)| name == parameter);
        let identifies = self.ssl_mode != SslMode::Disable && self.params.sslcert.is_none();
        let found = [
            ("PGOPTIONS", bare.get_options().is_some_and(|options| !options.is_empty())),
            ("PGSSLCERT", identifies && has("sslcert")),
            ("PGSSLKEY", identifies && has("sslkey")),
        ];
        match found.into_iter().find(|(_, found)| *found) {
            None => Ok(()),
            Some((variable, _)) => Err(ClientError::new(Message::ours(format_args!(
                "the process has the variable `{variable}`, which `sqlx` would use beside the handle"
            )))
            .with_help("unset it, and write its value into the handle if it is meant")),
        }
    }

    #[cfg(feature = "sql")]
    pub(super) fn pool_params(&self) -> PoolParams {
        self.pool
    }

    #[cfg(feature = "sql")]
    pub(super) fn any_parts(&self) -> Result<super::sql::AnyParts, ClientError> {
        self.refuse_environment()?;
        Ok(super::sql::AnyParts {
            url: self.url()?,
            in_memory: false,
            certificates: self.params.sslrootcert.clone().map(|path| ("sslrootcert", path)),
        })
    }
}

/// Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>. The texts that deny access
/// repeat the user's name, so they are replaced.
pub(super) fn server_cause(error: &PgDatabaseError) -> ClientError {
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

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({}:", self.handle.scheme())?;
        if self.host.name().starts_with('/') {
            f.write_str("socket")?;
        } else {
            write!(f, "//{}", self.host)?;
        }
        if let Ok(Some(database)) = self.handle.name() {
            write!(f, "/{database}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Postgres, HandleError> {
        Postgres::from_handle(&Handle::parse(text)?)
    }

    fn options(text: &str) -> PgConnectOptions {
        parse(text).unwrap().options().unwrap()
    }

    #[test]
    fn sslmode_depends_on_who_could_listen() {
        for (text, mode) in [
            ("postgres://u:p@localhost/db", SslMode::Prefer),
            ("postgres://u@db.example/db", SslMode::Prefer),
            ("postgres://u@db.example/db?sslmode=allow", SslMode::Prefer),
            ("postgres://u:p@db.example/db", SslMode::Require),
            ("postgres://u:p@db.example/db?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@db.example/db?sslrootcert=ca.pem", SslMode::VerifyFull),
            ("postgres://u:p@db.example/db?sslmode=require&sslrootcert=ca.pem", SslMode::VerifyCa),
            ("postgres://u:p@db.example/db?sslmode=verify-full", SslMode::VerifyFull),
            ("postgres://u:p@%2Frun%2Fpg/db", SslMode::Disable),
            ("postgres://u:p@%2Frun%2Fpg/db?sslmode=prefer", SslMode::Disable),
        ] {
            assert_eq!(parse(text).unwrap().ssl_mode, mode, "{text}");
        }
        for mode in ["allow", "prefer"] {
            let refused = parse(&format!("postgres://u:p@db.example/db?sslmode={mode}"));
            assert_eq!(refused.unwrap_err().kind(), ProblemKind::Insecure);
        }
    }

    #[test]
    fn the_handles_of_providers_are_taken() {
        let docs = include_str!("postgres.rs").split("# Providers").nth(1).unwrap();
        let docs = docs.split("\nuse ").next().unwrap();
        let handles = docs.split('`').filter(|code| code.starts_with("postgres://"));
        assert_eq!(handles.clone().filter(|handle| parse(handle).is_ok()).count(), 5);
        assert_eq!(handles.count(), 5);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("postgres:///db", "the handle has no host"),
            ("postgres://a,b/db", "the handle names several hosts"),
            ("postgres://%2Frun%2Fa,%2Frun%2Fb/db", "the handle names several hosts"),
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
    fn shows_where_it_points_and_nothing_else() {
        let shown = |text: &str| format!("{:?}", parse(text).unwrap());
        assert_eq!(shown("postgresql://u:p@h/db"), "Postgres(postgresql://h:5432/db)");
        assert_eq!(shown("postgres://u:p@h"), "Postgres(postgres://h:5432)");
        assert_eq!(shown("postgres://u:p@%2Frun%2Fpg/db"), "Postgres(postgres:socket/db)");
    }
}
