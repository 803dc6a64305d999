//! A database whose network goes silent while the app uses it: nothing is closed, nothing comes.

use std::time::Duration;

use backing_services::{HandleBuilder, MySql, Postgres, Sql};
use backing_services_conformance::Ca;
use backing_services_tests::servers::{MariaDb, Network, PostgreSql};
use tokio::time::timeout;

use crate::databases::{Database, Field, on_mariadb, on_postgresql};

/// What a test waits before it says that something hangs.
const PATIENCE: Duration = Duration::from_secs(10);

async fn survives_silence<A: Field>(proxy: &Network, handle: HandleBuilder) {
    let handle = handle.param("max_connections", "2").param("connect_timeout", "2s");
    let client = A::attach(&handle.build().unwrap()).await.unwrap();
    client.run("SELECT 1").await.unwrap();
    for _ in 0..2 {
        proxy.silence();
        // A query that is under way is the app's to bound, and gives its connection up.
        for _ in 0..3 {
            let cut_off = timeout(Duration::from_millis(300), client.run("SELECT 1")).await;
            assert!(!matches!(cut_off, Ok(Ok(()))));
        }
        // Everything else is bounded already.
        let refused = timeout(PATIENCE, client.run("SELECT 1")).await.unwrap();
        refused.expect_err("nothing comes");
        let ping = timeout(PATIENCE, A::ping(&client)).await.unwrap();
        ping.expect_err("nothing comes");
        proxy.speak();
        timeout(PATIENCE, client.run("SELECT 1")).await.unwrap().unwrap();
        A::ping(&client).await.unwrap();
    }

    // One that died while nobody used it is not handed out.
    let all = tokio::join!(client.run("SELECT 1"), client.run("SELECT 1"));
    assert!(all.0.is_ok() && all.1.is_ok());
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.silence();
    proxy.speak();
    for _ in 0..3 {
        timeout(PATIENCE, client.run("SELECT 1")).await.unwrap().unwrap();
    }

    // Closing ends, too.
    proxy.silence();
    timeout(PATIENCE, A::close(client)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_unencrypted() {
    let server = MariaDb::start();
    let proxy = Network::to(server.port());
    survives_silence::<MySql>(&proxy, on_mariadb(proxy.port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_unencrypted() {
    let server = PostgreSql::start();
    let proxy = Network::to(server.port());
    survives_silence::<Postgres>(&proxy, on_postgresql(proxy.port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_over_tls() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let server = MariaDb::with_tls(&certificate);
    let proxy = Network::to(server.port());
    let ca = certificate.ca();
    let handle = on_mariadb(proxy.port()).param("ssl-mode", "verify_identity");
    survives_silence::<MySql>(&proxy, handle.param("ssl-ca", ca.to_str().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_over_tls() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let server = PostgreSql::with_tls(&certificate);
    let proxy = Network::to(server.port());
    let ca = certificate.ca();
    let handle = on_postgresql(proxy.port()).param("sslmode", "verify-full");
    survives_silence::<Postgres>(&proxy, handle.param("sslrootcert", ca.to_str().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_on_both() {
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    let proxy = Network::to(mariadb.port());
    survives_silence::<Sql>(&proxy, on_mariadb(proxy.port())).await;
    let proxy = Network::to(postgresql.port());
    survives_silence::<Sql>(&proxy, on_postgresql(proxy.port())).await;
}
