use std::path::Path;

use backing_services::adapters::lastfm::{LastFmClient, LastFmError};
use backing_services::{Connect as _, Handle, HandleBuilder, LastFm, Secret};
use backing_services_conformance::{Reaches, Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};
use serde_json::Value;

use crate::http_api::{answer, connect, header, line, tls_handle};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "fedcba9876543210fedcba9876543210";

/// As Last.fm: a code and a message, for a key it does not know with status 403.
fn audioscrobbler(request: &Request) -> Response {
    let params = match request.method().as_str() {
        "POST" => std::str::from_utf8(request.body()).unwrap(),
        _ => request.uri().query().unwrap_or_default(),
    };
    let has = |pair: &str| params.split('&').any(|other| other == pair);
    if !has("format=json") || request.uri().path() != "/2.0/" {
        return answer(404, "<lfm status=\"failed\"/>");
    }
    if !has(&format!("api_key={KEY}")) {
        let body = r#"{"message":"Invalid API key - You must be granted a valid key by last.fm","error":10}"#;
        return answer(403, body);
    }
    if has("method=chart.getTopTags") {
        return answer(200, r#"{"tags":{"tag":[{"name":"rock"}]}}"#);
    }
    if has("method=artist.getInfo") {
        return if has("artist=Sigur+R%C3%B3s") {
            answer(200, r#"{"artist":{"name":"Sigur Rós"}}"#)
        } else {
            answer(200, r#"{"error":6,"message":"The artist you supplied could not be found"}"#)
        };
    }
    if params.contains("api_sig=") {
        answer(200, "{}")
    } else {
        answer(400, r#"{"error":13,"message":"Invalid method signature supplied"}"#)
    }
}

pub(crate) struct OnStandIn;

impl Subject for OnStandIn {
    type Adapter = LastFm;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(audioscrobbler)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, audioscrobbler))
    }

    fn plain_scheme() -> &'static str {
        "http"
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "https" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(KEY).password(SECRET).path("/2.0/")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        tls_handle(Self::handle(scheme), server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("http").username("other").password(SECRET).path("/2.0/");
        Some((builder, "authentication failed: Last.fm answered 10, Invalid API key"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &LastFmClient) -> Result<(), String> {
        let call = client.call("artist.getInfo").param("artist", "Sigur Rós");
        let info: Value = call.send().await.map_err(|error| error.to_string())?;
        match info["artist"]["name"].as_str() {
            Some("Sigur Rós") => Ok(()),
            _ => Err(info.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnStandIn);

async fn client(server: &FakeServer) -> LastFmClient {
    let handle = OnStandIn::handle("http").host("localhost").port(server.port());
    connect::<LastFm>(handle.build().unwrap().expose_url()).await
}

#[tokio::test]
async fn the_request_on_the_wire() {
    let server = OnStandIn::start();
    let client = client(&server).await;
    OnStandIn::use_it(&client).await.unwrap();
    LastFm::ping(&client).await.unwrap();
    let _: Value = client.call("auth.getToken").signed().send().await.unwrap();
    let love =
        client.call("track.love").param("track", "Ágætis byrjun").param("artist", "Sigur Rós");
    // What the client sets itself, a parameter cannot change.
    let love = love.param("callback", "f").param("api_key", "forged").write();
    let _: Value = love.session(&Secret::new("s3ssion")).send().await.unwrap();
    let requests = server.requests();
    let lines: Vec<_> = requests.iter().map(line).collect();
    // The signatures are those that Python's `hashlib` gives.
    assert_eq!(
        lines,
        [
            format!(
                "GET /2.0/?method=artist.getInfo&artist=Sigur+R%C3%B3s&api_key={KEY}&format=json"
            ),
            format!("GET /2.0/?method=chart.getTopTags&limit=1&api_key={KEY}&format=json"),
            format!(
                "GET /2.0/?method=auth.getToken&api_key={KEY}&api_sig=122db8efff0100fb11599a7629ab9106&format=json"
            ),
            "POST /2.0/".to_owned(),
        ]
    );
    assert_eq!(
        requests[3].body(),
        &format!(
            "method=track.love&track=%C3%81g%C3%A6tis+byrjun&artist=Sigur+R%C3%B3s&callback=f\
             &sk=s3ssion&api_key={KEY}&api_sig=7eaad6ec7665fd0985e06029adefe99d&format=json"
        )
    );
    assert_eq!(header(&requests[3], "content-type"), Some("application/x-www-form-urlencoded"));
    for request in &requests {
        assert!(!format!("{request:?}").contains(SECRET), "the secret is never sent");
        assert_eq!(header(request, "authorization"), None);
    }
}

#[tokio::test]
async fn codes_of_last_fm() {
    let server = OnStandIn::start();
    let unknown = client(&server).await.call("artist.getInfo").param("artist", "nobody");
    let error = unknown.send::<Value>().await.unwrap_err();
    assert!(matches!(error, LastFmError::Refused { code: 6, .. }), "{error}");
    assert_eq!(error.to_string(), "Last.fm answered 6, The artist you supplied could not be found");

    let refusal = |code: u32| format!(r#"{{"error":{code},"message":"no {KEY} or {SECRET}"}}"#);
    for (status, code, transient) in [
        (200, 10, false),
        (403, 10, false),
        (403, 26, false),
        (400, 29, true),
        (200, 11, true),
        (400, 16, true),
    ] {
        let body = refusal(code);
        let server = FakeServer::start(move |_| answer(status, &body));
        let client = client(&server).await;
        let error = LastFm::ping(&client).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{status} {code}");
        assert!(
            error.to_string().ends_with(&format!("Last.fm answered {code}, no *** or ***")),
            "{error}"
        );
        let error = client.call("x").send::<Value>().await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{status} {code}");
        assert_eq!(error.to_string(), format!("Last.fm answered {code}, no *** or ***"));
    }

    // An answer of something else on the way.
    for (status, body, says) in [
        (502, "<html>", "GET /: the server answered 502 Bad Gateway (3 attempts)"),
        (404, "<html>", "GET /: the server answered 404 Not Found"),
        (
            200,
            "<html>",
            "the answer cannot be read: line 1, column 1 is not what the caller expects",
        ),
    ] {
        let server = FakeServer::start(move |_| answer(status, body));
        let error = client(&server).await.call("x").send::<Value>().await.unwrap_err();
        assert_eq!(error.to_string(), says);
    }
}
