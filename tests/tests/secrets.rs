//! No byte of a secret shows in any `Debug`, `Display`, error or log, whatever is wrong with the
//! handle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fmt::{Debug, Display};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use backing_services::{Adapter, BackingServices, Connect, Environment, Error, Handle};
use backing_services_conformance::{Scripted, Server as _, free_port};
use backing_services_tests::servers::FakeServer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// None is a part of another, and none stands in a message by chance.
/// The last is the beginning of `uZ8user:pZ8word` as Basic authentication has it.
const SECRETS: [&str; 6] = ["uZ8user", "pZ8word", "tZ8oken", "vZ8alue", "hZ8ead", "dVo4dXNlcjpw"];

/// Everything that was shown, and every log line at the finest level.
static SHOWN: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(|| {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let writer = Sink(Arc::clone(&shown));
    // The S3 server of the harness lives in this process too, and logs what it is sent.
    let ours = filter_fn(|log| !log.target().starts_with("s3s"));
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    tracing_subscriber::registry().with(layer.with_filter(ours)).init();
    shown
});

#[derive(Clone)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn show(value: impl Debug) {
    writeln!(Sink(Arc::clone(&SHOWN)), "{value:?} {value:#?}").unwrap();
}

fn show_error(error: impl Debug + Display) {
    writeln!(Sink(Arc::clone(&SHOWN)), "{error}").unwrap();
    show(error);
}

/// Looks through all that was shown since the last time, and gives it back.
fn assert_nothing_leaked(what: &str) -> String {
    let shown = String::from_utf8_lossy(&std::mem::take(&mut *SHOWN.lock().unwrap())).into_owned();
    assert!(!shown.is_empty(), "nothing was shown at all");
    for secret in SECRETS {
        for form in [secret.to_owned(), secret.to_lowercase(), secret[..4].to_owned()] {
            if let Some(at) = shown.find(&form) {
                let start = shown[..at].rfind('\n').map_or(0, |at| at + 1);
                let line = shown[start..].lines().next().unwrap_or_default();
                panic!("{what}: `{form}` shows in: {line}");
            }
        }
    }
    shown
}

/// The tests take turns, because all of them write into one log.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

macro_rules! adapters {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
    $(
        mod $module {
            use super::*;

            #[derive(BackingServices, Debug)]
            pub(super) struct Services {
                #[service(env = "IT_URL")]
                pub(super) it: backing_services::$adapter,
            }

            /// All that an app, a test or a log can get to see of one handle, without a connection.
            pub(super) fn glance(url: &str) {
                match Handle::parse(url) {
                    Ok(handle) => {
                        show_error(&handle);
                        show(handle.hosts());
                        match <backing_services::$adapter>::from_handle(&handle) {
                            Ok(adapter) => show(adapter),
                            Err(error) => show_error(error),
                        }
                    }
                    Err(error) => show_error(error),
                }
                load(&Environment::from_pairs([("IT_URL", url)]));
            }

            /// The same through every way into the environment.
            pub(super) fn look(url: &str) {
                glance(url);
                let folder = tempfile::tempdir().unwrap();
                let (file, dotenv) = (folder.path().join("secret"), folder.path().join(".env"));
                std::fs::write(&file, url).unwrap();
                std::fs::write(&dotenv, format!("IT_URL={url}\nX={url}")).unwrap();
                for environment in [
                    Environment::from_pairs([("IT_URL_FILE", file.to_str().unwrap())]),
                    Environment::from_pairs([("IT_URL_FILE", url)]),
                    Environment::from_pairs([("IT_URL", url), ("IT_URL_FILE", url)]),
                    Environment::from_pairs([("IT_ULR", url)]),
                    Environment::default().with_dotenv(&dotenv),
                    Environment::from_pairs([("CREDENTIALS_DIRECTORY", credentials(&folder, url))]),
                    Environment::from_pairs([("SERVICE_BINDING_ROOT", bindings(&folder, url))]),
                    Environment::from_pairs([("VCAP_SERVICES", services(url))]),
                    Environment::from_pairs([("VCAP_SERVICES", url)]),
                    Environment::from_pairs([("IT_URL", url), ("IT_PASSWORD", "hZ8ead")]),
                    Environment::from_pairs(PARTS),
                    Environment::from_pairs(PARTS.into_iter().chain([("IT_USERNAME", url)])),
                ] {
                    show(environment.explain::<Services>());
                    show(Services::manifest().picture_of(&environment).mermaid());
                    load(&environment);
                }
            }

            fn load(environment: &Environment) {
                show(environment);
                match Services::load(environment) {
                    Ok(services) => show(services),
                    Err(report) => {
                        report.problems().iter().for_each(show_error);
                        show_error(&report);
                        show_error(Error::from(report));
                    }
                }
            }

            pub(super) async fn connect(url: &str) {
                let services = Services::load(&Environment::from_pairs([("IT_URL", url)])).unwrap();
                match services.connect().await {
                    Ok(clients) => {
                        if let Err(error) = <backing_services::$adapter>::ping(&clients.it).await {
                            show_error(error);
                        }
                        show(&clients);
                        show(&clients.it);
                    }
                    Err(report) => {
                        report.failures().iter().for_each(show);
                        show_error(&report);
                        show_error(Error::from(report));
                    }
                }
            }
        }
    )*

    const LOOKS: &[fn(&str)] = &[$($module::look),*];
    };
}

