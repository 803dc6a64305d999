//! SQLite, through a pool of `sqlx`: the embedded default, nothing to install.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `sqlite` | |
//! | path | `sqlite:relative.db`, `sqlite:///absolute.db`, `sqlite::memory:` | |
//! | `mode` | `ro`, `rw` (the file must exist), `rwc` (created if missing), `memory` | `rw` |
//! | `connect_timeout`, `max_connections`, `min_connections`, `idle_timeout`, `max_lifetime` | the pool | `10s`, 10, 0, `10m`, `30m` |
//!
//! An in-memory database lives as long as its pool: one connection is always kept open.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteError};

use super::pool::{self, PoolParams};
use super::shared::require_scheme;
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError};
use crate::handle::Handle;
use crate::parts::{Part, Parts};
#[cfg(feature = "sql")]
use crate::secret::Secret;

const MEMORY: &str = ":memory:";
/// Reads the file, which `SELECT 1` does not.
pub(super) const QUESTION: &str = "SELECT count(*) FROM sqlite_schema";

/// A SQLite database. Its client is [`sqlx::SqlitePool`].
///
/// ```
/// use backing_services::{Adapter, Handle, Sqlite};
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
#[derive(Clone)]
pub struct Sqlite {
    handle: Handle,
    path: String,
    mode: Mode,
    pool: PoolParams,
}

#[derive(Deserialize)]
struct Params {
    mode: Option<Mode>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Ro,
    Rw,
    Rwc,
    Memory,
}

impl Adapter for Sqlite {
    const NAME: &'static str = "SQLite";
    const SCHEMES: &'static [&'static str] = &["sqlite"];
    const EXAMPLE: &'static str = "sqlite:app.db?mode=rwc";
    const PARTS: Parts = Parts::new().with(&[(Part::Path, &["PATH", "FILE"])]);
    type Client = SqlitePool;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (params, pool): (Params, PoolParams) = handle.params()?;
        if handle.host().is_some() || handle.username().is_some() || handle.password().is_some() {
            return Err(HandleError::new("a file has no host")
                .with_help("write `sqlite:relative.db` or `sqlite:///absolute.db`"));
        }
        let path = handle.path_decoded();
        if path.is_empty() || path == "/" || path.contains('\0') {
            return Err(HandleError::new("the handle names no file").with_help(
                "write `sqlite:relative.db`, `sqlite:///absolute.db` or `sqlite::memory:`",
            ));
        }
        let mode = match params.mode {
            Some(Mode::Ro | Mode::Rw | Mode::Rwc) if path == MEMORY => {
                return Err(HandleError::new("`mode` does not go with `:memory:`")
                    .with_help("leave it out, or name a file"));
            }
            None if path == MEMORY => Mode::Memory,
            mode => mode.unwrap_or(Mode::Rw),
        };
        Ok(Self { handle: handle.clone(), path, mode, pool: pool.check()? })
    }

    async fn connect(&self) -> Result<SqlitePool, ClientError> {
        let pool = match self.mode {
            Mode::Memory => self.pool.in_memory(self.pool.max_connections()),
            Mode::Ro | Mode::Rw | Mode::Rwc => self.pool.options(),
        };
        pool::connect(pool, self.options()?).await
    }

    async fn ping(client: &SqlitePool) -> Result<(), ClientError> {
        pool::ping(client, QUESTION).await
    }

    async fn close(client: SqlitePool) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.pool.connect_timeout()
    }
}

impl Sqlite {
    fn options(&self) -> Result<SqliteConnectOptions, ClientError> {
        if self.mode == Mode::Memory {
            // Each parse gives a database of its own, shared by the connections of one pool.
            return SqliteConnectOptions::from_str("sqlite::memory:")
                .map_err(|error| pool::cause(&error));
        }
        Ok(SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(self.mode == Mode::Ro)
            .create_if_missing(self.mode == Mode::Rwc))
    }
}

/// Codes: <https://www.sqlite.org/rescode.html>.
pub(super) fn file_cause(error: &SqliteError) -> ClientError {
    use sqlx::error::DatabaseError;

    match error.code().as_deref() {
        Some("14") => ClientError::of(FailureKind::NotFound, "the database file cannot be opened")
            .with_help("check the path; `?mode=rwc` creates a missing file, but no folder"),
        Some("26") => ClientError::new("the file is not a database"),
        Some("5" | "6") => ClientError::transient("the database is locked by another process"),
        _ => ClientError::new(error.message().to_owned()),
    }
}

/// The form in which `sqlx`'s `Any` driver takes the same options.
#[cfg(feature = "sql")]
impl Sqlite {
    pub(super) fn pool_params(&self) -> PoolParams {
        self.pool
    }

    pub(super) fn any_parts(&self) -> Result<super::sql::AnyParts, HandleError> {
        let file = |mode| {
            let url = Handle::builder("sqlite").path(&self.path).param("mode", mode).build()?;
            Ok(Secret::new(url.expose_url()))
        };
        Ok(super::sql::AnyParts {
            url: match self.mode {
                Mode::Memory => Secret::new("sqlite::memory:"),
                Mode::Ro => file("ro")?,
                Mode::Rw => file("rw")?,
                Mode::Rwc => file("rwc")?,
            },
            in_memory: self.mode == Mode::Memory,
            certificates: None,
        })
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sqlite(sqlite:{})", self.path)
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
        assert_eq!(parse("sqlite:shop.db").unwrap().path, "shop.db");
        assert_eq!(parse("sqlite:a%3Fb/shop.db?mode=ro").unwrap().path, "a?b/shop.db");
        assert_eq!(parse("sqlite:///var/shop.db").unwrap().path, "/var/shop.db");
        assert!(parse("sqlite::memory:").unwrap().mode == Mode::Memory);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("sqlite:", "the handle names no file"),
            ("sqlite://shop.db", "a file has no host"),
            ("sqlite:shop.db?mode=create", "the parameter `mode` has a bad value"),
            ("sqlite::memory:?mode=ro", "`mode` does not go with `:memory:`"),
            ("sqlite:shop.db?cache=shared", "unknown parameter `cache`"),
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
