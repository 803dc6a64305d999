//! The network between a client and its server: it counts, it leads elsewhere, it falls silent.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::{self, Runtime};

/// Passes on what is sent to its port to a server on this machine, as a name does that may lead to
/// another server later.
pub struct Network {
    port: u16,
    state: Arc<State>,
    running: Option<Runtime>,
}

#[derive(Default)]
struct State {
    server: AtomicU16,
    is_vitess: bool,
    connections: AtomicUsize,
    open: AtomicUsize,
    round_trips: AtomicUsize,
    is_silent: AtomicBool,
    /// Connections with a lower number say nothing any more.
    silent_below: AtomicUsize,
}

impl Network {
    /// A port that leads to the server's.
    pub fn to(server: u16) -> Self {
        Self::start(server, false)
    }

    /// A port that leads to the one of a server of `MySQL`, and refuses a `sql_mode` as Vitess does.
    pub fn vitess(server: u16) -> Self {
        Self::start(server, true)
    }

    fn start(server: u16, is_vitess: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let state = Arc::new(State { server: server.into(), is_vitess, ..State::default() });
        runtime.spawn(accept(listener, Arc::clone(&state)));
        Self { port, state, running: Some(runtime) }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to another server; those there are stay where they are.
    pub fn lead_to(&self, server: u16) {
        self.state.server.store(server, SeqCst);
    }

    /// From now on nothing is passed on, and nothing is closed.
    pub fn silence(&self) {
        self.state.is_silent.store(true, SeqCst);
    }

    /// New connections work again; those from before the silence never do.
    pub fn speak(&self) {
        self.state.silent_below.store(self.connections(), SeqCst);
        self.state.is_silent.store(false, SeqCst);
    }

    /// The connections there are stay open, and nothing is passed on. Later ones work.
    pub fn fail(&self) {
        self.silence();
        self.speak();
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.state.connections.load(SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.state.open.load(SeqCst)
    }

    /// How many times the client waited for the server: to be connected, and each time that it
    /// went on after the server had spoken, or spoke first.
    pub fn round_trips(&self) -> usize {
        self.state.round_trips.load(SeqCst)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((near, _)) = listener.accept().await {
        let number = state.connections.fetch_add(1, SeqCst);
        state.round_trips.fetch_add(1, SeqCst);
        tokio::spawn(pass_on(near, number, Arc::clone(&state)));
    }
}

async fn pass_on(near: TcpStream, number: usize, state: Arc<State>) {
    let server = state.server.load(SeqCst);
    // A server that is not there ends the client's connection too.
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    state.open.fetch_add(1, SeqCst);
    let ((from_client, to_client), (from_server, to_server)) =
        (near.into_split(), far.into_split());
    let link = Link {
        number,
        last: Mutex::new(Speaker::Nobody),
        to_client: tokio::sync::Mutex::new(to_client),
        state: &state,
    };
    tokio::join!(link.up(from_client, to_server), link.down(from_server));
    state.open.fetch_sub(1, SeqCst);
}

#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Nobody,
    Client,
    Server,
}

/// One connection.
struct Link<'s> {
    number: usize,
    last: Mutex<Speaker>,
    to_client: tokio::sync::Mutex<OwnedWriteHalf>,
    state: &'s State,
}

impl Link<'_> {
    async fn up(&self, mut from_client: OwnedReadHalf, mut to_server: OwnedWriteHalf) {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let said = &buffer[..length];
            self.hears(Speaker::Client).await;
            let passed = if self.state.is_vitess && sets_mode(said) {
                self.hears(Speaker::Server).await;
                self.to_client.lock().await.write_all(&refusal()).await
            } else {
                to_server.write_all(said).await
            };
            if passed.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    }

    async fn down(&self, mut from_server: OwnedReadHalf) {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            self.hears(Speaker::Server).await;
            if self.to_client.lock().await.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
        let _ = self.to_client.lock().await.shutdown().await;
    }

    /// Counts who speaks; in a silence it never ends, so that nothing is read nor closed.
    async fn hears(&self, speaker: Speaker) {
        let State { is_silent, silent_below, round_trips, .. } = self.state;
        if is_silent.load(SeqCst) || self.number < silent_below.load(SeqCst) {
            return std::future::pending().await;
        }
        let mut last = self.last.lock().expect("nobody panics with it");
        if *last != speaker && (speaker == Speaker::Client || *last == Speaker::Nobody) {
            round_trips.fetch_add(1, SeqCst);
        }
        *last = speaker;
    }
}

/// Whether a packet is a query (3 after the length and the number 0) that sets a `sql_mode`.
fn sets_mode(packet: &[u8]) -> bool {
    let text = String::from_utf8_lossy(packet);
    packet.get(3..5) == Some(&[0, 3]) && text.contains("sql_mode")
}

/// The error packet of Vitess.
fn refusal() -> Vec<u8> {
    let text = "#42000VT12001: unsupported: setting the PIPES_AS_CONCAT sql_mode is unsupported";
    let length = u8::try_from(text.len() + 3).expect("a short text");
    let mut packet = vec![length, 0, 0, 1, 0xff];
    packet.extend(1235_u16.to_le_bytes());
    packet.extend(text.as_bytes());
    packet
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
