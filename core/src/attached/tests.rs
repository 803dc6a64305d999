//! What a running app does when its environment changes, on an adapter without a server and a
//! paused clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::{Attached, Builder, Source};
use crate::{
    Adapter, BackingServices, ClientError, Connect, Environment, Error, FailureKind, Handle, Host,
    Secret,
};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7070)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(password)]
    password: Option<Secret>,
    /// What the server is trusted by.
    #[handle(param = "ca")]
    ca: Option<std::path::PathBuf>,
}

/// What each host does: it is up unless it stands here.
static DOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// The connections that each host has had, and those that it has.
static SEEN: Mutex<Option<HashMap<String, (usize, usize)>>> = Mutex::new(None);

fn down(host: &str, is_down: bool) {
    let mut down = DOWN.lock().unwrap();
    down.retain(|other| other != host);
    if is_down {
        down.push(host.to_owned());
    }
}

fn count(host: &str) -> (usize, usize) {
    SEEN.lock().unwrap().get_or_insert_default().get(host).copied().unwrap_or_default()
}

struct Room {
    host: String,
    said: Option<String>,
    closed: Mutex<bool>,
}

impl Room {
    fn is_closed(&self) -> bool {
        *self.closed.lock().unwrap()
    }
}

impl Connect for Chat {
    type Client = Arc<Room>;
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<Arc<Room>, ClientError> {
        sleep(Duration::from_millis(10)).await;
        let host = self.host.name().to_owned();
        if DOWN.lock().unwrap().contains(&host) {
            return Err(ClientError::of(FailureKind::Authentication, "not let in"));
        }
        let _ = &self.ca;
        let mut seen = SEEN.lock().unwrap();
        let (all, open) = seen.get_or_insert_default().entry(host.clone()).or_default();
        (*all, *open) = (*all + 1, *open + 1);
        let said = self.password.as_ref().map(|password| password.expose().to_owned());
        Ok(Arc::new(Room { host, said, closed: Mutex::new(false) }))
    }

    async fn ping(room: &Arc<Room>) -> Result<(), ClientError> {
        if DOWN.lock().unwrap().contains(&room.host) {
            return Err(ClientError::of(FailureKind::Authentication, "not let in any more"));
        }
        Ok(())
    }

    async fn close(room: Arc<Room>) {
        let mut closed = room.closed.lock().unwrap();
        if !*closed {
            *closed = true;
            let mut seen = SEEN.lock().unwrap();
            seen.get_or_insert_default().entry(room.host.clone()).or_default().1 -= 1;
        }
    }
}

#[derive(BackingServices)]
struct Services {
    main: Chat,
    #[service(default = "chat://side")]
    side: Chat,
    extra: Option<Chat>,
    #[setting(default = "1")]
    workers: u8,
}

/// A folder with the files that variables name.
struct Deploy(TempDir);

