use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Server;
use super::consumer::Consumer;
use super::job::Job;
use super::link::{Core, Repeat};
use super::protocol::{Command, Reply, Tube, seconds};
use super::shared::{Answer, Setup};
use super::stats::{self, JobStats, Stats};
use super::{BeanstalkdError, DEFAULT_PRIORITY};

type Result<T, E = BeanstalkdError> = std::result::Result<T, E>;

/// A client of beanstalkd. Cloning it is cheap and shares the connection.
///
/// All commands go over one connection, which any number of tasks fill without waiting for each
/// other's answers. Only [consumers](Consumer) that wait for a job open further ones.
///
/// When the server goes away the client connects again by itself, and puts into the right tube. A
/// command that was not sent yet waits for that up to the handle's `connect_timeout`, then fails
/// with [`Unreachable`](BeanstalkdError::Unreachable). Questions (`stats`, `peek`, `list_tubes`)
/// are asked again; what changes something is not, and fails with
/// [`Unknown`](BeanstalkdError::Unknown) when its answer was lost or took longer than
/// `connect_timeout`. A server that says nothing for so long has its connection ended.
///
/// Dropping the future of a command does no harm: it is carried out once it has been queued.
/// One that is not polled for a while holds up no other.
///
/// ```no_run
/// use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
///
/// async fn welcome(queue: &BeanstalkdClient, user: &str) -> Result<(), BeanstalkdError> {
///     let mails = queue.tube("mails")?; // the same connection
///     mails.put(format!("welcome {user}")).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct BeanstalkdClient {
    core: Arc<Core>,
    tube: Tube,
}

/// How a job is put.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
/// use backing_services::adapters::beanstalkd::PutOptions;
/// use std::time::Duration;
///
/// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
/// let tomorrow = PutOptions::new().priority(0).delay(Duration::from_hours(24));
/// queue.put_with("reminder", tomorrow).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct PutOptions {
    priority: u32,
    delay: Duration,
    ttr: Option<Duration>,
}

impl PutOptions {
    /// Priority 1024, no delay, the time to run of the handle.
    ///
    /// ```
    /// # use backing_services::adapters::beanstalkd::PutOptions;
    /// assert_eq!(PutOptions::new().priority(1024), PutOptions::default());
    /// ```
    pub fn new() -> Self {
        Self { priority: DEFAULT_PRIORITY, delay: Duration::ZERO, ttr: None }
    }

    /// 0 is the most urgent. Below 1024 the server counts a job as urgent.
    ///
    /// ```
    /// # use backing_services::adapters::beanstalkd::PutOptions;
    /// let urgent = PutOptions::new().priority(0);
    /// ```
    pub fn priority(mut self, priority: u32) -> Self {
        self.priority = priority;
        self
    }

    /// How long it is kept before it is ready, in whole seconds, rounded up.
    ///
    /// ```
    /// # use backing_services::adapters::beanstalkd::PutOptions;
    /// # use std::time::Duration;
    /// let later = PutOptions::new().delay(Duration::from_secs(5));
    /// ```
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long a consumer may keep it before the server gives it to another, in whole seconds,
    /// rounded up, 1 at least.
    ///
    /// ```
    /// # use backing_services::adapters::beanstalkd::PutOptions;
    /// # use std::time::Duration;
    /// let long = PutOptions::new().ttr(Duration::from_hours(1));
    /// ```
    pub fn ttr(mut self, ttr: Duration) -> Self {
        self.ttr = Some(ttr);
        self
    }
}

impl Default for PutOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A job that has been looked at and not reserved.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
/// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
/// if let Some(failed) = queue.peek_buried().await? {
///     println!("job {} is buried: {:?}", failed.id, failed.body);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// Its id.
    pub id: u64,
    /// Its body, byte for byte as it was put.
    pub body: Vec<u8>,
}

impl BeanstalkdClient {
    pub(super) fn new(server: Server, tube: Tube, ttr: Duration, limit: Duration) -> Self {
        Self { core: Arc::new(Core::new(server, ttr, limit)), tube }
    }

