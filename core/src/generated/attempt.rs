use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::once::Once;
use super::{Failures, Field, Kind};
use crate::adapter::{Adapter, CONNECT_TIMEOUT, Connect};
use crate::backing::BackingServices;
use crate::error::{ClientError, ConnectError, Failure, FailureKind, Retry, ours};
use crate::handle::Handle;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A port that refuses or a name that does not resolve is retried for this long: enough for a
/// server that is being restarted, short enough that a typo is reported within a second.
const BRIEFLY: Duration = Duration::from_millis(700);

/// Where in a tree of nested structs a field stands; turned into text only for a failure.
pub struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    name: &'static str,
    prefix: &'static str,
    /// How many resources were to be connected, counted at the root: a detached one is not, and one
    /// that several fields share is counted once.
    tried: AtomicUsize,
    /// What fields share, kept at the root.
    once: Once,
}

impl<'a> Scope<'a> {
    pub fn root<S: BackingServices>() -> Scope<'static> {
        Scope::new(None, S::TABLE.name, "")
    }

    /// The scope of a nested field.
    #[must_use]
    pub fn nested(&'a self, field: &'static Field) -> Scope<'a> {
        let prefix = match field.kind {
            Kind::Nested { prefix, .. } => prefix,
            Kind::Resource { .. } | Kind::Setting { .. } | Kind::Flatten { .. } => "",
        };
        Scope::new(Some(self), field.name, prefix)
    }

    fn new(parent: Option<&'a Scope<'a>>, name: &'static str, prefix: &'static str) -> Self {
        Self { parent, name, prefix, tried: AtomicUsize::new(0), once: Once::default() }
    }

    fn root_scope(&self) -> &Scope<'a> {
        self.parent.map_or(self, Scope::root_scope)
    }

    fn count(&self) {
        self.root_scope().tried.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn report<S: BackingServices>(&self, failures: Failures) -> ConnectError {
        ConnectError::new(S::TABLE, self.tried.load(Ordering::Relaxed), failures)
    }

    /// Whether the resource of a field is not one that an earlier field has asked or closed
    /// already.
    fn is_first<A: Adapter + Connect>(&self, field: &Field) -> bool {
        let variable = field.shared_variable();
        variable.is_none_or(|variable| self.root_scope().once.slot::<A>(variable).1)
    }

    fn path(&self, field: &str) -> String {
        match self.parent {
            Some(parent) => parent.path(&format!("{}.{field}", self.name)),
            None => format!("{}::{field}", self.name),
        }
    }

    fn variable(&self, field: &Field) -> String {
        let mut name = field.variable().to_owned();
        if field.shared_variable().is_none() {
            let mut scope = Some(self);
            while let Some(Scope { parent, prefix, .. }) = scope {
                name.insert_str(0, prefix);
                scope = *parent;
            }
        }
        name
    }
}

impl Scope<'_> {
    fn failure<A: Adapter>(
        &self,
        field: &Field,
        handle: Option<&Handle>,
        masked: ClientError,
        elapsed: Duration,
        attempts: u32,
    ) -> Failure {
        let origin = handle.and_then(Handle::origin).cloned();
        let variable = origin.as_ref().and_then(|origin| origin.variable()).map(str::to_owned);
        Failure::new(
            self.path(field.name),
            variable.unwrap_or_else(|| self.variable(field)),
            A::GRAMMAR.name(),
            handle,
            origin,
            masked,
            elapsed,
            attempts,
        )
    }
}

/// Connects the resource of a field; what several share, once.
pub(super) async fn attach<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    let Some(variable) = field.shared_variable() else {
        return attach_one(adapter, scope, field).await;
    };
    let (slot, is_first) = scope.root_scope().once.slot::<A>(variable);
    if is_first {
        let client = attach_one(adapter, scope, field).await;
        slot.put(client.as_ref().ok().cloned());
        client
    } else {
        slot.get().await.ok_or_else(Failures::new)
    }
}

/// Connects one resource: attempts under one time limit, each proven by a ping.
async fn attach_one<A: Adapter + Connect>(
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
    let handle = adapter.handle();
    let error = error.masked(|text| handle.mask(text, A::GRAMMAR));
    let mut failure = scope.failure::<A>(field, Some(handle), error, started.elapsed(), attempts);
    if failure.kind() == FailureKind::Tls
        && failure.cause().contains("does not support TLS")
        && let Some((words, word)) =
            A::GRAMMAR.of_scheme(handle.scheme()).tls_variable(failure.variable())
    {
        let help = ours!(
            "if an unencrypted connection is meant, set `{word}={}` beside the handle, or say the \
             same behind its `?`",
            words.off
        );
        failure = failure.with_help(help);
    }
    Err(vec![failure])
}

async fn attempt<A: Adapter + Connect>(adapter: &A) -> Result<A::Client, ClientError> {
    let client = adapter.connect().await?;
    if A::PROVEN {
        return Ok(client);
    }
    match A::ping(&client).await {
        Ok(()) => Ok(client),
        Err(error) => {
            A::close(client).await;
            Err(error)
        }
    }
}

/// Asks a client whether its resource answers; what several fields share, once.
pub(super) async fn ping<A: Adapter + Connect>(
    client: &A::Client,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<(), Failures> {
    if !scope.is_first::<A>(field) {
        return Ok(());
    }
    scope.count();
    let started = Instant::now();
    let error = match timeout(CONNECT_TIMEOUT, A::ping(client)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.without_quotes(),
        Err(_) => ClientError::no_answer(CONNECT_TIMEOUT),
    };
    Err(vec![scope.failure::<A>(field, None, error, started.elapsed(), 1)])
}

/// Ends a client; what several fields share, once.
pub(super) async fn close<A: Adapter + Connect>(
    client: A::Client,
    scope: &Scope<'_>,
    field: &'static Field,
) {
    if scope.is_first::<A>(field) {
        A::close(client).await;
    }
}
