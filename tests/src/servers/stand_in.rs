//! A third party that no test can reach: an HTTP server that keeps what it is sent and answers as the test
//! says.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{self, Runtime};
use tokio_rustls::TlsAcceptor;

use super::{free_port, port};
use crate::tls::Tls;

/// A request with its whole body.
pub type Request = http::Request<Bytes>;
/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

const LIMIT: Duration = Duration::from_secs(30);

/// An HTTP server of the test's own.
pub struct StandIn {
    port: u16,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    running: Option<Runtime>,
}

struct Shared {
    answer: Box<dyn Fn(&Request) -> Response + Send + Sync>,
    requests: Mutex<Vec<Request>>,
}

impl StandIn {
    /// A server in clear text. `answer` runs on a thread of its own and may block.
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::run(None, answer)
    }

    /// A server that presents `tls`.
    pub fn with_tls(
        tls: &Tls,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self::run(Some(TlsAcceptor::from(Arc::new(tls.server_config()))), answer)
    }

    fn run(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let shared =
            Arc::new(Shared { answer: Box::new(answer), requests: Mutex::new(Vec::new()) });
        let mut server = Self { port: free_port(), tls, shared, running: None };
        server.listen();
        server
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has been sent, in the order of the answers.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no panic while answering").clone()
    }

    /// Cuts all its connections. Returns when its port refuses new ones.
    pub fn kill(&mut self) {
        let Some(runtime) = self.running.take() else { return };
        runtime.shutdown_background();
        let start = Instant::now();
        while !port::refuses(self.port) {
            assert!(start.elapsed() < LIMIT, "the stand-in is dead, but its port answers");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it and starts it again on the same port. What it has been sent stays.
    pub fn restart(&mut self) {
        self.kill();
        self.listen();
    }

    fn listen(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener for tokio");
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(accept(listener, self.tls.clone(), Arc::clone(&self.shared)));
        self.running = Some(runtime);
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            match tls {
                // A client that does not trust the certificate ends here.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, shared).await;
                    }
                }
                None => serve(stream, shared).await,
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let request = Request::from_parts(head, body);
            let answer = tokio::task::spawn_blocking(move || {
                let answer = (shared.answer)(&request);
                shared.requests.lock().expect("no panic while answering").push(request);
                answer
            });
            Ok::<_, hyper::Error>(answer.await.expect("an answer").map(Full::new))
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    // A client may go at any time.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.kill();
    }
}