backing_services::__each_adapter!(adapters);

/// A handle in parts, and parts of nothing. `NAME` would be the host of a store, and `DATABASE` the
/// file of SQLite, which both show.
const PARTS: [(&str, &str); 8] = [
    ("IT_HOST", "localhost"),
    ("IT_PORT", "tZ8oken"),
    ("IT_USER", "uZ8user"),
    ("IT_TOKEN", "tZ8oken"),
    ("IT_API_KEY", "tZ8oken"),
    ("IT_PASSWORD", "pZ8word"),
    ("IT_DB_NAME", "vZ8alue"),
    ("IT_REGION", "vZ8alue"),
];

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn credentials(folder: &TempDir, url: &str) -> String {
    std::fs::write(folder.path().join("IT_URL"), url).unwrap();
    path(folder.path())
}

fn bindings(folder: &TempDir, url: &str) -> String {
    let root = folder.path().join("bindings");
    for (binding, entry) in [("it", "uri"), ("other", "password")] {
        std::fs::create_dir_all(root.join(binding)).unwrap();
        std::fs::write(root.join(binding).join("type"), "vZ8alue").unwrap();
        std::fs::write(root.join(binding).join(entry), url).unwrap();
    }
    path(&root)
}

fn services(url: &str) -> String {
    let service = |name: &str| serde_json::json!({ "name": name, "credentials": { "uri": url, "password": "pZ8word" } });
    serde_json::json!({ "tZ8oken": [service("it"), service("other")] }).to_string()
}

fn look_by_every_adapter(url: &str) {
    for look in LOOKS {
        look(url);
    }
    assert_nothing_leaked(url);
}

