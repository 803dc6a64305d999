use std::collections::HashMap;
use std::thread;

use backing_services::{Connect as _, NewRelic};
use backing_services_tests::servers::{FakeServer, Response};
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{
    Compression, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::{compare, connect, handle};

const KEY: &str = "0123456789abcdefNRAL";

/// A flush blocks; so it is for both.
pub(crate) async fn new_relic(name: &str) {
    let server = FakeServer::start(|_| Response::default());
    let port = server.port();
    let handle = handle("newrelic", port, |builder| builder.username(KEY).param("tls", "none"));
    let ours = connect::<NewRelic>(&handle).await;
    let bare = provider(port);
    compare(
        name,
        "flush of a span, a fake server",
        async || flush(&ours.tracer_provider),
        async || flush(&bare),
    )
    .await;
    // It blocks as well, which its HTTP client does not want on a thread of a runtime.
    thread::spawn(|| drop(bare)).join().expect("an end");
    NewRelic::close(ours).await;
}

fn flush(provider: &SdkTracerProvider) {
    provider.tracer("shop").in_span("sell", |_| ());
    provider.force_flush().expect("sent");
}

fn provider(port: u16) -> SdkTracerProvider {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("http://127.0.0.1:{port}/v1/traces"))
        .with_compression(Compression::Gzip)
        .with_headers(HashMap::from([("api-key".to_owned(), KEY.to_owned())]))
        .build()
        .expect("an exporter");
    SdkTracerProvider::builder().with_batch_exporter(exporter).build()
}
