//! Resources that are attached and detached in a running app: a changed handle is read, its client
//! made and proven before anybody gets it, everything changed is swapped at once, and the old is
//! drained within a bound.

mod change;
mod current;
mod drain;
#[cfg(feature = "etcd")]
mod etcd;
mod health;
mod message;
mod source;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

pub use self::change::{Change, Changes};
use self::current::Current;
use self::drain::Drain;
#[cfg(feature = "etcd")]
pub use self::etcd::Etcd;
pub use self::health::{Answer, Health, Status};
use self::message::Message;
use self::source::AnySource;
pub use self::source::{Source, Turn};
use crate::backing::BackingServices;
use crate::environment::Environment;
use crate::error::Error;
use crate::generated::after;
use crate::generated::held::Held;

/// How many changes a late listener finds.
const CHANGES: usize = 64;

/// The clients of a running app, which follow their environment without a restart.
///
/// [`start`](Self::start) loads and connects as a start without it does. From then on a change of
/// what was read (a file that a variable with `_FILE` names, a credential, a binding, a `.env` file,
/// a file of certificates in a handle, a [`Source`]) is found within five seconds. The whole
/// environment is loaded again; what changed is connected and proven, all at the same time; and then
/// all of it is put in place of the old at once. One problem, or one resource that does not answer,
/// and nothing changes: the old clients stay, and it is tried again.
///
/// What changes when on each platform, and what a fleet of instances does to a database, stands in
/// [`rotation`](crate::rotation).
///
/// A request takes one snapshot with [`clients`](Self::clients) and holds it to its end. Old clients
/// are closed when their last snapshot is dropped, or after 30 seconds.
///
/// ```no_run
/// use backing_services::{Attached, BackingServices, Environment};
/// use std::time::Duration;
/// # use backing_services::{Adapter, ClientError, Connect, Handle, Host};
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("chat"), example = "chat://localhost")]
/// # struct Chat { #[handle] handle: Handle, #[handle(host)] host: Host }
/// # impl Connect for Chat {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), ClientError> { Ok(()) }
/// # }
///
/// #[derive(BackingServices)]
/// struct Services {
///     alerts: Chat,
/// }
///
/// # async fn run() -> Result<(), backing_services::Error> {
/// let environment = Environment::process().with_dotenv(".env");
/// let services = Attached::<Services>::start(environment).await?;
/// let now = services.clients(); // one a request
/// # let () = now.alerts;
/// services.reload().await?; // now, without waiting for the next look
/// services.shutdown(Duration::from_secs(20)).await;
/// # Ok(())
/// # }
/// ```
pub struct Attached<S: BackingServices> {
    shared: Arc<Shared<S>>,
    inbox: mpsc::Sender<Message>,
    health: Health,
}

impl<S: BackingServices> Clone for Attached<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            inbox: self.inbox.clone(),
            health: self.health.clone(),
        }
    }
}

/// What the handles of an `Attached` and its watch have in common.
struct Shared<S: BackingServices> {
    now: Current<S::Clients>,
    state: Mutex<State<S>>,
}

/// What is attached.
struct State<S: BackingServices> {
    services: Arc<S>,
    generation: u64,
    held: Vec<Held>,
    /// The snapshots of earlier generations that somebody may still hold.
    snapshots: Vec<Weak<S::Clients>>,
    drains: Vec<Drain>,
    /// Whether the environment says something else than what is attached.
    differs: bool,
    is_stopping: bool,
    /// None after the shutdown, so that who listens comes to an end.
    changes: Option<broadcast::Sender<Change>>,
}

impl<S: BackingServices> Shared<S> {
    /// Nothing panics while the lock is held, so that what it guards is whole.
    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn clients(&self) -> Arc<S::Clients> {
        self.now.get()
    }

    /// That nobody listens is no error.
    fn tell(&self, change: Change) {
        if let Some(error) = &change.error {
            tracing::warn!(%error, "a changed environment is not in force");
        } else {
            tracing::info!(
                generation = change.generation,
                changed = change.changed.join(", "),
                cut = change.cut.join(", "),
                "reattached"
            );
        }
        let _ = self.state().changes.as_ref().map(|changes| changes.send(change));
    }
}

/// How an [`Attached`] watches and drains, before it starts.
///
/// ```no_run
/// # use backing_services::{Attached, BackingServices, Environment};
/// # use std::time::Duration;
/// # async fn f<S: BackingServices + 'static>() -> Result<(), backing_services::Error> {
/// let services = Attached::<S>::builder()
///     .poll(Duration::from_secs(2))
///     .reload_on_sighup()
///     .start(Environment::process())
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct Builder<S> {
    poll: Duration,
    quiet: Duration,
    jitter: Duration,
    drain: Duration,
    sighup: bool,
    optional_may_be_down: bool,
    failures: u32,
    source: Option<Arc<dyn AnySource>>,
    of: std::marker::PhantomData<fn() -> S>,
}

