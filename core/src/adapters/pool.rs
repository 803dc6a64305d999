//! What the adapters on `sqlx` share: the pool's parameters, connecting to the server that fits,
//! pinging, errors.

use std::cell::Cell;
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Executor, SqlSafeStr, raw_sql};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ending::within;
#[cfg(any(feature = "mysql", feature = "postgres"))]
use super::handover::{FakeServer, Protocol};
use super::room;
#[cfg(feature = "sql")]
use crate::Handle;
use crate::error::{FailureKind, NO_TLS, TLS_ONLY, ours};
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
    #[handle(param = "idle_timeout", default = "10m", max = "1000h", tuning)]
    idle_timeout: Duration,
    /// Any connection is closed after this.
    #[handle(param = "max_lifetime", default = "30m", max = "1000h", tuning)]
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

    /// What its server speaks; `None` if there is no server.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn protocol(_: &Options<Self::Database>) -> Option<Protocol> {
        None
    }

    /// How to reach a fake server, which knows no password, on a port of 127.0.0.1.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fake(_: Protocol, _port: u16) -> Result<Options<Self::Database>, sqlx::Error> {
        Err(sqlx::Error::Configuration("this database has no server".into()))
    }
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

/// One server, as it is asked first and as a pooler takes it that refuses this.
pub(crate) struct Candidate<O> {
    pub(crate) options: O,
    /// Without settings for the session.
    pub(crate) bare: Option<O>,
}

impl<O> From<O> for Candidate<O> {
    fn from(options: O) -> Self {
        Self { options, bare: None }
    }
}

/// The servers of a handle, in its order, of which a pool takes the first that fits.
pub(crate) struct Servers<DB: Database> {
    each: Vec<Candidate<Options<DB>>>,
    roles: Roles,
    limit: Duration,
    pooled: bool,
}

/// A connection to the server that fits.
struct Chosen<DB: Database> {
    connection: DB::Connection,
    options: Options<DB>,
    /// There is a pooler before it.
    pooled: bool,
}

impl<DB: Database<Connection: Asks<DB>>> Servers<DB> {
    pub(crate) fn one(options: Options<DB>, limit: Duration) -> Self {
        Self::several([options.into()], &[None], limit)
    }

    /// All of them are tried within the time limit.
    pub(crate) fn several(
        each: impl IntoIterator<Item = Candidate<Options<DB>>>,
        roles: Roles,
        limit: Duration,
    ) -> Self {
        Self { each: each.into_iter().collect(), roles, limit, pooled: false }
    }

    /// There is a pooler before them, which must not lose prepared statements.
    pub(crate) fn pooled(self, pooled: bool) -> Self {
        Self { pooled, ..self }
    }

