//! What all clones of a client and its consumers share: the connections, and how they come back.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::BeanstalkdError;
use super::connection::{Connection, Server};
use super::protocol::Command;
use super::shared::{Answer, End, Fault, Setup, Shared};
use crate::adapters::ending::Closed;
use crate::backoff::Backoff;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Connections that are kept for the next wait.
const SPARE: usize = 8;

type Result<T, E = BeanstalkdError> = std::result::Result<T, E>;

/// Whether a command may be sent again when its answer is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Yes,
    No,
}

/// What all clones of a client and its consumers share.
pub(super) struct Core {
    server: Server,
    pub(super) ttr: Duration,
    pub(super) limit: Duration,
    main: Mutex<Option<Arc<Connection>>>,
    /// One task connects, the others wait for it. Holds when that failed last, and how.
    dialing: tokio::sync::Mutex<Option<(Instant, Arc<io::Error>)>>,
    /// The connections that wait for jobs or hold one, to be ended with the client.
    lanes: Mutex<Vec<Weak<Shared>>>,
    closed: Closed,
}

impl Core {
    pub(super) fn new(server: Server, ttr: Duration, limit: Duration) -> Self {
        Self {
            server,
            ttr,
            limit,
            main: Mutex::new(None),
            dialing: tokio::sync::Mutex::new(None),
            lanes: Mutex::new(Vec::new()),
            closed: Closed::default(),
        }
    }

    /// Until when a connection is tried for.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// Sends a command over the shared connection. Without a deadline to connect by, one attempt is
    /// made.
    pub(super) async fn call(
        &self,
        setup: Setup<'_>,
        command: Command<'_>,
        deadline: Option<Instant>,
        repeat: Repeat,
    ) -> Result<(Answer, Arc<Connection>)> {
        let mut pause = Pause::new();
        // A connection that has died unnoticed is found out once.
        let until = deadline.unwrap_or_else(|| self.deadline());
        loop {
            let connection = self.connection(deadline).await?;
            let error = match connection.call(setup, command, self.limit).await {
                Ok(answer) => return Ok((answer, connection)),
                Err(Fault::NoAnswer(End::Broken(cause))) if repeat == Repeat::No => {
                    return Err(BeanstalkdError::Unknown(cause));
                }
                Err(Fault::NoAnswer(End::Broken(cause))) => BeanstalkdError::Unknown(cause),
                Err(Fault::NotSent(End::Broken(cause))) => BeanstalkdError::Unreachable(cause),
                Err(_) => return Err(BeanstalkdError::Closed),
            };
            if !pause.before(until).await {
                return Err(error);
            }
        }
    }

    /// The shared connection, a new one if need be.
    pub(super) async fn connection(&self, deadline: Option<Instant>) -> Result<Arc<Connection>> {
        if self.closed.is_closed() {
            return Err(BeanstalkdError::Closed);
        }
        match self.living() {
            Some(connection) => Ok(connection),
            // Apart, so that not every command has the room that this takes.
            None => Box::pin(self.reconnect(deadline)).await,
        }
    }

    async fn reconnect(&self, deadline: Option<Instant>) -> Result<Arc<Connection>> {
        let mut pause = Pause::new();
        loop {
            let until = deadline.unwrap_or_else(|| self.deadline());
            let error = match timeout_at(until, self.dial_main()).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => error,
                Err(_) => Arc::new(io::ErrorKind::TimedOut.into()),
            };
            if self.closed.is_closed() {
                return Err(BeanstalkdError::Closed);
            }
            if deadline.is_none() || !pause.before(until).await {
                return Err(BeanstalkdError::Unreachable(error));
            }
        }
    }

    pub(super) fn living(&self) -> Option<Arc<Connection>> {
        let main = self.main.lock().unwrap_or_else(PoisonError::into_inner);
        main.as_ref().filter(|connection| connection.is_alive()).cloned()
    }

    async fn dial_main(&self) -> Result<Arc<Connection>, Arc<io::Error>> {
        let asked = Instant::now();
        let mut failed = self.dialing.lock().await;
        if let Some(connection) = self.living() {
            return Ok(connection);
        }
        // `close` has set this before it takes the lock.
        if self.closed.is_closed() {
            return Err(Arc::new(io::ErrorKind::NotConnected.into()));
        }
        // Another task has just tried for everybody who was waiting.
        if let Some((when, error)) = &*failed
            && *when >= asked
        {
            return Err(Arc::clone(error));
        }
        match Connection::dial(&self.server, false).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                let mut main = self.main.lock().unwrap_or_else(PoisonError::into_inner);
                *main = Some(Arc::clone(&connection));
                Ok(connection)
            }
            Err(error) => {
                let error = Arc::new(error);
                *failed = Some((Instant::now(), Arc::clone(&error)));
                Err(error)
            }
        }
    }

    /// A further connection, which may wait for a job. One attempt.
    pub(super) async fn dial_lane(&self, until: Instant) -> Result<Connection> {
        let unreachable = |error| BeanstalkdError::Unreachable(Arc::new(error));
        let lane = timeout_at(until, Connection::dial(&self.server, true)).await;
        let lane =
            lane.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(unreachable)?;
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // Checked under the lock, so that `close` misses none.
        if self.closed.is_closed() {
            return Err(BeanstalkdError::Closed);
        }
        lanes.retain(|lane| lane.strong_count() > 0);
        lanes.push(Arc::downgrade(lane.shared()));
        Ok(lane)
    }

    pub(super) async fn close(&self) {
        self.closed.close();
        let until = Instant::now() + self.limit;
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in lanes.iter().filter_map(Weak::upgrade) {
            lane.finish(until).await;
        }
        // Whoever is connecting comes first.
        let _dialing = self.dialing.lock().await;
        let main = self.main.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(main) = main {
            main.shared().finish(until).await;
        }
    }
}

/// Connections that wait for jobs and have nothing to do, of the consumers that share them.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Arc<Connection>>>);

impl Spare {
    pub(super) fn take(&self) -> Option<Arc<Connection>> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare.retain(|lane| lane.is_alive());
        spare.pop()
    }

    pub(super) fn park(&self, lane: Arc<Connection>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(lane);
        }
    }
}

/// Longer and longer waits between attempts.
pub(super) struct Pause(Backoff);

impl Pause {
    pub(super) fn new() -> Self {
        Self(Backoff::new(FIRST_PAUSE, LONGEST_PAUSE))
    }

    /// Waits, and tells whether there is time for another attempt.
    pub(super) async fn before(&mut self, until: Instant) -> bool {
        let pause = self.0.pause();
        if Instant::now() + pause >= until {
            return false;
        }
        sleep(pause).await;
        true
    }

    pub(super) async fn wait(&mut self) {
        sleep(self.0.pause()).await;
    }
}
