//! RabbitMQ and whatever else speaks AMQP 0-9-1, through `lapin`.
//!
//! <!-- grammar -->
//! - schemes: `amqp` (port 5672), `amqps` (TLS, port 5671)
//! - host: One broker, or several of a cluster, separated by commas: the first that lets the
//!   client in. Also `SERVERS`, `HOSTS`, `ADDRESSES`, `NODES`.
//! - port
//! - user name: With its password; `guest` and `guest` without both. Also `DEFAULT_USER`.
//! - password: Of that user. Also `DEFAULT_PASS`.
//! - path: The virtual host; `/` without a path. Also `VIRTUAL_HOST`, `DEFAULT_VHOST`.
//! - `heartbeat`: Seconds between heartbeats, of which the broker may ask for fewer; 0 for none.
//!   By default `10`.
//! - `connect_timeout`: For connecting, and for a ping. By default `10s`.
//! - `connection_timeout`: The same by RabbitMQ's name, where a bare number is milliseconds.
//! - `channel_max`: Most channels that the app opens, of which the broker may allow fewer.
//! - `frame_max`: Most bytes of a frame, of which the broker may allow fewer; from 4096, or 0 for
//!   the most. By default `131072`.
//! - `name`: What the broker calls this connection. Also `connection_name`, `client_name`.
//! - `auth_mechanism`: How the client authenticates: `plain` by user name and password,
//!   `external` by the client certificate. Either `plain` or `external`. By default `plain`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `cacertfile`: A file of PEM certificates, the only CA certificates to trust. Also `tls_ca`,
//!   `ca`, `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `certfile`: A PEM file of the client certificate. Also `client_cert`, `ssl_cert`,
//!   `ssl_cert_path`.
//! - `keyfile`: A PEM file of its private key. Also `client_key`, `ssl_key`, `ssl_key_path`.
//! - `verify`: Whether the broker's certificate is verified, which it always is. Either
//!   `verify_none` or `verify_peer`.
//! - `server_name_indication`: The name in the broker's certificate, where that is not its host.
//! <!-- end -->
//!
//! A path of `/` alone names the virtual host with the *empty* name, and `/%2f` the one that a
//! handle without a path has: `/` ([as RabbitMQ reads it](https://www.rabbitmq.com/docs/uri-spec)).
//! The parameters are [RabbitMQ's](https://www.rabbitmq.com/docs/uri-query-parameters).
//!
//! Of several brokers, `amqp://a,b/shop` or `amqp://a/shop;amqp://b/shop`, the client connects to
//! the first that lets it in, at the start and whenever it has lost one.
//!
//! # Security
//!
//! A password for another machine is refused with `amqp`, unless `tls=none` says that it may travel
//! unencrypted. The certificate of an `amqps` broker is always verified, and so is the host name in
//! it, or that of `server_name_indication`. RabbitMQ takes `guest` [from its own machine
//! alone](https://www.rabbitmq.com/docs/access-control#default-state), unless it was told
//! otherwise. What the broker sends is looked at before `lapin` reads it: a frame of absurd length,
//! or tables inside tables, end the connection and not the process.
//!
//! # What survives a broker that goes away
//!
//! The client connects again by itself, for as long as it takes: after a crash, an orderly stop, a
//! network that went silent (noticed after two `heartbeat`s). It asks at growing intervals up to a
//! second, or every 10 seconds when the broker refuses it. Channels, their prefetch limits,
//! publisher confirms, and what was declared, bound and consumed through them come back with it:
//! the same [`Channel`](lapin::Channel) publishes again, and the stream of the same
//! [`Consumer`](lapin::Consumer) goes on. Meanwhile
//!
//! - publishing, declaring and opening a channel give an error at once. Try again, or wait with
//!   [`Channel::wait_for_recovery`](lapin::Channel::wait_for_recovery);
//! - a confirm that was awaited when the broker went away gives an error when it is back. Until
//!   then it waits, as does whatever else was asked: put a timeout on it where that matters,
//!   `tokio::time::timeout(Duration::from_secs(5), confirm).await`. The message may have arrived
//!   or not, so publish it again;
//! - `ack` of a delivery from before gives an error, and RabbitMQ delivers it again. Go on with the
//!   next one.
//!
//! A message that was confirmed, persistent and in a durable queue is not lost; one may come twice.
//!
//! A channel does not come back if the broker refuses what it asks for again, and then its consumer
//! gets the error and its user opens another. That happens to a queue with a name of the broker's
//! making, and may happen to a queue that is not durable and was declared on another channel. The
//! others come back some seconds later then.
//!
//! Open channels ahead and keep them, rather than one for each message: if the connection ends
//! while `lapin` 4.12.3 opens a channel, its thread may wait for a lock that it has itself, and the
//! connection stands still for ever. A ping then says that there is no answer, and connecting anew
//! helps. No issue of its tracker is known to be about it. Pings share a channel of their own, which
//! the first one opens.
//!
//! # A hostile server
//!
//! `lapin` 4.12.3 goes on reading for as long as there is something to read, also when its
//! connection was given up: a broker that means harm, and floods it with heartbeats, can hold a
//! socket and a thread for seconds after `connect_timeout`. No issue of its tracker is known to be
//! about it.
//!
//! # Providers
//!
//! - [CloudAMQP](https://www.cloudamqp.com/docs/index.html): its `CLOUDAMQP_URL`, with the virtual
//!   host as path, is a handle as it is if it begins with `amqps://`; otherwise make it so. Name
//!   that variable with `env` or `alias`.
//! - [Amazon MQ for
//!   RabbitMQ](https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements-broker.html):
//!   TLS alone, `amqps://user:password@b-1234.mq.eu-west-1.amazonaws.com:5671`.
//! - [LavinMQ](https://lavinmq.com/documentation/lavinmq-ports): the same protocol and ports, the
//!   same handle.

