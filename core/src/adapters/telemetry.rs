//! What the adapters for OpenTelemetry share: the providers of its SDK, and what sends their
//! requests over [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp).
//!
//! A call that is refused with 429, 502, 503 or 504, or has no answer, is tried again for as long
//! as `timeout` says, no sooner than `Retry-After` says. Meanwhile up to 8192 spans and as many log
//! records wait; what is recorded beyond that is lost, and the SDK warns of it. A metric's delta
//! that could not be sent in `timeout` is lost.
//!
//! A ping sends an export request without any data, which a server [should answer with
//! success](https://opentelemetry.io/docs/specs/otlp/#full-success), and refuses if the credential
//! is wrong. Nothing is stored.
//!
//! # What is not in the handle
//!
//! No global provider is set. What is not set here follows the SDK's defaults and its variables:
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_METRIC_EXPORT_INTERVAL` (60 s), `OTEL_BSP_SCHEDULE_DELAY`
//! (5 s), `OTEL_BLRP_SCHEDULE_DELAY` (1 s), the limits of a span and the sampler. Those that say
//! where to send, and with which headers, have no effect: a credential in
//! `OTEL_EXPORTER_OTLP_HEADERS` goes nowhere that the handle does not name.
//!
//! The SDK reports its failures as `tracing` events of the targets `opentelemetry_sdk` and
//! `opentelemetry-otlp`. Events of its threads and of the thread that sends are not exported: a
//! bridge from `tracing` to the logger provider makes no loop.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter, MetricExporter, Protocol, RetryPolicy,
    SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{self, BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream, Temporality,
};
use opentelemetry_sdk::trace::{self, BatchSpanProcessor, SdkTracerProvider};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, Method, StatusCode};
use tokio::runtime;
use tokio::sync::oneshot;

use super::background;
use super::ending::Closed;
use super::http_client::{answered_within, body, cause, refused};
use crate::{ClientError, FailureKind, Kind, Secret, Value};

/// Of an answer; more than its few bytes is no answer of OTLP's.
const ANSWER_LIMIT: usize = 1 << 20;
const BATCH: usize = 512;
const QUEUE: usize = 8192;
const TRACES: &str = "/v1/traces";
const METRICS: &str = "/v1/metrics";
const LOGS: &str = "/v1/logs";

/// The paths of OTLP/HTTP, one a signal.
pub(super) const SIGNALS: [&str; 3] = [TRACES, METRICS, LOGS];

/// The resource attribute `service.name`: never empty, which would hide that of
/// `OTEL_SERVICE_NAME`.
#[derive(Clone)]
pub(super) struct ServiceName(String);

impl Value for ServiceName {
    const KIND: Kind = Kind::Other("the name of the service, such as `shop`");

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

/// Where the data goes, and what the service there wants to be different.
pub(super) struct Destination {
    /// The name of the thread that sends.
    pub(super) name: &'static str,
    pub(super) http: Client,
    /// Scheme, host and port, which are no secret.
    pub(super) origin: String,
    /// The path in front of that of each signal, without a `/` at its end.
    pub(super) base: Secret,
    /// The headers of every request, credentials among them.
    pub(super) headers: HeaderMap,
    pub(super) service_name: Option<ServiceName>,
    /// A payload of this size is not sent.
    pub(super) payload_limit: usize,
    /// Without one it is that of the SDK's variable, or cumulative.
    pub(super) temporality: Option<Temporality>,
    pub(super) exponential_histograms: bool,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
}

/// The providers of the OpenTelemetry SDK that export to a handle.
///
/// They share one resource and one HTTP client. A clone is another reference to the same. Closing
/// it ([`Connect::close`](crate::Connect::close)) sends what was recorded before; dropping it sends
/// it as well, but blocks the thread while it does so.
///
/// ```no_run
/// use backing_services::adapters::telemetry::TelemetryClient;
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentelemetry::{KeyValue, metrics::MeterProvider};
///
/// fn sold(telemetry: &TelemetryClient) {
///     let orders = telemetry.meter_provider.meter("shop").u64_counter("orders").build();
///     telemetry.tracer_provider.tracer("shop").in_span("sell", |_| {
///         orders.add(1, &[KeyValue::new("country", "IS")]);
///     });
/// }
/// ```
#[derive(Clone)]
pub struct TelemetryClient {
    /// Spans, in batches of at most 512, every 5 s.
    pub tracer_provider: SdkTracerProvider,
    /// Metrics, every 60 s.
    pub meter_provider: SdkMeterProvider,
    /// Log records, in batches of at most 512, every second.
    pub logger_provider: SdkLoggerProvider,
    sender: Arc<Sender>,
}

