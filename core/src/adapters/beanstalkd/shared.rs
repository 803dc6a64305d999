//! What the handles, the jobs and the task of a connection share: the queue of commands without an
//! answer, and where answers go.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::protocol::{Command, MAX_FIGURES, Reply, Tube};
use super::stats::{JobState, JobStats};

/// Commands without an answer yet, and what their bodies may have in all: 4096 or 32 MiB. More of
/// them wait their turn, so that a slow server holds producers up instead of filling the memory.
pub(super) const IN_FLIGHT: u32 = 4096;
/// A buffer that one big job has blown up is not kept.
const BIG_BUFFER: usize = 1 << 20;

/// What the handles, the jobs and the task of a connection share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Locked before `state`.
    pub(super) reader: Mutex<Reader>,
    pub(super) slots: Semaphore,
    /// There is something to write for the task.
    pub(super) written: Notify,
    /// There is something to read for the task.
    pub(super) awaited: Notify,
    /// Nothing waits for an answer.
    idle: Notify,
    pub(super) ended: Notify,
    /// Where the task is.
    runtime: runtime::Id,
    /// It may have to wait for a job, and so holds one at most.
    lane: bool,
    pub(super) longest_job: usize,
}

/// Where answers come from, and what has come and is not parsed yet.
pub(super) struct Reader {
    /// While the connection lasts.
    pub(super) half: Option<OwnedReadHalf>,
    pub(super) buffer: Vec<u8>,
    /// For the caller that reads.
    pub(super) answer: Option<Answer>,
}

pub(super) struct State {
    pub(super) out: Vec<u8>,
    /// Where it goes, while the connection lasts.
    writer: Option<Arc<OwnedWriteHalf>>,
    /// The task has taken commands that it may not have written to the end.
    pub(super) writing: bool,
    pub(super) pending: VecDeque<Pending>,
    /// Whether the task reads, while anything is pending. A caller that found nothing under way
    /// reads for itself, so that its answer need not pass through the task.
    pub(super) task_reads: bool,
    /// Wakes that caller, should its answer not come from what it has read.
    pub(super) caller: Option<Waker>,
    /// The tube that the last command in the queue uses.
    used: Tube,
    /// Sorted.
    watched: Arc<[Tube]>,
    /// The jobs in hand, and which of their reservations it is: the server gives a job whose time
    /// to run is over out again, also to this connection.
    pub(super) reserved: BTreeMap<u64, u64>,
    reservations: u64,
    /// How many have come.
    pub(super) answers: u64,
    pub(super) closing: bool,
    pub(super) end: Option<End>,
}

/// Who gets the next answer.
pub(super) enum Pending {
    Caller {
        /// None for one that reads.
        sender: Option<oneshot::Sender<Answer>>,
        blocks: bool,
        /// The longest body that the answer may have.
        longest: usize,
        slots: usize,
    },
    /// `use`, `watch` and `ignore`: what comes behind them relies on them.
    Setup,
    /// The state of a job that nobody wants, which is about to be released.
    Unwanted(u64),
    Nobody,
}

/// An answer on its way to the caller. A job that never arrives is given back.
pub(super) enum Answer {
    Reply(Reply),
    Held(Held),
}

/// A job that is reserved on a connection. Dropping it gives the job back, unless it is settled.
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) body: Vec<u8>,
    reservation: u64,
    pub(super) settled: bool,
    pub(super) connection: Arc<Shared>,
}

/// Why a connection is no more.
#[derive(Clone)]
pub(super) enum End {
    Broken(Arc<io::Error>),
    Closed,
}

pub(super) enum Fault {
    NotSent(End),
    NoAnswer(End),
    /// Not sent either: the job has been reserved anew.
    Stale,
}

