//! What the fake servers of OpenTelemetry have in common: how they read what is exported, and what
//! is recorded for them.

use std::io::Read;

use backing_services::adapters::telemetry::TelemetryClient;
use backing_services_tests::servers::{FakeServer, Request, Response};
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

pub(crate) fn status(code: u16) -> Response {
    http::Response::builder().status(code).body(bytes::Bytes::new()).unwrap()
}

/// What a collector below this base answers to a request whose credential is right:
/// <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
pub(crate) fn takes(request: &Request, base: &str) -> Response {
    if request.method() != http::Method::POST {
        return status(405);
    }
    if request.headers().get("content-type").is_none_or(|it| it != "application/x-protobuf") {
        return status(415);
    }
    let Some(body) = payload(request) else { return status(400) };
    let body = body.as_slice();
    let path = request.uri().to_string();
    let understood = match path.strip_prefix(base) {
        Some("/v1/traces") => ExportTraceServiceRequest::decode(body).is_ok(),
        Some("/v1/metrics") => ExportMetricsServiceRequest::decode(body).is_ok(),
        Some("/v1/logs") => ExportLogsServiceRequest::decode(body).is_ok(),
        _ => return status(404),
    };
    status(if understood { 200 } else { 400 })
}

/// The body; only an empty one need not be compressed.
fn payload(request: &Request) -> Option<Vec<u8>> {
    match request.headers().get("content-encoding") {
        None => request.body().is_empty().then(Vec::new),
        Some(encoding) if encoding == "gzip" => {
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(request.body().as_ref()).read_to_end(&mut body).ok()?;
            Some(body)
        }
        Some(_) => None,
    }
}

/// The decoded requests to `path` that hold anything.
pub(crate) fn sent<M: Message + Default>(server: &FakeServer, path: &str) -> Vec<M> {
    let requests = server.requests();
    let requests = requests.iter().filter(|request| request.uri() == path);
    let bodies = requests.map(|request| payload(request).unwrap());
    let bodies = bodies.filter(|body| !body.is_empty());
    bodies.map(|body| M::decode(body.as_slice()).unwrap()).collect()
}

pub(crate) fn service_name(resource: Option<&Resource>) -> String {
    let attributes = &resource.expect("a resource").attributes;
    let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    match name.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(name) => name.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn log(client: &TelemetryClient, text: String) {
    let logger = client.logger_provider.logger("test");
    let mut record = logger.create_log_record();
    record.set_severity_number(Severity::Info);
    record.set_body(text.into());
    logger.emit(record);
}

pub(crate) async fn flush(client: &TelemetryClient) -> Result<(), String> {
    let client = client.clone();
    let flushed = tokio::task::spawn_blocking(move || {
        client.tracer_provider.force_flush()?;
        client.meter_provider.force_flush()?;
        client.logger_provider.force_flush()
    });
    flushed.await.unwrap().map_err(|error| error.to_string())
}
