//! Connecting, pinging and closing one resource.
//!
//! Each attempt is a task of its own, apart from who waits for it: a driver that is busy without
//! end or panics takes its resource along and nothing else. The timeout holds on a multi-thread
//! runtime with a worker to spare; a current-thread runtime cannot be freed from a future that
//! never yields.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::Instrument as _;

use super::{Failures, Field, Scope};
use crate::adapter::{Adapter, CONNECT_TIMEOUT, Connect};
use crate::backoff::Backoff;
use crate::error::{ClientError, Failure, FailureKind, NO_TLS, Retry, ours};
use crate::handle::Handle;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A port that refuses or a name that does not resolve is retried for this long unless the deploy
/// says otherwise: enough for a server that is being restarted, short enough that a typo is
/// reported within a second.
pub(super) const BRIEFLY: Duration = Duration::from_millis(700);

/// Connects the resource of a field; what several share, once.
pub(super) async fn attach<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    #[cfg(feature = "cli")]
    if let Some(list) = &scope.call.list {
        if scope.is_first::<A>(field) {
            list.add(adapter, scope, field);
        }
        return Err(Failures::new());
    }
    let Some(variable) = field.shared_variable() else {
        return attach_held(adapter, scope, field).await;
    };
    let (slot, is_first) = scope.slot::<A>(variable);
    if is_first {
        let result = attach_held(adapter, scope, field).await;
        slot.put(result.clone());
        result
    } else {
        let path = scope.path(field.name);
        slot.get().await.map_err(|failures| {
            if scope.call.is_each() {
                failures.into_iter().map(|failure| failure.of_field(&path)).collect()
            } else {
                Failures::new()
            }
        })
    }
}

/// Connects one resource unless the app holds its client already.
#[cfg(feature = "attached")]
async fn attach_held<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    let Some(stock) = &scope.call.stock else {
        return attach_one(adapter, scope, field).await;
    };
    let key = match stock.find(adapter, scope, field)? {
        Ok(client) => return Ok(client),
        Err(key) => key,
    };
    let client = attach_one(adapter, scope, field).await?;
    stock.put(adapter, client.clone(), key, scope, field);
    Ok(client)
}

#[cfg(not(feature = "attached"))]
use attach_one as attach_held;

/// Connects one resource: attempts under one time limit, each proven.
pub(super) async fn attach_one<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    scope.count();
    let started = Instant::now();
    let limit = adapter.connect_timeout();
    let briefly = if says_how_long(adapter) { limit } else { BRIEFLY };
    let mut deadline = after(started, limit);
    let mut attempts = 0;
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut last: Option<ClientError> = None;
    let mut refused_since = None;
    let failure = |error: ClientError, attempts| {
        let error = error.masked(|text| adapter.handle().mask(text, A::GRAMMAR));
        scope.failure::<A>(field, Some(adapter.handle()), error, started.elapsed(), attempts)
    };
    let error = loop {
        attempts += 1;
        let own = adapter.clone();
        let error = match timeout_at(deadline, apart(async move { attempt(&own).await })).await {
            Ok(Ok(client)) => {
                attached(&failure(ClientError::new(""), attempts), scope);
                return Ok(client);
            }
            Ok(Err(error)) => error,
            // What an earlier attempt was told says more than that the last one was cut off.
            Err(_) => last.take().unwrap_or_else(|| ClientError::no_answer(limit)),
        };
        let now = Instant::now();
        let mut give_up = match error.retry() {
            Retry::Never => {
                scope.call.give_up();
                break error;
            }
            Retry::Briefly => deadline.min(after(*refused_since.get_or_insert(now), briefly)),
            Retry::UntilTimeout => {
                refused_since = None;
                deadline
            }
        };
        if let Some(until) = scope.call.patience() {
            give_up = until;
            deadline = until.min(after(now, limit));
            let failure = failure(error.clone(), attempts);
            scope.call.misses(failure);
        }
        let left = give_up.saturating_duration_since(now);
        if left.is_zero() {
            break error;
        }
        sleep(backoff.pause().min(left)).await;
        last = Some(error);
    };
    let failure = failure(error, attempts);
    scope.call.found(failure.field());
    Err(vec![with_tls_help::<A>(failure, adapter.handle())])
}

