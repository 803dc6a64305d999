//! Connecting, pinging and closing the resource of a field.

use tokio::time::{Instant, timeout};

use super::apart::apart;
use super::attempt::attach_one;
#[cfg(feature = "attached")]
use super::held::Held;
#[cfg(feature = "cli")]
use super::listed::Listed;
use super::scope::Scope;
use crate::adapter::{Adapter, CONNECT_TIMEOUT, Connect};
use crate::error::{ClientError, Failures};
use crate::table::Field;

/// Connects the resource of a field; what several share, once.
pub(super) async fn attach<A: Adapter + Connect>(
    adapter: &A,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<A::Client, Failures> {
    #[cfg(feature = "cli")]
    if let Some(list) = &scope.call.list {
        if scope.is_first::<A>(field) {
            list.add(Listed::of(adapter, scope, field));
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
    let path = scope.path(field.name);
    let key = match stock.find(adapter, &path)? {
        Ok(client) => return Ok(client),
        Err(key) => key,
    };
    let client = attach_one(adapter, scope, field).await?;
    stock.put(adapter, client.clone(), |client| Held {
        variable: scope.variable(field, adapter.handle().origin()),
        shared: field.shared_variable(),
        grammar: A::GRAMMAR,
        generation: 1,
        origin: adapter.handle().origin().cloned(),
        is_required: scope.is_required(field, adapter),
        field: path,
        key,
        client,
    });
    Ok(client)
}

#[cfg(not(feature = "attached"))]
use attach_one as attach_held;

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
