//! Any SQL database that is compiled in, so that swapping it is a change of handle.
//!
//! | part | meaning |
//! |---|---|
//! | scheme | those of the adapters whose features are on: of [`MySql`](crate::MySql), [`Postgres`](crate::Postgres) and [`Sqlite`](crate::Sqlite) |
//! | the rest | as that adapter reads it |
//!
//! The client is [`sqlx::AnyPool`]. It reads columns of the types that the databases share: `SMALLINT`,
//! `INTEGER`, `BIGINT`, `DOUBLE PRECISION`, `VARCHAR(n)` and `TEXT`, and bytes. A yes or no is a `SMALLINT`:
//! only PostgreSQL's `BOOLEAN` could be read back.
//!
//! # Placeholders
//!
//! `sqlx` hands a statement to the database as it is written. MySQL knows the placeholder `?`, PostgreSQL
//! `$1`, SQLite both, and [`sqlx::QueryBuilder`] writes `?` for all of them. [`placeholders`] puts a
//! statement with `?` into the form that a pool's database reads, so that one binary runs on each:
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
//! A query of [`sqlx::QueryBuilder`] is taken apart for it: `let mut query = builder.build();`, then
//! `query.take_arguments()` and `placeholders(&db, query.sql())` into [`sqlx::query_with`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr, SqlStr};

use super::pool::{self, PoolParams};
use super::shared::{read_certificates, require_scheme};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError, Message};
use crate::handle::Handle;
use crate::secret::Secret;

/// A SQL database of any kind that is compiled in. Its client is [`sqlx::AnyPool`].
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use backing_services::{Adapter, Handle, Sql};
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
#[derive(Clone)]
pub struct Sql {
    handle: Handle,
    pool: PoolParams,
}

/// What an adapter of one database tells `sqlx`'s `Any` driver, which takes nothing but a URL.
pub(super) struct AnyParts {
    pub(super) url: Secret,
    /// `Any` gives each connection an in-memory database of its own, so its pool holds one.
    pub(super) in_memory: bool,
    /// The parameter and file of the authorities to trust.
    pub(super) certificates: Option<(&'static str, PathBuf)>,
}

impl Adapter for Sql {
    const NAME: &'static str = "SQL";
    const SCHEMES: &'static [&'static str] = &[
        #[cfg(feature = "mysql")]
        "mysql",
        #[cfg(feature = "mysql")]
        "mariadb",
        #[cfg(feature = "mysql")]
        "mysql2",
        #[cfg(feature = "postgres")]
        "postgres",
        #[cfg(feature = "postgres")]
        "postgresql",
        #[cfg(feature = "sqlite")]
        "sqlite",
    ];
    const EXAMPLE: &'static str = if cfg!(feature = "mysql") {
        "mysql://user:password@localhost:3306/database"
    } else if cfg!(feature = "postgres") {
        "postgres://user:password@localhost:5432/database"
    } else {
        "sqlite:app.db?mode=rwc"
    };
    type Client = AnyPool;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        let pool = pool_params(handle)?;
        Ok(Self { handle: handle.clone(), pool })
    }

    async fn connect(&self) -> Result<AnyPool, ClientError> {
        // The only way to hand `sqlx` its drivers is this global list. It panics where an app has put a
        // list of its own there, which is then the one to use.
        let _ = std::panic::catch_unwind(install_default_drivers);
        let any = any_parts(&self.handle)?;
        if let Some((parameter, path)) = &any.certificates {
            read_certificates(parameter, path)?;
        }
        let pool = if any.in_memory { self.pool.in_memory(1) } else { self.pool.options() };
        let options = any.url.expose().parse::<AnyConnectOptions>();
        pool::connect(pool, options.map_err(|error| pool::cause(&error))?).await
    }

    async fn ping(client: &AnyPool) -> Result<(), ClientError> {
        let question = match client.connect_options().database_url.scheme() {
            #[cfg(feature = "sqlite")]
            "sqlite" => super::sqlite::QUESTION,
            _ => "SELECT 1",
        };
        pool::ping(client, question).await
    }

    async fn close(client: AnyPool) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.pool.connect_timeout()
    }
}

fn pool_params(handle: &Handle) -> Result<PoolParams, HandleError> {
    match handle.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(crate::Sqlite::from_handle(handle)?.pool_params()),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" | "mysql2" => crate::MySql::from_handle(handle)?.any_pool_params(),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => Ok(crate::Postgres::from_handle(handle)?.pool_params()),
        _ => Err(refuse(handle)),
    }
}

fn any_parts(handle: &Handle) -> Result<AnyParts, ClientError> {
    #[cfg(feature = "postgres")]
    if crate::Postgres::SCHEMES.contains(&handle.scheme()) {
        let postgres = crate::Postgres::from_handle(handle).map_err(ClientError::caused_by)?;
        return postgres.any_parts();
    }
    let parts = match handle.scheme() {
        #[cfg(feature = "sqlite")]
        "sqlite" => crate::Sqlite::from_handle(handle).and_then(|it| it.any_parts()),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" | "mysql2" => {
            crate::MySql::from_handle(handle).and_then(|it| it.any_parts())
        }
        _ => Err(refuse(handle)),
    };
    parts.map_err(ClientError::caused_by)
}

fn refuse(handle: &Handle) -> HandleError {
    require_scheme::<Sql>(handle)
        .err()
        .unwrap_or_else(|| HandleError::new("the scheme is not known"))
        .with_help(if Sql::SCHEMES.is_empty() {
            Message::from(
                "no database is compiled in: switch on the feature `mysql`, `postgres` or `sqlite` \
             beside `sql`",
            )
        } else {
            Message::ours(format_args!("{} are compiled in", crate::suggest::list(Sql::SCHEMES)))
        })
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database: Result<String, HandleError> = match self.handle.scheme() {
            #[cfg(feature = "sqlite")]
            "sqlite" => crate::Sqlite::from_handle(&self.handle).map(|it| format!("{it:?}")),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" | "mysql2" => {
                crate::MySql::from_handle(&self.handle).map(|it| format!("{it:?}"))
            }
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => {
                crate::Postgres::from_handle(&self.handle).map(|it| format!("{it:?}"))
            }
            _ => Err(refuse(&self.handle)),
        };
        write!(f, "Sql({})", database.unwrap_or_default())
    }
}

/// A statement with the placeholder `?`, in the form that the pool's database reads: PostgreSQL gets `$1`,
/// `$2` and so on, the others what was written.
///
/// A `?` in a string, a quoted name or a comment stays. Everywhere else it is a placeholder, so an operator
/// of PostgreSQL such as `?|` cannot be written; its functions, such as `jsonb_exists_any`, can.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use backing_services::adapters::sql::placeholders;
/// use backing_services::{Adapter, Handle, Sql};
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

/// The length of the string, the quoted name or the comment that `text` begins with, as PostgreSQL reads
/// them: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>. One without an end takes all.
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

    #[test]
    fn takes_what_is_compiled_in() {
        let parse = |text: &str| Sql::from_handle(&Handle::parse(text).unwrap());
        assert_eq!(parse("sqlite::memory:").is_ok(), cfg!(feature = "sqlite"));
        assert_eq!(parse("mysql://localhost/db").is_ok(), cfg!(feature = "mysql"));
        assert_eq!(parse("postgres://localhost/db").is_ok(), cfg!(feature = "postgres"));
        assert!(parse("redis://localhost").is_err());
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
