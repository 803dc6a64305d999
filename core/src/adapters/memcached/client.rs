//! The client: each key on its server, each command over a connection of that server's pool.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::connection::{Answer, Fault, Find, Server, Value};
use super::pool::Pool;
use crate::adapters::ending::within;
use crate::adapters::one_sided_tls::tls_only;
use crate::error::{ClientError, FailureKind};

/// A time to live beyond this is a second of the epoch to the server:
/// <https://docs.memcached.org/protocols/basic/#expiration>.
const LONGEST_RELATIVE: Duration = Duration::from_hours(30 * 24);

/// The servers of a [`Memcached`](crate::Memcached) handle. Cloning it is cheap and shares the
/// connections.
///
/// A key has 1 to 250 bytes, none of them a space or a control character. A value is at most as
/// long as the server takes, by default 1 MiB, and 128 MiB in any case. A time to live of `None`
/// is for ever; one below a second counts as a second.
///
/// Each command ends within the `timeout` of the handle. One that fails may have been carried out
/// all the same, if it is not the server that says so; so may one whose future is dropped.
///
/// ```no_run
/// use std::time::Duration;
///
/// use backing_services::ClientError;
/// use backing_services::adapters::memcached::MemcachedClient;
///
/// async fn greeting(cache: &MemcachedClient) -> Result<Vec<u8>, ClientError> {
///     if let Some(greeting) = cache.get("greeting").await? {
///         return Ok(greeting);
///     }
///     let greeting = b"hello".to_vec();
///     cache.set("greeting", &greeting, Some(Duration::from_mins(5))).await?;
///     Ok(greeting)
/// }
/// ```
///
/// # Errors
///
/// Every command fails when the server of its key does not answer in time or refuses it, and when
/// the key is none.
#[derive(Clone)]
pub struct MemcachedClient {
    homes: Arc<[Home]>,
    timeout: Duration,
}

/// A server, and the connections to it.
pub(super) struct Home {
    /// The server's name, not its place in the list, decides which keys live here.
    seed: u64,
    pool: Pool,
}

/// How a command that stores something is called.
#[derive(Clone, Copy)]
enum Store {
    Set,
    Add,
    Replace,
    Append,
    Prepend,
    Cas(u64),
}

impl MemcachedClient {
    pub(super) fn new(homes: Arc<[Home]>, timeout: Duration) -> Self {
        Self { homes, timeout }
    }

