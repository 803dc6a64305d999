//! Any OpenTelemetry collector, and any service that speaks
//! [OTLP/HTTP](https://opentelemetry.io/docs/specs/otlp/#otlphttp) as one does, through the
//! OpenTelemetry SDK: traces, metrics and logs (protobuf, gzip).
//!
//! <!-- grammar -->
//! - schemes: `http` (port 80), `https` (TLS, port 443)
//! - user name: A user, sent with the password as Basic authentication.
//! - password: The password of that user; alone it is sent as Bearer token. Also `TOKEN`.
//! - host: The collector. Also `ENDPOINT`.
//! - port
//! - path: The base that `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended to.
//! - `headers`: Headers of every request, such as `x-api-key=KEY,x-scope=1`.
//! - `service_name`: The resource attribute `service.name`, instead of `OTEL_SERVICE_NAME`.
//! - `temporality`: Whether metrics are sent as running totals or as what was added since. Either
//!   `cumulative`, `delta` or `lowmemory`. Also `METRICS_TEMPORALITY_PREFERENCE`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! <!-- end -->
//!
//! The handle is what OpenTelemetry calls `OTEL_EXPORTER_OTLP_ENDPOINT`, of port 4318 where a
//! collector has its usual ports; 4317 is that of OTLP/gRPC. A field that takes the variables of
//! OpenTelemetry is
//!
//! ```
//! # use backing_services::{BackingServices, Otlp};
//! #[derive(BackingServices)]
//! struct Services {
//!     #[service(env = "OTEL_EXPORTER_OTLP_URL", alias = "OTEL_EXPORTER_OTLP_ENDPOINT")]
//!     telemetry: Otlp,
//! }
//! ```
//!
//! which also has the headers of `OTEL_EXPORTER_OTLP_HEADERS`. User and password are sent as
//! [Basic](https://www.rfc-editor.org/rfc/rfc7617), a password alone as
//! [Bearer](https://www.rfc-editor.org/rfc/rfc6750) token. Each value of `headers` is
//! percent-encoded, as in that variable, and in the query of a handle once more. A credential for
//! another machine takes `https` or `tls=none`; no log, error or `Debug` has it.
//!
//! | service | handle |
//! |---|---|
//! | a [collector](https://opentelemetry.io/docs/collector/) or [Jaeger](https://www.jaegertracing.io/) on this machine | `http://localhost:4318` |
//! | [Grafana Cloud](https://grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp/) | `https://INSTANCE_ID:TOKEN@otlp-gateway-prod-eu-west-0.grafana.net/otlp` |
//! | [Honeycomb](https://docs.honeycomb.io/send-data/opentelemetry) | `https://api.honeycomb.io?headers=x-honeycomb-team=KEY` |
//! | [Dynatrace](https://docs.dynatrace.com/docs/shortlink/otel-getstarted-otlpexport) | `https://ENVIRONMENT.live.dynatrace.com/api/v2/otlp?headers=authorization=Api-Token%20TOKEN&temporality=delta` |
//!
//! What else there is to know of the client is on the page of [`telemetry`](super::telemetry). A
//! service that takes metrics alone, such as Prometheus, answers 404 to traces, of which the SDK
//! warns: use the provider of what it takes.
//!
//! # A hostile server
//!
//! `hyper` 1.12.0 reads informational answers and the length of a chunk without an end: a server
//! that means harm can keep a thread busy after `connect_timeout` and hold the socket.

use std::mem;

use opentelemetry_sdk::metrics::Temporality;
use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::http_client::{HttpTimeouts, cause, is_framing, origin};
use super::refused::refuse_colon;
use super::telemetry::{Destination, SIGNALS, ServiceName, TelemetryClient};
use crate::error::ours;
use crate::{
    Adapter, ClientError, Connect, Handle, HandleError, Host, Kind, Secret, Tls, Value, Word,
};

/// The collector, which writes what it gets to its log. Its own image has no shell that could ask
/// how it is.
const LOCAL: crate::Server = crate::Server::new("http://127.0.0.1:{port}")
    .image("docker.io/library/alpine:3.22", 4318)
    .build(&[
        "COPY --from=docker.io/otel/opentelemetry-collector:0.162.0 /otelcol /otelcol",
        "COPY --from=docker.io/otel/opentelemetry-collector:0.162.0 /etc/otelcol /etc/otelcol",
    ])
    .command(&["/otelcol", "--config=/etc/otelcol/config.yaml"])
    .health("wget -q -O /dev/null http://127.0.0.1:13133/");

