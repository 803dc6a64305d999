//! The one task that reads the environment again, connects what changed, and swaps it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::current::Current;
use super::drain::{self, Drain};
use super::health::{App, Health, Now};
use super::message::Message;
use super::source::{AnySource, Turn};
use super::{Attached, Builder, CHANGES, Change, Shared, State};
use crate::backing::BackingServices;
use crate::backoff::{Backoff, up_to};
use crate::environment::Environment;
use crate::error::Error;
use crate::generated::held::{Held, Key, Stock, Taken};
use crate::generated::{Call, after, connect_by, load_and_note};
use crate::handle::Origin;
use crate::manifest::Manifest;

/// How many old generations may be drained at the same time.
const DRAINS: usize = 2;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// The longest pause while the old client is dead, too.
const LONGEST_RETRY_WHILE_DEAD: Duration = Duration::from_secs(5);
/// For closing clients that nobody has used.
const CLOSE: Duration = Duration::from_secs(5);
/// For the question whether an old client still answers.
const PING: Duration = Duration::from_secs(2);

/// What the environment says.
#[derive(Clone, PartialEq)]
struct Wanted {
    /// What each attached resource is made from.
    resources: Vec<(String, Key)>,
    /// The text of each setting, as a hash.
    settings: Vec<(String, u64)>,
}

/// What was read, and the texts of its settings.
type Loaded<S> = (S, Vec<(String, u64)>);

/// A change that was found.
struct Found {
    /// What the last look has seen, or the report of its problems.
    seen: Result<Wanted, String>,
    due: Instant,
    is_quiet: bool,
}

/// What did not connect, and is tried again.
struct Retry {
    wanted: Wanted,
    due: Instant,
    backoff: Backoff,
}

struct Watch<S: BackingServices> {
    shared: Arc<Shared<S>>,
    environment: Environment,
    source: Option<Arc<dyn AnySource>>,
    /// What the source had when it was read last.
    store: Option<Vec<(String, String)>>,
    store_read: Instant,
    poll: Duration,
    quiet: Duration,
    jitter: Duration,
    drain: Duration,
    forgives: bool,
    /// What is attached, or found to be without effect.
    wanted: Result<Wanted, String>,
    /// The settings that are in force.
    settings: Vec<(String, u64)>,
    found: Option<Found>,
    retry: Option<Retry>,
}

impl<S: BackingServices + 'static> Builder<S> {
    /// Loads, connects and begins to watch.
    ///
    /// # Errors
    ///
    /// As [`load`](BackingServices::load) and [`connect`](BackingServices::connect).
    ///
    /// ```no_run
    /// # use backing_services::{Attached, BackingServices, Environment};
    /// # async fn f<S: BackingServices + 'static>() -> Result<(), backing_services::Error> {
    /// let services = Attached::<S>::builder().start(Environment::process()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self, environment: Environment) -> Result<Attached<S>, Error> {
        let (inbox, messages) = mpsc::channel(CHANGES);
        let (sighup, failures, source) = (self.sighup, self.failures, self.source.clone());
        let (watch, shared) = Watch::start(self, environment).await?;
        if sighup {
            on_sighup(&inbox);
        }
        if let Some(source) = source {
            on_change(source, &inbox);
        }
        tokio::spawn(watch.run(messages));
        let health = Health::new(Arc::clone(&shared) as _, inbox.downgrade(), failures);
        Ok(Attached { shared, inbox, health })
    }
}

impl<S: BackingServices> App for Shared<S> {
    fn now(&self) -> Now {
        let state = self.state();
        Now {
            held: state.held.clone(),
            generation: state.generation,
            is_stopping: state.is_stopping,
            differs: state.differs,
        }
    }

    fn manifest(&self) -> Manifest {
        S::manifest()
    }
}

