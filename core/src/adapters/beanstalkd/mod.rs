//! Beanstalkd, the work queue, through a client of this crate's own.
//!
//! <!-- grammar -->
//! - schemes: `beanstalkd` (port 11300), `beanstalk` (port 11300)
//! - host: One server.
//! - port: Its port.
//! - path: The tube that jobs are put into and consumers watch; `default` without one.
//! - `ttr`: How long a consumer may keep a job, unless its put says otherwise, in whole seconds.
//!   By default `60s`.
//! - `connect_timeout`: For connecting, and for the answer to each command. By default `10s`.
//! - `max_job_size`: The longest job that is taken from the server, in bytes. By default
//!   `67108864`.
//! <!-- end -->
//!
//! A name of a tube is 1 to 200 of letters, digits and `-+/;.$_()`, not beginning with `-`; a `/`
//! in it is written `%2F`.
//!
//! # Security
//!
//! The protocol has no authentication and no TLS: whoever reaches the port can read and delete
//! every job, and everything travels unencrypted. Keep the server on a private network or behind a
//! tunnel.
//!
//! # Servers
//!
//! No provider of note hosts beanstalkd: it is run beside the app. Without [`-b
//! DIR`](https://github.com/beanstalkd/beanstalkd/blob/master/doc/beanstalkd.ronn) it keeps jobs in
//! memory only, and a restart loses them. With it jobs outlive a crash of the server; add `-f 0`
//! for jobs that also outlive a crash of the machine once their put is answered. `-z` sets how big
//! a job may be.
//!
//! # The client
//!
//! The crates for beanstalkd that speak to tokio are years old, so [`BeanstalkdClient`] is part of
//! this one. It follows [the
//! protocol](https://github.com/beanstalkd/beanstalkd/blob/master/doc/protocol.txt) as of
//! beanstalkd 1.12. That server [may forget](https://github.com/beanstalkd/beanstalkd/issues/380)
//! the end of a job's time to run while the connection that has reserved it is idle, so the client
//! says a word every second while it holds jobs.

mod client;
mod connection;
mod consumer;
mod error;
mod job;
mod link;
mod protocol;
mod reading;
mod shared;
mod stats;
mod task;

use std::io;
use std::time::Duration;

pub use self::client::{BeanstalkdClient, Peeked, PutOptions};
pub use self::consumer::Consumer;
pub use self::error::BeanstalkdError;
pub use self::job::Job;
pub use self::stats::{JobState, JobStats, Stats};

use self::connection::Server;
use self::protocol::Tube;
use super::ending::within;
use crate::{Adapter, ClientError, Connect, Handle, HandleError};

/// The most urgent one that the server does not count as urgent.
const DEFAULT_PRIORITY: u32 = 1024;
/// Nobody maintains an image of it, but Alpine has its package.
const LOCAL: crate::Server = crate::Server::new("beanstalkd://127.0.0.1:{port}")
    .image("docker.io/library/alpine:3.22", 11300)
    .build(&["RUN apk add --no-cache beanstalkd && mkdir /data"])
    .command(&["beanstalkd", "-b", "/data"])
    .health(r"printf 'stats\r\nquit\r\n' | nc -w 2 127.0.0.1 11300 | grep -q '^OK'")
    .volume("/data");

/// A beanstalkd server. Its client is a [`BeanstalkdClient`].
///
/// [Its module](self) has the table of what a handle may say.
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
/// let url = "beanstalkd://10.0.0.1/mails?ttr=5m";
/// let environment = Environment::from_pairs([("QUEUE_URL", url)]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.queue), "Beanstalkd(beanstalkd://10.0.0.1:11300/mails)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "beanstalkd",
    schemes("beanstalkd", "beanstalk"),
    port = 11300,
    example = "beanstalkd://localhost:11300/tube",
    server = LOCAL,
    check,
    debug
)]
pub struct Beanstalkd {
    #[handle]
    handle: Handle,
    /// One server.
    #[handle(host)]
    host: String,
    /// Its port.
    #[handle(port)]
    port: u16,
    /// The tube that jobs are put into and consumers watch; `default` without one.
    #[handle(name, names("TUBE"))]
    tube: Option<String>,
    /// How long a consumer may keep a job, unless its put says otherwise, in whole seconds.
    #[handle(param = "ttr", default = "60s", tuning)]
    ttr: Duration,
    /// For connecting, and for the answer to each command.
    #[handle(param = "connect_timeout", default = "10s", max = "24h", tuning)]
    connect_timeout: Duration,
    /// The longest job that is taken from the server, in bytes.
    #[handle(param = "max_job_size", default = "67108864", max = "1073741824", tuning)]
    max_job_size: usize,
}

