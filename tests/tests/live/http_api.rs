use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use backing_services::adapters::http_api::{HttpClient, HttpError, HttpErrorKind};
use backing_services::{Adapter, Connect, Handle, HandleBuilder, HttpApi};
use backing_services_conformance::{Ca, Reaches, Subject, Tls};
use backing_services_tests::servers::{FakeServer, Request, Response};

pub(crate) const TOKEN: &str = "t0ken/+=";

/// An answer of a fake server.
pub(crate) fn answer(status: u16, body: &str) -> Response {
    answer_with(status, &[("content-type", "application/json")], body)
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_owned().into()).unwrap()
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Method, path and query as they were on the wire.
pub(crate) fn line(request: &Request) -> String {
    format!("{} {}", request.method(), request.uri())
}

pub(crate) async fn connect<A: Adapter + Connect>(url: &str) -> A::Client {
    A::from_handle(&Handle::parse(url).unwrap()).unwrap().connect().await.unwrap()
}

/// The handle of a fake server with TLS.
pub(crate) fn tls_handle(builder: HandleBuilder, port: u16, ca: &Path) -> HandleBuilder {
    builder.host("localhost").port(port).param("tls_ca", ca.to_str().unwrap())
}

/// As GitHub: a Bearer token, and 401 for any other.
fn guarded(request: &Request) -> Response {
    if header(request, "authorization") != Some(&format!("Bearer {TOKEN}")) {
        return answer(401, r#"{"message":"Bad credentials"}"#);
    }
    match request.uri().path() {
        "/v1/echo" => answer(200, std::str::from_utf8(request.body()).unwrap()),
        "/v1/rate_limit" => answer(200, "{}"),
        _ => answer(404, r#"{"message":"Not Found"}"#),
    }
}

pub(crate) struct OnStandIn;

impl Subject for OnStandIn {
    type Adapter = HttpApi;
    type Server = FakeServer;

    fn start() -> FakeServer {
        FakeServer::start(guarded)
    }

    fn start_with_tls(tls: &Tls) -> Option<FakeServer> {
        Some(FakeServer::with_tls(tls, guarded))
    }

    fn plain_scheme() -> &'static str {
        "http"
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "https" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).password(TOKEN).path("/v1")
    }

    fn tls_handle(scheme: &str, server: &FakeServer, ca: &Path) -> HandleBuilder {
        tls_handle(Self::handle(scheme), server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("http").password("other").path("/v1");
        Some((builder, "authentication failed: the server answered 401"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &HttpClient) -> Result<(), String> {
        let sent = ["grüße", "🦀"];
        let answer = client.post("echo").json(&sent).send().await.map_err(|e| e.to_string())?;
        let read: Vec<String> = answer.json().await.map_err(|e| e.to_string())?;
        if read == sent { Ok(()) } else { Err(format!("read {read:?}")) }
    }
}

backing_services_conformance::suite!(OnStandIn);

/// A server whose answers are those of `answers`, the last one again and again.
fn in_turn(answers: Vec<Response>) -> FakeServer {
    let turn = AtomicUsize::new(0);
    FakeServer::start(move |_| {
        let turn = turn.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        answers[turn].clone()
    })
}

async fn api(server: &FakeServer, rest: &str) -> HttpClient {
    connect::<HttpApi>(&format!("http://:{}@localhost:{}{rest}", "t0ken", server.port())).await
}

#[tokio::test]
async fn the_request_on_the_wire() {
    let server = FakeServer::start(|_| answer(200, "{}"));
    let port = server.port();
    for (user, rest, expected) in [
        ("Aladdin:open%20sesame@", "", ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        ("sk_test@", "", ("authorization", "Basic c2tfdGVzdDo=")),
        (":t0ken@", "", ("authorization", "Bearer t0ken")),
        (":k%23y@", "?auth=header:X-Api-Key", ("x-api-key", "k#y")),
        (":Token%20k@", "?auth=header:Authorization", ("authorization", "Token k")),
        ("", "", ("user-agent", "backing-services/0.1.0")),
        ("", "?user_agent=shop/7", ("user-agent", "shop/7")),
    ] {
        let client = connect::<HttpApi>(&format!("http://{user}localhost:{port}/v1/{rest}")).await;
        client.get("/users/a%2Fb").query(&[("q", "a b&c=ä"), ("n", "1")]).send().await.unwrap();
        let request = server.requests().pop().unwrap();
        assert_eq!(line(&request), "GET /v1/users/a%2Fb?q=a+b%26c%3D%C3%A4&n=1");
        assert_eq!(header(&request, expected.0), Some(expected.1), "{user}{rest}");
        assert_eq!(header(&request, "host"), Some(&*format!("localhost:{port}")));
        let credentials =
            ["authorization", "x-api-key"].map(|name| header(&request, name).is_some());
        let sent = credentials.into_iter().filter(|sent| *sent).count();
        assert_eq!(sent, usize::from(!user.is_empty()), "{user}{rest}");
        assert_eq!(header(&request, "referer"), None);
    }

    let client =
        connect::<HttpApi>(&format!("http://:k%20%26@localhost:{port}?auth=query:appid")).await;
    client.get("weather").query(&[("q", "Berlin"), ("appid", "forged")]).send().await.unwrap();
    client.post("x").form(&[("a", "1 2")]).send().await.unwrap();
    client.put("x").header("content-type", "text/plain").body("milk").send().await.unwrap();
    client.patch("x").json(&[1]).send().await.unwrap();
    client.delete("x").send().await.unwrap();
    let requests = server.requests();
    let requests = &requests[requests.len() - 5..];
    assert_eq!(line(&requests[0]), "GET /weather?q=Berlin&appid=k+%26");
    for (request, (expected, kind, body)) in requests[1..].iter().zip([
        ("POST /x?appid=k+%26", Some("application/x-www-form-urlencoded"), "a=1+2"),
        ("PUT /x?appid=k+%26", Some("text/plain"), "milk"),
        ("PATCH /x?appid=k+%26", Some("application/json"), "[1]"),
        ("DELETE /x?appid=k+%26", None, ""),
    ]) {
        assert_eq!(line(request), expected);
        assert_eq!(header(request, "content-type"), kind);
        assert_eq!(request.body(), body);
        assert_eq!(header(request, "authorization"), None);
    }
}

#[tokio::test]
async fn the_request_on_the_wire_in_tls() {
    let tls = Ca::new("right").issue(&["localhost"]);
    let server = FakeServer::with_tls(&tls, |_| answer(200, "{}"));
    let handle = tls_handle(
        Handle::builder("https").password("t0ken").path("/v1"),
        server.port(),
        &tls.ca(),
    );
    let client = connect::<HttpApi>(handle.build().unwrap().expose_url()).await;
    client.get("me").send().await.unwrap();
    let request = server.requests().pop().unwrap();
    assert_eq!(line(&request), "GET /v1/me");
    assert_eq!(header(&request, "authorization"), Some("Bearer t0ken"));
}

/// The token of a user counts more than that of the app, and no path leads to another host.
#[tokio::test]
async fn what_the_app_says_counts_and_stays_here() {
    let (server, other) =
        (FakeServer::start(|_| answer(200, "{}")), FakeServer::start(|_| answer(200, "{}")));
    let client = api(&server, "/v1").await;
    client.get("me").header("authorization", "Bearer user").send().await.unwrap();
    assert_eq!(header(&server.requests()[0], "authorization"), Some("Bearer user"));

    let next = format!("http://localhost:{}/v1/items?page=2", server.port());
    client.get(next).send().await.unwrap();
    assert_eq!(line(&server.requests()[1]), "GET /v1/items?page=2");

    let elsewhere = format!("localhost:{}/x", other.port());
    for path in [
        format!("http://{elsewhere}"),
        format!("//{elsewhere}"),
        format!("http://localhost:{}@{elsewhere}", server.port()),
        format!("\\\\{elsewhere}"),
        "../x".to_owned(),
        "%2e%2E/x".to_owned(),
        "x?y=z".to_owned(),
    ] {
        let error = client.get(&path).send().await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Request, "{path}: {error}");
    }
    assert_eq!((server.requests().len(), other.requests().len()), (2, 0));
}

#[tokio::test]
async fn tries_again_when_the_server_says_so() {
    let busy = answer_with(429, &[("retry-after", "1")], "");
    let server = in_turn(vec![busy.clone(), answer(200, "{}"), busy, answer(201, "{}")]);
    let client = api(&server, "").await;
    let started = Instant::now();
    assert_eq!(client.get("x").send().await.unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    // A POST too: the server says that it has not acted.
    let answer = client.post("x").body("once").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let bodies: Vec<_> = server.requests().iter().map(|r| (line(r), r.body().clone())).collect();
    let [get, post] = [("GET /x", ""), ("POST /x", "once")].map(|(l, b)| (l.to_owned(), b.into()));
    assert_eq!(bodies, [get.clone(), get, post.clone(), post]);
    assert!(server.requests().iter().all(|r| header(r, "authorization") == Some("Bearer t0ken")));
}

#[tokio::test]
async fn waits_until_a_date() {
    let then = SystemTime::now() + Duration::from_secs(3);
    let date = httpdate(then);
    let server = in_turn(vec![answer_with(503, &[("retry-after", &date)], ""), answer(200, "{}")]);
    let client = api(&server, "").await;
    let started = Instant::now();
    client.get("x").send().await.unwrap();
    assert!(started.elapsed() > Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// A date as HTTP writes it, by the one formatter at hand.
fn httpdate(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let date = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{seconds}"), "+%a, %d %b %Y %H:%M:%S GMT"])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn gives_up() {
    let server = in_turn(vec![answer(503, r#"{"reason":"maintenance"}"#)]);
    let client = api(&server, "/v1").await;
    let error = client.get("x/1").query(&[("secret", "q")]).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET x/1: the server answered 503 Service Unavailable (3 attempts)"
    );
    assert_eq!(format!("{error:?}"), error.to_string());
    assert_eq!((error.status().unwrap().as_u16(), error.attempts(), error.path()), (503, 3, "x/1"));
    assert_eq!(server.requests().len(), 3);
    let text = error.into_response().unwrap().text().await.unwrap();
    assert_eq!(text, r#"{"reason":"maintenance"}"#);

    // Not even once more.
    for (rest, status, method) in [
        ("?retries=0", 503, reqwest::Method::GET),
        ("", 500, reqwest::Method::POST),
        ("", 503, reqwest::Method::POST),
        ("", 429, reqwest::Method::PATCH),
        ("", 501, reqwest::Method::GET),
        ("", 404, reqwest::Method::GET),
        ("", 401, reqwest::Method::GET),
    ] {
        let server = in_turn(vec![answer(status, "")]);
        let client = api(&server, rest).await;
        let error = client.request(method.clone(), "x").send().await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{method} {status}");
        assert_eq!(error.status().unwrap(), status);
    }

    // Unless the app says that it may be.
    let server = in_turn(vec![answer(500, ""), answer(200, "")]);
    let charge = api(&server, "").await.post("charges").header("idempotency-key", "17");
    charge.idempotent(true).send().await.unwrap();
    assert_eq!(server.requests().len(), 2);

    // A body that is gone is not sent again.
    let server = in_turn(vec![answer_with(503, &[("retry-after", "0")], "")]);
    let stream = reqwest::Body::wrap(http_body_util::Full::new(bytes::Bytes::from("x")));
    let error = api(&server, "").await.put("x").body(stream).send().await.unwrap_err();
    assert_eq!((server.requests().len(), error.attempts()), (1, 1));
}

#[tokio::test]
async fn a_wait_beyond_the_limit_is_an_error_at_once() {
    let server = in_turn(vec![answer_with(429, &[("retry-after", "3600")], "")]);
    let client = api(&server, "?total_timeout=5s").await;
    let started = Instant::now();
    let error = client.get("x").send().await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(error.kind(), HttpErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(
        error.to_string(),
        "GET x: the server answered 429 Too Many Requests, and asks to wait 3600 s, longer than \
         `total_timeout` leaves"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn time_limits() {
    let slow = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&slow);
    let server = FakeServer::start(move |_| {
        // The first is too slow, and the next is not.
        if seen.fetch_add(1, Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_secs(2));
        }
        answer(200, "{}")
    });
    let client = api(&server, "?timeout=500ms").await;
    client.get("x").send().await.unwrap();
    assert_eq!(slow.load(Ordering::SeqCst), 2);

    slow.store(0, Ordering::SeqCst);
    let error = client.post("x").send().await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Timeout, "{error}");
    assert_eq!(error.to_string(), "POST x: no answer in time");

    let hangs = FakeServer::start(|_| {
        std::thread::sleep(Duration::from_secs(3));
        answer(200, "")
    });
    let client = api(&hangs, "?total_timeout=1s").await;
    let started = Instant::now();
    let error = client.get("x").send().await.unwrap_err();
    assert_eq!(error.to_string(), "GET x: no answer within 1 s");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

fn redirecting(
    status: u16,
    to: impl Fn(&Request) -> Option<String> + Send + Sync + 'static,
) -> FakeServer {
    FakeServer::start(move |request| match to(request) {
        Some(to) => answer_with(status, &[("location", &to)], ""),
        None => answer(200, "{}"),
    })
}

#[tokio::test]
async fn a_redirect_on_the_same_host_keeps_the_credential() {
    for (status, method) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
    {
        let server = redirecting(status, |request| {
            (request.uri().path() == "/old").then(|| "/new?page=1".to_owned())
        });
        for (rest, new) in [
            ("", "/new?page=1"),
            ("?auth=header:X-Key", "/new?page=1"),
            ("?auth=query:key", "/new?page=1&key=t0ken"),
        ] {
            let answer = api(&server, rest).await.post("old").json(&[1]).send().await.unwrap();
            assert!(format!("{answer:?}").ends_with(" of POST old)"), "what was asked for");
            let request = server.requests().pop().unwrap();
            assert_eq!(line(&request), format!("{method} {new}"), "{status}{rest}");
            let body = if method == "POST" { "[1]" } else { "" };
            assert_eq!(request.body(), body, "{status}");
            assert_eq!(header(&request, "content-type").is_some(), method == "POST", "{status}");
            let sent = [("authorization", "Bearer t0ken"), ("x-key", "t0ken")];
            let sent = sent.iter().filter(|(name, value)| header(&request, name) == Some(value));
            assert_eq!(sent.count(), usize::from(!rest.contains("query")), "{status}{rest}");
            assert_eq!(header(&request, "referer"), None);
        }
    }
}

/// What a POST has done is not done again because the page that it leads to is busy.
#[tokio::test]
async fn a_post_that_led_elsewhere_is_not_repeated() {
    let busy = answer_with(503, &[("retry-after", "0")], "");
    for (then, says) in [
        (vec![busy.clone(), answer(200, "{}")], None),
        (vec![busy], Some("POST x: the server answered 503 Service Unavailable (3 attempts)")),
    ] {
        let seen = answer_with(303, &[("location", "/seen")], "");
        let server = in_turn([vec![seen], then].concat());
        let sent = api(&server, "").await.post("x").body("once").send().await;
        assert_eq!(sent.err().map(|error| error.to_string()).as_deref(), says);
        let lines: Vec<_> = server.requests().iter().map(line).collect();
        assert_eq!(lines[0], "POST /x");
        assert!(lines[1..].iter().all(|line| line == "GET /seen"), "{lines:?}");
        assert_eq!(lines.len(), if says.is_some() { 4 } else { 3 });
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let other = FakeServer::start(|_| answer(200, "{}"));
    let port = other.port();
    for to in [
        format!("http://localhost:{port}/x"),
        format!("http://127.0.0.1:{port}/x?key=t0ken"),
        format!("//localhost:{port}/x"),
        format!("https://localhost:{port}/x"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let location = to.clone();
            let server = redirecting(status, move |_| Some(location.clone()));
            for rest in ["", "?auth=header:X-Key", "?auth=query:key"] {
                let error = api(&server, rest).await.get("x").send().await.unwrap_err();
                assert_eq!(error.kind(), HttpErrorKind::Redirect, "{error}");
                assert_eq!(error.status().unwrap(), status);
                assert!(
                    error.to_string().contains(&format!(":{port}, and no credential")),
                    "{error}"
                );
                assert!(!format!("{error:?}").contains("t0ken"), "{error}");
            }
        }
    }
    assert!(other.requests().is_empty());

    // A host that repeats the credential, and one that never ends.
    let server = redirecting(302, |_| Some("https://T0KEN.evil.example/".to_owned()));
    let error = api(&server, "").await.get("x").send().await.unwrap_err();
    assert!(error.to_string().contains("https://***.evil.example,"), "{error}");
    let server = redirecting(302, |_| Some("/x".to_owned()));
    let error = api(&server, "").await.get("x").send().await.unwrap_err();
    assert_eq!(error.to_string(), "GET x: more than 5 redirects");
}

/// From TLS to clear text is another host too.
#[tokio::test]
async fn no_redirect_leaves_tls() {
    let plain = FakeServer::start(|_| answer(200, "{}"));
    let tls = Ca::new("right").issue(&["localhost"]);
    let to = format!("http://localhost:{}/x", plain.port());
    let server = FakeServer::with_tls(&tls, move |_| answer_with(302, &[("location", &to)], ""));
    let handle = tls_handle(Handle::builder("https").password("t0ken"), server.port(), &tls.ca());
    let client = connect::<HttpApi>(handle.build().unwrap().expose_url()).await;
    let error = client.get("x").send().await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Redirect, "{error}");
    assert!(plain.requests().is_empty());
}

/// What is said about an answer holds no credential either, nor the base's path.
#[tokio::test]
async fn errors_of_an_answer_hold_nothing_secret() {
    let server = FakeServer::start(|_| answer(200, "no json"));
    let client = api(&server, "/hooks/s3cret?auth=query:key").await;
    let answer = client.get("users").query(&[("q", "pr1vate")]).send().await.unwrap();
    let shown = format!("{answer:?}");
    let error = answer.json::<Vec<u8>>().await.unwrap_err();
    let shown = format!("{shown} {error} {error:?} {client:?} {:?}", client.get("users"));
    assert!(shown.contains("GET users: line 1, column 2 is not what the caller"), "{shown}");
    for secret in ["t0ken", "s3cret", "pr1vate"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let line = line(&server.requests()[0]);
    assert_eq!(line, "GET /hooks/s3cret/users?q=pr1vate&key=t0ken");
}

#[tokio::test]
async fn what_a_ping_counts_as_an_answer() {
    for (rest, status, says) in [
        ("/v1", 200, None),
        ("/v1", 404, None),
        ("/v1", 429, None),
        (
            "/v1",
            401,
            Some("authentication failed: the server answered 401 Unauthorized to the credential"),
        ),
        (
            "/v1",
            403,
            Some("authentication failed: the server answered 403 Forbidden to the credential"),
        ),
        ("/v1", 407, Some("the server answered 407 Proxy Authentication Required")),
        ("/v1", 503, Some("the server answered 503 Service Unavailable")),
        ("/v1?ping=health", 200, None),
        ("/v1?ping=health", 404, Some("the server answered 404 Not Found")),
    ] {
        let server = in_turn(vec![answer(status, "")]);
        let client = api(&server, rest).await;
        let ping = HttpApi::ping(&client).await.map_err(|error| error.to_string());
        assert_eq!(ping.err().as_deref(), says, "{rest} {status}");
        let path = if rest.contains("ping") { "/v1/health" } else { "/v1" };
        let lines: Vec<_> = server.requests().iter().map(line).collect();
        assert_eq!(lines, [format!("GET {path}")], "one attempt");
    }
    let handle = "https://:t@no-such-host.invalid";
    let error = HttpApi::ping(&connect::<HttpApi>(handle).await).await.unwrap_err();
    assert!(error.to_string().starts_with("unknown host"), "{error}");
}

/// The server ends and comes back under a client in use: calls in between are tried again, none is
/// lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_a_restart() {
    let mut server = FakeServer::start(guarded);
    let handle = format!("http://:{}@localhost:{}/v1?retries=8", "t0ken%2F%2B%3D", server.port());
    let client = connect::<HttpApi>(&handle).await;
    OnStandIn::use_it(&client).await.unwrap();
    server.kill();
    // The client has to see that the connection is gone: half a POST would not be sent twice.
    HttpApi::ping(&client).await.unwrap_err();
    let calling = {
        let client = client.clone();
        // Not even a POST can be made twice while nobody takes it.
        tokio::spawn(async move { OnStandIn::use_it(&client).await })
    };
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!calling.is_finished(), "it did not wait");
    server.restart();
    calling.await.unwrap().unwrap();
    assert_eq!(server.requests().len(), 2, "each call once");

    server.kill();
    let client = api(&server, "?retries=1").await;
    let error: HttpError = client.get("x").send().await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Connection);
    assert_eq!(error.to_string(), "GET x: connection refused (2 attempts)");
}
