//! etcd as a store of variables, over its JSON gateway.
//!
//! The gateway is plain HTTP with JSON, which `reqwest` speaks; the gRPC client needs `protoc` to
//! build, which no newcomer's build may need.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::source::{Source, Turn};
use crate::adapters::http_client::{HttpTimeouts, cause, origin, refused};
use crate::backoff::Backoff;
use crate::error::ClientError;
use crate::{Adapter, Handle, HandleError, Host, Secret, Tls};

/// How long a watch may say nothing before it is begun anew, so that a network that went silent is
/// noticed.
const SILENCE: Duration = Duration::from_mins(1);
/// No answer of a store of variables is longer.
const LIMIT: usize = 4 * 1024 * 1024;
/// For how long a turn is kept where its instance dies.
const TURN: u64 = 60;

/// [etcd](https://etcd.io) 3.4 or later as a [`Source`]: each key below a prefix is a variable, and a
/// change is followed as soon as it is made.
///
/// The watch resumes where the last read ended, reads everything again after a compaction, and goes
/// on while the store is away: what it said last stays in force, and the log says how old that is.
/// An older state never replaces a newer one.
///
/// The handle is `etcd://user:password@a.example:2379,b.example:2379/shop/`; the path is the prefix,
/// without its first `/`. TLS is `etcds` or `tls=required`, its CA certificates `tls_ca`. A password
/// goes unencrypted to this machine only, unless the handle says `tls=none`.
///
/// ```no_run
/// use backing_services::{Attached, BackingServices, Environment, Etcd, Handle};
///
/// # async fn f<S: BackingServices + 'static>() -> Result<(), Box<dyn std::error::Error>> {
/// // `etcdctl put shop/DATABASE_URL postgres://...`
/// let handle = Handle::parse("etcd://127.0.0.1:2379/shop/")?;
/// let services = Attached::<S>::builder()
///     .source(Etcd::new(&handle)?.at_most(2)) // two instances connect anew at a time
///     .start(Environment::process())
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct Etcd {
    store: Arc<Store>,
    at_most: usize,
}

struct Store {
    address: Address,
    http: Client,
    state: Mutex<State>,
}

/// How the handle of an etcd is read.
#[derive(Adapter, Clone)]
#[adapter(
    name = "etcd",
    schemes("etcd", "etcds" = tls),
    port = 2379,
    example = "etcd://localhost:2379/shop/",
    unencrypted = "refused"
)]
struct Address {
    #[handle]
    handle: Handle,
    /// One server, or several of a cluster, separated by commas.
    #[handle(host)]
    servers: Vec<Host>,
    /// The user, where the cluster asks for one.
    #[handle(username)]
    user: Option<String>,
    /// The password of that user.
    #[handle(password)]
    password: Option<Secret>,
    /// What stands before the name of a variable in its key.
    #[handle(path)]
    prefix: Option<Secret>,
    #[handle(flatten)]
    timeouts: HttpTimeouts,
    #[handle(flatten)]
    tls: Tls,
}

/// The derive asks for it. No field of a struct of services is of this type: the store is what they
/// are read from.
impl crate::Connect for Address {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

#[derive(Default)]
struct State {
    /// Of the last read, and of which cluster.
    cluster: String,
    revision: i64,
    token: Option<String>,
    /// The server to ask first, modulo their number: the one that answered last.
    server: usize,
}

impl Etcd {
    /// The store that a handle leads to. No network.
    ///
    /// # Errors
    ///
    /// The handle is none of etcd, or its file of CA certificates cannot be read.
    ///
    /// ```
    /// use backing_services::{Etcd, Handle};
    ///
    /// assert!(Etcd::new(&Handle::parse("etcd://localhost/shop/")?).is_ok());
    /// assert!(Etcd::new(&Handle::parse("consul://localhost/shop/")?).is_err());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn new(handle: &Handle) -> Result<Self, HandleError> {
        crate::adapter::reader::require_scheme(handle, Address::GRAMMAR)?;
        let address = Address::from_handle(handle)?;
        let refused = |error: ClientError| {
            HandleError::new(error.to_string()).with_help(error.help().to_owned())
        };
        let first = address.servers.first();
        let first = first.ok_or_else(|| HandleError::new("the handle has no host"))?;
        let http = address.timeouts.client(first, &address.tls).map_err(refused)?;
        // A watch has no end; calls have a timeout of their own.
        let http = http.timeout(Duration::from_hours(24)).build();
        let http = http.map_err(|error| refused(cause(&error)))?;
        let store = Store { address, http, state: Mutex::default() };
        Ok(Self { store: Arc::new(store), at_most: usize::MAX })
    }

