//! One connection: the [ASCII protocol](https://docs.memcached.org/protocols/basic/) over whatever
//! stream the handle asks for.

use std::io;
use std::mem;
use std::ops::Range;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::error::{ClientError, FailureKind, Message};
use crate::handle::Host;

/// The longest line of an answer. A key has at most 250 bytes.
const LONGEST_LINE: usize = 4096;
/// The longest value. A server takes values of 1 MiB unless it is told otherwise.
const LONGEST_VALUE: u64 = 128 << 20;
/// What is allocated before a value of an announced length begins to arrive.
const FIRST_ALLOCATION: usize = 1 << 20;

/// Begins the line before each value.
const VALUE: &[u8] = b"VALUE ";

/// How connections to one server are made.
pub(super) struct Server {
    pub(super) host: Host,
    pub(super) tls: Option<TlsConnector>,
    /// The first command: where the server wants a login, it takes no other before.
    pub(super) login: Option<Vec<u8>>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to a server.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// What has come. Up to `read` it has been taken.
    come: Vec<u8>,
    read: usize,
    /// When its last command began.
    pub(super) taken: Instant,
    /// A command is on its way: whoever gave it up has left its answer, or a part of it, to be
    /// taken for that to the next one.
    busy: bool,
}

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Such as `STORED`.
    Line(String),
    /// The keys that are there have been handed out.
    End,
}

/// What a key has.
pub(super) struct Value<'a> {
    pub(super) key: &'a [u8],
    pub(super) data: Vec<u8>,
    /// Changes with each write.
    pub(super) version: Option<u64>,
}

/// Takes the values of an answer.
pub(super) type Find<'a> = dyn FnMut(Value<'_>) + Send + 'a;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// There was none.
    Io(io::Error),
    /// It is an error of the server's.
    Refused(String),
    /// It is not one of memcached.
    Nonsense,
}

impl Connection {
    pub(super) async fn open(server: &Server) -> Result<Self, Fault> {
        let stream = stream(&server.host, server.tls.as_ref()).await?;
        let mut connection =
            Self { stream, come: Vec::new(), read: 0, taken: Instant::now(), busy: false };
        if let Some(login) = &server.login {
            connection.call(login, &mut |_| {}).await?;
        }
        Ok(connection)
    }

    /// Whether an earlier command has left something on the way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Sends a command, hands out the values of the answer, and gives what ends it.
    pub(super) async fn call(
        &mut self,
        command: &[u8],
        find: &mut Find<'_>,
    ) -> Result<Answer, Fault> {
        self.busy = true;
        self.stream.write_all(command).await?;
        self.stream.flush().await?;
        // A key stands behind each space of the line, if it asks for values.
        let line = command.iter().take_while(|byte| **byte != b'\n');
        let keys = line.filter(|byte| **byte == b' ').count();
        let answer = self.answer(keys, find).await?;
        let Answer::Line(line) = answer else {
            self.busy = self.has_more();
            return Ok(answer);
        };
        let word = line.split_once(' ').map_or(&*line, |(word, _)| word);
        // What the server takes for no command may have been several.
        self.busy = word == "ERROR" || self.has_more();
        if matches!(word, "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR") {
            return Err(Fault::Refused(line));
        }
        Ok(Answer::Line(line))
    }

    /// Whether there is something that nobody has asked for.
    fn has_more(&self) -> bool {
        self.read < self.come.len()
    }

    /// That of a command with so many keys at most.
    async fn answer(&mut self, mut keys: usize, find: &mut Find<'_>) -> Result<Answer, Fault> {
        loop {
            let line = self.line().await?;
            let start = line.start;
            let line = &self.come[line];
            if line == b"END" {
                return Ok(Answer::End);
            }
            let Some(head) = line.strip_prefix(VALUE) else {
                let line = str::from_utf8(line).map_err(|_| Fault::Nonsense)?;
                return Ok(Answer::Line(line.to_owned()));
            };
            keys = keys.checked_sub(1).ok_or(Fault::Nonsense)?;
            let mut words = head.split(|byte| *byte == b' ');
            let key = words.next().unwrap_or_default().len();
            let key = start + VALUE.len()..start + VALUE.len() + key;
            // The second one is for flags.
            let length = words.nth(1).and_then(number).ok_or(Fault::Nonsense)?;
            let version = words.next().and_then(number);
            let data = self.data(length).await?;
            find(Value { key: &self.come[key], data, version });
        }
    }

