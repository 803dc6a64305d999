use std::fmt;

use super::grammar::Fault;
use crate::error::{Message, ProblemKind};
use crate::spelling::is_plain_word;
use crate::suggest;

/// Why a handle means nothing to an adapter: what is wrong and what would be right.
///
/// An adapter of the app's own makes one from two sentences. It need not fear to repeat a
/// credential: a literal is shown as it is, and in a `String` the loader masks whatever of the
/// handle's secrets stands there.
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
    message: Message,
    help: Message,
}

impl HandleError {
    /// What is wrong, in lower case and without a full stop.
    ///
    /// ```
    /// # use backing_services::HandleError;
    /// let error = HandleError::new("the handle has no token");
    /// # assert_eq!(error.message(), "the handle has no token");
    /// ```
    pub fn new(message: impl Into<Message>) -> Self {
        Self { kind: ProblemKind::Handle, message: message.into(), help: Message::default() }
    }

    /// Adds what would be right.
    ///
    /// ```
    /// # use backing_services::HandleError;
    /// let error = HandleError::new("there is no token").with_help("write it as the user name");
    /// # assert_eq!(error.help(), "write it as the user name");
    /// ```
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Message>) -> Self {
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
        self.message.as_str()
    }

    /// What would be right; empty if unknown.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let error = Handle::parse("mysql://shop:100%@localhost/db").unwrap_err();
    /// assert_eq!(error.help(), "write a literal `%` as `%25`");
    /// ```
    pub fn help(&self) -> &str {
        self.help.as_str()
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
            message: Message::ours(format_args!("{}", fault.message().as_str())),
            help: Message::ours(format_args!("{}", fault.help().as_str())),
        }
    }

    /// A parameter that is unknown, missing or of the wrong form.
    ///
    /// ```
    /// # use backing_services::{HandleError, ProblemKind};
    /// let error = HandleError::parameter("the parameter `room` has a bad value", "expected a name");
    /// assert_eq!(error.kind(), ProblemKind::Parameter);
    /// ```
    pub fn parameter(message: impl Into<Message>, help: impl Into<Message>) -> Self {
        Self { kind: ProblemKind::Parameter, message: message.into(), help: help.into() }
    }

    /// A handle that would send a credential where others can read it.
    ///
    /// ```
    /// # use backing_services::{HandleError, ProblemKind};
    /// let error = HandleError::insecure("the token would be sent unencrypted", "write `chats://`");
    /// assert_eq!(error.kind(), ProblemKind::Insecure);
    /// ```
    pub fn insecure(message: impl Into<Message>, help: impl Into<Message>) -> Self {
        Self { kind: ProblemKind::Insecure, message: message.into(), help: help.into() }
    }

    pub(crate) fn unknown_parameter(name: &str, known: &[&'static str]) -> Self {
        let near = suggest::nearest(name, known.iter().copied());
        let help = match near {
            Some(name) => Message::ours(format_args!("did you mean `{name}`?")),
            None if known.is_empty() => "this handle takes no parameters".into(),
            None => Message::ours(format_args!("the parameters are {}", suggest::list(known))),
        };
        let message = if near.is_some() || is_plain_word(name) {
            Message::from("unknown parameter `").said(name).then(format_args!("`"))
        } else {
            "an unknown parameter".into()
        };
        Self::parameter(message, help)
    }

    pub(crate) fn not_loopback() -> Self {
        Self {
            kind: ProblemKind::NotLoopback,
            message: "the handle leads to another machine, and only this one is allowed".into(),
            help: "name a service on localhost".into(),
        }
    }

    /// With everything in it that the app did not write replaced.
    pub(crate) fn masked_by(self, mask: impl Fn(&str) -> String) -> Self {
        Self { message: self.message.masked(&mask), help: self.help.masked(mask), kind: self.kind }
    }

    pub(crate) fn of_scheme(message: Message, help: Message) -> Self {
        Self { kind: ProblemKind::Scheme, message, help }
    }

    pub(crate) fn as_message(&self) -> &Message {
        &self.message
    }

    /// Message and help as one.
    pub(crate) fn to_message(&self) -> Message {
        if self.help.is_empty() {
            self.message.clone()
        } else {
            self.message.clone().then(format_args!(": ")).with(&self.help)
        }
    }
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_message().fmt(f)
    }
}

impl fmt::Debug for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for HandleError {}
