use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{Attach, Failures, Field, Kind};
use crate::adapter::{Adapter, Connect};
use crate::backing::BackingServices;
use crate::error::{ClientError, ConnectError, Failure, FailureKind, Retry, ours};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A port that refuses or a name that does not resolve is retried for this long: enough for a server
/// that is being restarted, short enough that a typo is told within a second.
const BRIEFLY: Duration = Duration::from_millis(700);

/// Where in a tree of nested structs a field stands; turned into text only for a failure.
pub struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    name: &'static str,
    prefix: &'static str,
    /// How many resources were to be connected, counted at the root: a detached one is not.
    tried: AtomicUsize,
}

impl<'a> Scope<'a> {
    pub fn root<S: BackingServices>() -> Scope<'static> {
        Scope { parent: None, name: S::TABLE.name, prefix: "", tried: AtomicUsize::new(0) }
    }

    /// The scope of a nested field.
    #[must_use]
    pub fn nested(&'a self, field: &'static Field) -> Scope<'a> {
        let prefix = match field.kind {
            Kind::Nested { prefix, .. } => prefix,
            Kind::Resource { .. } | Kind::Setting { .. } => "",
        };
        Scope { parent: Some(self), name: field.name, prefix, tried: AtomicUsize::new(0) }
    }

    fn count(&self) {
        match self.parent {
            Some(parent) => parent.count(),
            None => {
                self.tried.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn report<S: BackingServices>(&self, failures: Failures) -> ConnectError {
        ConnectError::new(S::TABLE, self.tried.load(Ordering::Relaxed), failures)
    }

    fn path(&self, field: &str) -> String {
        match self.parent {
            Some(parent) => parent.path(&format!("{}.{field}", self.name)),
            None => format!("{}::{field}", self.name),
        }
    }

    fn variable(&self, name: &str) -> String {
        let name = format!("{}{name}", self.prefix);
        match self.parent {
            Some(parent) => parent.variable(&name),
            None => name,
        }
    }
}

/// Connects one resource: attempts under one time limit, each proven by a ping.
pub(super) async fn attach<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    scope.count();
    let started = Instant::now();
    let limit = adapter.connect_timeout();
    // A limit too far away for the clock is no limit.
    let deadline = started.checked_add(limit).unwrap_or_else(|| started + Duration::from_hours(24));
    let mut attempts = 0;
    let mut pause = FIRST_PAUSE;
    let mut last: Option<ClientError> = None;
    let mut refused_since = None;
    let error = loop {
        attempts += 1;
        let error = match timeout_at(deadline, attempt(adapter)).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => error,
            // What an earlier attempt was told says more than that the last one was cut off.
            Err(_) => break last.unwrap_or_else(|| ClientError::no_answer(limit)),
        };
        let now = Instant::now();
        let give_up = match error.retry() {
            Retry::Never => now,
            Retry::Briefly => deadline.min(*refused_since.get_or_insert(now) + BRIEFLY),
            Retry::UntilTimeout => {
                refused_since = None;
                deadline
            }
        };
        let left = give_up.saturating_duration_since(now);
        if left.is_zero() {
            break error;
        }
        sleep(pause.min(left)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        last = Some(error);
    };
    let (variable, origin) = match adapter.handle().origin() {
        Some(origin) => (origin.variable().map(str::to_owned), Some(origin.clone())),
        None => (None, None),
    };
    let mut error = error.masked(|text| adapter.handle().mask(text, A::GRAMMAR));
    let name = variable.clone().unwrap_or_else(|| scope.variable(field.variable()));
    if error.kind() == FailureKind::Tls
        && error.to_string().contains("does not support TLS")
        && let Some((words, word)) =
            A::GRAMMAR.of_scheme(adapter.handle().scheme()).tls_variable(&name)
    {
        error = error.with_help(ours!(
            "if an unencrypted connection is meant, set `{word}={}` beside the handle, or say the \
             same behind its `?`",
            words.off
        ));
    }
    Err(vec![Failure::new(
        scope.path(field.name),
        variable.unwrap_or_else(|| scope.variable(field.variable())),
        A::GRAMMAR.name(),
        Some(adapter.handle()),
        origin,
        error,
        started.elapsed(),
        attempts,
    )])
}

async fn attempt<A: Adapter + Connect>(adapter: &A) -> Result<A::Client, ClientError> {
    let client = adapter.connect().await?;
    match A::ping(&client).await {
        Ok(()) => Ok(client),
        Err(error) => {
            A::close(client).await;
            Err(error)
        }
    }
}

pub async fn connect<S: BackingServices>(services: &S) -> Result<S::Clients, ConnectError> {
    let scope = Scope::root::<S>();
    services.__connect(&scope).await.map_err(|failures| scope.report::<S>(failures))
}

/// One field alone, for `connect_<field>`.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn connect_one<S: BackingServices, R: Attach>(
    value: &R::Value,
    field: &'static Field,
) -> impl Future<Output = Result<R::Client, ConnectError>> + Send {
    async move {
        let scope = Scope::root::<S>();
        let client = R::connect(value, &scope, field).await;
        client.map_err(|failures| scope.report::<S>(failures))
    }
}

/// The clients by name: what is inside them may hold a secret.
pub fn debug_clients(f: &mut fmt::Formatter<'_>, name: &str, fields: &[&str]) -> fmt::Result {
    let mut clients = f.debug_struct(name);
    for field in fields {
        clients.field(field, &format_args!(".."));
    }
    clients.finish()
}