#![cfg_attr(
    feature = "attached",
    doc = concat!(
        include_str!("../../../doc/consumer.md"),
        include_str!("../../../doc/consumer.rs"),
        "# fn main() {}\n```\n",
    )
)]

mod frames;
mod link;
mod wire;

pub use self::link::RabbitMqConnection;

use std::path::PathBuf;
use std::time::Duration;

use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use rustls_pki_types::ServerName;

use self::frames::Limits;
use self::link::{Login, Target};
use super::CONNECT_TIMEOUT;
use crate::adapter::Parameters;
use crate::adapter::pem::{certificates, private_key};
use crate::adapter::reader::Reader;
use crate::adapter::tls::Encryption;
use crate::error::ours;
use crate::{
    About, Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Part, Secret, Unit,
    Value, Word,
};

/// The longest frame that is worth its memory: `lapin` has room for 64 of them.
const LONGEST_FRAME: u32 = 1 << 20;
/// The shortest that the protocol knows.
const SHORTEST_FRAME: u32 = 4096;
const LOCAL: crate::Server = crate::Server::new("amqp://app:{password}@127.0.0.1:{port}")
    .image("docker.io/library/rabbitmq:4-management", 5672)
    .environment(&[("RABBITMQ_DEFAULT_USER", "app"), ("RABBITMQ_DEFAULT_PASS", "{password}")])
    .health("rabbitmq-diagnostics --quiet check_port_connectivity")
    .volume("/var/lib/rabbitmq")
    .page(15672)
    .addon("cloudamqp")
    .score(
        "amqp",
        &[
            ("host", "HOST"),
            ("port", "PORT"),
            ("vhost", "VHOST"),
            ("username", "USER"),
            ("password", "PASSWORD"),
        ],
    );

/// A message broker. Its client is a [`RabbitMqConnection`], which is a [`lapin::Connection`] that
/// recovers.
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, RabbitMq};
///
/// #[derive(BackingServices)]
/// struct Services {
///     jobs: RabbitMq,
/// }
///
/// let url = "amqps://shop:secret@mq.example/orders";
/// let environment = Environment::from_pairs([("JOBS_URL", url)]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.jobs), "RabbitMq(amqps://mq.example:5671/orders)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "RabbitMQ",
    schemes("amqp" = 5672, "amqps" = tls(5671)),
    example = "amqp://user:password@localhost:5672/vhost",
    bindings("rabbitmq"),
    login = "together",
    unencrypted = "refused",
    server = LOCAL,
    check,
    debug
)]
pub struct RabbitMq {
    #[handle]
    handle: Handle,
    /// One broker, or several of a cluster, separated by commas: the first that lets the client in.
    #[handle(host, names("SERVERS", "HOSTS", "ADDRESSES", "NODES"))]
    brokers: Vec<Host>,
    /// With its password; `guest` and `guest` without both.
    #[handle(username, names("DEFAULT_USER"))]
    user: Option<String>,
    /// Of that user.
    #[handle(password, names("DEFAULT_PASS"))]
    password: Option<Secret>,
    /// The virtual host; `/` without a path.
    #[handle(name, names("VHOST", "VIRTUAL_HOST", "DEFAULT_VHOST"))]
    vhost: Option<String>,
    /// Seconds between heartbeats, of which the broker may ask for fewer; 0 for none.
    #[handle(param = "heartbeat", default = "10", tuning)]
    heartbeat: u16,
    #[handle(flatten)]
    timeout: Timeout,
    /// Most channels that the app opens, of which the broker may allow fewer.
    #[handle(param = "channel_max", tuning)]
    channel_max: Option<u16>,
    /// Most bytes of a frame, of which the broker may allow fewer; from 4096, or 0 for the most.
    #[handle(param = "frame_max", default = "131072", max = "1048576", tuning)]
    frame_max: u32,
    /// What the broker calls this connection.
    #[handle(param = "name", names("connection_name", "client_name"), tuning)]
    name: Option<String>,
    /// How the client authenticates: `plain` by user name and password, `external` by the client
    /// certificate.
    #[handle(param = "auth_mechanism", default = "plain")]
    auth_mechanism: Mechanism,
    #[handle(flatten)]
    encryption: Encryption,
    /// A file of PEM certificates, the only CA certificates to trust.
    #[handle(
        param = "cacertfile",
        ca,
        names("tls_ca", "ca", "ca_cert", "ssl_ca", "ssl_ca_path", "ssl_ca_certs", "ssl_ca_file")
    )]
    cacertfile: Option<PathBuf>,
    /// A PEM file of the client certificate.
    #[handle(param = "certfile", tls_file, names("client_cert", "ssl_cert", "ssl_cert_path"))]
    certfile: Option<PathBuf>,
    /// A PEM file of its private key.
    #[handle(param = "keyfile", tls_file, names("client_key", "ssl_key", "ssl_key_path"))]
    keyfile: Option<PathBuf>,
    /// Whether the broker's certificate is verified, which it always is.
    #[handle(param = "verify")]
    verify: Option<Verify>,
    /// The name in the broker's certificate, where that is not its host.
    #[handle(param = "server_name_indication")]
    server_name: Option<String>,
}

