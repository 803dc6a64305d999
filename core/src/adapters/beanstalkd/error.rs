use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a command to beanstalkd failed.
///
/// ```no_run
/// use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
///
/// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
/// match queue.put("welcome ada").await {
///     Ok(id) => println!("job {id}"),
///     Err(BeanstalkdError::JobTooBig) => println!("cut it in two"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BeanstalkdError {
    /// There is no such job or tube, or the job is not in a state for the command. A reserved job
    /// is answered so when its time to run is over.
    NotFound,
    /// The body is longer than the server takes (its option `-z`, 65535 bytes by default).
    JobTooBig,
    /// The server takes no new jobs, because it is about to be stopped.
    Draining,
    /// The server has no memory for it.
    OutOfMemory,
    /// The server was out of memory and buried the job: it is kept, and runs after a kick.
    Buried(u64),
    /// The body did not end where the command said.
    ExpectedCrlf,
    /// The server does not understand the arguments of the command.
    BadFormat,
    /// The server is too old for the command.
    UnknownCommand,
    /// A bug of the server.
    InternalError,
    /// The server answered with something that does not belong to the command.
    Unexpected,
    /// No name of a tube: 1 to 200 of letters, digits and `-+/;.$_()`, not beginning with `-`.
    BadTube,
    /// A consumer watches one tube at least.
    LastTube,
    /// The connection that had reserved the job has ended, so the server has given the job back:
    /// another consumer may be working on it. The command was not sent.
    Lost,
    /// The command was sent and its answer did not come: it may have been carried out or not.
    Unknown(Arc<io::Error>),
    /// There was no connection in time. The command was not sent.
    Unreachable(Arc<io::Error>),
    /// The client has been closed. The command was not sent.
    Closed,
}

impl BeanstalkdError {
    /// Whether it comes from the connection and a new one may mend it.
    pub(super) fn is_of_connection(&self) -> bool {
        match self {
            // It would be as long on a new connection.
            Self::Unknown(cause) => cause.kind() != io::ErrorKind::FileTooLarge,
            other => matches!(other, Self::Unreachable(_)),
        }
    }
}

impl fmt::Display for BeanstalkdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such job or tube, or the job is not reserved any more",
            Self::JobTooBig => "the job is bigger than the server takes",
            Self::Draining => "the server takes no new jobs",
            Self::OutOfMemory => "the server is out of memory",
            Self::Buried(id) => return write!(f, "out of memory, the server buried job {id}"),
            Self::ExpectedCrlf => "the body did not end where the command said",
            Self::BadFormat => "the server does not understand the command's arguments",
            Self::UnknownCommand => "the server does not know the command",
            Self::InternalError => "the server failed: an internal error",
            Self::Unexpected => "the answer does not belong to the command",
            Self::BadTube => {
                "no name of a tube: 1 to 200 of letters, digits and `-+/;.$_()`, \
                 not beginning with `-`"
            }
            Self::LastTube => "a consumer watches one tube at least",
            Self::Lost => "the connection that had reserved the job has ended: it is given back",
            Self::Unknown(_) => "no answer: the command may have been carried out or not",
            Self::Unreachable(_) => "no connection: the command was not sent",
            Self::Closed => "the client is closed",
        })?;
        match self {
            Self::Unknown(cause) | Self::Unreachable(cause) => write!(f, " ({cause})"),
            _ => Ok(()),
        }
    }
}

impl Error for BeanstalkdError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unknown(cause) | Self::Unreachable(cause) => Some(&**cause),
            _ => None,
        }
    }
}
