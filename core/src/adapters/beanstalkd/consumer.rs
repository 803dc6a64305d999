use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::BeanstalkdError;
use super::connection::Connection;
use super::job::Job;
use super::link::{Core, Pause, Repeat, Spare};
use super::protocol::{Command, Reply, Tube, seconds};
use super::shared::{Answer, End, Fault, Setup};
use super::task::first;

/// How long the server is asked to wait at once: so soon is noticed that it has gone without a
/// word.
const SLICE: Duration = Duration::from_secs(30);
/// The server's own end of a wait may come so much late before the connection is given up for it.
const GRACE: Duration = Duration::from_millis(50);

type Result<T> = std::result::Result<T, BeanstalkdError>;

/// Reserves jobs from the tubes it watches. Cloning it is cheap and shares the tubes; any number of
/// tasks may reserve at the same time.
///
/// A job belongs to the connection that has reserved it, and a connection that waits for a job
/// takes no other command. So a consumer asks over the client's shared connection, which never
/// waits; only when the tubes are empty does one task at a time wait on a connection that holds no
/// job. Whatever comes, a job in hand can be [touched](Job::touch) and [deleted](Job::delete) at
/// once, from any task. A consumer has at most one connection more than jobs that had to be waited
/// for.
///
/// Dropping a future of it loses no job: one that was on its way is given back at once, with its
/// priority. The server's `DEADLINE_SOON` disturbs nobody, as no job is out of reach while another
/// is awaited.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
/// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
/// let consumer = queue.tube("mails")?.consumer();
/// consumer.watch("letters")?;
/// for _ in 0..10 {
///     let consumer = consumer.clone();
///     tokio::spawn(async move {
///         while let Ok(job) = consumer.reserve().await {
///             println!("{}", String::from_utf8_lossy(job.body()));
///             if let Err(error) = job.delete().await {
///                 eprintln!("it will be done once more: {error}");
///             }
///         }
///     });
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Consumer {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    /// Sorted.
    watched: Mutex<Arc<[Tube]>>,
    changed: Notify,
    /// One waits, so that many waiting tasks need no more than one connection.
    turn: tokio::sync::Mutex<()>,
    spare: Arc<Spare>,
}

impl Consumer {
    pub(super) fn new(core: Arc<Core>, tube: Tube) -> Self {
        let inner = Inner {
            core,
            watched: Mutex::new([tube].into()),
            changed: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
            spare: Arc::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Watches one more tube, from now on. Watching it twice is watching it.
    ///
    /// # Errors
    ///
    /// When that is no name of a tube.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Consumer};
    /// # fn f(consumer: Consumer) -> Result<(), BeanstalkdError> {
    /// consumer.watch("letters")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, tube: &str) -> Result<()> {
        let tube = Tube::new(tube)?;
        let mut watched = self.inner.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(place) = watched.binary_search(&tube) {
            let mut tubes = watched.to_vec();
            tubes.insert(place, tube);
            *watched = tubes.into();
            self.inner.changed.notify_waiters();
        }
        Ok(())
    }

    /// Watches one tube less, from now on.
    ///
    /// # Errors
    ///
    /// [`LastTube`](BeanstalkdError::LastTube) when nothing would be left.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Consumer};
    /// # fn f(consumer: Consumer) -> Result<(), BeanstalkdError> {
    /// consumer.ignore("letters")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ignore(&self, tube: &str) -> Result<()> {
        let tube = Tube::new(tube)?;
        let mut watched = self.inner.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.contains(&tube) {
            if watched.len() == 1 {
                return Err(BeanstalkdError::LastTube);
            }
            *watched = watched.iter().filter(|other| **other != tube).cloned().collect();
            self.inner.changed.notify_waiters();
        }
        Ok(())
    }

    /// The tubes it watches, sorted.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Consumer;
    /// # fn f(consumer: Consumer) {
    /// println!("watching {:?}", consumer.watched());
    /// # }
    /// ```
    pub fn watched(&self) -> Vec<String> {
        self.inner.tubes().iter().map(|tube| tube.as_str().to_owned()).collect()
    }