    /// The value of a key; `None` if there is none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let hit = cache.get("greeting").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(self.read(b"get ", key.as_ref()).await?.map(|(data, _)| data))
    }

    /// The values of those of the keys that have one.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let hits = cache.get_many(["user-1", "user-2"]).await?;
    /// assert!(hits.len() <= 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_many<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<HashMap<Vec<u8>, Vec<u8>>, ClientError> {
        let mut commands: HashMap<u64, (&Home, Vec<u8>)> = HashMap::new();
        for key in keys {
            let key = checked(key.as_ref())?;
            let home = self.home(key)?;
            let (_, command) = commands.entry(home.seed).or_insert_with(|| (home, b"get".to_vec()));
            command.push(b' ');
            command.extend_from_slice(key);
        }
        let mut found = HashMap::new();
        for (home, mut command) in commands.into_values() {
            command.extend_from_slice(b"\r\n");
            let mut find = |value: Value<'_>| {
                found.insert(value.key.to_vec(), value.data);
            };
            if self.ask(home, &command, &mut find).await? != Answer::End {
                return Err(Fault::Nonsense.into());
            }
        }
        Ok(found)
    }

    /// The value of a key and its version, for [`compare_and_set`](Self::compare_and_set).
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// if let Some((mut visitors, version)) = cache.get_versioned("visitors").await? {
    ///     visitors.extend_from_slice(b", Ada");
    ///     let is_stored = cache.compare_and_set("visitors", visitors, None, version).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_versioned(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<(Vec<u8>, u64)>, ClientError> {
        let value = self.read(b"gets ", key.as_ref()).await?;
        Ok(value.map(|(data, version)| (data, version.unwrap_or_default())))
    }

    /// Stores a value, whatever there is.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.set("greeting", "hello", Some(Duration::from_mins(5))).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        ttl: Option<Duration>,
    ) -> Result<(), ClientError> {
        let is_stored = self.store(Store::Set, key.as_ref(), value.as_ref(), ttl).await?;
        if is_stored { Ok(()) } else { Err(Fault::Nonsense.into()) }
    }

    /// Stores a value unless there is one; `false` if there is.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let is_mine = cache.add("lock", "me", Some(Duration::from_secs(10))).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn add(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        ttl: Option<Duration>,
    ) -> Result<bool, ClientError> {
        self.store(Store::Add, key.as_ref(), value.as_ref(), ttl).await
    }

    /// Stores a value where there is one already; `false` if there is none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let was_there = cache.replace("greeting", "good evening", None).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn replace(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        ttl: Option<Duration>,
    ) -> Result<bool, ClientError> {
        self.store(Store::Replace, key.as_ref(), value.as_ref(), ttl).await
    }

    /// Adds bytes behind a value; `false` if there is none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.append("visitors", ", Grace").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn append(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<bool, ClientError> {
        self.store(Store::Append, key.as_ref(), value.as_ref(), None).await
    }

    /// Adds bytes before a value; `false` if there is none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.prepend("visitors", "Grace, ").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn prepend(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<bool, ClientError> {
        self.store(Store::Prepend, key.as_ref(), value.as_ref(), None).await
    }

    /// Stores a value if the version of the one that is there is still that of
    /// [`get_versioned`](Self::get_versioned); `false` if it is not.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient, version: u64) -> Result<(), ClientError> {
    /// let is_stored = cache.compare_and_set("visitors", "Ada", None, version).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn compare_and_set(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        ttl: Option<Duration>,
        version: u64,
    ) -> Result<bool, ClientError> {
        self.store(Store::Cas(version), key.as_ref(), value.as_ref(), ttl).await
    }

    /// Deletes a key; `false` if there was none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.delete("greeting").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, key: impl AsRef<[u8]>) -> Result<bool, ClientError> {
        let line = self.line(b"delete ", key.as_ref(), b"").await?;
        said(&line, "DELETED", &["NOT_FOUND"])
    }

    /// Gives a key a new time to live; `false` if there is none.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.touch("session", Some(Duration::from_hours(1))).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn touch(
        &self,
        key: impl AsRef<[u8]>,
        ttl: Option<Duration>,
    ) -> Result<bool, ClientError> {
        let ttl = format!(" {}", seconds(ttl));
        let line = self.line(b"touch ", key.as_ref(), ttl.as_bytes()).await?;
        said(&line, "TOUCHED", &["NOT_FOUND"])
    }

    /// Adds to a value that is a decimal number, and gives what it comes to; `None` if there is
    /// none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let visits = cache.increment("visits", 1).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn increment(
        &self,
        key: impl AsRef<[u8]>,
        by: u64,
    ) -> Result<Option<u64>, ClientError> {
        let by = format!(" {by}");
        number(&self.line(b"incr ", key.as_ref(), by.as_bytes()).await?)
    }

    /// Takes from a value that is a decimal number, never below zero, and gives what it comes to;
    /// `None` if there is none.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// let left = cache.decrement("seats", 1).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn decrement(
        &self,
        key: impl AsRef<[u8]>,
        by: u64,
    ) -> Result<Option<u64>, ClientError> {
        let by = format!(" {by}");
        number(&self.line(b"decr ", key.as_ref(), by.as_bytes()).await?)
    }

    /// Deletes all keys of all servers.
    ///
    /// ```no_run
    /// # use backing_services::{ClientError, adapters::memcached::MemcachedClient};
    /// # async fn f(cache: MemcachedClient) -> Result<(), ClientError> {
    /// cache.flush_all().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn flush_all(&self) -> Result<(), ClientError> {
        for home in self.homes.iter() {
            let line = self.call(home, b"flush_all\r\n").await?;
            if line != "OK" {
                return Err(Fault::Nonsense.into());
            }
        }
        Ok(())
    }

    /// Whether each server answers, and what it says its version is.
    pub(super) async fn answers(&self) -> Result<(), ClientError> {
        // One after the other: a list is short, and the first that fails is the answer.
        for home in self.homes.iter() {
            let answered = within(home.pool.connect_timeout, home.answers()).await;
            answered.map_err(|error| match self.homes.len() {
                1 => error,
                _ => error.at(&home.name()),
            })?;
        }
        Ok(())
    }

    /// What the first server says its version is.
    pub(super) async fn version(&self) -> Option<String> {
        let line = self.call(self.homes.first()?, b"version\r\n").await.ok()?;
        line.strip_prefix("VERSION ").map(str::to_owned)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.homes.iter().any(|home| home.pool.is_busy())
    }

    pub(super) fn close(&self) {
        for home in self.homes.iter() {
            home.pool.close();
        }
    }

    pub(super) fn home(&self, key: &[u8]) -> Result<&Home, ClientError> {
        // A handle has a host.
        let home = self.homes.iter().max_by_key(|home| xxh3_64_with_seed(key, home.seed));
        home.ok_or_else(|| ClientError::new("the handle has no host"))
    }

    async fn read(
        &self,
        name: &[u8],
        key: &[u8],
    ) -> Result<Option<(Vec<u8>, Option<u64>)>, ClientError> {
        let command = [name, checked(key)?, b"\r\n"].concat();
        let mut found = None;
        let mut find = |value: Value<'_>| {
            if value.key == key {
                found = Some((value.data, value.version));
            }
        };
        match self.ask(self.home(key)?, &command, &mut find).await? {
            Answer::End => Ok(found),
            Answer::Line(_) => Err(Fault::Nonsense.into()),
        }
    }

    async fn store(
        &self,
        store: Store,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<bool, ClientError> {
        let (ttl, length) = (seconds(ttl), value.len());
        let version = match store {
            Store::Cas(version) => format!(" {version}"),
            _ => String::new(),
        };
        let head = format!(" 0 {ttl} {length}{version}\r\n");
        let name = store.name();
        let command = [name, checked(key)?, head.as_bytes(), value, b"\r\n"].concat();
        let line = self.call(self.home(key)?, &command).await?;
        said(&line, "STORED", &["NOT_STORED", "EXISTS", "NOT_FOUND"])
    }

    async fn line(&self, name: &[u8], key: &[u8], rest: &[u8]) -> Result<String, ClientError> {
        let command = [name, checked(key)?, rest, b"\r\n"].concat();
        self.call(self.home(key)?, &command).await
    }

    /// A command that is answered with a line.
    async fn call(&self, home: &Home, command: &[u8]) -> Result<String, ClientError> {
        match self.ask(home, command, &mut |_| {}).await? {
            Answer::Line(line) => Ok(line),
            Answer::End => Err(Fault::Nonsense.into()),
        }
    }

    async fn ask(
        &self,
        home: &Home,
        command: &[u8],
        find: &mut Find<'_>,
    ) -> Result<Answer, ClientError> {
        // Pinned, so that it is not moved into the time limit: it is big.
        let answer =
            pin!(async { home.pool.call(command, find).await?.map_err(ClientError::from) });
        within(self.timeout, answer).await
    }
}

