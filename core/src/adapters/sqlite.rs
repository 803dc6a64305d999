//! SQLite, through a pool of `sqlx`: the embedded default, nothing to install.
//!
//! <!-- grammar -->
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
//! The file stands behind `sqlite:` or `sqlite://`, and is relative unless it begins with a `/`:
//! `sqlite:app.db`, `sqlite://app.db` and `sqlite:///./app.db` are one file, `sqlite:///var/app.db`
//! is another. `:memory:` is no file: `sqlite::memory:`, `sqlite://:memory:`, `sqlite:///:memory:`.
//! An in-memory database lives as long as its pool: one connection is always kept open.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteError};

use super::pool::{self, Driver, Pool, Servers};
use crate::error::FailureKind;
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Word};

/// Reads the file, which `SELECT 1` does not.
pub(super) const QUESTION: &str = "SELECT count(*) FROM sqlite_schema";
const MEMORY: &str = ":memory:";
/// A file beside the app.
const LOCAL: crate::Server = crate::Server::new("sqlite:{name}.db?mode=rwc");

/// A SQLite database. Its client is [`sqlx::SqlitePool`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{Adapter, Connect, Handle, Sqlite};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Sqlite::from_handle(&Handle::parse("sqlite::memory:")?)?;
/// let pool = db.connect().await?;
/// let (one,): (i64,) = sqlx::query_as("SELECT 1").fetch_one(&pool).await?;
/// assert_eq!(one, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "SQLite",
    schemes("sqlite"),
    example = "sqlite:app.db?mode=rwc",
    others("HOST", "PORT", "USER", "USERNAME", "PASSWORD"),
    server = LOCAL,
    check,
    debug
)]
pub struct Sqlite {
    #[handle]
    handle: Handle,
    /// The file, or `:memory:`.
    #[handle(file, names("file", "filename", "database"))]
    path: PathBuf,
    /// `ro`: for reading only; `rw`: the file must exist; `rwc`: it is created if missing;
    /// `memory`: no file. Without it `rw`, of `:memory:` `memory`.
    #[handle(param = "mode")]
    mode: Option<Mode>,
    /// `shared`: the connections share one cache. An in-memory database is always shared by them.
    #[handle(param = "cache", tuning)]
    cache: Option<Cache>,
    /// The file is on a medium that nobody writes to: it is neither locked nor watched.
    #[handle(param = "immutable", default = "false")]
    immutable: bool,
    /// For connecting, and for waiting for a free connection.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    #[handle(flatten)]
    pool: Pool,
}

#[derive(Word, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Ro,
    Rw,
    Rwc,
    Memory,
}

#[derive(Word, Clone, Copy, PartialEq, Eq)]
enum Cache {
    Shared,
    Private,
}

impl Sqlite {
    fn check(&self) -> Result<(), HandleError> {
        if self.file() == "/" {
            return Err(HandleError::new("the handle names no file").with_help(
                "write `sqlite:relative.db`, `sqlite:///absolute.db` or `sqlite::memory:`",
            ));
        }
        if self.file() == MEMORY && self.mode.is_some_and(|mode| mode != Mode::Memory) {
            return Err(HandleError::new("`mode` does not go with `:memory:`")
                .with_help("leave it out, or name a file"));
        }
        if self.mode() == Mode::Memory && self.cache == Some(Cache::Private) {
            return Err(HandleError::new("`cache=private` does not go with a database in memory")
                .with_help(
                    "leave it out: without sharing each connection had a database of its own",
                ));
        }
        self.pool.check()
    }

    /// No absolute path begins with `/./` or `/../`, or is `/:memory:`: the first `/` is that of
    /// the URL.
    fn file(&self) -> &str {
        let path = self.path.to_str().unwrap_or_default();
        let is_relative =
            |rest: &&str| *rest == MEMORY || rest.starts_with("./") || rest.starts_with("../");
        path.strip_prefix('/').filter(is_relative).unwrap_or(path)
    }

    fn mode(&self) -> Mode {
        let usual = if self.file() == MEMORY { Mode::Memory } else { Mode::Rw };
        self.mode.unwrap_or(usual)
    }

    fn options(&self) -> Result<SqliteConnectOptions, ClientError> {
        if self.mode() == Mode::Memory {
            // Each parse gives a database of its own, shared by the connections of one pool.
            return SqliteConnectOptions::from_str("sqlite::memory:")
                .map_err(|error| pool::cause::<Self>(&error));
        }
        Ok(SqliteConnectOptions::new()
            .filename(self.file())
            .read_only(self.mode() == Mode::Ro)
            .create_if_missing(self.mode() == Mode::Rwc)
            .shared_cache(self.cache == Some(Cache::Shared))
            .immutable(self.immutable))
    }
}

impl Connect for Sqlite {
    type Client = SqlitePool;

