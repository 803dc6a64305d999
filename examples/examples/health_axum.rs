//! A shop behind a load balancer, on axum: it says whether it is ready, shows how its resources
//! are, follows a changed handle, and ends without losing a request.
//!
//! ```sh
//! cargo run -p examples --example health_axum --features axum
//! curl -i http://localhost:8080/health/ready
//! curl -X PUT http://localhost:8080/orders/1
//! ```
//!
//! <http://localhost:8080/status> is the page for people. `kill -TERM` is how a platform ends it.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, put};
use backing_services::adapters::sql::placeholders;
use backing_services::{Attached, BackingServices, Environment, Health, HealthAnswer, Sql};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite:shop.db?mode=rwc")]
    db: Sql,
    /// Where the shop listens.
    #[setting(default = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How long a load balancer takes to find out that the shop is not ready.
    #[setting(default = "5s")]
    leave: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = Attached::<Services>::start(Environment::process()).await?;
    let table = "CREATE TABLE IF NOT EXISTS orders (number BIGINT PRIMARY KEY)";
    sqlx::query(table).execute(&services.clients().db).await?;

    let app = Router::new()
        .route("/orders/{number}", put(order))
        .with_state(services.clone())
        .merge(health(services.health()));
    let listener = TcpListener::bind(services.services().listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut end = signal(SignalKind::terminate())?;
    let leaving = services.clone();
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            end.recv().await;
            // Not ready from now on; what still comes is served.
            leaving.begin_shutdown();
            sleep(leaving.services().leave).await;
        })
        .await?;
    // The last request is answered.
    let late = services.shutdown(Duration::from_secs(20)).await;
    if !late.is_empty() {
        eprintln!("did not end in time: {}", late.join(", "));
    }
    Ok(())
}

/// The routes that a platform and people ask.
fn health(health: Health) -> Router {
    type Asked = State<Health>;
    Router::new()
        .route("/health/live", get(|State(it): Asked| async move { reply(&it.live()) }))
        .route("/health/ready", get(|State(it): Asked| async move { reply(&it.ready().await) }))
        .route("/health", get(|State(it): Asked| async move { reply(&it.report().await) }))
        .route("/status", get(|State(it): Asked| async move { reply(&it.page().await) }))
        .with_state(health)
}

fn reply(answer: &HealthAnswer) -> impl IntoResponse + use<> {
    let code = StatusCode::from_u16(answer.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, [(header::CONTENT_TYPE, answer.content_type())], answer.body())
}

/// Takes an order. One snapshot of the clients is held to the end of the request.
async fn order(
    State(services): State<Attached<Services>>,
    Path(number): Path<i64>,
) -> (StatusCode, String) {
    let clients = services.clients();
    let insert = placeholders(&clients.db, "INSERT INTO orders (number) VALUES (?)");
    match sqlx::query(insert).bind(number).execute(&clients.db).await {
        Ok(_) => (StatusCode::OK, format!("order {number} is taken\n")),
        Err(error) => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "try again\n".to_owned())
        }
    }
}