    /// A connection to the first server that takes one and fits.
    async fn choose<D>(&self) -> Result<Chosen<DB>, ClientError>
    where
        D: Driver<Database = DB>,
    {
        let attempts = self.each.len() * self.roles.len();
        let limit = self.limit / u32::try_from(attempts).unwrap_or(u32::MAX).max(1);
        let mut failure: Option<ClientError> = None;
        for role in self.roles {
            for candidate in &self.each {
                let attempt = async {
                    let mut chosen = self.open(candidate).await?;
                    match role {
                        Some(question) if !chosen.connection.ask(question).await? => {
                            chosen.connection.close().await?;
                            Ok(None)
                        }
                        _ => Ok(Some(chosen)),
                    }
                };
                let attempt = async { attempt.await.map_err(|error| cause::<D>(&error)) };
                let error = match within(limit, Box::pin(attempt)).await {
                    Ok(Some(chosen)) => return Ok(chosen),
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

    async fn open(
        &self,
        Candidate { options, bare }: &Candidate<Options<DB>>,
    ) -> Result<Chosen<DB>, sqlx::Error> {
        let (options, pooled) = match options.connect().await {
            Ok(connection) => {
                return Ok(Chosen { connection, options: options.clone(), pooled: self.pooled });
            }
            Err(error) => match bare {
                Some(bare) if refuses_settings(&error) => (bare, true),
                _ => return Err(error),
            },
        };
        Ok(Chosen { connection: options.connect().await?, options: options.clone(), pooled })
    }

    /// The question that each of its connections has to answer, if any.
    fn question(&self) -> Option<&'static str> {
        if let [question] = self.roles { *question } else { None }
    }

    /// A pool whose only connection is that of `chosen`.
    async fn pool<D>(
        &self,
        pool: PoolOptions<DB>,
        Chosen { connection, options, .. }: Chosen<DB>,
    ) -> Result<sqlx::Pool<DB>, sqlx::Error>
    where
        D: Driver<Database = DB>,
    {
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        let mut pool = pool;
        #[cfg(any(feature = "mysql", feature = "postgres"))]
        if let Some(protocol) = D::protocol(&options) {
            pool = watched::<D>(pool, self.question(), protocol);
            // Where a process may not listen, the pool opens a second one.
            if let Ok(server) = FakeServer::start(protocol).await {
                let fake = D::fake(protocol, server.port())?;
                let start = Arc::new(Start {
                    first: Mutex::new(Some(connection)),
                    options: options.clone(),
                    is_over: AtomicBool::new(false),
                });
                let pool = guarded(pool, self.question(), Some(Arc::clone(&start)));
                let pool = tokio::select! {
                    pool = pool.connect_with(fake) => pool?,
                    error = server.run() => return Err(error.into()),
                };
                pool.set_connect_options(options);
                start.is_over.store(true, Ordering::SeqCst);
                return Ok(pool);
            }
        }
        // The pool opens its own before the first is closed: an in-memory database lives as long as
        // one of its connections.
        let pool = guarded(pool, self.question(), None).connect_with(options).await?;
        connection.close().await?;
        Ok(pool)
    }
}

/// A pooler refuses settings of the session which it does not know, a server that lacks the setting
/// does too: "protocol violation", "feature not supported", "undefined object".
fn refuses_settings(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("08P01" | "0A000" | "42704"))
}

/// What a pool's first connections are made of.
struct Start<DB: Database> {
    first: Mutex<Option<DB::Connection>>,
    options: Options<DB>,
    is_over: AtomicBool,
}

impl<DB: Database> Start<DB> {
    /// What takes the place of a connection to the fake server.
    async fn next(&self) -> Result<DB::Connection, sqlx::Error> {
        let first = self.first.lock().ok().and_then(|mut first| first.take());
        match first {
            Some(first) => Ok(first),
            None => self.options.connect().await,
        }
    }
}

tokio::task_local! {
    /// Whether a hook of a pool, called in this task, has found a server of another kind.
    static IS_MISFIT: Cell<bool>;
}

fn told(fits: bool) -> bool {
    let _ = IS_MISFIT.try_with(|is_misfit| is_misfit.set(is_misfit.get() || !fits));
    fits
}

/// Refuses what the server has become since, in each new connection.
fn guarded<DB: Database<Connection: Asks<DB>>>(
    pool: PoolOptions<DB>,
    question: Option<&'static str>,
    start: Option<Arc<Start<DB>>>,
) -> PoolOptions<DB> {
    if question.is_none() && start.is_none() {
        return pool;
    }
    pool.after_connect(move |connection, _| {
        let start = start.clone();
        Box::pin(async move {
            if let Some(start) = start
                && !start.is_over.load(Ordering::SeqCst)
            {
                *connection = start.next().await?;
            }
            match question {
                Some(question) if !told(connection.ask(question).await?) => {
                    Err(sqlx::Error::Configuration("the server is of another kind by now".into()))
                }
                _ => Ok(()),
            }
        })
    })
}

/// How long ago a connection must have answered to be handed out without asking it again.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const FRESH: Duration = Duration::from_millis(100);

/// A pool that waits for no connection whose server or network has gone silent, neither when it is
/// handed out nor when it comes back: `sqlx` alone asks both times and waits for ever, and what
/// waits counts as one in use. A server that has become another kind is left too.
///
/// A connection that answered a moment ago, as it came back, is not asked again: so the two
/// questions of `sqlx` for each use stay two.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn watched<D: Driver>(
    pool: PoolOptions<D::Database>,
    question: Option<&'static str>,
    protocol: Protocol,
) -> PoolOptions<D::Database> {
    // Enough is left of the timeout for opening another one.
    let limit = pool.get_acquire_timeout() / 4;
    pool.test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            Box::pin(async move {
                Ok(meta.idle_for < FRESH
                    || still_fits::<D>(connection, question, protocol, limit).await?)
            })
        })
        .after_release(move |connection, _| {
            Box::pin(async move {
                Ok(told(still_fits::<D>(connection, question, protocol, limit).await?))
            })
        })
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn still_fits<D: Driver>(
    connection: &mut <D::Database as Database>::Connection,
    question: Option<&'static str>,
    protocol: Protocol,
    limit: Duration,
) -> Result<bool, sqlx::Error> {
    let answer = async {
        match question {
            Some(question) => connection.ask(question).await,
            None => connection.ping().await.map(|()| true),
        }
    };
    if let Ok(answer) = timeout(limit, answer).await {
        return answer;
    }
    // `sqlx` says goodbye to what it closes, and over TLS waits for the answer without a limit.
    if let Ok(fake) = opened_to_fake::<D>(protocol).await {
        *connection = fake;
    }
    Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
}

