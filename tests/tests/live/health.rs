//! What a running app says of servers that are busy, die and come back.

use std::time::{Duration, Instant};

use backing_services::{Attached, BackingServices, Environment, HealthStatus, Postgres, Redis};
use backing_services_tests::servers::{self, PostgreSql};
use serde_json::Value;
use tokio::time::sleep;

use crate::example::url;
use crate::postgres::OnPostgreSql;
use crate::redis::OnRedis;

#[derive(BackingServices)]
struct Services {
    db: Postgres,
    cache: Option<Redis>,
}

async fn start(db: &PostgreSql, cache: Option<&servers::Redis>) -> Attached<Services> {
    let db = format!("{}?max_connections=3", url::<OnPostgreSql>("postgres", db));
    let cache = cache.map(|cache| url::<OnRedis>("redis", cache)).unwrap_or_default();
    Attached::start(Environment::from_pairs([("DB_URL", db), ("CACHE_URL", cache)])).await.unwrap()
}

/// Probes as a platform does until the app is as expected; how long that took. No probe may wait.
async fn becomes(services: &Attached<Services>, code: u16, status: HealthStatus) -> Duration {
    let (health, started) = (services.health(), Instant::now());
    loop {
        let asked = Instant::now();
        let answer = health.ready().await;
        assert!(asked.elapsed() < Duration::from_secs(1), "a probe waits");
        if (answer.code(), answer.status()) == (code, status) {
            return started.elapsed();
        }
        assert!(started.elapsed() < Duration::from_secs(40), "it stays {}", answer.status());
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_warns_and_gets_no_connection_more() {
    let db = PostgreSql::start();
    let services = start(&db, None).await;
    let (health, clients) = (services.health(), services.clients());
    let connections = || {
        let all = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'";
        db.sql(all).trim().parse::<u32>().unwrap()
    };
    let taken = [clients.db.acquire().await.unwrap(), clients.db.acquire().await.unwrap()];
    let last = clients.db.acquire().await.unwrap();
    assert_eq!(connections(), 3);
    becomes(&services, 200, HealthStatus::Warn).await;
    let details = health.report_with_details().await.body();
    let details: Value = serde_json::from_str(&details).unwrap();
    assert_eq!(details["checks"]["db"][0]["output"], "the pool has no connection to spare");
    // The last one that is free is left to the app: whoever wants it need not wait for a check.
    drop(last);
    for _ in 0..60 {
        health.ready().await;
        assert_eq!((connections(), clients.db.num_idle()), (3, 1));
        sleep(Duration::from_millis(100)).await;
    }
    drop(taken);
    becomes(&services, 200, HealthStatus::Pass).await;
    services.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_and_comes_back() {
    let (mut db, mut cache) = (PostgreSql::start(), servers::Redis::start());
    let services = start(&db, Some(&cache)).await;
    becomes(&services, 200, HealthStatus::Pass).await;

    cache.kill();
    becomes(&services, 200, HealthStatus::Warn).await;
    let body = services.health().report_with_details().await.body();
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["checks"]["cache"][0]["status"], "warn");
    assert_eq!(report["checks"]["db"][0]["status"], "pass");
    for secret in ["localhost", "127.0.0.1", &db.port().to_string(), servers::Redis::password()] {
        assert!(!body.contains(secret), "{body}");
    }
    cache.restart();
    becomes(&services, 200, HealthStatus::Pass).await;

    db.kill();
    let took = becomes(&services, 503, HealthStatus::Fail).await;
    assert!(took > Duration::from_secs(5), "three failures in a row: {took:?}");
    db.restart();
    becomes(&services, 200, HealthStatus::Pass).await;
    services.shutdown(Duration::from_secs(5)).await;
}
