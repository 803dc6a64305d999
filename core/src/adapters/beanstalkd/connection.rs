//! One TCP connection: commands go into a queue in the order of their answers, whatever becomes of
//! those who wait for them.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::protocol::{Command, MAX_FIGURES, Refused, Reply, Tube, parse};
use super::stats::{JobState, JobStats};

/// Commands without an answer yet, and what their bodies may have in all: 4096 or 32 MiB. More of
/// them wait their turn, so that a slow server holds producers up instead of filling the memory.
const IN_FLIGHT: u32 = 4096;
/// The bytes of a body that count as one more command.
const SLOT: usize = 8 << 10;
/// A buffer that one big job has blown up is not kept.
const BIG_BUFFER: usize = 1 << 20;
const READ: usize = 16 << 10;
/// The server (seen in 1.12) may forget the end of a job's time to run while its connection is
/// idle: one that holds jobs is stirred so often.
const STIR: Duration = Duration::from_secs(1);

/// Where to connect, and what to take from there.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// In bytes.
    pub(super) longest_job: usize,
}

/// Keeps a connection open: when the last handle goes, it ends.
pub(super) struct Connection(Arc<Shared>);

/// What the handles, the jobs and the task of a connection share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Locked before `state`.
    reader: Mutex<Reader>,
    slots: Semaphore,
    /// There is something to write for the task.
    written: Notify,
    /// There is something to read for the task.
    awaited: Notify,
    /// Nothing waits for an answer.
    idle: Notify,
    ended: Notify,
    /// It may have to wait for a job, and so holds one at most.
    lane: bool,
    longest_job: usize,
}

/// Where answers come from, and what has come and is not parsed yet.
struct Reader {
    /// While the connection lasts.
    half: Option<OwnedReadHalf>,
    buffer: Vec<u8>,
    /// For the caller that reads.
    answer: Option<Answer>,
}

struct State {
    out: Vec<u8>,
    /// Where it goes, while the connection lasts.
    writer: Option<Arc<OwnedWriteHalf>>,
    /// The task has taken commands that it may not have written to the end.
    writing: bool,
    pending: VecDeque<Pending>,
    /// Whether the task reads, while anything is pending. A caller that found nothing under way
    /// reads for itself, so that its answer need not pass through the task.
    task_reads: bool,
    /// Wakes that caller, should its answer not come from what it has read.
    caller: Option<Waker>,
    /// The tube that the last command in the queue uses.
    used: Tube,
    /// Sorted.
    watched: Arc<[Tube]>,
    /// The jobs in hand, and which of their reservations it is: the server gives a job whose time
    /// to run is over out again, also to this connection.
    reserved: BTreeMap<u64, u64>,
    reservations: u64,
    /// How many have come.
    answers: u64,
    closing: bool,
    end: Option<End>,
}

/// Who gets the next answer.
enum Pending {
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
    settled: bool,
    connection: Arc<Shared>,
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

impl Connection {
    pub(super) async fn dial(server: &Server, lane: bool) -> io::Result<Self> {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let writer = Arc::new(writer);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                out: Vec::new(),
                writer: Some(Arc::clone(&writer)),
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
            lane,
            longest_job: server.longest_job,
        });
        tokio::spawn(run(writer, Arc::clone(&shared)));
        Ok(Self(shared))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Whether a command can be sent, as far as is known.
    pub(super) fn is_alive(&self) -> bool {
        self.0.is_alive()
    }

    /// Room for one more command.
    async fn slot(
        &self,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<SemaphorePermit<'_>, Fault> {
        let slots = u32::try_from(1 + command.body_len() / SLOT).unwrap_or(IN_FLIGHT);
        let slots = slots.min(IN_FLIGHT);
        match self.0.slots.try_acquire_many(slots) {
            Ok(slot) => Ok(slot),
            // Apart, so that not every command has the room that this takes.
            Err(_) => Box::pin(self.wait_for_slots(slots, limit)).await,
        }
    }