impl<S: BackingServices + 'static> Watch<S> {
    async fn start(
        builder: Builder<S>,
        environment: Environment,
    ) -> Result<(Self, Arc<Shared<S>>), Error> {
        let store = match &builder.source {
            Some(source) => Some(read(&**source).await?),
            None => None,
        };
        let current = environment.again(store.as_deref());
        let (services, settings) = load_and_note::<S>(&current);
        let services = services?;
        let (result, taken) =
            connect(&services, Stock::new(Vec::new(), builder.optional_may_be_down)).await;
        let clients = match result {
            Ok(clients) => clients,
            Err(error) => {
                drain::close(taken.held, Instant::now() + CLOSE).await;
                return Err(error);
            }
        };
        if builder.source.is_none() && !environment.has_dotenv() && taken.held.iter().all(is_fixed)
        {
            tracing::info!(
                "nothing that the resources were read from can change while the app runs: variables \
                 of a process never do, files do"
            );
        }
        let wanted = Wanted { resources: taken.wanted, settings };
        let is_whole = taken.forgiven.is_empty();
        let shared = Arc::new(Shared {
            now: Current::new(clients),
            state: Mutex::new(State {
                services: Arc::new(services),
                generation: 1,
                held: taken.held,
                snapshots: Vec::new(),
                drains: Vec::new(),
                differs: !is_whole,
                is_stopping: false,
                changes: Some(broadcast::channel(CHANGES).0),
            }),
        });
        let mut watch = Self {
            shared: Arc::clone(&shared),
            environment,
            store,
            store_read: Instant::now(),
            source: builder.source,
            poll: builder.poll,
            quiet: builder.quiet,
            jitter: builder.jitter,
            drain: builder.drain,
            forgives: builder.optional_may_be_down,
            settings: wanted.settings.clone(),
            wanted: Ok(wanted.clone()),
            found: None,
            retry: None,
        };
        if !is_whole {
            watch.try_again(wanted, LONGEST_RETRY);
        }
        Ok((watch, shared))
    }

    /// Runs until the shutdown, or until the last handle is dropped.
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut look = after(Instant::now(), self.poll);
        loop {
            let found = self.found.as_ref().map(|found| found.due);
            let retry = self.retry.as_ref().map(|retry| retry.due);
            let due = [found, retry].into_iter().flatten().fold(look, Instant::min);
            match timeout_at(due, messages.recv()).await.ok().flatten() {
                Some(Message::Stop(reply)) => {
                    let _ = reply.send(());
                    return;
                }
                Some(Message::Reload(reply)) => {
                    let mut replies: Vec<_> = reply.into_iter().collect();
                    let (mut stop, mut looks) = (None, Vec::new());
                    // What has come meanwhile is answered by the same reload.
                    while let Ok(message) = messages.try_recv() {
                        match message {
                            Message::Reload(reply) => replies.extend(reply),
                            Message::Look(done) => looks.push(done),
                            Message::Stop(reply) => stop = Some(reply),
                        }
                    }
                    let result = self.reload().await;
                    for done in looks {
                        let _ = done.send(());
                    }
                    for reply in replies {
                        let _ = reply.send(result.clone());
                    }
                    if let Some(reply) = stop {
                        let _ = reply.send(());
                        return;
                    }
                }
                Some(Message::Look(done)) => {
                    self.look(true).await;
                    let _ = done.send(());
                }
                None if messages.is_closed() && messages.is_empty() => return,
                None => {
                    let now = Instant::now();
                    if retry.is_some_and(|due| due <= now) {
                        let _ = self.reload().await;
                    } else if found.is_some_and(|due| due <= now) {
                        self.follow().await;
                    }
                    if look <= now {
                        self.look(false).await;
                        look = after(Instant::now(), self.poll);
                    }
                }
            }
        }
    }

    /// Reads everything again; the source where it may have changed.
    async fn read(&mut self, and_source: bool) -> Result<Loaded<S>, Error> {
        if let Some(source) = self.source.as_ref().filter(|_| and_source) {
            match read(&**source).await {
                Ok(variables) => (self.store, self.store_read) = (Some(variables), Instant::now()),
                // What was read last stays in force.
                Err(error) => {
                    let age_s = self.store_read.elapsed().as_secs();
                    tracing::warn!(%error, age_s, "what the source said last stays in force");
                }
            }
        }
        let (services, settings) = load_and_note(&self.environment.again(self.store.as_deref()));
        Ok((services?, settings))
    }

    /// Compares what is read with what is attached. A change is followed when it is quiet.
    async fn look(&mut self, and_source: bool) {
        let seen = match self.read(and_source).await {
            Ok((services, settings)) => Ok(wanted(&services, settings).await),
            Err(error) => Err(error.to_string()),
        };
        let now = Instant::now();
        let is_tried = self.retry.as_ref().is_some_and(|retry| seen.as_ref() == Ok(&retry.wanted));
        if !is_tried {
            // The environment says something else than what is tried again.
            self.retry = None;
            self.compare();
        }
        if is_tried || seen == self.wanted {
            self.found = None;
            return;
        }
        match &mut self.found {
            Some(found) if found.seen == seen => {}
            _ => self.found = Some(Found { seen, due: after(now, self.quiet), is_quiet: false }),
        }
    }

    /// A change that was found is looked at again after it was quiet, and followed after the
    /// jitter.
    async fn follow(&mut self) {
        let Some(Found { seen, is_quiet, .. }) = self.found.take() else { return };
        if is_quiet {
            let _turn = match &self.source {
                Some(source) => source.turn().await,
                None => Turn::default(),
            };
            let _ = self.reload().await;
            return;
        }
        self.look(true).await;
        if let Some(found) = &mut self.found {
            found.is_quiet = found.seen == seen;
            if found.is_quiet {
                found.due = after(Instant::now(), up_to(self.jitter));
            }
        }
    }

    /// Reads, connects what changed, and swaps it; or changes nothing.
    async fn reload(&mut self) -> Result<Change, Error> {
        let result = self.try_reload().await;
        self.compare();
        result
    }

    /// Lets health know whether the environment says something else than what is attached.
    fn compare(&self) {
        self.shared.state().differs = self.wanted.is_err() || self.retry.is_some();
    }

    async fn try_reload(&mut self) -> Result<Change, Error> {
        self.found = None;
        let (services, settings) = match self.read(true).await {
            Ok(loaded) => loaded,
            Err(error) => {
                self.retry = None;
                let wanted = Err(error.to_string());
                let is_new = self.wanted != wanted;
                self.wanted = wanted;
                return self.refuse(is_new, error);
            }
        };
        let held = self.shared.state().held.clone();
        let (result, taken) = connect(&services, Stock::new(held.clone(), self.forgives)).await;
        let Taken { held: now, wanted, forgiven } = taken;
        let wanted = Wanted { resources: wanted, settings };
        match result {
            Err(error) => {
                let made = now.into_iter().filter(|new| !new.is_in(&held)).collect();
                drain::close(made, Instant::now() + CLOSE).await;
                let longest = if self.is_one_dead(&held, &error).await {
                    LONGEST_RETRY_WHILE_DEAD
                } else {
                    LONGEST_RETRY
                };
                let is_new = self.retry.as_ref().is_none_or(|retry| retry.wanted != wanted);
                self.try_again(wanted, longest);
                self.refuse(is_new, error)
            }
            Ok(clients) => {
                if forgiven.is_empty() {
                    self.retry = None;
                } else {
                    self.try_again(wanted.clone(), LONGEST_RETRY);
                }
                let settings = self.changed_settings(&wanted);
                self.settings.clone_from(&wanted.settings);
                self.wanted = Ok(wanted);
                Ok(self.swap(services, clients, &held, now, settings))
            }
        }
    }

    /// Arms the next attempt.
    fn try_again(&mut self, wanted: Wanted, longest: Duration) {
        let mut backoff = match self.retry.take() {
            Some(retry) if retry.wanted == wanted => retry.backoff,
            _ => Backoff::new(FIRST_RETRY * 2, LONGEST_RETRY),
        };
        let due = Instant::now() + backoff.pause().min(longest);
        self.retry = Some(Retry { wanted, due, backoff });
    }

    /// What is not in force is told once for as long as the environment says the same.
    fn refuse(&self, is_new: bool, error: Error) -> Result<Change, Error> {
        if is_new {
            let error = Some(Arc::new(error.clone()));
            self.shared.tell(Change { error, ..self.shared.nothing() });
        }
        Err(error)
    }

    /// Whether the old client of a resource that does not connect anew is dead, too.
    async fn is_one_dead(&self, held: &[Held], error: &Error) -> bool {
        let Error::Connect(report) = error else { return false };
        for failure in report.failures() {
            let old = held.iter().find(|held| held.field == failure.field());
            if let Some(old) = old
                && !matches!(timeout(PING, old.client.ping()).await, Ok(Ok(())))
            {
                return true;
            }
        }
        false
    }

    /// The paths of the settings that are not what they were.
    fn changed_settings(&self, wanted: &Wanted) -> Vec<String> {
        let new = wanted.settings.iter().filter(|setting| !self.settings.contains(setting));
        new.map(|(path, _)| path.clone()).collect()
    }

    fn swap(
        &self,
        services: S,
        clients: S::Clients,
        old: &[Held],
        mut now: Vec<Held>,
        settings: Vec<String>,
    ) -> Change {
        let gone: Vec<Held> = old.iter().filter(|held| !held.is_in(&now)).cloned().collect();
        let new = now.iter().filter(|held| !held.is_in(old));
        let mut changed: Vec<String> = new.chain(&gone).map(|held| held.field.clone()).collect();
        changed.extend(settings);
        changed.sort();
        changed.dedup();
        let mut state = self.shared.state();
        state.services = Arc::new(services);
        if changed.is_empty() {
            drop(state);
            return self.shared.nothing();
        }
        state.generation += 1;
        let generation = state.generation;
        for new in now.iter_mut().filter(|held| !held.is_in(old)) {
            new.generation = generation;
        }
        state.held = now;
        let before = self.shared.now.replace(clients);
        state.snapshots.retain(|old| old.strong_count() > 0);
        state.snapshots.push(Arc::downgrade(&before));
        state.drains.retain(|drain| !drain.is_over());
        if state.drains.len() >= DRAINS {
            state.drains[..=state.drains.len() - DRAINS].iter().for_each(Drain::cut);
        }
        if !gone.is_empty() {
            let snapshots = state.snapshots.clone();
            let shared = Arc::downgrade(&self.shared);
            let drain = Drain::start(
                gone,
                self.drain,
                move || snapshots.iter().any(|old| old.strong_count() > 0),
                move |cut| {
                    if let Some(shared) = shared.upgrade()
                        && !cut.is_empty()
                    {
                        shared.tell(Change { cut, ..shared.nothing() });
                    }
                },
            );
            state.drains.push(drain);
        }
        drop(state);
        let change = Change { generation, changed, cut: Vec::new(), error: None };
        self.shared.tell(change.clone());
        change
    }
}