/// A connection that ends as soon as it is asked to.
#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn opened_to_fake<D: Driver>(
    protocol: Protocol,
) -> Result<<D::Database as Database>::Connection, sqlx::Error> {
    let server = FakeServer::start(protocol).await?;
    let fake = D::fake(protocol, server.port())?;
    tokio::select! {
        connection = fake.connect() => connection,
        error = server.run() => Err(error.into()),
    }
}

/// Closes a pool, within the time that it may take to get a connection of it. Those that nobody
/// uses are closed at the same time: `sqlx` alone closes one after the other, and one whose network
/// has gone silent has no end.
pub(crate) async fn close<DB: Database>(pool: sqlx::Pool<DB>) {
    let limit = pool.options().get_acquire_timeout();
    let mut closing = JoinSet::new();
    while let Some(idle) = pool.try_acquire() {
        closing.spawn(timeout(limit, idle.detach().close()));
    }
    let _ = timeout(limit, async { tokio::join!(pool.close(), closing.join_all()) }).await;
}

/// A handle in the form that `sqlx`'s `Any` driver takes.
#[cfg(feature = "sql")]
pub(crate) fn any_options(
    handle: Result<Handle, HandleError>,
) -> Result<sqlx::any::AnyConnectOptions, ClientError> {
    let handle = handle.map_err(ClientError::caused_by)?;
    handle.expose_url().parse().map_err(|error: sqlx::Error| ClientError::caused_by(error))
}

fn misfit() -> ClientError {
    ClientError::transient("no server of the handle is of the kind that it asks for")
        .with_help("name the others too, or leave `target_session_attrs` out")
}

/// A pool with one open connection. This is made outside the pool: that reports what went wrong,
/// where the pool would try again until its timeout and then say "pool timed out".
pub(crate) async fn connect<D: Driver>(
    pool: PoolOptions<D::Database>,
    servers: Servers<D::Database>,
) -> Result<sqlx::Pool<D::Database>, ClientError> {
    let mut chosen = servers.choose::<D>().await?;
    let opened = async {
        if chosen.pooled {
            // A pooler that does not keep the statements of its clients apart refuses the second.
            let mut second = chosen.options.connect().await?;
            chosen.connection.prepare().await?;
            second.prepare().await?;
            second.close().await?;
        }
        servers.pool::<D>(pool, chosen).await
    };
    let pool = opened.await.map_err(|error| cause::<D>(&error))?;
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
                && let Ok(chosen) = servers.choose::<D>().await
            {
                let _ = chosen.connection.close().await;
                pool.set_connect_options(chosen.options);
                is_waiting = false;
            }
        }
    };
    let _ = closed.do_until(moves).await;
}