    async fn wait_for_slots(
        &self,
        slots: u32,
        limit: Duration,
    ) -> Result<SemaphorePermit<'_>, Fault> {
        let answers = self.0.state().answers;
        match timeout(limit, self.0.slots.acquire_many(slots)).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) => Err(Fault::NotSent(self.0.end_or_closed())),
            Err(_) => {
                self.0.doubt(answers);
                Err(Fault::NotSent(no_answer()))
            }
        }
    }

    /// Sends a command and waits for its answer, `limit` for each.
    pub(super) async fn call(
        &self,
        setup: Setup<'_>,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        let slot = self.slot(command, limit).await?;
        let sent = {
            let mut state = self.0.state();
            state.check_open()?;
            self.0.send(&mut state, slot, setup, command)
        };
        self.answer(sent, limit).await
    }

    /// [`call`](Self::call) about a job in hand.
    pub(super) async fn call_for(
        &self,
        held: &Held,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        // A job whose connection has ended is lost, and the command is not sent.
        self.is_alive();
        let slot = self.slot(command, limit).await?;
        let sent = {
            let mut state = self.0.state();
            state.check_open()?;
            state.check_current(held)?;
            self.0.send(&mut state, slot, Setup::None, command)
        };
        self.answer(sent, limit).await
    }

    /// [`call_for`](Self::call_for) with a command that ends the reservation.
    pub(super) async fn settle(
        &self,
        held: &mut Held,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        self.is_alive();
        let slot = self.slot(command, limit).await?;
        let sent = {
            let mut state = self.0.state();
            state.check_open()?;
            let current = state.check_current(held);
            // From here on the server does it, whether anybody waits or not.
            held.settled = true;
            current?;
            state.reserved.remove(&held.id);
            self.0.send(&mut state, slot, Setup::None, command)
        };
        self.answer(sent, limit).await
    }

    async fn answer(&self, mut sent: Sent<'_>, limit: Duration) -> Result<Answer, Fault> {
        let until = Instant::now() + limit;
        let early = match &mut sent.wait {
            // The task wakes it before the limit, so that only late answers take a timer.
            Wait::Reading(reading) if limit > 2 * STIR => reading.until_woken().await,
            _ => None,
        };
        let answer = match early {
            Some(answer) => Ok(answer),
            None => timeout_at(until, poll_fn(|context| sent.poll(context))).await,
        };
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Fault::NoAnswer(self.0.end_or_closed())),
            Err(_) => {
                self.0.doubt(sent.answers);
                Err(Fault::NoAnswer(no_answer()))
            }
        }
    }
}

/// A command whose answer is awaited.
struct Sent<'a> {
    /// How many had come before it.
    answers: u64,
    wait: Wait<'a>,
}

enum Wait<'a> {
    Reading(Reading<'a>),
    ForOthers(oneshot::Receiver<Answer>),
}

impl Sent<'_> {
    /// Nothing when the connection has ended.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        match &mut self.wait {
            Wait::Reading(reading) => reading.poll(context),
            Wait::ForOthers(answer) => Pin::new(answer).poll(context).map(Result::ok),
        }
    }
}

/// A caller that reads, as long as it is the only one: it may not be polled for a while, which must
/// hold nobody up.
struct Reading<'a> {
    shared: &'a Arc<Shared>,
    is_over: bool,
}

impl Reading<'_> {
    /// The answer, unless the caller is woken without it.
    async fn until_woken(&mut self) -> Option<Option<Answer>> {
        let mut is_woken = false;
        poll_fn(|context| match self.poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if mem::replace(&mut is_woken, true) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        let shared = self.shared;
        let mut reader = shared.reader();
        loop {
            if let Some(answer) = reader.answer.take() {
                self.end();
                return Poll::Ready(Some(answer));
            }
            {
                let mut state = shared.state();
                if state.end.is_some() {
                    return Poll::Ready(None);
                }
                if let Some(caller) = &mut state.caller {
                    caller.clone_from(context.waker());
                }
                if state.task_reads {
                    return Poll::Pending;
                }
            }
            if let Err(end) = ready!(shared.poll_receive(&mut reader, context)) {
                shared.end(end);
                return Poll::Ready(None);
            }
        }
    }

    /// Lets the next caller read.
    fn end(&mut self) {
        self.is_over = true;
        let mut state = self.shared.state();
        state.caller = None;
        self.shared.leave_to_the_task(&mut state);
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut reader = self.shared.reader();
            self.end();
            // If it is a job, it is given back.
            reader.answer = None;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.end(End::Closed);
    }
}

