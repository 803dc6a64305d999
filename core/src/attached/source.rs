use std::any::Any;
use std::fmt;

use crate::concurrent::Work;

/// A store of variables that can change while the app runs: etcd, a cloud's secret manager, a file
/// of the app's own form.
///
/// What the store holds counts where the process has no variable of that name, and before any
/// `.env` file. Without a source of its own an [`Attached`](super::Attached) looks at the files it
/// has read: Kubernetes, Vault Agent, the CSI driver, systemd and consul-template all end in files.
///
/// ```
/// use backing_services::Source;
/// use std::sync::Mutex;
/// use tokio::sync::Notify;
///
/// /// What the app was told last, by whatever way.
/// #[derive(Default)]
/// struct Told {
///     variables: Mutex<Vec<(String, String)>>,
///     news: Notify,
/// }
///
/// impl Source for Told {
///     async fn read(&self) -> Result<Vec<(String, String)>, String> {
///         Ok(self.variables.lock().map_err(|error| error.to_string())?.clone())
///     }
///
///     async fn changed(&self) {
///         self.news.notified().await;
///     }
/// }
/// ```
pub trait Source: Send + Sync + 'static {
    /// All variables that the store has now.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, without any secret. What was read last stays in force.
    fn read(&self) -> impl Future<Output = Result<Vec<(String, String)>, String>> + Send;

    /// Ends when the variables may have changed. It is called again after each end, and a call that
    /// is dropped has lost nothing.
    fn changed(&self) -> impl Future<Output = ()> + Send;

    /// Waits until this instance may connect anew, where a store lets only so many at a time. What
    /// is returned is dropped when the change is over. By default it may at once.
    fn turn(&self) -> impl Future<Output = Turn> + Send {
        std::future::ready(Turn::default())
    }
}

/// The permission to connect anew, given back when it is dropped.
///
/// ```
/// use backing_services::Turn;
/// use std::sync::Arc;
/// use tokio::sync::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tokio::sync::AcquireError> {
/// let one_at_a_time = Arc::new(Semaphore::new(1));
/// let turn = Turn::new(one_at_a_time.acquire_owned().await?);
/// # drop(turn);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Turn(
    #[expect(dead_code, reason = "it is there to be dropped")] Option<Box<dyn Any + Send>>,
);

impl Turn {
    /// A permission that dropping `guard` gives back.
    ///
    /// ```
    /// # use backing_services::Turn;
    /// let turn = Turn::new(());
    /// ```
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Some(Box::new(guard)))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

/// A source, whatever its type.
pub(super) trait AnySource: Send + Sync {
    fn read(&self) -> Work<'_, Result<Vec<(String, String)>, String>>;
    fn changed(&self) -> Work<'_, ()>;
    fn turn(&self) -> Work<'_, Turn>;
}

impl<T: Source> AnySource for T {
    fn read(&self) -> Work<'_, Result<Vec<(String, String)>, String>> {
        Box::pin(Source::read(self))
    }

    fn changed(&self) -> Work<'_, ()> {
        Box::pin(Source::changed(self))
    }

    fn turn(&self) -> Work<'_, Turn> {
        Box::pin(Source::turn(self))
    }
}
