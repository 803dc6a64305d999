//! Memcached, through pools of connections.
//!
//! <!-- grammar -->
//! - schemes: `memcached` (port 11211), `memcache` (port 11211), `memcacheds` (TLS, port 11211),
//!   `memcached+unix` (a socket)
//! - host: One server or several, separated by commas; none for a socket. Also `HOSTS`,
//!   `ADDRESSES`, `NODES`.
//! - port
//! - user name: Of a server that wants a login.
//! - password: Of that user.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `timeout`: For one command, connecting and waiting for a free connection included. By
//!   default `30s`.
//! - `max_connections`: The size of the pool, for each server. By default `10`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! The client speaks the ASCII protocol, over TCP with or without TLS, or over a Unix socket. User
//! and password are those of the server's
//! [`-Y`](https://docs.memcached.org/features/authentication/), sent with each new connection. To
//! another machine they take TLS or `tls=none`.
//!
//! With several servers each key has its home on one of them, and stays there for as long as the
//! server is in the list, in any order (rendezvous hashing with XXH3). A server with a weight,
//! `host:port:weight`, is refused.
//!
//! A connection is tried before it is used, unless it was in use within the last second and no
//! other has failed since: after an outage shorter than that, a call may be told of it.
//!
//! | provider | handle |
//! |---|---|
//! | [Amazon ElastiCache](https://docs.aws.amazon.com/AmazonElastiCache/latest/mem-ug/Endpoints.html) of nodes | `memcached://name.0001.use1.cache.amazonaws.com,name.0002.use1.cache.amazonaws.com`: the nodes' endpoints, because the client discovers none; with encryption in transit, and for a serverless one, `memcacheds://` |
//! | [MemCachier](https://blog.memcachier.com/2017/02/23/ascii-protocol-support/) | `memcached://USER:PASSWORD@mc1.dev.ec2.memcachier.com:11211?tls=none`: it has no TLS |

mod client;
mod connection;
mod pool;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;

use self::client::Home;
pub use self::client::MemcachedClient;
use self::connection::{Server, login};
use crate::adapter::tls_client::client_config;
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret, Tls};

/// It keeps nothing, and has no login.
const LOCAL: crate::Server = crate::Server::new("memcached://127.0.0.1:{port}")
    .image("docker.io/library/memcached:1.6", 11211)
    .health(
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211 && echo version >&3 && read -t 2 -r a <&3 && \
         [[ $a == VERSION* ]]'",
    );

/// One memcached server or several. Its client is a [`MemcachedClient`].
///
/// [Its module](self) has the table of what a handle may say.
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
    schemes("memcached", "memcache", "memcacheds" = tls, "memcached+unix" = socket),
    port = 11211,
    example = "memcached://localhost:11211",
    unencrypted = "refused",
    login = "together",
    server = LOCAL,
    check,
    debug
)]
pub struct Memcached {
    #[handle]
    handle: Handle,
    /// One server or several, separated by commas; none for a socket.
    #[handle(host, names("SERVERS", "HOSTS", "ADDRESSES", "NODES"))]
    servers: Vec<Host>,
    /// Of a server that wants a login.
    #[handle(username)]
    username: Option<String>,
    /// Of that user.
    #[handle(password)]
    password: Option<Secret>,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// For one command, connecting and waiting for a free connection included.
    #[handle(param = "timeout", default = "30s", max = "24h", tuning)]
    timeout: Duration,
    /// The size of the pool, for each server.
    #[handle(param = "max_connections", default = "10", max = "10000", tuning)]
    max_connections: NonZeroUsize,
    #[handle(flatten)]
    tls: Tls,
}

impl Memcached {
    fn check(&self) -> Result<(), HandleError> {
        let user = self.username.as_deref().unwrap_or_default();
        if user.contains(' ') {
            return Err(HandleError::new("a space stands in the user name")
                .with_help("the protocol ends the name there"));
        }
        Ok(())
    }

    fn hosts(&self) -> Vec<Host> {
        if self.servers.is_empty() {
            return vec![Host::named(&self.handle.path_decoded())];
        }
        self.servers.clone()
    }
}

impl Connect for Memcached {
    type Client = MemcachedClient;

    async fn connect(&self) -> Result<MemcachedClient, ClientError> {
        let tls = if self.tls.is_on() {
            Some(TlsConnector::from(Arc::new(client_config(&self.tls)?)))
        } else {
            None
        };
        let credentials = self.username.as_deref().zip(self.password.as_ref());
        let login = credentials.map(|(user, password)| login(user, password.expose()));
        let homes = self.hosts().into_iter().map(|host| {
            let server = Server { host, tls: tls.clone(), login: login.clone() };
            Home::new(server, self.max_connections.get(), self.connect_timeout)
        });
        Ok(MemcachedClient::new(homes.collect(), self.timeout))
    }

    async fn ping(client: &MemcachedClient) -> Result<(), ClientError> {
        client.answers().await
    }

    async fn version(client: &MemcachedClient) -> Option<String> {
        client.version().await
    }

    fn is_busy(client: &MemcachedClient) -> bool {
        client.is_busy()
    }

    async fn close(client: MemcachedClient) {
        client.close();
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
            ("memcached://u@localhost", "the handle has a user name and no password"),
            ("memcached://:p@localhost", "the handle has a password and no user name"),
            ("memcached://a%20b:p@localhost", "a space stands in the user name"),
            ("memcached://h/0", "the handle has a path"),
            ("memcached://%2Frun%2Fm.sock", "the host is a path"),
            ("memcached+unix://a/run/m.sock", "the handle names no socket"),
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
            ("memcached://h?tls_ca=ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
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
            pool.home(key.as_bytes()).unwrap().name()
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
