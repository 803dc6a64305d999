use std::thread;

use backing_services::adapters::telemetry::TelemetryClient;
use backing_services::{Connect as _, NewRelic, Otlp};
use backing_services_tests::servers::{FakeServer, Response};
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{
    Compression, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::{compare, connect, handle};

const KEY: &str = "0123456789abcdefNRAL";

pub(crate) async fn new_relic() {
    let server = FakeServer::start(|_| Response::default());
    let port = server.port();
    let handle = handle("newrelic", port, |builder| builder.username(KEY).param("tls", "none"));
    let ours = connect::<NewRelic>(&handle).await;
    compare_flushes(&ours, provider(port, &[("api-key", KEY)])).await;
    NewRelic::close(ours).await;
}

pub(crate) async fn otlp() {
    let server = FakeServer::start(|_| Response::default());
    let ours = connect::<Otlp>(&handle("http", server.port(), |builder| builder)).await;
    compare_flushes(&ours, provider(server.port(), &[])).await;
    Otlp::close(ours).await;
}

/// A flush blocks; so it is for both.
async fn compare_flushes(ours: &TelemetryClient, bare: SdkTracerProvider) {
    compare(
        "flush of a span, a fake server",
        async || flush(&ours.tracer_provider),
        async || flush(&bare),
    )
    .await;
    // It blocks as well, which its HTTP client does not want on a thread of a runtime.
    thread::spawn(|| drop(bare)).join().expect("an end");
}

fn flush(provider: &SdkTracerProvider) {
    provider.tracer("shop").in_span("sell", |_| ());
    provider.force_flush().expect("sent");
}

fn provider(port: u16, headers: &[(&str, &str)]) -> SdkTracerProvider {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("http://127.0.0.1:{port}/v1/traces"))
        .with_compression(Compression::Gzip)
        .with_headers(headers.collect())
        .build()
        .expect("an exporter");
    SdkTracerProvider::builder().with_batch_exporter(exporter).build()
}
