//! What the adapters on `sqlx` share: the pool's parameters, connecting to the server that fits,
//! pinging, errors.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Executor, SqlSafeStr, raw_sql};
use tokio::time::sleep;

use super::ending::within;
#[cfg(feature = "sql")]
use crate::Handle;
use crate::error::{FailureKind, ours};
use crate::{ClientError, HandleError, Parameters};

/// The parameters of a pool.
#[derive(Parameters, Clone, Copy)]
pub(crate) struct Pool {
    /// The most connections that the pool opens.
    #[handle(
        param = "max_connections",
        names("pool_size", "pool_max_size", "max_pool_size", "connection_limit"),
        default = "10",
        max = "10000",
        tuning
    )]
    max: NonZeroU32,
    /// How many connections the pool keeps open when nobody uses them.
    #[handle(
        param = "min_connections",
        names("pool_min_size", "min_pool_size"),
        default = "0",
        max = "10000",
        tuning
    )]
    min: u32,
    /// An idle connection is closed after this.
    #[handle(param = "idle_timeout", default = "10m", tuning)]
    idle_timeout: Duration,
    /// Any connection is closed after this.
    #[handle(param = "max_lifetime", default = "30m", tuning)]
    max_lifetime: Duration,
}

impl Pool {
    pub(crate) fn check(self) -> Result<(), HandleError> {
        if self.min > self.max.get() {
            return Err(HandleError::new("`min_connections` is larger than `max_connections`")
                .with_help(ours!("the pool holds at most {} connections", self.max)));
        }
        Ok(())
    }

    /// A pool whose connections are waited for at most as long as given.
    pub(crate) fn options<DB: Database>(self, acquire_timeout: Duration) -> PoolOptions<DB> {
        PoolOptions::new()
            .acquire_timeout(acquire_timeout)
            .max_connections(self.max.get())
            .min_connections(self.min)
            .idle_timeout(self.idle_timeout)
            .max_lifetime(self.max_lifetime)
    }
}

/// A pool for a database that lives as long as one of its connections is open.
pub(crate) fn in_memory<DB: Database>(pool: PoolOptions<DB>) -> PoolOptions<DB> {
    pool.min_connections(1).idle_timeout(None).max_lifetime(None)
}

/// A database as `sqlx` reaches it.
pub(crate) trait Driver: 'static {
    type Database: Database<Connection: Asks<Self::Database>>;

    /// What an error of its server says; `None` if it is one of another database.
    fn server_error(error: &dyn DatabaseError) -> Option<ClientError>;
}

/// A database that `sqlx`'s `Any` driver reaches too, which takes nothing but URLs.
#[cfg(feature = "sql")]
pub(crate) trait AnyDriver {
    /// Refuses what `Any` cannot do.
    fn check_any(&self) -> Result<(), HandleError> {
        Ok(())
    }

    /// The pool, and the servers that it may be for.
    fn any(&self) -> Result<AnyPool, ClientError>;
}

/// What `Any` connects with.
#[cfg(feature = "sql")]
pub(crate) type AnyPool = (PoolOptions<sqlx::Any>, Servers<sqlx::Any>);

/// A connection that takes statements: a bound that need not be repeated with each `Driver`.
pub(crate) trait Asks<DB: Database>: Connection {
    /// Whether there is a row.
    fn ask(
        &mut self,
        question: &'static str,
    ) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;

    /// Prepares a statement, each connection under the same name.
    fn prepare(&mut self) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

impl<DB: Database> Asks<DB> for DB::Connection
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn ask(&mut self, question: &'static str) -> Result<bool, sqlx::Error> {
        Ok(self.fetch_optional(raw_sql(question)).await?.is_some())
    }

    async fn prepare(&mut self) -> Result<(), sqlx::Error> {
        Executor::prepare(self, "SELECT 1".into_sql_str()).await.map(drop)
    }
}

/// How a server is connected to.
pub(crate) type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// What is asked of all servers, and then the next of all of them. A server that fits answers a
/// question with a row; without a question any server fits.
pub(crate) type Roles = &'static [Option<&'static str>];

