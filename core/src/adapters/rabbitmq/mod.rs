//! RabbitMQ and whatever else speaks AMQP 0-9-1, through `lapin`.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | `amqp://` | in the clear | port 5672 |
//! | `amqps://` | TLS from the first byte | port 5671 |
//! | user, password | both or none, for SASL PLAIN | `guest`, `guest` |
//! | host, port | one host | as above |
//! | path | the virtual host: none is `/`, `/%2f` is `/`, `/shop` is `shop`, and `/` alone is the one with the *empty* name ([as RabbitMQ reads it](https://www.rabbitmq.com/docs/uri-spec)) | `/` |
//! | `heartbeat` | whole seconds, as [RabbitMQ's](https://www.rabbitmq.com/docs/heartbeats); the broker may ask for less | `10` |
//! | `channel_max` | most channels of the connection; the broker may allow fewer | the broker's |
//! | `connect_timeout` | for connecting, and for a ping | `10s` |
//! | `connection_timeout` | the same by [RabbitMQ's name](https://www.rabbitmq.com/docs/uri-query-parameters), in whole milliseconds | |
//! | `cacertfile` | of `amqps` alone: file of PEM certificates, the only authorities to trust | those of the system |
//! | `certfile`, `keyfile` | of `amqps` alone: PEM files of a client certificate and its key | |
//! | `verify` | of `amqps` alone: `verify_peer`; `verify_none` is refused | `verify_peer` |
//! | `tls` | of `amqp` alone: `none` says that a password may travel in the clear | |
//!
//! A password for another machine is refused with `amqp`, unless `tls=none` says that it is meant.
//! The certificate of an `amqps` broker is always verified, and so is the host name in it. RabbitMQ takes `guest`
//! [from its own machine alone](https://www.rabbitmq.com/docs/access-control#default-state), unless it was told
//! otherwise.
//!
//! # What survives a broker that goes away
//!
//! The client connects again by itself, for as long as it takes: after a crash, an orderly stop, a network that
//! went silent (noticed after two `heartbeat`s). It asks at growing intervals up to a second, or every 10 seconds when
//! the broker refuses it. Channels, their prefetch limits, publisher confirms, and what was declared, bound and consumed through
//! them come back with it: the same [`Channel`](lapin::Channel) publishes again, and the stream of the same
//! [`Consumer`](lapin::Consumer) goes on. Meanwhile
//!
//! - publishing, declaring and opening a channel give an error at once. Try again, or wait with
//!   [`Channel::wait_for_recovery`](lapin::Channel::wait_for_recovery);
//! - a confirm that was awaited when the broker went away gives an error when it is back. Until then it
//!   waits: put a time limit on it where that matters. The message may have arrived or not, so publish it again;
//! - `ack` of a delivery from before gives an error, and RabbitMQ delivers it again. Go on with the next one.
//!
//! A message that was confirmed, persistent and in a durable queue is not lost; one may come twice.
//!
//! A channel does not come back if the broker refuses what it asks for again, and then its consumer gets the error and
//! its user opens another. That happens to a queue with a name of the broker's making, and may happen to a queue that is
//! not durable and was declared on another channel. The others come back some seconds later then.
//!
//! # Providers
//!
//! - [CloudAMQP](https://www.cloudamqp.com/docs/index.html): its `CLOUDAMQP_URL`, with the virtual host as path, is a
//!   handle as it is if it begins with `amqps://`; otherwise make it so. Name that variable with `env` or `alias`.
//! - [Amazon MQ for RabbitMQ](https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements-broker.html):
//!   TLS alone, `amqps://user:password@b-1234.mq.eu-west-1.amazonaws.com:5671`.
//! - [LavinMQ](https://lavinmq.com/documentation/lavinmq-ports): the same protocol and ports, the same handle.

mod link;
mod wire;

pub use self::link::RabbitMqConnection;

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

use self::link::{Link, Login};
use super::CONNECT_TIMEOUT;
use super::shared::{
    self, certificates_without_tls, one_host, read_certificates, require_scheme, require_tls,
};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};
use crate::secret::Secret;