    /// The next job, as soon as there is one. Goes on waiting while the server is away.
    ///
    /// # Errors
    ///
    /// When the client has been closed, or the server refuses the command.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Consumer};
    /// # async fn f(consumer: Consumer) -> Result<(), BeanstalkdError> {
    /// let job = consumer.reserve().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reserve(&self) -> Result<Job> {
        loop {
            if let Some(job) = self.next(None).await? {
                return Ok(job);
            }
        }
    }

    /// The next job, or `None` when there is none within `limit`. Zero asks and does not wait.
    ///
    /// # Errors
    ///
    /// Also when the server is away at the end of that time.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Consumer};
    /// # use std::time::Duration;
    /// # async fn f(consumer: Consumer) -> Result<(), BeanstalkdError> {
    /// while let Some(job) = consumer.reserve_timeout(Duration::from_secs(1)).await? {
    ///     job.delete().await?;
    /// }
    /// println!("idle");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reserve_timeout(&self, limit: Duration) -> Result<Option<Job>> {
        if limit.is_zero() {
            return self.at_once(self.inner.core.deadline()).await;
        }
        // More than can be added is for ever.
        self.next(Instant::now().checked_add(limit)).await
    }

    async fn next(&self, until: Option<Instant>) -> Result<Option<Job>> {
        let (mut pause, mut turn) = (Pause::new(), None);
        loop {
            let result =
                match self.at_once(until.unwrap_or_else(|| self.inner.core.deadline())).await {
                    Ok(None) if turn.is_none() => {
                        turn = self.inner.turn.try_lock().ok();
                        if turn.is_none() {
                            turn = by(until, self.inner.turn.lock()).await;
                            if turn.is_none() {
                                return Ok(None);
                            }
                            // There may be more jobs than the one that the last task waited for.
                            continue;
                        }
                        Box::pin(self.wait(until)).await
                    }
                    Ok(None) => Box::pin(self.wait(until)).await,
                    other => other,
                };
            let passed = until.is_some_and(|until| until <= Instant::now());
            match result {
                Ok(None) if passed => return Ok(None),
                Ok(None) => pause = Pause::new(),
                Err(error) if !passed && error.is_of_connection() => pause.wait().await,
                other => return other,
            }
        }
    }

    /// Asks over the shared connection, which holds any number of jobs and never waits.
    async fn at_once(&self, deadline: Instant) -> Result<Option<Job>> {
        let core = &self.inner.core;
        let tubes = self.inner.tubes();
        let reserve = Command::Reserve { seconds: 0 };
        // A job that was reserved on a lost connection is given back.
        let (answer, connection) =
            core.call(Setup::Watch(&tubes), reserve, Some(deadline), Repeat::Yes).await?;
        match answer {
            Answer::Held(held) => Ok(Some(Job::on_main(held, connection, core.limit))),
            Answer::Reply(Reply::TimedOut | Reply::DeadlineSoon) => Ok(None),
            Answer::Reply(other) => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    /// Waits for a job on a connection that holds none; `None` after a while.
    async fn wait(&self, until: Option<Instant>) -> Result<Option<Job>> {
        let core = &self.inner.core;
        let lane = if let Some(spare) = self.inner.spare.take() {
            spare
        } else {
            let limit = core.deadline();
            Arc::new(core.dial_lane(until.map_or(limit, |until| until.min(limit))).await?)
        };
        // Before the tubes are read, so that no change slips through.
        let changed = self.inner.changed.notified();
        let tubes = self.inner.tubes();
        let left = until.map_or(SLICE, |until| until.saturating_duration_since(Instant::now()));
        let slice = seconds(left.min(SLICE)).max(1);
        let server = Duration::from_secs(slice.into());

        let waiting = Waiting(Some(lane));
        let Some(lane) = &waiting.0 else { return Ok(None) };
        let call = async {
            let reserve = Command::Reserve { seconds: slice };
            Some(lane.call(Setup::Watch(&tubes), reserve, server + core.limit).await)
        };
        let interrupted = async {
            match until {
                Some(until) if server > left + GRACE => {
                    first(changed, sleep_until(until)).await;
                }
                _ => changed.await,
            }
            None
        };
        match first(call, interrupted).await {
            None => Ok(None),
            Some(Ok(Answer::Held(held))) => {
                let connection = waiting.keep();
                Ok(connection.map(|connection| {
                    Job::on_lane(held, connection, Arc::clone(&self.inner.spare), core.limit)
                }))
            }
            Some(Ok(Answer::Reply(Reply::TimedOut | Reply::DeadlineSoon))) => {
                if let Some(lane) = waiting.keep() {
                    self.inner.spare.park(lane);
                }
                Ok(None)
            }
            Some(Ok(Answer::Reply(other))) => Err(BeanstalkdError::from_reply(&other)),
            Some(Err(Fault::NotSent(End::Broken(why)) | Fault::NoAnswer(End::Broken(why)))) => {
                Err(BeanstalkdError::Unreachable(why))
            }
            Some(Err(_)) => Err(BeanstalkdError::Closed),
        }
    }
}

impl Inner {
    fn tubes(&self) -> Arc<[Tube]> {
        Arc::clone(&self.watched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection whose wait is given up when this is dropped: the server then gives a job to
/// somebody else.
struct Waiting(Option<Arc<Connection>>);

impl Waiting {
    fn keep(mut self) -> Option<Arc<Connection>> {
        self.0.take()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(lane) = &self.0 {
            lane.shared().end(End::Closed);
        }
    }
}

/// What a future gives, unless `until` comes first.
async fn by<T>(until: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => timeout_at(until, future).await.ok(),
        None => Some(future.await),
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumer({})", self.watched().join(", "))
    }
}