/// Handles of every adapter, with a secret in each part that may hold one.
const VALID: &[&str] = &[
    "mysql://uZ8user:pZ8word@localhost:3306/db",
    "mysql://uZ8user:pZ8word@db.example/db?ssl-mode=required",
    "mariadb://uZ8user@/db?socket=/run/m.sock",
    "postgres://uZ8user:pZ8word@localhost:5432/db?application_name=vZ8alue&options=vZ8alue",
    "postgres://uZ8user:pZ8word@localhost",
    "postgresql://uZ8user:pZ8word@%2Frun%2Fpg/db",
    "smtp://uZ8user:pZ8word@localhost",
    "submission://tZ8oken@mail.example:587",
    "smtps://uZ8user:pZ8word@mail.example?connect_timeout=5s",
    "postmark://tZ8oken@api.postmarkapp.com",
    "memcached://uZ8user:pZ8word@localhost:11211",
    "memcacheds://uZ8user:pZ8word@localhost,cache.example",
    "beanstalkd://queue.example/mails?ttr=90s",
    "nats://uZ8user:pZ8word@localhost",
    "tls://tZ8oken@a.example,b.example:4223?name=vZ8alue",
    "newrelic://tZ8oken@otlp.nr-data.net?service_name=shop",
    "loggly://tZ8oken@logs-01.loggly.com?tag=shop",
    "https://uZ8user:pZ8word@otlp.example/otlp?service_name=vZ8alue",
    "amqp://uZ8user:pZ8word@localhost/shop",
    "amqps://uZ8user:pZ8word@mq.example?heartbeat=5",
    "sqlite:app.db?mode=rwc",
    "sqlite::memory:",
    "file:outbox",
    "https://uZ8user:pZ8word@api.example/tZ8oken?ping=vZ8alue&user_agent=vZ8alue",
    "https://:tZ8oken@api.example/2",
    "https://:tZ8oken@api.example?auth=query:vZ8alue",
    "http://uZ8user:pZ8word@localhost/2.0/",
    "memory:",
    "redis://uZ8user:pZ8word@localhost/2",
    "rediss://:pZ8word@cache.example?tls_ca=vZ8alue",
    "redis+unix://uZ8user:pZ8word@/run/redis.sock?db=1",
    "s3://uZ8user:pZ8word@uploads?region=eu-central-1&session_token=tZ8oken",
    "s3://uZ8user:pZ8word@uploads/inner?endpoint=https://minio.example",
    "couchdbs://uZ8user:pZ8word@couch.example/shop?timeout=5s",
    "http://uZ8user:pZ8word@localhost:5984/shop?create=true",
    "postmark://tZ8oken@localhost:8443?tls=none&timeout=5s",
];

