//! The attempts at one resource.
//!
//! Each is a task of its own, apart from who waits for it: a driver that is busy without end or
//! panics takes its resource along and nothing else. The timeout holds on a multi-thread runtime
//! with a worker to spare; a current-thread runtime cannot be freed from a future that never
//! yields.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::apart::apart;
use super::scope::Scope;
use crate::adapter::{Adapter, CONNECT_TIMEOUT, Connect};
use crate::backoff::Backoff;
use crate::error::{ClientError, Failure, FailureKind, Failures, NO_TLS, Retry, ours};
use crate::handle::Handle;
use crate::table::Field;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A port that refuses or a name that does not resolve is retried for this long unless the deploy
/// says otherwise: enough for a server that is being restarted, short enough that a typo is
/// reported within a second.
pub(super) const BRIEFLY: Duration = Duration::from_millis(700);

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
