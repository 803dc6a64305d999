//! Any SQL database that is compiled in, so that swapping it is a change of handle.
//!
//! <!-- grammar -->
//! MySQL:
//!
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
//!
//! PostgreSQL:
//!
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
//!
//! SQLite:
//!
//! - schemes: `sqlite`
//! - path: The file, or `:memory:`. Required. Also `file`, `filename`, `database`.
//! - `mode`: `ro`: for reading only; `rw`: the file must exist; `rwc`: it is created if missing;
//!   `memory`: no file. Without it `rw`, of `:memory:` `memory`. Either `ro`, `rw`, `rwc` or
//!   `memory`.
//! - `cache`: `shared`: the connections share one cache. An in-memory database is always shared
//!   by them. Either `shared` or `private`.
//! - `immutable`: The file is on a medium that nobody writes to: it is neither locked nor
//!   watched. By default `false`.
//! - `connect_timeout`: For connecting, and for waiting for a free connection. By default `10s`.
//! - `max_connections`: The most connections that the pool opens. By default `10`. Also
//!   `pool_size`, `pool_max_size`, `max_pool_size`, `connection_limit`.
//! - `min_connections`: How many connections the pool keeps open when nobody uses them. By
//!   default `0`. Also `pool_min_size`, `min_pool_size`.
//! - `idle_timeout`: An idle connection is closed after this. By default `10m`.
//! - `max_lifetime`: Any connection is closed after this. By default `30m`.
//! <!-- end -->
//!
//! The scheme chooses among the adapters whose features are on: [`MySql`],
//! [`Postgres`] and [`Sqlite`]. That one reads the handle.
//!
//! The client is [`sqlx::AnyPool`]. It reads columns of the types that the databases share:
//! `SMALLINT`, `INTEGER`, `BIGINT`, `DOUBLE PRECISION`, `VARCHAR(n)` and `TEXT`, and bytes. A yes
//! or no is a `SMALLINT`: only PostgreSQL's `BOOLEAN` could be read back.
//!
//! `Any` takes nothing but a URL, so two things of the adapters cannot be had: Vitess (`PlanetScale`)
//! refuses it, and so does a `PgBouncer` as installed, which needs
//! `ignore_startup_parameters = extra_float_digits`. Both are said when connecting fails. What [`Postgres`](mod@super::postgres) and
//! [`MySql`](mod@super::mysql) say of failover and of a silent network holds here too.
//!
//! # Placeholders
//!
//! `sqlx` hands a statement to the database as it is written. MySQL knows the placeholder `?`,
//! PostgreSQL `$1`, SQLite both, and [`sqlx::QueryBuilder`] writes `?` for all of them.
//! [`placeholders`] puts a statement with `?` into the form that a pool's database reads, so that
//! one binary runs on each:
//!
//! ```no_run
//! use backing_services::BackingServices;
//! use backing_services::adapters::sql::placeholders;
//!
//! #[derive(BackingServices)]
//! struct Services {
//!     db: backing_services::Sql, // DB_URL=mysql://..., postgres://... or sqlite:...
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Services::from_env()?.connect().await?.db;
//! sqlx::query(placeholders(&db, "INSERT INTO orders (number, item) VALUES (?, ?)"))
//!     .bind(1_i64)
//!     .bind("an analytical engine")
//!     .execute(&db)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! A query of [`sqlx::QueryBuilder`] is taken apart for it: `let mut query = builder.build();`,
//! then `query.take_arguments()` and `placeholders(&db, query.sql())` into [`sqlx::query_with`].

use std::fmt;

#[cfg(any(feature = "mysql", feature = "postgres"))]
use sqlx::any::AnyConnectOptions;
use sqlx::any::install_default_drivers;
use sqlx::error::DatabaseError;
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr, SqlStr};

#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::handover::Protocol;
use super::pool::{self, AnyDriver, Driver};
#[cfg(feature = "mysql")]
use crate::MySql;
#[cfg(feature = "postgres")]
use crate::Postgres;
#[cfg(feature = "sqlite")]
use crate::Sqlite;
use crate::{Adapter, ClientError, Connect, HandleError};

/// A SQL database of any kind that is compiled in. Its client is [`sqlx::AnyPool`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use backing_services::{Adapter, Connect, Handle, Sql};
///
/// let db = Sql::from_handle(&Handle::parse("sqlite::memory:")?)?;
/// let pool = db.connect().await?;
/// let (one,): (i64,) = sqlx::query_as("SELECT 1").fetch_one(&pool).await?;
/// assert_eq!(one, 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[allow(clippy::large_enum_variant, reason = "one a field of a struct that is loaded once")]
#[derive(Adapter, Clone)]
#[adapter(name = "SQL", no_client, check)]
pub enum Sql {
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    MySql(MySql),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
}

