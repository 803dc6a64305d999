//! One TCP connection: commands go into a queue in the order of their answers, whatever becomes of
//! those who wait for them.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{SemaphorePermit, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::protocol::Command;
use super::reading::{Reading, Sent, Wait};
use super::shared::{
    Answer, End, Fault, Held, IN_FLIGHT, Pending, Setup, Shared, State, no_answer,
};
use super::task::{self, STIR};

/// The bytes of a body that count as one more command.
const SLOT: usize = 8 << 10;

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

impl Connection {
    pub(super) async fn dial(server: &Server, lane: bool) -> io::Result<Self> {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let writer = Arc::new(writer);
        let shared = Arc::new(Shared::new(reader, Arc::clone(&writer), lane, server.longest_job));
        tokio::spawn(task::run(writer, Arc::clone(&shared)));
        Ok(Self(shared))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Whether a command can be sent, as far as is known.
    pub(super) fn is_alive(&self) -> bool {
        self.0.look()
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
            self.send(&mut state, slot, setup, command)
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
        self.0.look();
        let slot = self.slot(command, limit).await?;
        let sent = {
            let mut state = self.0.state();
            state.check_open()?;
            state.check_current(held)?;
            self.send(&mut state, slot, Setup::None, command)
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
        self.0.look();
        let slot = self.slot(command, limit).await?;
        let sent = {
            let mut state = self.0.state();
            state.check_open()?;
            let current = state.check_current(held);
            // From here on the server does it, whether anybody waits or not.
            held.settled = true;
            current?;
            state.reserved.remove(&held.id);
            self.send(&mut state, slot, Setup::None, command)
        };
        self.answer(sent, limit).await
    }

    async fn answer(&self, mut sent: Sent<'_>, limit: Duration) -> Result<Answer, Fault> {
        let until = Instant::now() + limit;
        let early = match &mut sent.wait {
            // The task wakes it before the limit, so that only late answers take a timer.
            Wait::Reading(reading) if limit > 2 * STIR && self.0.is_at_home() => {
                reading.until_woken().await
            }
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

    /// Puts a command into the queue. From here on it is carried out also if nobody waits for it.
    fn send(
        &self,
        state: &mut State,
        slot: SemaphorePermit<'_>,
        setup: Setup<'_>,
        command: Command<'_>,
    ) -> Sent<'_> {
        let shared = &self.0;
        // Where nothing is under way, the task need not be woken to write and to read. Else it
        // writes at once what has gathered.
        let is_alone = state.pending.is_empty() && state.caller.is_none() && !state.writing;
        state.set_up(setup);
        let (sender, wait) = if is_alone {
            state.caller = Some(Waker::noop().clone());
            state.task_reads = false;
            (None, Wait::Reading(Reading::new(shared)))
        } else {
            let (sender, answer) = oneshot::channel();
            (Some(sender), Wait::ForOthers(answer))
        };
        let longest = command.longest_answer(shared.longest_job);
        let (blocks, slots) = (command.blocks(), slot.num_permits());
        // Given back as the answer comes.
        slot.forget();
        let pending = Pending::Caller { sender, blocks, longest, slots };
        state.push(command, pending);
        if !is_alone || !state.write_now() {
            shared.written.notify_one();
        }
        if !is_alone {
            shared.leave_to_the_task(state);
        }
        Sent { answers: state.answers, wait }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.end(End::Closed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;
    use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

    use super::super::protocol::Reply;
    use super::super::shared::unasked;
    use super::super::task::first;
    use super::*;

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

    /// Neither the task nor the socket does anything while the runtime that made them stands still.
    #[test]
    fn a_runtime_that_stands_still_keeps_no_caller_of_another() {
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().build().unwrap()
        };
        let (home, other) = (runtime(), runtime());
        let (connection, _reader, _writer) = home.block_on(pair());
        let limit = 2 * STIR + STIR / 2;
        let answer = other.block_on(async {
            let call = connection.call(Setup::None, Command::Delete(1), limit);
            let late = async {
                tokio::time::sleep(2 * limit).await;
                None
            };
            // What is late is looked at first: else its waking the call would hide the fault.
            first(late, async { Some(call.await) }).await
        });
        assert!(matches!(answer, Some(Err(Fault::NoAnswer(_)))));
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
