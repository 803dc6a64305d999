use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::BeanstalkdError;
use super::connection::Connection;
use super::link::Spare;
use super::protocol::{Command, Reply, seconds};
use super::shared::{Answer, End, Fault, Held};

type Result<T> = std::result::Result<T, BeanstalkdError>;

/// A job that this process has reserved, until its time to run is over.
///
/// It ends with [`delete`](Self::delete), [`release`](Self::release) or [`bury`](Self::bury). One
/// that is dropped instead, also by a panic, is released at once with its priority: bury what fails
/// again and again.
///
/// ```no_run
/// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Consumer};
/// # use std::time::Duration;
/// # fn work(_: &[u8]) -> Result<(), String> { Ok(()) }
/// # async fn f(consumer: Consumer) -> Result<(), BeanstalkdError> {
/// let job = consumer.reserve().await?;
/// match work(job.body()) {
///     Ok(()) => job.delete().await?,
///     Err(_) => job.release(1024, Duration::from_secs(30)).await?, // once more, later
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a job that is dropped is released"]
pub struct Job {
    held: Held,
    connection: Arc<Connection>,
    /// Where a connection that waits for jobs goes when this one is done.
    home: Option<Arc<Spare>>,
    limit: Duration,
}

impl Job {
    pub(super) fn on_main(held: Held, connection: Arc<Connection>, limit: Duration) -> Self {
        Self { held, connection, home: None, limit }
    }

    pub(super) fn on_lane(
        held: Held,
        connection: Arc<Connection>,
        home: Arc<Spare>,
        limit: Duration,
    ) -> Self {
        Self { held, connection, home: Some(home), limit }
    }

    /// Its id.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Job;
    /// # fn f(job: &Job) {
    /// println!("job {}", job.id());
    /// # }
    /// ```
    pub fn id(&self) -> u64 {
        self.held.id
    }

    /// Its body, byte for byte as it was put.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::Job;
    /// # fn f(job: &Job) {
    /// let text = String::from_utf8_lossy(job.body());
    /// # }
    /// ```
    pub fn body(&self) -> &[u8] {
        &self.held.body
    }

    /// Deletes it: it is done.
    ///
    /// # Errors
    ///
    /// [`NotFound`](BeanstalkdError::NotFound) when its time to run was over and another consumer
    /// has it, [`Lost`](BeanstalkdError::Lost) when its connection has ended: another consumer gets
    /// or has it.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Job};
    /// # async fn f(job: Job) -> Result<(), BeanstalkdError> {
    /// job.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(self) -> Result<()> {
        let delete = Command::Delete(self.held.id);
        self.settle(delete, &Reply::Deleted).await
    }

    /// Gives it back, to be ready after `delay` (whole seconds, rounded up).
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete); [`Buried`](BeanstalkdError::Buried) when the server had no
    /// memory.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Job};
    /// # use std::time::Duration;
    /// # async fn f(job: Job) -> Result<(), BeanstalkdError> {
    /// job.release(1024, Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn release(self, priority: u32, delay: Duration) -> Result<()> {
        let release = Command::Release { id: self.held.id, priority, delay: seconds(delay) };
        self.settle(release, &Reply::Released).await
    }

    /// Puts it aside, until somebody kicks it.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete).
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Job};
    /// # async fn f(job: Job) -> Result<(), BeanstalkdError> {
    /// job.bury(1024).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bury(self, priority: u32) -> Result<()> {
        let bury = Command::Bury { id: self.held.id, priority };
        self.settle(bury, &Reply::Buried(None)).await
    }

    /// Starts its time to run anew.
    ///
    /// # Errors
    ///
    /// As [`delete`](Self::delete); [`NotFound`](BeanstalkdError::NotFound) as soon as its time is
    /// over.
    ///
    /// ```no_run
    /// # use backing_services::adapters::beanstalkd::{BeanstalkdError, Job};
    /// # async fn f(job: &Job) -> Result<(), BeanstalkdError> {
    /// job.touch().await?; // in good time
    /// # Ok(())
    /// # }
    /// ```
    pub async fn touch(&self) -> Result<()> {
        let touch = Command::Touch(self.held.id);
        let answer = self.connection.call_for(&self.held, touch, self.limit).await;
        self.check(answer, &Reply::Touched)
    }

    async fn settle(mut self, command: Command<'_>, expected: &Reply) -> Result<()> {
        let answer = self.connection.settle(&mut self.held, command, self.limit).await;
        self.check(answer, expected)
    }

    fn check(&self, answer: std::result::Result<Answer, Fault>, expected: &Reply) -> Result<()> {
        match answer {
            Ok(Answer::Reply(reply)) if reply == *expected => Ok(()),
            Ok(Answer::Reply(Reply::Buried(None))) => Err(BeanstalkdError::Buried(self.held.id)),
            Ok(Answer::Reply(other)) => Err(BeanstalkdError::from_reply(&other)),
            Ok(Answer::Held(_)) => Err(BeanstalkdError::Unexpected),
            Err(Fault::NotSent(End::Closed)) => Err(BeanstalkdError::Closed),
            Err(Fault::NotSent(End::Broken(_))) => Err(BeanstalkdError::Lost),
            Err(Fault::Stale) => Err(BeanstalkdError::NotFound),
            Err(Fault::NoAnswer(End::Broken(why))) => Err(BeanstalkdError::Unknown(why)),
            Err(Fault::NoAnswer(End::Closed)) => {
                let why = std::io::ErrorKind::ConnectionAborted.into();
                Err(BeanstalkdError::Unknown(Arc::new(why)))
            }
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // An unsettled one ends the connection, or is released over the shared one.
        if self.held.is_settled()
            && let Some(home) = self.home.take()
        {
            home.park(Arc::clone(&self.connection));
        }
    }
}

/// Not the body: it may hold anything.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({}, {} bytes)", self.held.id, self.held.body.len())
    }
}
