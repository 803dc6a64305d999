//! PostgreSQL, which refuses to run as root: its processes are those of the user `postgres` there.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use backing_services_conformance::{Tls, free_port};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::data_folder::DataFolder;
use super::{folder, is_root, program};
use crate::tls;

const DATABASE: &str = "shop";
const USER: &str = "shop";
/// Every character here that can be mistaken for a part of a URL has to be percent-encoded there.
const PASSWORD: &str = "p@ss:w/rd#1?%";
const ACCOUNT: &str = "postgres";
const LIMIT: Duration = Duration::from_secs(10);

const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    // Data has to survive the death of the process, not of the machine.
    "fsync=off",
    "shared_buffers=8MB",
    "max_wal_size=32MB",
    "autovacuum=off",
    "jit=off",
    // In the data folder, where it goes with the rest, and not in the machine's own.
    "dynamic_shared_memory_type=mmap",
    "lc_messages=C",
];

const TLS: [&str; 4] =
    ["ssl=on", "ssl_ca_file=ca.pem", "ssl_cert_file=cert.pem", "ssl_key_file=key.pem"];

/// A PostgreSQL server with a database `shop`, and a user who owns it.
#[derive(Debug)]
pub struct PostgreSql {
    daemon: Daemon,
    folder: TempDir,
}

impl PostgreSql {
    /// A server that speaks in clear text.
    pub fn start() -> Self {
        Self::run(None, "host all all all scram-sha-256")
    }

    /// A server that presents `tls`, and turns away clients that do not ask for it.
    pub fn with_tls(tls: &Tls) -> Self {
        Self::run(Some(tls), "hostssl all all all scram-sha-256")
    }

    /// The same, and it asks its clients for a certificate of the same CA, beside the password.
    pub fn with_client_certificates(tls: &Tls) -> Self {
        Self::run(Some(tls), "hostssl all all all scram-sha-256 clientcert=verify-ca")
    }

    /// A replica of another on a port of its own, or on that of one which is dead.
    pub fn replica_of(primary: &Self, port: Option<u16>) -> Self {
        let folder = folder("postgres");
        give_away(folder.path());
        let data: OsString = folder.path().join("data").into();
        let primary_port = primary.port().to_string().into();
        let mut arguments: Vec<OsString> =
            ["-R", "--no-sync", "--checkpoint=fast", "-U", ACCOUNT].map(OsString::from).to_vec();
        arguments.extend(["-D".into(), data, "-p".into(), primary_port]);
        arguments.extend(["-h".into(), primary.socket().into()]);
        let (program, arguments) = as_its_user(find("pg_basebackup"), arguments);
        let output = Command::new(program).args(arguments).output().expect("pg_basebackup starts");
        assert_success("pg_basebackup", &output);
        Self::serve(folder, port.unwrap_or_else(free_port), None)
    }

