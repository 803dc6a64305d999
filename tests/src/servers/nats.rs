//! NATS.

use std::fs;
use std::io::{self, Read as _};
use std::net::TcpStream;
use std::path::Path;

use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, free_port, program};
use crate::tls::Tls;

const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";

/// A NATS server with `JetStream`, whose streams are kept in files.
#[derive(Debug)]
pub struct Nats {
    daemon: Daemon,
    _folder: TempDir,
}

impl Nats {
    /// A server in clear text that wants [`user`](Self::user) and [`password`](Self::password).
    pub fn start() -> Self {
        Self::with_login(USER, PASSWORD)
    }

    /// A server in clear text that wants a login of the test's own.
    pub fn with_login(user: &str, password: &str) -> Self {
        Self::run(&format!("authorization {{ user: {user:?}, password: {password:?} }}"), None)
    }

    /// A server in clear text that wants a token.
    pub fn with_token(token: &str) -> Self {
        Self::run(&format!("authorization {{ token: {token:?} }}"), None)
    }

    /// A server that presents `tls`, and wants [`user`](Self::user) and [`password`](Self::password).
    pub fn with_tls(tls: &Tls) -> Self {
        let login = format!("authorization {{ user: {USER:?}, password: {PASSWORD:?} }}");
        Self::run(&login, Some(tls))
    }

    fn run(authorization: &str, tls: Option<&Tls>) -> Self {
        let (folder, port) = (folder("nats"), free_port());
        let path = |name: &str| folder.path().join(name);
        let tls = tls.map_or_else(String::new, |tls| {
            tls.copy_to(folder.path());
            tls_block(folder.path())
        });
        fs::write(
            path("nats.conf"),
            format!(
                "listen: \"127.0.0.1:{port}\"\n\
                 jetstream {{ store_dir: {:?} }}\n\
                 {authorization}\n{tls}\n",
                path("data")
            ),
        )
        .expect("nats.conf");
        let mut daemon = Daemon {
            name: "nats-server",
            program: program::find("nats-server", "nats-server"),
            arguments: vec!["-c".into(), path("nats.conf").into()],
            port,
            log: path("log"),
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

    /// The user there is.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same port, with the same streams.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

fn tls_block(folder: &Path) -> String {
    format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}",
        folder.join("cert.pem"),
        folder.join("key.pem")
    )
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    let mut start = [0; 5];
    stream.read_exact(&mut start)?;
    Ok(&start == b"INFO ")
}
