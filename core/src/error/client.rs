use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::rustls::in_words;
use super::{FailureKind, Message};
use crate::handle::HandleError;

/// How long trying again makes sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Retry {
    Never,
    Briefly,
    UntilTimeout,
}

/// What resolvers say, in their own fixed words.
const RESOLVER: [&str; 9] = [
    "Name or service not known",
    "No address associated with hostname",
    "Temporary failure in name resolution",
    "Non-recoverable failure in name resolution",
    "Name does not resolve",
    "Try again",
    "Unrecoverable error",
    "nodename nor servname provided, or not known",
    "System error",
];

/// What to say where one side alone uses TLS.
pub(crate) const NO_TLS: &str = "the server speaks no TLS on this port";
#[allow(dead_code, reason = "not every adapter can tell")]
pub(crate) const TLS_ONLY: &str = "the server speaks TLS from the first byte on this port";

/// Why a client could not be made or does not answer: the root cause.
///
/// It has a [kind](FailureKind), by which a program decides, and a text for people. Of the text a
/// literal is shown as it is. A `String` may repeat what a driver or a server said, so the report
/// of a failure masks the secrets of the handle in it, and shows no more than 200 characters.
///
/// ```
/// use backing_services::{ClientError, FailureKind};
///
/// let wrong = ClientError::of(FailureKind::Authentication, "the token is not accepted")
///     .with_help("make a new one");
/// assert_eq!(wrong.to_string(), "the token is not accepted");
/// let busy = ClientError::transient("the server is starting up"); // tried again until the timeout
/// # assert!(busy.is_transient() && !wrong.is_transient());
/// ```
#[derive(Clone)]
pub struct ClientError {
    kind: FailureKind,
    cause: Message,
    help: Message,
    retry: Retry,
}

impl ClientError {
    /// A cause that trying again does not mend.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// assert!(!ClientError::new("access denied").is_transient());
    /// ```
    pub fn new(cause: impl Into<Message>) -> Self {
        Self {
            kind: FailureKind::Other,
            cause: cause.into(),
            help: Message::default(),
            retry: Retry::Never,
        }
    }

    /// A cause that may pass by itself: connecting is tried again until its timeout. Its kind is
    /// [`Busy`](FailureKind::Busy), unless [`with_kind`](Self::with_kind) says something else.
    ///
    /// ```
    /// # use backing_services::{ClientError, FailureKind};
    /// let busy = ClientError::transient("too many connections");
    /// assert!(busy.is_transient());
    /// assert_eq!(busy.kind(), FailureKind::Busy);
    /// ```
    pub fn transient(cause: impl Into<Message>) -> Self {
        Self { kind: FailureKind::Busy, retry: Retry::UntilTimeout, ..Self::new(cause) }
    }

    /// A cause of one kind. The kind decides whether trying again makes sense: until the timeout
    /// for [`Busy`](FailureKind::Busy) and [`Timeout`](FailureKind::Timeout), briefly for
    /// [`Refused`](FailureKind::Refused) and [`UnknownHost`](FailureKind::UnknownHost), and not for
    /// others.
    ///
    /// ```
    /// # use backing_services::{ClientError, FailureKind};
    /// let missing = ClientError::of(FailureKind::NotFound, "there is no such queue");
    /// assert_eq!(missing.kind(), FailureKind::NotFound);
    /// assert!(!missing.is_transient());
    /// assert!(ClientError::of(FailureKind::Timeout, "no answer in time").is_transient());
    /// ```
    pub fn of(kind: FailureKind, cause: impl Into<Message>) -> Self {
        let retry = match kind {
            FailureKind::Busy | FailureKind::Timeout => Retry::UntilTimeout,
            FailureKind::Refused | FailureKind::UnknownHost => Retry::Briefly,
            _ => Retry::Never,
        };
        Self { kind, retry, ..Self::new(cause) }
    }

