//! A shop whose database can be replaced by another while it runs: it answers "maintenance" while
//! its database is detached, or while `MAINTENANCE` says so.
//!
//! ```sh
//! echo 'DATABASE_URL=mysql://localhost/shop' >.env
//! cargo run -p examples --example maintenance --features axum
//! curl -X PUT -d 'an analytical engine' http://localhost:8080/orders/1
//! curl http://localhost:8080/orders
//! ```
//!
//! To move it to another database, without a restart: provision that one, write `MAINTENANCE=true`
//! to `.env`, dump the old database and load the dump into the new one, clear `DATABASE_URL`, set it
//! to the new one, clear `MAINTENANCE`. In the place of a `.env` file a deploy has what its platform
//! writes files with, such as a mounted secret.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use backing_services::{Attached, BackingServices, Environment, MySql};
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
    let services: Attached<Services> = Attached::builder()
        .poll(Duration::from_millis(500))
        .jitter(Duration::ZERO)
        .start(Environment::process().with_dotenv(".env"))
        .await?;
    create_table(&services).await?;

    let app = Router::new()
        .route("/orders", get(count))
        .route("/orders/{number}", put(order))
        .with_state(services.clone());
    let listener = TcpListener::bind(services.services().listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut changes = services.changes();
    let attached = services.clone();
    tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            eprintln!("{change}");
            if let Err(error) = create_table(&attached).await {
                eprintln!("{error}");
            }
        }
    });
    // An order that was begun is answered before the shop ends.
    let mut end = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            end.recv().await;
        })
        .await?;
    services.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// A database that is new has no table.
async fn create_table(services: &Attached<Services>) -> Result<(), sqlx::Error> {
    let table = "CREATE TABLE IF NOT EXISTS orders (number BIGINT PRIMARY KEY, item TEXT)";
    match &services.clients().db {
        Some(db) => sqlx::query(table).execute(db).await.map(drop),
        None => Ok(()),
    }
}

type Answer = (StatusCode, String);

/// The database, unless the shop is closed.
fn open<'a>(services: &Attached<Services>, clients: &'a ServicesClients) -> Option<&'a MySqlPool> {
    clients.db.as_ref().filter(|_| !services.services().maintenance)
}

fn maintenance() -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, "maintenance\n".to_owned())
}

fn failed(error: &sqlx::Error) -> Answer {
    eprintln!("{error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "try again\n".to_owned())
}

/// Takes an order. The customer chose its number: sent once more, it is still one order.
async fn order(
    State(services): State<Attached<Services>>,
    Path(number): Path<i64>,
    item: String,
) -> Answer {
    let clients = services.clients(); // held until the order is written
    let Some(db) = open(&services, &clients) else { return maintenance() };
    let insert = "INSERT IGNORE INTO orders (number, item) VALUES (?, ?)";
    match sqlx::query(insert).bind(number).bind(item).execute(db).await {
        Ok(_) => (StatusCode::OK, format!("order {number} is taken\n")),
        Err(error) => failed(&error),
    }
}

/// How many orders there are.
async fn count(State(services): State<Attached<Services>>) -> Answer {
    let clients = services.clients();
    let Some(db) = open(&services, &clients) else { return maintenance() };
    match sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders").fetch_one(db).await {
        Ok(count) => (StatusCode::OK, format!("{count} orders\n")),
        Err(error) => failed(&error),
    }
}