impl State {
    fn check_open(&self) -> Result<(), Fault> {
        match &self.end {
            Some(end) => Err(Fault::NotSent(end.clone())),
            None if self.closing => Err(Fault::NotSent(End::Closed)),
            None => Ok(()),
        }
    }

    fn check_current(&self, held: &Held) -> Result<(), Fault> {
        match self.reserved.get(&held.id) {
            Some(reservation) if *reservation == held.reservation => Ok(()),
            _ => Err(Fault::Stale),
        }
    }

    fn push(&mut self, command: Command<'_>, pending: Pending) {
        command.encode(&mut self.out);
        self.pending.push_back(pending);
    }

    /// Writes what is in the queue, as far as the socket takes it. Whether that is all.
    fn write_now(&mut self) -> bool {
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

    fn set_up(&mut self, setup: Setup<'_>) {
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
    fn state(&self) -> MutexGuard<'_, State> {
        // No panic leaves a half-made change behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command into the queue. From here on it is carried out also if nobody waits for it.
    fn send(
        self: &Arc<Self>,
        state: &mut State,
        slot: SemaphorePermit<'_>,
        setup: Setup<'_>,
        command: Command<'_>,
    ) -> Sent<'_> {
        // Where nothing is under way, the task need not be woken to write and to read. Else it
        // writes at once what has gathered.
        let is_alone = state.pending.is_empty() && state.caller.is_none() && !state.writing;
        state.set_up(setup);
        let (sender, wait) = if is_alone {
            state.caller = Some(Waker::noop().clone());
            state.task_reads = false;
            (None, Wait::Reading(Reading { shared: self, is_over: false }))
        } else {
            let (sender, answer) = oneshot::channel();
            (Some(sender), Wait::ForOthers(answer))
        };
        let longest = command.longest_answer(self.longest_job);
        let (blocks, slots) = (command.blocks(), slot.num_permits());
        // Given back as the answer comes.
        slot.forget();
        let pending = Pending::Caller { sender, blocks, longest, slots };
        state.push(command, pending);
        if !is_alone || !state.write_now() {
            self.written.notify_one();
        }
        if !is_alone {
            self.leave_to_the_task(state);
        }
        Sent { answers: state.answers, wait }
    }

    /// Puts a command into the queue whose answer nobody waits for.
    fn push(&self, state: &mut State, command: Command<'_>, pending: Pending) {
        state.push(command, pending);
        self.written.notify_one();
        self.leave_to_the_task(state);
    }

    fn leave_to_the_task(&self, state: &mut State) {
        state.task_reads = true;
        if !state.pending.is_empty() {
            self.awaited.notify_one();
        }
    }

    fn end_or_closed(&self) -> End {
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
    fn doubt(&self, answers: u64) {
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

    fn wake_caller(&self) {
        let caller = self.state().caller.clone();
        caller.iter().for_each(Waker::wake_by_ref);
    }

    /// For the task: whether it has something to read, and then whether that has come.
    fn poll_read(self: &Arc<Self>, context: &mut Context<'_>) -> Poll<Result<bool, End>> {
        let mut reader = self.reader();
        let is_awaited = {
            let state = self.state();
            state.task_reads && !state.pending.is_empty()
        };
        if !is_awaited {
            return Poll::Ready(Ok(false));
        }
        ready!(self.poll_receive(&mut reader, context))?;
        if reader.answer.is_some() {
            self.wake_caller();
        }
        Poll::Ready(Ok(true))
    }

    /// Reads once, and hands out what is complete.
    fn poll_receive(
        self: &Arc<Self>,
        reader: &mut Reader,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), End>> {
        let Some(half) = &mut reader.half else { return Poll::Ready(Err(End::Closed)) };
        reader.buffer.reserve(READ);
        let read = ready!(pin!(half.read_buf(&mut reader.buffer)).poll(context));
        Poll::Ready(self.received(reader, read))
    }

    /// Also finds out whether the server has closed the connection while nobody reads. This asks
    /// the runtime alone as long as nothing has come.
    fn is_alive(self: &Arc<Self>) -> bool {
        // Where somebody reads, this need not.
        let reader = self.reader.try_lock();
        let (is_alive, is_idle) = {
            let state = self.state();
            let is_alive = state.end.is_none() && !state.closing;
            (is_alive, is_alive && state.caller.is_none() && state.pending.is_empty())
        };
        let Ok(mut reader) = reader else { return is_alive };
        let Reader { half: Some(half), buffer, .. } = &mut *reader else { return is_alive };
        if !is_idle {
            return is_alive;
        }
        buffer.reserve(READ);
        let read = half.try_read_buf(buffer);
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            return true;
        }
        // It is for nobody, or for a caller that has just asked.
        match self.received(&mut reader, read) {
            Ok(()) => self.wake_caller(),
            Err(end) => self.end(end),
        }
        self.state().end.is_none()
    }

    fn received(self: &Arc<Self>, reader: &mut Reader, read: io::Result<usize>) -> Result<(), End> {
        if read.map_err(broken)? == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let Reader { buffer, answer, .. } = reader;
        let mut start = 0;
        while start < buffer.len() {
            match parse(&buffer[start..], self.longest_answer()) {
                Ok(Some((reply, length))) => {
                    start += length;
                    self.deliver(reply, answer).map_err(broken)?;
                }
                Ok(None) => break,
                Err(Refused::Malformed) => {
                    return Err(broken(strange("the server does not speak the protocol")));
                }
                Err(Refused::TooLong) => {
                    let what = "the answer is too long: `max_job_size` says how long a job may be";
                    return Err(broken(io::Error::new(io::ErrorKind::FileTooLarge, what)));
                }
            }
        }
        if start == buffer.len() {
            empty(buffer);
        } else {
            buffer.drain(..start);
        }
        Ok(())
    }

    /// The longest body that the next answer may have.
    fn longest_answer(&self) -> usize {
        match self.state().pending.front() {
            Some(Pending::Caller { longest, .. }) => *longest,
            Some(Pending::Unwanted(_)) => MAX_FIGURES,
            Some(Pending::Setup | Pending::Nobody) | None => 0,
        }
    }

    /// Hands a reply to whom it is for; `read` is for the caller that reads.
    fn deliver(self: &Arc<Self>, reply: Reply, read: &mut Option<Answer>) -> io::Result<()> {
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

/// Ends a connection also when its runtime goes.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(broken(io::ErrorKind::ConnectionAborted.into()));
        self.0.reader().half = None;
    }
}

async fn run(writer: Arc<OwnedWriteHalf>, shared: Arc<Shared>) {
    let _ending = Ending(Arc::clone(&shared));
    let ended = async {
        shared.ended.notified().await;
        End::Closed
    };
    let work = first(read(&shared), write(&writer, &shared));
    let why = first(first(work, stir(&shared)), ended).await;
    shared.end(why);
}

/// Reads what no caller reads.
async fn read(shared: &Arc<Shared>) -> End {
    loop {
        match poll_fn(|context| shared.poll_read(context)).await {
            Ok(true) => {}
            Ok(false) => shared.awaited.notified().await,
            Err(end) => return end,
        }
    }
}

/// Writes all that has gathered at once.
async fn write(writer: &OwnedWriteHalf, shared: &Shared) -> End {
    let mut buffer = Vec::new();
    loop {
        {
            let mut state = shared.state();
            mem::swap(&mut buffer, &mut state.out);
            state.writing = !buffer.is_empty();
        }
        if buffer.is_empty() {
            shared.written.notified().await;
            continue;
        }
        if let Err(error) = write_all(writer, &buffer).await {
            return broken(error);
        }
        empty(&mut buffer);
    }
}

async fn write_all(writer: &OwnedWriteHalf, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        writer.writable().await?;
        match writer.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Keeps the memory of a buffer, unless it is much.
fn empty(buffer: &mut Vec<u8>) {
    if buffer.capacity() > BIG_BUFFER {
        *buffer = Vec::new();
    }
    buffer.clear();
}

/// What is to be done now and then.
async fn stir(shared: &Arc<Shared>) -> End {
    loop {
        sleep(STIR).await;
        shared.is_alive();
        {
            let mut state = shared.state();
            if !state.reserved.is_empty() && state.pending.is_empty() && state.end.is_none() {
                shared.push(&mut state, Command::ListTubeUsed, Pending::Nobody);
            }
            // A caller may have stopped asking for its answer.
            shared.leave_to_the_task(&mut state);
        }
        shared.wake_caller();
    }
}

/// What the first of two to end gives.
pub(super) async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => other.as_mut().poll(context),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}

fn broken(error: io::Error) -> End {
    End::Broken(Arc::new(error))
}

fn no_answer() -> End {
    broken(io::ErrorKind::TimedOut.into())
}

fn unasked() -> io::Error {
    strange("the server answered what nobody asked")
}

fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;
    use tokio::net::tcp::OwnedReadHalf;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A connection and its other end.
    async fn pair() -> (Connection, BufReader<OwnedReadHalf>, OwnedWriteHalf) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { host: "127.0.0.1".to_owned(), port, longest_job: 1 << 20 };
        let connection = Connection::dial(&server, false).await.unwrap();
        let (reader, writer) = listener.accept().await.unwrap().0.into_split();
        (connection, BufReader::new(reader), writer)
    }

