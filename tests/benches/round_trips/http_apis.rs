use std::time::Duration;

use backing_services::adapters::http_api::{HttpClient, HttpRequest};
use backing_services::{Adapter, Connect, GoogleMaps, HttpApi, LastFm, Twitter};
use backing_services_tests::servers::{FakeServer, Response};
use serde_json::Value;

use crate::{compare, connect, handle};

const TOKEN: &str = "AAAAAAAAA0123456789AAAAAAAA";
const SECRET: &str = "fedcba9876543210fedcba9876543210";
const ANSWER: &str = r#"{"data":[{"id":"1","text":"grüße"}],"meta":{"result_count":1}}"#;
const WHAT: &str = "GET of JSON, a fake server";

pub(crate) async fn http_api() {
    let server = Server::start();
    let url = server.url("/v1/users/1");
    let call = |api: &HttpClient| api.get("users/1");
    server.compare::<HttpApi>("/v1", call, |http| http.get(&url).bearer_auth(TOKEN)).await;
}

pub(crate) async fn twitter() {
    let server = Server::start();
    let url = server.url("/2/tweets/search/recent");
    let query = [("query", "from:rustlang")];
    let call = |api: &HttpClient| api.get("tweets/search/recent").query(&query);
    let bare = |http: &reqwest::Client| http.get(&url).query(&query).bearer_auth(TOKEN);
    server.compare::<Twitter>("/2", call, bare).await;
}

pub(crate) async fn google_maps() {
    let server = Server::start();
    let url = server.url("/maps/api/geocode/json");
    let address = ("address", "Straße 1, Köln");
    let call = |api: &HttpClient| api.get("geocode/json").query(&[address]);
    let bare = |http: &reqwest::Client| http.get(&url).query(&[address, ("key", TOKEN)]);
    server.compare::<GoogleMaps>("/maps/api", call, bare).await;
}

pub(crate) async fn last_fm() {
    let server = Server::start();
    let handle = handle("http", server.0.port(), |builder| {
        builder.username(TOKEN).password(SECRET).path("/2.0/")
    });
    let ours = connect::<LastFm>(&handle).await;
    let (bare, url) = (bare(), server.url("/2.0/"));
    compare(
        WHAT,
        async || {
            let call = ours.call("artist.getInfo").param("artist", "Sigur Rós");
            assert_meant(&call.send().await.expect("an answer"));
        },
        async || {
            let query = [
                ("method", "artist.getInfo"),
                ("artist", "Sigur Rós"),
                ("api_key", TOKEN),
                ("format", "json"),
            ];
            read(bare.get(&url).query(&query)).await;
        },
    )
    .await;
}

struct Server(FakeServer);

impl Server {
    fn start() -> Self {
        Self(FakeServer::start(|_| {
            let mut answer = Response::new(ANSWER.into());
            let json = reqwest::header::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(reqwest::header::CONTENT_TYPE, json);
            answer
        }))
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.port())
    }

    async fn compare<A: Adapter + Connect<Client = HttpClient>>(
        &self,
        path: &str,
        call: impl Fn(&HttpClient) -> HttpRequest,
        bare_call: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
    ) {
        let handle = handle("http", self.0.port(), |builder| builder.password(TOKEN).path(path));
        let (ours, bare) = (connect::<A>(&handle).await, bare());
        compare(
            WHAT,
            async || {
                let answer = call(&ours).send().await.expect("success");
                assert_meant(&answer.json().await.expect("JSON"));
            },
            async || read(bare_call(&bare)).await,
        )
        .await;
    }
}

/// It names itself, as ours does, and has the timeouts that a handle has by default: a call without
/// any may never end.
fn bare() -> reqwest::Client {
    reqwest::Client::builder()
        .user_agent("backing-services/0.1.0")
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client")
}

async fn read(call: reqwest::RequestBuilder) {
    let answer = call.send().await.and_then(reqwest::Response::error_for_status);
    assert_meant(&answer.expect("success").json().await.expect("JSON"));
}

fn assert_meant(answer: &Value) {
    assert_eq!(answer["meta"]["result_count"], 1);
}
