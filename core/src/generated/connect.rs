//! What the derive calls for the whole of a struct: to connect it, to ask its clients, to end them.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use super::attach::Scope;
use super::role::Attach;
use crate::backing::BackingServices;
use crate::error::ConnectError;
use crate::table::Field;

/// Asks all clients at the same time, for `ping`.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn ping_all<S: BackingServices>(
    clients: &S::Clients,
) -> impl Future<Output = Result<(), ConnectError>> + Send {
    async move {
        let scope = Scope::root::<S>();
        let asked = S::__ping(clients, &scope).await;
        asked.map_err(|failures| scope.report::<S>(failures).of_ping())
    }
}

/// Ends all clients at the same time, for `close`. What has not ended after `limit` is dropped.
#[expect(clippy::manual_async_fn, reason = "that it is `Send` is checked once, here")]
pub fn close_all<S: BackingServices>(
    clients: S::Clients,
    limit: Duration,
) -> impl Future<Output = ()> + Send {
    async move {
        let scope = Scope::root::<S>();
        // The limit is the caller's, so that it is no error when it passes.
        let _ = timeout(limit, S::__close(clients, &scope)).await;
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
