use std::path::Path;

use backing_services::adapters::http_api::HttpClient;
use backing_services::{Connect as _, GoogleMaps, Handle, HandleBuilder};
use backing_services_conformance::{Reaches, Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};

use crate::http_api::{answer, connect, header, line, tls_handle};

const KEY: &str = "AIzaSy-k3y_&";
const ENCODED: &str = "AIzaSy-k3y_%26";

/// As Google: what is wrong stands in the JSON, with status 200.
fn google(request: &Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let denied = r#"{"error_message":"The provided API key is invalid.","results":[],"status":"REQUEST_DENIED"}"#;
    if !query.split('&').any(|pair| pair == format!("key={ENCODED}")) {
        return answer(200, denied);
    }
    if request.uri().path() != "/maps/api/geocode/json" {
        return answer(404, "<html>not found</html>");
    }
    if !query.contains("address=") {
        let missing = r#"{"error_message":"Invalid request. Missing the 'address' parameter.","results":[],"status":"INVALID_REQUEST"}"#;
        return answer(400, missing);
    }
    answer(200, r#"{"results":[{"formatted_address":"Straße 1"}],"status":"OK"}"#)
}

pub(crate) struct OnStandIn;

impl Subject for OnStandIn {
    type Adapter = GoogleMaps;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(google)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, google))
    }

    fn plain_scheme() -> &'static str {
        "http"
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "https" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).password(KEY).path("/maps/api")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        tls_handle(Self::handle(scheme), server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let says = "authentication failed: Google answered REQUEST_DENIED: The provided API key is invalid.";
        Some((Handle::builder("http").password("other").path("/maps/api"), says))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &HttpClient) -> Result<(), String> {
        let search = client.get("geocode/json").query(&[("address", "Straße 1, Köln")]);
        let places: serde_json::Value = search
            .send()
            .await
            .map_err(|e| e.to_string())?
            .json()
            .await
            .map_err(|e| e.to_string())?;
        match places["results"][0]["formatted_address"].as_str() {
            Some("Straße 1") => Ok(()),
            _ => Err(places.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnStandIn);

async fn client(server: &FakeServer) -> HttpClient {
    let handle = OnStandIn::handle("http").host("localhost").port(server.port());
    connect::<GoogleMaps>(handle.build().unwrap().expose_url()).await
}

#[tokio::test]
async fn the_request_on_the_wire() {
    let server = OnStandIn::start();
    let client = client(&server).await;
    OnStandIn::use_it(&client).await.unwrap();
    GoogleMaps::ping(&client).await.unwrap();
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            format!("GET /maps/api/geocode/json?address=Stra%C3%9Fe+1%2C+K%C3%B6ln&key={ENCODED}"),
            format!("GET /maps/api/geocode/json?key={ENCODED}"),
        ]
    );
    assert!(requests.iter().all(|request| header(request, "authorization").is_none()));
}

#[tokio::test]
async fn what_google_says_in_the_body() {
    for (status, body, says, transient) in [
        (200, r#"{"status":"ZERO_RESULTS"}"#, "", false),
        (200, r#"{"status":"INVALID_REQUEST"}"#, "", false),
        (
            200,
            r#"{"status":"REQUEST_DENIED","error_message":"AIzaSy-k3y_& may not"}"#,
            "authentication failed: Google answered REQUEST_DENIED: *** may not",
            false,
        ),
        (
            403,
            r#"{"status":"REQUEST_DENIED"}"#,
            "authentication failed: Google answered REQUEST_DENIED",
            false,
        ),
        (
            200,
            r#"{"status":"OVER_DAILY_LIMIT"}"#,
            "authentication failed: Google answered OVER_DAILY_LIMIT",
            false,
        ),
        (200, r#"{"status":"OVER_QUERY_LIMIT"}"#, "Google answered OVER_QUERY_LIMIT", true),
        (200, r#"{"status":"UNKNOWN_ERROR"}"#, "Google answered UNKNOWN_ERROR", true),
        (200, "<html>", "the answer is not that of Google Maps", false),
        (404, "<html>", "the server answered 404 Not Found", false),
        (503, "", "the server answered 503 Service Unavailable", true),
        (429, "", "the server answered 429 Too Many Requests", true),
    ] {
        let server = FakeServer::start(move |_| answer(status, body));
        let ping = GoogleMaps::ping(&client(&server).await).await;
        let shown = ping.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert_eq!(shown, says, "{status} {body}");
        assert_eq!(ping.is_err_and(|error| error.is_transient()), transient, "{status} {body}");
        assert_eq!(server.requests().len(), 1);
    }
}
