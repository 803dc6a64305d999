//! Memcached.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, is_root, program};
use crate::tls;

const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss-w/rd#1?%";

/// A Memcached server. A restart empties it, as it does everywhere.
#[derive(Debug)]
pub struct Memcached {
    daemon: Daemon,
    _folder: TempDir,
}

impl Memcached {
    /// An empty server on a free port.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// An empty server on `port`: one that took another's place, or that comes up late.
    pub fn start_on(port: u16) -> Self {
        Self::run(port, None, false)
    }

    /// A server that wants a login.
    pub fn with_login() -> Self {
        Self::run(free_port(), None, true)
    }

    /// A server that wants a login, and presents `tls`.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(free_port(), Some(tls), true)
    }

    fn run(port: u16, tls: Option<&Tls>, login: bool) -> Self {
        let folder = folder("memcached");
        // What is written to IPv6 is heard there alone.
        let mut arguments: Vec<OsString> =
            vec!["-l".into(), "127.0.0.1,::1".into(), "-p".into(), port.to_string().into()];
        // One thread for all connections, so that two of them can be compared.
        arguments.extend(["-t".into(), "1".into()]);
        if let Some(tls) = tls {
            tls::copy(tls, folder.path());
            let root = folder.path().display();
            let files = format!("ssl_chain_cert={root}/cert.pem,ssl_key={root}/key.pem");
            arguments.extend(["-Z".into(), "-o".into(), files.into()]);
        }
        if login {
            let file = folder.path().join("users");
            fs::write(&file, format!("{USER}:{PASSWORD}\n")).expect("a file of users");
            arguments.extend(["-Y".into(), file.into()]);
        }
        if is_root() {
            arguments.extend(["-u".into(), "root".into()]);
        }
        let mut daemon = Daemon {
            name: "memcached",
            program: program::find("memcached", "memcached"),
            arguments,
            port,
            log: folder.path().join("log"),
            answers: if tls.is_some() { |_| Ok(true) } else { answers },
            child: None,
        };
        daemon.start();
        Self { daemon, _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The user of a server that wants a login.
    pub fn user() -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password() -> &'static str {
        PASSWORD
    }

    /// Stops it where it is: connections stay, and nothing is answered any more.
    pub fn freeze(&self) {
        self.daemon.freeze();
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.daemon.thaw();
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same port, empty.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"version\r\n")?;
    let mut start = [0; 8];
    stream.read_exact(&mut start)?;
    // One that wants a login says so.
    Ok(&start == b"VERSION " || &start == b"CLIENT_E")
}