/// Handles that are wrong in themselves or for every adapter here.
const BROKEN: &[&str] = &[
    "tZ8oken",
    "tZ8oken:pZ8word@localhost/db",
    "tZ8oken://uZ8user:pZ8word@localhost/db",
    "mysql://localhost/db?tZ8oken=vZ8alue",
    "mysql://localhost/db?vZ8alue",
    "mysql://localhost/db?ssl-mode=vZ8alue",
    "mysql://localhost/db?ssl-mode=required&ssl-mode=vZ8alue",
    "mysql://localhost/db?charset=vZ8alue;",
    "mysql://localhost/db?max_connections=vZ8alue",
    "mysql://localhost/db?connect_timeout=vZ8alue",
    "mysql://localhost:vZ8alue/db",
    "mysql://uZ8user:pZ8word",
    "mysql://uZ8user:pZ8word@",
    "mysql://uZ8user:pZ8word@db.example/db?ssl-mode=preferred",
    "mysql://uZ8user:pZ8word@local host/db",
    "mysql://uZ8user:pZ8word@[::1/db",
    "mysql://uZ8user:pZ8word@localhost:99999/db",
    "mysql://uZ8user:pZ8word@localhost/a/b",
    "mysql://uZ8user:pZ8word@${tZ8oken}/db",
    "postgres://uZ8user:pZ8word@db.example/db?sslmode=allow",
    "postgres://uZ8user:pZ8word@localhost/db?sslmode=vZ8alue",
    "postgres://uZ8user:pZ8word%00@localhost/db?options=vZ8alue",
    "postgres://uZ8user:pZ8word@%2Frun%2Fpg/db?sslrootcert=vZ8alue",
    "smtp://uZ8user:pZ8word@mail.example?tls=opportunistic",
    "smtp://uZ8user:pZ8word@localhost?local_domain=vZ8alue%0D",
    "smtp://uZ8user:pZ8word%00@localhost",
    "smtp://uZ8user:pZ8word@localhost/vZ8alue",
    "postmark://tZ8oken:pZ8word@api.postmarkapp.com",
    "memcached://uZ8user:pZ8word@cache.example",
    "memcached://uZ8user:pZ8word@localhost/vZ8alue",
    "beanstalkd://uZ8user:pZ8word@localhost/mails",
    "beanstalkd://localhost/vZ8alue%20tZ8oken",
    "beanstalkd://localhost/mails?ttr=vZ8alue",
    "nats://uZ8user:pZ8word@bus.example",
    "nats://uZ8user:pZ8word@localhost/vZ8alue",
    "nats://:pZ8word@localhost",
    "nats://uZ8user:pZ8word@localhost?creds=vZ8alue",
    "nats://tZ8oken@localhost?tls_ca=vZ8alue",
    "newrelic://tZ8oken:pZ8word@otlp.nr-data.net",
    "newrelic://tZ8oken@otlp.nr-data.net?tls=none",
    "newrelic://tZ8oken@otlp.nr-data.net?service=vZ8alue",
    "newrelic://tZ8oken%0A@otlp.nr-data.net/vZ8alue",
    "loggly://tZ8oken:pZ8word@logs-01.loggly.com",
    "loggly://tZ8oken@logs-01.loggly.com?tls=none",
    "loggly://tZ8oken%2F@logs-01.loggly.com",
    "loggly://tZ8oken@logs-01.loggly.com?tag=vZ8alue%2F",
    "amqp://uZ8user:pZ8word@mq.example",
    "amqp://uZ8user:pZ8word@localhost/a/b",
    "amqp://uZ8user@localhost",
    "amqps://uZ8user:pZ8word@localhost?verify=vZ8alue",
    "sqlite://uZ8user:pZ8word@localhost/db",
    "sqlite:app.db?mode=vZ8alue",
    "https://:tZ8oken@api.example/tZ8oken?key=vZ8alue",
    "redis://:pZ8word@localhost",
    "http://uZ8user:pZ8word@api.example/tZ8oken",
    "http://:tZ8oken@api.example",
    "https://:tZ8oken@api.example?auth=vZ8alue",
    "https://:tZ8oken@api.example?auth=header:vZ8alue%20x",
    "https://:tZ8oken%0A@api.example",
    "https://uZ8user:pZ8word@api.example?auth=query:vZ8alue",
    "https://uZ8user:pZ8word@api.example/tZ8oken/../x",
    "redis://:pZ8word@localhost/vZ8alue",
    "redis://:pZ8word@cache.example",
    "redis://uZ8user@localhost",
    "redis://localhost?protocol=vZ8alue",
    "s3://uZ8user@uploads",
    "s3://:pZ8word@uploads",
    "s3://uZ8user:pZ8word@localhost:9000/uploads",
    "s3://uZ8user:pZ8word@uploads/vZ8alue//x",
    "s3://uZ8user:pZ8word@uploads?region=vZ8alue/",
    "s3://uZ8user:pZ8word@uploads?endpoint=https://uZ8user:pZ8word%40h",
    "s3://uZ8user:pZ8word@uploads?endpoint=http://minio.example&session_token=tZ8oken",
    "s3://uploads?session_token=tZ8oken",
    "memory:vZ8alue",
    "couchdb://uZ8user:pZ8word@couch.example/shop",
    "couchdb://tZ8oken@localhost/shop",
    "couchdb://uZ8user:pZ8word@localhost/VZ8alue?create=vZ8alue",
    "couchdbs://uZ8user%3A:pZ8word@localhost/shop?tls_ca=vZ8alue",
    "postmark://tZ8oken%0A@localhost/vZ8alue",
    "postmark://tZ8oken@mail.example?tls=none",
];

#[test]
fn valid_and_broken_handles() {
    let _turn = TURN.blocking_lock();
    for url in VALID.iter().chain(BROKEN) {
        look_by_every_adapter(url);
    }
}

/// Every character that ends a part of a URL, inside and around the password and in its place.
#[test]
fn passwords_that_break_the_handle() {
    let _turn = TURN.blocking_lock();
    for scheme in ["mysql", "smtp", "memcached", "sqlite", "postmark", "redis", "https"] {
        for byte in (0..=0x7f_u8).map(char::from).chain(['ä', '\u{a0}', '🦀']) {
            for url in [
                format!("{scheme}://uZ8user:hZ8ead{byte}pZ8word@localhost/db"),
                format!("{scheme}://hZ8ead{byte}uZ8user:pZ8word@localhost/db"),
                format!("{scheme}://uZ8user:{byte}pZ8word@localhost/db"),
                format!("{scheme}://uZ8user:pZ8word{byte}@localhost/db"),
                format!("{byte}{scheme}://uZ8user:pZ8word@localhost/db"),
                format!(
                    "{scheme}://uZ8user:pZ8word@localhost/db?password{byte}=vZ8alue{byte}tZ8oken"
                ),
            ] {
                mysql::glance(&url);
                smtp::glance(&url);
                http_api::glance(&url);
            }
        }
    }
    assert_nothing_leaked("a password that breaks the handle");
}

