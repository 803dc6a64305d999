use std::fmt;

use super::{Message, ProblemKind, ours};
use crate::adapter::grammar::Grammar;
use crate::handle::Handle;
use crate::handle::grammar::Fault;
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

    /// A scheme that is not one of an adapter's.
    pub(crate) fn scheme(
        handle: &Handle,
        adapter: &str,
        schemes: impl Iterator<Item = &'static str>,
    ) -> Self {
        let known: Vec<_> = schemes.collect();
        let expected: Vec<_> = known.iter().map(|scheme| format!("{scheme}://")).collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let message = match handle.known_scheme() {
            Some(scheme) => {
                Message::ours(format_args!("the scheme `{scheme}` is not one of {adapter}"))
            }
            None => Message::ours(format_args!("the scheme is not one of {adapter}")),
        };
        let mut help = Message::ours(format_args!("expected {}", suggest::list(&expected)));
        if handle.scheme() == "tcp" {
            help = help.then(format_args!(
                "; a value like `tcp://10.0.0.1:80` is put there by Kubernetes service links: \
                 set `enableServiceLinks: false` or name the variable with `env`"
            ));
        }
        if let Some(advice) = advice(handle.scheme(), &known) {
            help = ours!("{advice}").then(format_args!("; ")).with(&help);
        }
        Self { kind: ProblemKind::Scheme, message, help }
    }

    pub(crate) fn unknown_parameter(name: &str, known: &[&'static str]) -> Self {
        let near = suggest::nearest(name, known.iter().copied());
        let help = match near {
            Some(name) => Message::ours(format_args!("did you mean `{name}`?")),
            None if known.is_empty() => "this handle takes no parameters".into(),
            None => Message::ours(format_args!("the parameters are {}", suggest::list(known))),
        };
        let message = if near.is_some() || crate::handle::is_plain_word(name) {
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

    pub(crate) fn masked(self, handle: &Handle, grammar: &Grammar) -> Self {
        let mask = |text: &str| handle.mask(text, grammar);
        Self { message: self.message.masked(mask), help: self.help.masked(mask), kind: self.kind }
    }

    pub(crate) fn as_message(&self) -> &Message {
        &self.message
    }

    /// Message and help as one.
    pub(super) fn to_message(&self) -> Message {
        if self.help.is_empty() {
            self.message.clone()
        } else {
            self.message.clone().then(format_args!(": ")).with(&self.help)
        }
    }
}

/// What to write instead of a scheme that other tools know.
fn advice(scheme: &str, known: &[&'static str]) -> Option<String> {
    if scheme.contains("sentinel") || scheme.contains("cluster") {
        return Some(
            "name the primary's address, or that of a proxy in front of the group".to_owned(),
        );
    }
    let stores = match scheme {
        "gs" => {
            "Google Cloud Storage attaches as S3, with an HMAC key: write \
             `s3://KEY:SECRET@bucket?endpoint=https://storage.googleapis.com`; no feature takes `gs://`"
        }
        "az" => {
            "no feature takes Azure Blob Storage, which does not speak the protocol of S3: an adapter \
             of the app's own can, with `object_store` and its feature `azure`"
        }
        _ => "",
    };
    if !stores.is_empty() && known.contains(&"s3") {
        return Some(stores.to_owned());
    }
    // `postgresql+asyncpg` names the driver of another language.
    let name = scheme.split('+').next().unwrap_or_default();
    let name = match name {
        "cockroachdb" | "cockroach" | "yugabyte" | "timescaledb" | "pgsql" | "pg" => "postgresql",
        "tidb" | "percona" => "mysql",
        "sqlite3" => "sqlite",
        "rabbitmq" => "amqp",
        name if name.len() < scheme.len() => name,
        _ => return None,
    };
    known.contains(&name).then(|| format!("write {name}://"))
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