/// Asks over an idle connection, else over a new one: what the pool would answer is "timed out".
/// Where the handle wants a kind of server, the pool's own hooks say whether it is that.
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
    let limit = pool.options().get_acquire_timeout();
    let answers = async {
        let mut is_answered = false;
        if let Some(mut idle) = pool.try_acquire() {
            let asked = timeout(limit / 4, (*idle).ask(question)).await;
            is_answered = matches!(asked, Ok(Ok(_)));
            if is_answered {
                let returned = async {
                    idle.return_to_pool().await;
                    IS_MISFIT.with(Cell::get)
                };
                if !IS_MISFIT.scope(Cell::new(false), returned).await {
                    return Ok(());
                }
            }
        }
        if !is_answered {
            let asked = async {
                let mut connection = pool.connect_options().connect().await?;
                connection.ask(question).await?;
                connection.close().await
            };
            asked.await.map_err(|error| cause::<D>(&error))?;
        }
        // What the handle asks of a server is known to the pool's hooks alone. The connections that
        // the pool has may be in use, or may not answer.
        if pool.size() > 0 {
            let apart = pool.options().clone().min_connections(0).max_connections(1);
            let apart = apart.connect_lazy_with((*pool.connect_options()).clone());
            let opened = opened_by(&apart).await;
            close(apart).await;
            opened
        } else {
            opened_by(pool).await
        }
    };
    // It is too large for the stack of what asks.
    within(limit, Box::pin(answers)).await
}

/// Has the pool open a connection, with the hooks that refuse a server of another kind.
async fn opened_by<DB: Database>(pool: &sqlx::Pool<DB>) -> Result<(), ClientError> {
    let opened = async {
        let mut opening = pin!(pool.acquire());
        let opened = poll_fn(|context| match opening.as_mut().poll(context) {
            // The pool would try again until its timeout.
            Poll::Pending if IS_MISFIT.with(Cell::get) => Poll::Ready(Err(misfit())),
            opened => opened.map(Ok),
        });
        // Another cause was looked for already.
        if let Ok(mut opened) = opened.await? {
            opened.return_to_pool().await;
        }
        if IS_MISFIT.with(Cell::get) { Err(misfit()) } else { Ok(()) }
    };
    IS_MISFIT.scope(Cell::new(false), opened).await
}

/// Whether the pool has no connection to spare for a ping.
pub(crate) fn is_full<DB: Database>(pool: &sqlx::Pool<DB>) -> bool {
    let max = pool.options().get_max_connections() as usize;
    room::is_full(max, pool.size() as usize, pool.num_idle())
}

/// The root cause of a driver's error. Texts of the server that repeat the user's name are
/// replaced.
pub(crate) fn cause<D: Driver>(error: &sqlx::Error) -> ClientError {
    match error {
        sqlx::Error::Database(database) => D::server_error(&**database)
            .unwrap_or_else(|| ClientError::new(database.message().to_owned())),
        sqlx::Error::Io(io) => ClientError::root_cause(io),
        sqlx::Error::Tls(tls) if tls.to_string() == "server does not support TLS" => {
            ClientError::of(FailureKind::Tls, NO_TLS)
        }
        sqlx::Error::Tls(tls) => ClientError::root_cause(&**tls),
        sqlx::Error::Protocol(text) => protocol(text),
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

/// What a driver did not understand, of which its text gives the bytes.
fn protocol(text: &str) -> ClientError {
    // 21 is the kind of a TLS record that is an alert: so a TLS server answers what is no TLS.
    const ALERTS: [&str; 2] = ["unexpected response from SSLRequest: 0x15", "\\u{15}"];
    if ALERTS.iter().any(|alert| text.contains(alert)) {
        return ClientError::of(FailureKind::Tls, TLS_ONLY)
            .with_help("name the port of the database itself, not that of a TLS proxy before it");
    }
    ClientError::of(FailureKind::Protocol, "the server does not speak this database's protocol")
        .with_help("is the port that of the database?")
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
        let servers =
            || Servers::several(["a", "b"].map(|it| file(it).into()), ROLES, CONNECT_TIMEOUT);
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
