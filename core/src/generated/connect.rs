//! What the derive calls for the whole of a struct: to connect it, to ask its clients, to end them.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::attempt::after;
use super::call::Call;
use super::derived::Derived;
use super::field::Attach;
use super::join::Outputs;
use super::scope::Scope;
use crate::concurrent::{Work, all};
use crate::error::{ConnectError, Failure, Failures};

/// How often a start that waits says what is missing.
const REPORTED_EVERY: Duration = Duration::from_secs(3);

/// Asks all clients at the same time, for `ping`.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn ping_all<S: Derived>(
    clients: &S::Clients,
) -> impl Future<Output = Result<(), ConnectError>> + Send {
    async move {
        let call = Call::default();
        let scope = Scope::root(S::TABLE, &call);
        let pinged = ping_in::<S>(clients, &scope).await;
        pinged.map_err(|failures| scope.report(failures).of_ping())
    }
}

/// Ends all clients at the same time, for `close`. What has not ended after `limit` is dropped.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn close_all<S: Derived>(
    clients: S::Clients,
    limit: Duration,
) -> impl Future<Output = ()> + Send {
    async move {
        let call = Call::default();
        let scope = Scope::root(S::TABLE, &call);
        // The limit is the caller's, so that it is no error when it passes.
        let _ = timeout(limit, close_in::<S>(clients, &scope)).await;
    }
}

/// The clients of a struct, which may be a nested one.
pub(super) async fn connect_in<S: Derived>(
    services: &S,
    scope: &Scope<'_>,
) -> Result<S::Clients, Failures> {
    let mut outputs = Outputs::new(all(services.start(scope)).await);
    if !outputs.is_whole() {
        return Err(outputs.failures());
    }
    S::clients(outputs).ok_or_else(Failures::new)
}

pub(super) async fn ping_in<S: Derived>(
    clients: &S::Clients,
    scope: &Scope<'_>,
) -> Result<(), Failures> {
    let pinged = all(S::ping(clients, scope)).await;
    let failures: Failures = pinged.into_iter().filter_map(Result::err).flatten().collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

pub(super) async fn close_in<S: Derived>(clients: S::Clients, scope: &Scope<'_>) {
    all(S::close(clients, scope)).await;
}

pub async fn connect<S: Derived>(services: &S) -> Result<S::Clients, ConnectError> {
    connect_by(services, &Call::default()).await
}

/// The clients of the struct that a call is about, with its report.
pub(crate) async fn connect_by<S: Derived>(
    services: &S,
    call: &Call,
) -> Result<S::Clients, ConnectError> {
    let scope = Scope::root(S::TABLE, call);
    connect_in(services, &scope).await.map_err(|failures| scope.report(failures))
}

/// Waits for servers that are not there yet, and says now and then which are missing.
pub async fn connect_within<S: Derived>(
    services: &S,
    limit: Duration,
) -> Result<S::Clients, ConnectError> {
    let call = Call::until(after(Instant::now(), limit));
    let mut connecting = pin!(connect_by(services, &call));
    loop {
        match timeout(REPORTED_EVERY, &mut connecting).await {
            Ok(result) => return result,
            Err(_) => call.missing().iter().for_each(still_missing),
        }
    }
}

/// Says in the log that a resource is waited for, without any secret.
fn still_missing(failure: &Failure) {
    tracing::warn!(
        field = failure.field(),
        variable = failure.variable(),
        adapter = failure.adapter(),
        target = failure.target(),
        cause = failure.cause(),
        attempts = failure.attempts(),
        "still missing, waiting for it"
    );
}

/// All fields, each with a result of its own.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn connect_each<S: Derived>(services: &S) -> impl Future<Output = S::Results> + Send {
    async move {
        let call = Call::each();
        let scope = Scope::root(S::TABLE, &call);
        S::results(Outputs::new(all(services.start(&scope)).await))
    }
}

/// One field alone, for `connect_<field>`.
pub fn connect_one<'a, S: Derived, R: Attach + 'a>(
    value: &'a R::Value,
    index: usize,
) -> Work<'a, Result<R::Client, ConnectError>> {
    Box::pin(async move {
        let call = Call::default();
        let scope = Scope::root(S::TABLE, &call);
        let client = match S::TABLE.fields.get(index) {
            Some(field) => R::connect(value, &scope, field).await,
            None => Err(Failures::new()),
        };
        client.map_err(|failures| scope.report(failures))
    })
}

/// The results by field, each connected or not.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_results(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, Option<&ConnectError>)],
) -> fmt::Result {
    let mut results = f.debug_struct(name);
    for (field, error) in fields {
        match error {
            Some(error) => results.field(field, error),
            None => results.field(field, &format_args!("..")),
        };
    }
    results.finish()
}

/// The clients by name, each attached or detached: what is inside them may hold a secret.
pub fn debug_clients(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, bool)],
) -> fmt::Result {
    let mut clients = f.debug_struct(name);
    for (field, is_attached) in fields {
        clients.field(field, &format_args!("{}", if *is_attached { ".." } else { "detached" }));
    }
    clients.finish()
}
