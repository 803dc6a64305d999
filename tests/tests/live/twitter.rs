use std::path::Path;
use std::time::{Duration, SystemTime};

use backing_services::adapters::http_api::{HttpClient, HttpErrorKind};
use backing_services::{Connect as _, Handle, HandleBuilder, Twitter};
use backing_services_conformance::{Reaches, Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};

use crate::http_api::{answer, answer_with, connect, header, line, tls_handle};

// With the characters that the tokens of X have.
const TOKEN: &str = "AAAAAAAAA%2FAAA%3DAAAAAAAA";

/// As X: problem details for a token it does not know.
fn x(request: &Request) -> Response {
    if header(request, "authorization") != Some(&format!("Bearer {TOKEN}")) {
        let body =
            r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
        return answer(401, body);
    }
    match (request.method().as_str(), request.uri().path()) {
        ("GET", "/2/usage/tweets") => answer(200, r#"{"data":{"project_usage":"43435"}}"#),
        ("GET", "/2/tweets/search/recent") => {
            answer(200, r#"{"data":[{"id":"1","text":"grüße"}],"meta":{"result_count":1}}"#)
        }
        _ => answer(404, r#"{"title":"Not Found","status":404}"#),
    }
}

pub(crate) struct OnStandIn;

impl Subject for OnStandIn {
    type Adapter = Twitter;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(x)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, x))
    }

    fn plain_scheme() -> &'static str {
        "http"
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "https" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).password(TOKEN).path("/2")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        tls_handle(Self::handle(scheme), server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        Some((Handle::builder("http").password("x").path("/2"), "authentication failed"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &HttpClient) -> Result<(), String> {
        let search = client.get("tweets/search/recent").query(&[("query", "from:rustlang")]);
        let posts: serde_json::Value = search
            .send()
            .await
            .map_err(|e| e.to_string())?
            .json()
            .await
            .map_err(|e| e.to_string())?;
        match posts["data"][0]["text"].as_str() {
            Some("grüße") => Ok(()),
            _ => Err(posts.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnStandIn);

async fn client(server: &FakeServer) -> HttpClient {
    let handle = OnStandIn::handle("http").host("localhost").port(server.port());
    connect::<Twitter>(handle.build().unwrap().expose_url()).await
}

#[tokio::test]
async fn the_request_on_the_wire() {
    let server = OnStandIn::start();
    let client = client(&server).await;
    OnStandIn::use_it(&client).await.unwrap();
    Twitter::ping(&client).await.unwrap();
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(line).collect();
    assert_eq!(
        lines,
        ["GET /2/tweets/search/recent?query=from%3Arustlang", "GET /2/usage/tweets?days=1"]
    );
    for request in &requests {
        assert_eq!(header(request, "authorization"), Some(&*format!("Bearer {TOKEN}")));
        assert_eq!(header(request, "user-agent"), Some("backing-services/0.1.0"));
        assert!(request.body().is_empty());
    }
}

/// A limit of X ends within 15 minutes: the error says when, at once.
#[tokio::test]
async fn a_rate_limit_says_when_it_ends() {
    let server = FakeServer::start(|_| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let reset = (now + 800).to_string();
        let headers = [("x-rate-limit-limit", "50"), ("x-rate-limit-reset", &reset)];
        answer_with(429, &headers, r#"{"title":"Too Many Requests","status":429}"#)
    });
    let client = client(&server).await;
    let error = client.get("tweets/search/recent").send().await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::RateLimited);
    let wait = error.retry_after().unwrap();
    assert!((Duration::from_mins(13)..=Duration::from_secs(800)).contains(&wait), "{wait:?}");
    assert_eq!(server.requests().len(), 1);
    // The token was known.
    Twitter::ping(&client).await.unwrap();
}

#[tokio::test]
async fn a_token_without_the_right_is_told() {
    let server = FakeServer::start(|_| answer(403, r#"{"title":"Client Forbidden","status":403}"#));
    let error = Twitter::ping(&client(&server).await).await.unwrap_err();
    assert!(error.to_string().starts_with("authentication failed"), "{error}");
    assert!(!error.is_transient());
}
