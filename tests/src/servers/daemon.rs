//! A server as a child process: start, wait until it answers, kill.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{program, refuses};

/// Some are slow on a machine with other things to do.
const LIMIT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(10);
const LOG_LINES: usize = 40;

/// How to start a server, and its process while it runs. Dropping it kills the server.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) port: u16,
    /// Where the output goes, and what a failure quotes.
    pub(super) log: PathBuf,
    /// Talks to the server on a new connection; true once it speaks its protocol.
    pub(super) answers: fn(&mut TcpStream) -> io::Result<bool>,
    pub(super) child: Option<Child>,
}

impl Daemon {
    /// Starts the server, and returns when it answers.
    pub(super) fn start(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        // Whatever ends the tests ends the servers too, also where no destructor runs.
        let mut command = Command::new(program::find("setpriv", "util-linux"));
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&self.program)
            .args(&self.arguments)
            // A group of its own: one signal reaches the server and all it started.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file again"))
            .stderr(log);
        self.child = Some(spawn(command).expect("setpriv starts"));
        self.wait_until_ready();
    }

    /// Ends the server at once, and returns when its port refuses connections.
    pub(super) fn kill(&mut self) {
        self.end();
        let start = Instant::now();
        while !refuses(self.port) {
            assert!(start.elapsed() < LIMIT, "{} is dead, but its port answers", self.name);
            thread::sleep(PAUSE);
        }
    }

    /// Asks the server to end, and returns when it has.
    pub(super) fn stop(&mut self) {
        self.signal(Signal::TERM);
        let child = self.child.as_mut().expect("a server that runs");
        let start = Instant::now();
        while child.try_wait().expect("the state of a child").is_none() {
            assert!(start.elapsed() < LIMIT, "{} does not end when asked to", self.name);
            thread::sleep(PAUSE);
        }
        self.kill();
    }

    /// Stops the server without ending it: the system still takes what is sent to it. Returns when
    /// each of its threads has stopped, which takes a moment.
    pub(super) fn freeze(&self) {
        self.signal(Signal::STOP);
        let group = self.child.as_ref().expect("a server that runs").id();
        let start = Instant::now();
        while !is_stopped(group) {
            assert!(start.elapsed() < LIMIT, "{} does not stop", self.name);
            thread::sleep(PAUSE);
        }
    }

    /// Lets a frozen server go on.
    pub(super) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Has the server read its configuration anew.
    pub(super) fn reload(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("a server that runs");
        kill_process_group(Pid::from_child(child), signal).expect("a process that takes it");
    }

    /// The server again: same port, same data.
    pub(super) fn restart(&mut self) {
        self.kill();
        self.start();
    }

    /// The end of the server's log, for the text of a failure.
    pub(super) fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The group may be gone already: a server that ended by itself is as dead.
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
    }

    fn wait_until_ready(&mut self) {
        let start = Instant::now();
        while !self.is_ready() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            let state = match ended {
                Some(status) => format!("ended before it answered ({status})"),
                None if start.elapsed() > LIMIT => format!("did not answer within {LIMIT:?}"),
                None => {
                    thread::sleep(PAUSE);
                    continue;
                }
            };
            panic!(
                "{} {state} on port {}. Its log ends:\n{}",
                self.name,
                self.port,
                self.log_tail()
            );
        }
    }

    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else {
            return false;
        };
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).expect("a read timeout");
        (self.answers)(&mut stream).unwrap_or(false)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts `command` from a thread that lives as long as this process: `--pdeathsig` acts when the
/// *thread* that started the child ends, and a test's thread may end before the server's last user.
fn spawn(command: Command) -> io::Result<Child> {
    type Job = (Command, Sender<io::Result<Child>>);
    static STARTER: OnceLock<Sender<Job>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (starter, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || {
            for (mut command, reply) in jobs {
                let _ = reply.send(command.spawn());
            }
        });
        starter
    });
    let (reply, child) = mpsc::channel();
    starter.send((command, reply)).expect("the starting thread lives");
    child.recv().expect("the starting thread answers")
}

/// Whether no thread of a group of processes runs.
fn is_stopped(group: u32) -> bool {
    let numbered = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_number = |name: &OsString| name.to_str().is_some_and(|it| it.parse::<u32>().is_ok());
        entries.filter(move |entry| is_number(&entry.file_name())).map(|entry| entry.path())
    };
    // The state and the group, behind the name, which may hold anything.
    let stat = |folder: &Path| {
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.to_owned();
        Some((state, fields.nth(1)?.parse::<u32>().ok()?))
    };
    numbered("/proc".into())
        .filter(|process| stat(process).is_some_and(|(_, own)| own == group))
        .flat_map(|process| numbered(process.join("task")))
        .all(|thread| stat(&thread).is_none_or(|(state, _)| matches!(&*state, "T" | "Z" | "X")))
}
