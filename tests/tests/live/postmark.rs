//! Postmark, as <https://postmarkapp.com/developer/api/overview> and
//! <https://postmarkapp.com/developer/api/email-api> document it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use backing_services::adapters::postmark::PostmarkClient;
use backing_services::{
    Adapter as _, BackingServices, ClientError, Connect as _, Environment, Handle, HandleBuilder,
    Postmark,
};
use backing_services_conformance::{Reaches, Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};
use postmark::api::Body;
use postmark::api::email::{
    Attachment, Header, SendEmailBatchRequest, SendEmailRequest, SendEmailResponse,
};
use postmark::{Query, QueryError};
use serde_json::{Value, json};

use crate::in_use::InUse;

const TOKEN: &str = "0a129aee-e1cd-480d-b08d-4f48548ff48d";

/// What Postmark answers. An address in `bounced.example` is one that has bounced before.
fn answer(request: &Request) -> Response {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let error = |status: u16, code: u16, message: &str| {
        reply(status, &json!({ "ErrorCode": code, "Message": message }))
    };
    if header("x-postmark-server-token") != Some(TOKEN) {
        return error(401, 10, "Request does not contain a valid Server token.");
    }
    if header("accept") != Some("application/json") {
        return error(415, 0, "no Accept header");
    }
    match (request.method().as_str(), request.uri().path()) {
        ("GET", "/server") => reply(200, &json!({ "ID": 1, "Name": "shop", "ApiTokens": [TOKEN] })),
        ("POST", _) if header("content-type") != Some("application/json") => {
            error(415, 0, "no Content-Type header")
        }
        ("POST", "/email") => {
            let message: Value = serde_json::from_slice(request.body()).unwrap();
            let result = send(&message);
            reply(if result["ErrorCode"] == 0 { 200 } else { 422 }, &result)
        }
        ("POST", "/email/batch") => {
            let messages: Vec<Value> = serde_json::from_slice(request.body()).unwrap();
            if messages.len() > 500 {
                return error(422, 410, "You've exceeded the maximum of 500 messages.");
            }
            reply(200, &messages.iter().map(send).collect())
        }
        _ => reply(404, &json!({})),
    }
}

fn send(message: &Value) -> Value {
    let to = message["To"].as_str().unwrap();
    if !message["From"].as_str().is_some_and(|from| from.contains('@')) {
        json!({ "ErrorCode": 300, "Message": "Invalid 'From' address." })
    } else if to.ends_with("bounced.example") {
        json!({ "ErrorCode": 406, "Message": "You tried to send to an inactive recipient." })
    } else {
        json!({
            "To": to,
            "SubmittedAt": "2014-02-17T07:25:01.4178645-05:00",
            "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
            "ErrorCode": 0,
            "Message": "OK",
        })
    }
}

fn reply(status: u16, body: &Value) -> Response {
    let response = http::Response::builder().status(status);
    response.header("Content-Type", "application/json").body(body.to_string().into()).unwrap()
}

pub(crate) struct OnStandIn;

impl Subject for OnStandIn {
    type Adapter = Postmark;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(answer)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, answer))
    }

    fn reaches(_: &str) -> Reaches {
        Reaches::Plain
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        let builder = Handle::builder(scheme).username(TOKEN).host("localhost").port(server.port());
        builder.param("tls_ca", ca.to_str().unwrap())
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(TOKEN).param("tls", "none")
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("postmark").username("wr0ng").param("tls", "none");
        Some((builder, "authentication failed: the server answered 401 Unauthorized"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &PostmarkClient) -> Result<(), String> {
        let sent = mail("ada@example.com").execute(client).await;
        let sent = sent.map_err(|error| error.to_string())?;
        sent.error_for_status().map(drop).map_err(|answer| answer.message)
    }
}

backing_services_conformance::suite!(OnStandIn);

#[derive(BackingServices)]
struct Services {
    mail: Postmark,
}

async fn connect(server: &FakeServer) -> PostmarkClient {
    let url = format!("postmark://{TOKEN}@localhost:{}?tls=none", server.port());
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)])).unwrap();
    services.connect_mail().await.unwrap()
}

fn mail(to: &str) -> SendEmailRequest {
    let body = Body::text("Thank you.".to_owned());
    SendEmailRequest::builder().from("shop@example.com").to(to).subject("Grüße").body(body).build()
}

#[tokio::test]
async fn what_goes_over_the_wire() {
    let server = FakeServer::start(answer);
    let client = connect(&server).await;
    let message = SendEmailRequest::builder()
        .from("Shop <shop@example.com>")
        .to("ada@example.com,grace@example.com")
        .cc("sales@example.com")
        .reply_to("help@example.com")
        .subject("Ihre Bestellung: Grüße")
        .body(Body::html_and_text("<b>Thank you</b>".into(), "Thank you".into()))
        .tag("receipt")
        .headers(vec![Header { name: "X-Order".into(), value: "17".into() }])
        .metadata(HashMap::from([("order".to_owned(), "17".to_owned())]))
        .attachments(vec![Attachment {
            name: "receipt.txt".into(),
            content: "MTIgRVVS".into(), // 12 EUR
            content_type: "text/plain".into(),
            content_id: None,
        }])
        .message_stream("receipts")
        .build();
    let sent = message.execute(&client).await.unwrap();
    assert_eq!(sent.message_id.as_deref(), Some("b7bc2f4a-e38e-4336-af7d-e6c392c2f817"));

    let requests = server.requests();
    // The ping that proved the token sent nothing.
    let (ping, post) = (&requests[0], requests.last().unwrap());
    assert_eq!((ping.method().as_str(), ping.uri().path()), ("GET", "/server"));
    assert!(ping.body().is_empty() && !ping.headers().contains_key("content-type"));
    assert_eq!((post.method().as_str(), post.uri().path()), ("POST", "/email"));
    assert_eq!(post.headers()["x-postmark-server-token"], TOKEN);
    assert_eq!(post.headers()["accept"], "application/json");
    assert_eq!(post.headers()["content-type"], "application/json");
    assert_eq!(post.headers().get_all("content-type").iter().count(), 1);
    assert_eq!(post.headers().get_all("accept").iter().count(), 1);
    let body: Value = serde_json::from_slice(post.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "From": "Shop <shop@example.com>",
            "To": "ada@example.com,grace@example.com",
            "Cc": "sales@example.com",
            "ReplyTo": "help@example.com",
            "Subject": "Ihre Bestellung: Grüße",
            "HtmlBody": "<b>Thank you</b>",
            "TextBody": "Thank you",
            "Tag": "receipt",
            "Headers": [{ "Name": "X-Order", "Value": "17" }],
            "Metadata": { "order": "17" },
            "Attachments": [
                { "Name": "receipt.txt", "Content": "MTIgRVVS", "ContentType": "text/plain" },
            ],
            "MessageStream": "receipts",
        })
    );
}

