//! A fake server whose connections are each served by a function.

use std::fmt;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Server, free_port};

const LIMIT: Duration = Duration::from_secs(30);

/// A fake server in this process: each connection is a thread that runs the script, and ends with
/// it.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::TcpStream;
///
/// use backing_services_conformance::{Scripted, Server as _};
///
/// let mut server = Scripted::start(|mut stream: TcpStream| stream.write_all(b"220 ready\r\n"));
/// let mut greeting = String::new();
/// TcpStream::connect(("127.0.0.1", server.port()))?.read_to_string(&mut greeting)?;
/// assert_eq!(greeting, "220 ready\r\n");
///
/// server.kill();
/// assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err());
/// # std::io::Result::Ok(())
/// ```
pub struct Scripted {
    port: u16,
    script: Script,
    running: Option<Running>,
}

type Script = Arc<dyn Fn(TcpStream) + Send + Sync>;

struct Running {
    stop: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    thread: JoinHandle<()>,
}

impl Scripted {
    /// A server on a free port. What the script returns is of no matter: a client may go at any
    /// time.
    ///
    /// ```
    /// use backing_services_conformance::{Scripted, Server as _};
    ///
    /// let server = Scripted::start(drop); // hangs up on everyone
    /// assert!(server.port() > 0);
    /// ```
    pub fn start<T>(script: impl Fn(TcpStream) -> T + Send + Sync + 'static) -> Self {
        let script: Script = Arc::new(move |stream| {
            script(stream);
        });
        // A client may be given the port before the server has it.
        let mut attempts = 0;
        loop {
            let mut server = Self { port: free_port(), script: Arc::clone(&script), running: None };
            match server.listen() {
                Ok(()) => return server,
                Err(error) if attempts == 20 => panic!("no port is free: {error}"),
                Err(_) => attempts += 1,
            }
        }
    }

    /// A server on `port`: one that took another's place.
    ///
    /// ```
    /// use backing_services_conformance::{Scripted, Server as _, free_port};
    ///
    /// let port = free_port();
    /// assert_eq!(Scripted::start_on(port, drop).port(), port);
    /// ```
    pub fn start_on<T>(port: u16, script: impl Fn(TcpStream) -> T + Send + Sync + 'static) -> Self {
        let script: Script = Arc::new(move |stream| {
            script(stream);
        });
        let mut server = Self { port, script, running: None };
        server.listen().expect("the port is free");
        server
    }

    /// A server that accepts every connection and keeps it open, but never says a word.
    ///
    /// ```
    /// use backing_services_conformance::{Scripted, Server as _};
    ///
    /// let server = Scripted::silent();
    /// assert!(std::net::TcpStream::connect(("127.0.0.1", server.port())).is_ok());
    /// ```
    pub fn silent() -> Self {
        Self::silent_on(free_port())
    }

    /// A silent server on `port`: one that took another's place.
    ///
    /// ```
    /// use backing_services_conformance::{Scripted, Server as _, free_port};
    ///
    /// let port = free_port();
    /// assert_eq!(Scripted::silent_on(port).port(), port);
    /// ```
    pub fn silent_on(port: u16) -> Self {
        Self::start_on(port, |mut stream: TcpStream| {
            let mut heard = [0; 4096];
            while matches!(stream.read(&mut heard), Ok(1..)) {}
        })
    }

    fn listen(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let stop = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (script, stopped) = (Arc::clone(&self.script), Arc::clone(&stop));
        let kept = Arc::clone(&connections);
        let thread = thread::spawn(move || {
            let mut serving: Vec<JoinHandle<()>> = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                let Ok((stream, _)) = listener.accept() else { continue };
                if let Ok(other) = stream.try_clone() {
                    kept.lock().expect("no panic while accepting").push(other);
                }
                let script = Arc::clone(&script);
                let kept = Arc::clone(&kept);
                let client = stream.peer_addr();
                serving.retain(|serving| !serving.is_finished());
                serving.push(thread::spawn(move || {
                    script(stream);
                    // The clone that `kill` cuts would keep the connection open.
                    let mut kept = kept.lock().expect("no panic while accepting");
                    if let Some(at) = kept
                        .iter()
                        .position(|kept| kept.peer_addr().ok() == client.as_ref().ok().copied())
                    {
                        let _ = kept.swap_remove(at).shutdown(Shutdown::Write);
                    }
                }));
            }
            drop(listener);
            for connection in kept.lock().expect("no panic while accepting").drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
            for serving in serving {
                // The script's panic is told by its thread.
                let _ = serving.join();
            }
        });
        self.running = Some(Running { stop, connections, thread });
        Ok(())
    }
}

impl Server for Scripted {
    fn port(&self) -> u16 {
        self.port
    }

    fn kill(&mut self) {
        let Some(Running { stop, connections, thread }) = self.running.take() else {
            return;
        };
        stop.store(true, Ordering::SeqCst);
        for connection in connections.lock().expect("no panic while accepting").iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // One last connection wakes the thread.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        thread.join().expect("the fake server's thread");
        // A process that another test is about to start has the listener until it runs its program.
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            assert!(start.elapsed() < LIMIT, "the fake server is dead, but its port answers");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn restart(&mut self) {
        self.kill();
        self.listen().expect("the port is still free");
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("port", &self.port).finish_non_exhaustive()
    }
}
