mod port;
mod proxy;
mod scripted;

pub use self::port::free_port;
pub use self::proxy::Proxy;
pub use self::scripted::Scripted;

/// A server that a test can end and start again, on 127.0.0.1. Dropping it ends it.
///
/// ```
/// use std::process::{Child, Command};
///
/// use backing_services_conformance::Server;
///
/// /// A program that takes its port as an argument.
/// struct Program {
///     port: u16,
///     running: Child,
/// }
///
/// impl Server for Program {
///     fn port(&self) -> u16 {
///         self.port
///     }
///
///     fn kill(&mut self) {
///         let _ = self.running.kill();
///         let _ = self.running.wait();
///     }
///
///     fn restart(&mut self) {
///         self.kill();
///         self.running = run(self.port);
///     }
/// }
///
/// impl Drop for Program {
///     fn drop(&mut self) {
///         self.kill();
///     }
/// }
///
/// fn run(port: u16) -> Child {
///     let running = Command::new("my-server").arg(port.to_string()).spawn().unwrap();
///     while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
///         std::thread::sleep(std::time::Duration::from_millis(20));
///     }
///     running
/// }
/// ```
pub trait Server {
    /// Where it listens, on 127.0.0.1.
    fn port(&self) -> u16;
    /// Ends it without warning; its port refuses when this returns.
    fn kill(&mut self);
    /// Starts it again on the same port, with the same data; it answers when this returns.
    fn restart(&mut self);
}

impl<S: Server + ?Sized> Server for Box<S> {
    fn port(&self) -> u16 {
        (**self).port()
    }

    fn kill(&mut self) {
        (**self).kill();
    }

    fn restart(&mut self) {
        (**self).restart();
    }
}