    /// Lets at most `instances` of those that read the same prefix connect anew at the same time. A
    /// lease of a minute holds the turn of one that dies meanwhile. By default all may.
    ///
    /// ```
    /// # use backing_services::{Etcd, Handle};
    /// let store = Etcd::new(&Handle::parse("etcd://localhost/shop/")?)?.at_most(2);
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    #[must_use]
    pub fn at_most(mut self, instances: usize) -> Self {
        self.at_most = instances.max(1);
        self
    }
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    cluster_id: String,
    #[serde(default)]
    revision: String,
}

#[derive(Deserialize)]
struct Range {
    header: Header,
    #[serde(default)]
    kvs: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize)]
struct Txn {
    #[serde(default)]
    succeeded: bool,
}

impl Store {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prefix(&self) -> &str {
        let prefix = self.address.prefix.as_ref().map_or("", Secret::expose);
        prefix.strip_prefix('/').unwrap_or(prefix)
    }

    /// The keys below a prefix, as etcd names such a range.
    fn range(prefix: &str) -> (String, String) {
        let mut end = prefix.as_bytes().to_vec();
        while end.last() == Some(&0xff) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => *last += 1,
            // All keys: from the first, to the end of all.
            None => return (STANDARD.encode([0]), STANDARD.encode([0])),
        }
        (STANDARD.encode(prefix), STANDARD.encode(end))
    }

    /// Asks one server after another, beginning with the one that answered last.
    async fn send(&self, path: &str, body: &impl Serialize) -> Result<Response, ClientError> {
        let count = self.address.servers.len();
        let first = self.state().server;
        let mut failed = ClientError::new("there is no server");
        for server in (0..count).map(|n| (first + n) % count) {
            match self.send_to(server, path, body).await {
                Ok(answer) => {
                    self.state().server = server;
                    return Ok(answer);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed.masked(|text| self.address.handle.mask(text, Address::GRAMMAR)))
    }

    async fn send_to(
        &self,
        server: usize,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Response, ClientError> {
        for is_last in [false, true] {
            let token = self.token(server, is_last).await?;
            let answer = self.post(server, path, body, token).await?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                // A token lives for some minutes.
                StatusCode::UNAUTHORIZED if !is_last && self.address.user.is_some() => {}
                status => return Err(refused(status)),
            }
        }
        Err(refused(StatusCode::UNAUTHORIZED))
    }

    async fn post(
        &self,
        server: usize,
        path: &str,
        body: &impl Serialize,
        token: Option<String>,
    ) -> Result<Response, ClientError> {
        let Some(host) = self.address.servers.get(server) else {
            return Err(ClientError::new("there is no server"));
        };
        let url = format!("{}/v3/{path}", origin(self.address.tls.is_on(), host));
        // A member that is split from the others then says so; its watch would never have news.
        let mut request = self.http.post(url).header("Grpc-Metadata-hasleader", "true").json(body);
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        let limit = self.address.timeouts.timeout;
        match timeout(limit, request.send()).await {
            Ok(answer) => answer.map_err(|error| cause(&error)),
            Err(_) => Err(ClientError::no_answer(limit)),
        }
    }

    /// What a login gave, for a cluster with users.
    async fn token(&self, server: usize, anew: bool) -> Result<Option<String>, ClientError> {
        let Some(user) = &self.address.user else { return Ok(None) };
        if let Some(token) = self.state().token.clone().filter(|_| !anew) {
            return Ok(Some(token));
        }
        let password = self.address.password.as_ref().map_or("", Secret::expose);
        let body = json!({ "name": user, "password": password });
        let answer = self.post(server, "auth/authenticate", &body, None).await?;
        if !answer.status().is_success() {
            return Err(refused(StatusCode::UNAUTHORIZED));
        }
        let Login { token } = parse(answer, self.address.timeouts.timeout).await?;
        self.state().token = Some(token.clone());
        Ok(Some(token))
    }

    async fn call<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, ClientError> {
        let answer = self.send(path, &body).await?;
        parse(answer, self.address.timeouts.timeout).await
    }

    async fn variables(&self) -> Result<Vec<(String, String)>, ClientError> {
        let prefix = self.prefix();
        let (key, end) = Self::range(prefix);
        let read: Range = self.call("kv/range", json!({ "key": key, "range_end": end })).await?;
        let revision: i64 = read.header.revision.parse().unwrap_or_default();
        {
            let mut state = self.state();
            let is_same = state.cluster == read.header.cluster_id;
            if is_same && revision < state.revision {
                return Err(ClientError::new("the server answers with an older state"));
            }
            (state.cluster, state.revision) = (read.header.cluster_id, revision);
        }
        let mut variables = Vec::with_capacity(read.kvs.len());
        for KeyValue { key, value } in read.kvs {
            let (Some(key), Some(value)) = (text(&key), text(&value)) else {
                return Err(ClientError::new("a key or a value is not UTF-8"));
            };
            let name = key.strip_prefix(prefix).unwrap_or(&key);
            // Turns have a folder of their own.
            if !name.is_empty() && !name.contains('/') {
                variables.push((name.to_owned(), value));
            }
        }
        Ok(variables)
    }

    /// Watches from where the last read ended until a key changes, or until nothing is known about
    /// what changed.
    async fn watch(&self) -> Result<(), ClientError> {
        let (key, end) = Self::range(self.prefix());
        let start = self.state().revision + 1;
        let create = json!({ "create_request": {
            "key": key, "range_end": end, "start_revision": start.to_string(),
        } });
        let mut answer = self.send("watch", &create).await?;
        let mut line = Vec::new();
        loop {
            let chunk = match timeout(SILENCE, answer.chunk()).await {
                Ok(chunk) => chunk.map_err(|error| cause(&error))?,
                Err(_) => None,
            };
            let Some(chunk) = chunk else {
                return Err(ClientError::transient("the watch ended"));
            };
            if line.len() + chunk.len() > LIMIT {
                return Err(ClientError::new("the answer is too long"));
            }
            line.extend_from_slice(&chunk);
            while let Some(at) = line.iter().position(|byte| *byte == b'\n') {
                let rest = line.split_off(at + 1);
                if self.is_news(&std::mem::replace(&mut line, rest))? {
                    return Ok(());
                }
            }
        }
    }

    /// Whether a line of a watch says that something changed, or that nobody knows any more: after
    /// a compaction.
    fn is_news(&self, line: &[u8]) -> Result<bool, ClientError> {
        let line: Value = serde_json::from_slice(line)
            .map_err(|_| ClientError::new("a watch that is no JSON"))?;
        let result = &line["result"];
        if result.is_null() {
            return Err(ClientError::transient("the watch was refused"));
        }
        if result["canceled"] == true {
            return Ok(true);
        }
        let prefix = self.prefix();
        let events = result["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(events.iter().any(|event| {
            let key = event["kv"]["key"].as_str().and_then(text);
            key.is_some_and(|key| !key.strip_prefix(prefix).unwrap_or(&key).contains('/'))
        }))
    }

    /// Puts a key of this instance into one of the places for turns, where one is free.
    async fn take_turn(&self, places: usize) -> Result<Option<i64>, ClientError> {
        let lease: Granted = self.call("lease/grant", json!({ "TTL": TURN.to_string() })).await?;
        for place in 0..places {
            let key = STANDARD.encode(format!("{}turns/{place}", self.prefix()));
            let body = json!({
                "compare": [{ "target": "CREATE", "key": key, "createRevision": "0" }],
                "success": [{ "requestPut": { "key": key, "lease": lease.id } }],
            });
            if self.call::<Txn>("kv/txn", body).await?.succeeded {
                return Ok(lease.id.parse().ok());
            }
        }
        self.give_back(&lease.id).await?;
        Ok(None)
    }

    async fn give_back(&self, lease: &str) -> Result<(), ClientError> {
        self.call::<Value>("lease/revoke", json!({ "ID": lease })).await.map(drop)
    }
}

