//! The network between a client and its server: it counts, it moves, it falls silent.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU16, AtomicUsize};

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
    connections: AtomicUsize,
    open: AtomicUsize,
    round_trips: AtomicUsize,
    /// Connections that were made before the last one of these pass on nothing.
    failures: AtomicUsize,
}

impl Network {
    /// A port that leads to the server's.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let state = Arc::new(State::default());
        state.server.store(server, SeqCst);
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

    /// Falls silent: the connections there are stay open, and nothing is passed on. Later ones
    /// work.
    pub fn fail(&self) {
        self.state.failures.fetch_add(1, SeqCst);
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
        state.connections.fetch_add(1, SeqCst);
        state.round_trips.fetch_add(1, SeqCst);
        let server = state.server.load(SeqCst);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // A server that is not there ends the client's connection too.
            let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
            let _ = near.set_nodelay(true);
            let _ = far.set_nodelay(true);
            state.open.fetch_add(1, SeqCst);
            let ((from, to), (back, forth)) = (near.into_split(), far.into_split());
            let last = Arc::new(Mutex::new(Speaker::Nobody));
            tokio::join!(
                pass_on(from, forth, Speaker::Client, &last, &state),
                pass_on(back, to, Speaker::Server, &last, &state)
            );
            state.open.fetch_sub(1, SeqCst);
        });
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Nobody,
    Client,
    Server,
}

async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    speaker: Speaker,
    last: &Mutex<Speaker>,
    state: &State,
) {
    let before = state.failures.load(SeqCst);
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if state.failures.load(SeqCst) != before {
            // Neither read nor closed until the network ends.
            return std::future::pending().await;
        }
        {
            let mut last = last.lock().expect("nobody panics with it");
            if *last != speaker && (speaker == Speaker::Client || *last == Speaker::Nobody) {
                state.round_trips.fetch_add(1, SeqCst);
            }
            *last = speaker;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
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