#[tokio::test]
async fn batches() {
    let server = FakeServer::start(answer);
    let client = connect(&server).await;
    let batch = |count: usize| -> SendEmailBatchRequest {
        let to =
            |n| if n == 7 { "ada@bounced.example".to_owned() } else { format!("a{n}@b.example") };
        (0..count).map(|n| mail(&to(n))).collect()
    };
    let answers = batch(500).execute(&client).await.unwrap();
    let refused: Vec<(usize, SendEmailResponse)> =
        answers.into_iter().enumerate().filter(|(_, answer)| answer.error_code != 0).collect();
    let [(7, inactive)] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((inactive.error_code, &inactive.message_id), (406, &None));

    let error = batch(501).execute(&client).await.unwrap_err();
    assert_api_error(&error, 422, Some(410));
}

fn assert_api_error(error: &QueryError<ClientError>, expected: u16, code: Option<i64>) {
    let QueryError::Api { status, error_code, .. } = error else { panic!("{error}") };
    assert_eq!((status.as_u16(), *error_code), (expected, code), "{error}");
}

#[tokio::test]
async fn errors_keep_their_codes() {
    let server = FakeServer::start(answer);
    let client = connect(&server).await;
    let error = mail("ada@bounced.example").execute(&client).await.unwrap_err();
    assert_api_error(&error, 422, Some(406));
    let mut nobody = mail("ada@example.com");
    nobody.from = "nobody".to_owned();
    assert_api_error(&nobody.execute(&client).await.unwrap_err(), 422, Some(300));

    let url = format!("postmark://other-t0ken@localhost:{}?tls=none", server.port());
    let other = Postmark::from_handle(&Handle::parse(&url).unwrap()).unwrap();
    let other = other.connect().await.unwrap();
    let error = mail("ada@example.com").execute(&other).await.unwrap_err();
    assert_api_error(&error, 401, Some(10));
    assert!(!format!("{error} {error:?} {other:?}").contains("other-t0ken"));
}

/// A service that is down for a while, or slows its clients down, is waited for; a wrong token is
/// not.
#[tokio::test]
async fn maintenance_and_rate_limits_pass() {
    for (status, body) in [(503, ""), (500, "Internal Server Error"), (429, "")] {
        let left = AtomicUsize::new(2);
        let server = FakeServer::start(move |request| {
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            {
                Ok(_) => http::Response::builder().status(status).body(body.into()).unwrap(),
                Err(_) => answer(request),
            }
        });
        connect(&server).await;
        assert_eq!(server.requests().len(), 3, "{status}");
    }

    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let server = FakeServer::start(move |request| {
        if is_down.load(Ordering::SeqCst) {
            return http::Response::builder().status(503).body("<html>".into()).unwrap();
        }
        answer(request)
    });
    let client = connect(&server).await;
    down.store(true, Ordering::SeqCst);
    let error = mail("ada@example.com").execute(&client).await.unwrap_err();
    assert_api_error(&error, 503, None);
    assert!(Postmark::ping(&client).await.unwrap_err().is_transient());
    down.store(false, Ordering::SeqCst);
    OnStandIn::use_it(&client).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = FakeServer::start(answer);
    let elsewhere = format!("http://localhost:{}/email", other.port());
    let server = FakeServer::start(move |request| {
        if request.method() == "GET" {
            return answer(request);
        }
        let redirect = http::Response::builder().status(307).header("Location", &elsewhere);
        redirect.body("".into()).unwrap()
    });
    let client = connect(&server).await;
    let error = mail("ada@example.com").execute(&client).await.unwrap_err();
    assert_api_error(&error, 307, None);
    assert!(other.requests().is_empty(), "the token went to another server");
}

/// What the service acknowledged has arrived, though it was cut off meanwhile, and nobody restarts
/// the app.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_use() {
    let mut server = FakeServer::start(answer);
    let client = connect(&server).await;
    let sending = InUse::start(move |name| {
        let client = client.clone();
        async move {
            let to = format!("{name}@example.com");
            let sent = mail(&to).execute(&client).await;
            sent.map(|_| to).map_err(|error| error.to_string())
        }
    });
    for _ in 0..3 {
        sending.goes_on(50).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart();
    }
    sending.goes_on(50).await;
    let sent = sending.end().await;
    let arrived: HashSet<String> = server
        .requests()
        .iter()
        .filter(|request| request.method() == "POST")
        .map(|request| serde_json::from_slice::<Value>(request.body()).unwrap())
        .map(|message| message["To"].as_str().unwrap().to_owned())
        .collect();
    for to in sent {
        assert!(arrived.contains(&to), "{to} is lost");
    }
}