impl Beanstalkd {
    fn check(&self) -> Result<(), HandleError> {
        self.tube()?;
        if self.ttr.subsec_nanos() > 0 {
            return Err(HandleError::new("`ttr` is not a number of whole seconds")
                .with_help("write it as `60s`, `5m` or `1h`"));
        }
        Ok(())
    }

    fn tube(&self) -> Result<Tube, HandleError> {
        self.tube.as_deref().map_or_else(|| Ok(Tube::default_tube()), Tube::new).map_err(|_| {
            HandleError::new("the path is no name of a tube").with_help(
                "write 1 to 200 of letters, digits and `-+/;.$_()`, not beginning with `-`",
            )
        })
    }
}

impl Connect for Beanstalkd {
    type Client = BeanstalkdClient;

    async fn connect(&self) -> Result<BeanstalkdClient, ClientError> {
        let tube = self.tube().map_err(ClientError::caused_by)?;
        let server =
            Server { host: self.host.clone(), port: self.port, longest_job: self.max_job_size };
        let client = BeanstalkdClient::new(server, tube, self.ttr, self.connect_timeout);
        client.dial().await.map_err(|error| cause(&error, client.limit()))?;
        Ok(client)
    }

    async fn ping(client: &BeanstalkdClient) -> Result<(), ClientError> {
        let limit = client.limit();
        within(limit, async { client.ping().await.map_err(|error| cause(&error, limit)) }).await
    }

    async fn version(client: &BeanstalkdClient) -> Option<String> {
        client.stats().await.ok()?.get("version").map(str::to_owned)
    }

    async fn close(client: BeanstalkdClient) {
        client.close().await;
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
            ("beanstalkd://u:p@h", "the handle has a user name"),
            ("beanstalkd://:p@h", "the handle has a password"),
            ("beanstalkd://h/a/b", "the path has more than one segment"),
            ("beanstalkd://h/-a", "the path is no name of a tube"),
            ("beanstalkd://h/a%20b", "the path is no name of a tube"),
            ("beanstalkd://h/a%0D%0Adelete", "the path is no name of a tube"),
            ("beanstalkd://h?ttr=1500ms", "`ttr` is not a number of whole seconds"),
            ("beanstalkd://h?ttr=9999999h", "the parameter `ttr` has a bad value"),
            ("beanstalkd://h?ttr=60", "the parameter `ttr` has a bad value"),
            (
                "beanstalkd://h?connect_timeout=25h",
                "the parameter `connect_timeout` has a bad value",
            ),
            ("beanstalkd://h?max_job_size=2G", "the parameter `max_job_size` has a bad value"),
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
            assert_eq!(parse(text).unwrap().tube().unwrap().as_str(), tube, "{text}");
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

    /// What a server may send is bounded by what was asked of it.
    #[tokio::test]
    async fn an_answer_that_is_too_long_is_not_waited_for() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 64];
                let length = stream.read(&mut asked).await.unwrap();
                let answer: &[u8] = match &asked[..length] {
                    b"stats\r\n" => b"OK 1073741824\r\n",
                    b"list-tube-used\r\n" => b"OK 1\r\n",
                    _ => b"RESERVED 1 1001\r\n",
                };
                stream.write_all(answer).await.unwrap();
                tokio::spawn(
                    async move { while stream.read(&mut asked).await.unwrap_or(0) > 0 {} },
                );
            }
        });
        let url = format!("beanstalkd://127.0.0.1:{port}?connect_timeout=2s&max_job_size=1000");
        let client = parse(&url).unwrap().connect().await.unwrap();
        let job = client.consumer().reserve().await.unwrap_err();
        assert!(job.to_string().contains("`max_job_size`"), "{job}");
        let stats = client.stats().await.unwrap_err();
        assert!(stats.to_string().contains("too long"), "{stats}");
        let ping = client.ping().await.unwrap_err();
        assert!(ping.to_string().contains("too long"), "{ping}");
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
