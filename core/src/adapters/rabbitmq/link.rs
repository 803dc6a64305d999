//! The connection, and how it comes back: to the first of the brokers that lets the client in.
//!
//! `lapin` restores channels and consumers on a new connection, but gives up after some attempts to
//! make one, has no timeout for any of them, and an attempt that fails half-way can leave it
//! confused. So it is handed a socket only after a second connection, made for that alone, has
//! shown that the broker lets the client in.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::auth::AuthProvider;
use lapin::options::ConfirmSelectOptions;
use lapin::tcp::RustlsConnector;
use lapin::types::{LongString, ShortString};
use lapin::uri::AMQPUri;
use lapin::{
    AsyncTcpStream, Channel, ChannelStatus, Connection, ConnectionProperties, ConnectionStatus,
    ErrorKind,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::subscriber::NoSubscriber;

use super::frames::Limits;
use super::wire::{self, Cutter, Wire, WireRuntime};
use crate::adapters::ending::{Closed, closed, within};
use crate::backoff::Backoff;
use crate::error::Message;
use crate::{ClientError, FailureKind, Grammar, Handle, Host, Secret};

/// Between two attempts to reach a broker that is away.
const AWAY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
/// Between two attempts when the broker is there and refuses: a wrong password does not pass in a
/// second.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(50);
const WATCH: Duration = Duration::from_secs(1);
/// How long a broker may take to answer the goodbye of a client that nobody has any more.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long channels may take to come back once the connection is there, each of them.
const STUCK: Duration = Duration::from_secs(3);
/// How many more connections channels are worth that do not come back.
const ROUNDS: usize = 5;
/// What `lapin` itself tries again, each time after the broker has proven to be there.
const LAPIN_ATTEMPTS: usize = 16;

/// A connection to RabbitMQ that recovers by itself: a [`lapin::Connection`] that can be cloned.
///
/// Every clone is the same connection. It stays open until the last clone and the last of its
/// channels are gone, or [`Connect::close`](crate::Connect::close) ends it.
///
/// ```no_run
/// use backing_services::adapters::rabbitmq::RabbitMqConnection;
/// use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
/// use lapin::BasicProperties;
///
/// async fn enqueue(jobs: &RabbitMqConnection) -> lapin::Result<()> {
///     let channel = jobs.create_channel().await?; // a lapin::Channel
///     channel.confirm_select(ConfirmSelectOptions::default()).await?;
///     let persistent = BasicProperties::default().with_delivery_mode(2);
///     let options = BasicPublishOptions::default();
///     channel
///         .basic_publish("".into(), "mails".into(), options, b"hello", persistent)
///         .await?
///         .await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct RabbitMqConnection(Arc<Open>);

/// What all clones share.
struct Open {
    connection: Connection,
    link: Arc<Link>,
    /// That of pings, which the first one opens. They do not each open one: if the connection ends
    /// while `lapin` 4.12.3 opens a channel, its thread may wait for itself, and nothing goes on.
    asking: Mutex<Option<Channel>>,
}

impl Open {
    fn asking(&self) -> Option<Channel> {
        let asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        asking.filter(|channel| channel.status().connected() || channel.status().reconnecting())
    }

    fn ask_over(&self, channel: Option<Channel>) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = channel;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // `lapin` closes what it is connected to, and would look for a lost broker for ever.
        if !self.connection.status().connected() && self.link.waiting_channels() == 0 {
            self.link.end();
        } else if !self.link.has_channels() {
            self.link.left.close();
        }
    }
}

/// How to reach the brokers.
pub(super) struct Target {
    pub(super) handle: Handle,
    pub(super) grammar: &'static Grammar,
    /// With their ports, in the order in which they are tried.
    pub(super) brokers: Vec<Host>,
    /// Of the virtual host and what is agreed upon with the broker.
    pub(super) uri: AMQPUri,
    pub(super) login: Login,
    /// What the broker calls this connection.
    pub(super) name: Option<String>,
    pub(super) tls: Option<RustlsConnector>,
    /// The name in the broker's certificate, where that is not its host.
    pub(super) server_name: Option<String>,
    pub(super) limits: Limits,
    pub(super) timeout: Duration,
}

