use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// How long trying again makes sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Retry {
    Never,
    Briefly,
    UntilTimeout,
}

/// Why a client could not be made or does not answer: the root cause.
///
/// Secrets of the handle that a driver repeats in its message are masked before anybody sees it.
///
/// ```
/// use backing_services::ClientError;
///
/// let wrong = ClientError::new("the token is not accepted").with_help("make a new one");
/// assert_eq!(wrong.to_string(), "the token is not accepted");
/// let busy = ClientError::transient("the server is starting up"); // tried again until the timeout
/// # assert!(busy.is_transient() && !wrong.is_transient());
/// ```
#[derive(Clone)]
pub struct ClientError {
    cause: String,
    help: String,
    retry: Retry,
}

impl ClientError {
    /// A cause that trying again does not mend.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// assert!(!ClientError::new("access denied").is_transient());
    /// ```
    pub fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), help: String::new(), retry: Retry::Never }
    }

    /// A cause that may pass by itself: connecting is tried again until its timeout.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// assert!(ClientError::transient("too many connections").is_transient());
    /// ```
    pub fn transient(cause: impl Into<String>) -> Self {
        Self { retry: Retry::UntilTimeout, ..Self::new(cause) }
    }

    /// The root cause of a driver's error: the innermost of its sources. An input or output error in it
    /// decides whether trying again makes sense.
    ///
    /// ```
    /// # use backing_services::ClientError;
    /// # use std::io;
    /// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    /// let error = ClientError::caused_by(refused);
    /// assert_eq!(error.to_string(), "connection refused");
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
        let text = innermost.to_string();
        // The standard library wraps what the resolver says in a text of this form.
        if let Some(reason) = text.strip_prefix("failed to lookup address information: ") {
            return Self { retry: Retry::Briefly, ..Self::new(format!("unknown host: {reason}")) };
        }
        if let Some(reason) = text.strip_prefix("invalid peer certificate: ") {
            return Self::certificate(reason);
        }
        Self::new(text)
    }

    fn io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let brief = |cause: &str| Self { retry: Retry::Briefly, ..Self::new(cause) };
        match error.kind() {
            Kind::ConnectionRefused => brief("connection refused")
                .with_help("is the server running, and are host and port right?"),
            Kind::NotFound => brief("there is no such file or socket"),
            Kind::HostUnreachable => brief("the host is unreachable"),
            Kind::NetworkUnreachable => brief("the network is unreachable"),
            Kind::ConnectionReset | Kind::BrokenPipe => {
                Self::transient("the server closed the connection")
            }
            Kind::ConnectionAborted | Kind::UnexpectedEof | Kind::NotConnected => {
                Self::transient("the connection ended before the server answered")
            }
            Kind::TimedOut => Self::transient("no answer in time"),
            _ => Self::new(error.to_string()),
        }
    }

    /// A certificate that does not verify; the reasons are those of rustls.
    fn certificate(reason: &str) -> Self {
        let help = if reason.starts_with("UnknownIssuer") {
            "the authority that signed it is not trusted: name its certificate in the handle"
        } else if reason.contains("not valid for name") || reason.starts_with("NotValidForName") {
            "use the host name that the certificate was made for"
        } else if reason.contains("xpired") {
            "the server needs a new certificate"
        } else {
            ""
        };
        Self::new(format!("the server's certificate does not verify: {reason}")).with_help(help)
    }

    pub(crate) fn no_answer(limit: Duration) -> Self {
        Self::transient(format!("no answer within {}", Seconds(limit))).with_help(
            "the server accepted and said nothing, or a firewall drops what is sent to it",
        )
    }

    /// Hides what it repeats of secrets.
    pub(crate) fn masked(self, mask: impl Fn(&str) -> String) -> Self {
        Self { cause: mask(&self.cause), help: mask(&self.help), retry: self.retry }
    }

    /// Names the one of several servers that it is about.
    #[cfg(feature = "memcached")]
    pub(crate) fn at(mut self, server: &str) -> Self {
        self.cause = format!("{server}: {}", self.cause);
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
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
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
        &self.help
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

    pub(crate) fn retry(&self) -> Retry {
        self.retry
    }
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
        f.write_str(&self.cause)
    }
}

impl fmt::Debug for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl Error for ClientError {}
