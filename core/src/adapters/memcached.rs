//! Memcached, through pools of `async-memcached`.
//!
//! <!-- grammar -->
//! - schemes: `memcached` (port 11211), `memcache` (port 11211)
//! - host: One server or several, separated by commas. Also `HOSTS`, `ADDRESSES`, `NODES`.
//! - port
//! - `connect_timeout`: For connecting, and for waiting for a free connection. By default `10s`.
//! - `max_connections`: The size of the pool, for each server. By default `10`.
//! <!-- end -->
//!
//! The client speaks the protocol without authentication and without TLS, so a handle has no user
//! name and no password: reach the servers over a private network.
//!
//! With several servers each key has its home on one of them, and stays there for as long as the
//! server is in the list, in any order (rendezvous hashing with XXH3). A server with a weight,
//! `host:port:weight`, is refused. The client reaches servers over IPv4 only.
//!
//! A connection is tried before it is given out, unless it was in use within the last second and no
//! other has failed since: after an outage shorter than that, a call may be told of it.
//!
//! | provider | handle |
//! |---|---|
//! | [Amazon ElastiCache](https://docs.aws.amazon.com/AmazonElastiCache/latest/mem-ug/Endpoints.html) of nodes, without encryption in transit | `memcached://name.0001.use1.cache.amazonaws.com,name.0002.use1.cache.amazonaws.com`: the nodes' endpoints, because the client discovers none |
//! | [MemCachier](https://blog.memcachier.com/2017/02/23/ascii-protocol-support/) | none: it asks for a user name and a password, by SASL or by a first command of its own, and the client sends neither |
//!
//! A cache that takes only TLS, as the serverless ones of AWS do, cannot be reached either.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_memcached::{Client, Error};
use deadpool::managed::{
    self, Metrics, Object, Pool, PoolError, QueueMode, RecycleResult, TimeoutType,
};
use deadpool::{Runtime, Status};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::CONNECT_TIMEOUT;
use super::ending::within;
use super::room;
use crate::{Adapter, ClientError, Connect, FailureKind, Handle, HandleError, Host};

/// A connection that was taken so recently is not asked whether it still works.
const TRUSTED: Duration = Duration::from_secs(1);

/// One memcached server or several. Its client is a [`MemcachedPool`] of
/// [`async_memcached::Client`]s.
///
/// ```
/// use backing_services::{BackingServices, Environment, Memcached};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[service(default = "memcached://localhost:11211")]
///     cache: Memcached,
/// }
///
/// let environment = Environment::from_pairs([("CACHE_URL", "memcached://a,b:11212")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.cache), "Memcached(memcached://a:11211,b:11212)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "memcached",
    schemes("memcached", "memcache"),
    port = 11211,
    example = "memcached://localhost:11211",
    check,
    debug
)]
pub struct Memcached {
    #[handle]
    handle: Handle,
    /// One server or several, separated by commas.
    #[handle(host, names("SERVERS", "HOSTS", "ADDRESSES", "NODES"))]
    servers: Vec<Host>,
    /// For connecting, and for waiting for a free connection.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// The size of the pool, for each server.
    #[handle(param = "max_connections", default = "10", max = "10000", tuning)]
    max_connections: NonZeroUsize,
}

/// Connections to every server of a [`Memcached`] handle.
///
/// ```no_run
/// use async_memcached::AsciiProtocol;
/// use backing_services::adapters::memcached::MemcachedPool;
///
/// async fn greet(cache: &MemcachedPool) -> Result<(), Box<dyn std::error::Error>> {
///     let mut client = cache.for_key("greeting").await?; // an async_memcached::Client
///     client.set("greeting", "hello", None, None).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct MemcachedPool {
    servers: Arc<[Server]>,
}

struct Server {
    /// What decides which keys live here: the server's name, not its place in the list.
    seed: u64,
    pool: Pool<Manager>,
}

/// Makes and checks the connections to one server; the name to write for what
/// [`for_key`](MemcachedPool::for_key) gives.
///
/// ```
/// use backing_services::adapters::memcached::Manager;
/// use deadpool::managed::Object;
///
/// async fn version(connection: &mut Object<Manager>) -> Result<String, async_memcached::Error> {
///     connection.version().await
/// }
/// ```
#[derive(Debug)]
pub struct Manager {
    address: String,
    /// When a connection failed last: what is older may be of a server that is gone.
    doubted: Mutex<Instant>,
}