const DEFAULT_HEARTBEAT: u16 = 10;

/// A message broker. Its client is a [`RabbitMqConnection`], which is a [`lapin::Connection`] that recovers.
///
/// ```
/// use backing_services::{BackingServices, Environment, RabbitMq};
///
/// #[derive(BackingServices)]
/// struct Services {
///     jobs: RabbitMq,
/// }
///
/// let environment = Environment::from_pairs([("JOBS_URL", "amqps://shop:secret@mq.example/orders")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.jobs), "RabbitMq(amqps://mq.example:5671/orders)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct RabbitMq {
    handle: Handle,
    host: Host,
    vhost: String,
    login: Login,
    params: Params,
}

#[derive(Deserialize, Clone)]
struct Params {
    heartbeat: Option<NonZeroU16>,
    channel_max: Option<NonZeroU16>,
    connect_timeout: Option<Duration>,
    connection_timeout: Option<NonZeroU32>,
    cacertfile: Option<PathBuf>,
    certfile: Option<PathBuf>,
    keyfile: Option<PathBuf>,
    verify: Option<Verify>,
    tls: Option<Tls>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Verify {
    VerifyPeer,
    VerifyNone,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Tls {
    None,
}

impl Adapter for RabbitMq {
    const NAME: &'static str = "RabbitMQ";
    const SCHEMES: &'static [&'static str] = &["amqp", "amqps"];
    const EXAMPLE: &'static str = "amqp://user:password@localhost:5672/vhost";
    const PARTS: Parts = Parts::server()
        .with(&[(Part::Name, &["VHOST", "VIRTUAL_HOST"])])
        .known_as(&["rabbitmq"])
        .authorities("cacertfile");
    type Client = RabbitMqConnection;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let params: Params = handle.params()?;
        let host = one_host(handle)?;
        let tls = handle.scheme() == "amqps";
        params.check(tls)?;
        let login = login(handle)?;
        let is_meant = tls || params.tls.is_some() || handle.password().is_none();
        require_tls(handle, is_meant, "use `amqps://`, or add `tls=none` if that is meant")?;
        let host = host.or_port(if tls { 5671 } else { 5672 });
        Ok(Self { handle: handle.clone(), host, vhost: vhost(handle)?, login, params })
    }

    async fn connect(&self) -> Result<RabbitMqConnection, ClientError> {
        let tls = match self.handle.scheme() {
            "amqps" => Some(self.params.connector()?),
            _ => None,
        };
        let link = Link::new(&self.handle, self.uri(), &self.login, tls, self.connect_timeout());
        RabbitMqConnection::open(link).await
    }

    async fn ping(client: &RabbitMqConnection) -> Result<(), ClientError> {
        client.ping().await
    }

    async fn close(client: RabbitMqConnection) {
        client.end().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        let milliseconds = self.params.connection_timeout;
        let timeout =
            milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.get().into()));
        self.params.connect_timeout.or(timeout).unwrap_or(CONNECT_TIMEOUT)
    }
}

/// The path as one name. `Handle::name` does not tell none from an empty one; here they differ.
fn vhost(handle: &Handle) -> Result<String, HandleError> {
    let vhost = match handle.path() {
        "" => "/".to_owned(),
        _ => handle.name()?.unwrap_or_default(),
    };
    // The protocol gives its length one byte.
    if vhost.len() > 255 {
        return Err(HandleError::new("the name of the virtual host is longer than 255 bytes")
            .with_help("give its name after the host: `/shop`"));
    }
    Ok(vhost)
}

fn login(handle: &Handle) -> Result<Login, HandleError> {
    let (user, password) = match shared::login(handle)? {
        Some((user, password)) => (user, password.clone()),
        None => ("guest", Secret::new("guest")),
    };
    if user.contains('\0') || password.expose().contains('\0') {
        return Err(HandleError::new("a zero byte stands in the user name or password")
            .with_help("SASL PLAIN cannot send one"));
    }
    Ok(Login::new(user, password))
}