/// What the connection has to be set to before a command.
#[derive(Clone, Copy)]
pub(super) enum Setup<'a> {
    None,
    Use(&'a Tube),
    Watch(&'a Arc<[Tube]>),
}

impl State {
    pub(super) fn check_open(&self) -> Result<(), Fault> {
        match &self.end {
            Some(end) => Err(Fault::NotSent(end.clone())),
            None if self.closing => Err(Fault::NotSent(End::Closed)),
            None => Ok(()),
        }
    }

    pub(super) fn check_current(&self, held: &Held) -> Result<(), Fault> {
        match self.reserved.get(&held.id) {
            Some(reservation) if *reservation == held.reservation => Ok(()),
            _ => Err(Fault::Stale),
        }
    }

    pub(super) fn push(&mut self, command: Command<'_>, pending: Pending) {
        command.encode(&mut self.out);
        self.pending.push_back(pending);
    }

    /// Writes what is in the queue, as far as the socket takes it. Whether that is all.
    pub(super) fn write_now(&mut self) -> bool {
        // The task meets what goes wrong.
        let written = self.writer.as_ref().and_then(|writer| writer.try_write(&self.out).ok());
        let written = written.unwrap_or(0);
        if written < self.out.len() {
            self.out.drain(..written);
            return false;
        }
        empty(&mut self.out);
        true
    }

    pub(super) fn set_up(&mut self, setup: Setup<'_>) {
        match setup {
            Setup::None => {}
            Setup::Use(tube) => {
                if self.used != *tube {
                    self.push(Command::Use(tube), Pending::Setup);
                    self.used = tube.clone();
                }
            }
            Setup::Watch(tubes) => {
                if Arc::ptr_eq(&self.watched, tubes) {
                    return;
                }
                let before = mem::replace(&mut self.watched, Arc::clone(tubes));
                // In this order, as the server keeps the last one.
                for tube in tubes.iter().filter(|tube| !before.contains(tube)) {
                    self.push(Command::Watch(tube), Pending::Setup);
                }
                for tube in before.iter().filter(|tube| !tubes.contains(tube)) {
                    self.push(Command::Ignore(tube), Pending::Setup);
                }
            }
        }
    }
}

impl Shared {
    pub(super) fn new(
        reader: OwnedReadHalf,
        writer: Arc<OwnedWriteHalf>,
        lane: bool,
        longest_job: usize,
    ) -> Self {
        Self {
            state: Mutex::new(State {
                out: Vec::new(),
                writer: Some(writer),
                writing: false,
                pending: VecDeque::new(),
                task_reads: true,
                caller: None,
                used: Tube::default_tube(),
                watched: [Tube::default_tube()].into(),
                reserved: BTreeMap::new(),
                reservations: 0,
                answers: 0,
                closing: false,
                end: None,
            }),
            reader: Mutex::new(Reader { half: Some(reader), buffer: Vec::new(), answer: None }),
            slots: Semaphore::new(IN_FLIGHT as usize),
            written: Notify::new(),
            awaited: Notify::new(),
            idle: Notify::new(),
            ended: Notify::new(),
            runtime: runtime::Handle::current().id(),
            lane,
            longest_job,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // No panic leaves a half-made change behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller runs where the task does: another runtime may stand still meanwhile.
    pub(super) fn is_at_home(&self) -> bool {
        runtime::Handle::current().id() == self.runtime
    }

    /// Puts a command into the queue whose answer nobody waits for.
    pub(super) fn push(&self, state: &mut State, command: Command<'_>, pending: Pending) {
        state.push(command, pending);
        self.written.notify_one();
        self.leave_to_the_task(state);
    }

    /// From here on the task reads, until nothing is pending.
    pub(super) fn leave_to_the_task(&self, state: &mut State) {
        state.task_reads = true;
        if !state.pending.is_empty() {
            self.awaited.notify_one();
        }
    }

    pub(super) fn end_or_closed(&self) -> End {
        self.state().end.clone().unwrap_or(End::Closed)
    }

    /// Ends the connection. The server then gives back what is reserved on it.
    pub(super) fn end(&self, why: End) {
        let pending = {
            let mut state = self.state();
            if state.end.is_some() {
                return;
            }
            state.end = Some(why);
            state.out = Vec::new();
            state.writer = None;
            state.reserved = BTreeMap::new();
            mem::take(&mut state.pending)
        };
        self.slots.close();
        self.ended.notify_one();
        self.wake_caller();
        self.idle.notify_one();
        drop(pending);
    }

    /// Ends the connection if the server has been silent since it had given so many answers; one
    /// that is only slow keeps it.
    pub(super) fn doubt(&self, answers: u64) {
        let silent = self.state().answers == answers;
        if silent {
            self.end(no_answer());
        }
    }

    /// Takes no new commands, waits for the answers to those in flight, and ends.
    pub(super) async fn finish(&self, until: Instant) {
        let wait = async {
            loop {
                {
                    let mut state = self.state();
                    state.closing = true;
                    self.leave_to_the_task(&mut state);
                    let blocks =
                        |waiting: &Pending| matches!(waiting, Pending::Caller { blocks: true, .. });
                    if state.pending.is_empty() || state.pending.iter().any(blocks) {
                        return;
                    }
                }
                self.idle.notified().await;
            }
        };
        // What is not answered in time is not waited for any longer.
        let _ = timeout_at(until, wait).await;
        self.end(End::Closed);
    }

    pub(super) fn wake_caller(&self) {
        let caller = self.state().caller.clone();
        caller.iter().for_each(Waker::wake_by_ref);
    }

    /// The longest body that the next answer may have.
    pub(super) fn longest_answer(&self) -> usize {
        match self.state().pending.front() {
            Some(Pending::Caller { longest, .. }) => *longest,
            Some(Pending::Unwanted(_)) => MAX_FIGURES,
            Some(Pending::Setup | Pending::Nobody) | None => 0,
        }
    }

    /// Hands a reply to whom it is for; `read` is for the caller that reads.
    pub(super) fn deliver(
        self: &Arc<Self>,
        reply: Reply,
        read: &mut Option<Answer>,
    ) -> io::Result<()> {
        let (pending, is_last, reservation, is_read) = {
            let mut state = self.state();
            state.answers += 1;
            let Some(pending) = state.pending.pop_front() else {
                return match state.end {
                    Some(_) => Ok(()),
                    None => Err(unasked()),
                };
            };
            // One whose time to run was over meanwhile is not ours to release: it may be in hand
            // once more.
            if let (Pending::Unwanted(id), Reply::Ok(yaml)) = (&pending, &reply)
                && let Ok(stats) = JobStats::parse(yaml)
                && stats.state == JobState::Reserved
                && !state.reserved.contains_key(id)
            {
                let release = Command::Release { id: *id, priority: stats.priority, delay: 0 };
                self.push(&mut state, release, Pending::Nobody);
            }
            if let Reply::Reserved { id, .. } = &reply {
                state.reservations += 1;
                let reservation = state.reservations;
                state.reserved.insert(*id, reservation);
            }
            let is_last = state.closing && state.pending.is_empty();
            (pending, is_last, state.reservations, state.caller.is_some())
        };
        if is_last {
            self.idle.notify_one();
        }
        // What is dropped here takes the lock again.
        match (pending, reply) {
            (Pending::Caller { sender, slots, .. }, reply) => {
                self.slots.add_permits(slots);
                let answer = match reply {
                    Reply::Reserved { id, body } => {
                        let connection = Arc::clone(self);
                        Answer::Held(Held { id, body, reservation, settled: false, connection })
                    }
                    reply => Answer::Reply(reply),
                };
                // To a caller that is gone a job is given back as the answer is dropped.
                match sender {
                    Some(sender) => drop(sender.send(answer)),
                    None if is_read => *read = Some(answer),
                    None => drop(answer),
                }
                Ok(())
            }
            // Puts would go to the wrong tube from here on.
            (Pending::Setup, reply) if !matches!(reply, Reply::Using | Reply::Watching) => {
                Err(strange("the server refused a tube"))
            }
            (Pending::Setup | Pending::Unwanted(_) | Pending::Nobody, _) => Ok(()),
        }
    }
}

impl Held {
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let connection = &self.connection;
        if connection.lane {
            // It holds nothing else, and the server keeps the priority.
            return connection.end(End::Closed);
        }
        let mut state = connection.state();
        if state.check_open().is_ok() && state.check_current(self).is_ok() {
            state.reserved.remove(&self.id);
            // A release sets the priority, so the present one is needed.
            connection.push(&mut state, Command::StatsJob(self.id), Pending::Unwanted(self.id));
        }
    }
}

/// Keeps the memory of a buffer, unless it is much.
pub(super) fn empty(buffer: &mut Vec<u8>) {
    if buffer.capacity() > BIG_BUFFER {
        *buffer = Vec::new();
    }
    buffer.clear();
}

pub(super) fn broken(error: io::Error) -> End {
    End::Broken(Arc::new(error))
}

pub(super) fn no_answer() -> End {
    broken(io::ErrorKind::TimedOut.into())
}

pub(super) fn unasked() -> io::Error {
    strange("the server answered what nobody asked")
}

pub(super) fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
