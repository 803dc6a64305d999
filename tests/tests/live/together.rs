//! All resources of a struct at the same time.

use std::time::{Duration, Instant};

use backing_services::{BackingServices, Environment, Memcached, MySql, Smtp};
use backing_services_conformance::{Scripted, Server as _, Subject, free_port};
use backing_services_tests::servers::{self, MariaDb, Postfix};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::mysql;

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL", alias = "CLEARDB_DATABASE_URL")]
    db: MySql,
    mail: Smtp,
    cache: Option<Memcached>,
    #[service(nested)]
    reports: Option<Reports>,
}

#[derive(BackingServices)]
struct Reports {
    #[service(env = "DATABASE_URL")]
    db: MySql,
}

fn database(port: u16) -> String {
    let handle = mysql::OnMariaDb::handle("mysql").host("localhost").port(port).build().unwrap();
    handle.expose_url().to_owned()
}

#[tokio::test]
async fn everything_connects() {
    let (db, mail, cache) = (MariaDb::start(), Postfix::start(), servers::Memcached::start());
    let environment = Environment::from_pairs([
        ("DATABASE_URL", database(db.port())),
        ("MAIL_URL", format!("smtp://localhost:{}", mail.port())),
        ("CACHE_URL", format!("memcached://localhost:{}", cache.port())),
        ("REPORTS_DATABASE_URL", database(db.port())),
    ]);
    let clients = Services::load(&environment).unwrap().connect().await.unwrap();
    let (one,): (i64,) = sqlx::query_as("SELECT 1").fetch_one(&clients.db).await.unwrap();
    assert_eq!(one, 1);
    assert!(clients.mail.test_connection().await.unwrap());
    assert!(clients.cache.is_some() && clients.reports.is_some());
}

#[tokio::test]
async fn every_failure_is_told_and_the_slowest_sets_the_time() {
    let (silent, db) = (Scripted::silent(), MariaDb::start());
    let environment = Environment::from_pairs([
        ("CLEARDB_DATABASE_URL", format!("mysql://shop:wr0ng@localhost:{}/shop", db.port())),
        ("MAIL_URL", format!("smtp://localhost:{}?connect_timeout=2s", silent.port())),
        ("CACHE_URL", format!("memcached://localhost:{}?connect_timeout=2s", silent.port())),
        ("REPORTS_DATABASE_URL", database(free_port())),
    ]);
    let started = Instant::now();
    let report = Services::load(&environment).unwrap().connect().await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_millis(3500),
        "one after the other: {:?}",
        started.elapsed()
    );

    let told: Vec<_> =
        report.failures().iter().map(|f| (f.variable(), f.field(), f.cause())).collect();
    assert_eq!(
        told,
        [
            (
                "CLEARDB_DATABASE_URL",
                "Services::db",
                "access denied: the user name or the password is wrong"
            ),
            ("MAIL_URL", "Services::mail", "no answer within 2 s"),
            ("CACHE_URL", "Services::cache", "no answer within 2 s"),
            ("REPORTS_DATABASE_URL", "Services::reports.db", "connection refused"),
        ]
    );
    let text = report.to_string();
    assert!(text.starts_with("4 of 4 resources of `Services` did not connect\n"), "{text}");
    assert!(!text.contains("wr0ng"), "{text}");
}

#[derive(BackingServices)]
struct One {
    it: Memcached,
}

/// A server that comes up while the app is already connecting. It answers from this process: a real
/// one starts in its own time.
#[tokio::test]
async fn a_server_that_is_restarted_meanwhile_is_found() {
    let port = free_port();
    let environment =
        Environment::from_pairs([("IT_URL", format!("memcached://localhost:{port}"))]);

    let services = One::load(&environment).unwrap();
    let connecting = tokio::spawn(async move { services.connect().await.map(drop) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 64];
                while stream.read(&mut request).await.unwrap_or(0) > 0 {
                    stream.write_all(b"VERSION 1.6.18\r\n").await.unwrap();
                }
            });
        }
    });
    connecting.await.unwrap().unwrap();
}
