//! What the clients for logs do while they send is no event of the app's: one would make the next,
//! for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use backing_services::{Adapter, Connect, Handle, Loggly, NewRelic};
use backing_services_tests::servers::FakeServer;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_sdk::logs::SdkLogger;
use prost::Message as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// As `opentelemetry-appender-tracing` does.
struct Bridge(SdkLogger);

impl<S: Subscriber> Layer<S> for Bridge {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut record = self.0.create_log_record();
        record.set_target(event.metadata().target());
        self.0.emit(record);
    }
}

/// The names of the threads that logged anything.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber> Layer<S> for Heard {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        let name = thread::current().name().unwrap_or_default().to_owned();
        self.0.lock().unwrap().insert(name);
    }
}

fn targets_at_loggly(server: &FakeServer) -> Vec<String> {
    let requests = server.requests();
    let bodies = requests.iter().map(|request| std::str::from_utf8(request.body()).unwrap());
    let lines = bodies.flat_map(str::lines);
    let events = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.map(|event| event["target"].as_str().unwrap().to_owned()).collect()
}

fn targets_at_new_relic(server: &FakeServer) -> Vec<String> {
    let requests = server.requests();
    let bodies = requests.iter().map(|request| {
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(request.body().as_ref()).read_to_end(&mut body).unwrap();
        ExportLogsServiceRequest::decode(body.as_slice()).unwrap()
    });
    let resources = bodies.flat_map(|body| body.resource_logs);
    let scopes = resources.flat_map(|resource| resource.scope_logs);
    scopes
        .flat_map(|scope| {
            // The exporter makes the target the scope's name.
            let name = scope.scope.unwrap().name;
            vec![name; scope.log_records.len()]
        })
        .collect()
}

#[test]
fn what_sends_events_makes_none() {
    let ok = |_: &_| http::Response::new(bytes::Bytes::new());
    let (at_loggly, at_new_relic) = (FakeServer::start(ok), FakeServer::start(ok));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = |scheme: &str, server: &FakeServer| {
        let url = format!("{scheme}://token@localhost:{}?tls=none", server.port());
        Handle::parse(&url).unwrap()
    };
    let loggly = Loggly::from_handle(&handle("loggly", &at_loggly)).unwrap();
    let loggly = runtime.block_on(loggly.connect()).unwrap();
    let new_relic = NewRelic::from_handle(&handle("newrelic", &at_new_relic)).unwrap();
    let new_relic = runtime.block_on(new_relic.connect()).unwrap();

    let heard = Heard::default();
    tracing_subscriber::registry()
        .with(loggly.layer())
        .with(Bridge(new_relic.logger_provider.logger("bridge")))
        .with(heard.clone())
        .init();
    for number in 0..3 {
        tracing::info!(target: "app", number, "sold");
        runtime.block_on(loggly.flush()).unwrap();
        new_relic.logger_provider.force_flush().unwrap();
    }
    let threads = heard.0.lock().unwrap().clone();
    for thread in ["loggly", "newrelic"] {
        assert!(threads.contains(thread), "nothing was logged where it matters: {threads:?}");
    }

    // Time for what it would make.
    let before = at_new_relic.requests().len();
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(at_new_relic.requests().len(), before);

    for targets in [targets_at_loggly(&at_loggly), targets_at_new_relic(&at_new_relic)] {
        assert_eq!(targets.iter().filter(|target| *target == "app").count(), 3, "{targets:?}");
        // What the SDK says on the threads of its own is for Loggly, as any library's events; so is
        // what mio says there by way of the crate `log`, where another package asks it to.
        let is_library = |target: &&String| target.starts_with("opentelemetry") || *target == "log";
        let others = targets.iter().filter(|target| !is_library(target));
        assert_eq!(others.count(), 3, "{targets:?}");
    }
    assert_eq!(loggly.dropped(), 0);
    runtime.block_on(Loggly::close(loggly));
    runtime.block_on(NewRelic::close(new_relic));
}
