//! What the adapters on `sqlx` share: pool parameters, root causes, connecting and pinging.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Executor, Pool, raw_sql};

use super::CONNECT_TIMEOUT;
use super::shared::within;
use crate::error::{ClientError, FailureKind, HandleError, Message};

const DEFAULT_MAX: u32 = 10;

/// | parameter | meaning | default |
/// |---|---|---|
/// | `connect_timeout` | for connecting, and for waiting for a free connection | `10s` |
/// | `max_connections` | size of the pool | 10 |
/// | `min_connections` | kept open when idle | 0 |
/// | `idle_timeout` | an idle connection is closed after | `10m` |
/// | `max_lifetime` | any connection is closed after | `30m` |
#[derive(Deserialize, Clone, Copy, Default)]
pub(crate) struct PoolParams {
    connect_timeout: Option<Duration>,
    max_connections: Option<NonZeroU32>,
    min_connections: Option<u32>,
    idle_timeout: Option<Duration>,
    max_lifetime: Option<Duration>,
}

impl PoolParams {
    pub(crate) fn check(self) -> Result<Self, HandleError> {
        let (min, max) = (self.min_connections.unwrap_or(0), self.max_connections());
        if min > max {
            return Err(HandleError::new("`min_connections` is larger than `max_connections`")
                .with_help(Message::ours(format_args!(
                    "the pool holds at most {max} connections"
                ))));
        }
        Ok(self)
    }

    pub(crate) fn max_connections(self) -> u32 {
        self.max_connections.map_or(DEFAULT_MAX, NonZeroU32::get)
    }

    pub(crate) fn connect_timeout(self) -> Duration {
        self.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }

    pub(crate) fn options<DB: Database>(self) -> PoolOptions<DB> {
        let mut options = PoolOptions::new()
            .acquire_timeout(self.connect_timeout())
            .max_connections(self.max_connections());
        if let Some(min) = self.min_connections {
            options = options.min_connections(min);
        }
        if let Some(timeout) = self.idle_timeout {
            options = options.idle_timeout(timeout);
        }
        if let Some(lifetime) = self.max_lifetime {
            options = options.max_lifetime(lifetime);
        }
        options
    }

    /// A pool for a database that lives as long as one of its connections is open.
    pub(crate) fn in_memory<DB: Database>(self, max_connections: u32) -> PoolOptions<DB> {
        self.options()
            .max_connections(max_connections)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
    }
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A pool with one open connection. The first one is made outside the pool: that reports what went
/// wrong, where the pool would try again until its timeout and then say "pool timed out".
pub(crate) async fn connect<DB: Database>(
    pool: PoolOptions<DB>,
    options: Options<DB>,
) -> Result<Pool<DB>, ClientError> {
    let first = options.connect().await.map_err(|error| cause(&error))?;
    let pool = pool.connect_lazy_with(options);
    // Opened before the first one is closed, so that an in-memory database survives.
    let second = pool.acquire().await.map_err(|error| cause(&error));
    let closed = first.close().await.map_err(|error| cause(&error));
    second?;
    closed?;
    Ok(pool)
}

/// Asks over an idle connection, else over a new one: what the pool would answer is "timed out".
///
/// It asks by a query, because the drivers' own `ping` does not always reach the database: SQLite's does
/// not look at the file.
pub(crate) async fn ping<DB: Database>(
    pool: &Pool<DB>,
    question: &'static str,
) -> Result<(), ClientError>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if pool.is_closed() {
        return Err(ClientError::new("the pool is closed"));
    }
    within(pool.options().get_acquire_timeout(), async {
        if let Some(mut idle) = pool.try_acquire()
            && idle.execute(raw_sql(question)).await.is_ok()
        {
            return Ok(());
        }
        let options = pool.connect_options();
        let mut connection = options.connect().await.map_err(|error| cause(&error))?;
        connection.execute(raw_sql(question)).await.map_err(|error| cause(&error))?;
        connection.close().await.map_err(|error| cause(&error))
    })
    .await
}

/// The root cause of a driver's error. Texts of the server that repeat the user's name are replaced.
pub(crate) fn cause(error: &sqlx::Error) -> ClientError {
    match error {
        sqlx::Error::Database(database) => database_cause(&**database),
        sqlx::Error::Io(io) => ClientError::root_cause(io),
        sqlx::Error::Tls(tls) => ClientError::root_cause(&**tls),
        // The text goes on with the character.
        sqlx::Error::Configuration(reason)
            if reason.to_string().starts_with("Failed to saslprep") =>
        {
            ClientError::of(
                FailureKind::Authentication,
                "the password has a character that SCRAM authentication does not allow",
            )
        }
        sqlx::Error::Configuration(reason) => ClientError::root_cause(&**reason),
        sqlx::Error::PoolTimedOut => {
            ClientError::transient("no connection of the pool became free in time")
        }
        sqlx::Error::PoolClosed => ClientError::new("the pool is closed"),
        other => ClientError::root_cause(other),
    }
}

fn database_cause(error: &dyn sqlx::error::DatabaseError) -> ClientError {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return super::mysql::server_cause(error);
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return super::postgres::server_cause(error);
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        return super::sqlite::file_cause(error);
    }
    ClientError::new(error.message().to_owned())
}
