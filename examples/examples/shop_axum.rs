//! The shop of the quickstart as a web app, on axum: orders over HTTP, migrations at the start,
//! health for a platform, a page for people, and an end that loses no request.
//!
//! ```sh
//! cargo run -p examples --example shop_axum --features shop_axum
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
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use backing_services::adapters::mail::MailTransport;
use backing_services::{
    Attached, BackingServices, Environment, Health, HealthAnswer, Mail, Redis, Sql,
};
use examples::shop::{self, Order, Taken};
use redis::aio::ConnectionManager;
use sqlx::AnyPool;
use sqlx::migrate::MigrateError;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tower::ServiceExt as _;

/// What the shop consumes over the network. Its clients are the state of the routes.
#[derive(BackingServices, Clone)]
#[services(clients(name = "App", derive(FromRef)))]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite:shop.db?mode=rwc", client = AnyPool)]
    db: Sql,
    /// Orders once more, for a minute each.
    #[service(client = ConnectionManager)]
    cache: Option<Redis>,
    /// Receipts.
    #[service(default = "file:outbox", client = MailTransport)]
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
    migrate(&services.clients()).await?;

    let app = follow(services.clone(), routes()).merge(health(services.health()));
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

async fn migrate(app: &App) -> Result<(), MigrateError> {
    shop::migrate(&app.db).await
}

/// The routes of the shop, each with the clients that it names.
fn routes() -> Router<App> {
    Router::new().route("/orders/{number}", get(order).put(take_order))
}

/// Gives each request the clients and settings that are attached when it comes. The snapshot is held
/// until it is answered, so that nothing is closed under it.
fn follow(services: Attached<Services>, routes: Router<App>) -> Router {
    Router::new().fallback(move |mut request: Request| {
        let (now, routes) = (services.clients(), routes.clone());
        request.extensions_mut().insert(services.services());
        async move { routes.with_state(App::clone(&now)).oneshot(request).await }
    })
}

/// The routes that a platform and people ask.
fn health(health: Health) -> Router {
    type Asked = State<Health>;
    Router::new()
        .route("/live", get(|State(it): Asked| async move { reply(&it.live()) }))
        .route("/ready", get(|State(it): Asked| async move { reply(&it.ready().await) }))
        .route("/health", get(|State(it): Asked| async move { reply(&it.report().await) }))
        .route("/status", get(|State(it): Asked| async move { reply(&it.page().await) }))
        .with_state(health)
}

fn reply(answer: &HealthAnswer) -> impl IntoResponse + use<> {
    let code = StatusCode::from_u16(answer.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, [(header::CONTENT_TYPE, answer.content_type())], answer.body())
}

async fn take_order(
    State(db): State<AnyPool>,
    State(mail): State<MailTransport>,
    Extension(services): Extension<Arc<Services>>,
    Path(number): Path<i64>,
    Json(order): Json<Order>,
) -> Result<StatusCode, Failed> {
    Ok(match shop::take(&db, number, &order).await? {
        Taken::New => {
            shop::send_receipt(&mail, &services.sender, number, &order).await;
            StatusCode::CREATED
        }
        Taken::Before => StatusCode::OK,
        Taken::No => StatusCode::CONFLICT,
    })
}

async fn order(
    State(db): State<AnyPool>,
    State(cache): State<Option<ConnectionManager>>,
    Path(number): Path<i64>,
) -> Result<Response, Failed> {
    let found = shop::find(&db, cache, number).await?;
    Ok(found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |it| Json(it).into_response()))
}

/// What a customer is told of it is nothing but that it failed.
struct Failed(sqlx::Error);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, "try again\n").into_response()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::body::Body;
    use axum::http::Method;
    use backing_services::testing::Isolated;

    use super::*;

    async fn ask(app: &Router, method: Method, path: &str, body: &str) -> StatusCode {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        app.clone().oneshot(request).await.unwrap().status()
    }

    /// With nothing set, on a SQLite file and a mailbox that no other test has.
    #[backing_services::test(migrate = migrate)]
    async fn an_order_is_taken_once_and_mailed_once(services: Isolated<Services>) {
        let clients = services.clients();
        let settings = Extension(Arc::new(services.services().clone()));
        let app = routes().with_state(clients.clone()).layer(settings);

        let order = r#"{"customer": "ada@example.com", "item": "an analytical engine"}"#;
        assert_eq!(ask(&app, Method::GET, "/orders/1", "").await, 404);
        assert_eq!(ask(&app, Method::PUT, "/orders/1", order).await, 201);
        assert_eq!(ask(&app, Method::PUT, "/orders/1", order).await, 200);
        let other = order.replace("engine", "machine");
        assert_eq!(ask(&app, Method::PUT, "/orders/1", &other).await, 409);
        assert_eq!(ask(&app, Method::GET, "/orders/1", "").await, 200);
        assert_eq!(ask(&app, Method::PUT, "/orders/one", order).await, 400);
        let sent = clients.mail.sent();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].text().contains("Subject: Your order 1"), "{sent:?}");
    }
}
