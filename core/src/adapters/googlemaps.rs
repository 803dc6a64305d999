//! The web services of the Google Maps Platform: Geocoding, Directions, Places and others.
//!
//! | part | meaning | default |
//! |---|---|---|
//! | scheme | `https`; `http` to this machine only, for a stand-in | |
//! | password | the [API key](https://developers.google.com/maps/documentation/geocoding/get-api-key), without a user name; sent as `key=` of each query | |
//! | host, port | `maps.googleapis.com` | 443, with `http` 80 |
//! | path | the base of all calls: `/maps/api` | `/` |
//! | `connect_timeout`, `timeout`, `total_timeout`, `retries`, `user_agent`, `tls_ca` | as in [`http_api`](super::http_api) | |
//!
//! Make a key in the [Google Cloud console](https://console.cloud.google.com/google/maps-apis/credentials), restrict it to
//! the services in use, and write `https://:API_KEY@maps.googleapis.com/maps/api`.
//!
//! Google tells in the JSON of an answer with status 200 what went wrong: look at its
//! [`status`](https://developers.google.com/maps/documentation/geocoding/requests-geocoding#StatusCodes) before its results.
//!
//! A ping is a geocoding request without an address. With a good key Google answers `INVALID_REQUEST`, "the query is
//! missing"; with a bad one `REQUEST_DENIED`. It therefore needs a key that may use the Geocoding API. For a key
//! that may not, use [`HttpApi`](super::http_api::HttpApi) with `auth=query:key`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::http_api::{Credential, HttpClient, HttpErrorKind, Service};
use super::shared::{password_alone, require_scheme, within};
use crate::adapter::Adapter;
use crate::error::{ClientError, FailureKind, HandleError, Message};
use crate::handle::Handle;
use crate::parts::{Part, Parts};

/// The Google Maps Platform. Its client is an [`HttpClient`].
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
#[derive(Clone)]
pub struct GoogleMaps {
    service: Service,
}

/// The head of every answer.
#[derive(Deserialize)]
struct Answer {
    status: String,
    error_message: Option<String>,
}

impl Adapter for GoogleMaps {
    const NAME: &'static str = "Google Maps";
    const SCHEMES: &'static [&'static str] = &["https", "http"];
    const EXAMPLE: &'static str = "https://:api_key@maps.googleapis.com/maps/api";
    const PARTS: Parts = Parts::hosted("https://maps.googleapis.com/maps/api")
        .with(&[(Part::Password, &["API_KEY", "KEY"])])
        .known_as(&["googlemaps"]);
    type Client = HttpClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let credential =
            Credential::Query("key".to_owned(), password_alone(handle, "API key")?.clone());
        Ok(Self { service: Service::read(handle, credential)? })
    }

    async fn connect(&self) -> Result<HttpClient, ClientError> {
        self.service.client()
    }

    async fn ping(client: &HttpClient) -> Result<(), ClientError> {
        within(client.ping_limit(), ask(client)).await
    }

    async fn close(client: HttpClient) {
        client.close();
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.service.handle)
    }

    fn connect_timeout(&self) -> Duration {
        self.service.connect_timeout()
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
    let Ok(answer) = response.json::<Answer>().await else { return Err(cause) };
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

impl fmt::Debug for GoogleMaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.service.debug("GoogleMaps", f)
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
        let needs = "the handle needs the API key as password and no user name";
        for (text, message) in [
            ("https://maps.googleapis.com/maps/api", needs),
            ("https://key@maps.googleapis.com/maps/api", needs),
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
