//! A primary that becomes a replica while its name still leads to it, then the name leads to the
//! other: an app that asks for a primary goes on by itself.

use std::time::{Duration, Instant};

use backing_services::{MySql, Postgres, Sql};
use backing_services_tests::servers::{MariaDb, Network, PostgreSql};

use crate::databases::{Database, Field, on_mariadb, on_postgresql};

const PATIENCE: Duration = Duration::from_secs(30);
const WRITE: &str = "INSERT INTO orders (number) VALUES (1)";

async fn writes_again(client: &impl Database) {
    let started = Instant::now();
    while let Err(error) = client.run(WRITE).await {
        assert!(started.elapsed() < PATIENCE, "it does not recover: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn is_on_no_primary<A: Field>(client: &A::Client) {
    let error = A::ping(client).await.expect_err("a replica is not what was asked for");
    assert!(error.to_string().starts_with("no server of the handle is of the kind"), "{error}");
}

async fn postgresql_fails_over<A: Field>() {
    let first = PostgreSql::start();
    first.sql("CREATE TABLE orders (number INT); GRANT ALL ON orders TO shop");
    let mut second = PostgreSql::replica_of(&first, None);
    let proxy = Network::to(first.port());
    let handle = on_postgresql(proxy.port())
        .param("target_session_attrs", "primary")
        .param("connect_timeout", "2s");
    let client = A::attach(&handle.build().unwrap()).await.unwrap();
    client.run(WRITE).await.unwrap();
    A::ping(&client).await.unwrap();

    let mut primary = first;
    for _ in 0..2 {
        let port = primary.port();
        primary.kill();
        second.promote();
        let old = PostgreSql::replica_of(&second, Some(port));
        client.run(WRITE).await.expect_err("the name leads to a replica");
        is_on_no_primary::<A>(&client).await;
        proxy.lead_to(second.port());
        writes_again(&client).await;
        A::ping(&client).await.unwrap();
        (primary, second) = (second, old);
    }
    A::close(client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_fails_over_and_back() {
    postgresql_fails_over::<Postgres>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_on_postgres_fails_over_and_back() {
    postgresql_fails_over::<Sql>().await;
}

/// Here the old primary keeps its connections.
async fn mariadb_fails_over<A: Field>() {
    let [first, second] = [(); 2].map(|()| MariaDb::start());
    for server in [&first, &second] {
        server.sql("CREATE TABLE orders (number INT)");
    }
    second.sql("SET GLOBAL read_only = 1");
    let proxy = Network::to(first.port());
    let handle = on_mariadb(proxy.port()).param("role", "primary").param("connect_timeout", "2s");
    let client = A::attach(&handle.build().unwrap()).await.unwrap();
    client.run(WRITE).await.unwrap();

    for (old, new) in [(&first, &second), (&second, &first)] {
        old.sql("SET GLOBAL read_only = 1");
        client.run(WRITE).await.expect_err("the name leads to a replica");
        is_on_no_primary::<A>(&client).await;
        new.sql("SET GLOBAL read_only = 0");
        proxy.lead_to(new.port());
        writes_again(&client).await;
        A::ping(&client).await.unwrap();
    }
    let replica = on_mariadb(second.port()).param("role", "replica").build().unwrap();
    second.sql("SET GLOBAL read_only = 1");
    A::attach(&replica).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_fails_over_and_back() {
    mariadb_fails_over::<MySql>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_on_mysql_fails_over_and_back() {
    mariadb_fails_over::<Sql>().await;
}
