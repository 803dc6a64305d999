//! Beanstalkd.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use backing_services_conformance::free_port;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, program};

/// A beanstalkd server.
#[derive(Debug)]
pub struct Beanstalkd {
    daemon: Daemon,
    _folder: TempDir,
}

impl Beanstalkd {
    /// An empty server on a free port that writes every job to disk before it answers.
    pub fn start() -> Self {
        let folder = folder("beanstalkd");
        let log = ["-b".into(), folder.path().into(), "-f".into(), "0".into()];
        Self::run(folder, log)
    }

    /// An empty server on a free port that keeps jobs in memory: a restart loses them.
    pub fn in_memory() -> Self {
        Self::run(folder("beanstalkd"), [])
    }

    fn run(folder: TempDir, options: impl IntoIterator<Item = OsString>) -> Self {
        let port = free_port();
        let address = ["-l".into(), "127.0.0.1".into(), "-p".into(), port.to_string().into()];
        let mut daemon = Daemon {
            name: "beanstalkd",
            program: program::find("beanstalkd", "beanstalkd"),
            arguments: address.into_iter().chain(options).collect(),
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

    /// Ends it and starts it again on the same port, with every job that is on disk.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"list-tube-used\r\n")?;
    let mut answer = [0; 15];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"USING default\r\n")
}
