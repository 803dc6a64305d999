//! Beanstalkd, the work queue, through a client of this crate's own.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `beanstalkd`, `beanstalk` | |
//! | host, port | one server | 11300 |
//! | user, password | none: the protocol has no authentication and no TLS | |
//! | path | the tube that jobs are put into and consumers watch | `default` |
//! | `ttr` | how long a consumer may keep a job, unless its put says otherwise; whole seconds | `60s` |
//! | `connect_timeout` | for connecting, and for the answer to each command | `10s` |
//!
//! A name of a tube is 1 to 200 of letters, digits and `-+/;.$_()`, not beginning with `-`; a `/` in it is
//! written `%2F`.
//!
//! # Security
//!
//! Whoever reaches the port can read and delete every job, and everything travels in the clear. Keep the
//! server on a private network or behind a tunnel.
//!
//! # Servers
//!
//! No provider of note hosts beanstalkd: it is run beside the app. Without
//! [`-b DIR`](https://github.com/beanstalkd/beanstalkd/blob/master/doc/beanstalkd.ronn) it keeps jobs in
//! memory only, and a restart loses them. With it jobs outlive a crash of the server; add `-f 0` for jobs
//! that also outlive a crash of the machine once their put is answered. `-z` sets how big a job may be.
//!
//! # The client
//!
//! The crates for beanstalkd that speak to tokio are years old, so [`BeanstalkdClient`] is part of this one. It
//! follows [the protocol](https://github.com/beanstalkd/beanstalkd/blob/master/doc/protocol.txt) as of
//! beanstalkd 1.12. That server
//! [may forget](https://github.com/beanstalkd/beanstalkd/issues/380) the end of a job's time to run while
//! the connection that has reserved it is idle, so the client says a word every second while it holds jobs.

mod client;
mod connection;
mod consumer;
mod error;
mod job;
mod link;
mod protocol;
mod stats;

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Deserialize;

pub use self::client::{BeanstalkdClient, Peeked, PutOptions};
pub use self::consumer::Consumer;
pub use self::error::BeanstalkdError;
pub use self::job::Job;
pub use self::stats::{JobState, JobStats, Stats};

use self::protocol::Tube;
use super::CONNECT_TIMEOUT;
use super::shared::{one_host, require_scheme, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};

const DEFAULT_PORT: u16 = 11300;
const DEFAULT_TTR: Duration = Duration::from_mins(1);
/// The most urgent one that the server does not count as urgent.
const DEFAULT_PRIORITY: u32 = 1024;

/// A beanstalkd server. Its client is a [`BeanstalkdClient`].
///
/// ```
/// use backing_services::{BackingServices, Beanstalkd, Environment};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[service(default = "beanstalkd://localhost/mails")]
///     queue: Beanstalkd,
/// }
///
/// let environment = Environment::from_pairs([("QUEUE_URL", "beanstalkd://10.0.0.1/mails?ttr=5m")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.queue), "Beanstalkd(beanstalkd://10.0.0.1:11300/mails)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Beanstalkd {
    handle: Handle,
    host: Host,
    tube: Tube,
    params: Params,
}

#[derive(Deserialize, Clone, Copy)]
struct Params {
    connect_timeout: Option<Duration>,
    ttr: Option<Duration>,
}

impl Adapter for Beanstalkd {
    const NAME: &'static str = "beanstalkd";
    const SCHEMES: &'static [&'static str] = &["beanstalkd", "beanstalk"];
    const EXAMPLE: &'static str = "beanstalkd://localhost:11300/tube";
    const PARTS: Parts = Parts::server().with(&[(Part::Name, &["TUBE"])]);
    type Client = BeanstalkdClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let params: Params = handle.params()?;
        if handle.username().is_some() || handle.password().is_some() {
            return Err(HandleError::new("the protocol has no authentication").with_help(
                "leave the user name and password out, and reach the server over a private network",
            ));
        }
        let host = one_host(handle)?.or_port(DEFAULT_PORT);
        let tube = match handle.name()? {
            None => Tube::default_tube(),
            Some(name) => Tube::new(&name).map_err(|_| {
                HandleError::new("the path is no name of a tube").with_help(
                    "write 1 to 200 of letters, digits and `-+/;.$_()`, not beginning with `-`",
                )
            })?,
        };
        if params.ttr.is_some_and(|ttr| ttr.subsec_nanos() > 0) {
            return Err(HandleError::new("`ttr` is not a number of whole seconds")
                .with_help("write it as `60s`, `5m` or `1h`"));
        }
        Ok(Self { handle: handle.clone(), host, tube, params })
    }

    async fn connect(&self) -> Result<BeanstalkdClient, ClientError> {
        let client = BeanstalkdClient::new(
            (self.host.name().to_owned(), self.host.port().unwrap_or(DEFAULT_PORT)),
            self.tube.clone(),
            self.params.ttr.unwrap_or(DEFAULT_TTR),
            self.connect_timeout(),
        );
        client.dial().await.map_err(|error| cause(&error, client.limit()))?;
        Ok(client)
    }

    async fn ping(client: &BeanstalkdClient) -> Result<(), ClientError> {
        let limit = client.limit();
        within(limit, async { client.ping().await.map_err(|error| cause(&error, limit)) }).await
    }

    async fn close(client: BeanstalkdClient) {
        client.close().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.params.connect_timeout.unwrap_or(CONNECT_TIMEOUT)
    }
}

