//! A database that is killed and comes back while the app writes to it: the same pool goes on, what
//! was acknowledged is there, and nothing is there twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backing_services::{Adapter, Connect, Handle, MySql, Postgres, Sql};
use backing_services_conformance::{Server, Subject};
use backing_services_tests::servers::{MariaDb, PostgreSql};
use sqlx::{AnyPool, MySqlPool, PgPool};

use crate::{mysql, postgres};

const TASKS: usize = 6;
const KILLS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);

trait Orders: Clone + Send + Sync + 'static {
    async fn create(&self) -> Result<(), sqlx::Error>;

    /// Once: again with the same key it changes nothing.
    fn write(&self, key: String) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

const TABLE: &str = "CREATE TABLE orders (number SERIAL, order_key VARCHAR(40) NOT NULL UNIQUE)";
const WRITE_MYSQL: &str = "INSERT IGNORE INTO orders (order_key) VALUES (?)";
const WRITE_POSTGRES: &str = "INSERT INTO orders (order_key) VALUES ($1) ON CONFLICT DO NOTHING";

impl Orders for MySqlPool {
    async fn create(&self) -> Result<(), sqlx::Error> {
        sqlx::query(TABLE).execute(self).await.map(drop)
    }

    async fn write(&self, key: String) -> Result<(), sqlx::Error> {
        sqlx::query(WRITE_MYSQL).bind(key).execute(self).await.map(drop)
    }
}

impl Orders for PgPool {
    async fn create(&self) -> Result<(), sqlx::Error> {
        sqlx::query(TABLE).execute(self).await.map(drop)
    }

    async fn write(&self, key: String) -> Result<(), sqlx::Error> {
        sqlx::query(WRITE_POSTGRES).bind(key).execute(self).await.map(drop)
    }
}

impl Orders for AnyPool {
    async fn create(&self) -> Result<(), sqlx::Error> {
        sqlx::query(TABLE).execute(self).await.map(drop)
    }

    async fn write(&self, key: String) -> Result<(), sqlx::Error> {
        let is_postgres = self.connect_options().database_url.scheme() == "postgres";
        let write = if is_postgres { WRITE_POSTGRES } else { WRITE_MYSQL };
        sqlx::query(write).bind(key).execute(self).await.map(drop)
    }
}

#[derive(Default)]
struct Book {
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    is_over: AtomicBool,
}

/// Writes order after order, each until it is acknowledged. Gives the keys.
async fn sell(orders: impl Orders, task: usize, book: Arc<Book>) -> Vec<String> {
    let mut keys = Vec::new();
    while !book.is_over.load(Ordering::SeqCst) {
        let key = format!("{task}-{}", keys.len());
        let started = Instant::now();
        while let Err(error) = orders.write(key.clone()).await {
            book.refused.fetch_add(1, Ordering::SeqCst);
            assert!(started.elapsed() < PATIENCE, "the pool does not recover: {error}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        book.acknowledged.fetch_add(1, Ordering::SeqCst);
        keys.push(key);
    }
    keys
}

/// Until so many more are acknowledged.
async fn wait_for(book: &Book, more: usize) {
    let (before, started) = (book.acknowledged.load(Ordering::SeqCst), Instant::now());
    while book.acknowledged.load(Ordering::SeqCst) < before + more {
        assert!(started.elapsed() < PATIENCE, "nothing is written any more");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn survives<A, S>(mut server: S, handle: Handle, sql: fn(&S, &str) -> String)
where
    A: Adapter + Connect<Client: Orders>,
    S: Server + Send + 'static,
{
    let client = A::from_handle(&handle).unwrap().connect().await.unwrap();
    client.create().await.unwrap();
    let book = Arc::new(Book::default());
    let sellers: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(sell(client.clone(), task, Arc::clone(&book))))
        .collect();

    for _ in 0..KILLS {
        wait_for(&book, 50).await;
        let refused = book.refused.load(Ordering::SeqCst);
        server = tokio::task::spawn_blocking(move || {
            server.kill();
            server
        })
        .await
        .unwrap();
        A::ping(&client).await.expect_err("the server is dead");
        let started = Instant::now();
        while book.refused.load(Ordering::SeqCst) == refused {
            assert!(started.elapsed() < PATIENCE, "nobody noticed that the server was dead");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server = tokio::task::spawn_blocking(move || {
            server.restart();
            server
        })
        .await
        .unwrap();
    }
    wait_for(&book, 50).await;
    book.is_over.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for seller in sellers {
        acknowledged.extend(seller.await.unwrap());
    }

    let written = sql(&server, "SELECT order_key FROM orders");
    let written: Vec<_> = written.lines().map(str::to_owned).collect();
    let once: BTreeSet<_> = written.iter().cloned().collect();
    assert_eq!(written.len(), once.len(), "an order is there twice");
    let lost: Vec<_> = acknowledged.iter().filter(|key| !once.contains(*key)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(acknowledged.len(), written.len(), "an order is there that nobody wrote");
    assert!(acknowledged.len() >= 50 * (KILLS + 1));
    A::ping(&client).await.unwrap();
}

fn mariadb() -> (MariaDb, Handle) {
    let server = MariaDb::start();
    let handle = mysql::OnMariaDb::handle("mysql").host("localhost").port(server.port());
    (server, handle.build().unwrap())
}

fn postgresql() -> (PostgreSql, Handle) {
    let server = PostgreSql::start();
    let handle = postgres::OnPostgreSql::handle("postgres").host("localhost").port(server.port());
    (server, handle.build().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_goes_on() {
    let (server, handle) = mariadb();
    survives::<MySql, _>(server, handle, MariaDb::sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_on() {
    let (server, handle) = postgresql();
    survives::<Postgres, _>(server, handle, PostgreSql::sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_on_mysql_goes_on() {
    let (server, handle) = mariadb();
    survives::<Sql, _>(server, handle, MariaDb::sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_on_postgres_goes_on() {
    let (server, handle) = postgresql();
    survives::<Sql, _>(server, handle, PostgreSql::sql).await;
}