#[derive(Word, Clone, Copy, PartialEq)]
enum Mechanism {
    Plain,
    External,
}

#[derive(Word, Clone, Copy, PartialEq)]
enum Verify {
    VerifyNone,
    VerifyPeer,
}

/// The timeout by its two names, each with a unit of its own.
#[derive(Clone, Copy)]
struct Timeout(Duration);

impl Parameters for Timeout {
    const WORDS: &'static [Word] = &[
        Word::new("connect_timeout", Part::Param, Kind::Duration)
            .default("10s")
            .max("24h")
            .about(About::Tuning)
            .meaning("For connecting, and for a ping."),
        Word::new("connection_timeout", Part::Param, Kind::Duration)
            .max("24h")
            .bare(Unit::Milliseconds)
            .about(About::Tuning)
            .meaning("The same by RabbitMQ's name, where a bare number is milliseconds."),
    ];

    fn read(reader: &mut Reader<'_>) -> Result<Self, HandleError> {
        let own = reader.optional(Duration::read)?;
        let theirs = reader.optional(Duration::read)?;
        if own.is_some() && theirs.is_some() {
            return Err(HandleError::new(
                "both `connect_timeout` and `connection_timeout` are given",
            )
            .with_help("they mean the same: `connect_timeout=5s` is `connection_timeout=5000`"));
        }
        Ok(Self(own.or(theirs).unwrap_or(CONNECT_TIMEOUT)))
    }

    fn connect_timeout(&self) -> Option<Duration> {
        Some(self.0)
    }
}

impl RabbitMq {
    fn check(&self) -> Result<(), HandleError> {
        // The protocol gives its length one byte.
        if self.vhost().len() > 255 {
            return Err(HandleError::new("the name of the virtual host is longer than 255 bytes")
                .with_help("give its name after the host: `/shop`"));
        }
        let has_zero = |text: &str| text.contains('\0');
        if self.user.as_deref().is_some_and(has_zero)
            || self.password.as_ref().is_some_and(|password| has_zero(password.expose()))
        {
            return Err(HandleError::new("a zero byte stands in the user name or password")
                .with_help("SASL PLAIN cannot send one"));
        }
        if (1..SHORTEST_FRAME).contains(&self.frame_max) {
            return Err(HandleError::parameter(
                "the parameter `frame_max` has a bad value",
                ours!("expected a whole number from {SHORTEST_FRAME} to {LONGEST_FRAME}"),
            ));
        }
        self.check_mechanism()?;
        self.check_verification()
    }

    fn check_mechanism(&self) -> Result<(), HandleError> {
        if self.certfile.is_some() != self.keyfile.is_some() {
            return Err(HandleError::new("only one of `certfile` and `keyfile` is given")
                .with_help("a client certificate needs both"));
        }
        if self.auth_mechanism == Mechanism::External {
            if self.certfile.is_none() {
                return Err(HandleError::new(
                    "`auth_mechanism=external` has no client certificate",
                )
                .with_help("name its files with `certfile` and `keyfile`"));
            }
            if self.user.is_some() {
                return Err(HandleError::new("the handle has a user name that nothing sends")
                    .with_help(
                        "leave user name and password out: the client certificate says who it is",
                    ));
            }
        }
        Ok(())
    }

