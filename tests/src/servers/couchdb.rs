//! PouchDB Server, which speaks the protocol of CouchDB: Debian has no CouchDB.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::tls_front::TlsFront;
use super::{folder, program};

const USER: &str = "shopkeeper";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";
/// Both, as Basic authentication has them.
const CREDENTIALS: &str = "c2hvcGtlZXBlcjpwQHNzOncvcmQjMT8l";
const DATABASE: &str = "shop";
/// Where tests/run.sh installs what npm has.
const SCRIPT: &str =
    "/var/lib/backing-services-tests/npm/node_modules/pouchdb-server/bin/pouchdb-server";

/// A PouchDB server with one user, an administrator, and an empty database. Its data is on disk.
#[derive(Debug)]
pub struct CouchDb {
    daemon: Daemon,
    front: Option<TlsFront>,
    _folder: TempDir,
}

impl CouchDb {
    /// A server in clear text.
    pub fn start() -> Self {
        Self::run(None)
    }

    /// The same, and TLS on [`tls_port`](Self::tls_port).
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls))
    }

    fn run(tls: Option<&Tls>) -> Self {
        assert!(
            Path::new(SCRIPT).is_file(),
            "pouchdb-server is not installed: run tests/run.sh, which installs it"
        );
        let folder = folder("couchdb");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("data")).expect("a folder for the data");
        let config = format!(
            r#"{{ "admins": {{ "{USER}": "{PASSWORD}" }}, "log": {{ "file": "{}" }} }}"#,
            path("requests").display()
        );
        fs::write(path("config.json"), config).expect("config.json");

        let port = free_port();
        let mut daemon = Daemon {
            name: "pouchdb-server",
            program: program::find("node", "nodejs"),
            arguments: vec![
                SCRIPT.into(),
                "--host".into(),
                "127.0.0.1".into(),
                "--port".into(),
                port.to_string().into(),
                "--dir".into(),
                path("data").into(),
                "--config".into(),
                path("config.json").into(),
            ],
            port,
            log: path("log"),
            answers,
            child: None,
        };
        daemon.start();
        create_database(port);
        let front = tls.map(|tls| TlsFront::start(tls, port));
        Self { daemon, front, _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The port of 127.0.0.1 where it speaks TLS.
    ///
    /// # Panics
    ///
    /// When the server was started without a certificate.
    pub fn tls_port(&self) -> u16 {
        self.front.as_ref().expect("a server started with a certificate").port()
    }

    /// The administrator.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The administrator's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The database that it starts with.
    pub fn database(&self) -> &'static str {
        DATABASE
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

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    Ok(ask(stream, "GET / HTTP/1.0\r\n\r\n")?.starts_with("HTTP/1.1 200 "))
}

fn create_database(port: u16) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a read timeout");
    let request = format!("PUT /{DATABASE} HTTP/1.0\r\nAuthorization: Basic {CREDENTIALS}\r\n\r\n");
    let answer = ask(&mut stream, &request).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 "), "no database was made: {answer}");
}

fn ask(stream: &mut TcpStream, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
