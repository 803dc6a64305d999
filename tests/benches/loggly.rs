//! What sending to Loggly costs the app: how many events a second it gets rid of, how long one call
//! takes at worst, and how many are dropped.
//!
//! `cargo bench --bench loggly`
//!
//! The server is in this process and keeps all it is sent, so it takes its share of the processors.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]
#![allow(clippy::cast_precision_loss, reason = "for people to read")]

use std::thread;
use std::time::{Duration, Instant};

use backing_services::adapters::loggly::LogglyClient;
use backing_services::{Adapter as _, Connect as _, Handle, Loggly};
use backing_services_tests::servers::{FakeServer, Response};
use serde::Serialize;
use tokio::runtime::{self, Runtime};
use tracing_subscriber::layer::SubscriberExt as _;

/// Of a usual size: some 150 bytes.
#[derive(Serialize)]
struct Event<'a> {
    timestamp: &'a str,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    order: u64,
    path: &'a str,
}

fn send(client: &LogglyClient, order: u64) {
    client.send(&Event {
        timestamp: "2026-11-24T15:28:00.123456Z",
        level: "INFO",
        target: "shop::orders",
        message: "an order was taken",
        order,
        path: "/orders/confirm",
    });
}

struct Bench {
    runtime: Runtime,
    server: FakeServer,
    client: LogglyClient,
}

impl Bench {
    fn start() -> Self {
        let server = FakeServer::start(|_| Response::new(r#"{"response" : "ok"}"#.into()));
        let url = format!("loggly://token@localhost:{}?tls=none&timeout=60s", server.port());
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let handle = Handle::parse(&url).expect("a handle");
        let adapter = Loggly::from_handle(&handle).expect("an adapter");
        let client = runtime.block_on(adapter.connect()).expect("a client");
        Self { runtime, server, client }
    }

    fn report(self, what: &str, mut calls: Vec<u64>, took: Duration) {
        let flushed = self.runtime.block_on(self.client.flush());
        let arrived: usize = (self.server.requests().iter())
            .map(|request| String::from_utf8_lossy(request.body()).lines().count())
            .sum();
        calls.sort_unstable();
        let micros = |at: usize| calls[at] as f64 / 1000.0;
        let last = calls.len() - 1;
        println!(
            "{what}: {:.0} events/s accepted, {} dropped, {arrived} arrived; one call: \
             median {:.2} us, 99.9 % {:.1} us, longest {:.0} us",
            (calls.len() as u64 - self.client.dropped()) as f64 / took.as_secs_f64(),
            self.client.dropped(),
            micros(last / 2),
            micros(last - last / 1000),
            micros(last),
        );
        if let Err(error) = flushed {
            println!("    not all is sent: {error}");
        }
    }
}

fn timed(call: impl FnOnce()) -> u64 {
    let started = Instant::now();
    call();
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A hundred events each millisecond, for some seconds.
fn paced() {
    const SECONDS: u32 = 5;
    let bench = Bench::start();
    let started = Instant::now();
    let mut calls = Vec::with_capacity(500_000);
    for tick in 0..SECONDS * 1000 {
        let due = started + Duration::from_millis(tick.into());
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for _ in 0..100 {
            let order = calls.len() as u64;
            calls.push(timed(|| send(&bench.client, order)));
        }
    }
    bench.report("100,000 a second", calls, started.elapsed());
}

fn flat_out(threads: u64, events: u64) {
    let bench = Bench::start();
    let started = Instant::now();
    let calls = thread::scope(|scope| {
        let run = || {
            let mut calls = Vec::with_capacity(usize::try_from(events).unwrap_or_default());
            (0..events).for_each(|order| calls.push(timed(|| send(&bench.client, order))));
            calls
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("its calls")).collect()
    });
    bench.report(&format!("{threads} thread(s), flat out"), calls, started.elapsed());
}

fn layer() {
    let bench = Bench::start();
    let subscriber = tracing_subscriber::registry().with(bench.client.layer());
    let started = Instant::now();
    let calls = tracing::subscriber::with_default(subscriber, || {
        let _request = tracing::info_span!("request", path = "/orders/confirm").entered();
        let event = |order: u64| timed(|| tracing::info!(order, "an order was taken"));
        (0..200_000).map(event).collect()
    });
    bench.report("the layer, flat out", calls, started.elapsed());
}

/// Nobody takes anything: the queue fills, and the rest is dropped without a wait.
fn dead_server() {
    let mut bench = Bench::start();
    bench.server.kill();
    let started = Instant::now();
    let calls = (0..500_000).map(|order| timed(|| send(&bench.client, order))).collect();
    let took = started.elapsed();
    bench.server.restart();
    bench.report("a dead server, flat out", calls, took);
}

fn main() {
    paced();
    flat_out(1, 200_000);
    flat_out(4, 50_000);
    layer();
    dead_server();
}
