//! Loggly: a fake server that answers as it is documented.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backing_services::adapters::loggly::LogglyClient;
use backing_services::{Adapter as _, Connect as _, Handle, HandleBuilder, Loggly};
use backing_services_conformance::{Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

const TOKEN: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

pub(crate) struct OnLoggly;

impl Subject for OnLoggly {
    type Adapter = Loggly;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(loggly)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, loggly))
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(TOKEN).param("tls", "none").param("tag", "shop,test")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        let ca = ca.to_str().unwrap();
        let handle = Handle::builder(scheme).username(TOKEN).host("localhost").port(server.port());
        handle.param("tls_ca", ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let handle = Handle::builder("loggly").username("wrong").param("tls", "none");
        Some((handle, "authentication failed"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &LogglyClient) -> Result<(), String> {
        client.send(&json!({"use": "it"}));
        client.flush().await.map_err(|error| error.to_string())
    }
}

backing_services_conformance::suite!(OnLoggly);

fn status(code: u16) -> Response {
    http::Response::builder().status(code).body(bytes::Bytes::new()).unwrap()
}

/// <https://documentation.solarwinds.com/en/success_center/loggly/content/admin/http-bulk-endpoint.htm>
fn loggly(request: &Request) -> Response {
    let path: Vec<_> = request.uri().path().split('/').collect();
    let ["", "bulk", token, "tag", tags, ""] = path[..] else { return status(404) };
    if request.method() != http::Method::POST || tags.is_empty() {
        return status(400);
    }
    if token != TOKEN {
        return status(403);
    }
    let lines = request.body().split(|byte| *byte == b'\n');
    if request.body().len() > 5_000_000 || lines.into_iter().any(|line| line.len() > 1_000_000) {
        return status(413);
    }
    http::Response::new(r#"{"response" : "ok"}"#.into())
}

/// The events of all calls that were answered with success, in order.
pub(crate) fn events(server: &FakeServer) -> Vec<Value> {
    let requests = server.requests();
    let bodies = requests.iter().filter(|request| loggly(request).status().is_success());
    let lines = bodies.flat_map(|request| {
        std::str::from_utf8(request.body()).unwrap().lines().collect::<Vec<_>>()
    });
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn handle(server: &FakeServer, params: &[(&str, &str)]) -> Loggly {
    let handle = OnLoggly::handle("loggly").host("localhost").port(server.port());
    let handle = params.iter().fold(handle, |handle, (name, value)| handle.param(*name, *value));
    Loggly::from_handle(&handle.build().unwrap()).unwrap()
}

async fn connect(server: &FakeServer) -> LogglyClient {
    handle(server, &[]).connect().await.unwrap()
}

#[tokio::test]
async fn the_call_on_the_wire() {
    let server = OnLoggly::start();
    let client = connect(&server).await;
    client.send(&json!({"text": "zwei\nZeilen 🦀"}));
    client.send_line("a line\r\nof text\n");
    client.send_line("\n");
    let started = Instant::now();
    // Nobody is in a hurry: it goes by itself.
    while server.requests().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(started.elapsed() > Duration::from_millis(700), "{:?}", started.elapsed());
    let [request] = &server.requests()[..] else { panic!("one call") };
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri().path(), format!("/bulk/{TOKEN}/tag/shop,test/"));
    assert_eq!(request.headers()["content-type"], "text/plain");
    assert_eq!(request.body(), "{\"text\":\"zwei\\nZeilen 🦀\"}\na line  of text\n");
    assert_eq!(client.dropped(), 0);
}

#[tokio::test]
async fn batches_keep_to_the_limits() {
    let server = OnLoggly::start();
    let client = connect(&server).await;
    let text = "x".repeat(900_000);
    for number in 0..14 {
        client.send(&json!({"number": number, "text": text}));
    }
    client.send(&"y".repeat(1_000_000 - 2));
    client.send(&"z".repeat(1_000_000 - 1));
    client.flush().await.unwrap();
    assert_eq!(client.dropped(), 1, "the one with a byte too many");
    let events = events(&server);
    assert_eq!(events.len(), 15);
    let numbers: Vec<_> = events[..14].iter().map(|event| event["number"].clone()).collect();
    assert_eq!(numbers, (0..14).map(Value::from).collect::<Vec<_>>());
    assert!(server.requests().len() >= 3);
}

#[tokio::test]
async fn waits_as_it_is_told_and_tries_again() {
    let asked = AtomicUsize::new(0);
    let server = FakeServer::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => status(503),
        1 => {
            let mut answer = status(429);
            answer.headers_mut().insert("retry-after", 1.into());
            answer
        }
        _ => loggly(request),
    });
    let client = connect(&server).await;
    let started = Instant::now();
    client.send(&json!({"text": "throttled"}));
    client.flush().await.unwrap();
    // At least half of the first pause, and then the second that the server asks for.
    assert!(started.elapsed() >= Duration::from_millis(1125), "{:?}", started.elapsed());
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body() == requests[0].body()));
    assert_eq!(client.dropped(), 0);
}

#[tokio::test]
async fn what_is_refused_for_good_is_dropped_and_counted() {
    let server = FakeServer::start(|_| status(403));
    let client = connect(&server).await;
    for number in 0..10 {
        client.send(&number);
    }
    let error = client.flush().await.unwrap_err().to_string();
    assert!(error.starts_with("authentication failed"), "{error}");
    assert!(!error.contains(TOKEN));
    assert_eq!(server.requests().len(), 1);
    assert_eq!(client.dropped(), 10);
    client.flush().await.unwrap();
}

