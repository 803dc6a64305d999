//! New Relic, through the OpenTelemetry SDK: traces, metrics and logs over OTLP/HTTP (protobuf, gzip).
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `newrelic` | |
//! | user | the license key (of type ingest), required | |
//! | host, port | one host | 443 |
//! | `service_name` | the resource attribute `service.name`: the entity in New Relic | that of `OTEL_SERVICE_NAME` |
//! | `tls` | `required`, or `none`: only to this machine, for a stand-in | `required` |
//! | `tls_ca` | a file of PEM certificates, the only authorities to trust | those of the system |
//! | `connect_timeout` | for connecting, and for proving that the service answers | `10s` |
//! | `timeout` | for one call, for an export with its retries, and for `close` | `30s` |
//!
//! | account | handle |
//! |---|---|
//! | US | `newrelic://LICENSE_KEY@otlp.nr-data.net?service_name=shop` |
//! | EU | `newrelic://LICENSE_KEY@otlp.eu01.nr-data.net?service_name=shop` |
//! | US government | `newrelic://LICENSE_KEY@gov-otlp.nr-data.net?service_name=shop` |
//!
//! The hosts take port 4318 as well
//! ([endpoints](https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/)). The key
//! goes into the header `api-key` and nowhere else: no log, error or `Debug` has it.
//!
//! # What New Relic asks for
//!
//! All of it is in the
//! [same document](https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/).
//!
//! - Counters and histograms are sent as deltas, up-down counters as running totals; histograms are
//!   exponential, whatever boundaries an instrument asks for.
//! - A payload is below 1 MB. A batch has at most 512 spans or log records, gzipped. One that is too large
//!   nevertheless is not sent; it is lost, and the SDK warns of it.
//! - A call that is refused with 429, 502, 503 or 504, or has no answer, is tried again for as long as
//!   `timeout` says, no sooner than `Retry-After` says. Meanwhile up to 8192 spans and as many log records
//!   wait; what is recorded beyond that is lost, and the SDK warns of it. A metric's delta that could not be
//!   sent in `timeout` is lost.
//! - An attribute value has at most 4095 characters, a name 255. The SDK cannot cut longer ones; New Relic
//!   reports them as `NrIntegrationError`.
//!
//! `ping` sends an export request without any data, which a server
//! [should answer with success](https://opentelemetry.io/docs/specs/otlp/#full-success), and refuses if the key
//! is wrong. Nothing is stored.
//!
//! # What is not in the handle
//!
//! No global provider is set. What this module does not set follows the SDK's defaults and its variables:
//! `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_METRIC_EXPORT_INTERVAL` (60 s), `OTEL_BSP_SCHEDULE_DELAY` (5 s),
//! `OTEL_BLRP_SCHEDULE_DELAY` (1 s), the limits of a span and the sampler. The SDK tells of its failures as
//! `tracing` events of the targets `opentelemetry_sdk` and `opentelemetry-otlp`. Events of its threads and of
//! the thread that sends are not exported: a bridge from `tracing` to the logger provider makes no loop.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use tokio::runtime;
use tokio::sync::oneshot;

use super::background;
use super::http::{HttpParams, TlsParams, cause, origin, refused};
use super::shared::{closed, one_host, refuse_path, require_scheme, user_alone, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError};
use crate::handle::{Handle, Host};
use crate::parts::{Part, Parts};

const DEFAULT_PORT: u16 = 443;
/// "Smaller than the 1MB (10^6 bytes) maximum payload size."
const PAYLOAD_LIMIT: usize = 1_000_000;
/// Of an answer; more than its few bytes is no answer of OTLP's.
const ANSWER_LIMIT: usize = 1 << 20;
const BATCH: usize = 512;
const QUEUE: usize = 8192;

/// New Relic, for traces, metrics and logs. Its client is a [`NewRelicClient`]: the providers of the
/// OpenTelemetry SDK.
///
/// ```
/// use backing_services::{BackingServices, Environment, NewRelic};
///
/// #[derive(BackingServices)]
/// struct Services {
///     telemetry: NewRelic,
/// }
///
/// let url = "newrelic://0123456789NRAL@otlp.eu01.nr-data.net?service_name=shop";
/// let services = Services::load(&Environment::from_pairs([("TELEMETRY_URL", url)]))?;
/// assert_eq!(format!("{:?}", services.telemetry), "NewRelic(newrelic://otlp.eu01.nr-data.net:443)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Clone)]
pub struct NewRelic {
    handle: Handle,
    host: Host,
    key: HeaderValue,
    tls: bool,
    service_name: Option<String>,
    http: HttpParams,
}

#[derive(Deserialize)]
struct Params {
    service_name: Option<String>,
}