fn cause(error: &BeanstalkdError, limit: Duration) -> ClientError {
    match error {
        BeanstalkdError::Unknown(why) | BeanstalkdError::Unreachable(why)
            if why.kind() == io::ErrorKind::TimedOut =>
        {
            ClientError::no_answer(limit)
        }
        other => ClientError::root_cause(other),
    }
}

impl fmt::Debug for Beanstalkd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handle, host, tube, .. } = self;
        write!(f, "Beanstalkd({}://{host}/{tube})", handle.scheme())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Beanstalkd, HandleError> {
        Beanstalkd::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("beanstalkd:///tube", "the handle has no host"),
            ("beanstalkd://a,b", "the handle names several hosts"),
            ("beanstalkd://u:p@h", "the protocol has no authentication"),
            ("beanstalkd://:p@h", "the protocol has no authentication"),
            ("beanstalkd://h/a/b", "the path has more than one segment"),
            ("beanstalkd://h/-a", "the path is no name of a tube"),
            ("beanstalkd://h/a%20b", "the path is no name of a tube"),
            ("beanstalkd://h/a%0D%0Adelete", "the path is no name of a tube"),
            ("beanstalkd://h?ttr=1500ms", "`ttr` is not a number of whole seconds"),
            ("beanstalkd://h?ttr=9999999h", "the parameter `ttr` has a bad value"),
            ("beanstalkd://h?ttr=60", "the parameter `ttr` has a bad value"),
            ("redis://h", "the scheme `redis` is not one of beanstalkd"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn the_path_is_the_tube() {
        for (text, tube) in [
            ("beanstalkd://h", "default"),
            ("beanstalkd://h/", "default"),
            ("beanstalk://h/mails", "mails"),
            ("beanstalkd://h/eu%2Fmails", "eu/mails"),
        ] {
            assert_eq!(parse(text).unwrap().tube.as_str(), tube, "{text}");
        }
    }

    #[tokio::test]
    async fn a_server_that_speaks_another_protocol() {
        use tokio::io::AsyncWriteExt as _;

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
            }
        });
        let url = format!("beanstalkd://127.0.0.1:{port}?connect_timeout=500ms");
        let client = parse(&url).unwrap().connect().await.unwrap();
        let error = client.stats().await.unwrap_err();
        assert!(error.is_of_connection(), "{error}");
    }

    /// A slow server answers some in time, and those behind them find the same connection.
    #[tokio::test]
    async fn a_server_that_is_slow_keeps_its_connection() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            // One connection only.
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut byte = [0];
            while stream.read(&mut byte).await.unwrap_or(0) > 0 {
                // A put has two lines.
                if byte == *b"x" {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    stream.write_all(b"INSERTED 1\r\n").await.unwrap();
                }
            }
        });
        let url = format!("beanstalkd://127.0.0.1:{port}?connect_timeout=1s");
        let client = parse(&url).unwrap().connect().await.unwrap();
        let puts: Vec<_> = (0..5)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.put("x").await })
            })
            .collect();
        let mut answered = 0;
        for put in puts {
            match put.await.unwrap() {
                Ok(_) => answered += 1,
                Err(error) => assert!(matches!(error, BeanstalkdError::Unknown(_)), "{error}"),
            }
        }
        assert!((1..5).contains(&answered), "{answered} answers in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.put("x").await.expect("the same connection, and its own answer");
    }
}