/// Sends the requests of all three exporters. It alone knows the credentials.
struct Sender {
    to: Destination,
    runtime: runtime::Handle,
    /// Dropped with this, which ends the thread.
    _running: oneshot::Sender<()>,
    closed: Closed,
}

impl TelemetryClient {
    pub(super) fn start(to: Destination) -> Result<Self, ClientError> {
        let (running, ended) = oneshot::channel();
        let runtime = background::start(to.name, async {
            let _ = ended.await;
        })?;
        let mut resource = Resource::builder();
        if let Some(ServiceName(name)) = &to.service_name {
            resource = resource.with_service_name(name.clone());
        }
        let sender = Sender { to, runtime, _running: running, closed: Closed::default() };
        Self::new(Arc::new(sender), &resource.build()).map_err(ClientError::caused_by)
    }

    fn new(sender: Arc<Sender>, resource: &Resource) -> Result<Self, ExporterBuildError> {
        let spans = SpanExporter::builder().with_http();
        let spans = BatchSpanProcessor::builder(sender.configure(spans, TRACES).build()?)
            .with_batch_config(
                trace::BatchConfigBuilder::default()
                    .with_max_queue_size(QUEUE)
                    .with_max_export_batch_size(BATCH)
                    .build(),
            )
            .build();
        let records = LogExporter::builder().with_http();
        let records = BatchLogProcessor::builder(sender.configure(records, LOGS).build()?)
            .with_batch_config(
                logs::BatchConfigBuilder::default()
                    .with_max_queue_size(QUEUE)
                    .with_max_export_batch_size(BATCH)
                    .build(),
            )
            .build();
        let mut metrics = MetricExporter::builder().with_http();
        if let Some(temporality) = sender.to.temporality {
            metrics = metrics.with_temporality(temporality);
        }
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_periodic_exporter(sender.configure(metrics, METRICS).build()?);
        if sender.to.exponential_histograms {
            meters = meters.with_view(exponential);
        }
        Ok(Self {
            tracer_provider: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_span_processor(spans)
                .build(),
            meter_provider: meters.build(),
            logger_provider: SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_log_processor(records)
                .build(),
            sender,
        })
    }

    /// Sends an export request without any data, of which nothing is stored. Which signals a server
    /// takes is its own affair: one that does not know the path of one is asked for the next.
    pub(super) async fn ping(&self) -> Result<(), ClientError> {
        let sender = &self.sender;
        sender.closed.check()?;
        let asked = answered_within(sender.to.connect_timeout, || async {
            let mut status = StatusCode::NOT_FOUND;
            for path in SIGNALS {
                let mut request = Request::new(Bytes::new());
                *request.method_mut() = Method::POST;
                *request.uri_mut() = path.parse().map_err(ClientError::caused_by)?;
                let protobuf = HeaderValue::from_static("application/x-protobuf");
                request.headers_mut().insert(CONTENT_TYPE, protobuf);
                status = sender.send(request).await?.status();
                if status != StatusCode::NOT_FOUND {
                    break;
                }
            }
            if status.is_success() { Ok(()) } else { Err(refused(status)) }
        });
        let is_grpc = sender.to.origin.ends_with(":4317");
        asked.await.map_err(|error| match error.kind() {
            FailureKind::Protocol | FailureKind::Timeout | FailureKind::Other if is_grpc => {
                error.with_help("4317 is the port of OTLP/gRPC: write 4318, that of OTLP/HTTP")
            }
            _ => error,
        })
    }