/// The state of one connection to them.
struct Link {
    target: Arc<Target>,
    ended: Closed,
    /// Whether nobody has it any more, and it is about to close.
    left: Closed,
    wake: Notify,
    /// That of the connection; those that only ask have their own.
    cutter: Mutex<Option<Cutter>>,
    /// Those that the app has opened.
    channels: Mutex<Vec<ChannelStatus>>,
}

/// Kept out of `lapin`'s own types, which show what they hold.
#[derive(Clone)]
pub(super) enum Login {
    /// A user name and a password.
    Plain(String, Secret),
    /// The client certificate.
    External,
}

impl Login {
    pub(super) fn mechanism_name(&self) -> &'static str {
        match self {
            Self::Plain(..) => "PLAIN",
            Self::External => "EXTERNAL",
        }
    }
}

impl AuthProvider for Login {
    fn mechanism(&self) -> ShortString {
        self.mechanism_name().into()
    }

    fn auth_starter(&self) -> Result<LongString, String> {
        Ok(match self {
            Self::Plain(user, password) => format!("\0{user}\0{}", password.expose()).into(),
            Self::External => LongString::default(),
        })
    }
}

/// What a connection is to do when it is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Recover,
    End,
}

/// Ends what `lapin` began when opening fails, or is no longer waited for.
struct Opening<'a> {
    link: Option<&'a Link>,
    cutter: Option<Cutter>,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if self.cutter.is_some() {
            self.link.inspect(|link| link.end());
        }
    }
}

impl Target {
    /// A stream to one of the brokers, encrypted if it is to be.
    async fn dial(
        &self,
        runtime: &WireRuntime,
        broker: &Host,
    ) -> io::Result<(AsyncTcpStream<Wire>, Cutter)> {
        let port = broker.port().unwrap_or_default();
        let address = runtime.to_socket_addrs((broker.name().to_owned(), port));
        let AsyncTcpStream::Plain(mut wire) = AsyncTcpStream::connect(runtime, address).await?
        else {
            return Err(io::Error::other("a new stream is a plain one"));
        };
        if let Some(tls) = &self.tls {
            let name = self.server_name.as_deref().unwrap_or(broker.name());
            wire = wire.encrypt(tls, name).await?;
        }
        let cutter = wire.cutter();
        Ok((AsyncTcpStream::Plain(wire), cutter))
    }

    /// How long one attempt may take, so that each broker has its turn within the timeout.
    fn turn(&self) -> Duration {
        self.timeout / u32::try_from(self.brokers.len()).unwrap_or(1).max(1)
    }
}

impl Link {
    fn new(target: Arc<Target>) -> Arc<Self> {
        Arc::new(Self {
            target,
            ended: Closed::default(),
            left: Closed::default(),
            wake: Notify::new(),
            cutter: Mutex::new(None),
            channels: Mutex::new(Vec::new()),
        })
    }

    /// Opens a connection to one of the brokers, one attempt.
    async fn open(
        self: &Arc<Self>,
        broker: &Host,
        then: Then,
    ) -> Result<(Connection, Cutter), ClientError> {
        let target = &self.target;
        let runtime = wire::runtime(target.limits);
        // Before `lapin` is there to repeat it: what fails here fails at once, and says why.
        let dialled = target.dial(&runtime, broker).await;
        let (stream, cutter) = dialled.map_err(ClientError::caused_by)?;
        let mut opening =
            Opening { link: (then == Then::Recover).then_some(self), cutter: Some(cutter) };
        let first = Mutex::new(Some(stream));
        let (link, dialer) = (Arc::clone(self), runtime.clone());
        // Runs on a thread of `lapin`'s own.
        let connect = async move |_: AMQPUri, _| {
            if let Some(stream) = first.lock().unwrap_or_else(PoisonError::into_inner).take() {
                silence();
                return Ok(stream);
            }
            // In a task, which ends quietly with the runtime.
            while then == Then::Recover
                && let Ok(Some(broker)) =
                    tokio::spawn(Arc::clone(&link).until_a_broker_is_back()).await
            {
                if let Ok((stream, cutter)) = link.target.dial(&dialer, &broker).await {
                    link.hold(Some(cutter));
                    return Ok(stream);
                }
            }
            Err(io::Error::from(io::ErrorKind::NotConnected).into())
        };

        let mut properties =
            ConnectionProperties::default().with_auth_provider(target.login.clone());
        if let Some(name) = &target.name {
            properties = properties.with_connection_name(name.as_str().into());
        }
        if then == Then::Recover {
            properties = properties.enable_auto_recover().configure_backoff(|backoff| {
                // The pauses are made in `until_a_broker_is_back`.
                let delay = Duration::from_millis(1);
                backoff.with_min_delay(delay).with_factor(1.0).with_max_times(LAPIN_ATTEMPTS)
            });
        }
        let connection = Connection::connector(target.uri.clone(), runtime, connect, properties)
            .await
            .map_err(|error| self.cause(&error))?;
        match opening.cutter.take() {
            Some(cutter) => Ok((connection, cutter)),
            None => Err(closed()),
        }
    }