    #[tokio::test]
    async fn a_silent_server_fills_no_memory() {
        let (connection, _reader, _writer) = pair().await;
        let connection = Arc::new(connection);
        for _ in 0..100 {
            let connection = Arc::clone(&connection);
            tokio::spawn(async move {
                let body = vec![b'x'; 1 << 20];
                let put = Command::Put { priority: 0, delay: 0, ttr: 1, body: &body };
                let _ = connection.call(Setup::None, put, LIMIT).await;
            });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let sent = connection.0.state().pending.len();
        assert!((16..=32).contains(&sent), "{sent} MiB wait for an answer");
    }

    /// A body bigger than all that may be in flight goes alone.
    #[tokio::test]
    async fn a_huge_job_has_its_turn() {
        let (connection, mut reader, mut writer) = pair().await;
        tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 20];
            let mut left: usize = 40 << 20;
            while left > 0 {
                left = left.saturating_sub(reader.read(&mut bytes).await.unwrap());
            }
            writer.write_all(b"INSERTED 1\r\n").await.unwrap();
            std::future::pending::<()>().await;
        });
        let body = vec![b'x'; 40 << 20];
        let put = Command::Put { priority: 0, delay: 0, ttr: 1, body: &body };
        let answer = connection.call(Setup::None, put, Duration::from_secs(30)).await;
        assert!(matches!(answer, Ok(Answer::Reply(Reply::Inserted(1)))));
    }

    #[tokio::test]
    async fn a_job_that_nobody_wants_is_released_if_it_is_still_ours() {
        let stats = |state: &str| {
            format!(
                "---\nid: 1\ntube: a\nstate: {state}\npri: 7\nage: 7\ndelay: 0\nttr: 60\n\
                 time-left: 59\nfile: 1\nreserves: 2\ntimeouts: 1\nreleases: 0\nburies: 0\nkicks: 0\n"
            )
        };
        for (state, then) in [("reserved", "release 1 7 0"), ("ready", "list-tube-used")] {
            let (connection, mut reader, mut writer) = pair().await;
            let server = tokio::spawn(async move {
                let mut lines = Vec::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).await.unwrap();
                    let answer = match line.trim_end() {
                        "reserve-with-timeout 0" => "RESERVED 1 1\r\nx\r\n".to_owned(),
                        "stats-job 1" => {
                            let stats = stats(state);
                            format!("OK {}\r\n{stats}\r\n", stats.len())
                        }
                        other => {
                            lines.push(other.to_owned());
                            return lines;
                        }
                    };
                    writer.write_all(answer.as_bytes()).await.unwrap();
                }
            });
            let reserve = Command::Reserve { seconds: 0 };
            let Ok(Answer::Held(held)) = connection.call(Setup::None, reserve, LIMIT).await else {
                panic!("no job");
            };
            drop(held);
            tokio::time::sleep(Duration::from_millis(200)).await;
            let asked = connection.call(Setup::None, Command::ListTubeUsed, LIMIT);
            let _ = timeout(Duration::from_millis(200), asked).await;
            assert_eq!(server.await.unwrap(), [then], "{state}");
        }
    }
    /// What one that is forgotten has asked for holds up nobody, and is read.
    #[tokio::test]
    async fn a_caller_that_is_not_polled_holds_nobody_up() {
        let (connection, mut reader, mut writer) = pair().await;
        let server = tokio::spawn(async move {
            for id in 1..=3 {
                let mut line = String::new();
                reader.read_line(&mut line).await.unwrap();
                assert_eq!(line, format!("delete {id}\r\n"));
                writer.write_all(b"DELETED\r\n").await.unwrap();
            }
            (reader, writer)
        });
        let delete = |id| connection.call(Setup::None, Command::Delete(id), LIMIT);
        let (mut forgotten, mut other) = (pin!(delete(1)), pin!(delete(2)));
        let asked = poll_fn(|context| Poll::Ready(forgotten.as_mut().poll(context).is_pending()));
        assert!(asked.await);
        let answer = timeout(LIMIT / 2, other.as_mut()).await.expect("an answer in time");
        assert!(matches!(answer, Ok(Answer::Reply(Reply::Deleted))));
        // The first one's answer has been read meanwhile, and is kept for it.
        let answer = timeout(LIMIT / 2, delete(3)).await.expect("an answer in time");
        assert!(matches!(answer, Ok(Answer::Reply(Reply::Deleted))));
        assert!(matches!(forgotten.await, Ok(Answer::Reply(Reply::Deleted))));
        drop(server.await.unwrap());
    }

    /// Wherever a caller leaves, those behind it get their own answers, and its job goes back.
    #[tokio::test]
    async fn a_caller_that_leaves_takes_no_answer_along() {
        for others in 0..3_u64 {
            let (connection, mut reader, mut writer) = pair().await;
            let connection = Arc::new(connection);
            let server = tokio::spawn(async move {
                let mut lines = Vec::new();
                // The first answer comes when its caller has left.
                for line in 0..=others {
                    lines.push(String::new());
                    reader.read_line(lines.last_mut().unwrap()).await.unwrap();
                    if line == 0 {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        writer.write_all(b"RESERVED 7 1\r\n").await.unwrap();
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        writer.write_all(b"x\r\n").await.unwrap();
                    } else {
                        writer.write_all(format!("KICKED {line}\r\n").as_bytes()).await.unwrap();
                    }
                }
                let mut line = String::new();
                reader.read_line(&mut line).await.unwrap();
                (line, writer)
            });
            let reserve = connection.call(Setup::None, Command::Reserve { seconds: 0 }, LIMIT);
            assert!(timeout(Duration::from_millis(10), reserve).await.is_err());
            let kicks: Vec<_> = (1..=others)
                .map(|number| {
                    let connection = Arc::clone(&connection);
                    tokio::spawn(async move {
                        let kick = Command::Kick(1);
                        let answer = connection.call(Setup::None, kick, LIMIT).await;
                        let kicked = Reply::Kicked(Some(number));
                        assert!(matches!(answer, Ok(Answer::Reply(reply)) if reply == kicked));
                    })
                })
                .collect();
            for kick in kicks {
                kick.await.unwrap();
            }
            let (line, _writer) = timeout(LIMIT, server).await.expect("given back").unwrap();
            assert_eq!(line, "stats-job 7\r\n", "{others} others");
        }
    }

    #[tokio::test]
    async fn an_end_is_seen_while_nobody_asks() {
        let (connection, reader, writer) = pair().await;
        assert!(connection.is_alive());
        drop((reader, writer));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!connection.is_alive());

        let (connection, _reader, mut writer) = pair().await;
        writer.write_all(b"DELETED\r\n").await.unwrap();
        tokio::time::sleep(STIR + STIR / 2).await;
        let end = connection.0.state().end.clone();
        assert!(matches!(end, Some(End::Broken(why)) if why.to_string() == unasked().to_string()));
    }

    /// However it ends while a caller reads, the caller hears of it at once.
    #[tokio::test]
    async fn a_caller_that_reads_hears_of_the_end() {
        for by_the_server in [true, false] {
            let (connection, reader, writer) = pair().await;
            let shared = Arc::clone(connection.shared());
            let ends = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if by_the_server {
                    drop((reader, writer));
                } else {
                    shared.end(End::Closed);
                }
                std::future::pending().await
            };
            let call = connection.call(Setup::None, Command::Delete(1), LIMIT);
            let answer = timeout(LIMIT / 2, first(call, ends)).await.expect("an end in time");
            assert!(matches!(answer, Err(Fault::NoAnswer(_))));
        }
    }
}
