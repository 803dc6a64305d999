//! New Relic, through the OpenTelemetry SDK: traces, metrics and logs over OTLP/HTTP (protobuf,
//! gzip).
//!
//! <!-- grammar -->
//! - schemes: `newrelic` (TLS, port 443)
//! - user name: The license key, of type ingest. Required.
//! - host: The OTLP endpoint of the account's region.
//! - port
//! - `service_name`: The resource attribute `service.name`, the entity in New Relic, instead of
//!   `OTEL_SERVICE_NAME`. Also `APP_NAME`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! <!-- end -->
//!
//! `tls=none` is for a fake server on this machine, and refused for any other. `timeout` is also
//! that of an export with its attempts, and of `close`.
//!
//! | account | handle |
//! |---|---|
//! | US | `newrelic://LICENSE_KEY@otlp.nr-data.net?service_name=shop` |
//! | EU | `newrelic://LICENSE_KEY@otlp.eu01.nr-data.net?service_name=shop` |
//! | US government | `newrelic://LICENSE_KEY@gov-otlp.nr-data.net?service_name=shop` |
//!
//! The hosts take port 4318 as well
//! ([endpoints](https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/)).
//! The key goes into the header `api-key` and nowhere else: no log, error or `Debug` has it.
//!
//! # What New Relic asks for
//!
//! All of it is in the [same
//! document](https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/).
//!
//! - Counters and histograms are sent as deltas, up-down counters as running totals; histograms are
//!   exponential, whatever boundaries an instrument asks for.
//! - A payload is below 1 MB. A batch has at most 512 spans or log records, gzipped. One that is
//!   too large nevertheless is not sent; it is lost, and the SDK warns of it.
//! - An attribute value has at most 4095 characters, a name 255. The SDK cannot cut longer ones;
//!   New Relic reports them as `NrIntegrationError`.
//!
//! What else there is to know of the client is on the page of [`telemetry`](super::telemetry).

use opentelemetry_sdk::metrics::Temporality;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

pub use super::telemetry::TelemetryClient as NewRelicClient;

use super::http_client::{HttpTimeouts, cause, origin};
use super::telemetry::{Destination, ServiceName};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret, Tls};

const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// "Smaller than the 1MB (10^6 bytes) maximum payload size."
const PAYLOAD_LIMIT: usize = 1_000_000;

/// New Relic, for traces, metrics and logs. Its client is a [`NewRelicClient`]: the providers of
/// the OpenTelemetry SDK.
///
/// [Its module](self) has the table of what a handle may say.
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
/// let shown = format!("{:?}", services.telemetry);
/// assert_eq!(shown, "NewRelic(newrelic://otlp.eu01.nr-data.net:443)");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "New Relic",
    schemes("newrelic" = tls),
    port = 443,
    example = "newrelic://LICENSE_KEY@otlp.nr-data.net?service_name=shop",
    place = "newrelic://otlp.nr-data.net",
    unencrypted = "loopback",
    check,
    debug
)]
pub struct NewRelic {
    #[handle]
    handle: Handle,
    /// The license key, of type ingest.
    #[handle(username)]
    license_key: Secret,
    /// The OTLP endpoint of the account's region.
    #[handle(host)]
    host: Host,
    /// The resource attribute `service.name`, the entity in New Relic, instead of
    /// `OTEL_SERVICE_NAME`.
    #[handle(param = "service_name", names("APP_NAME"))]
    service_name: Option<ServiceName>,
    #[handle(flatten)]
    tls: Tls,
    #[handle(flatten)]
    timeouts: HttpTimeouts,
}

impl NewRelic {
    fn check(&self) -> Result<(), HandleError> {
        self.key().map(drop)
    }

    fn key(&self) -> Result<HeaderValue, HandleError> {
        let mut key = HeaderValue::from_str(self.license_key.expose())
            .map_err(|_| HandleError::new("the license key has characters that no key has"))?;
        key.set_sensitive(true);
        Ok(key)
    }
}

impl Connect for NewRelic {
    type Client = NewRelicClient;
    const CLOSES_LAST: bool = true;

    async fn connect(&self) -> Result<NewRelicClient, ClientError> {
        let key = self.key().map_err(ClientError::caused_by)?;
        let http = self.timeouts.client(&self.host, &self.tls)?;
        NewRelicClient::start(Destination {
            name: "newrelic",
            http: http.build().map_err(|error| cause(&error))?,
            origin: origin(self.tls.is_on(), &self.host),
            base: Secret::new(""),
            headers: HeaderMap::from_iter([(API_KEY, key)]),
            service_name: self.service_name.clone(),
            payload_limit: PAYLOAD_LIMIT,
            temporality: Some(Temporality::Delta),
            // "Exponential histograms provide more useful distribution data in the New Relic
            // platform."
            exponential_histograms: true,
            connect_timeout: self.timeouts.connect_timeout,
            timeout: self.timeouts.timeout,
        })
    }

    async fn ping(client: &NewRelicClient) -> Result<(), ClientError> {
        client.ping().await
    }

    async fn close(client: NewRelicClient) {
        client.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<NewRelic, HandleError> {
        NewRelic::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("newrelic://otlp.nr-data.net", "the handle has no user name"),
            ("newrelic://0123456789NRAL", "the handle has no user name"),
            ("newrelic://k:p@otlp.nr-data.net", "the handle has a password"),
            ("newrelic://k@otlp.nr-data.net/v1/traces", "the handle has a path"),
            ("newrelic://k@a,b", "the handle names several hosts"),
            ("newrelic://k%0A@h", "the license key has characters that no key has"),
            ("newrelic://k@h?service_name=", "the parameter `service_name` has a bad value"),
            ("newrelic://k@h?service=x", "unknown parameter `service`"),
            (
                "newrelic://k@h?connect_timeout=25h",
                "the parameter `connect_timeout` has a bad value",
            ),
            ("newrelic://k@h?tls=maybe", "the parameter `tls` has a bad value"),
            (
                "newrelic://k@localhost?tls=none&tls_ca=/a",
                "the handle has `tls_ca` but no TLS to use it in",
            ),
            (
                "newrelic://k@otlp.nr-data.net?tls=none",
                "the credential would be sent unencrypted to another machine",
            ),
            ("loggly://k@h", "the scheme `loggly` is not one of New Relic"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let exposed = parse("newrelic://k@otlp.nr-data.net?tls=none").unwrap_err();
        assert_eq!(exposed.kind(), ProblemKind::Insecure);
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
            "{client:?} {:?} {:?} {:?}",
            client.tracer_provider, client.meter_provider, client.logger_provider
        );
        assert!(!shown.contains("kZ8ey"), "{shown}");
        NewRelic::close(client).await;
    }
}