    /// Shows, by a connection of its own, that a broker lets the client in.
    fn prove<'a>(
        self: &'a Arc<Self>,
        broker: &'a Host,
    ) -> Pin<Box<dyn Future<Output = Result<(), ClientError>> + Send + 'a>> {
        Box::pin(within(self.target.turn(), async move {
            let (connection, _cutter) = self.open(broker, Then::End).await?;
            connection.close(200, "OK".into()).await.map_err(|error| self.cause(&error))
        }))
    }

    /// Returns with the first broker that lets the client in, or without one when nobody waits for
    /// that.
    async fn until_a_broker_is_back(self: Arc<Self>) -> Option<Host> {
        let brokers = &self.target.brokers;
        let mut last = vec![String::new(); brokers.len()];
        let mut away = AWAY;
        let mut pause = away.pause();
        while !self.ended.is_closed() {
            let _ = timeout(pause, self.wake.notified()).await;
            let mut refused = true;
            for (broker, last) in brokers.iter().zip(&mut last) {
                if self.ended.is_closed() {
                    return None;
                }
                let (host, port) = (broker.name(), broker.port());
                let Err(error) = self.prove(broker).await else {
                    tracing::info!(host, port, "RabbitMQ is back");
                    return Some(broker.clone());
                };
                let cause = error.to_string();
                if cause != *last {
                    tracing::warn!(host, port, cause, "RabbitMQ is away, trying again");
                    *last = cause;
                }
                refused &= !error.is_transient();
            }
            pause = if refused { REFUSED_PAUSE } else { away.pause() };
        }
        None
    }

    /// Lets go of a socket when `lapin` is stuck with it: it is full of data that nobody takes, the
    /// broker fell silent while it let the client in or was to say goodbye, or one channel that
    /// cannot be restored made `lapin` forget another.
    async fn watch(self: Arc<Self>, status: ConnectionStatus) {
        let (mut silent, mut stuck, mut waiting, mut rounds) =
            (Duration::ZERO, Duration::ZERO, 0, 0);
        while !(self.ended.is_closed() || status.closed() || status.errored()) {
            sleep(WATCH).await;
            let closes = status.closing() || self.left.is_closed();
            let waits = status.connecting() || closes;
            let timeout = self.target.timeout;
            let limit = if self.left.is_closed() { GOODBYE.min(timeout) } else { timeout };
            silent = if waits { silent + WATCH } else { Duration::ZERO };
            let now = if status.connected() { self.waiting_channels() } else { 0 };
            stuck = if now > 0 && now == waiting { stuck + WATCH } else { Duration::ZERO };
            waiting = now;
            if status.connected() && waiting == 0 {
                rounds = 0;
            }
            if stuck >= STUCK {
                stuck = Duration::ZERO;
                rounds += 1;
                if rounds > ROUNDS {
                    tracing::warn!(channels = waiting, "RabbitMQ channels that do not come back");
                    self.channels().retain(|channel| !channel.reconnecting());
                    continue;
                }
                self.hold(None);
            } else if status.reconnecting() || silent > limit {
                if closes {
                    self.end();
                }
                self.hold(None);
            }
        }
    }

    fn waiting_channels(&self) -> usize {
        self.channels().iter().filter(|channel| channel.reconnecting()).count()
    }

    /// Whether the app has one that it may yet use.
    fn has_channels(&self) -> bool {
        let is_used = |channel: &ChannelStatus| {
            channel.connected() || channel.initializing() || channel.reconnecting()
        };
        self.channels().iter().any(is_used)
    }

    fn channels(&self) -> MutexGuard<'_, Vec<ChannelStatus>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, cutter: Option<Cutter>) {
        *self.cutter.lock().unwrap_or_else(PoisonError::into_inner) = cutter;
    }

    fn end(&self) {
        self.ended.close();
        self.wake.notify_one();
    }

    /// Reply codes: <https://www.rabbitmq.com/amqp-0-9-1-reference#constants>.
    fn cause(&self, error: &lapin::Error) -> ClientError {
        let Target { handle, grammar, login, uri, .. } = &*self.target;
        let reply = match error.kind() {
            ErrorKind::ProtocolError(reply) => reply,
            ErrorKind::IOError(error) => return ClientError::root_cause(&**error),
            // The parser's text shows its own types.
            ErrorKind::ParsingError(_) | ErrorKind::InvalidProtocolVersion(_) => {
                return ClientError::of(
                    FailureKind::Protocol,
                    "the server does not speak AMQP 0-9-1",
                );
            }
            ErrorKind::ChannelsLimitReached => {
                return ClientError::transient("the connection has no channel left")
                    .with_help("close some, or allow more with `channel_max`");
            }
            _ => {
                return ClientError::transient("the connection ended before the server answered")
                    .with_kind(FailureKind::Protocol);
            }
        };
        let text = reply.get_message().as_str();
        match reply.get_id() {
            403 if matches!(login, Login::External) => ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the broker does not take the client certificate",
            )
            .with_help("the user that the certificate names has to exist"),
            403 if handle.username().is_none() => ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the broker does not take `guest`",
            )
            .with_help("add a user name and a password"),
            403 => ClientError::of(
                FailureKind::Authentication,
                "authentication failed: the user name or the password is wrong",
            ),
            530 if text.contains("not found") && uri.vhost.is_empty() => ClientError::of(
                FailureKind::NotFound,
                "there is no virtual host with the empty name",
            )
            .with_help(
                "a path of `/` alone names it: for the virtual host `/` end the handle before it",
            ),
            530 if text.contains("not found") => {
                ClientError::of(FailureKind::NotFound, "there is no such virtual host")
                    .with_help("create it, or name another one as the path of the handle")
            }
            530 if text.contains("refused for user") => ClientError::of(
                FailureKind::NotAllowed,
                "access denied: the user may not use this virtual host",
            ),
            code => {
                let cause = Message::ours(format_args!("the broker answered {code}: "))
                    .said(&handle.mask(text, grammar));
                // What passes: it is stopping (320), short of something (506), not up yet (541).
                if matches!(code, 320 | 506 | 541) {
                    ClientError::transient(cause)
                } else {
                    ClientError::new(cause)
                }
            }
        }
    }
}