    pub(super) async fn close(self) {
        self.sender.closed.close();
        let Destination { name, timeout, .. } = self.sender.to;
        let Self { tracer_provider: tracer, meter_provider: meter, .. } = self.clone();
        let logger = self.logger_provider.clone();
        // These block. Each has a thread of its own, so that one timeout is enough for all. The SDK
        // reports what could not be sent.
        let flushes = [
            on_a_thread(name, move || drop(tracer.shutdown_with_timeout(timeout))),
            on_a_thread(name, move || {
                // Its `shutdown` waits for 5 s at most.
                drop(meter.force_flush());
                drop(meter.shutdown());
            }),
            on_a_thread(name, move || drop(logger.shutdown_with_timeout(timeout))),
        ];
        let _ = tokio::time::timeout(timeout, async {
            for flush in flushes {
                let _ = flush.await;
            }
        })
        .await;
        // The last reference to a provider that could not be shut down in time would block.
        on_a_thread(name, move || drop(self));
    }
}

/// Runs blocking work on a thread, not as a blocking task of the app's runtime, which would not end
/// before it.
fn on_a_thread(name: &str, work: impl FnOnce() + Send + 'static) -> oneshot::Receiver<()> {
    let (done, is_done) = oneshot::channel();
    // Without a thread the sender is dropped, which ends the wait.
    let _ = thread::Builder::new().name(format!("{name}-close")).spawn(move || {
        work();
        let _ = done.send(());
    });
    is_done
}

fn exponential(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram {
        return None;
    }
    // The size and scale that the specification of OpenTelemetry has as defaults.
    let aggregation = Aggregation::Base2ExponentialHistogram {
        max_size: 160,
        max_scale: 20,
        record_min_max: true,
    };
    Stream::builder().with_aggregation(aggregation).build().ok()
}

impl Sender {
    /// Sets everything that the SDK would otherwise take from its variables for endpoints.
    fn configure<B: WithExportConfig + WithHttpConfig>(
        self: &Arc<Self>,
        builder: B,
        path: &str,
    ) -> B {
        builder
            .with_endpoint(format!("{}{path}", self.to.origin))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(self.to.timeout)
            .with_compression(Compression::Gzip)
            .with_shared_http_client(Arc::clone(self) as Arc<dyn HttpClient>)
            .with_retry_policy(
                RetryPolicy::recommended()
                    // The timeout ends the attempts.
                    .with_max_retries(usize::MAX)
                    .with_max_delay(Duration::from_secs(5)),
            )
    }

    /// Sends a request from the sender's own thread, wherever its answer is waited for.
    async fn send(&self, from: Request<Bytes>) -> Result<Response<Bytes>, ClientError> {
        let to = &self.to;
        if from.body().len() >= to.payload_limit {
            // What the service would answer after the whole upload.
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return Ok(answer);
        }
        let url = format!("{}{}{}", to.origin, to.base.expose(), from.uri().path());
        let mut headers = to.headers.clone();
        // The SDK adds those of `OTEL_EXPORTER_OTLP_HEADERS`, which are meant for another endpoint.
        for name in [CONTENT_TYPE, CONTENT_ENCODING, USER_AGENT] {
            if let Some(value) = from.headers().get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let request = to.http.request(from.method().clone(), url).headers(headers);
        let request = request.body(from.into_body()).build().map_err(|error| cause(&error))?;
        let http = to.http.clone();
        background::outcome(self.runtime.spawn(async move {
            let mut from = http.execute(request).await.map_err(|error| cause(&error))?;
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = from.status();
            *answer.headers_mut() = mem::take(from.headers_mut());
            // The text of a refusal may repeat the credential, and the SDK would log it.
            if from.status().is_success() {
                *answer.body_mut() = body(from, ANSWER_LIMIT).await?;
            }
            Ok(answer)
        }))
        .await
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { Ok(self.send(request).await?) })
    }
}

impl fmt::Debug for TelemetryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TelemetryClient({})", self.sender.to.origin)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("origin", &self.to.origin).finish_non_exhaustive()
    }
}