/// Connects what is not held.
async fn connect<S: BackingServices>(
    services: &S,
    stock: Stock,
) -> (Result<S::Clients, Error>, Taken) {
    let call = Call::with_stock(stock);
    let result = connect_by(services, &call).await;
    (result.map_err(Error::from), call.into_taken())
}

/// What each resource would be made from; nothing is connected.
async fn wanted<S: BackingServices>(services: &S, settings: Vec<(String, u64)>) -> Wanted {
    Wanted { resources: connect(services, Stock::dry()).await.1.wanted, settings }
}

/// Whether neither the handle nor a file that it names can change while the process runs.
fn is_fixed(held: &Held) -> bool {
    matches!(held.origin, None | Some(Origin::Variable { .. } | Origin::Default))
        && !held.key.names_files()
}

async fn read(source: &dyn AnySource) -> Result<Vec<(String, String)>, Error> {
    source.read().await.map_err(Error::of_source)
}

/// Looks whenever the source may have changed.
fn on_change(source: Arc<dyn AnySource>, inbox: &mpsc::Sender<Message>) {
    // A sender of its own would keep the watch alive.
    let inbox = inbox.downgrade();
    tokio::spawn(async move {
        loop {
            source.changed().await;
            let Some(inbox) = inbox.upgrade() else { return };
            let (done, looked) = oneshot::channel();
            if inbox.send(Message::Look(done)).await.is_err() || looked.await.is_err() {
                return;
            }
        }
    });
}

/// Reloads at each SIGHUP.
#[cfg(unix)]
fn on_sighup(inbox: &mpsc::Sender<Message>) {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::hangup()) {
        Ok(mut signals) => {
            // A sender of its own would keep the watch alive.
            let inbox = inbox.downgrade();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    let Some(inbox) = inbox.upgrade() else { return };
                    let _ = inbox.send(Message::Reload(None)).await;
                }
            });
        }
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be listened for"),
    }
}

#[cfg(not(unix))]
fn on_sighup(_: &mpsc::Sender<Message>) {}
