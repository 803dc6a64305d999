//! Memcached.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use backing_services_conformance::free_port;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, is_root, program};

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
        let folder = folder("memcached");
        let mut arguments =
            vec!["-l".into(), "127.0.0.1".into(), "-p".into(), port.to_string().into()];
        if is_root() {
            arguments.extend(["-u".into(), "root".into()]);
        }
        let mut daemon = Daemon {
            name: "memcached",
            program: program::find("memcached", "memcached"),
            arguments,
            port,
            log: folder.path().join("log"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
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
    Ok(&start == b"VERSION ")
}
