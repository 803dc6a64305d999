//! A proxy that counts, delays, cuts and falls silent.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Scripted, Server as _};

/// A TCP proxy before a server of this machine, which counts the connections, and can hold back what
/// it is sent: for a while, as a network in between would, or for ever.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::TcpStream;
///
/// use backing_services_conformance::{Proxy, Scripted, Server as _};
///
/// let server = Scripted::start(|mut stream: TcpStream| stream.write_all(b"220 ready\r\n"));
/// let proxy = Proxy::start(server.port());
/// let mut greeting = String::new();
/// TcpStream::connect(("127.0.0.1", proxy.port()))?.read_to_string(&mut greeting)?;
/// assert_eq!(greeting, "220 ready\r\n");
/// assert_eq!(proxy.connections(), 1);
/// # std::io::Result::Ok(())
/// ```
pub struct Proxy {
    front: Scripted,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    connections: AtomicUsize,
    silent: AtomicBool,
    /// How many of the connections end at their next use.
    ending: AtomicUsize,
}

impl Proxy {
    /// A proxy on a free port, before the server on `port`.
    ///
    /// ```
    /// use backing_services_conformance::{Proxy, Scripted, Server as _};
    ///
    /// let server = Scripted::silent();
    /// assert_ne!(Proxy::start(server.port()).port(), server.port());
    /// ```
    pub fn start(port: u16) -> Self {
        Self::with_delay(port, Duration::ZERO)
    }

    /// A proxy that passes on each byte `each_way` later, in order and without a limit on how many
    /// are on their way: a round trip takes twice as long.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    /// use std::net::TcpStream;
    /// use std::time::{Duration, Instant};
    ///
    /// use backing_services_conformance::{Proxy, Scripted, Server as _};
    ///
    /// let server = Scripted::start(|mut stream: TcpStream| stream.write_all(b"hello"));
    /// let proxy = Proxy::with_delay(server.port(), Duration::from_millis(10));
    /// let started = Instant::now();
    /// TcpStream::connect(("127.0.0.1", proxy.port()))?.read_exact(&mut [0; 5])?;
    /// assert!(started.elapsed() >= Duration::from_millis(10));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn with_delay(port: u16, each_way: Duration) -> Self {
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let front = Scripted::start(move |client: TcpStream| {
            let number = shared.connections.fetch_add(1, Ordering::SeqCst);
            pass_on(client, port, each_way, &Arc::new(Link { number, state: Arc::clone(&shared) }));
        });
        Self { front, state }
    }

    /// The port of 127.0.0.1 that it listens on.
    ///
    /// ```
    /// use backing_services_conformance::{Proxy, free_port};
    ///
    /// let proxy = Proxy::start(free_port());
    /// assert!(std::net::TcpStream::connect(("127.0.0.1", proxy.port())).is_ok());
    /// ```
    pub fn port(&self) -> u16 {
        self.front.port()
    }

    /// How many connections there have been.
    ///
    /// ```
    /// use backing_services_conformance::{Proxy, free_port};
    ///
    /// assert_eq!(Proxy::start(free_port()).connections(), 0);
    /// ```
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// From now on nothing passes, in either direction, and every connection stays open: what a
    /// network does that drops what it is sent.
    ///
    /// ```
    /// use backing_services_conformance::{Proxy, Scripted, Server as _};
    ///
    /// let server = Scripted::silent();
    /// Proxy::start(server.port()).fall_silent();
    /// ```
    pub fn fall_silent(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// Each connection that there is ends when its client next sends something, which is lost: what
    /// happens when a server closes an idle connection at the moment of its use. Later ones pass.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    /// use std::net::TcpStream;
    ///
    /// use backing_services_conformance::{Proxy, Scripted, Server as _};
    ///
    /// let server = Scripted::start(|mut stream: TcpStream| stream.write_all(b"hello"));
    /// let proxy = Proxy::start(server.port());
    /// let mut stream = TcpStream::connect(("127.0.0.1", proxy.port()))?;
    /// stream.read_exact(&mut [0; 5])?;
    /// proxy.cut_at_next_use();
    /// stream.write_all(b"quit")?;
    /// assert!(!matches!(stream.read(&mut [0; 5]), Ok(1..)));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn cut_at_next_use(&self) {
        self.state.ending.store(self.connections(), Ordering::SeqCst);
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("port", &self.port())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// A connection.
struct Link {
    number: usize,
    state: Arc<State>,
}

impl Link {
    fn is_silent(&self) -> bool {
        self.state.silent.load(Ordering::SeqCst)
    }

    fn is_ending(&self) -> bool {
        self.number < self.state.ending.load(Ordering::SeqCst)
    }
}

/// Until both sides have ended.
fn pass_on(client: TcpStream, port: u16, each_way: Duration, link: &Arc<Link>) {
    // A client that connects knows it half a round trip after the server does.
    thread::sleep(each_way);
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    let ways = [&client, &server].map(|stream| {
        // An answer in two parts would wait for the acknowledgement of the first.
        let _ = stream.set_nodelay(true);
        stream.try_clone()
    });
    let [Ok(from_client), Ok(from_server)] = ways else { return };
    let up = {
        let link = Arc::clone(link);
        thread::spawn(move || {
            carry(from_client, server, each_way, |client| {
                if link.is_ending() {
                    let _ = client.shutdown(Shutdown::Both);
                }
                !link.is_ending() && !link.is_silent()
            });
        })
    };
    carry(from_server, client, each_way, |_| !link.is_silent());
    // The thread has no panic of its own.
    let _ = up.join();
}

/// One way of one connection. What is read waits in a channel, so that a later byte never waits for
/// the delay of an earlier one; what `passes` refuses is lost.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    passes: impl Fn(&TcpStream) -> bool,
) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writer = thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut read = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut read) {
        if !passes(&from) {
            continue;
        }
        if sender.send((Instant::now() + delay, read[..length].to_vec())).is_err() {
            let _ = from.shutdown(Shutdown::Read);
            break;
        }
    }
    drop(sender);
    let _ = writer.join();
}
