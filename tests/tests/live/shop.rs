//! The compiled web shops on real servers: orders over HTTP, health, and several that start at once.

use std::time::{Duration, Instant};

use backing_services::Redis;
use backing_services_conformance::free_port;
use backing_services_tests::servers::{self, MariaDb, Postfix, PostgreSql};
use redis::AsyncCommands as _;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::example::{self, Running, url};
use crate::http_api::connect;
use crate::mysql::OnMariaDb;
use crate::postgres::OnPostgreSql;
use crate::redis::OnRedis;

pub(crate) const SHOPS: [&str; 2] = ["shop_axum", "shop_actix"];

/// One process of an example.
pub(crate) struct Shop {
    pub(crate) base: String,
    pub(crate) running: Running,
}

impl Shop {
    /// Starts it with these variables, in a folder where it may leave its mail.
    pub(crate) async fn start(example: &'static str, variables: &[(&str, &str)]) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let mut command = example::command(example);
        command.env("LISTEN", &listen).env("MAIL_URL", "memory:").envs(variables.iter().copied());
        let running = spawn_blocking(|| Running::start(command)).await.unwrap();
        Self { base: format!("http://{listen}"), running }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        reqwest::get(format!("{}{path}", self.base)).await.unwrap()
    }

    /// Asks until the answer has this code.
    async fn becomes(&self, path: &str, code: StatusCode) {
        let started = Instant::now();
        while self.get(path).await.status() != code {
            assert!(started.elapsed() < Duration::from_mins(1), "{path} does not become {code}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Sends an order.
pub(crate) async fn order(client: &Client, base: &str, number: u64) -> reqwest::Result<StatusCode> {
    let order = json!({ "customer": "ada@example.com", "item": "an analytical engine" });
    let request = client.put(format!("{base}/orders/{number}")).body(order.to_string());
    Ok(request.header("content-type", "application/json").send().await?.status())
}

/// A database of the harness, and how to ask it.
trait Database {
    fn start() -> (Self, String)
    where
        Self: Sized;
    fn sql(&self, statement: &str) -> String;
    fn kill(&mut self);
    fn restart(&mut self);
}

macro_rules! database {
    ($server:ty, $subject:ty, $scheme:literal) => {
        impl Database for $server {
            fn start() -> (Self, String) {
                let server = <$server>::start();
                let url = url::<$subject>($scheme, &server);
                (server, url)
            }

            fn sql(&self, statement: &str) -> String {
                self.sql(statement)
            }

            fn kill(&mut self) {
                self.kill();
            }

            fn restart(&mut self) {
                self.restart();
            }
        }
    };
}

database!(PostgreSql, OnPostgreSql, "postgres");
database!(MariaDb, OnMariaDb, "mysql");

async fn an_order_is_stored_cached_and_mailed<D: Database>(example: &'static str) {
    let (database, database_url) = D::start();
    let (cache, mail) = (servers::Redis::start(), Postfix::start());
    let (cache_url, mail_url) =
        (url::<OnRedis>("redis", &cache), format!("smtp://localhost:{}", mail.port()));
    let variables =
        [("DATABASE_URL", &*database_url), ("CACHE_URL", &*cache_url), ("MAIL_URL", &*mail_url)];
    let shop = Shop::start(example, &variables).await;
    let client = Client::new();

    assert_eq!(shop.get("/orders/7").await.status(), 404);
    assert_eq!(order(&client, &shop.base, 7).await.unwrap(), 201);
    assert_eq!(order(&client, &shop.base, 7).await.unwrap(), 200, "it is still one order");
    let stored = database.sql("SELECT number, customer, item FROM orders");
    assert_eq!(stored, "7\tada@example.com\tan analytical engine\n");
    let receipts = mail.wait_for_mail("ada@example.com", Duration::from_secs(20));
    let [receipt] = &receipts[..] else { panic!("one receipt: {receipts:?}") };
    assert!(receipt.contains("Subject: Your order 7"), "{receipt}");
    assert!(receipt.contains("From: shop@example.com"), "{receipt}");

    let read: Value =
        serde_json::from_str(&shop.get("/orders/7").await.text().await.unwrap()).unwrap();
    assert_eq!(read, json!({ "customer": "ada@example.com", "item": "an analytical engine" }));
    let mut direct = connect::<Redis>(&cache_url).await;
    let rest: i64 = direct.ttl("order:7").await.unwrap();
    assert!((1..=60).contains(&rest), "{rest} s");
    // What is read now is what the cache has.
    database.sql("DELETE FROM orders");
    assert_eq!(shop.get("/orders/7").await.status(), 200);
    let _: () = direct.del("order:7").await.unwrap();
    assert_eq!(shop.get("/orders/7").await.status(), 404);

    let report = shop.get("/health").await.text().await.unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    for resource in ["db", "cache", "mail"] {
        assert_eq!(report["checks"][resource][0]["status"], "pass", "{report}");
    }
    let page = shop.get("/status").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("DATABASE_URL"));
    spawn_blocking(|| shop.running.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_axum_an_order_is_stored_cached_and_mailed() {
    an_order_is_stored_cached_and_mailed::<PostgreSql>("shop_axum").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_actix_an_order_is_stored_cached_and_mailed() {
    an_order_is_stored_cached_and_mailed::<MariaDb>("shop_actix").await;
}

async fn it_is_not_ready_while_the_database_is_away<D: Database>(example: &'static str) {
    let (mut database, database_url) = D::start();
    let shop = Shop::start(example, &[("DATABASE_URL", &database_url)]).await;
    shop.becomes("/ready", StatusCode::OK).await;
    database.kill();
    shop.becomes("/ready", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(shop.get("/live").await.status(), 200, "nobody is to restart it for that");
    assert_eq!(shop.get("/orders/1").await.status(), 500);
    database.restart();
    shop.becomes("/ready", StatusCode::OK).await;
    assert_eq!(order(&Client::new(), &shop.base, 1).await.unwrap(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axum_is_not_ready_while_the_database_is_away() {
    it_is_not_ready_while_the_database_is_away::<PostgreSql>("shop_axum").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actix_is_not_ready_while_the_database_is_away() {
    it_is_not_ready_while_the_database_is_away::<MariaDb>("shop_actix").await;
}

/// On a database that has no table yet.
async fn four_start_at_once<D: Database>() {
    let (database, database_url) = D::start();
    let variables = [("DATABASE_URL", &*database_url)];
    let shops = (0..4).map(|index| Shop::start(SHOPS[index % 2], &variables));
    let shops = futures_util::future::join_all(shops).await;
    let client = Client::new();
    for (number, shop) in (1..).zip(&shops) {
        assert_eq!(order(&client, &shop.base, number).await.unwrap(), 201);
        assert_eq!(shops[0].get(&format!("/orders/{number}")).await.status(), 200);
    }
    assert_eq!(database.sql("SELECT count(*) FROM _sqlx_migrations").trim(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_start_at_once_on_postgresql() {
    four_start_at_once::<PostgreSql>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_start_at_once_on_mariadb() {
    four_start_at_once::<MariaDb>().await;
}
