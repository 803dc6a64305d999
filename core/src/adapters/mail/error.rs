//! What can go wrong with one message.

use std::fmt;
use std::time::Duration;

use lettre::transport::{file, smtp};

use crate::adapters::smtp::cause;
use crate::error::{ClientError, FailureKind, Secrets};

/// Why a message was not sent.
///
/// ```
/// use backing_services::adapters::mail::MailError;
///
/// fn is_refused(error: &MailError) -> bool {
///     matches!(error, MailError::Smtp(error) if error.is_permanent())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum MailError {
    /// The server or the way to it.
    Smtp(SmtpError),
    /// The server did not answer in that time. The message may have arrived.
    Timeout(Duration),
    /// The folder.
    File(file::Error),
}

/// What a server has against a message, or what was wrong on the way to it.
///
/// Of what the server says `Display` and `Debug` show one line of at most 200 characters, in which
/// user name and password of the handle are masked.
///
/// ```
/// use backing_services::adapters::mail::SmtpError;
///
/// /// No mailbox of that name.
/// fn bounced(error: &SmtpError) -> bool {
///     error.status() == Some(550)
/// }
/// ```
pub struct SmtpError {
    status: Option<u16>,
    cause: ClientError,
}

impl SmtpError {
    pub(super) fn new(error: &smtp::Error, secrets: &Secrets) -> Self {
        let status = error.status().map(u16::from);
        Self { status, cause: cause(error).masked(|text| secrets.mask(text)).shortened() }
    }

    /// The code of the server's reply, such as 550; none if the server did not reply.
    ///
    /// ```
    /// # use backing_services::adapters::mail::SmtpError;
    /// fn is_greylisted(error: &SmtpError) -> bool {
    ///     matches!(error.status(), Some(450 | 451))
    /// }
    /// ```
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether the server refuses the message for good.
    ///
    /// ```
    /// # use backing_services::adapters::mail::SmtpError;
    /// fn give_up(error: &SmtpError) -> bool {
    ///     error.is_permanent()
    /// }
    /// ```
    pub fn is_permanent(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }

    /// Whether the same message may be taken later.
    ///
    /// ```
    /// # use backing_services::adapters::mail::SmtpError;
    /// fn again(error: &SmtpError) -> bool {
    ///     error.is_transient()
    /// }
    /// ```
    pub fn is_transient(&self) -> bool {
        self.cause.is_transient()
    }

    /// What kind of failure it is.
    ///
    /// ```
    /// # use backing_services::FailureKind;
    /// # use backing_services::adapters::mail::SmtpError;
    /// fn is_wrong_login(error: &SmtpError) -> bool {
    ///     error.kind() == FailureKind::Authentication
    /// }
    /// ```
    pub fn kind(&self) -> FailureKind {
        self.cause.kind()
    }
}

impl fmt::Display for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl fmt::Debug for SmtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SmtpError {}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(error) => error.fmt(f),
            Self::Timeout(limit) => write!(f, "the server did not answer within {limit:?}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MailError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Smtp(_) | Self::Timeout(_) => None,
            Self::File(error) => error.source(),
        }
    }
}
