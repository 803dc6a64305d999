//! The shop of the quickstart as a web app, on actix-web: orders over HTTP, migrations at the start,
//! health for a platform, a page for people, and an end that loses no request.
//!
//! ```sh
//! cargo run -p examples --example shop_actix --features shop_actix
//! curl -i -X PUT localhost:8080/orders/1 -H 'Content-Type: application/json' \
//!     -d '{"customer": "ada@example.com", "item": "an analytical engine"}'
//! curl -i localhost:8080/orders/1
//! curl -i localhost:8080/ready
//! ```
//!
//! With nothing set it keeps its orders in a SQLite file and its mail in a folder. `DATABASE_URL`
//! attaches MySQL or PostgreSQL, `CACHE_URL` Redis, `MAIL_URL` a mail server, in the environment or
//! in `.env`; what changes while the shop runs is followed. <http://localhost:8080/status> is the
//! page for people. `kill -TERM` is how a platform ends it.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, ServiceConfig, get, put};
use actix_web::{App, HttpResponse, HttpServer, ResponseError};
use backing_services::{
    Attached, BackingServices, Environment, Health, HealthAnswer, Mail, Redis, Sql,
};
use examples::shop::{self, Order, Taken};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite:shop.db?mode=rwc")]
    db: Sql,
    /// Orders once more, for a minute each.
    cache: Option<Redis>,
    /// Receipts.
    #[service(default = "file:outbox")]
    mail: Mail,
    /// The sender of receipts.
    #[setting(default = "shop@example.com")]
    sender: String,
    /// Where the shop listens.
    #[setting(default = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How long a load balancer takes to find out that the shop is not ready.
    #[setting(default = "5s")]
    leave: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let environment = Environment::process().with_dotenv(".env");
    let services = Attached::<Services>::start(environment).await?;
    shop::migrate(&services.clients().db).await?;

    let (state, asked) = (Data::new(services.clone()), services.health());
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).configure(routes).configure(|app| health(app, &asked))
    });
    let server = server.disable_signals().shutdown_timeout(20);
    let server = server.bind(services.services().listen)?;
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

/// The routes of the shop.
fn routes(app: &mut ServiceConfig) {
    app.route("/orders/{number}", get().to(order)).route("/orders/{number}", put().to(take_order));
}

/// The routes that a platform and people ask.
fn health(app: &mut ServiceConfig, health: &Health) {
    app.app_data(Data::new(health.clone()))
        .route("/live", get().to(async |it: Data<Health>| reply(&it.live())))
        .route("/ready", get().to(async |it: Data<Health>| reply(&it.ready().await)))
        .route("/health", get().to(async |it: Data<Health>| reply(&it.report().await)))
        .route("/status", get().to(async |it: Data<Health>| reply(&it.page().await)));
}

fn reply(answer: &HealthAnswer) -> HttpResponse {
    let code = StatusCode::from_u16(answer.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(code).content_type(answer.content_type()).body(answer.body())
}

/// The clients that are attached when the request comes are held until it is answered, so that
/// nothing is closed under it.
async fn take_order(
    services: Data<Attached<Services>>,
    number: Path<i64>,
    order: Json<Order>,
) -> Result<HttpResponse, Failed> {
    let (now, number) = (services.clients(), *number);
    Ok(match shop::take(&now.db, number, &order).await? {
        Taken::New => {
            let sender = &services.services().sender;
            shop::send_receipt(&now.mail, sender, number, &order).await;
            HttpResponse::Created().finish()
        }
        Taken::Before => HttpResponse::Ok().finish(),
        Taken::No => HttpResponse::Conflict().finish(),
    })
}

async fn order(
    services: Data<Attached<Services>>,
    number: Path<i64>,
) -> Result<HttpResponse, Failed> {
    let now = services.clients();
    Ok(match shop::find(&now.db, now.cache.clone(), *number).await? {
        Some(order) => HttpResponse::Ok().json(order),
        None => HttpResponse::NotFound().finish(),
    })
}

/// What a customer is told of it is nothing but that it failed.
#[derive(Debug)]
struct Failed(sqlx::Error);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Failed {
    fn error_response(&self) -> HttpResponse {
        eprintln!("{self}");
        HttpResponse::InternalServerError().body("try again\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;

    #[tokio::test]
    async fn an_order_is_taken_once_and_mailed_once() {
        let folder = tempfile::tempdir().unwrap();
        let db = format!("sqlite:{}/shop.db?mode=rwc", folder.path().display());
        let environment =
            Environment::from_pairs([("DATABASE_URL", &*db), ("MAIL_URL", "memory:")]);
        let services = Attached::<Services>::start(environment).await.unwrap();
        let clients = services.clients();
        shop::migrate(&clients.db).await.unwrap();
        let app = App::new().app_data(Data::new(services)).configure(routes);
        let app = init_service(app).await;

        let order = Order { customer: "ada@example.com".into(), item: "an engine".into() };
        let other = Order { item: "a machine".into(), ..order.clone() };
        let ask =
            async |request: TestRequest| call_service(&app, request.to_request()).await.status();
        let put = |order: &Order| TestRequest::put().uri("/orders/1").set_json(order);
        assert_eq!(ask(TestRequest::get().uri("/orders/1")).await, 404);
        assert_eq!(ask(put(&order)).await, 201);
        assert_eq!(ask(put(&order)).await, 200);
        assert_eq!(ask(put(&other)).await, 409);
        assert_eq!(ask(TestRequest::get().uri("/orders/1")).await, 200);
        assert_eq!(ask(put(&order).uri("/orders/one")).await, 404);
        let sent = clients.mail.sent();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].text().contains("Subject: Your order 1"), "{sent:?}");
    }
}
