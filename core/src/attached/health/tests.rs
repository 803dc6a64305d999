//! When resources are checked and what their failures come to, on adapters without a server and a
//! paused clock.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{Health, Status};
use crate::attached::{Attached, Builder};
use crate::{
    Adapter, BackingServices, ClientError, Connect, Environment, FailureKind, Handle, Host, Secret,
};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7070)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(password)]
    #[expect(dead_code, reason = "it must not be shown")]
    password: Option<Secret>,
}

#[derive(Adapter, Clone)]
#[adapter(schemes("weather"), example = "weather://localhost", port = 7071, api)]
struct Weather {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
}

/// How the server of a host is; it is well unless it stands here.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Is {
    Well,
    Down,
    /// It lets nobody in any more.
    Closed,
    Silent,
    /// It takes this long.
    Slow(Duration),
    /// All connections to it are in use, and it is silent.
    Full,
    Panicking,
}

#[derive(Default)]
struct Server {
    is: HashMap<String, Is>,
    pings: HashMap<String, usize>,
}

static SERVERS: Mutex<Option<Server>> = Mutex::new(None);

fn servers<T>(with: impl FnOnce(&mut Server) -> T) -> T {
    with(SERVERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert_default())
}

fn set(host: &str, is: Is) {
    servers(|servers| servers.is.insert(host.to_owned(), is));
}

fn is(host: &str) -> Is {
    servers(|servers| servers.is.get(host).copied().unwrap_or(Is::Well))
}

fn pings(host: &str) -> usize {
    servers(|servers| servers.pings.get(host).copied().unwrap_or_default())
}

async fn ping(host: &str) -> Result<(), ClientError> {
    servers(|servers| *servers.pings.entry(host.to_owned()).or_default() += 1);
    match is(host) {
        Is::Well => Ok(()),
        Is::Down => Err(ClientError::of(FailureKind::Refused, format!("{host} refuses"))),
        Is::Closed => Err(ClientError::of(FailureKind::Authentication, "not let in")),
        Is::Silent | Is::Full => std::future::pending().await,
        Is::Slow(time) => {
            sleep(time).await;
            Ok(())
        }
        Is::Panicking => panic!("a driver that panics"),
    }
}

macro_rules! connect {
    ($($adapter:ident)*) => {$(
        impl Connect for $adapter {
            type Client = String;
            const PROVEN: bool = true;

            async fn connect(&self) -> Result<String, ClientError> {
                let host = self.host.name().to_owned();
                if is(&host) == Is::Well {
                    return Ok(host);
                }
                Err(ClientError::of(FailureKind::Authentication, "not let in"))
            }

            async fn ping(host: &String) -> Result<(), ClientError> {
                ping(host).await
            }

            fn is_busy(host: &String) -> bool {
                is(host) == Is::Full
            }
        }
    )*};
}

connect! { Chat Weather }

#[derive(BackingServices)]
struct Services {
    main: Chat,
    extra: Option<Chat>,
    #[service(ready = false)]
    side: Chat,
    weather: Weather,
    absent: Option<Chat>,
}

/// The hosts of one test have its name in them.
fn environment(test: &str) -> Environment {
    Environment::from_pairs([
        ("MAIN_URL", format!("chat://:hunter2@main-{test}")),
        ("EXTRA_URL", format!("chat://extra-{test}")),
        ("SIDE_URL", format!("chat://side-{test}")),
        ("WEATHER_URL", format!("weather://weather-{test}")),
    ])
}

fn builder() -> Builder<Services> {
    Attached::builder().jitter(Duration::ZERO)
}

async fn start(test: &str) -> (Attached<Services>, Health) {
    let services = builder().start(environment(test)).await.unwrap();
    let health = services.health();
    (services, health)
}