    /// The same connection, for another tube.
    ///
    /// # Errors
    ///
    /// When that is no name of a tube.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let mails = queue.tube("mails")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn tube(&self, name: &str) -> Result<Self> {
        Ok(Self { core: Arc::clone(&self.core), tube: Tube::new(name)? })
    }

    /// Puts a job of any bytes into the tube, and gives its id.
    ///
    /// # Errors
    ///
    /// [`JobTooBig`](BeanstalkdError::JobTooBig), [`Draining`](BeanstalkdError::Draining) and
    /// others. After [`Unknown`](BeanstalkdError::Unknown) the job is there or not: put it again if
    /// doing it twice is better than not at all.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let id = queue.put(b"\x00\xff any bytes\r\n").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn put(&self, body: impl AsRef<[u8]>) -> Result<u64> {
        self.put_bytes(body.as_ref(), PutOptions::new()).await
    }

    /// [`put`](Self::put) with a priority, a delay or a time to run.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::PutOptions;
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let id = queue.put_with("urgent", PutOptions::new().priority(0)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn put_with(&self, body: impl AsRef<[u8]>, options: PutOptions) -> Result<u64> {
        self.put_bytes(body.as_ref(), options).await
    }

    /// A consumer of this tube. Any number of tasks may reserve through it and its clones.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let consumer = queue.consumer();
    /// loop {
    ///     let job = consumer.reserve().await?;
    ///     println!("{:?}", job.body());
    ///     job.delete().await?;
    /// }
    /// # }
    /// ```
    pub fn consumer(&self) -> Consumer {
        Consumer::new(Arc::clone(&self.core), self.tube.clone())
    }

    /// Reserves a job by its id, whatever tube it is in: one that is ready, delayed or buried.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when it is reserved already or gone.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
    /// queue.reserve_job(id).await?.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reserve_job(&self, id: u64) -> Result<Job> {
        let deadline = Some(self.core.deadline());
        // A job that was reserved on a lost connection is given back.
        let (answer, connection) =
            self.core.call(Setup::None, Command::ReserveJob(id), deadline, Repeat::Yes).await?;
        match answer {
            Answer::Held(held) => Ok(Job::on_main(held, connection, self.core.limit)),
            Answer::Reply(other) => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    /// Deletes a job that nobody has reserved: one that is ready, delayed or buried.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when it is reserved or gone.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
    /// queue.delete(id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, id: u64) -> Result<()> {
        self.expect(Setup::None, Command::Delete(id), &Reply::Deleted).await
    }

    /// Makes up to `bound` jobs of the tube ready: the buried ones, or the delayed ones if none is
    /// buried. Gives their number.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// println!("{} jobs run once more", queue.kick(100).await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn kick(&self, bound: u32) -> Result<u64> {
        match self.change(Setup::Use(&self.tube), Command::Kick(bound)).await? {
            Reply::Kicked(Some(count)) => Ok(count),
            other => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    /// Makes one buried or delayed job ready.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when it is not buried or delayed.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
    /// queue.kick_job(id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn kick_job(&self, id: u64) -> Result<()> {
        self.expect(Setup::None, Command::KickJob(id), &Reply::Kicked(None)).await
    }

    /// Gives out no jobs of the tube for a while, in whole seconds, rounded up.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when there is no such tube.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # use std::time::Duration;
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// queue.pause(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn pause(&self, delay: Duration) -> Result<()> {
        let pause = Command::Pause { tube: &self.tube, seconds: seconds(delay) };
        self.expect(Setup::None, pause, &Reply::Paused).await
    }

    /// Looks at a job; `None` when there is none of that id.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
    /// let body = queue.peek(id).await?.map(|job| job.body);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek(&self, id: u64) -> Result<Option<Peeked>> {
        self.look(Command::Peek(id)).await
    }

    /// The next job of the tube that is ready.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let next = queue.peek_ready().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek_ready(&self) -> Result<Option<Peeked>> {
        self.look(Command::PeekReady).await
    }

    /// The job of the tube whose delay is over first.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let next = queue.peek_delayed().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek_delayed(&self) -> Result<Option<Peeked>> {
        self.look(Command::PeekDelayed).await
    }

    /// The job of the tube that was buried first.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let failed = queue.peek_buried().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn peek_buried(&self) -> Result<Option<Peeked>> {
        self.look(Command::PeekBuried).await
    }

    /// The figures of the server.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let limit = queue.stats().await?.number("max-job-size");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stats(&self) -> Result<Stats> {
        Stats::parse(&self.ask(Command::Stats).await?)
    }

    /// The figures of the tube.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when there is no such tube: an empty one that nobody
    /// uses or watches is none.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// let ready = queue.stats_tube().await?.number("current-jobs-ready");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stats_tube(&self) -> Result<Stats> {
        Stats::parse(&self.ask(Command::StatsTube(&self.tube)).await?)
    }

    /// What the server knows about a job.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when there is none of that id.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient, id: u64) -> Result<(), BeanstalkdError> {
    /// println!("{:?} left", queue.stats_job(id).await?.time_left);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stats_job(&self, id: u64) -> Result<JobStats> {
        JobStats::parse(&self.ask(Command::StatsJob(id)).await?)
    }

    /// The tubes that there are.
    ///
    /// # Errors
    ///
    /// When there is no connection or no answer.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError};
    /// # async fn f(queue: BeanstalkdClient) -> Result<(), BeanstalkdError> {
    /// assert!(queue.list_tubes().await?.contains(&"default".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_tubes(&self) -> Result<Vec<String>> {
        stats::list(&self.ask(Command::ListTubes).await?)
    }

    pub(super) async fn dial(&self) -> Result<()> {
        self.core.connection(None).await.map(drop)
    }

    /// One attempt to connect, where there is no connection.
    pub(super) async fn ping(&self) -> Result<()> {
        let asked = self.core.call(Setup::None, Command::ListTubeUsed, None, Repeat::Yes).await?.0;
        match asked {
            Answer::Reply(Reply::Using) => Ok(()),
            _ => Err(BeanstalkdError::Unexpected),
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.core.limit
    }

    pub(super) async fn close(self) {
        self.core.close().await;
    }

    async fn put_bytes(&self, body: &[u8], options: PutOptions) -> Result<u64> {
        let put = Command::Put {
            priority: options.priority,
            delay: seconds(options.delay),
            ttr: seconds(options.ttr.unwrap_or(self.core.ttr)).max(1),
            body,
        };
        match self.change(Setup::Use(&self.tube), put).await? {
            Reply::Inserted(id) => Ok(id),
            other => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    /// A command that is not sent twice.
    fn change(
        &self,
        setup: Setup<'_>,
        command: Command<'_>,
    ) -> impl Future<Output = Result<Reply>> {
        self.reply(setup, command, Repeat::No)
    }

    async fn expect(&self, setup: Setup<'_>, command: Command<'_>, reply: &Reply) -> Result<()> {
        let answer = self.change(setup, command).await?;
        if answer == *reply { Ok(()) } else { Err(BeanstalkdError::from_reply(&answer)) }
    }

    async fn look(&self, command: Command<'_>) -> Result<Option<Peeked>> {
        match self.reply(Setup::Use(&self.tube), command, Repeat::Yes).await? {
            Reply::Found { id, body } => Ok(Some(Peeked { id, body })),
            Reply::NotFound => Ok(None),
            other => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    async fn ask(&self, command: Command<'_>) -> Result<Vec<u8>> {
        match self.reply(Setup::None, command, Repeat::Yes).await? {
            Reply::Ok(data) => Ok(data),
            other => Err(BeanstalkdError::from_reply(&other)),
        }
    }

    async fn reply(&self, setup: Setup<'_>, command: Command<'_>, repeat: Repeat) -> Result<Reply> {
        match self.core.call(setup, command, Some(self.core.deadline()), repeat).await?.0 {
            Answer::Reply(reply) => Ok(reply),
            Answer::Held(_) => Err(BeanstalkdError::Unexpected),
        }
    }
}

impl fmt::Debug for BeanstalkdClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.core.living().is_some() { "connected" } else { "not connected" };
        write!(f, "BeanstalkdClient({}, {state})", self.tube)
    }
}
