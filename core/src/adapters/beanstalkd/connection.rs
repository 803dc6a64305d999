//! One TCP connection: commands go into a queue in the order of their answers, whatever becomes of
//! those who wait for them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
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
    slots: Arc<Semaphore>,
    /// There is something to write.
    written: Notify,
    /// Nothing waits for an answer.
    idle: Notify,
    ended: Notify,
    /// It may have to wait for a job, and so holds one at most.
    lane: bool,
    longest_job: usize,
}

struct State {
    out: Vec<u8>,
    /// Where it goes, while the connection lasts.
    writer: Option<Arc<OwnedWriteHalf>>,
    /// The task has taken commands that it may not have written to the end.
    writing: bool,
    pending: VecDeque<Pending>,
    /// The tube that the last command in the queue uses.
    used: Tube,
    /// Sorted.
    watched: Arc<[Tube]>,
    /// The jobs in hand, and which of their reservations it is: the server gives a job whose time
    /// to run is over out again, also to this connection.
    reserved: HashMap<u64, u64>,
    reservations: u64,
    /// When the last answer came.
    heard: Instant,
    closing: bool,
    end: Option<End>,
}

/// Who gets the next answer.
enum Pending {
    Caller {
        sender: oneshot::Sender<Answer>,
        blocks: bool,
        /// The longest body that the answer may have.
        longest: usize,
        _slot: OwnedSemaphorePermit,
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
                used: Tube::default_tube(),
                watched: [Tube::default_tube()].into(),
                reserved: HashMap::new(),
                reservations: 0,
                heard: Instant::now(),
                closing: false,
                end: None,
            }),
            slots: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
            written: Notify::new(),
            idle: Notify::new(),
            ended: Notify::new(),
            lane,
            longest_job: server.longest_job,
        });
        tokio::spawn(run(reader, writer, Arc::clone(&shared)));
        Ok(Self(shared))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    pub(super) fn is_alive(&self) -> bool {
        let state = self.0.state();
        state.end.is_none() && !state.closing
    }

    /// Sends a command and waits for its answer, `limit` for each.
    pub(super) async fn call(
        &self,
        setup: Setup<'_>,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        let slot = self.slot(command, limit).await?;
        let answer = self.send(slot, setup, command)?;
        self.answer(answer, limit).await
    }

    /// Room for one more command.
    async fn slot(
        &self,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<OwnedSemaphorePermit, Fault> {
        let slots = u32::try_from(1 + command.body_len() / SLOT).unwrap_or(IN_FLIGHT);
        let room = Arc::clone(&self.0.slots).acquire_many_owned(slots.min(IN_FLIGHT));
        match timeout(limit, room).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) => Err(Fault::NotSent(self.0.end_or_closed())),
            Err(_) => {
                self.0.doubt(limit);
                Err(Fault::NotSent(no_answer()))
            }
        }
    }

    /// Puts a command into the queue. From here on it is carried out also if nobody waits for it.
    fn send(
        &self,
        slot: OwnedSemaphorePermit,
        setup: Setup<'_>,
        command: Command<'_>,
    ) -> Result<oneshot::Receiver<Answer>, Fault> {
        let mut state = self.0.state();
        state.check_open()?;
        state.set_up(setup);
        Ok(self.0.queue(&mut state, slot, command))
    }

    /// [`call`](Self::call) about a job in hand.
    pub(super) async fn call_for(
        &self,
        held: &Held,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        let slot = self.slot(command, limit).await?;
        let answer = {
            let mut state = self.0.state();
            state.check_open()?;
            state.check_current(held)?;
            self.0.queue(&mut state, slot, command)
        };
        self.answer(answer, limit).await
    }

    /// [`call_for`](Self::call_for) with a command that ends the reservation.
    pub(super) async fn settle(
        &self,
        held: &mut Held,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        let slot = self.slot(command, limit).await?;
        let answer = {
            let mut state = self.0.state();
            state.check_open()?;
            let current = state.check_current(held);
            // From here on the server does it, whether anybody waits or not.
            held.settled = true;
            current?;
            state.reserved.remove(&held.id);
            self.0.queue(&mut state, slot, command)
        };
        self.answer(answer, limit).await
    }

    async fn answer(
        &self,
        answer: oneshot::Receiver<Answer>,
        limit: Duration,
    ) -> Result<Answer, Fault> {
        match timeout(limit, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Fault::NoAnswer(self.0.end_or_closed())),
            Err(_) => {
                self.0.doubt(limit);
                Err(Fault::NoAnswer(no_answer()))
            }
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

    fn queue(
        &self,
        state: &mut State,
        slot: OwnedSemaphorePermit,
        command: Command<'_>,
    ) -> oneshot::Receiver<Answer> {
        let (sender, answer) = oneshot::channel();
        let longest = command.longest_answer(self.longest_job);
        let pending = Pending::Caller { sender, blocks: command.blocks(), longest, _slot: slot };
        // Where nothing is under way, the task need not be woken to write. Else it writes at once
        // what has gathered.
        let is_alone = state.pending.is_empty() && !state.writing;
        state.push(command, pending);
        if !is_alone || !state.write_now() {
            self.written.notify_one();
        }
        answer
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
            state.reserved = HashMap::new();
            mem::take(&mut state.pending)
        };
        self.slots.close();
        self.ended.notify_one();
        self.idle.notify_one();
        drop(pending);
    }

    /// Ends the connection if the server has been silent for `limit`; one that is only slow keeps
    /// it.
    fn doubt(&self, limit: Duration) {
        let silent = self.state().heard.elapsed() >= limit;
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

    /// The longest body that the next answer may have.
    fn longest_answer(&self) -> usize {
        match self.state().pending.front() {
            Some(Pending::Caller { longest, .. }) => *longest,
            Some(Pending::Unwanted(_)) => MAX_FIGURES,
            Some(Pending::Setup | Pending::Nobody) | None => 0,
        }
    }

    /// Hands a reply to whom it is for.
    fn deliver(self: &Arc<Self>, reply: Reply) -> io::Result<()> {
        let (pending, last, reservation) = {
            let mut state = self.state();
            state.heard = Instant::now();
            let Some(pending) = state.pending.pop_front() else {
                return match state.end {
                    Some(_) => Ok(()),
                    None => Err(strange("the server answered what nobody asked")),
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
                state.push(release, Pending::Nobody);
                self.written.notify_one();
            }
            if let Reply::Reserved { id, .. } = &reply {
                state.reservations += 1;
                let reservation = state.reservations;
                state.reserved.insert(*id, reservation);
            }
            (pending, state.pending.is_empty(), state.reservations)
        };
        if last {
            self.idle.notify_one();
        }
        // What is dropped here takes the lock again.
        match (pending, reply) {
            (Pending::Caller { sender, .. }, reply) => {
                let answer = match reply {
                    Reply::Reserved { id, body } => {
                        let connection = Arc::clone(self);
                        Answer::Held(Held { id, body, reservation, settled: false, connection })
                    }
                    reply => Answer::Reply(reply),
                };
                // A caller that is gone: a job is given back as the answer is dropped.
                drop(sender.send(answer));
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
            state.push(Command::StatsJob(self.id), Pending::Unwanted(self.id));
            connection.written.notify_one();
        }
    }
}

/// Ends a connection also when its runtime goes.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(broken(io::ErrorKind::ConnectionAborted.into()));
    }
}

