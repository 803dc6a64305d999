//! One connection: the [ASCII protocol](https://docs.memcached.org/protocols/basic/) over whatever
//! stream the handle asks for.

use std::io;

use rustls_pki_types::ServerName;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio::io::{BufReader, Take};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::{ClientError, FailureKind, Message};
use crate::handle::Host;

/// The longest line of an answer. A key has at most 250 bytes.
const LONGEST_LINE: u64 = 4096;
/// The longest value. A server takes values of 1 MiB unless it is told otherwise.
const LONGEST_VALUE: u64 = 128 << 20;
/// What is allocated before a value of an announced length begins to arrive.
const FIRST_ALLOCATION: usize = 1 << 20;

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
    stream: BufReader<Box<dyn Stream>>,
    line: Vec<u8>,
    /// A command is on its way: whoever gave it up has left its answer, or a part of it, to be
    /// taken for that to the next one.
    busy: bool,
}

/// What a server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Such as `STORED`.
    Line(String),
    /// The values of the keys that are there.
    Values(Vec<Value>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) key: Vec<u8>,
    pub(super) data: Vec<u8>,
    /// Changes with each write.
    pub(super) version: Option<u64>,
}

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
        let mut connection = Self { stream: BufReader::new(stream), line: Vec::new(), busy: false };
        if let Some(login) = &server.login {
            connection.call(login).await?;
        }
        Ok(connection)
    }

    /// Whether an earlier command has left something on the way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Sends a command and reads its answer.
    pub(super) async fn call(&mut self, command: &[u8]) -> Result<Answer, Fault> {
        self.busy = true;
        self.stream.write_all(command).await?;
        self.stream.flush().await?;
        let answer = self.answer().await?;
        // What the server takes for no command may have been several.
        self.busy = matches!(&answer, Answer::Line(line) if line == "ERROR");
        match answer {
            Answer::Line(line)
                if ["ERROR", "CLIENT_ERROR", "SERVER_ERROR"]
                    .iter()
                    .any(|error| line.split(' ').next() == Some(error)) =>
            {
                Err(Fault::Refused(line))
            }
            answer => Ok(answer),
        }
    }

    async fn answer(&mut self) -> Result<Answer, Fault> {
        let mut values = Vec::new();
        loop {
            let line = self.line().await?;
            if line == "END" {
                return Ok(Answer::Values(values));
            }
            let Some(head) = line.strip_prefix("VALUE ") else {
                return Ok(Answer::Line(line.to_owned()));
            };
            let mut words = head.split(' ');
            let key = words.next().unwrap_or_default().as_bytes().to_vec();
            // The second one is for flags.
            let length = words.nth(1).and_then(|length| length.parse().ok());
            let version = words.next().and_then(|version| version.parse().ok());
            let data = self.data(length.ok_or(Fault::Nonsense)?).await?;
            values.push(Value { key, data, version });
        }
    }

    async fn line(&mut self) -> Result<&str, Fault> {
        self.line.clear();
        let mut some: Take<_> = (&mut self.stream).take(LONGEST_LINE);
        some.read_until(b'\n', &mut self.line).await?;
        match self.line.strip_suffix(b"\r\n") {
            Some(line) => str::from_utf8(line).map_err(|_| Fault::Nonsense),
            None if self.line.len() as u64 == LONGEST_LINE || self.line.ends_with(b"\n") => {
                Err(Fault::Nonsense)
            }
            None => Err(Fault::Io(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    async fn data(&mut self, length: u64) -> Result<Vec<u8>, Fault> {
        if length > LONGEST_VALUE {
            return Err(Fault::Nonsense);
        }
        let whole = usize::try_from(length).map_err(|_| Fault::Nonsense)? + 2;
        let mut data = Vec::new();
        while data.len() < whole {
            // More memory only for what has begun to arrive.
            let arrived = data.len();
            data.resize(whole.min(arrived.max(FIRST_ALLOCATION / 2) * 2), 0);
            self.stream.read_exact(&mut data[arrived..]).await?;
        }
        if !data.ends_with(b"\r\n") {
            return Err(Fault::Nonsense);
        }
        data.truncate(data.len() - 2);
        Ok(data)
    }
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