/// Why [`MemcachedPool`] has no connection to give.
///
/// ```
/// # use backing_services::adapters::memcached::MemcachedPool;
/// # async fn f(cache: MemcachedPool) {
/// if let Err(error) = cache.for_key("greeting").await {
///     println!("going on without the cache: {error}");
/// }
/// # }
/// ```
pub type MemcachedError = PoolError<Error>;

impl Memcached {
    fn check(&self) -> Result<(), HandleError> {
        if self.servers.iter().any(|server| server.name().contains(':')) {
            return Err(HandleError::new("the client reaches servers over IPv4 only")
                .with_help("write a host name or an IPv4 address"));
        }
        Ok(())
    }
}

impl Connect for Memcached {
    type Client = MemcachedPool;

    async fn connect(&self) -> Result<MemcachedPool, ClientError> {
        let timeout = Some(self.connect_timeout());
        let servers = self.servers.iter().map(|server| {
            let address = server.to_string();
            let seed = xxh3_64_with_seed(address.as_bytes(), 0);
            let pool = Pool::builder(Manager::new(address))
                .runtime(Runtime::Tokio1)
                // What failed comes up first, and says that the others are to be tried.
                .queue_mode(QueueMode::Lifo)
                .max_size(self.max_connections.get())
                .create_timeout(timeout)
                .wait_timeout(timeout)
                .recycle_timeout(timeout)
                .build()
                .map_err(ClientError::caused_by)?;
            Ok(Server { seed, pool })
        });
        Ok(MemcachedPool { servers: servers.collect::<Result<_, _>>()? })
    }

    async fn ping(client: &MemcachedPool) -> Result<(), ClientError> {
        // One after the other: a list is short, and the first that fails is the answer.
        for server in client.servers.iter() {
            let limit = server.pool.timeouts().create.unwrap_or(CONNECT_TIMEOUT);
            within(limit, ask(&server.pool)).await.map_err(|error| match client.servers.len() {
                1 => error,
                _ => error.at(&server.pool.manager().address),
            })?;
        }
        Ok(())
    }

    fn is_busy(client: &MemcachedPool) -> bool {
        client.servers.iter().any(|server| {
            let Status { size, max_size, available, .. } = server.pool.status();
            room::is_full(max_size, size, available)
        })
    }

    async fn close(client: MemcachedPool) {
        for server in client.servers.iter() {
            server.pool.close();
        }
    }
}

/// Over a connection of the pool; if that fails over another, which has proven to work or is new.
async fn ask(pool: &Pool<Manager>) -> Result<(), ClientError> {
    match ask_once(pool).await? {
        Ok(()) => Ok(()),
        Err(_) => ask_once(pool).await?.map_err(|error| client_cause(&error)),
    }
}

async fn ask_once(pool: &Pool<Manager>) -> Result<Result<(), Error>, ClientError> {
    let mut client = pool.get().await.map_err(|error| cause(&error))?;
    let answer = client.version().await;
    if answer.is_err() {
        // A connection that failed once is not given back.
        drop(Object::take(client));
        pool.manager().doubt();
    }
    Ok(answer.map(drop))
}

impl MemcachedPool {
    /// A connection to the server where `key` lives; it goes back to the pool when dropped.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or no connection becomes free within `connect_timeout`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::memcached::MemcachedPool;
    /// use async_memcached::AsciiProtocol;
    ///
    /// # async fn f(cache: &MemcachedPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let hit = cache.for_key("greeting").await?.get("greeting").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn for_key(&self, key: impl AsRef<[u8]>) -> Result<Object<Manager>, MemcachedError> {
        let key = key.as_ref();
        let home = self.servers.iter().max_by_key(|server| xxh3_64_with_seed(key, server.seed));
        // A handle has a host.
        let home = home.ok_or(PoolError::Closed)?;
        home.pool.get().await
    }

    /// A connection to each server, for what concerns all of them: `stats`, `flush_all`.
    ///
    /// # Errors
    ///
    /// As [`for_key`](Self::for_key), for the first server that gives none.
    ///
    /// ```no_run
    /// # use backing_services::adapters::memcached::MemcachedPool;
    /// # async fn f(cache: &MemcachedPool) -> Result<(), Box<dyn std::error::Error>> {
    /// for mut client in cache.all().await? {
    ///     println!("{}", client.version().await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn all(&self) -> Result<Vec<Object<Manager>>, MemcachedError> {
        let mut clients = Vec::with_capacity(self.servers.len());
        for server in self.servers.iter() {
            clients.push(server.pool.get().await?);
        }
        Ok(clients)
    }
}

impl managed::Manager for Manager {
    type Type = Client;
    type Error = Error;