/// No log from this thread, which is `lapin`'s and ends with the connection: it logs every frame,
/// also the one with the password, and what the broker says of the user.
fn silence() {
    // Dropping the guard would undo it.
    std::mem::forget(tracing::subscriber::set_default(NoSubscriber::new()));
}

impl RabbitMqConnection {
    /// Connects to the first of the brokers that lets the client in, each tried once.
    pub(super) async fn open(target: Target) -> Result<Self, ClientError> {
        let target = Arc::new(target);
        let mut first = None;
        for broker in &target.brokers {
            // A failed attempt ends its own.
            let link = Link::new(Arc::clone(&target));
            let error = match within(target.turn(), link.open(broker, Then::Recover)).await {
                Ok((connection, cutter)) => {
                    link.hold(Some(cutter));
                    tokio::spawn(Arc::clone(&link).watch(connection.status().clone()));
                    let asking = Mutex::new(None);
                    return Ok(Self(Arc::new(Open { connection, link, asking })));
                }
                Err(error) => error,
            };
            // The others would say the same.
            let is_final = matches!(
                error.kind(),
                FailureKind::Authentication | FailureKind::NotAllowed | FailureKind::NotFound
            );
            let error = first.get_or_insert(error);
            if is_final {
                return Err(error.clone());
            }
        }
        // A handle has a host.
        Err(first.unwrap_or_else(closed))
    }