    async fn connect(&self) -> Result<SqlitePool, ClientError> {
        let mut options = self.pool.options(self.connect_timeout);
        if self.mode() == Mode::Memory {
            options = pool::in_memory(options);
        }
        pool::connect::<Self>(options, Servers::one(self.options()?, self.connect_timeout)).await
    }

    async fn ping(client: &SqlitePool) -> Result<(), ClientError> {
        pool::ping::<Self>(client, QUESTION).await
    }

    async fn version(client: &SqlitePool) -> Option<String> {
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(client).await.ok()
    }

    fn is_busy(client: &SqlitePool) -> bool {
        pool::is_full(client)
    }

    async fn close(client: SqlitePool) {
        pool::close(client).await;
    }
}

impl Driver for Sqlite {
    type Database = sqlx::Sqlite;

    /// Codes: <https://www.sqlite.org/rescode.html>.
    fn server_error(error: &dyn DatabaseError) -> Option<ClientError> {
        let error = error.try_downcast_ref::<SqliteError>()?;
        Some(match error.code().as_deref() {
            Some("14") => {
                ClientError::of(FailureKind::NotFound, "the database file cannot be opened")
                    .with_help("check the path; `?mode=rwc` creates a missing file, but no folder")
            }
            Some("26") => ClientError::new("the file is not a database"),
            Some("5" | "6") => ClientError::transient("the database is locked by another process"),
            _ => ClientError::new(error.message().to_owned()),
        })
    }
}

#[cfg(feature = "sql")]
impl pool::AnyDriver for Sqlite {
    fn any(&self) -> Result<pool::AnyPool, ClientError> {
        let options = self.pool.options(self.connect_timeout);
        let (options, url) = match self.mode() {
            // `Any` gives each connection an in-memory database of its own, so its pool holds one.
            Mode::Memory => {
                (pool::in_memory(options).max_connections(1), Handle::parse("sqlite::memory:"))
            }
            mode => {
                let mode = match mode {
                    Mode::Ro => "ro",
                    Mode::Rwc => "rwc",
                    Mode::Rw | Mode::Memory => "rw",
                };
                let shared = self.cache == Some(Cache::Shared);
                let url = Handle::builder("sqlite")
                    .path(self.file())
                    .param("mode", mode)
                    .param("cache", if shared { "shared" } else { "private" })
                    .param("immutable", self.immutable.to_string());
                (options, url.build())
            }
        };
        Ok((options, Servers::one(pool::any_options(url)?, self.connect_timeout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Sqlite, HandleError> {
        Sqlite::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn paths() {
        for (text, file) in [
            ("sqlite:shop.db", "shop.db"),
            ("sqlite:a%3Fb/shop.db?mode=ro", "a?b/shop.db"),
            ("sqlite:///var/shop.db", "/var/shop.db"),
            ("sqlite:///./app.db", "./app.db"),
            ("sqlite:///../app.db", "../app.db"),
            ("sqlite://a.db?cache=shared", "a.db"),
            ("sqlite://data/a.db", "data/a.db"),
            ("sqlite:a.db?immutable=1", "a.db"),
            ("sqlite::memory:", MEMORY),
            ("sqlite:///:memory:", MEMORY),
            ("sqlite://:memory:", MEMORY),
        ] {
            let sqlite = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(sqlite.file(), file, "{text}");
            assert_eq!(sqlite.mode() == Mode::Memory, file == MEMORY, "{text}");
        }
        let url = |text: &str| {
            let url = sqlx::ConnectOptions::to_url_lossy(&parse(text).unwrap().options().unwrap());
            url.query().unwrap_or_default().to_owned()
        };
        assert_eq!(url("sqlite://a.db?cache=shared"), "mode=rw&cache=shared");
        assert_eq!(url("sqlite:a.db?immutable=1&mode=ro"), "mode=ro&cache=private&immutable=true");
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("sqlite:", "the handle has no path"),
            ("sqlite:///", "the handle names no file"),
            ("sqlite://user@shop.db", "an `@` stands in the path"),
            (
                "sqlite::memory:?cache=private",
                "`cache=private` does not go with a database in memory",
            ),
            ("sqlite:shop.db?mode=create", "the parameter `mode` has a bad value"),
            ("sqlite::memory:?mode=ro", "`mode` does not go with `:memory:`"),
            ("sqlite:shop.db?cache=some", "the parameter `cache` has a bad value"),
            ("sqlite:shop.db?vfs=unix", "unknown parameter `vfs`"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[tokio::test]
    async fn an_in_memory_database_is_one_for_the_whole_pool() {
        let pool = parse("sqlite::memory:").unwrap().connect().await.unwrap();
        sqlx::query("CREATE TABLE t (n INTEGER)").execute(&pool).await.unwrap();
        let (mut a, mut b) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        sqlx::query("INSERT INTO t VALUES (1)").execute(&mut *a).await.unwrap();
        let (sum,): (i64,) =
            sqlx::query_as("SELECT sum(n) FROM t").fetch_one(&mut *b).await.unwrap();
        assert_eq!(sum, 1);
    }
}
