//! What a hostile server may cost: bounded time and memory, and nothing that stays.
//!
//! The server is in the process of the test, the app in one of its own, so that what an app pays
//! can be measured, and a driver that aborts takes nothing else along. [`attack`] starts both;
//! [`victim`] says in the other process what to connect to, and [`measure`] does it.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use backing_services_conformance::hostile::{attack, flood, measure, victim};
//! # mod chat {
//! #     pub async fn connect(_: &str) -> Result<(), String> {
//! #         Ok(())
//! #     }
//! # }
//!
//! #[test]
//! fn an_endless_line() {
//!     if let Some(url) = victim() {
//!         return measure(Duration::from_secs(1), chat::connect(&url));
//!     }
//!     let name = concat!(module_path!(), "::an_endless_line");
//!     let url = |port| format!("chat://localhost:{port}?connect_timeout=1s");
//!     attack(name, url, |stream| flood(stream, b"A")).unwrap();
//! }
//! # fn main() {}
//! ```

use std::collections::HashSet;
use std::fmt::Display;
use std::fs;
use std::io::{Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::Limit;
use crate::behaviours::{assert_is_for_people, runtime};
use crate::process::{again, victim_of};
use crate::servers::{Scripted, Server as _};

/// What connecting may take beyond its limit on a machine that has other things to do.
const GRACE: Duration = Duration::from_millis(1500);
/// What connecting may take of memory.
const MEMORY: u64 = 64 * 1024; // kB
/// Between the figures of `measure`.
const COST: &str = " of waiting, ";
/// Most cases wait for a time limit.
const AT_ONCE: usize = 3;
/// How long a socket or a thread may stay after connecting has failed.
const SOON: Duration = Duration::from_secs(10);

/// Starts a server that does to each connection what `script` says, and runs the test `name` again
/// in a process of its own, where [`victim`] is the URL for the port of the server.
///
/// # Errors
///
/// What the other process has shown, if its test failed or the process was aborted.
///
/// ```no_run
/// use backing_services_conformance::hostile::{attack, hold};
///
/// let url = |port| format!("chat://localhost:{port}?connect_timeout=1s");
/// attack("my_tests::silence", url, hold)?;
/// # Ok::<(), String>(())
/// ```
pub fn attack<T>(
    name: &str,
    url: impl FnOnce(u16) -> String,
    script: impl Fn(TcpStream) -> T + Send + Sync + 'static,
) -> Result<(), String> {
    attacked(name, url, script).map(drop)
}

fn attacked<T>(
    name: &str,
    url: impl FnOnce(u16) -> String,
    script: impl Fn(TcpStream) -> T + Send + Sync + 'static,
) -> Result<String, String> {
    let server = Scripted::start(script);
    again(name, &[], Some(&url(server.port())))
}

/// One thing that a server does to each connection.
///
/// ```
/// use backing_services_conformance::hostile::{Case, flood};
///
/// let case = Case::new("greeting/a line without an end", |stream| flood(stream, b"A"));
/// # drop(case);
/// ```
pub struct Case {
    name: String,
    script: Arc<dyn Fn(TcpStream) + Send + Sync>,
}

impl Case {
    /// A case, and what its [`Limit`] would name.
    pub fn new(
        name: impl Into<String>,
        script: impl Fn(TcpStream) + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), script: Arc::new(script) }
    }

    /// What its [`Limit`] would name.
    ///
    /// ```
    /// use backing_services_conformance::hostile::{Case, hold};
    ///
    /// assert_eq!(Case::new("greeting/silence", hold).name(), "greeting/silence");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Every case as one [`attack`], some at the same time. One whose [`Limit`] is named has to fail