    /// Opens a channel, as [`lapin::Connection::create_channel`] does, and sees to it that it
    /// recovers.
    ///
    /// # Errors
    ///
    /// When the connection is lost or closed, or has as many channels as the broker or
    /// `channel_max` allow.
    ///
    /// ```no_run
    /// # use backing_services::adapters::rabbitmq::RabbitMqConnection;
    /// # async fn f(jobs: &RabbitMqConnection) -> lapin::Result<()> {
    /// let channel: lapin::Channel = jobs.create_channel().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_channel(&self) -> lapin::Result<Channel> {
        let channel = self.0.connection.create_channel().await?;
        let mut channels = self.0.link.channels();
        let open = |channel: &ChannelStatus| {
            channel.connected() || channel.initializing() || channel.closing()
        };
        channels.retain(open);
        channels.push(channel.status().clone());
        Ok(channel)
    }

    /// Asks over a channel. While the connection is lost, a new one tells why.
    pub(super) async fn ping(&self) -> Result<(), ClientError> {
        let deadline = Instant::now() + self.0.link.target.timeout;
        let status = self.0.connection.status();
        loop {
            if self.0.link.ended.is_closed()
                || status.closed()
                || status.closing()
                || status.errored()
            {
                return Err(closed());
            }
            if status.blocked() {
                return Err(ClientError::transient(
                    "the broker is low on memory or disk, and takes nothing for now",
                ));
            }
            if status.connected() && self.ask(deadline).await? {
                return Ok(());
            }
            match timeout_at(deadline, self.prove()).await {
                Ok(proof) => proof?,
                Err(_) => return Err(ClientError::no_answer(self.0.link.target.timeout)),
            }
            while !status.connected() {
                if self.0.link.ended.is_closed() || status.errored() {
                    return Err(closed());
                }
                if Instant::now() >= deadline {
                    return Err(ClientError::transient(
                        "the broker answers, but the connection is not back yet",
                    ));
                }
                sleep(LOOK).await;
            }
        }
    }

    /// Whether one of the brokers lets the client in, else what the first one says.
    async fn prove(&self) -> Result<(), ClientError> {
        let mut first = None;
        for broker in &self.0.link.target.brokers {
            match self.0.link.prove(broker).await {
                Ok(()) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(closed))
    }

    /// Whether a channel answers; false when the connection is lost meanwhile, of which the channel
    /// hears only when it is back.
    async fn ask(&self, deadline: Instant) -> Result<bool, ClientError> {
        let mut answer = pin!(async {
            let channel = if let Some(channel) = self.0.asking() {
                channel
            } else {
                let channel = self.0.connection.create_channel().await?;
                self.0.ask_over(Some(channel.clone()));
                channel
            };
            // It changes nothing from the second time on.
            let asked = channel.confirm_select(ConfirmSelectOptions::default()).await;
            let Err(error) = asked else { return Ok(()) };
            // The channel comes back some moments after the connection.
            channel.wait_for_recovery(error).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await
        });
        loop {
            match timeout(LOOK, answer.as_mut()).await {
                Ok(Ok(())) => return Ok(true),
                Ok(Err(error)) if self.0.connection.status().connected() => {
                    let cause = self.0.link.cause(&error);
                    // The status may not know yet what the channel has heard.
                    let is_lost = cause.is_of_ended_connection() && Instant::now() < deadline;
                    return if is_lost { Ok(false) } else { Err(cause) };
                }
                Ok(Err(_)) => return Ok(false),
                Err(_) if !self.0.connection.status().connected() => return Ok(false),
                Err(_) if Instant::now() >= deadline => {
                    // It may be one that `lapin` forgot.
                    self.0.ask_over(None);
                    return Err(ClientError::no_answer(self.0.link.target.timeout));
                }
                Err(_) => {}
            }
        }
    }

    pub(super) async fn end(self) {
        self.0.link.end();
        // Waits for the broker's answer; a connection that is lost has nobody to give one.
        let _ =
            timeout(self.0.link.target.timeout, self.0.connection.close(200, "OK".into())).await;
        self.0.link.hold(None);
    }
}

impl Deref for RabbitMqConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.connection
    }
}

impl fmt::Debug for RabbitMqConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brokers: Vec<_> = self.0.link.target.brokers.iter().map(Host::to_string).collect();
        write!(f, "RabbitMqConnection({})", brokers.join(","))
    }
}
