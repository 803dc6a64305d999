//! An OpenTelemetry collector: a fake server that answers as OTLP/HTTP is specified. What it shares
//! with New Relic (attempts, pauses, restarts, the limits of `close`) is tested there.

use std::path::Path;

use backing_services::adapters::telemetry::TelemetryClient;
use backing_services::{Adapter as _, Connect as _, Handle, HandleBuilder, Otlp};
use backing_services_conformance::{Reaches, Subject, Tls, in_process};
use backing_services_tests::servers::{FakeServer, Request, Response};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric};

use crate::collector::{flush, log, sent, service_name, status, takes};

const BASE: &str = "/otlp";
const USER: &str = "1234";
const PASSWORD: &str = "glc_t0ken";
/// `1234:glc_t0ken` in Base64.
const BASIC: &str = "Basic MTIzNDpnbGNfdDBrZW4=";

pub(crate) struct OnOtlp;

impl Subject for OnOtlp {
    type Adapter = Otlp;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(collector)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, collector))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "https" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        let handle = Handle::builder(scheme).username(USER).password(PASSWORD);
        handle.path(BASE).param("service_name", "shop")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        let ca = ca.to_str().unwrap();
        let handle = Self::handle(scheme).host("localhost").port(server.port());
        handle.param("tls_ca", ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let handle = Handle::builder("http").username(USER).password("wrong").path(BASE);
        Some((handle, "authentication failed"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &TelemetryClient) -> Result<(), String> {
        record(client, "use it");
        flush(client).await
    }
}

backing_services_conformance::suite!(OnOtlp);

/// <https://opentelemetry.io/docs/specs/otlp/#otlphttp>
fn collector(request: &Request) -> Response {
    match request.headers().get("authorization") {
        Some(authorization) if authorization == BASIC => takes(request, BASE),
        _ => status(401),
    }
}

/// A span, a point of a counter and of a histogram, a log record.
fn record(client: &TelemetryClient, name: &str) {
    client.tracer_provider.tracer("test").start(name.to_owned()).end();
    let meter = client.meter_provider.meter("test");
    meter.u64_counter("orders").build().add(3, &[]);
    meter.f64_histogram("duration").build().record(0.25, &[]);
    log(client, name.to_owned());
}

async fn connect(handle: HandleBuilder, server: &FakeServer) -> TelemetryClient {
    let handle = handle.host("localhost").port(server.port()).build().unwrap();
    Otlp::from_handle(&handle).unwrap().connect().await.unwrap()
}

/// The temporality and the values of the counter `orders`, one a request.
fn orders(server: &FakeServer) -> (Option<AggregationTemporality>, Vec<Number>) {
    let requests: Vec<ExportMetricsServiceRequest> = sent(server, "/otlp/v1/metrics");
    let mut temporality = None;
    let values = requests.iter().map(|request| {
        let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
        match &metrics.iter().find(|metric| metric.name == "orders").unwrap().data {
            Some(metric::Data::Sum(sum)) => {
                temporality = Some(sum.aggregation_temporality());
                sum.data_points[0].value.unwrap()
            }
            other => panic!("{other:?}"),
        }
    });
    let values = values.collect();
    (temporality, values)
}

#[tokio::test]
async fn close_sends_everything_below_the_base() {
    let server = OnOtlp::start();
    let client = connect(OnOtlp::handle("http"), &server).await;
    record(&client, "first");
    Otlp::close(client).await;

    let traces: Vec<ExportTraceServiceRequest> = sent(&server, "/otlp/v1/traces");
    let of = &traces[0].resource_spans[0];
    assert_eq!(service_name(of.resource.as_ref()), "shop");
    assert_eq!(of.scope_spans[0].spans[0].name, "first");
    let logs: Vec<ExportLogsServiceRequest> = sent(&server, "/otlp/v1/logs");
    assert_eq!(service_name(logs[0].resource_logs[0].resource.as_ref()), "shop");
    let metrics: Vec<ExportMetricsServiceRequest> = sent(&server, "/otlp/v1/metrics");
    let metrics = &metrics[0].resource_metrics[0].scope_metrics[0].metrics;
    let duration = metrics.iter().find(|metric| metric.name == "duration").unwrap();
    assert!(matches!(duration.data, Some(metric::Data::Histogram(_))), "{duration:?}");
    for request in server.requests() {
        assert_eq!(request.headers()["content-encoding"], "gzip");
        assert!(collector(&request).status().is_success());
    }
}

#[tokio::test]
async fn counters_are_totals_unless_the_handle_asks_for_deltas() {
    for (word, temporality, second) in [
        (None, AggregationTemporality::Cumulative, 6),
        (Some("cumulative"), AggregationTemporality::Cumulative, 6),
        (Some("delta"), AggregationTemporality::Delta, 3),
        (Some("lowmemory"), AggregationTemporality::Delta, 3),
    ] {
        let server = OnOtlp::start();
        let handle = OnOtlp::handle("http");
        let handle = match word {
            Some(word) => handle.param("temporality", word),
            None => handle,
        };
        let client = connect(handle, &server).await;
        for _ in 0..2 {
            record(&client, "again");
            flush(&client).await.unwrap();
        }
        let expected = (Some(temporality), vec![Number::AsInt(3), Number::AsInt(second)]);
        assert_eq!(orders(&server), expected, "{word:?}");
    }
}

#[tokio::test]
async fn credentials_of_every_kind() {
    let with = |name: &'static str, value: &'static str| {
        FakeServer::start(move |request| match request.headers().get(name) {
            Some(sent) if sent == value => takes(request, BASE),
            _ => status(403),
        })
    };
    let handle = || Handle::builder("http").path(BASE);
    for (server, handle) in [
        (with("authorization", "Bearer t0ken"), handle().password("t0ken")),
        (with("authorization", "Basic a2V5Og=="), handle().username("key")),
        (with("x-api-key", "abc"), handle().param("headers", "x-api-key=abc,x-scope=1")),
        (with("x-scope", "1,2"), handle().param("headers", "X-Api-Key=abc,X-Scope=1%2C2")),
        (with("authorization", BASIC), {
            handle().param("headers", "authorization=Basic%20MTIzNDpnbGNfdDBrZW4=")
        }),
    ] {
        let client = connect(handle, &server).await;
        Otlp::ping(&client).await.unwrap();
        OnOtlp::use_it(&client).await.unwrap();
    }
}

/// Such as Prometheus, which takes metrics alone.
#[tokio::test]
async fn a_server_that_does_not_take_every_signal_answers() {
    let server = FakeServer::start(|request| match request.uri().path() {
        "/otlp/v1/metrics" => collector(request),
        _ => status(404),
    });
    let client = connect(OnOtlp::handle("http"), &server).await;
    Otlp::ping(&client).await.unwrap();

    let server = FakeServer::start(|_| status(404));
    let client = connect(OnOtlp::handle("http"), &server).await;
    let error = Otlp::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "the server answered 404 Not Found");
}

#[tokio::test]
async fn the_variables_of_the_sdk_have_no_effect() {
    let name = concat!(module_path!(), "::the_variables_of_the_sdk_have_no_effect");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-leak=s3cret,authorization=s3cret"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
    ];
    if in_process(name, &variables) {
        return;
    }
    let server = OnOtlp::start();
    let client = connect(OnOtlp::handle("http"), &server).await;
    OnOtlp::use_it(&client).await.unwrap();
    let requests = server.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert!(request.headers().get("x-leak").is_none(), "{:?}", request.headers());
        assert_eq!(request.headers()["authorization"], BASIC);
        assert_eq!(request.headers()["content-encoding"], "gzip");
    }
}
