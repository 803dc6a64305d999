//! Beanstalkd.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, free_port, program};

/// A beanstalkd server that writes every job to disk before it answers.
#[derive(Debug)]
pub struct Beanstalkd {
    daemon: Daemon,
    _folder: TempDir,
}

impl Beanstalkd {
    /// An empty server on a free port.
    pub fn start() -> Self {
        let (folder, port) = (folder("beanstalkd"), free_port());
        let mut daemon = Daemon {
            name: "beanstalkd",
            program: program::find("beanstalkd", "beanstalkd"),
            arguments: vec![
                "-l".into(),
                "127.0.0.1".into(),
                "-p".into(),
                port.to_string().into(),
                "-b".into(),
                folder.path().into(),
                "-f".into(),
                "0".into(),
            ],
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

    /// Ends it and starts it again on the same port, with every job that it has acknowledged.
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
