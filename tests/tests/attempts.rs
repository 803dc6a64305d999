//! What a start does about resources that are not there, are not there yet, or misbehave, on an
//! adapter without a server: time is that of a paused clock where nothing real has to pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backing_services::{
    Adapter, BackingServices, ClientError, Connect, Environment, FailureKind, Handle, Host, Secret,
};
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// Does what its host says.
#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7070)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(password)]
    password: Option<Secret>,
    /// For connecting.
    #[handle(param = "connect_timeout", default = "10s", tuning)]
    connect_timeout: Duration,
    /// After how long the server is there.
    #[handle(param = "boots")]
    boots: Option<Duration>,
}

/// When each server began to boot: at the first attempt.
static BEGAN: Mutex<Option<HashMap<String, Instant>>> = Mutex::new(None);

impl Connect for Chat {
    type Client = Arc<()>;

    async fn connect(&self) -> Result<Arc<()>, ClientError> {
        let now = Instant::now();
        let key = self.handle.expose_url().to_owned();
        let began = *BEGAN.lock().unwrap().get_or_insert_default().entry(key).or_insert(now);
        if now < began + self.boots.unwrap_or_default() {
            let said = self.password.as_ref().map_or("", Secret::expose);
            return Err(ClientError::of(FailureKind::Refused, format!("not up,{said}")));
        }
        match self.host.name() {
            "panics" => panic!("as a driver does"),
            // As a driver that reads without end what is always there.
            "hogs" => std::thread::sleep(Duration::from_secs(20)),
            "stranger" => return Err(ClientError::of(FailureKind::Authentication, "not you")),
            _ => {}
        }
        Ok(Arc::new(()))
    }

    async fn ping(client: &Arc<()>) -> Result<(), ClientError> {
        let _ = client;
        Ok(())
    }
}

#[derive(BackingServices)]
struct Services {
    one: Chat,
    two: Option<Chat>,
    #[service(env = "SHARED_URL", shared)]
    three: Option<Chat>,
    #[service(nested)]
    more: More,
}

#[derive(BackingServices)]
struct More {
    #[service(env = "SHARED_URL", shared)]
    same: Option<Chat>,
}

fn load<const N: usize>(pairs: [(&str, &str); N]) -> Services {
    Services::load(&Environment::from_pairs(pairs)).unwrap()
}

/// The events of a run, each as its level, its message and its fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    fn lines(&self, level: Level) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(of, _)| *of == level).map(|(_, line)| line.clone()).collect()
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                let _ = write!(self.0, "{field}={value:?} ");
            }
        }
        if event.metadata().target().starts_with("backing_services") {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push((*event.metadata().level(), line.0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_refuses_is_reported_within_a_second() {
    let started = Instant::now();
    let report = load([("ONE_URL", "chat://a?boots=1h")]).connect().await.unwrap_err();
    assert_eq!(report.failures()[0].kind(), FailureKind::Refused);
    assert!(report.failures()[0].attempts() > 2, "{report}");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_the_deploy_sets_holds_for_a_port_that_refuses() {
    for (url, booted) in [
        ("chat://b?boots=2500ms&connect_timeout=5s", true),
        ("chat://b?boots=2500ms&connect_timeout=10s", true),
        ("chat://b?boots=1h&connect_timeout=5s", false),
    ] {
        let started = Instant::now();
        assert_eq!(load([("ONE_URL", url)]).connect().await.is_ok(), booted, "{url}");
        let took = started.elapsed().as_secs_f64();
        assert!((if booted { 2.5..3.6 } else { 4.9..5.1 }).contains(&took), "{took} s, {url}");
    }
}

#[tokio::test(start_paused = true)]
async fn connect_within_waits_for_all_and_says_who_is_missing() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let services = load([
        ("ONE_URL", "chat://:s3cr3t@localhost?boots=7s"),
        ("TWO_URL", "chat://d?boots=4s"),
        ("SHARED_URL", "chat://e"),
    ]);
    let started = Instant::now();
    let clients = services.connect_within(Duration::from_mins(1)).await.unwrap();
    let took = started.elapsed();
    assert!(clients.two.is_some() && (7..9).contains(&took.as_secs()), "{took:?}");

    let missing = log.lines(Level::WARN);
    let says = |line: &str, words: &[&str]| words.iter().all(|word| line.contains(word));
    assert_eq!(missing.len(), 3, "two after 3 s, one after 6 s: {missing:?}");
    assert!(says(&missing[0], &["Services::one", "ONE_URL", "localhost", "not up,***"]));
    assert!(says(&missing[1], &["Services::two", "TWO_URL"]), "{missing:?}");
    assert!(says(&missing[2], &["Services::one"]), "{missing:?}");
    let attached = log.lines(Level::INFO);
    assert_eq!(attached.len(), 3, "what is shared is one resource: {attached:?}");
    assert!(says(&attached[0], &["Services::three", "SHARED_URL", "Chat", "e"]), "{attached:?}");
    assert!(!format!("{:?}", log.0).contains("s3cr3t"));
}

#[tokio::test(start_paused = true)]
async fn connect_within_ends_with_the_same_report() {
    let services =
        load([("ONE_URL", "chat://f?boots=1h"), ("TWO_URL", "chat://g"), ("SHARED_URL", "")]);
    let started = Instant::now();
    let report = services.connect_within(Duration::from_secs(20)).await.unwrap_err();
    let took = started.elapsed().as_secs_f64();
    assert!((19.9..20.1).contains(&took), "{took}");
    assert!(report.to_string().starts_with("1 of 2 resources of `Services` did not connect"));
    assert_eq!(report.failures()[0].cause(), "not up,");
}

#[tokio::test(start_paused = true)]
async fn what_no_waiting_mends_ends_it_early() {
    let services = load([("ONE_URL", "chat://h?boots=1h"), ("TWO_URL", "chat://stranger")]);
    let started = Instant::now();
    let report = services.connect_within(Duration::from_hours(1)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    assert_eq!(report.failures().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_field_has_a_result_of_its_own() {
    let services = load([
        ("ONE_URL", "chat://i"),
        ("TWO_URL", "chat://stranger"),
        ("SHARED_URL", "chat://stranger"),
    ]);
    let each = services.connect_each().await;
    assert!(each.one.is_ok());
    let report = each.two.as_ref().unwrap_err();
    assert_eq!(report.failures()[0].field(), "Services::two");
    assert!(report.to_string().starts_with("1 resource of `Services` did not connect"), "{report}");
    let fields = [each.three.unwrap_err(), each.more.unwrap_err()].map(|report| {
        let [failure] = report.failures() else { panic!("{report}") };
        failure.field().to_owned()
    });
    assert_eq!(fields, ["Services::three", "Services::more.same"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_that_panics_takes_its_own_resource_along() {
    let services = load([("ONE_URL", "chat://panics"), ("TWO_URL", "chat://j")]);
    let each = services.connect_each().await;
    assert!(each.two.is_ok());
    let report = each.one.unwrap_err();
    assert_eq!(report.failures()[0].cause(), "the driver panicked");
}

#[test]
fn the_timeout_holds_for_a_driver_that_never_yields() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let started = std::time::Instant::now();
    let services = load([("ONE_URL", "chat://hogs?connect_timeout=1s")]);
    let report = runtime.block_on(services.connect()).unwrap_err();
    assert_eq!(report.failures()[0].cause(), "no answer within 1 s");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    runtime.shutdown_background();
}