/// as written down, in one of three attacks: how much a flood brings in time is up to the machine.
///
/// # Panics
///
/// With all that failed otherwise.
///
/// ```no_run
/// use backing_services_conformance::hostile::{Case, attack_all, flood, hold};
///
/// let cases = vec![
///     Case::new("greeting/silence", hold),
///     Case::new("greeting/a line without an end", |stream| flood(stream, b"A")),
/// ];
/// let url = |port| format!("chat://localhost:{port}?connect_timeout=1s");
/// attack_all("my_tests::hostile", &url, &[], cases);
/// ```
pub fn attack_all(
    name: &str,
    url: &(dyn Fn(u16) -> String + Sync),
    limits: &[Limit],
    cases: Vec<Case>,
) {
    let (failed, cases) = (Mutex::new(Vec::new()), Mutex::new(cases));
    let work = || {
        loop {
            let next = cases.lock().expect("no panic").pop();
            let Some(Case { name: case, script }) = next else { break };
            let attack = || {
                let script = Arc::clone(&script);
                attacked(name, url, move |stream| script(stream))
            };
            // What a driver does not hold it does not hold over TLS either.
            let plain = case.replacen("over TLS, ", "", 1);
            let limit = limits.iter().find(|limit| limit.test == plain);
            match held(limit, attack) {
                Ok(shown) => {
                    let cost = shown.lines().find(|line| line.contains(COST));
                    println!("{case}: {}", cost.unwrap_or("as its limit says"));
                }
                Err(said) => failed.lock().expect("no panic").push((case, said)),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().expect("no panic");
    let shown: Vec<_> = failed.iter().map(|(case, said)| format!("=== {case}: {said}")).collect();
    assert!(failed.is_empty(), "{} cases failed\n{}", failed.len(), shown.join("\n"));
}

/// What the attack shows; it has to fail as written down where there is a limit. What a busy driver
/// breaks first is up to the machine: a limit of several is written "took or left behind", and with
/// "or nothing" where a machine with more to do does not come that far.
fn held(
    limit: Option<&Limit>,
    attack: impl Fn() -> Result<String, String>,
) -> Result<String, String> {
    let Some(Limit { driver, seen, .. }) = limit else { return attack() };
    for _ in 0..3 {
        match attack() {
            Ok(_) => {}
            Err(said) if seen.split(" or ").any(|seen| said.contains(seen)) => return Ok(said),
            Err(said) => return Err(format!("another failure than that of {driver}: {said}")),
        }
    }
    if seen.ends_with(" or nothing") {
        return Ok(String::new());
    }
    Err(format!("the limit of {driver} is no more: take it off"))
}

/// In the process that [`attack`] has started: the URL to connect to.
///
/// ```
/// assert_eq!(backing_services_conformance::hostile::victim(), None);
/// ```
pub fn victim() -> Option<String> {
    victim_of()
}

/// Connects, and asserts that this took no longer than `limit` says and less than 64 MB of memory,
/// that neither a socket nor a thread stays, and that what is reported is for people to read.
/// What is connected after all is dropped.
///
/// # Panics
///
/// If one of these is not so.
///
/// ```
/// use std::time::Duration;
///
/// use backing_services_conformance::hostile::measure;
///
/// measure(Duration::from_secs(1), async { Ok::<(), String>(()) });
/// ```
pub fn measure<T, E: Display>(limit: Duration, connect: impl Future<Output = Result<T, E>>) {
    // Dropping it would wait for a task of a driver that never yields; the process ends soon.
    let runtime = ManuallyDrop::new(runtime());
    let before = Held::now();
    let (connected, elapsed) = runtime.block_on(async {
        let started = Instant::now();
        let connected = connect.await.map(drop);
        (connected, started.elapsed())
    });
    let memory = peak().saturating_sub(before.peak);
    let said = connected.map_or_else(|error| error.to_string(), |()| "connected".to_owned());
    println!("{} ms{COST}{memory} kB: {said}", elapsed.as_millis());
    assert!(elapsed < limit + limit / 10 + GRACE, "took {elapsed:?}: {said}");
    assert!(memory < MEMORY, "took {memory} kB of memory: {said}");
    // A driver may have one thread for the whole process.
    let started = Instant::now();
    loop {
        let now = Held::now();
        if now.sockets <= before.sockets && now.threads.len() <= before.threads.len() + 1 {
            break;
        }
        assert!(started.elapsed() < SOON, "left behind: {now:?} after {before:?}: {said}");
        thread::sleep(Duration::from_millis(20));
    }
    assert_is_for_people(&said);
}

/// What this process has.
#[derive(Debug)]
struct Held {
    /// Those of TCP: each runtime has a socket to itself, for signals.
    sockets: usize,
    /// The names of all threads that are not tokio's own: those of a runtime come and go with what
    /// is to be done.
    threads: Vec<String>,
    peak: u64,
}

impl Held {
    fn now() -> Self {
        let entries = |folder| fs::read_dir(folder).expect("procfs").flatten();
        let of_tcp =
            ["tcp", "tcp6"].map(|kind| fs::read_to_string(format!("/proc/self/net/{kind}")));
        let inodes: HashSet<_> = of_tcp
            .iter()
            .flatten()
            .flat_map(|table| table.lines().filter_map(|line| line.split_whitespace().nth(9)))
            .collect();
        let sockets = entries("/proc/self/fd").filter(|file| {
            let link = fs::read_link(file.path()).unwrap_or_default();
            let inode =
                link.to_str().and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']'));
            inode.is_some_and(|inode| inodes.contains(inode))
        });
        let threads = entries("/proc/self/task")
            .filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok())
            .filter(|name| !name.starts_with("tokio-rt"));
        Self { sockets: sockets.count(), threads: threads.collect(), peak: peak() }
    }
}

