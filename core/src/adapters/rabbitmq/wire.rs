//! The stream under `lapin`, with TLS in it.
//!
//! `lapin` goes on serving one that it has lost until everything it was about to send is sent. So a
//! lost stream takes all that is written to it; on an error instead, `lapin` spins for ever. And it
//! waits for ever for the goodbye of a broker on a stream that failed just before it was to say
//! goodbye; each cut from outside is an error anew, which ends that.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use async_rs::traits::{Executor, Reactor};
use async_rs::util::{DummyIO, RuntimeParts, Task};
use async_rs::{Runtime, Tokio};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use lapin::tcp::RustlsConnector;
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::frames::{Guard, Limits};

pub(super) type WireRuntime = Runtime<RuntimeParts<Quiet, Wires>>;

/// That of tokio, with other streams, and tasks that do not log: `lapin` logs what the broker says
/// of the user.
pub(super) fn runtime(limits: Limits) -> WireRuntime {
    let tokio = Tokio::current();
    Runtime::new(RuntimeParts::new(Quiet(tokio.clone()), Wires { tokio, limits }))
}

#[derive(Clone, Debug)]
pub(super) struct Quiet(Tokio);

impl Executor for Quiet {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn(future.with_subscriber(NoSubscriber::new()))
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        run: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(run)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Wires {
    tokio: Tokio,
    limits: Limits,
}

impl Reactor for Wires {
    type TcpStream = Wire;
    type Sleep = JoinHandle<()>;

    /// Nothing here has a socket of its own to bring.
    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<DummyIO, _>(io::ErrorKind::Unsupported.into())
    }

    /// In a task, which ends quietly with the runtime: the threads of `lapin` may outlive it, and
    /// the timers of a runtime that has ended panic.
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        tokio::spawn(async move { tokio::time::sleep(duration).await })
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.tokio.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Wire>> + Send + 'static {
        let (stream, guard) = (self.tokio.tcp_connect_addr(address), Guard::new(self.limits));
        async move {
            let stream = Box::new(stream.await?);
            Ok(Wire { stream, state: Arc::default(), guard, write_error: None })
        }
    }
}

/// A stream that can be cut from outside, and lets nothing through that `lapin` cannot bear.
pub(super) struct Wire {
    stream: Box<dyn Bytes>,
    state: Arc<State>,
    guard: Guard,
    /// Why nothing more can be written. What the broker said before that, most often why it
    /// refuses the client, may be yet to read.
    write_error: Option<io::Error>,
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

#[derive(Default)]
struct State {
    cut: AtomicBool,
    /// Whether it was cut from outside.
    let_go: AtomicBool,
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

/// Cuts the wire when dropped: who reads gets an error, and what is written goes nowhere.
pub(super) struct Cutter(Arc<State>);

impl Wire {
    /// Encrypts it, for the broker of this name.
    pub(super) async fn encrypt(mut self, tls: &RustlsConnector, name: &str) -> io::Result<Self> {
        self.stream = Box::new(tls.connect_async(name, self.stream).await?);
        Ok(self)
    }

    pub(super) fn cutter(&self) -> Cutter {
        Cutter(Arc::clone(&self.state))
    }

    /// Writes what the wire still takes; the rest goes nowhere.
    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        nowhere: T,
        write: impl FnOnce(Pin<&mut (dyn Bytes + 'static)>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.state.is_cut(&self.state.writer, cx) || self.write_error.is_some() {
            return Poll::Ready(Ok(nowhere));
        }
        Poll::Ready(Ok(ready!(write(Pin::new(&mut *self.stream), cx)).unwrap_or_else(|error| {
            self.write_error = Some(error);
            nowhere
        })))
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.0.let_go.store(true, Ordering::SeqCst);
        self.0.cut();
    }
}

impl State {
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for waiting in [&self.reader, &self.writer] {
            let waker = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            waker.inspect(Waker::wake_by_ref);
        }
    }

    /// Whether it is cut; if not, `cx` is woken when that happens.
    fn is_cut(&self, waiting: &Mutex<Option<Waker>>, cx: &Context<'_>) -> bool {
        // In this order: a cut in between is seen.
        *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        self.cut.load(Ordering::SeqCst)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.state.is_cut(&self.state.reader, cx) {
            let let_go = self.state.let_go.load(Ordering::SeqCst);
            let end = if let_go { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(0) };
            return Poll::Ready(end);
        }
        let mut read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if let Ok(length) = read {
            read = self.guard.look(&mut buffer[..length]).map(|()| length);
        }
        // RabbitMQ does not close one half alone, and a wire that failed once is cut.
        if matches!(read, Ok(0) | Err(_)) {
            self.state.cut();
        }
        if matches!(read, Ok(0))
            && let Some(error) = self.write_error.take()
        {
            read = Err(error);
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, buffer.len(), |stream, cx| stream.poll_write(cx, buffer))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = buffers.iter().map(|buffer| buffer.len()).sum();
        self.write(cx, length, |stream, cx| stream.poll_write_vectored(cx, buffers))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, (), AsyncWrite::poll_flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, (), AsyncWrite::poll_close)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing any more, and has something to say yet.
    struct Refused(Option<&'static [u8]>);

    impl AsyncRead for Refused {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            mut buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(self.0.take().map_or(Ok(0), |last| buffer.write(last)))
        }
    }

    impl AsyncWrite for Refused {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// A broker that refuses the client may have closed before the client has written all it has.
    #[test]
    fn what_the_broker_said_last_is_read() {
        let limits = Limits { frame: 4096, no_heartbeats: false, mechanism: "PLAIN" };
        let last = b"AMQP\0\0\x09\x01";
        let stream = Box::new(Refused(Some(last)));
        let guard = Guard::new(limits);
        let mut wire = Wire { stream, state: Arc::default(), guard, write_error: None };
        let mut wire = Pin::new(&mut wire);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut buffer = [0; 16];
        for _ in 0..2 {
            assert!(matches!(wire.as_mut().poll_write(cx, b"AMQP"), Poll::Ready(Ok(4))));
        }
        assert!(matches!(wire.as_mut().poll_read(cx, &mut buffer), Poll::Ready(Ok(8))));
        assert_eq!(buffer[..8], last[..]);
        let Poll::Ready(Err(error)) = wire.as_mut().poll_read(cx, &mut buffer) else {
            panic!("the failure is lost");
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(matches!(wire.as_mut().poll_read(cx, &mut buffer), Poll::Ready(Ok(0))));
        assert!(matches!(wire.poll_write(cx, b"AMQP"), Poll::Ready(Ok(4))));
    }
}
