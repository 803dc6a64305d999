use std::fmt;

use super::ProblemKind;
use crate::handle::Handle;
use crate::handle::grammar::Fault;
use crate::near;

/// Why a handle means nothing to an adapter: what is wrong and what would be right.
///
/// An adapter of the app's own makes one from two sentences. It need not fear to repeat a credential:
/// the loader masks whatever of the handle's secrets stands in the text.
///
/// ```
/// use backing_services::HandleError;
///
/// let error = HandleError::new("the path must name a region").with_help("write `chat://host/eu1`");
/// assert_eq!(error.to_string(), "the path must name a region: write `chat://host/eu1`");
/// assert_eq!(error.help(), "write `chat://host/eu1`");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HandleError {
    kind: ProblemKind,
    message: String,
    help: String,
}

impl HandleError {
    /// What is wrong, in lower case and without a full stop.
    ///
    /// ```
    /// # use backing_services::HandleError;
    /// let error = HandleError::new("the handle has no token");
    /// # assert_eq!(error.message(), "the handle has no token");
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Handle, message: message.into(), help: String::new() }
    }

    /// Adds what would be right.
    ///
    /// ```
    /// # use backing_services::HandleError;
    /// let error = HandleError::new("there is no token").with_help("write it as the user name");
    /// # assert_eq!(error.help(), "write it as the user name");
    /// ```
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// What is wrong.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let error = Handle::parse("mysql://localhost:99999/db").unwrap_err();
    /// assert_eq!(error.message(), "the port is not a number from 1 to 65535");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right; empty if unknown.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let error = Handle::parse("mysql://shop:100%@localhost/db").unwrap_err();
    /// assert_eq!(error.help(), "write a literal `%` as `%25`");
    /// ```
    pub fn help(&self) -> &str {
        &self.help
    }

    pub(crate) fn kind(&self) -> ProblemKind {
        self.kind
    }

    pub(crate) fn syntax(fault: Fault) -> Self {
        Self {
            kind: ProblemKind::Syntax,
            message: fault.message().as_str().to_owned(),
            help: fault.help().as_str().to_owned(),
        }
    }

    pub(crate) fn parameter(message: String, help: String) -> Self {
        Self { kind: ProblemKind::Parameter, message, help }
    }

    /// A handle that would send a credential where others can read it.
    #[allow(dead_code, reason = "not every adapter has credentials to protect")]
    pub(crate) fn insecure(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Insecure, message: message.into(), help: help.into() }
    }

    pub(crate) fn not_loopback() -> Self {
        Self {
            kind: ProblemKind::NotLoopback,
            message: "the handle leads to another machine, and only this one is allowed".to_owned(),
            help: "name a service on localhost".to_owned(),
        }
    }

    pub(crate) fn masked(self, handle: &Handle) -> Self {
        Self { message: handle.mask(&self.message), help: handle.mask(&self.help), kind: self.kind }
    }
}

impl Handle {
    /// Refuses a scheme that is not one of an adapter's.
    pub(crate) fn require_scheme(
        &self,
        adapter: &str,
        schemes: &[&str],
    ) -> Result<(), HandleError> {
        if schemes.contains(&self.scheme()) {
            return Ok(());
        }
        let expected: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let message = match self.known_scheme() {
            Some(scheme) => format!("the scheme `{scheme}` is not one of {adapter}"),
            None => format!("the scheme is not one of {adapter}"),
        };
        let mut help = format!("expected {}", near::list(&expected));
        if self.scheme() == "tcp" {
            help.push_str(
                "; a value like `tcp://10.0.0.1:80` is put there by Kubernetes service links: \
                 set `enableServiceLinks: false` or name the variable with `env`",
            );
        }
        Err(Self::scheme_error(message, help))
    }

    fn scheme_error(message: String, help: String) -> HandleError {
        HandleError { kind: ProblemKind::Scheme, message, help }
    }
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, ": {}", self.help) }
    }
}

impl fmt::Debug for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for HandleError {}