    async fn create(&self) -> Result<Client, Error> {
        // The scheme is needed: without it `127.0.0.1:11211` is no URL to the client.
        let created = Client::new(format!("tcp://{}", self.address)).await;
        created.inspect_err(|_| self.doubt())
    }

    /// A connection that has been lying about may belong to a server that is gone. To ask each time
    /// would make two round trips of every one.
    async fn recycle(&self, client: &mut Client, metrics: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() {
            // By a call that failed or was given up.
            self.doubt();
            return Err(Error::ConnectionClosed.into());
        }
        let taken = metrics.recycled.unwrap_or(metrics.created);
        if taken.elapsed() < TRUSTED && taken > *self.doubted() {
            return Ok(());
        }
        client.version().await.inspect_err(|_| self.doubt())?;
        Ok(())
    }
}

impl Manager {
    fn new(address: String) -> Self {
        Self { address, doubted: Mutex::new(Instant::now()) }
    }

    fn doubted(&self) -> MutexGuard<'_, Instant> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every connection asked before it is given out again.
    fn doubt(&self) {
        *self.doubted() = Instant::now();
    }
}

fn cause(error: &MemcachedError) -> ClientError {
    match error {
        PoolError::Backend(error) => client_cause(error),
        PoolError::Timeout(TimeoutType::Wait) => {
            ClientError::transient("no connection of the pool became free in time")
        }
        PoolError::Timeout(_) => ClientError::of(FailureKind::Timeout, "no answer in time"),
        other => ClientError::root_cause(other),
    }
}

fn client_cause(error: &Error) -> ClientError {
    match error {
        // Its `source` leaves this one out.
        Error::Connect(io) | Error::Io(io) => ClientError::root_cause(io),
        Error::ConnectionClosed => {
            ClientError::root_cause(&io::Error::from(io::ErrorKind::UnexpectedEof))
        }
        other => ClientError::root_cause(other),
    }
}

impl fmt::Debug for MemcachedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |server: &Server| {
            let Status { size, .. } = server.pool.status();
            format!("{}: {size} connections", server.pool.manager().address)
        };
        let servers: Vec<_> = self.servers.iter().map(state).collect();
        write!(f, "MemcachedPool({})", servers.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Memcached, HandleError> {
        Memcached::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("memcached:///", "the handle has no host"),
            ("memcached://u:p@h", "the handle has a user name"),
            ("memcached://:p@h", "the handle has a password"),
            ("memcached://h/0", "the handle has a path"),
            ("memcached://%2Frun%2Fm.sock", "the host is a path"),
            ("memcached://[::1]", "the client reaches servers over IPv4 only"),
            ("memcached://a,a:11211", "the same server is named twice"),
            ("memcached://h:11211:100", "the host has more than one `:`"),
            ("memcached://h?max_connections=0", "the parameter `max_connections` has a bad value"),
            (
                "memcached://h?max_connections=10001",
                "the parameter `max_connections` has a bad value",
            ),
            (
                "memcached://h?connect_timeout=25h",
                "the parameter `connect_timeout` has a bad value",
            ),
            ("memcached://h?tls=required", "unknown parameter `tls`"),
            ("redis://h", "the scheme `redis` is not one of memcached"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn says_which_servers_and_how_many_connections() {
        for (text, shown, connections) in [
            ("memcached://localhost", "Memcached(memcached://localhost:11211)", 10),
            (
                "memcache://a,memcache://b:11212?max-connections=10000",
                "Memcached(memcache://a:11211,b:11212)",
                10_000,
            ),
        ] {
            let memcached = parse(text).unwrap();
            assert_eq!(format!("{memcached:?}"), shown, "{text}");
            assert_eq!(memcached.max_connections.get(), connections, "{text}");
        }
    }

    #[tokio::test]
    async fn a_key_stays_where_it_is_when_another_server_leaves() {
        let home = async |text: &str, key: &str| {
            let pool = parse(text).unwrap().connect().await.unwrap();
            let seed = |server: &&Server| xxh3_64_with_seed(key.as_bytes(), server.seed);
            pool.servers.iter().max_by_key(seed).unwrap().pool.manager().address.clone()
        };
        let mut moved = 0;
        for key in 0..100 {
            let key = format!("key-{key}");
            let three = home("memcached://a,b,c", &key).await;
            assert_eq!(three, home("memcached://c,a,b", &key).await);
            let two = home("memcached://a,b", &key).await;
            assert!(two == three || three == "c:11211");
            moved += i32::from(two != three);
        }
        assert!((10..60).contains(&moved), "{moved} of 100 keys lived on the third server");
    }
}