/// The servers of a handle, in its order, of which a pool takes the first that fits.
pub(crate) struct Servers<DB: Database> {
    each: Vec<Options<DB>>,
    roles: Roles,
    limit: Duration,
    pooled: bool,
}

impl<DB: Database> Servers<DB> {
    pub(crate) fn one(options: Options<DB>, limit: Duration) -> Self {
        Self::several(vec![options], &[None], limit)
    }

    /// All of them are tried within the time limit.
    pub(crate) fn several(each: Vec<Options<DB>>, roles: Roles, limit: Duration) -> Self {
        Self { each, roles, limit, pooled: false }
    }

    /// There is a pooler before them, which must not lose prepared statements.
    pub(crate) fn pooled(self, pooled: bool) -> Self {
        Self { pooled, ..self }
    }

    /// A connection to the first server that takes one and fits.
    async fn choose<D>(&self) -> Result<(DB::Connection, Options<DB>), ClientError>
    where
        D: Driver<Database = DB>,
        DB::Connection: Asks<DB>,
    {
        let attempts = self.each.len() * self.roles.len();
        let limit = self.limit / u32::try_from(attempts).unwrap_or(u32::MAX).max(1);
        let mut failure: Option<ClientError> = None;
        for role in self.roles {
            for options in &self.each {
                let attempt = async {
                    let mut connection = options.connect().await?;
                    match role {
                        Some(question) if !connection.ask(question).await? => {
                            connection.close().await?;
                            Ok(None)
                        }
                        _ => Ok(Some(connection)),
                    }
                };
                let attempt = async { attempt.await.map_err(|error| cause::<D>(&error)) };
                let error = match within(limit, Box::pin(attempt)).await {
                    Ok(Some(connection)) => return Ok((connection, options.clone())),
                    Ok(None) => misfit(),
                    // The next server would be told the same credential.
                    Err(error) if error.kind() == FailureKind::Authentication => return Err(error),
                    Err(error) => error,
                };
                if failure.as_ref().is_none_or(ClientError::is_transient) {
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or_else(misfit))
    }

    /// Refuses what the server has become since.
    fn guard(&self, pool: PoolOptions<DB>) -> PoolOptions<DB>
    where
        DB::Connection: Asks<DB>,
    {
        let [Some(question)] = *self.roles else { return pool };
        pool.after_connect(move |connection, _| {
            Box::pin(async move {
                if connection.ask(question).await? {
                    return Ok(());
                }
                Err(sqlx::Error::Configuration("the server is of another kind by now".into()))
            })
        })
    }
}

/// Of handles in the form that `sqlx`'s `Any` driver takes.
#[cfg(feature = "sql")]
pub(crate) fn any_options(
    handles: impl IntoIterator<Item = Result<Handle, HandleError>>,
) -> Result<Vec<sqlx::any::AnyConnectOptions>, ClientError> {
    let options = |handle: Result<Handle, HandleError>| {
        let handle = handle.map_err(ClientError::caused_by)?;
        handle.expose_url().parse().map_err(|error: sqlx::Error| ClientError::caused_by(error))
    };
    handles.into_iter().map(options).collect()
}

fn misfit() -> ClientError {
    ClientError::transient("no server of the handle is of the kind that it asks for")
        .with_help("name the others too, or leave `target_session_attrs` out")
}

/// A pool with one open connection. The first connection is made outside the pool: that reports
/// what went wrong, where the pool would try again until its timeout and then say "pool timed out".
pub(crate) async fn connect<D: Driver>(
    pool: PoolOptions<D::Database>,
    servers: Servers<D::Database>,
) -> Result<sqlx::Pool<D::Database>, ClientError> {
    let (mut first, options) = servers.choose::<D>().await?;
    let pool = servers.guard(pool).connect_lazy_with(options);
    let opened = async {
        // Opened before the first one is closed, so that an in-memory database survives.
        let mut second = pool.acquire().await?;
        if servers.pooled {
            // A pooler that does not keep the statements of its clients apart refuses the second.
            first.prepare().await?;
            (*second).prepare().await?;
        }
        first.close().await
    };
    opened.await.map_err(|error| cause::<D>(&error))?;
    if servers.each.len() > 1 {
        tokio::spawn(follow::<D>(pool.clone(), servers));
    }
    Ok(pool)
}

/// Moves the pool to the first server that fits whenever opening a connection takes it long: the
/// pool alone would try its one server until the timeout. `sqlx` has no weak pool, so this ends
/// when the pool is closed.
async fn follow<D: Driver>(pool: sqlx::Pool<D::Database>, servers: Servers<D::Database>) {
    const PAUSE: Duration = Duration::from_millis(200);
    let mut closed = pool.close_event();
    let moves = async {
        let mut is_waiting = false;
        loop {
            sleep(PAUSE).await;
            let options = pool.connect_options();
            // The pool has them and so have we: who else has them is opening a connection.
            let was_waiting = std::mem::replace(&mut is_waiting, Arc::strong_count(&options) > 2);
            if was_waiting
                && is_waiting
                && let Ok((connection, options)) = servers.choose::<D>().await
            {
                let _ = connection.close().await;
                pool.set_connect_options(options);
                is_waiting = false;
            }
        }
    };
    let _ = closed.do_until(moves).await;
}

/// Asks over an idle connection, else over a new one: what the pool would answer is "timed out".
///
/// It asks by a query, because the drivers' own `ping` does not always reach the database: SQLite's
/// does not look at the file.
pub(crate) async fn ping<D: Driver>(
    pool: &sqlx::Pool<D::Database>,
    question: &'static str,
) -> Result<(), ClientError> {
    if pool.is_closed() {
        return Err(ClientError::new("the pool is closed"));
    }
    within(pool.options().get_acquire_timeout(), async {
        if let Some(mut idle) = pool.try_acquire()
            && (*idle).ask(question).await.is_ok()
        {
            return Ok(());
        }
        let asked = async {
            let mut connection = pool.connect_options().connect().await?;
            connection.ask(question).await?;
            connection.close().await
        };
        asked.await.map_err(|error| cause::<D>(&error))
    })
    .await
}

/// The root cause of a driver's error. Texts of the server that repeat the user's name are
/// replaced.
pub(crate) fn cause<D: Driver>(error: &sqlx::Error) -> ClientError {
    match error {
        sqlx::Error::Database(database) => D::server_error(&**database)
            .unwrap_or_else(|| ClientError::new(database.message().to_owned())),
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

/// Of a client certificate, both files are given or none.
pub(crate) fn check_pair(files: [(&str, bool); 2]) -> Result<(), HandleError> {
    let [(cert, has_cert), (key, has_key)] = files;
    if has_cert == has_key {
        return Ok(());
    }
    Err(HandleError::new(ours!("only one of `{cert}` and `{key}` is given"))
        .with_help("a client certificate needs both files"))
}

pub(crate) fn certificates_without_tls(help: &'static str) -> HandleError {
    HandleError::new("the handle has certificates but no TLS to use them in").with_help(help)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::Sqlite;
    use crate::adapter::CONNECT_TIMEOUT;

    #[tokio::test]
    async fn a_pool_is_for_the_server_that_fits_now() {
        const ROLES: Roles = &[Some("SELECT 1 FROM sqlite_schema WHERE name = 'is_primary'")];
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let file = |name| SqliteConnectOptions::new().filename(path(name)).create_if_missing(true);
        let run = async |name, statement: &'static str| {
            file(name).connect().await.unwrap().execute(raw_sql(statement)).await.unwrap();
        };
        let servers = || Servers::several(vec![file("a"), file("b")], ROLES, CONNECT_TIMEOUT);
        let options = || PoolOptions::new().max_connections(1);
        let refused = connect::<Sqlite>(options(), servers()).await.unwrap_err();
        assert!(refused.is_transient() && refused.to_string().starts_with("no server"));

        run("b", "CREATE TABLE is_primary (n)").await;
        let pool = connect::<Sqlite>(options(), servers()).await.unwrap();
        assert_eq!(pool.connect_options().get_filename(), path("b"));

        run("b", "DROP TABLE is_primary").await;
        run("a", "CREATE TABLE is_primary (n)").await;
        pool.acquire().await.unwrap().close().await.unwrap();
        pool.acquire().await.unwrap();
        assert_eq!(pool.connect_options().get_filename(), path("a"));
        pool.close().await;
    }
}
