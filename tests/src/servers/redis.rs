//! Redis.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, program};
use crate::tls;

const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";
/// Of the user `default`, which is whom a password alone is for.
const DEFAULT_PASSWORD: &str = "alone@1";

/// A Redis server that has every write on the disk before it acknowledges it.
#[derive(Debug)]
pub struct Redis {
    daemon: Daemon,
    tls_port: Option<u16>,
    socket: PathBuf,
    _folder: TempDir,
}

impl Redis {
    /// A server that speaks in clear text.
    pub fn start() -> Self {
        Self::run(None, true)
    }

    /// A server that anybody may use.
    pub fn without_login() -> Self {
        Self::run(None, false)
    }

    /// A server that presents `tls` at its port.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls), true)
    }

    fn run(tls: Option<&Tls>, login: bool) -> Self {
        let folder = folder("redis");
        let path = |name: &str| folder.path().join(name);
        let (port, tls_port) = (free_port(), tls.map(|_| free_port()));
        let root = folder.path().display();
        let tls_settings = tls_port.map_or_else(String::new, |port| {
            format!(
                "tls-port {port}\n\
                 tls-ca-cert-file {root}/ca.pem\n\
                 tls-cert-file {root}/cert.pem\n\
                 tls-key-file {root}/key.pem\n\
                 tls-auth-clients no\n"
            )
        });
        if let Some(tls) = tls {
            tls::copy(tls, folder.path());
        }
        let users = format!(
            "masteruser {USER}\n\
             masterauth \"{PASSWORD}\"\n\
             requirepass \"{DEFAULT_PASSWORD}\"\n\
             user {USER} on \">{PASSWORD}\" ~* &* +@all\n\
             user nobody on \">{PASSWORD}\" -@all\n"
        );
        let login_settings = if login { users.as_str() } else { "" };
        let settings = format!(
            "bind 127.0.0.1\n\
             port {port}\n\
             unixsocket {root}/socket\n\
             dir {root}\n\
             save \"\"\n\
             appendonly yes\n\
             appendfsync always\n\
             {login_settings}\
             {tls_settings}"
        );
        fs::write(path("redis.conf"), settings).expect("redis.conf");
        let mut daemon = Daemon {
            name: "redis-server",
            program: program::find("redis-server", "redis-server"),
            arguments: vec![path("redis.conf").into()],
            port,
            log: path("log"),
            answers: if login { answers } else { answers_anybody },
            child: None,
        };
        daemon.start();
        Self { daemon, tls_port, socket: path("socket"), _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.tls_port.unwrap_or(self.daemon.port)
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The user who may do everything; `nobody` has the same password and may do nothing.
    pub fn user() -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password() -> &'static str {
        PASSWORD
    }

    /// The password for who gives no name.
    pub fn default_password() -> &'static str {
        DEFAULT_PASSWORD
    }

    /// Makes it a replica of another.
    pub fn follow(&self, primary: &Self) {
        self.command(&format!("REPLICAOF 127.0.0.1 {}", primary.daemon.port));
    }

    /// Makes it a primary again, which takes writes.
    pub fn lead(&self) {
        self.command("REPLICAOF NO ONE");
    }

    fn command(&self, command: &str) {
        let mut stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.daemon.port)).expect("redis");
        write!(stream, "AUTH {DEFAULT_PASSWORD}\r\n{command}\r\n").expect("commands");
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).expect("answers");
        assert_eq!(&answer, b"+OK\r\n+OK\r\n", "{command}");
    }

    /// Stops it without ending it.
    pub fn freeze(&self) {
        self.daemon.freeze();
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.daemon.thaw();
    }

    /// Makes another user who may do everything, until the next restart.
    pub fn add_user(&self, name: &str, password: &str) {
        self.command(&format!("ACL SETUSER {name} on >{password} ~* +@all"));
    }

    /// Gives such a user another password. Who is connected stays.
    pub fn set_password(&self, name: &str, password: &str) {
        self.command(&format!("ACL SETUSER {name} on resetpass >{password} ~* +@all"));
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same port, with the same data.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

/// It lets clients in while it still loads its data, and then answers nothing else.
fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    write!(stream, "AUTH {DEFAULT_PASSWORD}\r\nPING\r\n")?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer)?;
    Ok(answer.starts_with(b"+OK\r\n+PON"))
}

fn answers_anybody(stream: &mut TcpStream) -> io::Result<bool> {
    write!(stream, "PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}
