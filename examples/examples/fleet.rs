//! A shop of which many instances run: all read their variables from one etcd, follow each change
//! without a restart, and connect anew two at a time.
//!
//! ```sh
//! etcdctl put shop/DATABASE_URL postgres://localhost/shop
//! ETCD_URL=etcd://localhost/shop/ cargo run -p examples --example fleet --features fleet
//! curl http://localhost:8080/now
//! etcdctl put shop/DATABASE_URL postgres://other.example/shop
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use backing_services::{Attached, BackingServices, Environment, Etcd, Handle, Postgres, Secret};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What each instance is told by its environment alone.
#[derive(BackingServices)]
struct Instance {
    /// Where the variables of all instances are.
    #[setting]
    etcd_url: Secret,
    /// Where this one listens.
    #[setting(default = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// For how long instances wait by chance, so that not all connect anew at once.
    #[setting(default = "10s")]
    jitter: Duration,
}

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: Postgres,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let instance = Instance::from_env()?;
    let etcd = Etcd::new(&Handle::parse(instance.etcd_url.expose())?)?.at_most(2);
    let services: Attached<Services> = Attached::builder()
        .source(etcd)
        .jitter(instance.jitter)
        .start(Environment::process())
        .await?;

    let app = Router::new().route("/now", get(now)).with_state(services.clone());
    let listener = TcpListener::bind(instance.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut end = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            end.recv().await;
        })
        .await?;
    services.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// Which generation of the clients answered, and what the database says.
async fn now(State(services): State<Attached<Services>>) -> (StatusCode, String) {
    let generation = services.generation();
    let clients = services.clients(); // held to the end of the request
    let now = sqlx::query_scalar::<_, String>("SELECT now()::text").fetch_one(&clients.db).await;
    match now {
        Ok(now) => (StatusCode::OK, format!("{generation} {now}\n")),
        Err(error) => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "try again\n".to_owned())
        }
    }
}