    fn check_verification(&self) -> Result<(), HandleError> {
        if self.verify == Some(Verify::VerifyNone) {
            return Err(HandleError::insecure(
                "`verify=verify_none` would trust anybody who answers",
                "leave it out; name the CA certificate of the broker's with `cacertfile`",
            ));
        }
        let name = self.server_name.as_deref();
        if name == Some("disable") {
            return Err(HandleError::insecure(
                "`server_name_indication=disable` would trust any host with a certificate",
                "leave it out, or write the name in the broker's certificate",
            ));
        }
        if name.is_some_and(|name| ServerName::try_from(name).is_err()) {
            return Err(HandleError::parameter(
                "the parameter `server_name_indication` has a bad value",
                "expected the name of a host",
            ));
        }
        let words = [
            ("verify", self.verify.is_some()),
            ("server_name_indication", self.server_name.is_some()),
        ];
        match words.iter().find(|(_, given)| *given && !self.encryption.is_on()) {
            Some((word, _)) => {
                Err(HandleError::new(ours!("the handle has `{word}` but no TLS to use it in"))
                    .with_help(ours!("write `amqps://`, or leave `{word}` out")))
            }
            None => Ok(()),
        }
    }

    /// No path is `/`, and a path of `/` alone is the empty name.
    fn vhost(&self) -> &str {
        match &self.vhost {
            Some(name) => name,
            None if self.handle.path().is_empty() => "/",
            None => "",
        }
    }
}

impl Connect for RabbitMq {
    type Client = RabbitMqConnection;
    /// The broker has let the client into its virtual host.
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<RabbitMqConnection, ClientError> {
        RabbitMqConnection::open(self.target()?).await
    }

    async fn ping(client: &RabbitMqConnection) -> Result<(), ClientError> {
        client.ping().await
    }

    async fn close(client: RabbitMqConnection) {
        client.end().await;
    }
}

impl RabbitMq {
    fn target(&self) -> Result<Target, ClientError> {
        let tls = self.encryption.is_on().then(|| self.connector()).transpose()?;
        let login = self.login();
        let limits = Limits {
            frame: self.longest_frame(),
            no_heartbeats: self.heartbeat == 0,
            mechanism: login.mechanism_name(),
        };
        Ok(Target {
            handle: self.handle.clone(),
            grammar: Self::GRAMMAR,
            brokers: self.brokers.clone(),
            uri: self.uri(),
            login,
            name: self.name.clone(),
            tls,
            server_name: self.server_name.clone(),
            limits,
            timeout: self.timeout.0,
        })
    }

    fn login(&self) -> Login {
        match (self.auth_mechanism, &self.user, &self.password) {
            (Mechanism::External, ..) => Login::External,
            (Mechanism::Plain, Some(user), Some(password)) => {
                Login::Plain(user.clone(), password.clone())
            }
            (Mechanism::Plain, ..) => Login::Plain("guest".to_owned(), Secret::new("guest")),
        }
    }

    fn longest_frame(&self) -> u32 {
        if self.frame_max == 0 { LONGEST_FRAME } else { self.frame_max }
    }

    fn connector(&self) -> Result<RustlsConnector, ClientError> {
        let config = match &self.cacertfile {
            Some(path) => RustlsConnectorConfig::default()
                .with_parsable_certificates(certificates("cacertfile", path)?),
            None => RustlsConnectorConfig::new_with_platform_verifier(),
        };
        let connector = match (&self.certfile, &self.keyfile) {
            (Some(certificate), Some(key)) => config.connector_with_single_cert(
                certificates("certfile", certificate)?,
                private_key("keyfile", key)?,
            ),
            _ => config.connector_with_no_client_auth(),
        };
        connector.map_err(ClientError::caused_by)
    }

    /// What `lapin` gets to see of the handle; it shows the user name in its `Debug`, so that is
    /// not in it.
    fn uri(&self) -> AMQPUri {
        AMQPUri {
            // Where to connect is for `Target` to say.
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo { username: String::new(), password: String::new() },
                host: String::new(),
                port: 0,
            },
            vhost: self.vhost().to_owned(),
            query: AMQPQueryString {
                // Never 0, with which a broker could ask for a buffer of any size.
                frame_max: Some(self.longest_frame()),
                // And that of pings. 0 is no limit.
                channel_max: self.channel_max.map(|most| most.saturating_add(u16::from(most > 0))),
                heartbeat: Some(self.heartbeat),
                ..AMQPQueryString::default()
            },
        }
    }
}

#[cfg(test)]
mod tests;