/// The same of each database.
macro_rules! of_each {
    ($sql:expr, $it:ident => $value:expr) => {
        match $sql {
            #[cfg(feature = "mysql")]
            Sql::MySql($it) => $value,
            #[cfg(feature = "postgres")]
            Sql::Postgres($it) => $value,
            #[cfg(feature = "sqlite")]
            Sql::Sqlite($it) => $value,
        }
    };
}

impl Sql {
    fn check(&self) -> Result<(), HandleError> {
        of_each!(self, it => it.check_any())
    }
}

impl Connect for Sql {
    type Client = AnyPool;

    const PROVEN: bool = true;

    async fn connect(&self) -> Result<AnyPool, ClientError> {
        // The only way to hand `sqlx` its drivers is this global list. It panics where an app has
        // put a list of its own there, which is then the one to use.
        let _ = std::panic::catch_unwind(install_default_drivers);
        let (pool, servers) = of_each!(self, it => it.any())?;
        let pool = pool::connect::<Self>(pool, servers).await?;
        #[cfg(feature = "sqlite")]
        if matches!(self, Self::Sqlite(_)) {
            // A file is opened without a look at what is in it.
            Self::ping(&pool).await?;
        }
        Ok(pool)
    }

    async fn ping(client: &AnyPool) -> Result<(), ClientError> {
        let question = match client.connect_options().database_url.scheme() {
            #[cfg(feature = "sqlite")]
            "sqlite" => super::sqlite::QUESTION,
            _ => "SELECT 1",
        };
        pool::ping::<Self>(client, question).await
    }

    async fn version(client: &AnyPool) -> Option<String> {
        let question = match client.connect_options().database_url.scheme() {
            "sqlite" => "SELECT sqlite_version()",
            "mysql" | "mariadb" | "mysql2" => "SELECT VERSION()",
            _ => "SHOW server_version",
        };
        sqlx::query_scalar(question).fetch_one(client).await.ok()
    }

    fn is_busy(client: &AnyPool) -> bool {
        pool::is_full(client)
    }

    async fn close(client: AnyPool) {
        pool::close(client).await;
    }
}

impl Driver for Sql {
    type Database = sqlx::Any;

