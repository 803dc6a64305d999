//! What connecting costs over a network with a round trip of 20 ms: the derived `connect`, which
//! ends when the resource has proven that it answers, and the bare driver's with the first thing
//! that proves the same.
//!
//! `cargo bench --bench connect [names of adapters]`
//!
//! The two sides take turns; the ratio is that of their medians. What comes out above 1.1, or takes
//! more than one connection, is marked with `!`.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]

use std::env;
use std::time::{Duration, Instant};

use backing_services::{
    BackingServices, Beanstalkd, CouchDb, Environment, Handle, HandleBuilder, Memcached, MySql,
    Nats, Postgres, RabbitMq, Redis, S3, Smtp, Sql,
};
use backing_services_conformance::Proxy;
use backing_services_tests::servers::{self, S3Server};
use futures_util::StreamExt as _;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use object_store::ObjectStore as _;
use object_store::aws::AmazonS3Builder;
use sqlx::{AnyPool, MySqlPool, PgPool};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const EACH_WAY: Duration = Duration::from_millis(10);
const ROUNDS: usize = 15;
const AIM: f64 = 1.1;

#[derive(BackingServices)]
struct Services {
    beanstalkd: Option<Beanstalkd>,
    couchdb: Option<CouchDb>,
    memcached: Option<Memcached>,
    mysql: Option<MySql>,
    nats: Option<Nats>,
    postgres: Option<Postgres>,
    rabbitmq: Option<RabbitMq>,
    redis: Option<Redis>,
    s3: Option<S3>,
    smtp: Option<Smtp>,
    sql: Option<Sql>,
}

fn main() {
    // Those with a dash are cargo's.
    let names: Vec<_> = env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| adapter | bare driver and its proof | ours | bare | ratio | connections |");
    println!("|---|---|---|---|---|---|");
    macro_rules! run {
        ($($name:ident)*) => {$(
            if names.is_empty() || names.iter().any(|name| name == stringify!($name)) {
                runtime.block_on($name());
            }
        )*};
    }
    run!(mysql postgres sql couchdb redis memcached rabbitmq beanstalkd nats smtp s3);
}

/// Prints a row of the table.
async fn compare(
    adapter: &str,
    proof: &str,
    server: u16,
    handle: impl Fn(u16) -> Handle,
    mut bare: impl AsyncFnMut(u16),
) {
    let proxy = Proxy::with_delay(server, EACH_WAY);
    let variable = format!("{}_URL", adapter.to_uppercase());
    let handle = handle(proxy.port());
    let environment = Environment::from_pairs([(variable.as_str(), handle.expose_url())]);
    let services = Services::load(&environment).expect("a handle");
    let before = proxy.connections();
    drop(services.connect().await.expect("a client"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let connections = proxy.connections() - before;
    bare(proxy.port()).await;

    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let clients = services.connect().await.expect("a client");
        ours.push(started.elapsed());
        drop(clients);
        let started = Instant::now();
        bare(proxy.port()).await;
        others.push(started.elapsed());
    }
    let [ours, bare] = [ours, others].map(|mut took| {
        took.sort();
        took[took.len() / 2].as_secs_f64() * 1000.0
    });
    let ratio = ours / bare;
    let mark = if ratio > AIM || connections != 1 { " !" } else { "" };
    println!(
        "| `{adapter}` | {proof} | {ours:.0} ms | {bare:.0} ms | {ratio:.2}{mark} | {connections} |"
    );
}

fn handle(scheme: &str, port: u16, complete: impl Fn(HandleBuilder) -> HandleBuilder) -> Handle {
    let builder = Handle::builder(scheme).host("127.0.0.1").port(port);
    complete(builder).build().expect("a handle")
}

async fn mysql() {
    let server = servers::MariaDb::start();
    let url = |port| {
        handle("mysql", port, |builder| {
            builder.username(server.user()).password(server.password()).name(server.database())
        })
    };
    compare("mysql", "a pool, `SELECT 1`", server.port(), url, async |port| {
        let pool = MySqlPool::connect(url(port).expose_url()).await.expect("a pool");
        sqlx::query("SELECT 1").execute(&pool).await.expect("an answer");
    })
    .await;
}

async fn sql() {
    let server = servers::MariaDb::start();
    let url = |port| {
        handle("mysql", port, |builder| {
            builder.username(server.user()).password(server.password()).name(server.database())
        })
    };
    sqlx::any::install_default_drivers();
    compare("sql", "a pool, `SELECT 1`", server.port(), url, async |port| {
        let pool = AnyPool::connect(url(port).expose_url()).await.expect("a pool");
        sqlx::query("SELECT 1").execute(&pool).await.expect("an answer");
    })
    .await;
}

async fn postgres() {
    let server = servers::PostgreSql::start();
    let url = |port| {
        handle("postgres", port, |builder| {
            builder.username(server.user()).password(server.password()).name(server.database())
        })
    };
    compare("postgres", "a pool, `SELECT 1`", server.port(), url, async |port| {
        let pool = PgPool::connect(url(port).expose_url()).await.expect("a pool");
        sqlx::query("SELECT 1").execute(&pool).await.expect("an answer");
    })
    .await;
}

async fn couchdb() {
    let server = servers::CouchDb::start();
    let (user, password) = (server.user(), server.password());
    let url = |port| {
        handle("couchdb", port, |builder| {
            builder.username(user).password(password).name(server.database())
        })
    };
    compare("couchdb", "the list of documents", server.port(), url, async |port| {
        let origin = format!("http://127.0.0.1:{port}");
        let client = couch_rs::Client::new(&origin, user, password).expect("a client");
        let database = client.db(server.database()).await.expect("a database");
        drop(database.get_all_raw().await.expect("an answer"));
    })
    .await;
}

async fn redis() {
    let server = servers::Redis::start();
    let url = |port| {
        handle("redis", port, |builder| {
            builder.username(servers::Redis::user()).password(servers::Redis::password()).name("2")
        })
    };
    compare("redis", "a connection manager, `PING`", server.port(), url, async |port| {
        let client = redis::Client::open(url(port).expose_url()).expect("a client");
        let mut manager = client.get_connection_manager().await.expect("a connection");
        let () = redis::cmd("PING").query_async(&mut manager).await.expect("an answer");
    })
    .await;
}

async fn memcached() {
    let server = servers::Memcached::start();
    let url = |port| handle("memcached", port, |builder| builder);
    compare("memcached", "by hand, `version`", server.port(), url, async |port| {
        ask(port, b"version\r\n", "VERSION ").await;
    })
    .await;
}

async fn beanstalkd() {
    let server = servers::Beanstalkd::in_memory();
    let url = |port| handle("beanstalkd", port, |builder| builder);
    compare("beanstalkd", "by hand, `list-tube-used`", server.port(), url, async |port| {
        ask(port, b"list-tube-used\r\n", "USING ").await;
    })
    .await;
}

/// A command over a connection of its own.
async fn ask(port: u16, command: &[u8], answer: &str) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let (mut stream, mut line) = (BufReader::new(stream), String::new());
    stream.write_all(command).await.expect("sent");
    stream.read_line(&mut line).await.expect("an answer");
    assert!(line.starts_with(answer), "{line}");
}