#[tokio::test]
async fn a_restart_loses_nothing_that_is_queued() {
    let mut server = OnLoggly::start();
    let client = connect(&server).await;
    OnLoggly::use_it(&client).await.unwrap();
    server.kill();
    for number in 0..10_000 {
        client.send(&json!({"number": number}));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.restart();
    client.send(&json!({"number": 10_000}));
    client.flush().await.unwrap();
    assert_eq!(client.dropped(), 0);
    let numbers: Vec<_> =
        events(&server)[1..].iter().map(|event| event["number"].clone()).collect();
    assert_eq!(numbers, (0..=10_000).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_drops_and_counts_and_never_blocks() {
    let mut server = OnLoggly::start();
    let client = connect(&server).await;
    server.kill();
    for number in 0..250_100_u32 {
        client.send(&number);
    }
    assert_eq!(client.dropped(), 100, "beyond 250,000 events");
    server.restart();
    client.flush().await.unwrap();
    assert_eq!(events(&server).len(), 250_000);

    server.kill();
    let large = "x".repeat(999_000);
    for _ in 0..70 {
        client.send(&large);
    }
    assert_eq!(client.dropped(), 106, "beyond 64 MB");
    server.restart();
    client.flush().await.unwrap();
    assert_eq!(events(&server).len(), 250_064);
}

#[tokio::test]
async fn close_sends_what_is_queued() {
    let server = OnLoggly::start();
    let client = connect(&server).await;
    let layer = client.layer();
    let kept = client.clone();
    client.send(&json!({"text": "a moment before"}));
    let started = Instant::now();
    Loggly::close(client).await;
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
    assert_eq!(events(&server), [json!({"text": "a moment before"})]);

    kept.send(&1);
    drop(layer);
    assert_eq!(kept.dropped(), 1);
    kept.flush().await.unwrap();
}

#[tokio::test]
async fn close_does_not_wait_for_ever() {
    let server = FakeServer::start(|_| status(503));
    let client = handle(&server, &[("timeout", "1s")]).connect().await.unwrap();
    let kept = client.clone();
    client.send(&1);
    let started = Instant::now();
    Loggly::close(client).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(kept.dropped(), 1);
}

/// The last clone is gone, and so is the runtime that it was connected on.
#[test]
fn outlives_the_runtime_and_the_client() {
    let server = OnLoggly::start();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime().block_on(connect(&server));
    client.send(&1);
    runtime().block_on(client.flush()).unwrap();
    client.send(&2);
    drop(client);
    let started = Instant::now();
    while events(&server).len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(5));
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(events(&server), [1, 2]);
}

#[tokio::test]
async fn many_threads_share_a_client() {
    let server = OnLoggly::start();
    let client = connect(&server).await;
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let client = client.clone();
            thread::spawn(move || {
                for number in 0..5_000 {
                    client.send(&json!([thread, number]));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    client.flush().await.unwrap();
    let mut seen: Vec<_> = events(&server).iter().map(Value::to_string).collect();
    assert_eq!(seen.len(), 20_000);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20_000);
    assert_eq!(client.dropped(), 0);
}

#[tokio::test]
async fn the_layer_makes_objects_of_events() {
    let server = OnLoggly::start();
    let client = connect(&server).await;
    let subscriber = tracing_subscriber::registry().with(client.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(target: "shop", "alone");
        let request = tracing::info_span!("request", path = "/buy", user = tracing::field::Empty);
        let _in = request.enter();
        request.record("user", 7_u64);
        let _query = tracing::debug_span!("query", ok = true, ms = 1.5, n = -3_i64).entered();
        let error = std::io::Error::other("a \"quoted\" failure");
        tracing::error!(
            order = 1005_u64, huge = u128::MAX, error = &error as &dyn std::error::Error,
            shown = ?Some("x\ny"), "sold {} 🦀", 2
        );
    });
    client.flush().await.unwrap();
    let mut events = events(&server);
    for event in &mut events {
        let time = event.as_object_mut().unwrap().remove("timestamp").unwrap();
        let time = time.as_str().unwrap();
        let shape: String =
            time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
        assert!(time.starts_with("20"), "{time}");
    }
    assert_eq!(
        events[0],
        json!({"level": "WARN", "target": "shop", "message": "alone", "fields": {}, "spans": []})
    );
    let sold = &events[1];
    assert_eq!(sold["level"], "ERROR");
    assert_eq!(sold["message"], "sold 2 🦀");
    assert_eq!(sold["target"], module_path!());
    assert_eq!(sold["fields"]["order"], 1005);
    assert!(
        std::str::from_utf8(server.requests()[0].body()).unwrap().contains(&u128::MAX.to_string())
    );
    assert_eq!(sold["fields"]["error"], "a \"quoted\" failure");
    assert_eq!(sold["fields"]["shown"], r#"Some("x\ny")"#);
    assert_eq!(
        sold["spans"],
        json!([
            {"name": "request", "fields": {"path": "/buy", "user": 7}},
            {"name": "query", "fields": {"ok": true, "ms": 1.5, "n": -3}},
        ])
    );
    assert_eq!(client.dropped(), 0);
}