    fn server_error(error: &dyn DatabaseError) -> Option<ClientError> {
        let of_each: &[fn(&dyn DatabaseError) -> Option<ClientError>] = &[
            #[cfg(feature = "mysql")]
            MySql::server_error,
            #[cfg(feature = "postgres")]
            Postgres::server_error,
            #[cfg(feature = "sqlite")]
            Sqlite::server_error,
        ];
        of_each.iter().find_map(|server_error| server_error(error))
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn protocol(options: &AnyConnectOptions) -> Option<Protocol> {
        match options.database_url.scheme() {
            #[cfg(feature = "mysql")]
            "mysql" => Some(Protocol::MySql),
            #[cfg(feature = "postgres")]
            "postgres" => Some(Protocol::Postgres),
            _ => None,
        }
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fake(protocol: Protocol, port: u16) -> Result<AnyConnectOptions, sqlx::Error> {
        let url = match protocol {
            #[cfg(feature = "mysql")]
            Protocol::MySql => format!("mysql://root@127.0.0.1:{port}?ssl-mode=disabled"),
            #[cfg(feature = "postgres")]
            Protocol::Postgres => format!("postgres://postgres@127.0.0.1:{port}?sslmode=disable"),
        };
        url.parse()
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        of_each!(self, it => write!(f, "Sql({it:?})"))
    }
}

/// A statement with the placeholder `?`, in the form that the pool's database reads: PostgreSQL
/// gets `$1`, `$2` and so on, the others what was written.
///
/// A `?` in a string, a quoted name or a comment stays. Everywhere else it is a placeholder, so an
/// operator of PostgreSQL such as `?|` cannot be written; its functions, such as
/// `jsonb_exists_any`, can.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use backing_services::adapters::sql::placeholders;
/// use backing_services::{Adapter, Connect, Handle, Sql};
///
/// let db = Sql::from_handle(&Handle::parse("sqlite::memory:")?)?.connect().await?;
/// let sum = placeholders(&db, "SELECT ? + ?");
/// let (three,): (i64,) = sqlx::query_as(sum).bind(1_i64).bind(2_i64).fetch_one(&db).await?;
/// assert_eq!(three, 3);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
pub fn placeholders(pool: &AnyPool, statement: impl SqlSafeStr) -> SqlStr {
    let statement = statement.into_sql_str();
    if !matches!(pool.connect_options().database_url.scheme(), "postgres" | "postgresql") {
        return statement;
    }
    match numbered(statement.as_str()) {
        // Safe as what came in: only placeholders are changed.
        Some(numbered) => AssertSqlSafe(numbered).into_sql_str(),
        None => statement,
    }
}

/// With `$1`, `$2` ... for each `?`; `None` if there is none.
fn numbered(statement: &str) -> Option<String> {
    let mut numbered = String::with_capacity(statement.len() + 8);
    let (mut rest, mut count) = (statement, 0_u32);
    while let Some(at) = rest.find(['?', '\'', '"', '-', '/', '$']) {
        let (before, from) = rest.split_at(at);
        numbered.push_str(before);
        if let Some(after) = from.strip_prefix('?') {
            count += 1;
            numbered.push('$');
            numbered.push_str(&count.to_string());
            rest = after;
        } else {
            let (literal, after) = from.split_at(literal(before, from).unwrap_or(1));
            numbered.push_str(literal);
            rest = after;
        }
    }
    numbered.push_str(rest);
    (count > 0).then_some(numbered)
}

/// The length of the string, the quoted name or the comment that `text` begins with, as PostgreSQL
/// reads them: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>. One without an
/// end takes all.
fn literal(before: &str, text: &str) -> Option<usize> {
    let until = |start: usize, end: &str| {
        text[start..].find(end).map_or(text.len(), |at| start + at + end.len())
    };
    if text.starts_with('\'') {
        let mut words = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_');
        let has_escapes = words.next().is_some_and(|word| word.eq_ignore_ascii_case("e"));
        return Some(if has_escapes { escaped(text) } else { until(1, "'") });
    }
    if text.starts_with('"') {
        return Some(until(1, "\""));
    }
    if text.starts_with("--") {
        return Some(until(2, "\n"));
    }
    if text.starts_with("/*") {
        return Some(comment(text));
    }
    // `$tag$`, which ends at the same.
    let tag = text.strip_prefix('$')?;
    let tag = &tag[..tag.find('$')?];
    let begins_name = tag.starts_with(|c: char| c.is_ascii_digit())
        || before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if begins_name || !tag.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let tag = &text[..tag.len() + 2];
    Some(until(tag.len(), tag))
}

/// Of a string in which a backslash escapes, up to its end.
fn escaped(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'\'' if !is_escaped => return at + 1,
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    text.len()
}

/// Of a comment with comments inside, up to its end.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while let Some(next) = text[at..].find(['/', '*']) {
        at += next;
        let (step, change) = match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth = depth.saturating_add_signed(change);
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Handle;

    #[test]
    fn takes_what_is_compiled_in() {
        let parse = |text: &str| Sql::from_handle(&Handle::parse(text).unwrap());
        assert_eq!(parse("sqlite::memory:").is_ok(), cfg!(feature = "sqlite"));
        assert_eq!(parse("mysql://localhost/db").is_ok(), cfg!(feature = "mysql"));
        assert_eq!(parse("postgres://localhost/db").is_ok(), cfg!(feature = "postgres"));
        assert!(parse("redis://localhost").is_err());
        assert!(parse("mysql://[::1]/db").is_err());
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn a_file_that_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "nothing of a database in here, but enough of a text".repeat(30))
            .unwrap();
        let handle = Handle::builder("sqlite").path(file.to_str().unwrap()).build().unwrap();
        let error = Sql::from_handle(&handle).unwrap().connect().await.unwrap_err();
        assert_eq!(error.to_string(), "the file is not a database");
    }

    #[test]
    fn placeholders_are_numbered() {
        for (written, read) in [
            ("SELECT ?", "SELECT $1"),
            ("?,?,?", "$1,$2,$3"),
            ("a - ? / ? -- b ?\n+ ?", "a - $1 / $2 -- b ?\n+ $3"),
            ("'?' || 'it''s ?' || ?", "'?' || 'it''s ?' || $1"),
            ("'a\\' || ? || 'b'", "'a\\' || $1 || 'b'"),
            (r"E'\'?' || e'\\' || ?", r"E'\'?' || e'\\' || $1"),
            (r"like'\' || ? || ''", r"like'\' || $1 || ''"),
            ("\"a?\"\"b?\" = ?", "\"a?\"\"b?\" = $1"),
            ("/* ? /* ? */ ? */ ? /", "/* ? /* ? */ ? */ $1 /"),
            ("/*/ ? */ ?", "/*/ ? */ $1"),
            ("$$ ? $a$ ? $$ || ?", "$$ ? $a$ ? $$ || $1"),
            ("$ä_1$ ? $$ ? $ä_1$ || ?", "$ä_1$ ? $$ ? $ä_1$ || $1"),
            ("a$b$ || ? || c$b$", "a$b$ || $1 || c$b$"),
            ("'ü' = ? AND 'ö ?' = ?", "'ü' = $1 AND 'ö ?' = $2"),
            ("? 'never closed ?", "$1 'never closed ?"),
        ] {
            assert_eq!(numbered(written).as_deref(), Some(read));
        }
        for unchanged in ["", "SELECT 1", "SELECT $1", "'?'", "-- ?", "/* ?", "$a$ ?", "E'\\'?"] {
            assert_eq!(numbered(unchanged), None);
        }
    }
}