/// A service that speaks OTLP/HTTP, for traces, metrics and logs. Its client is a
/// [`TelemetryClient`]: the providers of the OpenTelemetry SDK.
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{BackingServices, Environment, Otlp};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[service(default = "http://localhost:4318")]
///     telemetry: Otlp,
/// }
///
/// let services = Services::load(&Environment::from_pairs([("TELEMETRY_URL", "")]))?;
/// assert_eq!(format!("{:?}", services.telemetry), "Otlp(http://localhost:4318)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "OTLP",
    schemes("http" = 80, "https" = tls(443)),
    example = "http://localhost:4318",
    bindings("otlp", "opentelemetry"),
    unencrypted = "refused",
    server = LOCAL,
    check,
    debug
)]
pub struct Otlp {
    #[handle]
    handle: Handle,
    /// A user, sent with the password as Basic authentication.
    #[handle(username)]
    username: Option<String>,
    /// The password of that user; alone it is sent as Bearer token.
    #[handle(password, names("TOKEN"))]
    password: Option<Secret>,
    /// The collector.
    #[handle(host, names("ENDPOINT"))]
    host: Host,
    /// The base that `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended to.
    #[handle(path)]
    base: Option<Secret>,
    /// Headers of every request, such as `x-api-key=KEY,x-scope=1`.
    #[handle(param = "headers", credential)]
    headers: Option<Headers>,
    /// The resource attribute `service.name`, instead of `OTEL_SERVICE_NAME`.
    #[handle(param = "service_name")]
    service_name: Option<ServiceName>,
    /// Whether metrics are sent as running totals or as what was added since.
    #[handle(param = "temporality", names("METRICS_TEMPORALITY_PREFERENCE"))]
    temporality: Option<Preference>,
    #[handle(flatten)]
    tls: Tls,
    #[handle(flatten)]
    timeouts: HttpTimeouts,
}

/// The form of `OTEL_EXPORTER_OTLP_HEADERS`.
#[derive(Clone)]
struct Headers(HeaderMap);

impl Value for Headers {
    const KIND: Kind = Kind::Other(
        "headers such as `x-api-key=KEY,x-scope=1`, each once and its value percent-encoded",
    );

    fn read(text: &str) -> Option<Self> {
        let mut headers = HeaderMap::new();
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=')?;
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            let mut value = HeaderValue::from_bytes(&value).ok()?;
            value.set_sensitive(true);
            if is_framing(&name) || headers.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Self(headers))
    }
}

/// The temporality of metrics, in the words of OpenTelemetry.
#[derive(Word, Clone, Copy)]
enum Preference {
    Cumulative,
    Delta,
    #[word("lowmemory")]
    LowMemory,
}

impl Otlp {
    fn check(&self) -> Result<(), HandleError> {
        refuse_colon(self.username.as_deref().unwrap_or_default())?;
        let token = self.password.as_ref().filter(|_| self.username.is_none());
        if token.is_some_and(|it| HeaderValue::from_bytes(it.expose().as_bytes()).is_err()) {
            return Err(HandleError::new("the password has characters that no header can have"));
        }
        let has_login = self.username.is_some() || self.password.is_some();
        let headers = self.headers.as_ref();
        if has_login && headers.is_some_and(|it| it.0.contains_key(AUTHORIZATION)) {
            return Err(HandleError::new("the handle has a login and a header `authorization`")
                .with_help("keep one of the two"));
        }
        let base = self.base.as_ref().map_or("", Secret::expose);
        let base = format!("/{}", base.trim_end_matches('/'));
        if let Some(signal) = SIGNALS.iter().find(|signal| base.ends_with(**signal)) {
            return Err(HandleError::new("the path is that of one signal")
                .with_help(ours!("leave `{signal}` out: each signal adds its own")));
        }
        Ok(())
    }
}

impl Connect for Otlp {
    type Client = TelemetryClient;
    const CLOSES_LAST: bool = true;