impl<S: BackingServices + 'static> Builder<S> {
    fn new() -> Self {
        Self {
            poll: Duration::from_secs(5),
            quiet: Duration::from_secs(1),
            jitter: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            sighup: false,
            optional_may_be_down: false,
            failures: 3,
            source: None,
            of: std::marker::PhantomData,
        }
    }

    /// How often what was read is read again and compared. By default every 5 seconds, which costs
    /// less than 0.01 % of a core; at least 100 ms.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().poll(Duration::from_secs(1));
    /// # }
    /// ```
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every.max(Duration::from_millis(100));
        self
    }

    /// How long nothing may have changed before a change counts: several files are not written at
    /// once. By default 1 second.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().quiet(Duration::from_secs(3));
    /// # }
    /// ```
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    /// The longest pause, left to chance, before a change that was found is followed, so that not
    /// all instances connect anew at the same moment. By default 10 seconds. A
    /// [`reload`](Attached::reload) does not wait.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().jitter(Duration::ZERO);
    /// # }
    /// ```
    #[must_use]
    pub fn jitter(mut self, longest: Duration) -> Self {
        self.jitter = longest;
        self
    }

    /// How long old clients may stay in use before they are cut. By default 30 seconds.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().drain(Duration::from_mins(2));
    /// # }
    /// ```
    #[must_use]
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = longest;
        self
    }

    /// Reloads when the process gets the signal SIGHUP. On systems without it this does nothing.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().reload_on_sighup();
    /// # }
    /// ```
    #[must_use]
    pub fn reload_on_sighup(mut self) -> Self {
        self.sighup = true;
        self
    }

    /// Whether a start, or a change, goes on without an optional resource that is down. It is
    /// detached until it answers. By default it fails, as for any other.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().optional_may_be_down(true);
    /// # }
    /// ```
    #[must_use]
    pub fn optional_may_be_down(mut self, may: bool) -> Self {
        self.optional_may_be_down = may;
        self
    }

    /// How many times in a row a required resource must have failed before the app is not
    /// [ready](Health::ready). By default 3 times, which takes some 15 seconds; at least once.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder().not_ready_after(1);
    /// # }
    /// ```
    #[must_use]
    pub fn not_ready_after(mut self, failures: u32) -> Self {
        self.failures = failures.max(1);
        self
    }

    /// A store whose variables are read too.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices, Source};
    /// # fn f<S: BackingServices + 'static>(etcd: impl Source) {
    /// let builder = Attached::<S>::builder().source(etcd);
    /// # }
    /// ```
    #[must_use]
    pub fn source(mut self, source: impl Source) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("poll", &self.poll)
            .field("quiet", &self.quiet)
            .field("jitter", &self.jitter)
            .field("drain", &self.drain)
            .field("sighup", &self.sighup)
            .field("optional_may_be_down", &self.optional_may_be_down)
            .field("not_ready_after", &self.failures)
            .finish_non_exhaustive()
    }
}

