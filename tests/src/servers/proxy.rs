//! The network between a client and a server: it can go silent, lead elsewhere, and be counted.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::{self, Runtime};
use tokio::sync::Mutex;

/// A proxy on a port of 127.0.0.1, before a server on another.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    running: Option<Runtime>,
}

#[derive(Debug)]
struct Shared {
    backend: AtomicU16,
    /// Connections with a number below say nothing any more.
    silent_below: AtomicUsize,
    is_silent: AtomicBool,
    is_vitess: bool,
    connections: AtomicUsize,
    turns: AtomicUsize,
}

impl Proxy {
    /// A proxy before the server on this port.
    pub fn before(backend: u16) -> Self {
        Self::start(backend, false)
    }

    /// A proxy before a server of `MySQL`, that refuses a `sql_mode` as Vitess does.
    pub fn vitess(backend: u16) -> Self {
        Self::start(backend, true)
    }

    fn start(backend: u16, is_vitess: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let shared = Arc::new(Shared {
            backend: AtomicU16::new(backend),
            silent_below: AtomicUsize::new(0),
            is_silent: AtomicBool::new(false),
            is_vitess,
            connections: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
        });
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, running: Some(runtime) }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How often a client spoke after the server did, or first: its round trips, without the one
    /// that opens a connection.
    pub fn round_trips(&self) -> usize {
        self.shared.turns.load(Ordering::SeqCst)
    }

    /// From now on new connections lead to the server on this port.
    pub fn lead_to(&self, backend: u16) {
        self.shared.backend.store(backend, Ordering::SeqCst);
    }

    /// From now on nothing is passed on, and nothing is closed.
    pub fn silence(&self) {
        self.shared.is_silent.store(true, Ordering::SeqCst);
    }

    /// New connections work again; those from before the silence never do.
    pub fn speak(&self) {
        self.shared.silent_below.store(self.connections(), Ordering::SeqCst);
        self.shared.is_silent.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn is_silent(&self, number: usize) -> bool {
        self.is_silent.load(Ordering::SeqCst) || number < self.silent_below.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((client, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _ = pass_on(client, number, shared).await;
        });
    }
}

async fn pass_on(client: TcpStream, number: usize, shared: Arc<Shared>) -> io::Result<()> {
    let backend = shared.backend.load(Ordering::SeqCst);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, backend)).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_client = Arc::new(Mutex::new(to_client));
    let client_spoke = Arc::new(AtomicBool::new(false));
    let up = Up {
        from_client,
        to_server,
        to_client: Arc::clone(&to_client),
        client_spoke: Arc::clone(&client_spoke),
        number,
        shared: Arc::clone(&shared),
    };
    tokio::select! {
        ended = up.run() => ended,
        ended = down(from_server, to_client, client_spoke, number, shared) => ended,
    }
}

/// What a client says.
struct Up {
    from_client: OwnedReadHalf,
    to_server: OwnedWriteHalf,
    to_client: Arc<Mutex<OwnedWriteHalf>>,
    client_spoke: Arc<AtomicBool>,
    number: usize,
    shared: Arc<Shared>,
}

impl Up {
    async fn run(mut self) -> io::Result<()> {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let length = self.from_client.read(&mut bytes).await?;
            if length == 0 {
                return Ok(());
            }
            if self.shared.is_silent(self.number) {
                std::future::pending::<()>().await;
            }
            if !self.client_spoke.swap(true, Ordering::SeqCst) {
                self.shared.turns.fetch_add(1, Ordering::SeqCst);
            }
            let said = &bytes[..length];
            if self.shared.is_vitess && sets_mode(said) {
                self.client_spoke.store(false, Ordering::SeqCst);
                self.to_client.lock().await.write_all(&refusal()).await?;
            } else {
                self.to_server.write_all(said).await?;
            }
        }
    }
}

async fn down(
    mut from_server: OwnedReadHalf,
    to_client: Arc<Mutex<OwnedWriteHalf>>,
    client_spoke: Arc<AtomicBool>,
    number: usize,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let length = from_server.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        if shared.is_silent(number) {
            std::future::pending::<()>().await;
        }
        client_spoke.store(false, Ordering::SeqCst);
        to_client.lock().await.write_all(&bytes[..length]).await?;
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

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
