use std::fmt;

use super::ProblemKind;
use crate::handle::Handle;
use crate::handle::grammar::Fault;
use crate::suggest;

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

    /// What kind of problem it is.
    ///
    /// ```
    /// # use backing_services::{HandleError, ProblemKind};
    /// assert_eq!(HandleError::new("there is no token").kind(), ProblemKind::Handle);
    /// ```
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    pub(crate) fn syntax(fault: Fault) -> Self {
        Self {
            kind: ProblemKind::Syntax,
            message: fault.message().as_str().to_owned(),
            help: fault.help().as_str().to_owned(),
        }
    }

    /// A parameter that is unknown, missing or of the wrong form.
    ///
    /// ```
    /// # use backing_services::{HandleError, ProblemKind};
    /// let error = HandleError::parameter("the parameter `room` has a bad value", "expected a name");
    /// assert_eq!(error.kind(), ProblemKind::Parameter);
    /// ```
    pub fn parameter(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Parameter, message: message.into(), help: help.into() }
    }

    /// A handle that would send a credential where others can read it.
    ///
    /// ```
    /// # use backing_services::{HandleError, ProblemKind};
    /// let error = HandleError::insecure("the token would be sent unencrypted", "write `chats://`");
    /// assert_eq!(error.kind(), ProblemKind::Insecure);
    /// ```
    pub fn insecure(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Insecure, message: message.into(), help: help.into() }
    }

    /// A scheme that is not one of an adapter's.
    pub(crate) fn scheme(
        handle: &Handle,
        adapter: &str,
        schemes: impl Iterator<Item = &'static str>,
    ) -> Self {
        let expected: Vec<_> = schemes.map(|scheme| format!("{scheme}://")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let message = match handle.known_scheme() {
            Some(scheme) => format!("the scheme `{scheme}` is not one of {adapter}"),
            None => format!("the scheme is not one of {adapter}"),
        };
        let mut help = format!("expected {}", suggest::list(&expected));
        if handle.scheme() == "tcp" {
            help.push_str(
                "; a value like `tcp://10.0.0.1:80` is put there by Kubernetes service links: \
                 set `enableServiceLinks: false` or name the variable with `env`",
            );
        }
        Self { kind: ProblemKind::Scheme, message, help }
    }

    pub(crate) fn unknown_parameter(name: &str, known: &[&'static str]) -> Self {
        let near = suggest::nearest(name, known.iter().copied());
        let help = match near {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "this handle takes no parameters".to_owned(),
            None => format!("the parameters are {}", suggest::list(known)),
        };
        let message = if near.is_some() || crate::handle::is_plain_word(name) {
            format!("unknown parameter `{name}`")
        } else {
            "an unknown parameter".to_owned()
        };
        Self::parameter(message, help)
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