#[tokio::test]
async fn failing_connections() {
    let _turn = TURN.lock().await;
    let (closed, silent) = (free_port(), Scripted::silent());
    for (port, timeout) in [(closed, "1s"), (silent.port(), "300ms")] {
        let url = |scheme: &str| {
            format!("{scheme}://uZ8user:pZ8word@localhost:{port}?connect_timeout={timeout}")
        };
        mysql::connect(&url("mysql")).await;
        sql::connect(&url("mysql")).await;
        postgres::connect(&url("postgres")).await;
        sql::connect(&url("postgres")).await;
        smtp::connect(&url("smtp")).await;
        mail::connect(&url("smtps")).await;
        rabbitmq::connect(&url("amqp")).await;
        memcached::connect(&format!("memcached://localhost:{port}?connect_timeout={timeout}"))
            .await;
        nats::connect(&url("nats")).await;
        nats::connect(&format!("tls://tZ8oken@localhost:{port}?connect_timeout={timeout}")).await;
        beanstalkd::connect(&format!("beanstalkd://localhost:{port}?connect_timeout={timeout}"))
            .await;
        for scheme in ["http", "https"] {
            lastfm::connect(&url(scheme)).await;
            otlp::connect(&url(scheme)).await;
            http_api::connect(&url(scheme)).await;
            let token = url(scheme).replace("uZ8user", "").replace("pZ8word", "tZ8oken");
            twitter::connect(&token).await;
            googlemaps::connect(&token).await;
        }
        redis::connect(&url("redis")).await;
        redis::connect(&url("rediss")).await;
        let s3 = format!(
            "s3://uZ8user:pZ8word@uploads?endpoint=http://localhost:{port}&session_token=tZ8oken\
             &connect_timeout={timeout}"
        );
        s3::connect(&s3).await;
        blobs::connect(&s3).await;
        let url = |scheme: &str| {
            format!("{scheme}://tZ8oken@localhost:{port}?tls=none&connect_timeout={timeout}")
        };
        mail::connect(&url("postmark")).await;
        postmark::connect(&url("postmark")).await;
        newrelic::connect(&url("newrelic")).await;
        loggly::connect(&url("loggly")).await;
        couchdb::connect(&format!(
            "couchdb://uZ8user:pZ8word@localhost:{port}/shop?connect_timeout={timeout}"
        ))
        .await;
    }
    sqlite::connect("sqlite:/no/such/file.db").await;
    sqlite::connect("sqlite::memory:").await;
    assert_nothing_leaked("a failing connection");
}

/// A server that repeats what it was sent.
#[tokio::test]
async fn a_server_that_repeats_the_credentials() {
    let _turn = TURN.lock().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream);
                lines.write_all(b"220 parrot\r\n").await.unwrap();
                let mut line = String::new();
                while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
                    let answer = match line.get(..4) {
                        Some("EHLO") => "250-parrot\r\n250 AUTH PLAIN LOGIN\r\n",
                        _ => "550 no uZ8user with pZ8word here, nor tZ8oken\r\n",
                    };
                    if lines.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                    line.clear();
                }
            });
        }
    });
    smtp::connect(&format!("smtp://uZ8user:pZ8word@localhost:{port}?local_domain=tZ8oken")).await;
    mail::connect(&format!("smtp://uZ8user:pZ8word@localhost:{port}?local_domain=tZ8oken")).await;
    let shown = assert_nothing_leaked("a server that repeats the credentials");
    assert!(shown.contains("no *** with *** here, nor ***"), "the answer was not shown");
}

