//! `PgBouncer`, which refuses to run as root: there its process is that of PostgreSQL's user.

use std::fs;
use std::io;
use std::net::TcpStream;

use backing_services_conformance::free_port;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::folder;
use super::postgres::{self, PostgreSql};

/// `PgBouncer` before a [`PostgreSql`], for the same user and database.
#[derive(Debug)]
pub struct PgBouncer {
    daemon: Daemon,
    _folder: TempDir,
}

impl PgBouncer {
    /// In a `mode`, `session` or `transaction`, for which a connection of the server's belongs to a
    /// client; `ignored` startup parameters are not refused. As installed it is the former, and
    /// ignores none.
    pub fn before(server: &PostgreSql, mode: &str, ignored: &str) -> Self {
        let folder = folder("pgbouncer");
        let path = |name: &str| folder.path().join(name);
        let port = free_port();
        let users = format!("\"{}\" \"{}\"\n", server.user(), server.password());
        fs::write(path("users"), users).expect("the users");
        let settings = format!(
            "[databases]\n\
             {database} = host=127.0.0.1 port={} dbname={database}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = scram-sha-256\n\
             auth_file = {}\n\
             pool_mode = {mode}\n\
             ignore_startup_parameters = {ignored}\n",
            server.port(),
            path("users").display(),
            database = server.database(),
        );
        fs::write(path("pgbouncer.ini"), settings).expect("pgbouncer.ini");
        postgres::give_away(folder.path());
        let file = super::program::find("pgbouncer", "pgbouncer");
        let (program, arguments) = postgres::as_its_user(file, vec![path("pgbouncer.ini").into()]);
        let log = path("log");
        let mut daemon =
            Daemon { name: "pgbouncer", program, arguments, port, log, answers, child: None };
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

    /// Ends it and starts it again on the same port.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    postgres::answers(stream)
}