/// The text of a key or a value.
fn text(encoded: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

async fn parse<T: DeserializeOwned>(answer: Response, limit: Duration) -> Result<T, ClientError> {
    let body = crate::adapters::http_client::body(answer, LIMIT);
    let Ok(body) = timeout(limit, body).await else { return Err(ClientError::no_answer(limit)) };
    serde_json::from_slice(&body?).map_err(|_| ClientError::new("the answer is not etcd's"))
}

impl Source for Etcd {
    async fn read(&self) -> Result<Vec<(String, String)>, String> {
        self.store.variables().await.map_err(|error| error.to_string())
    }

    async fn changed(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));
        loop {
            match self.store.watch().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::debug!(%error, "the watch of etcd is begun anew");
                    // By another server, where there is one: this one may be split from the others.
                    self.store.state().server += 1;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }

    /// Without the store nobody knows whose turn it is, so that nobody waits for it.
    async fn turn(&self) -> Turn {
        if self.at_most == usize::MAX {
            return Turn::default();
        }
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            match self.store.take_turn(self.at_most).await {
                Ok(Some(lease)) => {
                    return Turn::new(Lease { store: Arc::clone(&self.store), lease });
                }
                Ok(None) => sleep(backoff.pause()).await,
                Err(error) => {
                    tracing::warn!(%error, "etcd gives no turn, going on without");
                    return Turn::default();
                }
            }
        }
    }
}

/// A turn, given back when it is dropped.
struct Lease {
    store: Arc<Store>,
    lease: i64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (store, lease) = (Arc::clone(&self.store), self.lease.to_string());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // One that cannot be given back ends by itself.
            runtime.spawn(async move { store.give_back(&lease).await });
        }
    }
}

impl std::fmt::Debug for Etcd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Etcd({})", self.store.address.handle.shown(Address::GRAMMAR))
    }
}