/// The providers of the OpenTelemetry SDK that export to a [`NewRelic`] handle.
///
/// They share one resource and one HTTP client. A clone is another reference to the same. Closing it
/// ([`Adapter::close`]) sends what was recorded before; dropping it sends it as well, but
/// blocks the thread while it does so.
///
/// ```no_run
/// use backing_services::adapters::newrelic::NewRelicClient;
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentelemetry::{KeyValue, metrics::MeterProvider};
///
/// fn sold(telemetry: &NewRelicClient) {
///     let orders = telemetry.meter_provider.meter("shop").u64_counter("orders").build();
///     telemetry.tracer_provider.tracer("shop").in_span("sell", |_| {
///         orders.add(1, &[KeyValue::new("country", "IS")]);
///     });
/// }
/// ```
#[derive(Clone)]
pub struct NewRelicClient {
    /// Spans, in batches of at most 512, every 5 s.
    pub tracer_provider: SdkTracerProvider,
    /// Metrics, every 60 s.
    pub meter_provider: SdkMeterProvider,
    /// Log records, in batches of at most 512, every second.
    pub logger_provider: SdkLoggerProvider,
    sender: Arc<Sender>,
}

/// What sends the requests of all three exporters, and knows the key.
struct Sender {
    http: reqwest::Client,
    base: String,
    key: HeaderValue,
    runtime: runtime::Handle,
    /// Dropped with this, which ends the thread.
    _running: oneshot::Sender<()>,
    closed: AtomicBool,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Adapter for NewRelic {
    const NAME: &'static str = "New Relic";
    const SCHEMES: &'static [&'static str] = &["newrelic"];
    const EXAMPLE: &'static str = "newrelic://LICENSE_KEY@otlp.nr-data.net?service_name=shop";
    const PARTS: Parts = Parts::hosted("newrelic://otlp.nr-data.net")
        .with(&[(Part::Username, &["LICENSE_KEY"])])
        .authorities("tls_ca");
    type Client = NewRelicClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let (http, secure, params): (HttpParams, TlsParams, Params) = handle.params()?;
        refuse_path(handle)?;
        let host = one_host(handle)?.or_port(DEFAULT_PORT);
        let mut key = HeaderValue::from_str(user_alone(handle, "license key")?)
            .map_err(|_| HandleError::new("the license key has characters that no key has"))?;
        key.set_sensitive(true);
        if params.service_name.as_deref() == Some("") {
            return Err(HandleError::new("the parameter `service_name` is empty")
                .with_help("name the service, or leave the parameter out"));
        }
        let tls = secure.is_on(handle)?;
        let http = http.check(tls)?;
        let service_name = params.service_name;
        Ok(Self { handle: handle.clone(), host, key, tls, service_name, http })
    }

    async fn connect(&self) -> Result<NewRelicClient, ClientError> {
        let (running, ended) = oneshot::channel();
        let runtime = background::start("newrelic", async {
            let _ = ended.await;
        })?;
        let sender = Sender {
            http: self.http.client(&self.host)?.build().map_err(|error| cause(&error))?,
            base: origin(self.tls, &self.host),
            key: self.key.clone(),
            runtime,
            _running: running,
            closed: AtomicBool::new(false),
            connect_timeout: self.connect_timeout(),
            timeout: self.http.timeout(),
        };
        let mut resource = Resource::builder();
        if let Some(name) = &self.service_name {
            resource = resource.with_service_name(name.clone());
        }
        NewRelicClient::new(Arc::new(sender), &resource.build()).map_err(ClientError::caused_by)
    }

    async fn ping(client: &NewRelicClient) -> Result<(), ClientError> {
        let sender = &client.sender;
        if sender.closed.load(Ordering::Relaxed) {
            return Err(closed());
        }
        within(sender.connect_timeout, async {
            let mut request = Request::new(Bytes::new());
            *request.method_mut() = reqwest::Method::POST;
            *request.uri_mut() =
                format!("{}{TRACES}", sender.base).parse().map_err(ClientError::caused_by)?;
            let protobuf = HeaderValue::from_static("application/x-protobuf");
            request.headers_mut().insert(CONTENT_TYPE, protobuf);
            let status = sender.send(request).await?.status();
            if status.is_success() { Ok(()) } else { Err(refused(status)) }
        })
        .await
    }

    async fn close(client: NewRelicClient) {
        client.sender.closed.store(true, Ordering::Relaxed);
        let limit = client.sender.timeout;
        let NewRelicClient { tracer_provider: tracer, meter_provider: meter, .. } = client.clone();
        let logger = client.logger_provider.clone();
        // These block; each has its turn on a thread of its own, so that one limit is enough for all. What
        // could not be sent is told by the SDK.
        let flushes = [
            on_a_thread(move || drop(tracer.shutdown_with_timeout(limit))),
            on_a_thread(move || {
                // Its `shutdown` waits for 5 s at most.
                drop(meter.force_flush());
                drop(meter.shutdown());
            }),
            on_a_thread(move || drop(logger.shutdown_with_timeout(limit))),
        ];
        let _ = tokio::time::timeout(limit, async {
            for flush in flushes {
                let _ = flush.await;
            }
        })
        .await;
        // The last reference to a provider that could not be shut down in time would block.
        on_a_thread(move || drop(client));
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.http.connect_timeout()
    }
}

/// Not a blocking task of the app's runtime, which would not end before it.
fn on_a_thread(work: impl FnOnce() + Send + 'static) -> oneshot::Receiver<()> {
    let (done, is_done) = oneshot::channel();
    // Without a thread the receiver is told so.
    let _ = thread::Builder::new().name("newrelic-close".to_owned()).spawn(move || {
        work();
        let _ = done.send(());
    });
    is_done
}

