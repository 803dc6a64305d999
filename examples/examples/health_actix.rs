//! A shop behind a load balancer, on actix-web: it says whether it is ready, shows how its
//! resources are, follows a changed handle, and ends without losing a request.
//!
//! ```sh
//! cargo run -p examples --example health_actix --features actix
//! curl -i http://localhost:8080/health/ready
//! curl -X PUT http://localhost:8080/orders/1
//! ```
//!
//! <http://localhost:8080/status> is the page for people. `kill -TERM` is how a platform ends it.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, get, put};
use actix_web::{App, HttpResponse, HttpServer};
use backing_services::adapters::sql::placeholders;
use backing_services::{Attached, BackingServices, Environment, Health, HealthAnswer, Sql};
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

    let (orders, health) = (Data::new(services.clone()), Data::new(services.health()));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(orders.clone())
            .app_data(health.clone())
            .route("/orders/{number}", put().to(order))
            .route("/health/live", get().to(async |it: Data<Health>| reply(&it.live())))
            .route("/health/ready", get().to(async |it: Data<Health>| reply(&it.ready().await)))
            .route("/health", get().to(async |it: Data<Health>| reply(&it.report().await)))
            .route("/status", get().to(async |it: Data<Health>| reply(&it.page().await)))
    });
    let server = server.disable_signals().bind(services.services().listen)?;
    println!("listening on {}", services.services().listen);
    let server = server.run();
    let mut end = signal(SignalKind::terminate())?;
    let (leaving, handle) = (services.clone(), server.handle());
    tokio::spawn(async move {
        end.recv().await;
        // Not ready from now on; what still comes is served.
        leaving.begin_shutdown();
        sleep(leaving.services().leave).await;
        handle.stop(true).await;
    });
    server.await?;
    // The last request is answered.
    let late = services.shutdown(Duration::from_secs(20)).await;
    if !late.is_empty() {
        eprintln!("did not end in time: {}", late.join(", "));
    }
    Ok(())
}

fn reply(answer: &HealthAnswer) -> HttpResponse {
    let code = StatusCode::from_u16(answer.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(code).content_type(answer.content_type()).body(answer.body())
}

/// Takes an order. One snapshot of the clients is held to the end of the request.
async fn order(services: Data<Attached<Services>>, number: Path<i64>) -> HttpResponse {
    let clients = services.clients();
    let insert = placeholders(&clients.db, "INSERT INTO orders (number) VALUES (?)");
    match sqlx::query(insert).bind(*number).execute(&clients.db).await {
        Ok(_) => HttpResponse::Ok().body(format!("order {number} is taken\n")),
        Err(error) => {
            eprintln!("{error}");
            HttpResponse::InternalServerError().body("try again\n")
        }
    }
}