/// A service over HTTP that repeats in its answer what it was sent, and one that redirects it
/// elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_repeats_the_credentials() {
    let _turn = TURN.lock().await;
    for status in [200, 302, 401, 503] {
        let server = FakeServer::start(move |request| {
            let said = r#"{"error":10,"status":"REQUEST_DENIED","message":"uZ8user pZ8word",
                "error_message":"tZ8oken"}"#;
            http::Response::builder()
                .status(status)
                .header("location", format!("http://tZ8oken.example{}", request.uri()))
                .header(
                    "x-repeated",
                    request
                        .headers()
                        .get("authorization")
                        .cloned()
                        .unwrap_or(http::HeaderValue::from_static("pZ8word")),
                )
                .body(said.into())
                .unwrap()
        });
        let port = server.port();
        let token = format!("http://:tZ8oken@localhost:{port}/");
        lastfm::connect(&format!("http://uZ8user:pZ8word@localhost:{port}/2.0/")).await;
        http_api::connect(&format!("http://uZ8user:pZ8word@localhost:{port}/")).await;
        otlp::connect(&format!("http://uZ8user:pZ8word@localhost:{port}/tZ8oken")).await;
        twitter::connect(&token).await;
        googlemaps::connect(&token).await;
        for rest in ["vZ8alue", "?auth=header:X-Key", "?auth=query:key&ping=x"] {
            http_api::connect(&format!("{token}{rest}")).await;
            let handle = Handle::parse(&format!("{token}{rest}")).unwrap();
            let api = backing_services::HttpApi::from_handle(&handle).unwrap();
            let api = api.connect().await.unwrap();
            match api.get("users").query(&[("q", "vZ8alue")]).send().await {
                Ok(answer) => show_error(answer.json::<u8>().await.unwrap_err()),
                Err(error) => show_error(error),
            }
        }
        assert!(server.requests().len() > 7);
    }
    let shown = assert_nothing_leaked("a service that repeats the credentials");
    assert!(shown.contains("Last.fm answered 10, *** ***"), "the answer was not shown");
    assert!(shown.contains("hyper_util"), "the drivers' logs were not looked at");
}

/// A web server that repeats what it was sent, to `ping` and to what is sent later.
#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_that_repeats_the_credentials() {
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};

    let _turn = TURN.lock().await;
    for status in [200, 400, 403, 429, 500] {
        let server = FakeServer::start(move |request| {
            let repeated = format!("no {} {:?} here", request.uri(), request.headers());
            let answer = http::Response::builder().status(status).header("x-path", &repeated);
            answer.header("location", request.uri().path()).body(repeated.into()).unwrap()
        });
        let url = |service: &str| {
            format!(
                "{service}://tZ8oken@localhost:{}?tls=none&timeout=500ms&connect_timeout=300ms",
                server.port()
            )
        };
        newrelic::connect(&url("newrelic")).await;
        let port = server.port();
        let login = format!("http://uZ8user:pZ8word@localhost:{port}?connect_timeout=300ms");
        otlp::connect(&login).await;
        loggly::connect(&url("loggly")).await;

        let telemetry = Handle::parse(&url("newrelic")).unwrap();
        let telemetry = backing_services::NewRelic::from_handle(&telemetry).unwrap();
        let telemetry = telemetry.connect().await.unwrap();
        telemetry.tracer_provider.tracer("test").in_span("span", |_| ());
        show((&telemetry, &telemetry.tracer_provider, &telemetry.logger_provider));
        backing_services::NewRelic::close(telemetry).await;

        let logs = Handle::parse(&url("loggly")).unwrap();
        let logs = backing_services::Loggly::from_handle(&logs).unwrap().connect().await.unwrap();
        logs.send("event");
        show((&logs, logs.layer()));
        show(logs.flush().await);
        backing_services::Loggly::close(logs).await;
    }
    let shown = assert_nothing_leaked("a web server that repeats the credentials");
    assert!(shown.contains("opentelemetry"), "the logs of the SDK were not looked at");
    assert!(shown.contains("reqwest"), "the logs of the HTTP client were not looked at");
}