async fn run(reader: OwnedReadHalf, writer: Arc<OwnedWriteHalf>, shared: Arc<Shared>) {
    let _ending = Ending(Arc::clone(&shared));
    let ended = async {
        shared.ended.notified().await;
        End::Closed
    };
    let work = first(read(reader, &shared), write(&writer, &shared));
    let why = first(first(work, stir(&shared)), ended).await;
    shared.end(why);
}

async fn read(mut reader: OwnedReadHalf, shared: &Arc<Shared>) -> End {
    let mut buffer = Vec::with_capacity(READ);
    loop {
        buffer.reserve(READ);
        match reader.read_buf(&mut buffer).await {
            Ok(0) => return broken(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) => return broken(error),
        }
        let mut start = 0;
        loop {
            match parse(&buffer[start..], shared.longest_answer()) {
                Ok(Some((reply, length))) => {
                    start += length;
                    if let Err(error) = shared.deliver(reply) {
                        return broken(error);
                    }
                }
                Ok(None) => break,
                Err(Refused::Malformed) => {
                    return broken(strange("the server does not speak the protocol"));
                }
                Err(Refused::TooLong) => {
                    let what = "the answer is too long: `max_job_size` says how long a job may be";
                    return broken(io::Error::new(io::ErrorKind::FileTooLarge, what));
                }
            }
        }
        buffer.drain(..start);
        if buffer.is_empty() {
            empty(&mut buffer);
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

async fn stir(shared: &Shared) -> End {
    loop {
        sleep(STIR).await;
        let mut state = shared.state();
        if !state.reserved.is_empty() && state.pending.is_empty() && state.end.is_none() {
            state.push(Command::ListTubeUsed, Pending::Nobody);
            shared.written.notify_one();
        }
    }
}

/// What the first of two to end gives.
pub(super) async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    std::future::poll_fn(|context| match one.as_mut().poll(context) {
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
}
