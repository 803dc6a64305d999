//! An app on axum whose routes use a resource that is attached, and customers who ask it without a
//! pause for as long as a test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::serve::ListenerExt as _;
use backing_services::{Attached, BackingServices};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Customers, each with one connection to the app.
const CUSTOMERS: usize = 4;

pub(crate) type Routes<Services> = Router<Attached<Services>>;
pub(crate) type Answer = (StatusCode, String);

pub(crate) fn answer(result: Result<(), String>) -> Answer {
    match result {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// The routes of an app: `/use` writes and reads, `/ping` only asks. Each request takes one
/// snapshot of the clients and holds it to its end.
macro_rules! routes {
    ($services:ty, $field:ident: $subject:ty) => {{
        use ::axum::extract::State;
        use ::axum::routing::{get, post};
        use ::backing_services::{Attached, Connect};
        use ::backing_services_conformance::Subject;
        use $crate::load::{Answer, answer};

        type App = State<Attached<$services>>;

        async fn used(State(services): App) -> Answer {
            let clients = services.clients();
            answer(<$subject as Subject>::use_it(&clients.$field).await)
        }

        async fn pinged(State(services): App) -> Answer {
            let clients = services.clients();
            let ping = <<$subject as Subject>::Adapter as Connect>::ping(&clients.$field).await;
            answer(ping.map_err(|error| error.to_string()))
        }

        ::axum::Router::new().route("/use", post(used)).route("/ping", get(pinged))
    }};
}
pub(crate) use routes;

/// An app under load.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    customers: Vec<JoinHandle<Vec<String>>>,
    end: oneshot::Sender<()>,
    app: JoinHandle<()>,
}

impl Load {
    pub(crate) async fn start<Services>(
        services: &Attached<Services>,
        routes: Routes<Services>,
    ) -> Self
    where
        Services: BackingServices + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let listener = listener.tap_io({
            let connections = Arc::clone(&connections);
            move |_| {
                connections.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (end, ended) = oneshot::channel::<()>();
        let app = axum::serve(listener, routes.with_state(services.clone()))
            .with_graceful_shutdown(async { drop(ended.await) });
        let app = tokio::spawn(async { app.await.unwrap() });

        let (is_over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let customers = (0..CUSTOMERS).map(|customer| {
            let (base, is_over, done) = (base.clone(), Arc::clone(&is_over), Arc::clone(&done));
            tokio::spawn(async move {
                let client = Client::builder().pool_max_idle_per_host(1).build().unwrap();
                let mut failed = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    // One writes and reads; what it writes is not for two at a time.
                    let request = if customer == 0 {
                        client.post(format!("{base}/use"))
                    } else {
                        client.get(format!("{base}/ping"))
                    };
                    match told(request).await {
                        Ok(()) => {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => failed.push(error),
                    }
                    sleep(Duration::from_millis(2)).await;
                }
                failed
            })
        });
        Self { customers: customers.collect(), is_over, done, connections, end, app }
    }

    /// How many requests there were, none of which failed, each customer's over one connection.
    pub(crate) async fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        for customer in self.customers {
            assert_eq!(customer.await.unwrap(), Vec::<String>::new());
        }
        assert_eq!(self.connections.load(Ordering::Relaxed), CUSTOMERS);
        drop(self.end);
        self.app.await.unwrap();
        self.done.load(Ordering::Relaxed)
    }
}

async fn told(request: reqwest::RequestBuilder) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = answer.status();
    let text = answer.text().await.map_err(|error| format!("{error:?}"))?;
    if status.is_success() { Ok(()) } else { Err(format!("{status}: {text}")) }
}