/// The most memory that this process has had, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("the peak")
}

/// Sends the same again and again, until the client has gone.
///
/// ```
/// use std::io::Read as _;
/// use std::net::TcpStream;
///
/// use backing_services_conformance::{Scripted, Server as _, hostile};
///
/// let server = Scripted::start(|stream| hostile::flood(stream, b"ab"));
/// let mut read = [0; 4];
/// TcpStream::connect(("127.0.0.1", server.port()))?.read_exact(&mut read)?;
/// assert_eq!(&read, b"abab");
/// # std::io::Result::Ok(())
/// ```
pub fn flood(mut stream: TcpStream, unit: &[u8]) {
    let block = unit.repeat((64 * 1024 / unit.len().max(1)).max(1));
    // Some half a gigabit a second, as over a network: how much a client takes in before its
    // timeout is not up to how fast this machine is.
    while stream.write_all(&block).is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Sends ten bytes a second, then nothing more.
///
/// ```
/// use std::io::Read as _;
/// use std::net::TcpStream;
///
/// use backing_services_conformance::{Scripted, Server as _, hostile};
///
/// let server = Scripted::start(|stream| hostile::drip(stream, b"1"));
/// let mut read = [0; 1];
/// TcpStream::connect(("127.0.0.1", server.port()))?.read_exact(&mut read)?;
/// assert_eq!(&read, b"1");
/// # std::io::Result::Ok(())
/// ```
pub fn drip(mut stream: TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    hold(stream);
}

/// Takes whatever comes and says nothing, until the client has gone.
///
/// ```
/// use backing_services_conformance::{Scripted, hostile};
///
/// let server = Scripted::start(hostile::hold);
/// # drop(server);
/// ```
pub fn hold(mut stream: TcpStream) {
    let mut heard = [0; 4096];
    while matches!(stream.read(&mut heard), Ok(1..)) {}
}

/// Bytes that mean nothing, the same each time.
///
/// ```
/// use backing_services_conformance::hostile::garbage;
///
/// assert_eq!(garbage(512).len(), 512);
/// ```
pub fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

type Script = fn(TcpStream);

/// What is done to a client of any protocol.
pub(crate) const MISCHIEF: [(&str, Script); 10] = [
    ("hang up", drop),
    ("garbage", |mut stream| {
        if stream.write_all(&garbage(4096)).is_ok() {
            hold(stream);
        }
    }),
    ("garbage, then hang up", |mut stream| drop(stream.write_all(&garbage(4096)))),
    ("a flood of garbage", |stream| flood(stream, &garbage(64 * 1024))),
    ("a flood of zeros", |stream| flood(stream, &[0])),
    ("a flood of ones", |stream| flood(stream, &[0xff])),
    ("a line without an end", |stream| flood(stream, b"A")),
    ("empty lines", |stream| flood(stream, b"\r\n")),
    ("a drip", |stream| drip(stream, &[b'2'; 100])),
    ("a record of TLS without its end", |mut stream| {
        let record = [0x16, 3, 3, 0x3f, 0xff, 2, 0xff, 0xff, 0xff];
        if stream.write_all(&record).is_ok() {
            hold(stream);
        }
    }),
];