/// The clients of third parties over HTTP, as a fake server takes and as it refuses the credential.
#[tokio::test]
async fn over_http() {
    let _turn = TURN.lock().await;
    for status in [200, 401, 500] {
        let server = FakeServer::start(move |_| {
            let answer = http::Response::builder().status(status);
            answer.body(r#"{"db_name":"shop"}"#.into()).unwrap()
        });
        let port = server.port();
        postmark::connect(&format!(
            "postmark://tZ8oken@localhost:{port}?tls=none&connect_timeout=1s"
        ))
        .await;
        couchdb::connect(&format!(
            "couchdb://uZ8user:pZ8word@localhost:{port}/shop?connect_timeout=1s"
        ))
        .await;
        assert!(server.requests().len() >= 2, "they did not connect");
    }
    assert_nothing_leaked("a call over HTTP");
}

/// The same over real connections, right and wrong, with the logs of the drivers.
#[cfg(feature = "live")]
#[tokio::test]
async fn real_servers() {
    use backing_services_tests::servers::{self, MariaDb, Postfix, PostgreSql, S3Server};

    let _turn = TURN.lock().await;
    let (db, mail, cache) =
        (MariaDb::start(), Postfix::with_plain_auth(), servers::Memcached::start());
    let (sessions, uploads) = (servers::Redis::start(), S3Server::with_key("uZ8user", "pZ8word"));
    sessions.add_user("uZ8user", "pZ8word");
    let jobs = servers::RabbitMq::with_user("uZ8user", "pZ8word");
    db.sql("CREATE USER 'uZ8user' IDENTIFIED BY 'pZ8word'; GRANT ALL ON shop.* TO 'uZ8user'");
    let pg = PostgreSql::start();
    pg.sql("CREATE ROLE \"uZ8user\" LOGIN PASSWORD 'pZ8word'");
    for password in ["pZ8word", "hZ8ead", "pZ8word%07"] {
        for database in ["shop", "other"] {
            let url = format!("postgres://uZ8user:{password}@localhost:{}/{database}", pg.port());
            postgres::connect(&format!("{url}?application_name=vZ8alue")).await;
            sql::connect(&format!("{url}?options=-c%20application_name%3DvZ8alue")).await;
        }
    }
    for password in ["pZ8word", "hZ8ead"] {
        for scheme in ["mysql", "mariadb"] {
            let url = format!("{scheme}://uZ8user:{password}@localhost:{}/shop", db.port());
            mysql::connect(&url).await;
            sql::connect(&url).await;
        }
        mysql::connect(&format!("mysql://uZ8user:{password}@localhost:{}/other", db.port())).await;
        let url = format!("smtp://uZ8user:{password}@localhost:{}", mail.port());
        smtp::connect(&url).await;
        mail::connect(&url).await;
        for protocol in ["resp2", "resp3"] {
            let port = sessions.port();
            let url = format!("redis://uZ8user:{password}@localhost:{port}/1?protocol={protocol}");
            redis::connect(&url).await;
        }
        let endpoint = format!("http://localhost:{}", uploads.port());
        s3::connect(&format!("s3://uZ8user:{password}@shop?endpoint={endpoint}")).await;
        blobs::connect(&format!(
            "s3://uZ8user:{password}@shop/inner?endpoint={endpoint}&session_token=tZ8oken"
        ))
        .await;
    }
    for login in ["", "uZ8user:pZ8word@"] {
        memcached::connect(&format!("memcached://{login}localhost:{}", cache.port())).await;
    }
    let queue = servers::Beanstalkd::start();
    beanstalkd::connect(&format!("beanstalkd://localhost:{}/tube", queue.port())).await;
    let bus = servers::Nats::with_login("uZ8user", "pZ8word");
    for login in ["uZ8user:pZ8word", "uZ8user:hZ8ead", "tZ8oken"] {
        nats::connect(&format!("nats://{login}@localhost:{}?name=vZ8alue", bus.port())).await;
    }
    for login in ["uZ8user:pZ8word", "uZ8user:hZ8ead", "hZ8ead:pZ8word"] {
        for vhost in ["", "/shop", "/nowhere", "/warehouse"] {
            rabbitmq::connect(&format!("amqp://{login}@localhost:{}{vhost}", jobs.port())).await;
        }
    }
    let shown = assert_nothing_leaked("a real server");
    for wrong in ["access denied", "authentication failed"] {
        assert!(shown.contains(wrong), "the wrong password was not told");
    }
    assert!(shown.contains("sqlx"), "the drivers' logs were not looked at");
}
