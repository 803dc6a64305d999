//! `MariaDB`, which is the `MySQL` server that Debian has.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use backing_services_conformance::{Tls, free_port};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::data_folder::DataFolder;
use super::{folder, is_root, program};
use crate::tls;

const DATABASE: &str = "shop";
const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";

/// Small logs and buffers: a folder that is written, started and recovered in a moment.
const SMALL: [&str; 4] = [
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    // Data has to survive the death of the process, not of the machine.
    "--innodb-flush-log-at-trx-commit=2",
    "--performance-schema=OFF",
];

/// A `MariaDB` server with a database `shop`, and a user who owns it.
#[derive(Debug)]
pub struct MariaDb {
    daemon: Daemon,
    socket: PathBuf,
    _folder: TempDir,
}

impl MariaDb {
    /// A server that speaks in clear text.
    pub fn start() -> Self {
        Self::run(None)
    }

    /// A server that presents `tls`, and turns away clients that do not ask for it.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls))
    }

    fn run(tls: Option<&Tls>) -> Self {
        let folder = folder("mariadb");
        let path = |name: &str| folder.path().join(name);
        new_data().write(&path("data"));
        // Run by the server itself before it listens: who connects finds everything there.
        fs::write(
            path("setup.sql"),
            format!(
                "CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;\n\
                 CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                 GRANT ALL ON {DATABASE}.* TO '{USER}'@'%';\n"
            ),
        )
        .expect("setup.sql");

        let port = free_port();
        let mut arguments: Vec<OsString> = vec![
            "--no-defaults".into(),
            option("--datadir", &path("data")),
            tmpdir(folder.path()),
            option("--socket", &path("socket")),
            option("--init-file", &path("setup.sql")),
            format!("--port={port}").into(),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve".into(),
        ];
        arguments.extend(SMALL.map(OsString::from));
        if is_root() {
            arguments.push("--user=root".into());
        }
        if let Some(tls) = tls {
            tls::copy(tls, folder.path());
            arguments.extend([
                option("--ssl-ca", &path("ca.pem")),
                option("--ssl-cert", &path("cert.pem")),
                option("--ssl-key", &path("key.pem")),
                "--require-secure-transport=ON".into(),
            ]);
        }
        let mut daemon = Daemon {
            name: "mariadbd",
            program: program::find("mariadbd", "mariadb-server"),
            arguments,
            port,
            log: path("log"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, socket: path("socket"), _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The socket that it listens on, where `root` needs no password.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The database there is.
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The user who owns the database.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, as it is: in a URL it has to be percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// What the server answers `root` in the database: rows by line, columns by tab, no header.
    pub fn sql(&self, statement: &str) -> String {
        let mut client = self.client("mariadb");
        client.args(["--batch", "--skip-column-names", "--execute", statement, DATABASE]);
        String::from_utf8(run(client)).expect("an answer in UTF-8")
    }

    /// The whole database as SQL, by `mariadb-dump`.
    pub fn dump(&self) -> Vec<u8> {
        let mut client = self.client("mariadb-dump");
        client.args(["--single-transaction", DATABASE]);
        run(client)
    }

    /// Runs what `dump` gave into the database.
    pub fn load(&self, dump: &[u8]) {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(dump).expect("the dump in it");
        file.rewind().expect("the start of it");
        let mut client = self.client("mariadb");
        client.arg(DATABASE).stdin(file);
        run(client);
    }

    /// A program that talks to the server as `root`.
    fn client(&self, program: &str) -> Command {
        let mut client = Command::new(program::find(program, "mariadb-client"));
        client.args(["--no-defaults", "--user=root"]).arg(option("--socket", &self.socket));
        client
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

fn run(mut client: Command) -> Vec<u8> {
    let output = client.output().expect("a client of MariaDB starts");
    assert!(output.status.success(), "{client:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A server that starts deletes the temporary tables it finds, so none may share this folder.
fn tmpdir(folder: &Path) -> OsString {
    let tmpdir = folder.join("tmp");
    fs::create_dir(&tmpdir).expect("a folder for temporary tables");
    option("--tmpdir", &tmpdir)
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(value);
    option
}

/// The first packet is the server's: three bytes of length, a number, the protocol's version.
fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    let mut start = [0; 5];
    stream.read_exact(&mut start)?;
    Ok(start[4] == 10)
}

/// What a new server starts with.
fn new_data() -> &'static DataFolder {
    static MADE: OnceLock<DataFolder> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = folder("mariadb-install");
        let data = folder.path().join("data");
        let mut install = Command::new(program::find("mariadb-install-db", "mariadb-server"));
        install
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .arg("--skip-test-db")
            .arg(option("--datadir", &data))
            .arg(tmpdir(folder.path()))
            .args(SMALL);
        if is_root() {
            install.arg("--user=root");
        }
        let output = install.output().expect("mariadb-install-db starts");
        assert!(
            output.status.success(),
            "mariadb-install-db failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        DataFolder::read(&data)
    })
}