/// A point in time; one that is too far away for the clock is a day away.
pub(crate) fn after(start: Instant, limit: Duration) -> Instant {
    start.checked_add(limit).unwrap_or_else(|| start + Duration::from_hours(24))
}

/// Whether the deploy or the app says how long connecting may take. Then this holds for a server
/// that refuses, too.
fn says_how_long<A: Adapter>(adapter: &A) -> bool {
    let handle = adapter.handle();
    let word = A::GRAMMAR.of_scheme(handle.scheme()).word("connect_timeout");
    adapter.connect_timeout() != CONNECT_TIMEOUT
        || word.is_some_and(|word| word.param_of(handle).is_some())
}

/// Says in the log that a resource is attached, without any secret.
fn attached(of: &Failure, scope: &Scope<'_>) {
    scope.call.found(of.field());
    tracing::info!(
        field = of.field(),
        variable = of.variable(),
        adapter = of.adapter(),
        target = of.target(),
        attempts = of.attempts(),
        elapsed_ms = u64::try_from(of.elapsed().as_millis()).unwrap_or(u64::MAX),
        "attached"
    );
}

/// Says how to ask for no TLS where a server has none, in the words that the handle takes.
fn with_tls_help<A: Adapter>(failure: Failure, handle: &Handle) -> Failure {
    if failure.kind() != FailureKind::Tls || failure.cause() != NO_TLS {
        return failure;
    }
    let grammar = A::GRAMMAR.of_scheme(handle.scheme());
    let tls_scheme = grammar.scheme(handle.scheme()).filter(|scheme| scheme.is_tls());
    let help = if let Some(scheme) = tls_scheme {
        let mut plain = grammar.schemes().iter().filter(|it| !it.is_tls() && !it.is_socket());
        let Some(plain) = plain.next().filter(|_| failure.help().is_empty()) else {
            return failure;
        };
        ours!(
            "if an unencrypted connection is meant, write `{}://` in the place of `{}://`",
            plain.name(),
            scheme.name()
        )
    } else {
        let Some((words, word)) = grammar.tls_variable(failure.variable()) else { return failure };
        ours!(
            "if an unencrypted connection is meant, set `{word}={}` beside the handle, or say the \
             same behind its `?`",
            words.off
        )
    };
    failure.with_help(help)
}

async fn attempt<A: Adapter + Connect>(adapter: &A) -> Result<A::Client, ClientError> {
    crate::adapter::tls::install_provider();
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

/// A task that ends with who waits for it.
struct Apart<T>(JoinHandle<T>);

impl<T> Drop for Apart<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for Apart<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

/// Runs what a driver does in a task of its own.
pub(super) async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, ClientError>> + Send + 'static,
) -> Result<T, ClientError> {
    match Apart(tokio::spawn(work.in_current_span())).await {
        Ok(result) => result,
        // What it panicked with may hold anything; the panic hook has shown it.
        Err(error) if error.is_panic() => Err(ClientError::new("the driver panicked")
            .with_help("the place stands in what the app wrote to its standard error")),
        Err(_) => Err(ClientError::new("the runtime is shutting down")),
    }
}

/// Pings a client; what several fields share, once.
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
    let client = client.clone();
    let pinged = timeout(CONNECT_TIMEOUT, apart(async move { A::ping(&client).await }));
    let error = match pinged.await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.without_quotes(),
        Err(_) => ClientError::no_answer(CONNECT_TIMEOUT),
    };
    Err(vec![scope.failure::<A>(field, None, error, started.elapsed(), 1)])
}

/// Closes a client; what several fields share, once.
pub(super) async fn close<A: Adapter + Connect>(
    client: A::Client,
    scope: &Scope<'_>,
    field: &'static Field,
) {
    if scope.is_first::<A>(field) {
        // A client that panics while it is closed is gone as well.
        let _ = apart(async move {
            A::close(client).await;
            Ok(())
        })
        .await;
    }
}
