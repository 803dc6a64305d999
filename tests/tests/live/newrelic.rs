//! New Relic: a fake server that answers as it is documented.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backing_services::adapters::newrelic::NewRelicClient;
use backing_services::{Adapter as _, Connect as _, Handle, HandleBuilder, NewRelic};
use backing_services_conformance::{Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric};

use crate::collector::{flush, log, sent, service_name, status, takes};

const KEY: &str = "0123456789abcdefNRAL";

pub(crate) struct OnNewRelic;

impl Subject for OnNewRelic {
    type Adapter = NewRelic;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(new_relic)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, new_relic))
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(KEY).param("tls", "none").param("service_name", "shop")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        let ca = ca.to_str().unwrap();
        let handle = Handle::builder(scheme).username(KEY).host("localhost").port(server.port());
        handle.param("tls_ca", ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let handle = Handle::builder("newrelic").username("wrong").param("tls", "none");
        Some((handle, "authentication failed"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &NewRelicClient) -> Result<(), String> {
        record(client, "use it");
        flush(client).await
    }
}

backing_services_conformance::suite!(OnNewRelic);

/// <https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/> and
/// <https://opentelemetry.io/docs/specs/otlp/#otlphttp>
fn new_relic(request: &Request) -> Response {
    if request.headers().get("api-key").is_none_or(|key| key != KEY) {
        return status(403);
    }
    if request.body().len() >= 1_000_000 {
        return status(413);
    }
    takes(request, "")
}

pub(crate) fn spans(server: &FakeServer) -> Vec<String> {
    let sent: Vec<ExportTraceServiceRequest> = sent(server, "/v1/traces");
    let resources = sent.into_iter().flat_map(|request| request.resource_spans);
    resources
        .flat_map(|of| {
            assert_eq!(service_name(of.resource.as_ref()), "shop");
            of.scope_spans.into_iter().flat_map(|scope| scope.spans).map(|span| span.name)
        })
        .collect()
}

fn records(server: &FakeServer) -> Vec<String> {
    let sent: Vec<ExportLogsServiceRequest> = sent(server, "/v1/logs");
    let resources = sent.into_iter().flat_map(|request| request.resource_logs);
    resources
        .flat_map(|of| {
            assert_eq!(service_name(of.resource.as_ref()), "shop");
            of.scope_logs.into_iter().flat_map(|scope| scope.log_records).map(|record| match record
                .body
                .unwrap()
                .value
                .unwrap()
            {
                Value::StringValue(text) => text,
                other => panic!("{other:?}"),
            })
        })
        .collect()
}

/// Each counter that was sent, with its first point.
pub(crate) fn sums(server: &FakeServer) -> Vec<(String, i64)> {
    let sent: Vec<ExportMetricsServiceRequest> = sent(server, "/v1/metrics");
    let resources = sent.into_iter().flat_map(|request| request.resource_metrics);
    let metrics = resources.flat_map(|of| of.scope_metrics).flat_map(|scope| scope.metrics);
    metrics
        .filter_map(|metric| match metric.data? {
            metric::Data::Sum(sum) => match sum.data_points[0].value? {
                Number::AsInt(value) => Some((metric.name, value)),
                Number::AsDouble(_) => None,
            },
            _ => None,
        })
        .collect()
}

/// A span, a point of each kind of instrument, a log record.
fn record(client: &NewRelicClient, name: &str) {
    client.tracer_provider.tracer("test").start(name.to_owned()).end();
    let meter = client.meter_provider.meter("test");
    meter.u64_counter("orders").build().add(3, &[KeyValue::new("country", "IS")]);
    meter.f64_histogram("duration").build().record(0.25, &[]);
    meter.i64_up_down_counter("open").build().add(2, &[]);
    log(client, name.to_owned());
}

async fn connect(server: &FakeServer, params: &[(&str, &str)]) -> NewRelicClient {
    let handle = OnNewRelic::handle("newrelic").host("localhost").port(server.port());
    let handle = params.iter().fold(handle, |handle, (name, value)| handle.param(*name, *value));
    NewRelic::from_handle(&handle.build().unwrap()).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn close_sends_everything_as_new_relic_asks() {
    let server = OnNewRelic::start();
    let client = connect(&server, &[]).await;
    let kept = client.clone();
    record(&client, "first");
    let started = Instant::now();
    NewRelic::close(client).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    assert_eq!(spans(&server), ["first"]);
    assert_eq!(records(&server), ["first"]);
    for request in server.requests() {
        assert_eq!(request.headers()["content-encoding"], "gzip");
        assert!(new_relic(&request).status().is_success());
    }
    let metrics: Vec<ExportMetricsServiceRequest> = sent(&server, "/v1/metrics");
    let of = &metrics[0].resource_metrics[0];
    assert_eq!(service_name(of.resource.as_ref()), "shop");
    let metrics: BTreeMap<_, _> = of.scope_metrics[0]
        .metrics
        .iter()
        .map(|metric| (metric.name.as_str(), metric.data.as_ref().unwrap()))
        .collect();
    assert_eq!(metrics.len(), 3);
    match (metrics["orders"], metrics["duration"], metrics["open"]) {
        (
            metric::Data::Sum(orders),
            metric::Data::ExponentialHistogram(duration),
            metric::Data::Sum(open),
        ) => {
            assert_eq!(orders.aggregation_temporality(), AggregationTemporality::Delta);
            assert_eq!(duration.aggregation_temporality(), AggregationTemporality::Delta);
            assert_eq!(open.aggregation_temporality(), AggregationTemporality::Cumulative);
            assert_eq!(duration.data_points[0].count, 1);
        }
        other => panic!("{other:?}"),
    }

    // What is recorded after `close` goes nowhere, and nothing breaks.
    let sent = server.requests().len();
    record(&kept, "late");
    thread::sleep(Duration::from_millis(100));
    assert_eq!(server.requests().len(), sent);
}

#[tokio::test]
async fn a_counter_is_sent_as_what_was_added_since() {
    let server = OnNewRelic::start();
    let client = connect(&server, &[]).await;
    let orders = client.meter_provider.meter("test").u64_counter("orders").build();
    for added in [3, 4] {
        orders.add(added, &[]);
        // On the only thread of the runtime: what sends has one of its own.
        client.meter_provider.force_flush().unwrap();
    }
    let sent: Vec<ExportMetricsServiceRequest> = sent(&server, "/v1/metrics");
    let points: Vec<_> = sent
        .iter()
        .map(|request| match &request.resource_metrics[0].scope_metrics[0].metrics[0].data {
            Some(metric::Data::Sum(sum)) => sum.data_points[0].value.unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(points, [Number::AsInt(3), Number::AsInt(4)]);
}

#[tokio::test]
async fn waits_as_it_is_told_and_tries_again() {
    let asked = AtomicUsize::new(0);
    let server = FakeServer::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => {
            let mut answer = status(429);
            answer.headers_mut().insert("retry-after", 1.into());
            answer
        }
        1 => status(503),
        _ => new_relic(request),
    });
    let client = connect(&server, &[]).await;
    let started = Instant::now();
    log(&client, "throttled".to_owned());
    NewRelic::close(client).await;
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    let logs = server.requests().into_iter().filter(|request| request.uri() == "/v1/logs").count();
    assert_eq!(logs, 3);
}

#[tokio::test]
async fn goes_on_after_a_restart() {
    let mut server = OnNewRelic::start();
    let client = connect(&server, &[]).await;
    OnNewRelic::use_it(&client).await.unwrap();
    server.kill();
    record(&client, "while away");
    let closing = tokio::spawn(NewRelic::close(client));
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.restart();
    closing.await.unwrap();
    assert_eq!(spans(&server), ["use it", "while away"]);
    assert_eq!(records(&server), ["use it", "while away"]);
}

#[tokio::test]
async fn close_does_not_wait_for_ever() {
    let server = FakeServer::start(|_| status(503));
    let client = connect(&server, &[("timeout", "1s")]).await;
    record(&client, "lost");
    let started = Instant::now();
    NewRelic::close(client).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_payload_beyond_the_limit_is_not_sent_and_stops_nothing() {
    let server = OnNewRelic::start();
    let client = connect(&server, &[]).await;
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{state:016x}")
    });
    log(&client, noise.take(200_000).collect());
    client.logger_provider.force_flush().unwrap_err();
    log(&client, "small".to_owned());
    client.logger_provider.force_flush().unwrap();
    assert_eq!(records(&server), ["small"]);
}
