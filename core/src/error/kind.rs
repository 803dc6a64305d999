/// What kind of failure it is: what a program decides by. The texts beside it are for people, and
/// change with any release.
///
/// ```
/// use backing_services::{Failure, FailureKind};
///
/// fn who_mends_it(failure: &Failure) -> &str {
///     match failure.kind() {
///         FailureKind::Authentication | FailureKind::NotAllowed => "who grants access",
///         FailureKind::UnknownHost | FailureKind::Tls => "who wrote the handle",
///         _ => "who runs the server",
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FailureKind {
    /// Nobody takes connections at the address: the port is closed, or the host or its network
    /// cannot be reached. Start the server, or correct host and port.
    Refused,
    /// The name of the host does not resolve. Correct the handle, or the DNS.
    UnknownHost,
    /// No answer in time: the server is overloaded or stuck, or a firewall drops what is sent to
    /// it.
    Timeout,
    /// The server does not accept the user name, password, token or key, or asks for one. Only
    /// another credential helps.
    Authentication,
    /// The credential is accepted, but does not permit this: a database, a bucket, a command, a
    /// file. Grant it, or use another account.
    NotAllowed,
    /// The server answers, but has no such database, bucket, virtual host, queue or path; or there
    /// is no such file or socket on this machine. Create it, or correct its name.
    NotFound,
    /// The two sides do not agree on TLS: a certificate does not verify, a client certificate is
    /// missing, a file of certificates cannot be used, or only one side wants TLS.
    Tls,
    /// The server is there but takes nothing now: it is starting up or shutting down, has too many
    /// connections, limits the rate, or is out of a resource. Trying again later helps.
    Busy,
    /// What answers does not speak the protocol as expected, or ended the connection in the middle
    /// of it: another service at this port, another version, or a server that was stopped. An ended
    /// connection is worth another attempt, which
    /// [`is_transient`](crate::ClientError::is_transient) tells.
    Protocol,
    /// Anything else. The text says what.
    Other,
}

impl FailureKind {
    /// What has happened, where the words of a driver or a server cannot be shown.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::UnknownHost => "unknown host",
            Self::Timeout => "no answer in time",
            Self::Authentication => "the credential is not accepted",
            Self::NotAllowed => "the credential does not permit it",
            Self::NotFound => "what the handle names is not there",
            Self::Tls => "the two sides do not agree on TLS",
            Self::Busy => "the server takes nothing now",
            Self::Protocol => "the answer is not one of the protocol, or broke off",
            Self::Other => "the ping failed",
        }
    }
}

/// What kind of [`Problem`](crate::Problem) it is.
///
/// ```
/// # use backing_services::{Problem, ProblemKind};
/// fn is_typo(problem: &Problem) -> bool {
///     matches!(problem.kind(), ProblemKind::Missing | ProblemKind::Parameter)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A required variable is absent or empty.
    Missing,
    /// The handle breaks a rule of the grammar.
    Syntax,
    /// The scheme belongs to another service.
    Scheme,
    /// A parameter is unknown, missing or of the wrong form.
    Parameter,
    /// The adapter cannot use the handle.
    Handle,
    /// The handle would send a credential in clear text to another machine.
    Insecure,
    /// Two sources give a value.
    Conflict,
    /// A file cannot be read, or a value is not Unicode.
    Unreadable,
    /// A setting is not of its type.
    Setting,
    /// The handle leads to another machine, which the environment refuses.
    NotLoopback,
}
