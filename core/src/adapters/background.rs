//! A thread for what telemetry sends behind the app's back.
//!
//! It has a runtime of its own: what the app recorded goes out while its own runtime is busy, is
//! blocked in a flush or has ended. And what the HTTP client logs on it is known to be no event of
//! the app's.

use std::cell::Cell;
use std::thread;

use tokio::runtime::{self, Handle};
use tokio::task::JoinHandle;

use super::ending::closed;
use crate::error::ClientError;

thread_local! {
    static IN_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is a thread of [`start`]: what it logs must not be sent, or sending would never
/// end.
pub(super) fn is_this_thread() -> bool {
    IN_BACKGROUND.try_with(Cell::get).unwrap_or(false)
}

/// Runs `main` on a new thread, which ends with it.
pub(super) fn start(
    name: &str,
    main: impl Future<Output = ()> + Send + 'static,
) -> Result<Handle, ClientError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name(name)
        // The threads of the runtime look up the names of hosts.
        .on_thread_start(enter)
        .build()
        .map_err(ClientError::caused_by)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            enter();
            runtime.block_on(main);
        })
        .map_err(ClientError::caused_by)?;
    Ok(handle)
}

fn enter() {
    IN_BACKGROUND.set(true);
    // A bridge from `tracing` to OpenTelemetry asks for this. It holds for as long as the thread
    // lives, so the guard is never dropped.
    #[cfg(feature = "_otlp")]
    std::mem::forget(opentelemetry::Context::enter_telemetry_suppressed_scope());
}

/// The result of a task on a thread of [`start`], unless the thread ended before.
pub(super) async fn outcome<T>(task: JoinHandle<Result<T, ClientError>>) -> Result<T, ClientError> {
    task.await.unwrap_or_else(|_| Err(closed()))
}