const TRACES: &str = "/v1/traces";
const METRICS: &str = "/v1/metrics";
const LOGS: &str = "/v1/logs";

impl NewRelicClient {
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
        let metrics = MetricExporter::builder().with_http().with_temporality(Temporality::Delta);
        let metrics = sender.configure(metrics, METRICS).build()?;
        Ok(Self {
            tracer_provider: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_span_processor(spans)
                .build(),
            meter_provider: SdkMeterProvider::builder()
                .with_resource(resource.clone())
                .with_periodic_exporter(metrics)
                .with_view(exponential)
                .build(),
            logger_provider: SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_log_processor(records)
                .build(),
            sender,
        })
    }
}

/// "Exponential histograms provide more useful distribution data in the New Relic platform."
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
    /// What the variables of the SDK say about an endpoint has no say here.
    fn configure<B: WithExportConfig + WithHttpConfig>(
        self: &Arc<Self>,
        builder: B,
        path: &str,
    ) -> B {
        builder
            .with_endpoint(format!("{}{path}", self.base))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(self.timeout)
            .with_compression(Compression::Gzip)
            .with_shared_http_client(Arc::clone(self) as Arc<dyn HttpClient>)
            .with_retry_policy(
                RetryPolicy::recommended()
                    // Time is the limit.
                    .with_max_retries(usize::MAX)
                    .with_max_delay(Duration::from_secs(5)),
            )
    }

    /// On the sender's own thread, and wherever it is waited for.
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, ClientError> {
        if request.body().len() >= PAYLOAD_LIMIT {
            // What New Relic would say after the whole upload.
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = reqwest::StatusCode::PAYLOAD_TOO_LARGE;
            return Ok(answer);
        }
        request.headers_mut().insert("api-key", self.key.clone());
        let request = reqwest::Request::try_from(request).map_err(|error| cause(&error))?;
        let http = self.http.clone();
        background::outcome(self.runtime.spawn(async move {
            let mut from = http.execute(request).await.map_err(|error| cause(&error))?;
            let mut body = Vec::new();
            // What a refusal says may repeat the key, and the SDK would log it.
            while from.status().is_success()
                && let Some(chunk) = from.chunk().await.map_err(|error| cause(&error))?
            {
                if body.len() + chunk.len() > ANSWER_LIMIT {
                    return Err(ClientError::of(FailureKind::Protocol, "the answer is too long"));
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = Response::new(Bytes::from(body));
            *answer.status_mut() = from.status();
            *answer.headers_mut() = mem::take(from.headers_mut());
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

impl fmt::Debug for NewRelic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewRelic({}://{})", self.handle.scheme(), self.host)
    }
}

impl fmt::Debug for NewRelicClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewRelicClient({})", self.sender.base)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NewRelic, HandleError> {
        NewRelic::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            (
                "newrelic://otlp.nr-data.net",
                "the handle needs the license key as user name and no password",
            ),
            (
                "newrelic://k:p@otlp.nr-data.net",
                "the handle needs the license key as user name and no password",
            ),
            ("newrelic://k@otlp.nr-data.net/v1/traces", "the handle has a path"),
            ("newrelic://k@a,b", "the handle names several hosts"),
            ("newrelic://k%0A@h", "the license key has characters that no key has"),
            ("newrelic://k@h?service_name=", "the parameter `service_name` is empty"),
            ("newrelic://k@h?servicename=x", "unknown parameter `servicename`"),
            ("newrelic://k@h?tls=maybe", "the parameter `tls` has a bad value"),
            (
                "newrelic://k@localhost?tls=none&tls_ca=/a",
                "the handle has certificates but no TLS to use them in",
            ),
            (
                "newrelic://k@otlp.nr-data.net?tls=none",
                "the credential would be sent in the clear to another machine",
            ),
            ("loggly://k@h", "the scheme `loggly` is not one of New Relic"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
    }

    #[test]
    fn the_documented_hosts_and_ports() {
        for host in ["otlp.nr-data.net", "otlp.eu01.nr-data.net", "gov-otlp.nr-data.net"] {
            let shown = format!("{:?}", parse(&format!("newrelic://key@{host}")).unwrap());
            assert_eq!(shown, format!("NewRelic(newrelic://{host}:443)"));
        }
        let shown = format!("{:?}", parse("newrelic://key@otlp.nr-data.net:4318").unwrap());
        assert_eq!(shown, "NewRelic(newrelic://otlp.nr-data.net:4318)");
    }

    #[tokio::test]
    async fn the_sdk_never_sees_the_key() {
        let client =
            parse("newrelic://kZ8ey@localhost:1?tls=none").unwrap().connect().await.unwrap();
        let shown = format!(
            "{client:?} {:?} {:?} {:?} {:?}",
            client.sender, client.tracer_provider, client.meter_provider, client.logger_provider
        );
        assert!(!shown.contains("kZ8ey"), "{shown}");
        NewRelic::close(client).await;
    }
}