fn body(answer: &super::Answer) -> Value {
    serde_json::from_str(&answer.body()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn names_and_states_and_nothing_more() {
    let (_services, health) = start("quokka").await;
    let live = health.live();
    assert_eq!((live.code(), live.body().as_str()), (200, r#"{"status":"pass"}"#));
    assert_eq!(live.content_type(), "application/health+json");
    assert_eq!(pings("main-quokka"), 0, "a live app looks at no resource");

    let ready = health.ready().await;
    assert_eq!((ready.code(), ready.body().as_str()), (200, r#"{"status":"pass"}"#));
    set("extra-quokka", Is::Down);
    sleep(Duration::from_secs(5)).await;
    let report = health.report().await;
    assert_eq!((report.code(), report.status()), (200, Status::Warn));
    let pass = json!([{ "status": "pass" }]);
    assert_eq!(
        body(&report),
        json!({ "status": "warn", "checks": {
            "main": pass, "extra": [{ "status": "warn" }], "side": pass, "weather": pass,
            "environment:attached": pass,
        }})
    );
    let details = health.report_with_details().await;
    assert_eq!(
        body(&details)["checks"]["extra"],
        json!([{
            "status": "warn", "componentType": "Chat", "observedValue": 0, "observedUnit": "ms",
            "output": "connection refused",
        }])
    );
    assert_eq!(body(&details)["notes"], json!(["generation 1"]));
    for answer in [report, details, health.page().await, ready] {
        let text = answer.body();
        assert!(!text.contains("quokka") && !text.contains("hunter2"), "{text}");
    }
    let page = health.page_with_details().await;
    assert_eq!((page.code(), page.content_type()), (200, "text/html; charset=utf-8"));
    assert!(page.body().contains("extra-quokka") && !page.body().contains("hunter2"));
    assert!(page.body().contains("connection refused"));
}

#[tokio::test(start_paused = true)]
async fn three_failures_in_a_row_and_one_answer() {
    let (_services, health) = start("b").await;
    set("main-b", Is::Down);
    for expected in [200, 200, 503, 503] {
        let answer = health.ready().await;
        assert_eq!(answer.code(), expected);
        assert_ne!(answer.status(), Status::Pass, "one failure warns");
        sleep(Duration::from_secs(5)).await;
    }
    set("main-b", Is::Well);
    assert_eq!(health.ready().await.code(), 200);
    // Two failures, an answer, two failures.
    for is_up in [false, false, true, false, false] {
        set("main-b", if is_up { Is::Well } else { Is::Down });
        sleep(Duration::from_secs(5)).await;
        assert_eq!(health.ready().await.code(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn how_many_failures_is_the_apps_choice() {
    let services = builder().not_ready_after(1).start(environment("c")).await.unwrap();
    set("main-c", Is::Panicking);
    assert_eq!(services.health().ready().await.code(), 503);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_required_only_warns() {
    let (_services, health) = start("d").await;
    for host in ["extra-d", "side-d", "weather-d"] {
        set(host, Is::Down);
    }
    for _ in 0..20 {
        sleep(Duration::from_secs(5)).await;
        assert_eq!(
            (health.ready().await.code(), health.ready().await.status()),
            (200, Status::Warn)
        );
    }
    let checks = &body(&health.report().await)["checks"];
    for (name, state) in
        [("main", "pass"), ("extra", "warn"), ("side", "warn"), ("weather", "warn")]
    {
        assert_eq!(checks[name][0]["status"], state, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_are_asked_at_the_same_time_within_two_seconds() {
    let (_services, health) = start("e").await;
    for host in ["main-e", "extra-e", "side-e", "weather-e"] {
        set(host, Is::Silent);
    }
    let started = Instant::now();
    let report = health.report().await;
    assert_eq!(started.elapsed().as_millis(), 2000);
    assert_eq!((report.code(), report.status()), (200, Status::Warn));
    let main = body(&health.report_with_details().await)["checks"]["main"][0].clone();
    assert_eq!(
        (&main["output"], &main["observedValue"]),
        (&json!("no answer in time"), &json!(2000))
    );
}

#[tokio::test(start_paused = true)]
async fn one_check_is_for_all_who_ask_and_is_kept() {
    let (_services, health) = start("f").await;
    let all = async || {
        let probes: Vec<_> = (0..100).map(|_| health.clone()).collect();
        let probes = probes.into_iter().map(|it| tokio::spawn(async move { it.ready().await }));
        for probe in probes.collect::<Vec<_>>() {
            assert_eq!(probe.await.unwrap().code(), 200);
        }
    };
    all().await;
    sleep(Duration::from_millis(4900)).await;
    all().await;
    assert_eq!(pings("main-f"), 1, "it is kept for 5 seconds");
    sleep(Duration::from_millis(100)).await;
    all().await;
    assert_eq!(pings("main-f"), 2);
    assert_eq!(pings("weather-f"), 1, "calls of an API are counted or paid for");
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        health.ready().await;
    }
    assert_eq!((pings("main-f"), pings("weather-f")), (14, 3));
}

#[tokio::test(start_paused = true)]
async fn a_probe_waits_for_no_other_and_not_for_long() {
    let (_services, health) = start("g").await;
    set("extra-g", Is::Silent);
    let started = Instant::now();
    let first = tokio::spawn({
        let health = health.clone();
        async move { health.ready().await }
    });
    sleep(Duration::from_millis(10)).await;
    for _ in 0..10 {
        assert_eq!(health.ready().await.status(), Status::Pass, "what is known so far");
        assert_eq!(health.report().await.status(), Status::Pass);
    }
    assert_eq!(started.elapsed().as_millis(), 10, "they wait behind nobody");
    first.await.unwrap();
    assert_eq!(started.elapsed().as_millis(), 500, "Kubernetes gives a probe one second");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(health.ready().await.status(), Status::Warn, "the check went on");
    assert_eq!(pings("extra-g"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_its_check_to_the_others() {
    let (_services, health) = start("h").await;
    set("extra-h", Is::Slow(Duration::from_secs(1)));
    timeout(Duration::from_millis(10), health.report()).await.unwrap_err();
    sleep(Duration::from_secs(2)).await;
    let details = body(&health.report_with_details().await);
    assert_eq!(details["checks"]["extra"][0]["observedValue"], 1000);
    assert_eq!(pings("extra-h"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_pool_warns_and_is_left_alone() {
    let (_services, health) = start("i").await;
    set("main-i", Is::Full);
    for _ in 0..10 {
        let answer = health.ready().await;
        assert_eq!((answer.code(), answer.status()), (200, Status::Warn));
        sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(pings("main-i"), 0);
    // One that has failed is not well because its pool is full.
    set("main-i", Is::Down);
    for _ in 0..3 {
        health.ready().await;
        sleep(Duration::from_secs(5)).await;
    }
    set("main-i", Is::Full);
    assert_eq!(health.ready().await.code(), 503);
    set("main-i", Is::Well);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(health.ready().await.status(), Status::Pass);
    // One whose pool becomes full meanwhile was not asked in earnest.
    set("main-i", Is::Slow(Duration::from_mins(1)));
    sleep(Duration::from_secs(5)).await;
    let asked = pings("main-i");
    health.ready().await;
    set("main-i", Is::Full);
    sleep(Duration::from_secs(5)).await;
    let details = body(&health.report_with_details().await);
    assert_eq!(details["checks"]["main"][0]["output"], "the pool has no connection to spare");
    assert_eq!(pings("main-i"), asked + 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_not_ready_at_once_and_asks_nobody() {
    let (services, health) = start("j").await;
    assert_eq!(health.ready().await.code(), 200);
    services.begin_shutdown();
    let answer = health.ready().await;
    assert_eq!((answer.code(), answer.status()), (503, Status::Fail));
    assert_eq!(health.live().code(), 200);
    assert_eq!(services.clients().main, "main-j");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(body(&health.report().await)["output"], "shutting down");
    assert_eq!(pings("main-j"), 1);
    services.shutdown(Duration::from_secs(5)).await;
    assert_eq!(body(&health.report().await)["status"], "fail");

    let (services, health) = start("k").await;
    let held = services.clients();
    let shutdown = tokio::spawn(async move { services.shutdown(Duration::from_secs(20)).await });
    sleep(Duration::from_millis(1)).await;
    assert_eq!(health.ready().await.code(), 503, "not ready while requests are answered");
    drop(held);
    shutdown.await.unwrap();
}

/// A deploy whose main handle stands in a file.
struct Deploy(tempfile::TempDir);

impl Deploy {
    fn write(&self, handle: &str) {
        std::fs::write(self.0.path().join("main"), handle).unwrap();
    }

    async fn start(test: &str, builder: Builder<Services>) -> (Self, Attached<Services>, Health) {
        let deploy = Self(tempfile::tempdir().unwrap());
        deploy.write(&format!("chat://main-{test}-1"));
        let path = deploy.0.path().join("main").display().to_string();
        let pairs = [
            ("MAIN_URL_FILE", path),
            ("EXTRA_URL", format!("chat://extra-{test}")),
            ("SIDE_URL", format!("chat://side-{test}")),
            ("WEATHER_URL", format!("weather://weather-{test}")),
        ];
        let services = builder.start(Environment::from_pairs(pairs)).await.unwrap();
        let health = services.health();
        (deploy, services, health)
    }
}

fn environment_is(answer: &super::Answer) -> Value {
    body(answer)["checks"]["environment:attached"][0]["status"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_is_not_in_force_warns() {
    let (deploy, services, health) = Deploy::start("l", builder()).await;
    for (handle, state) in [
        ("mysql://main-l-2", "warn"),
        ("chat://main-l-1", "pass"),
        ("chat://main-l-3", "warn"),
        ("chat://main-l-1", "pass"),
        ("chat://main-l-4", "pass"),
    ] {
        set("main-l-3", Is::Down);
        deploy.write(handle);
        let _ = services.reload().await;
        let answer = health.report().await;
        assert_eq!((environment_is(&answer), answer.code()), (json!(state), 200), "{handle}");
        assert_eq!(answer.status() == Status::Warn, state == "warn");
    }
    // By itself as well, and what is wrong stands in no answer.
    deploy.write("chat://main-l-3");
    sleep(Duration::from_secs(20)).await;
    let answer = health.report_with_details().await;
    assert_eq!(environment_is(&answer), "warn");
    assert!(!answer.body().contains("main-l"), "{}", answer.body());
    assert!(health.page().await.body().contains("says something else than what is attached"));
    set("main-l-3", Is::Well);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(environment_is(&health.report().await), "pass");
}

#[tokio::test(start_paused = true)]
async fn an_optional_resource_that_is_down_since_the_start_warns() {
    set("extra-m", Is::Down);
    let (_deploy, services, health) =
        Deploy::start("m", builder().optional_may_be_down(true)).await;
    let answer = health.report().await;
    assert_eq!((environment_is(&answer), answer.code()), (json!("warn"), 200));
    set("extra-m", Is::Well);
    sleep(Duration::from_secs(70)).await;
    assert!(services.clients().extra.is_some());
    assert_eq!(health.report().await.status(), Status::Pass);
}

#[tokio::test(start_paused = true)]
async fn a_new_client_has_no_failures() {
    let (deploy, services, health) = Deploy::start("n", builder()).await;
    set("main-n-1", Is::Down);
    for _ in 0..3 {
        health.ready().await;
        sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(health.ready().await.code(), 503);
    deploy.write("chat://main-n-2");
    services.reload().await.unwrap();
    let answer = health.ready().await;
    assert_eq!((answer.code(), answer.status()), (200, Status::Pass));
    assert!(health.page().await.body().contains("Generation 2"));
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_is_refused_causes_a_look() {
    let poll = Duration::from_hours(1);
    let (deploy, services, health) = Deploy::start("o", builder().poll(poll)).await;
    deploy.write("chat://:n3w@main-o-2");
    health.ready().await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(services.generation(), 1, "nobody looks before the poll");
    set("main-o-1", Is::Closed);
    health.ready().await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(services.generation(), 2);
    assert_eq!(health.ready().await.status(), Status::Pass);
}
