//! A shop whose database can be replaced by another while nothing of the code changes: it answers
//! "maintenance" while its database is detached, or while `MAINTENANCE` says so.
//!
//! ```sh
//! DATABASE_URL=mysql://localhost/shop cargo run -p examples --example maintenance --features axum
//! curl -X PUT -d 'an analytical engine' http://localhost:8080/orders/1
//! curl http://localhost:8080/orders
//! ```
//!
//! To move it to another database: provision that one, start the shop with `MAINTENANCE=true`, dump
//! the old database and load the dump into the new one, clear `DATABASE_URL`, set it to the new
//! one, clear `MAINTENANCE`.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use backing_services::{BackingServices, MySql};
use sqlx::MySqlPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL")]
    db: Option<MySql>,
    /// Closes the shop while its database stays attached, so that nothing in it changes.
    #[setting(default = "false")]
    maintenance: bool,
    /// Where the shop listens.
    #[setting(default = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = Services::from_env()?;
    let clients = services.connect().await?;
    let db = clients.db.filter(|_| !services.maintenance);
    if let Some(db) = &db {
        let table = "CREATE TABLE IF NOT EXISTS orders (number BIGINT PRIMARY KEY, item TEXT)";
        sqlx::query(table).execute(db).await?;
    }

    let app = Router::new()
        .route("/orders", get(count))
        .route("/orders/{number}", put(order))
        .with_state(db);
    let listener = TcpListener::bind(services.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    // An order that was begun is answered before the next release of the shop takes over.
    let mut end = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            end.recv().await;
        })
        .await?;
    Ok(())
}

type Answer = (StatusCode, String);

fn maintenance() -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, "maintenance\n".to_owned())
}

fn failed(error: &sqlx::Error) -> Answer {
    eprintln!("{error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "try again\n".to_owned())
}

/// Takes an order. The customer chose its number: sent once more, it is still one order.
async fn order(
    State(db): State<Option<MySqlPool>>,
    Path(number): Path<i64>,
    item: String,
) -> Answer {
    let Some(db) = db else { return maintenance() };
    let insert = "INSERT IGNORE INTO orders (number, item) VALUES (?, ?)";
    match sqlx::query(insert).bind(number).bind(item).execute(&db).await {
        Ok(_) => (StatusCode::OK, format!("order {number} is taken\n")),
        Err(error) => failed(&error),
    }
}

/// How many orders there are.
async fn count(State(db): State<Option<MySqlPool>>) -> Answer {
    let Some(db) = db else { return maintenance() };
    match sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders").fetch_one(&db).await {
        Ok(count) => (StatusCode::OK, format!("{count} orders\n")),
        Err(error) => failed(&error),
    }
}