    /// Makes a replica a primary, and returns when it takes writes.
    pub fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()"), "t\n");
    }

    fn run(tls: Option<&Tls>, access: &str) -> Self {
        let folder = folder("postgres");
        let path = |name: &str| folder.path().join(name);
        new_data().write(&path("data"));
        let access = format!(
            "local all postgres trust\nlocal replication postgres trust\n\
             local all all scram-sha-256\n{access}\n"
        );
        fs::write(path("data/pg_hba.conf"), access).expect("pg_hba.conf");
        Self::serve(folder, free_port(), tls)
    }

    fn serve(folder: TempDir, port: u16, tls: Option<&Tls>) -> Self {
        let path = |name: &str| folder.path().join(name);
        let mut settings: Vec<&str> = SETTINGS.to_vec();
        if let Some(tls) = tls {
            tls::copy(tls, &path("data"));
            let private = Permissions::from_mode(0o600);
            fs::set_permissions(path("data/key.pem"), private).expect("a key for one user only");
            settings.extend(TLS);
        }
        let mut arguments: Vec<OsString> = vec!["-D".into(), path("data").into()];
        arguments.extend(["-p".into(), port.to_string().into()]);
        arguments.extend(["-k".into(), folder.path().into()]);
        for setting in settings {
            arguments.extend(["-c", setting].map(OsString::from));
        }
        give_away(folder.path());

        let (program, arguments) = as_its_user(find("postgres"), arguments);
        let mut daemon = Daemon {
            name: "postgres",
            program,
            arguments,
            port,
            log: path("log"),
            answers,
            child: None,
        };
        daemon.start();
        Self { daemon, folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The folder of the socket that it listens on.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// The database there is.
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The user who owns the database.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's password, and that of `postgres`, as it is: in a URL it has to be
    /// percent-encoded.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// What the server answers its superuser in the database: rows by line, columns by tab, no
    /// header.
    pub fn sql(&self, statement: &str) -> String {
        let output = Command::new(find("psql"))
            .args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-U", ACCOUNT])
            .args(["-p", &self.port().to_string(), "-d", DATABASE, "-c", statement, "-h"])
            .arg(self.folder.path())
            .env_clear()
            .output()
            .expect("psql starts");
        assert_success(statement, &output);
        String::from_utf8(output.stdout).expect("an answer in UTF-8")
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        let children = self.signal(Signal::STOP).map_or_else(Vec::new, children);
        assert!(self.daemon.child.is_none() || !children.is_empty(), "it has processes of its own");
        self.daemon.kill();
        // They would notice, and say goodbye; and no server starts on the memory they share.
        for child in &children {
            // One that is gone is as dead.
            let _ = kill_process(*child, Signal::KILL);
        }
        let start = Instant::now();
        while children.iter().any(|child| is_running(*child)) {
            assert!(start.elapsed() < LIMIT, "a process of postgres outlives its death");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it and starts it again on the same port, with the same data.
    pub fn restart(&mut self) {
        self.kill();
        self.daemon.start();
    }

    fn signal(&self, signal: Signal) -> Option<Pid> {
        let pid = Pid::from_child(self.daemon.child.as_ref()?);
        kill_process(pid, signal).ok().map(|()| pid)
    }
}

impl Drop for PostgreSql {
    /// In order, as far as that is quick: a killed one leaves the machine a piece of shared memory.
    fn drop(&mut self) {
        if self.signal(Signal::QUIT).is_none() {
            return;
        }
        let start = Instant::now();
        while let Some(child) = &mut self.daemon.child
            && matches!(child.try_wait(), Ok(None))
            && start.elapsed() < LIMIT
        {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The processes that one has started.
fn children(of: Pid) -> Vec<Pid> {
    let task = format!("/proc/{of}/task/{of}/children", of = of.as_raw_nonzero());
    let children = fs::read_to_string(task).unwrap_or_default();
    let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(Pid::from_raw).collect()
}

/// One that nobody has waited for yet has ended all the same.
fn is_running(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|state| !state.starts_with('Z')))
}

/// Asks to log in, which a server that is not ready refuses with an error of its own.
pub(super) fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    let mut startup = vec![0, 3, 0, 0];
    startup.extend_from_slice(format!("user\0{USER}\0database\0{DATABASE}\0\0").as_bytes());
    let length = u32::try_from(startup.len() + 4).expect("a short message");
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&startup)?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer)?;
    let answer = &answer[..length];
    Ok(!answer.is_empty() && !answer.windows(5).any(|code| code == b"57P03"))
}

/// What a new server starts with.
fn new_data() -> &'static DataFolder {
    static MADE: OnceLock<DataFolder> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = folder("postgres-initdb");
        give_away(folder.path());
        let data = folder.path().join("data");
        let mut arguments: Vec<OsString> = vec!["-D".into(), data.clone().into()];
        arguments.extend(
            ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]
                .map(OsString::from),
        );
        // The superuser has the same as the user.
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file with a password");
        arguments.extend(["--username".into(), ACCOUNT.into(), "--pwfile".into(), password.into()]);
        let (program, arguments) = as_its_user(find("initdb"), arguments);
        let output = Command::new(program).args(arguments).output().expect("initdb starts");
        assert_success("initdb", &output);

        let setup = format!(
            "CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}';\n\
             CREATE DATABASE {DATABASE} OWNER {USER};\n"
        );
        let arguments = ["--single", "-D"].map(OsString::from).into_iter();
        let arguments = arguments.chain([data.clone().into(), "postgres".into()]).collect();
        let (program, arguments) = as_its_user(find("postgres"), arguments);
        let mut single = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        single.stdin.take().expect("its input").write_all(setup.as_bytes()).expect("the setup");
        let output = single.wait_with_output().expect("postgres ends");
        assert_success("the setup", &output);
        DataFolder::read(&data)
    })
}

/// A program and its arguments, run by the user that the server's processes belong to.
pub(super) fn as_its_user(file: PathBuf, arguments: Vec<OsString>) -> (PathBuf, Vec<OsString>) {
    if !is_root() {
        return (file, arguments);
    }
    // A change of user makes a process forget whose death it dies of.
    let mut all = ["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--pdeathsig", "KILL"]
        .map(OsString::from)
        .to_vec();
    all.extend(["--".into(), file.into()]);
    all.extend(arguments);
    (program::find("setpriv", "util-linux"), all)
}

/// Makes all in a folder the server's own.
pub(super) fn give_away(folder: &Path) {
    let data = folder.join("data");
    if data.exists() {
        fs::set_permissions(&data, Permissions::from_mode(0o700))
            .expect("a folder for one user only");
    }
    if is_root() {
        let mut chown = Command::new("chown");
        chown.args(["--recursive", &format!("{ACCOUNT}:{ACCOUNT}")]).arg(folder);
        assert_success("chown", &chown.output().expect("chown starts"));
    }
}

fn assert_success(what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{what} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Debian keeps the programs of each version apart; the newest will do.
fn find(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin").join(name)))
        })
        .filter(|(_, file)| file.is_file())
        .max()
        .map_or_else(|| program::find(name, "postgresql"), |(_, file)| file)
}
