//! The compiled web shops, ended by a platform under load: no request is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backing_services_tests::servers::PostgreSql;
use reqwest::Client;
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::example::url;
use crate::postgres::OnPostgreSql;
use crate::shop::{Shop, order};

/// How long the shop serves on after it was asked to end.
const LEAVE: &str = "1s";
const CUSTOMERS: usize = 8;

async fn code(base: &str, path: &str) -> u16 {
    reqwest::get(format!("{base}{path}")).await.unwrap().status().as_u16()
}

/// A load balancer: it asks again and again, and ends when the shop is not ready any more.
fn balancer(base: String, is_ready: Arc<AtomicBool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while code(&base, "/ready").await == 200 {
            sleep(Duration::from_millis(20)).await;
        }
        is_ready.store(false, Ordering::SeqCst);
    })
}

/// Orders over one connection for as long as the balancer lets it; each order must be taken.
async fn customer(base: String, is_ready: Arc<AtomicBool>, numbers: Arc<AtomicU64>) -> u64 {
    let (client, mut taken) = (Client::new(), 0);
    while is_ready.load(Ordering::SeqCst) {
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let answer = order(&client, &base, number).await;
        let answer = answer.unwrap_or_else(|error| panic!("order {number} is lost: {error:?}"));
        assert_eq!(answer, 201, "order {number}");
        taken += 1;
    }
    taken
}

async fn loses_no_request(example: &'static str) {
    let database = Arc::new(PostgreSql::start());
    let database_url = url::<OnPostgreSql>("postgres", &database);
    let shop = Shop::start(example, &[("DATABASE_URL", &database_url), ("LEAVE", LEAVE)]).await;
    let base = shop.base.clone();
    for (path, kind) in [
        ("/live", "application/health+json"),
        ("/ready", "application/health+json"),
        ("/health", "application/health+json"),
        ("/status", "text/html; charset=utf-8"),
    ] {
        let answer = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], kind);
    }
    let report = reqwest::get(format!("{base}/health")).await.unwrap().text().await.unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["checks"]["db"][0]["status"], "pass");

    let (is_ready, numbers) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(1)));
    let balancer = balancer(base.clone(), Arc::clone(&is_ready));
    let mut customers = JoinSet::new();
    for _ in 0..CUSTOMERS {
        customers.spawn(customer(base.clone(), Arc::clone(&is_ready), Arc::clone(&numbers)));
    }
    let busy = async {
        while numbers.load(Ordering::SeqCst) < 200 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), busy).await.unwrap();

    // From here on no order comes to an end, for longer than the shop serves on.
    let lock = spawn_blocking({
        let database = Arc::clone(&database);
        move || database.sql("BEGIN; LOCK TABLE orders; SELECT pg_sleep(3); COMMIT")
    });
    sleep(Duration::from_millis(500)).await;
    let stopped = spawn_blocking(move || shop.running.stop());
    timeout(Duration::from_secs(1), balancer).await.expect("not ready at once").unwrap();
    assert_eq!(code(&base, "/live").await, 200, "it lives, and serves on");
    let (mut taken, late) = (0, Client::new());
    // Whoever has not heard of it yet is served, too.
    assert_eq!(order(&late, &base, 1_000_000).await.unwrap(), 201);
    while let Some(customer) = customers.join_next().await {
        taken += customer.unwrap();
    }
    lock.await.unwrap();
    timeout(Duration::from_secs(20), stopped).await.unwrap().unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM orders").trim(), (taken + 1).to_string());
    assert_eq!(numbers.load(Ordering::SeqCst), taken + 1, "all that were sent are taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axum_loses_no_request() {
    loses_no_request("shop_axum").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actix_loses_no_request() {
    loses_no_request("shop_actix").await;
}