    async fn connect(&self) -> Result<TelemetryClient, ClientError> {
        let http = self.timeouts.client(&self.host, &self.tls)?;
        let http = http.build().map_err(|error| cause(&error))?;
        let origin = origin(self.tls.is_on(), &self.host);
        let request = http.post(&origin);
        let request = match (&self.username, &self.password) {
            (Some(user), password) => {
                request.basic_auth(user, Some(password.as_ref().map_or("", Secret::expose)))
            }
            (None, Some(token)) => request.bearer_auth(token.expose()),
            (None, None) => request,
        };
        let own = self.headers.clone().map(|headers| headers.0);
        let request = request.headers(own.unwrap_or_default()).build();
        let mut request = request.map_err(|error| cause(&error))?;
        TelemetryClient::start(Destination {
            name: "otlp",
            http,
            origin,
            base: Secret::new(self.handle.path().trim_end_matches('/')),
            headers: mem::take(request.headers_mut()),
            service_name: self.service_name.clone(),
            // The SDK has the limit of the specification.
            payload_limit: usize::MAX,
            temporality: self.temporality.map(|preference| match preference {
                Preference::Cumulative => Temporality::Cumulative,
                Preference::Delta => Temporality::Delta,
                Preference::LowMemory => Temporality::LowMemory,
            }),
            exponential_histograms: false,
            connect_timeout: self.timeouts.connect_timeout,
            timeout: self.timeouts.timeout,
        })
    }

    async fn ping(client: &TelemetryClient) -> Result<(), ClientError> {
        client.ping().await
    }