impl Home {
    pub(super) fn new(server: Server, size: usize, connect_timeout: Duration) -> Self {
        let seed = xxh3_64_with_seed(server.host.to_string().as_bytes(), 0);
        Self { seed, pool: Pool::new(server, size, connect_timeout) }
    }

    pub(super) fn name(&self) -> String {
        self.pool.server.host.to_string()
    }

    /// Over a connection of the pool; if that fails over another, which has proven to work or is
    /// new.
    async fn answers(&self) -> Result<(), ClientError> {
        let ask = async || self.pool.call(b"version\r\n", &mut |_| {}).await;
        let answer = async {
            match ask().await? {
                Ok(answer) => Ok(answer),
                Err(_) => ask().await?.map_err(ClientError::from),
            }
        };
        let Server { host, tls, .. } = &self.pool.server;
        match answer.await {
            Ok(Answer::Line(line)) if line.starts_with("VERSION ") => Ok(()),
            Ok(_) => Err(Fault::Nonsense.into()),
            // A server with TLS ends a connection that begins with something else.
            Err(error)
                if error.kind() == FailureKind::Protocol && tls.is_none() && !host.is_socket() =>
            {
                Err(tls_only(host, "write `memcacheds://`").await.unwrap_or(error))
            }
            Err(error) => Err(error),
        }
    }
}

impl Store {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Set => b"set ",
            Self::Add => b"add ",
            Self::Replace => b"replace ",
            Self::Append => b"append ",
            Self::Prepend => b"prepend ",
            Self::Cas(_) => b"cas ",
        }
    }
}

/// A space or a line break would end the key, and what follows would be a command.
fn checked(key: &[u8]) -> Result<&[u8], ClientError> {
    let fits = |byte: &u8| !byte.is_ascii_whitespace() && !byte.is_ascii_control();
    if (1..=250).contains(&key.len()) && key.iter().all(fits) {
        return Ok(key);
    }
    Err(ClientError::new("a key has 1 to 250 bytes, none of them a space or a control character"))
}

fn seconds(ttl: Option<Duration>) -> u64 {
    let Some(ttl) = ttl else { return 0 };
    let whole = ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0));
    if ttl <= LONGEST_RELATIVE {
        return whole.max(1);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().saturating_add(whole)
}

fn said(line: &str, yes: &str, no: &[&str]) -> Result<bool, ClientError> {
    if line == yes {
        Ok(true)
    } else if no.contains(&line) {
        Ok(false)
    } else {
        Err(Fault::Nonsense.into())
    }
}

fn number(line: &str) -> Result<Option<u64>, ClientError> {
    match line.trim_end().parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) if line == "NOT_FOUND" => Ok(None),
        Err(_) => Err(Fault::Nonsense.into()),
    }
}

impl fmt::Debug for MemcachedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |home: &Home| format!("{}: {} connections", home.name(), home.pool.len());
        let homes: Vec<_> = self.homes.iter().map(state).collect();
        write!(f, "MemcachedClient({})", homes.join(", "))
    }
}
