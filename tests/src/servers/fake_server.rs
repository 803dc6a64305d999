//! A third party that no test can reach: an HTTP server that keeps what it is sent and answers as
//! the test says.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use backing_services_conformance::Tls;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::Service;

use super::http_server::HttpServer;

/// A request with its whole body.
pub type Request = http::Request<Bytes>;
/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// An HTTP server of the test's own.
pub struct FakeServer {
    server: HttpServer,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Box<dyn Fn(&Request) -> Response + Send + Sync>,
    requests: Mutex<Vec<Request>>,
}

#[derive(Clone)]
struct Answering(Arc<Shared>);

impl FakeServer {
    /// A server in clear text. `answer` runs on a thread of its own and may block.
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::run(None, answer)
    }

    /// A server that presents `tls`.
    pub fn with_tls(
        tls: &Tls,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self::run(Some(tls), answer)
    }

    fn run(
        tls: Option<&Tls>,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let shared =
            Arc::new(Shared { answer: Box::new(answer), requests: Mutex::new(Vec::new()) });
        let server = HttpServer::start(tls, |_| Answering(Arc::clone(&shared)));
        Self { server, shared }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// What it has been sent, in the order of the answers.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no panic while answering").clone()
    }

    /// Cuts all its connections. Returns when its port refuses new ones.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Ends it and starts it again on the same port. What it has been sent stays.
    pub fn restart(&mut self) {
        self.server.restart();
    }
}

impl Service<http::Request<Incoming>> for Answering {
    type Response = http::Response<Full<Bytes>>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let request = Request::from_parts(head, body);
            let answer = tokio::task::spawn_blocking(move || {
                let answer = (shared.answer)(&request);
                shared.requests.lock().expect("no panic while answering").push(request);
                answer
            });
            Ok(answer.await.expect("an answer").map(Full::new))
        })
    }
}

impl fmt::Debug for FakeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeServer").field("port", &self.port()).finish_non_exhaustive()
    }
}