    /// Where the next line is, without its end.
    async fn line(&mut self) -> Result<Range<usize>, Fault> {
        let mut seen = 0;
        loop {
            let rest = &self.come[self.read..];
            if let Some(end) = rest[seen..].iter().position(|byte| *byte == b'\n') {
                let length = rest[..seen + end].strip_suffix(b"\r").ok_or(Fault::Nonsense)?.len();
                let start = self.read;
                self.read += seen + end + 1;
                return Ok(start..start + length);
            }
            seen = rest.len();
            if seen >= LONGEST_LINE {
                return Err(Fault::Nonsense);
            }
            self.come.drain(..mem::take(&mut self.read));
            self.come.reserve(LONGEST_LINE);
            if self.stream.read_buf(&mut self.come).await? == 0 {
                return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// A value and its end. What has come stays where it is.
    async fn data(&mut self, length: u64) -> Result<Vec<u8>, Fault> {
        if length > LONGEST_VALUE {
            return Err(Fault::Nonsense);
        }
        let whole = usize::try_from(length).map_err(|_| Fault::Nonsense)? + 2;
        let rest = &self.come[self.read..];
        let mut data = rest[..whole.min(rest.len())].to_vec();
        self.read += data.len();
        while data.len() < whole {
            // More memory only for what has begun to arrive.
            let arrived = data.len();
            data.resize(whole.min(arrived.max(FIRST_ALLOCATION / 2) * 2), 0);
            self.stream.read_exact(&mut data[arrived..]).await?;
        }
        if !data.ends_with(b"\r\n") {
            return Err(Fault::Nonsense);
        }
        data.truncate(whole - 2);
        Ok(data)
    }
}

fn number(word: &[u8]) -> Option<u64> {
    str::from_utf8(word).ok()?.parse().ok()
}

async fn stream(host: &Host, tls: Option<&TlsConnector>) -> io::Result<Box<dyn Stream>> {
    if host.is_socket() {
        #[cfg(unix)]
        return Ok(Box::new(tokio::net::UnixStream::connect(host.name()).await?));
        #[cfg(not(unix))]
        return Err(io::ErrorKind::Unsupported.into());
    }
    let stream = TcpStream::connect((host.name(), host.port().unwrap_or_default())).await?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(host.name().to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Fault> for ClientError {
    /// Errors: <https://docs.memcached.org/protocols/basic/#errors>.
    fn from(fault: Fault) -> Self {
        let line = match fault {
            Fault::Io(error) => return Self::root_cause(&error),
            Fault::Nonsense => {
                return Self::of(FailureKind::Protocol, "the answer is not that of memcached");
            }
            Fault::Refused(line) => line,
        };
        let (error, reason) = line.split_once(' ').unwrap_or((&line, "it knows no such command"));
        match reason {
            "authentication failure" => Self::of(
                FailureKind::Authentication,
                "authentication failed: the user name or the password is wrong",
            ),
            "unauthenticated" => {
                Self::of(FailureKind::Authentication, "the server wants authentication")
                    .with_help("add a user name and a password")
            }
            _ => {
                let said = Message::from("the server answered: ").said(reason);
                let may_pass = error == "SERVER_ERROR" && !reason.contains("too large");
                if may_pass { Self::transient(said) } else { Self::new(said) }.shortened()
            }
        }
    }
}

/// The command that logs a connection in: its key means nothing.
pub(super) fn login(user: &str, password: &str) -> Vec<u8> {
    let length = user.len() + 1 + password.len();
    format!("set login 0 0 {length}\r\n{user} {password}\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &[u8] = b"get a b\r\n";

    type Found = (Vec<u8>, Vec<u8>, Option<u64>);

    /// What becomes of an answer that comes in pieces of a size, before the connection ends.
    async fn call(answer: &[u8], size: usize) -> (Result<Answer, Fault>, Vec<Found>, Connection) {
        let (stream, mut server) = tokio::io::duplex(size);
        let answer = answer.to_vec();
        tokio::spawn(async move {
            server.read_exact(&mut [0; COMMAND.len()]).await.unwrap();
            // It may be refused before it has been read to its end.
            let _ = server.write_all(&answer).await;
        });
        let mut connection = Connection {
            stream: Box::new(stream),
            come: Vec::new(),
            read: 0,
            taken: Instant::now(),
            busy: false,
        };
        let mut found = Vec::new();
        let mut find = |value: Value<'_>| {
            found.push((value.key.to_vec(), value.data, value.version));
        };
        let answer = connection.call(COMMAND, &mut find).await;
        (answer, found, connection)
    }

    #[tokio::test]
    async fn values_come_in_pieces_of_any_size() {
        let answer = b"VALUE a 0 5\r\nx\r\nEN\r\nVALUE b 7 0 18446744073709551615\r\n\r\nEND\r\n";
        let all: [Found; 2] = [
            (b"a".to_vec(), b"x\r\nEN".to_vec(), None),
            (b"b".to_vec(), Vec::new(), Some(u64::MAX)),
        ];
        for size in 1..=answer.len() {
            let (answer, found, connection) = call(answer, size).await;
            assert_eq!((answer.unwrap(), &found[..]), (Answer::End, &all[..]), "{size}");
            assert!(!connection.is_busy(), "{size}");
        }
    }

    #[tokio::test]
    async fn lines_come_in_pieces_of_any_size() {
        for size in 1..=8 {
            let (answer, found, connection) = call(b"STORED\r\n", size).await;
            assert_eq!(answer.unwrap(), Answer::Line("STORED".to_owned()), "{size}");
            assert_eq!((found, connection.is_busy()), (Vec::new(), false), "{size}");
        }
    }

    #[tokio::test]
    async fn a_value_is_as_long_as_it_is_said_to_be() {
        let mut answer = format!("VALUE a 0 {}\r\n", 2 * FIRST_ALLOCATION).into_bytes();
        answer.resize(answer.len() + 2 * FIRST_ALLOCATION, b'\n');
        answer.extend_from_slice(b"\r\nEND\r\n");
        for size in [100, answer.len()] {
            let (end, found, _) = call(&answer, size).await;
            assert_eq!(end.unwrap(), Answer::End);
            assert_eq!(found[0].1, vec![b'\n'; 2 * FIRST_ALLOCATION]);
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_refused() {
        let endless = [b'x'; 2 * LONGEST_LINE];
        for answer in [
            &b"\n"[..],
            b"END\n",
            b"\xff\r\n",
            b"VALUE a 0\r\n",
            b"VALUE a 0 x\r\n",
            b"VALUE a 0 -1\r\n",
            b"VALUE a 0 3\r\nabcd\r\nEND\r\n",
            b"VALUE a 0 99999999999999999999\r\n",
            b"VALUE a 0 134217729\r\n",
            b"VALUE a 0 0\r\n\r\nVALUE b 0 0\r\n\r\nVALUE c 0 0\r\n\r\nEND\r\n",
            &endless,
        ] {
            for size in [1, 2 * LONGEST_LINE] {
                let (answer, _, connection) = call(answer, size).await;
                assert!(matches!(answer, Err(Fault::Nonsense)), "{answer:?}");
                assert!(connection.is_busy());
            }
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_none() {
        for answer in ["", "END", "VALUE a 0 3\r\n", "VALUE a 0 3\r\nabc\r\n", "VALUE a 0 3\r\nab"]
        {
            let (answer, _, connection) = call(answer.as_bytes(), 100).await;
            assert!(matches!(answer, Err(Fault::Io(_))), "{answer:?}");
            assert!(connection.is_busy());
        }
    }

    /// It would be taken for the answer to the next command.
    #[tokio::test]
    async fn more_than_an_answer_is_left_on_no_connection_that_is_used_again() {
        for (answer, is_busy) in [
            ("STORED\r\n", false),
            ("STORED\r\nEND\r\n", true),
            ("END\r\nE", true),
            ("CLIENT_ERROR too large\r\n", false),
            ("CLIENT_ERROR too large\r\nERROR\r\n", true),
            // What the server took for commands may have been several.
            ("ERROR\r\n", true),
            ("ERROR no\r\n", true),
        ] {
            let (_, _, connection) = call(answer.as_bytes(), 100).await;
            assert_eq!(connection.is_busy(), is_busy, "{answer}");
        }
    }
}