async fn rabbitmq() {
    let server = servers::RabbitMq::start();
    let url = |port| {
        handle("amqp", port, |builder| {
            builder.username(server.user()).password(server.password()).name(server.vhost())
        })
    };
    compare("rabbitmq", "a connection", server.port(), url, async |port| {
        let properties = lapin::ConnectionProperties::default();
        let url = url(port);
        let connection = lapin::Connection::connect(url.expose_url(), properties).await;
        drop(connection.expect("a connection"));
    })
    .await;
}

async fn nats() {
    let server = servers::Nats::start();
    let (user, password) = (server.user(), server.password());
    let url = |port| handle("nats", port, |builder| builder.username(user).password(password));
    compare("nats", "a connection", server.port(), url, async |port| {
        let options = async_nats::ConnectOptions::with_user_and_password(
            user.to_owned(),
            password.to_owned(),
        );
        // It has been answered with a pong when this returns.
        drop(options.connect(format!("127.0.0.1:{port}")).await.expect("a connection"));
    })
    .await;
}

async fn smtp() {
    let server = servers::Postfix::start();
    let url = |port| handle("smtp", port, |builder| builder);
    compare("smtp", "a transport, `NOOP`", server.port(), url, async |port| {
        let bare = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port);
        assert!(bare.build::<Tokio1Executor>().test_connection().await.expect("an answer"));
    })
    .await;
}

async fn s3() {
    let server = S3Server::start();
    let url = |port| {
        Handle::builder("s3")
            .username(S3Server::key())
            .password(S3Server::secret())
            .host(S3Server::bucket())
            .param("endpoint", format!("http://localhost:{port}"))
            .build()
            .expect("a handle")
    };
    compare("s3", "a list of the bucket", server.port(), url, async |port| {
        let bare = AmazonS3Builder::new()
            .with_bucket_name(S3Server::bucket())
            .with_access_key_id(S3Server::key())
            .with_secret_access_key(S3Server::secret())
            .with_endpoint(format!("http://localhost:{port}"))
            .with_allow_http(true);
        let bare = bare.build().expect("a store");
        assert!(bare.list(None).next().await.is_none(), "the bucket is empty");
    })
    .await;
}