impl Deploy {
    fn new(main: &str) -> Self {
        let deploy = Self(tempfile::tempdir().unwrap());
        deploy.write("main", main);
        deploy
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn environment(&self) -> Environment {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        Environment::from_pairs([("MAIN_URL_FILE", path("main"))]).with_dotenv(path(".env"))
    }

    async fn start(&self, builder: Builder<Services>) -> Attached<Services> {
        builder.start(self.environment()).await.unwrap()
    }
}

fn builder() -> Builder<Services> {
    Attached::builder().jitter(Duration::ZERO)
}

/// Waits for the generation; how long that took.
async fn becomes(services: &Attached<Services>, generation: u64) -> Duration {
    let started = Instant::now();
    while services.generation() < generation {
        assert!(started.elapsed() < Duration::from_mins(5), "it stays {services:?}");
        sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_swaps_its_resource_and_no_other() {
    let deploy = Deploy::new("chat://a1");
    let services = deploy.start(builder()).await;
    let old = services.clients();
    deploy.write("main", "chat://a2\n");
    let took = becomes(&services, 2).await;
    assert!((1..8).contains(&took.as_secs()), "a look, and a second of quiet: {took:?}");
    let new = services.clients();
    assert_eq!((old.main.host.as_str(), new.main.host.as_str()), ("a1", "a2"));
    assert!(Arc::ptr_eq(&old.side, &new.side), "what did not change keeps its client");
    assert!(!old.main.is_closed(), "a snapshot is held");
    drop(old);
    sleep(Duration::from_millis(200)).await;
    assert_eq!((count("a1"), count("a2")), ((1, 0), (1, 1)));
}

#[tokio::test(start_paused = true)]
async fn the_drain_is_cut_in_the_end_and_says_so() {
    let deploy = Deploy::new("chat://b1");
    let services = deploy.start(builder().drain(Duration::from_secs(30))).await;
    let old = services.clients();
    let mut changes = services.changes();
    deploy.write("main", "chat://b2");
    assert_eq!(services.reload().await.unwrap().changed(), ["Services::main"]);
    let swapped = Instant::now();
    assert_eq!(changes.next().await.unwrap().generation(), 2);
    let change = changes.next().await.unwrap();
    assert_eq!(change.cut(), ["Services::main"]);
    assert!((30..32).contains(&swapped.elapsed().as_secs()), "{:?}", swapped.elapsed());
    assert!(old.main.is_closed());
}

#[tokio::test(start_paused = true)]
async fn never_more_than_two_old_generations() {
    let deploy = Deploy::new("chat://c1");
    let services = deploy.start(builder()).await;
    let mut held = vec![services.clients()];
    for n in 2..=5 {
        deploy.write("main", &format!("chat://c{n}"));
        services.reload().await.unwrap();
        held.push(services.clients());
        sleep(Duration::from_millis(200)).await;
        let open = held.iter().filter(|clients| !clients.main.is_closed()).count();
        assert!(open <= 3, "{open} of {n} are open");
    }
    assert!(held[0].main.is_closed() && held[1].main.is_closed() && !held[2].main.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_problem_changes_nothing_and_is_reported_once() {
    let deploy = Deploy::new("chat://d1");
    let services = deploy.start(builder()).await;
    let mut changes = services.changes();
    deploy.write("main", "mysql://d2");
    let change = changes.next().await.unwrap();
    let Some(Error::Load(report)) = change.error() else { panic!("{change}") };
    assert_eq!(report.problems()[0].variable(), "MAIN_URL");
    assert_eq!((change.generation(), services.clients().main.host.as_str()), (1, "d1"));
    timeout(Duration::from_mins(2), changes.next()).await.expect_err("it is reported once");
    deploy.write("main", "chat://d3");
    becomes(&services, 2).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_connect_changes_nothing_and_is_tried_again() {
    down("e2", true);
    let deploy = Deploy::new("chat://e1");
    let services = deploy.start(builder()).await;
    deploy.write("main", "chat://e2");
    deploy.write(".env", "SIDE_URL=chat://e3\n");
    let report = services.reload().await.unwrap_err();
    assert!(matches!(report, Error::Connect(_)));
    assert_eq!(services.clients().side.host, "side", "whole or nothing");
    assert_eq!(count("e3"), (1, 0), "what was made is closed");
    sleep(Duration::from_mins(2)).await;
    assert_eq!(services.generation(), 1);
    down("e2", false);
    let took = becomes(&services, 2).await;
    assert!(took < Duration::from_secs(62), "{took:?}");
    assert_eq!(services.clients().main.host, "e2");
    assert_eq!(services.clients().side.host, "e3");
}

#[tokio::test(start_paused = true)]
async fn while_the_old_one_is_dead_too_it_is_tried_every_five_seconds() {
    let deploy = Deploy::new("chat://f1");
    let services = deploy.start(builder()).await;
    down("f1", true);
    down("f2", true);
    deploy.write("main", "chat://f2");
    services.reload().await.unwrap_err();
    sleep(Duration::from_mins(5)).await;
    down("f2", false);
    let took = becomes(&services, 2).await;
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_handle_that_is_taken_back_is_forgotten() {
    down("g2", true);
    let deploy = Deploy::new("chat://g1");
    let services = deploy.start(builder()).await;
    deploy.write("main", "chat://g2");
    services.reload().await.unwrap_err();
    deploy.write("main", "chat://g1");
    sleep(Duration::from_secs(20)).await;
    down("g2", false);
    sleep(Duration::from_mins(3)).await;
    assert_eq!((services.generation(), count("g2")), (1, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_password_beside_the_handle_and_a_certificate_in_it_count() {
    let deploy = Deploy::new("chat://h1");
    let ca = deploy.0.path().join("ca.pem");
    deploy.write("ca.pem", "one");
    deploy.write("main", &format!("chat://h1?ca={}", ca.display()));
    deploy.write("password", "0ld\n");
    let path = |name: &str| deploy.0.path().join(name).display().to_string();
    let environment = Environment::from_pairs([
        ("MAIN_URL_FILE", path("main")),
        ("MAIN_PASSWORD_FILE", path("password")),
    ]);
    let services = builder().start(environment).await.unwrap();
    assert_eq!(services.clients().main.said.as_deref(), Some("0ld"));
    deploy.write("ca.pem", "two");
    becomes(&services, 2).await;
    deploy.write("password", "n3w\n");
    becomes(&services, 3).await;
    assert_eq!(services.clients().main.said.as_deref(), Some("n3w"));
}

/// What changes while the client is made is not in it.
#[tokio::test(start_paused = true)]
async fn a_certificate_that_changes_while_it_connects_counts() {
    let deploy = Deploy::new("chat://p1");
    let ca = deploy.0.path().join("ca.pem");
    deploy.write("ca.pem", "one");
    deploy.write("main", &format!("chat://p1?ca={}", ca.display()));
    let (services, ()) = tokio::join!(deploy.start(builder()), async {
        // Connecting takes 10 ms.
        sleep(Duration::from_millis(5)).await;
        deploy.write("ca.pem", "two");
    });
    becomes(&services, 2).await;
    assert_eq!(count("p1").0, 2);
}

/// However long the app says.
#[tokio::test(start_paused = true)]
async fn no_time_is_too_long() {
    let deploy = Deploy::new("chat://q1");
    let endless = builder().poll(Duration::MAX).quiet(Duration::MAX).jitter(Duration::MAX);
    let services = deploy.start(endless.drain(Duration::MAX)).await;
    deploy.write("main", "chat://q2");
    services.reload().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert_eq!((count("q1"), count("q2")), ((1, 0), (1, 1)));
    assert!(services.shutdown(Duration::MAX).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_optional_resource_comes_and_goes() {
    let deploy = Deploy::new("chat://i1");
    let services = deploy.start(builder()).await;
    assert!(services.clients().extra.is_none());
    deploy.write(".env", "EXTRA_URL=chat://i2\nWORKERS=7\n");
    becomes(&services, 2).await;
    assert_eq!(services.clients().extra.as_ref().unwrap().host, "i2");
    assert_eq!(services.services().workers, 7);
    let before = services.clients();
    let mut changes = services.changes();
    deploy.write(".env", "EXTRA_URL=chat://i2\nWORKERS=8\n");
    becomes(&services, 3).await;
    assert_eq!(changes.next().await.unwrap().changed(), ["Services::workers"]);
    assert!(Arc::ptr_eq(&before.main, &services.clients().main));
    assert_eq!(services.services().workers, 8);
    drop(before);
    deploy.write(".env", "EXTRA_URL=\n");
    becomes(&services, 4).await;
    assert!(services.clients().extra.is_none());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(count("i2"), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_optional_resource_may_be_down_where_the_app_says_so() {
    down("j2", true);
    let deploy = Deploy::new("chat://j1");
    deploy.write(".env", "EXTRA_URL=chat://j2\n");
    assert!(builder().start(deploy.environment()).await.is_err());
    let services = deploy.start(builder().optional_may_be_down(true)).await;
    assert!(services.clients().extra.is_none());
    down("j2", false);
    becomes(&services, 2).await;
    assert!(services.clients().extra.is_some());
    assert_eq!(count("j1").1, 1, "the other keeps its client");
}

#[tokio::test(start_paused = true)]
async fn a_change_waits_for_quiet_and_for_its_turn() {
    let deploy = Deploy::new("chat://k1");
    let services = deploy.start(Attached::builder().poll(Duration::from_millis(500))).await;
    // A folder that is written again and again is not read half way.
    for n in 2..20 {
        deploy.write("main", &format!("chat://k{n}"));
        sleep(Duration::from_millis(600)).await;
        assert_eq!(services.generation(), 1);
    }
    let took = becomes(&services, 2).await;
    assert!(took < Duration::from_secs(13), "{took:?}");
    assert_eq!(count("k19"), (1, 1));
    assert_eq!(count("k10"), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_reloads_is_one_or_two() {
    let deploy = Deploy::new("chat://l1");
    let services = deploy.start(builder()).await;
    deploy.write("main", "chat://l2");
    let storm: Vec<_> = (0..50).map(|_| services.clone()).collect();
    let storm: Vec<_> =
        storm.into_iter().map(|it| tokio::spawn(async move { it.reload().await })).collect();
    for reload in storm {
        reload.await.unwrap().unwrap();
    }
    assert_eq!((services.generation(), count("l2")), (2, (1, 1)));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_swaps_leave_nothing() {
    let deploy = Deploy::new("chat://m0");
    let services = deploy.start(builder()).await;
    for n in 1..=1000 {
        deploy.write("main", &format!("chat://m{}", n % 2));
        services.reload().await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(services.generation(), 1001);
    assert_eq!((count("m0"), count("m1")), ((501, 1), (500, 0)));
    let state = services.shared.state();
    assert!(state.snapshots.len() <= 1 && state.drains.len() <= 2);
}

#[derive(Default)]
struct Store {
    variables: Mutex<Vec<(String, String)>>,
    news: tokio::sync::Notify,
}

struct Shared(Arc<Store>);

impl Source for Shared {
    async fn read(&self) -> Result<Vec<(String, String)>, String> {
        match self.0.variables.lock().unwrap().clone() {
            variables if variables.is_empty() => Err("the store is away".to_owned()),
            variables => Ok(variables),
        }
    }

    async fn changed(&self) {
        self.0.news.notified().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_of_the_apps_own_is_read_when_it_changes() {
    let store = Arc::new(Store::default());
    let set = |url: &str| {
        *store.variables.lock().unwrap() = match url {
            "" => Vec::new(),
            url => vec![("MAIN_URL".to_owned(), url.to_owned())],
        };
        store.news.notify_one();
    };
    let builder = || builder().poll(Duration::from_hours(1)).source(Shared(Arc::clone(&store)));
    let error = builder().start(Environment::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the source cannot be read: the store is away");
    set("chat://n1");
    let services = builder().start(Environment::default()).await.unwrap();
    set("chat://n2");
    let took = becomes(&services, 2).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    set("");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(services.clients().main.host, "n2", "the last known good is served");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_users_and_closes_all_within_its_limit() {
    let deploy = Deploy::new("chat://o1");
    let services = deploy.start(builder()).await;
    let clients = services.clients();
    let request = tokio::spawn(async move {
        sleep(Duration::from_secs(3)).await;
        assert!(!clients.main.is_closed());
    });
    let started = Instant::now();
    assert!(services.shutdown(Duration::from_secs(20)).await.is_empty());
    let took = started.elapsed().as_secs_f64();
    assert!((3.0..3.2).contains(&took), "{took}");
    request.await.unwrap();
    assert_eq!(count("o1"), (1, 0));
    assert!(services.reload().await.unwrap().changed().is_empty(), "nothing changes any more");
}

#[tokio::test(start_paused = true)]
async fn who_listens_for_changes_ends_with_the_shutdown() {
    let deploy = Deploy::new("chat://p1");
    let services = deploy.start(builder()).await;
    let (mut changes, clients) = (services.changes(), services.clients());
    let attached = services.clone();
    let consumer = tokio::spawn(async move {
        while changes.next().await.is_some() {}
        assert!(!clients.main.is_closed(), "what is in work can be done");
        drop(attached);
    });
    let started = Instant::now();
    assert!(services.shutdown(Duration::from_secs(20)).await.is_empty());
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    consumer.await.unwrap();
    assert!(services.changes().next().await.is_none());
}
