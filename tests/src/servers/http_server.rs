//! An HTTP server in this process, which dies and comes back like one that has its own.

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use backing_services_conformance::{Tls, free_port};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{self, Runtime};
use tokio_rustls::TlsAcceptor;

use super::refuses;
use crate::tls;

const LIMIT: Duration = Duration::from_secs(30);

/// Serves on a port of 127.0.0.1, until it is dropped.
pub(super) struct HttpServer {
    port: u16,
    accept: Box<dyn Fn(TcpListener, Arc<Open>) -> Accepting + Send + Sync>,
    running: Option<(Runtime, Arc<Open>)>,
}

/// Held by what accepts and by each connection, whose stream is dropped before this is.
struct Open;

type Accepting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl HttpServer {
    /// A server on a free port; `service` is told which.
    pub(super) fn start<S, B>(tls: Option<&Tls>, service: impl FnOnce(u16) -> S) -> Self
    where
        S: Service<http::Request<Incoming>, Response = http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body<Error: Into<Box<dyn Error + Send + Sync>>, Data: Send> + Send + 'static,
    {
        let tls = tls.map(|tls| TlsAcceptor::from(Arc::new(tls::server_config(tls))));
        let port = free_port();
        let service = service(port);
        let accept = move |listener, open| -> Accepting {
            Box::pin(accept(listener, open, tls.clone(), service.clone()))
        };
        let mut server = Self { port, accept: Box::new(accept), running: None };
        server.listen();
        server
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all its connections. Returns when they are cut and its port refuses new ones.
    pub(super) fn kill(&mut self) {
        let Some((runtime, open)) = self.running.take() else { return };
        runtime.shutdown_background();
        let start = Instant::now();
        // The runtime's thread drops the listener and the connections one after another.
        while Arc::strong_count(&open) > 1 || !refuses(self.port) {
            assert!(start.elapsed() < LIMIT, "the server is dead, but its port answers");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it and starts it again on the same port.
    pub(super) fn restart(&mut self) {
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
        let open = Arc::new(Open);
        runtime.spawn((self.accept)(listener, Arc::clone(&open)));
        self.running = Some((runtime, open));
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn accept<S, B>(listener: TcpListener, open: Arc<Open>, tls: Option<TlsAcceptor>, service: S)
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>>,
    S: Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>, Data: Send> + Send + 'static,
{
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        // An answer in two parts would wait for the client's acknowledgement of the first. A client
        // that is gone already is no matter.
        let _ = stream.set_nodelay(true);
        let (tls, service) = (tls.clone(), service.clone());
        // In this order they are dropped, should the task never begin.
        let connection = (stream, Arc::clone(&open));
        tokio::spawn(async move {
            let (stream, _open) = connection;
            match tls {
                // A client that does not trust the certificate ends here.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, service).await;
                    }
                }
                None => serve(stream, service).await,
            }
        });
    }
}

async fn serve<S, B>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, service: S)
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>> + Send,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>, Data: Send> + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    // A client may go at any time.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
