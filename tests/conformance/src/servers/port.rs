//! Ports that no other test is given.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that the kernel gives to outgoing connections: between a `kill` and a `restart`
/// no client of another test can land on the server's port.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of 127.0.0.1 that nothing listens on, and that no test gets again: neither another one of
/// this process nor, on Linux, one of a test process beside it.
///
/// # Panics
///
/// If there is none.
///
/// ```
/// use backing_services_conformance::free_port;
///
/// assert_ne!(free_port(), free_port());
/// ```
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    // Test processes that start together look in different places first.
    let next = NEXT.get_or_init(|| {
        let place = process::id().wrapping_mul(97) % u32::from(COUNT);
        AtomicU16::new(u16::try_from(place).unwrap_or(0))
    });
    (0..COUNT)
        .map(|_| FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok() && claim(*port))
        .expect("a free port")
}

/// An abstract socket is a lock that needs no file and ends with its process.
#[cfg(target_os = "linux")]
fn claim(port: u16) -> bool {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    use std::sync::Mutex;

    /// Held until the process ends, so that no port is given out twice.
    static CLAIMS: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

    let name = format!("backing-services-tests-port-{port}");
    let address = SocketAddr::from_abstract_name(name).expect("a socket name");
    let Ok(claim) = UnixListener::bind_addr(&address) else {
        return false;
    };
    CLAIMS.lock().expect("no panic while claiming").push(claim);
    true
}

/// Other systems have no such lock; two processes then meet on a port only if they take it at the
/// same moment.
#[cfg(not(target_os = "linux"))]
fn claim(_: u16) -> bool {
    true
}
