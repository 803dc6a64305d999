//! The web services of the Google Maps Platform: Geocoding, Directions, Places and others.
//!
//! <!-- grammar -->
//! - schemes: `https` (TLS, port 443), `http` (port 80)
//! - password: The API key, without a user name; sent as `key=` of each query. Required. Also
//!   `KEY`.
//! - host: The server.
//! - port
//! - path: The base that the path of every call is appended to.
//! - `user_agent`: What the client calls itself; `backing-services` and its version where nothing
//!   is said.
//! - `connect_timeout`: For connecting, and for proving that the service answers. By default
//!   `10s`.
//! - `timeout`: For a whole call, the body of its answer included. By default `30s`.
//! - `total_timeout`: For all attempts of a call and the pauses between them, until an answer
//!   begins. By default `60s`.
//! - `retries`: How many more attempts a call may have. By default `2`.
//! - `tls`: `none`: unencrypted, also for credentials; `required`: as the scheme with TLS. Either
//!   `none` or `required`. Also `ssl`.
//! - `tls_ca`: a file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! <!-- end -->
//!
//! Make a [key](https://developers.google.com/maps/documentation/geocoding/get-api-key) in the
//! [Google Cloud console](https://console.cloud.google.com/google/maps-apis/credentials), restrict
//! it to the services in use, and write `https://:API_KEY@maps.googleapis.com/maps/api`.
//! Unencrypted calls go to a fake server on this machine only.
//!
//! Google tells in the JSON of an answer with status 200 what went wrong: look at its
//! [`status`](https://developers.google.com/maps/documentation/geocoding/requests-geocoding#StatusCodes)
//! before its results.
//!
//! A ping is a geocoding request without an address. With a good key Google answers
//! `INVALID_REQUEST`, "the query is missing"; with a bad one `REQUEST_DENIED`. It therefore needs a
//! key that may use the Geocoding API. For a key that may not, use
//! [`HttpApi`](super::http_api::HttpApi) with `auth=query:key`.

use serde::Deserialize;

use super::http_api::{Calls, Credential, HttpClient, HttpErrorKind};
use super::http_client::{answered_within, body};
use crate::error::{FailureKind, Message};
use crate::{Adapter, ClientError, Connect, Handle, HandleError, Host, Secret};

/// What says that the address is missing is shorter.
const ANSWER_LIMIT: usize = 1 << 20;

/// The Google Maps Platform. Its client is an [`HttpClient`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```no_run
/// use backing_services::{BackingServices, Environment, GoogleMaps};
///
/// #[derive(BackingServices)]
/// struct Services {
///     maps: GoogleMaps, // MAPS_URL=https://:API_KEY@maps.googleapis.com/maps/api
/// }
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let maps = Services::load(&Environment::process())?.connect_maps().await?;
/// let query = [("address", "Unter den Linden 77, Berlin")];
/// let places = maps.get("geocode/json").query(&query).send().await?.text().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Adapter, Clone)]
#[adapter(
    name = "Google Maps",
    schemes("https" = tls(443), "http" = 80),
    example = "https://:api_key@maps.googleapis.com/maps/api",
    place = "https://maps.googleapis.com/maps/api",
    bindings("googlemaps"),
    unencrypted = "loopback",
    api,
    check,
    debug
)]
pub struct GoogleMaps {
    #[handle]
    handle: Handle,
    /// The API key, without a user name; sent as `key=` of each query.
    #[handle(password, names("KEY"))]
    api_key: Secret,
    /// The server.
    #[handle(host)]
    host: Host,
    /// The base that the path of every call is appended to.
    #[handle(path)]
    #[expect(dead_code, reason = "the base URL has it as it is written")]
    path: Option<String>,
    #[handle(flatten)]
    calls: Calls,
}

/// The head of every answer.
#[derive(Deserialize)]
struct Answer {
    status: String,
    error_message: Option<String>,
}

impl GoogleMaps {
    fn check(&self) -> Result<(), HandleError> {
        self.calls.check(&self.handle, &self.host, &self.credential())
    }

    fn credential(&self) -> Credential {
        Credential::Query("key".to_owned(), self.api_key.clone())
    }
}

impl Connect for GoogleMaps {
    type Client = HttpClient;

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        self.calls.client(&self.handle, &self.host, &self.credential(), None)
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        answered_within(client.ping_timeout(), || ask(client)).await
    }

    async fn close(client: HttpClient) {
        client.close();
    }
}

async fn ask(client: &HttpClient) -> Result<(), ClientError> {
    let (cause, response) = match client.probe(client.get("geocode/json")).await {
        Ok(response) => (
            ClientError::of(FailureKind::Protocol, "the answer is not that of Google Maps"),
            response,
        ),
        // "The query is missing" comes with status 400, a refused key with 200 or 403.
        Err(error) if matches!(error.kind(), HttpErrorKind::Status | HttpErrorKind::Credential) => {
            let cause = error.cause();
            match error.into_response() {
                Some(response) => (cause, response),
                None => return Err(cause),
            }
        }
        Err(error) => return Err(error.cause()),
    };
    let body = body(response.into_reqwest(), ANSWER_LIMIT).await?;
    let Ok(answer) = serde_json::from_slice::<Answer>(&body) else { return Err(cause) };
    let said = match &answer.error_message {
        Some(message) => format!("{}: {}", client.mask(&answer.status), client.mask(message)),
        None => client.mask(&answer.status),
    };
    match answer.status.as_str() {
        "OK" | "ZERO_RESULTS" | "INVALID_REQUEST" => Ok(()),
        "REQUEST_DENIED" | "OVER_DAILY_LIMIT" => Err(ClientError::of(
            FailureKind::Authentication,
            Message::from("authentication failed: Google answered ").said(&said),
        )
        .with_help("is the key right, may it use the Geocoding API, and is billing enabled?")),
        "OVER_QUERY_LIMIT" | "UNKNOWN_ERROR" => {
            Err(ClientError::transient(Message::from("Google answered ").said(&said)))
        }
        _ => Err(ClientError::new(Message::from("Google answered ").said(&said))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<GoogleMaps, HandleError> {
        GoogleMaps::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("https://maps.googleapis.com/maps/api", "the handle has no password"),
            ("https://key@maps.googleapis.com/maps/api", "the handle has a user name"),
            ("https://:k@maps.googleapis.com/maps/api?key=k", "unknown parameter `key`"),
            ("memcached://h", "the scheme `memcached` is not one of Google Maps"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        assert_eq!(parse("http://:k@maps.example").unwrap_err().kind(), ProblemKind::Insecure);
        let shown = format!("{:?}", parse("https://:k3y@maps.googleapis.com/maps/api").unwrap());
        assert_eq!(shown, "GoogleMaps(https://maps.googleapis.com:443)");
    }
}