    async fn close(client: TelemetryClient) {
        client.close().await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::error::ProblemKind;
    use crate::{BackingServices, Environment};

    fn parse(text: &str) -> Result<Otlp, HandleError> {
        Otlp::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn places() {
        for (text, shown) in [
            ("http://localhost:4318", "Otlp(http://localhost:4318)"),
            ("http://collector", "Otlp(http://collector:80)"),
            (
                "https://1234:glc_t0ken@otlp-gateway-prod-eu-west-0.grafana.net/otlp",
                "Otlp(https://otlp-gateway-prod-eu-west-0.grafana.net:443)",
            ),
            (
                "https://api.honeycomb.io?headers=x-honeycomb-team=KEY",
                "Otlp(https://api.honeycomb.io:443)",
            ),
            ("http://u:p@otel:4318?tls=none", "Otlp(http://otel:4318)"),
            ("http://:t@otel?tls=required", "Otlp(https://otel:443)"),
        ] {
            let otlp = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(format!("{otlp:?}"), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("http://a,b", "the handle names several hosts"),
            ("http://h/v1/traces", "the path is that of one signal"),
            ("http://h/otlp/v1/logs/", "the path is that of one signal"),
            ("http://u%3A:p@localhost", "a `:` stands in the user name"),
            ("http://:p%0A@localhost", "the password has characters that no header can have"),
            (
                "http://:p@localhost?headers=authorization=t",
                "the handle has a login and a header `authorization`",
            ),
            ("http://localhost?headers=", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=a", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=a=1,a=2", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=a=1,", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=a%20b=1", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=a=1%250A", "the parameter `headers` has a bad value"),
            ("http://localhost?headers=Content-Type=x", "the parameter `headers` has a bad value"),
            ("http://h?service_name=", "the parameter `service_name` has a bad value"),
            ("http://h?temporality=gauge", "the parameter `temporality` has a bad value"),
            ("http://h?tls_ca=ca.pem", "the handle has `tls_ca` but no TLS to use it in"),
            ("https://h?tls=none", "the scheme says TLS, and `tls` says none"),
            ("grpc://h", "the scheme is not one of OTLP"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        for text in ["http://:t@otel", "http://u:p@otel", "http://otel?headers=x-api-key=KEY"] {
            let exposed = parse(text).unwrap_err();
            assert_eq!(exposed.kind(), ProblemKind::Insecure, "{text}");
        }
    }

    #[test]
    fn headers_are_those_of_the_variable() {
        let read = |text: &str| {
            let Headers(headers) = parse(text).unwrap().headers.unwrap();
            let pair = |(name, value): (&HeaderName, &HeaderValue)| {
                format!("{name}: {}", value.to_str().unwrap())
            };
            headers.iter().map(pair).collect::<Vec<_>>()
        };
        assert_eq!(
            read("http://localhost?headers=x-api-key%3Dabc,X-Scope=1"),
            ["x-api-key: abc", "x-scope: 1"]
        );
        // Base64 may end in `=`.
        for text in ["authorization=Basic%20YTpi%3D", "Authorization%3DBasic%2520YTpi="] {
            let text = format!("http://localhost?headers={text}");
            assert_eq!(read(&text), ["authorization: Basic YTpi="], "{text}");
        }
        assert_eq!(read("http://localhost?headers=a=1%252C2,%20b=%20x"), ["a: 1,2", "b: x"]);
    }

    #[derive(BackingServices, Debug)]
    struct Services {
        #[service(env = "OTEL_EXPORTER_OTLP_URL", alias = "OTEL_EXPORTER_OTLP_ENDPOINT")]
        telemetry: Otlp,
    }

    #[test]
    fn takes_the_variables_of_opentelemetry() {
        let environment = |endpoint| {
            Environment::from_pairs([
                ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
                ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20MTIzNDpnbGM%3D"),
                ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "10000"),
                ("OTEL_SERVICE_NAME", "shop"),
            ])
        };
        let services = Services::load(&environment("https://otlp.grafana.net/otlp")).unwrap();
        let Otlp { headers, temporality, .. } = services.telemetry;
        assert_eq!(headers.unwrap().0[AUTHORIZATION], "Basic MTIzNDpnbGM=");
        assert!(matches!(temporality, Some(Preference::Delta)));
        let exposed = Services::load(&environment("http://collector:4318")).unwrap_err();
        assert_eq!(exposed.problems()[0].kind(), ProblemKind::Insecure);
    }

    /// Answers 404 to traces, and to all else with success.
    fn fake_server() -> (u16, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = thread::spawn(move || {
            let mut requests = Vec::new();
            for status in ["404 Not Found", "200 OK"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = String::new();
                let mut lines = BufReader::new(&stream);
                while !head.ends_with("\r\n\r\n") {
                    assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
                }
                requests.push(head);
                let close = "content-length: 0\r\nconnection: close";
                write!(stream, "HTTP/1.1 {status}\r\n{close}\r\n\r\n").unwrap();
            }
            requests
        });
        (port, requests)
    }

    #[tokio::test]
    async fn what_the_handle_says_is_sent() {
        for (login, query, header) in [
            ("Aladdin:open%20sesame@", "", "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("key@", "", "authorization: Basic a2V5Og=="),
            ("u:p%C3%B6%0A@", "", "authorization: Basic dTpww7YK"),
            (":mF_9.B5f-4.1JqM@", "", "authorization: Bearer mF_9.B5f-4.1JqM"),
            ("", "?headers=x-api-key%3DKEY,x-scope=1", "x-api-key: KEY"),
        ] {
            let (port, requests) = fake_server();
            let otlp =
                parse(&format!("http://{login}127.0.0.1:{port}/a%20b/otlp/{query}")).unwrap();
            let client = otlp.connect().await.unwrap();
            Otlp::ping(&client).await.unwrap();
            let requests = requests.join().unwrap();
            for (request, signal) in requests.iter().zip(["traces", "metrics"]) {
                let line = format!("POST /a%20b/otlp/v1/{signal} HTTP/1.1\r\n");
                assert!(request.starts_with(&line), "{request}");
                assert!(request.contains(&format!("\r\n{header}\r\n")), "{request}");
                assert!(request.contains("content-type: application/x-protobuf"), "{request}");
            }
            Otlp::close(client).await;
        }
    }

    #[tokio::test]
    async fn the_sdk_never_sees_a_credential() {
        for text in [
            "http://uZ8ser:kZ8ey@localhost:1/pZ8ath",
            "http://:kZ8ey@localhost:1/pZ8ath",
            "http://localhost:1/pZ8ath?headers=x-api-key=kZ8ey",
        ] {
            let client = parse(text).unwrap().connect().await.unwrap();
            let shown = format!(
                "{client:?} {:?} {:?} {:?}",
                client.tracer_provider, client.meter_provider, client.logger_provider
            );
            assert!(!shown.contains("Z8"), "{shown}");
            Otlp::close(client).await;
        }
    }
}