impl Params {
    fn check(&self, tls: bool) -> Result<(), HandleError> {
        if self.connect_timeout.is_some() && self.connection_timeout.is_some() {
            return Err(HandleError::new(
                "both `connect_timeout` and `connection_timeout` are given",
            )
            .with_help("they mean the same: `connect_timeout=5s` is `connection_timeout=5000`"));
        }
        if matches!(self.verify, Some(Verify::VerifyNone)) {
            return Err(HandleError::insecure(
                "`verify=verify_none` would trust anybody who answers",
                "leave it out; name the authority of the broker's certificate with `cacertfile`",
            ));
        }
        if tls && self.tls.is_some() {
            return Err(HandleError::new("only `amqp` takes the parameter `tls`")
                .with_help("leave it out: `amqps` is TLS"));
        }
        let files = self.cacertfile.is_some() || self.certfile.is_some() || self.keyfile.is_some();
        if !tls && (files || self.verify.is_some()) {
            return Err(certificates_without_tls(
                "use `amqps://`, or leave `cacertfile`, `certfile`, `keyfile` and `verify` out",
            ));
        }
        if self.certfile.is_some() != self.keyfile.is_some() {
            return Err(HandleError::new("only one of `certfile` and `keyfile` is given")
                .with_help("a client certificate needs both"));
        }
        Ok(())
    }

    fn connector(&self) -> Result<RustlsConnector, ClientError> {
        let config = match &self.cacertfile {
            Some(path) => RustlsConnectorConfig::default()
                .with_parsable_certificates(certificates("cacertfile", path)?),
            None => RustlsConnectorConfig::new_with_platform_verifier(),
        };
        let connector = match (&self.certfile, &self.keyfile) {
            (Some(certificate), Some(key)) => {
                let certificate = certificates("certfile", certificate)?;
                config.connector_with_single_cert(certificate, private_key(key)?)
            }
            _ => config.connector_with_no_client_auth(),
        };
        connector.map_err(ClientError::caused_by)
    }
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let pem = read_certificates(parameter, path)?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| {
        ClientError::of(
            FailureKind::Tls,
            Message::ours(format_args!(
                "the file that `{parameter}` names holds a broken certificate"
            )),
        )
    })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ClientError> {
    let pem = std::fs::read(path).map_err(|error| {
        let reason = crate::file::reason(&error);
        ClientError::of(
            FailureKind::Tls,
            Message::ours(format_args!("the file that `keyfile` names cannot be read: {reason}")),
        )
    })?;
    // The error of the parser may quote the file.
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        ClientError::of(FailureKind::Tls, "the file that `keyfile` names holds no private key")
            .with_help("set `keyfile` to the path of a PEM file with an unencrypted key")
    })
}

impl RabbitMq {
    /// What `lapin` gets to see of the handle; it shows the user name in its `Debug`, so that is not in it.
    fn uri(&self) -> AMQPUri {
        AMQPUri {
            scheme: match self.handle.scheme() {
                "amqps" => AMQPScheme::AMQPS,
                _ => AMQPScheme::AMQP,
            },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo { username: String::new(), password: String::new() },
                host: self.host.name().to_owned(),
                port: self.host.port().unwrap_or_default(),
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString {
                channel_max: self.params.channel_max.map(NonZeroU16::get),
                heartbeat: Some(self.params.heartbeat.map_or(DEFAULT_HEARTBEAT, NonZeroU16::get)),
                ..AMQPQueryString::default()
            },
        }
    }
}

impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RabbitMq({}://{}{})", self.handle.scheme(), self.host, self.handle.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<RabbitMq, HandleError> {
        RabbitMq::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn the_path_is_the_virtual_host() {
        for (text, vhost) in [
            ("amqp://localhost", "/"),
            ("amqp://localhost?heartbeat=5", "/"),
            ("amqp://localhost/", ""),
            ("amqp://localhost/%2f", "/"),
            ("amqp://localhost/%2F", "/"),
            ("amqp://localhost/shop", "shop"),
            ("amqp://localhost/%2fshop", "/shop"),
            ("amqp://localhost/my%20shop", "my shop"),
        ] {
            let rabbit = parse(text).unwrap();
            assert_eq!(rabbit.uri().vhost, vhost, "{text}");
        }
        let long = format!("amqp://localhost/{}", "v".repeat(256));
        let refused = parse(&long).unwrap_err();
        assert_eq!(refused.message(), "the name of the virtual host is longer than 255 bytes");
        assert!(parse(&long[..long.len() - 1]).is_ok());
    }

    #[test]
    fn scheme_and_parameters() {
        let uri = parse("amqp://localhost").unwrap().uri();
        assert_eq!((uri.scheme, uri.authority.port), (AMQPScheme::AMQP, 5672));
        assert_eq!((uri.query.heartbeat, uri.query.channel_max), (Some(10), None));
        let uri = parse("amqps://u:p@mq.example?heartbeat=7&channel_max=9").unwrap().uri();
        assert_eq!((uri.scheme, uri.authority.port), (AMQPScheme::AMQPS, 5671));
        assert_eq!((uri.query.heartbeat, uri.query.channel_max), (Some(7), Some(9)));
        assert_eq!(uri.authority.userinfo.username, "");
    }

    #[test]
    fn a_timeout_has_one_unit_a_name() {
        let timeout = |text: &str| parse(text).unwrap().connect_timeout();
        assert_eq!(timeout("amqp://localhost"), Duration::from_secs(10));
        assert_eq!(timeout("amqp://localhost?connect_timeout=2s"), Duration::from_secs(2));
        assert_eq!(
            timeout("amqp://localhost?connection_timeout=2500"),
            Duration::from_millis(2500)
        );
    }

    #[test]
    fn a_password_in_the_clear_leaves_the_machine_only_if_that_is_meant() {
        assert!(parse("amqp://u:p@localhost").is_ok());
        assert!(parse("amqp://u:p@mq.example?tls=none").is_ok());
        assert!(parse("amqps://u:p@mq.example").is_ok());
        assert!(parse("amqp://mq.example").is_ok());
        let refused = parse("amqp://u:p@mq.example").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
        let refused = parse("amqps://u:p@localhost?verify=verify_none").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("amqp:///shop", "the handle has no host"),
            ("amqp://a,b", "the handle names several hosts"),
            ("amqp://localhost/a/b", "the path has more than one segment"),
            ("amqp://u@localhost", "the handle has a user name and no password"),
            ("amqp://:p@localhost", "the handle has a password and no user name"),
            ("amqp://u:a%00b@localhost", "a zero byte stands in the user name or password"),
            ("amqp://localhost?heartbeat=0", "the parameter `heartbeat` has a bad value"),
            ("amqp://localhost?heartbeat=10s", "the parameter `heartbeat` has a bad value"),
            ("amqp://localhost?channel_max=65536", "the parameter `channel_max` has a bad value"),
            (
                "amqp://localhost?connect_timeout=5",
                "the parameter `connect_timeout` has a bad value",
            ),
            (
                "amqp://localhost?connection_timeout=5s",
                "the parameter `connection_timeout` has a bad value",
            ),
            (
                "amqp://localhost?connect_timeout=5s&connection_timeout=5000",
                "both `connect_timeout` and `connection_timeout` are given",
            ),
            ("amqp://localhost?tls=required", "the parameter `tls` has a bad value"),
            ("amqps://localhost?tls=none", "only `amqp` takes the parameter `tls`"),
            ("amqps://localhost?verify=no", "the parameter `verify` has a bad value"),
            ("amqps://localhost?certfile=c.pem", "only one of `certfile` and `keyfile` is given"),
            (
                "amqp://localhost?cacertfile=ca.pem",
                "the handle has certificates but no TLS to use them in",
            ),
            (
                "amqp://localhost?verify=verify_peer",
                "the handle has certificates but no TLS to use them in",
            ),
            ("amqp://localhost?hearbeat=5", "unknown parameter `hearbeat`"),
            ("mysql://h", "the scheme `mysql` is not one of RabbitMQ"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }
}