impl<S: BackingServices + 'static> Attached<S> {
    /// Loads, connects and begins to watch, with the defaults of the [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// As [`load`](BackingServices::load) and [`connect`](BackingServices::connect).
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices, Environment};
    /// # async fn f<S: BackingServices + 'static>() -> Result<(), backing_services::Error> {
    /// let services = Attached::<S>::start(Environment::process()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(environment: Environment) -> Result<Self, Error> {
        Self::builder().start(environment).await
    }

    /// Sets how to watch and to drain, and then starts.
    ///
    /// ```
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>() {
    /// let builder = Attached::<S>::builder();
    /// # }
    /// ```
    pub fn builder() -> Builder<S> {
        Builder::new()
    }

    /// The clients as they are now: one snapshot, whose clients belong together. It takes a few
    /// nanoseconds and never waits for a reload. Hold it for as long as one of its clients is used:
    /// a clone of a client that outlives its snapshot is closed with the old clients.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// let clients = services.clients();
    /// # }
    /// ```
    #[inline]
    pub fn clients(&self) -> Arc<S::Clients> {
        self.shared.clients()
    }

    /// The handles and settings as they are now. A changed setting is followed as a changed handle
    /// is, and keeps all clients.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// let settings = services.services();
    /// # }
    /// ```
    pub fn services(&self) -> Arc<S> {
        Arc::clone(&self.shared.state().services)
    }

    /// How many times clients were swapped, the start included.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// assert_eq!(services.generation(), 1); // just started
    /// # }
    /// ```
    pub fn generation(&self) -> u64 {
        self.shared.state().generation
    }

    /// Reads everything again, and swaps what changed, without waiting for the next look. Calls that
    /// come while one runs cause one more together.
    ///
    /// # Errors
    ///
    /// Every problem of the environment, or every changed resource that did not connect. Nothing has
    /// changed then; what did not connect is tried again by itself.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # async fn f<S: BackingServices + 'static>(services: &Attached<S>) -> Result<(), backing_services::Error> {
    /// let change = services.reload().await?;
    /// println!("changed: {}", change.changed().join(", "));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reload(&self) -> Result<Change, Error> {
        let (reply, answer) = oneshot::channel();
        let _ = self.inbox.send(Message::Reload(Some(reply))).await;
        match answer.await {
            Ok(result) => result,
            // The watch has ended with the shutdown: nothing changes any more.
            Err(_) => Ok(self.shared.nothing()),
        }
    }

    /// What happens to the resources from now on: each reattachment, each one that failed, and what
    /// was cut. They end with the shutdown.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # async fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// let mut changes = services.changes();
    /// while let Some(change) = changes.next().await {
    ///     // subscribe anew where the connection of a subscription changed
    /// }
    /// # }
    /// ```
    pub fn changes(&self) -> Changes {
        let changes = self.shared.state().changes.as_ref().map(broadcast::Sender::subscribe);
        Changes(changes.unwrap_or_else(|| broadcast::channel(1).1))
    }

    /// Whether the app lives, whether it is ready, how its resources are; for the routes that a
    /// platform and people ask.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # async fn f<S: BackingServices + 'static>(services: &Attached<S>) {
    /// let health = services.health();
    /// let is_ready = health.ready().await.code() == 200;
    /// # }
    /// ```
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Makes the app [not ready](Health::ready) from now on. Nothing else changes: requests are
    /// served on while whoever sends them finds out. To be called when the platform asks the app to
    /// end, and followed by [`shutdown`](Self::shutdown) when the last request is answered.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # async fn f<S: BackingServices + 'static>(services: Attached<S>, serve_to_the_last: impl Future) {
    /// services.begin_shutdown();
    /// serve_to_the_last.await;
    /// services.shutdown(Duration::from_secs(20)).await;
    /// # }
    /// ```
    pub fn begin_shutdown(&self) {
        self.shared.state().is_stopping = true;
    }

    /// Ends everything within `limit`: the app is not [ready](Health::ready) from now on; the
    /// [`changes`](Self::changes) end, and with them whoever consumes; the
    /// snapshots that are still held are waited for; then all clients are closed at the same time,
    /// those of telemetry last. The fields whose clients did not end in time; they are dropped.
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices};
    /// # use std::time::Duration;
    /// # async fn f<S: BackingServices + 'static>(services: Attached<S>) {
    /// let late = services.shutdown(Duration::from_secs(20)).await;
    /// assert!(late.is_empty(), "did not end in time: {}", late.join(", "));
    /// # }
    /// ```
    pub async fn shutdown(&self, limit: Duration) -> Vec<String> {
        let started = Instant::now();
        let end = after(started, limit);
        self.begin_shutdown();
        let (reply, stopped) = oneshot::channel();
        let _ = self.inbox.send(Message::Stop(reply)).await;
        let _ = timeout_at(end, stopped).await;
        self.shared.state().changes = None;

        // A quarter of the time is for closing.
        let in_use = end - (end - started) / 4;
        while Instant::now() < in_use && self.shared.is_in_use() {
            sleep(Duration::from_millis(20)).await;
        }
        let (drains, held) = {
            let mut state = self.shared.state();
            (std::mem::take(&mut state.drains), std::mem::take(&mut state.held))
        };
        drains.iter().for_each(Drain::cut);
        let (last, first): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|held| held.client.closes_last());
        let mut late = drain::close(first, end).await;
        for drain in drains {
            drain.ended(end).await;
        }
        late.extend(drain::close(last, end).await);
        late
    }
}

impl<S: BackingServices> Shared<S> {
    /// Whether somebody holds a snapshot, of this generation or of an earlier one.
    fn is_in_use(&self) -> bool {
        self.now.is_in_use() || self.state().snapshots.iter().any(|old| old.strong_count() > 0)
    }

    /// A change without any.
    fn nothing(&self) -> Change {
        let generation = self.state().generation;
        Change { generation, changed: Vec::new(), cut: Vec::new(), error: None }
    }
}

impl<S: BackingServices> fmt::Debug for Attached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        let fields: Vec<_> = state.held.iter().map(|held| held.field.as_str()).collect();
        f.debug_struct("Attached")
            .field("generation", &state.generation)
            .field("attached", &fields)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
