//! A server that hangs.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{free_port, port};

const LIMIT: Duration = Duration::from_secs(30);

/// A server that accepts every connection and keeps it open, but never says a word.
#[derive(Debug)]
pub struct Silent {
    port: u16,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Silent {
    /// A silent server on a free port.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// A silent server on `port`: one that took another's place.
    pub fn start_on(port: u16) -> Self {
        let mut silent = Self { port, running: None };
        silent.listen().expect("the port is free");
        silent
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes all its connections. Returns when its port refuses new ones.
    pub fn kill(&mut self) {
        let Some(Running { stop, thread }) = self.running.take() else {
            return;
        };
        stop.store(true, Ordering::SeqCst);
        // One last connection wakes the thread.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        thread.join().expect("the silent server's thread");
        // A process that another test is about to start has the listener until it runs its program.
        let start = Instant::now();
        while !port::refuses(self.port) {
            assert!(start.elapsed() < LIMIT, "the silent server is dead, but its port answers");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it and starts it again on the same port.
    pub fn restart(&mut self) {
        self.kill();
        self.listen().expect("the port is still free");
    }

    fn listen(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut kept = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                kept.extend(listener.accept());
            }
        });
        self.running = Some(Running { stop, thread });
        Ok(())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.kill();
    }
}