    /// The root cause of a driver's error: the innermost of its sources. What that is decides the
    /// kind and whether trying again makes sense:
    ///
    /// | root cause | kind | again |
    /// |---|---|---|
    /// | a port that refuses, a host or network out of reach | `Refused` | briefly |
    /// | a name that does not resolve | `UnknownHost` | briefly |
    /// | a file or socket that is not there | `NotFound` | briefly |
    /// | a file or socket that may not be opened | `NotAllowed` | no |
    /// | a time limit of the system | `Timeout` | until the timeout |
    /// | a connection that was reset or ended | `Protocol` | until the timeout |
    /// | a certificate that does not verify, or another error of rustls | `Tls` | no |
    /// | a `ClientError` | its own | as its own |
    /// | anything else | `Other` | no |
    ///
    /// ```
    /// # use backing_services::{ClientError, FailureKind};
    /// # use std::io;
    /// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    /// let error = ClientError::caused_by(refused);
    /// assert_eq!(error.to_string(), "connection refused");
    /// assert_eq!(error.kind(), FailureKind::Refused);
    /// assert!(error.is_transient());
    /// ```
    pub fn caused_by(error: impl Error + 'static) -> Self {
        Self::root_cause(&error)
    }

    /// [`caused_by`](Self::caused_by) for an error that is only borrowed or boxed.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// let error: Box<dyn std::error::Error> = "no such queue".into();
    /// assert_eq!(ClientError::root_cause(&*error).to_string(), "no such queue");
    /// ```
    pub fn root_cause(error: &(dyn Error + 'static)) -> Self {
        let mut innermost = error;
        loop {
            // `io::Error::source` skips the error it wraps; `get_ref` does not.
            let next = match innermost.downcast_ref::<io::Error>() {
                Some(io) => match io.get_ref() {
                    Some(inner) => Some(inner as &(dyn Error + 'static)),
                    None => return Self::io(io),
                },
                None => innermost.source(),
            };
            match next {
                Some(next) => innermost = next,
                None => break,
            }
        }
        if let Some(own) = innermost.downcast_ref::<Self>() {
            return own.clone();
        }
        if let Some(refused) = innermost.downcast_ref::<HandleError>() {
            return Self::new(refused.to_message());
        }
        let mut text = innermost.to_string();
        text.truncate(without_place(&text).len());
        // The standard library wraps what the resolver says in a text of this form.
        if let Some(reason) = text.strip_prefix("failed to lookup address information: ") {
            let host = Message::from("unknown host: ");
            let cause = match RESOLVER.iter().find(|known| **known == reason) {
                Some(known) => host.then(format_args!("{known}")),
                None => host.said(reason),
            };
            return Self::of(FailureKind::UnknownHost, cause);
        }
        if let Some((cause, help)) = in_words(&text) {
            return Self::of(FailureKind::Tls, cause).with_help(help);
        }
        // The answer to the first message of the handshake is no record of TLS.
        if text.starts_with("received corrupt message") {
            return Self::of(FailureKind::Tls, NO_TLS)
                .with_help("name the port where it does, or leave TLS out if that is meant");
        }
        // hyper's word for an answer that begins otherwise; the alert of a TLS server is one.
        if text == "invalid HTTP version parsed" {
            return Self::of(FailureKind::Protocol, "the server does not answer in HTTP")
                .with_help("if it speaks TLS on this port, write the scheme with TLS: `https`");
        }
        Self::new(text)
    }

    fn io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let ended = |cause| Self::transient(cause).with_kind(FailureKind::Protocol);
        match error.kind() {
            Kind::ConnectionRefused => Self::of(FailureKind::Refused, "connection refused")
                .with_help("is the server running, and are host and port right?"),
            Kind::NotFound => Self {
                retry: Retry::Briefly,
                ..Self::of(FailureKind::NotFound, "there is no such file or socket")
            },
            Kind::HostUnreachable => Self::of(FailureKind::Refused, "the host is unreachable"),
            Kind::NetworkUnreachable => {
                Self::of(FailureKind::Refused, "the network is unreachable")
            }
            Kind::ConnectionReset | Kind::BrokenPipe => ended("the server closed the connection"),
            Kind::ConnectionAborted | Kind::UnexpectedEof | Kind::NotConnected => {
                ended("the connection ended before the server answered")
            }
            Kind::TimedOut => Self::of(FailureKind::Timeout, "no answer in time"),
            // Nothing is wrapped in it, so the words are those of the system or the standard
            // library.
            kind => {
                let is_denied = matches!(kind, Kind::PermissionDenied | Kind::ReadOnlyFilesystem);
                let kind = if is_denied { FailureKind::NotAllowed } else { FailureKind::Other };
                Self::of(kind, Message::ours(format_args!("{error}")))
            }
        }
    }

    pub(crate) fn no_answer(limit: Duration) -> Self {
        let cause = Message::ours(format_args!("no answer within {}", Seconds(limit)));
        Self::of(FailureKind::Timeout, cause).with_help(
            "the server accepted and said nothing, or a firewall drops what is sent to it",
        )
    }

    /// Hides what a driver or a server repeats of secrets.
    #[must_use]
    pub(crate) fn masked(self, mask: impl Fn(&str) -> String) -> Self {
        Self { cause: self.cause.masked(&mask), help: self.help.masked(mask), ..self }
    }

    /// Leaves out what a driver or a server said, for where the handle is not at hand whose secrets
    /// would be masked in it. Where nothing remains the kind says what it is about.
    #[must_use]
    pub(crate) fn without_quotes(self) -> Self {
        let all_is_said = self.cause.masked(|_| String::new()).is_empty();
        let help = self.help.masked(|_| String::new());
        let help = if help == self.help { help } else { Message::default() };
        let cause = if all_is_said {
            self.kind.description().into()
        } else {
            self.cause.masked(|_| "...".to_owned())
        };
        Self { cause, help, ..self }
    }

    /// Bounds what a driver or a server said, after it was masked.
    #[must_use]
    pub(crate) fn shortened(self) -> Self {
        Self { cause: self.cause.shortened(), help: self.help.shortened(), ..self }
    }

    /// Names the one of several servers that it is about.
    #[cfg(feature = "memcached")]
    pub(crate) fn at(mut self, server: &str) -> Self {
        self.cause = Message::ours(format_args!("{server}: ")).with(&self.cause);
        self
    }

    /// The text, which knows what of it is somebody else's.
    #[allow(dead_code, reason = "not every adapter wraps one")]
    pub(crate) fn cause(&self) -> &Message {
        &self.cause
    }

    /// What kind of failure it is.
    ///
    /// ```
    /// # use backing_services::{ClientError, FailureKind};
    /// assert_eq!(ClientError::new("it rains").kind(), FailureKind::Other);
    /// ```
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Says which kind of failure it is. Whether trying again makes sense stays as it was.
    ///
    /// ```
    /// # use backing_services::{ClientError, FailureKind};
    /// let rotating = ClientError::transient("the new token is not known everywhere yet")
    ///     .with_kind(FailureKind::Authentication);
    /// assert_eq!(rotating.kind(), FailureKind::Authentication);
    /// assert!(rotating.is_transient());
    /// ```
    #[must_use]
    pub fn with_kind(mut self, kind: FailureKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds what may mend it.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// let error = ClientError::new("no such database").with_help("create it first");
    /// # assert_eq!(error.help(), "create it first");
    /// ```
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Message>) -> Self {
        self.help = help.into();
        self
    }

    /// What may mend it; empty if unknown.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// assert_eq!(ClientError::new("access denied").help(), "");
    /// ```
    pub fn help(&self) -> &str {
        self.help.as_str()
    }

    /// Whether it may pass by itself.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// assert!(ClientError::transient("starting up").is_transient());
    /// ```
    pub fn is_transient(&self) -> bool {
        self.retry != Retry::Never
    }

    /// Whether the connection ended before there was a whole answer.
    #[cfg(any(feature = "_http", feature = "rabbitmq"))]
    pub(crate) fn is_of_ended_connection(&self) -> bool {
        self.kind() == FailureKind::Protocol && self.is_transient()
    }

    pub(crate) fn retry(&self) -> Retry {
        self.retry
    }
}

/// A text without the place in a driver's source where it was made, ` (driver::module:24)`, with
/// which `sqlx` ends what it says of a protocol.
fn without_place(mut text: &str) -> &str {
    let is_place = |place: &str| {
        let line = place.strip_suffix(')').and_then(|place| place.rsplit_once(':'));
        line.is_some_and(|(module, line)| {
            module.contains("::")
                && !module.contains(' ')
                && !line.is_empty()
                && line.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    // An error made of another one has two.
    while let Some((before, place)) = text.rsplit_once(" (")
        && is_place(place)
    {
        text = before;
    }
    text
}

/// A duration as people write it.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis >= 1000 && millis.is_multiple_of(1000) {
            write!(f, "{} s", millis / 1000)
        } else if millis >= 10_000 {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        } else {
            write!(f, "{millis} ms")
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.as_str())
    }
}

impl fmt::Debug for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.as_str())
    }
}

impl Error for ClientError {}
