//! What the derived code does, with adapters that need no network.

use std::sync::Arc;
use std::time::Duration;

use backing_services::{
    Adapter, BackingServices, ClientError, Connect, ConnectError, Environment, Grammar, Handle,
    HandleError, LoadError, MySql, ProblemKind, Resource, Scheme, Setting,
};
use tokio::time::{Instant, sleep};

/// Its client is the host; some hosts answer late, some never.
#[derive(Clone, Debug)]
struct Fake(Handle);

impl Adapter for Fake {
    const GRAMMAR: &'static Grammar =
        &Grammar::new("Fake", &[Scheme::new("fake"), Scheme::new("mock")], "fake://localhost");

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        handle.params::<()>()?;
        match handle.host() {
            Some(_) => Ok(Self(handle.clone())),
            None => Err(HandleError::new("the handle has no host")),
        }
    }

    fn handle(&self) -> &Handle {
        &self.0
    }
}

impl Connect for Fake {
    type Client = Arc<str>;

    async fn connect(&self) -> Result<Arc<str>, ClientError> {
        match self.0.host().unwrap_or_default() {
            "down" => Err(ClientError::new("it is down")),
            "slow" => {
                sleep(Duration::from_millis(300)).await;
                Ok("slow".into())
            }
            host => Ok(host.into()),
        }
    }

    async fn ping(client: &Arc<str>) -> Result<(), ClientError> {
        if &**client == "mute" { Err(ClientError::new("it does not answer")) } else { Ok(()) }
    }
}

#[derive(BackingServices)]
struct Services {
    /// Orders and customers.
    ///
    /// Kept for ten years.
    #[service(
        env = "DATABASE_URL",
        alias = "CLEARDB_URL",
        alias = "OLD_DB_URL",
        binding = "orders-db"
    )]
    db: Fake,
    /// Where jobs wait.
    jobs: Option<Fake>,
    #[service(default = "mock://cache")]
    cache: Fake,
    search_url: Option<Fake>,
    #[service(nested)]
    reports: Reports,
    #[service(nested, prefix = "EU_")]
    eu: Option<Reports>,
    #[setting(default = "8080")]
    port: u16,
    /// How much is logged.
    #[setting(env = "LOG")]
    level: Option<String>,
    #[setting]
    tags: Vec<String>,
}

#[derive(BackingServices, Clone)]
struct Reports {
    /// Yesterday's orders.
    warehouse: Fake,
    #[setting(default = "3")]
    hour: u8,
    #[service(nested)]
    inner: Inner,
}

#[derive(BackingServices, Clone)]
struct Inner {
    #[service(env = "ARCHIVE")]
    archive: Option<Fake>,
}

fn load<const N: usize>(pairs: [(&str, &str); N]) -> Result<Services, LoadError> {
    Services::load(&Environment::from_pairs(pairs))
}

/// All that must be set.
const REQUIRED: [(&str, &str); 3] = [
    ("DATABASE_URL", "fake://orders"),
    ("REPORTS_WAREHOUSE_URL", "fake://warehouse"),
    ("TAGS", "a,b"),
];

fn with<const N: usize>(more: [(&str, &str); N]) -> Result<Services, LoadError> {
    Services::load(&Environment::from_pairs(REQUIRED.into_iter().chain(more)))
}

fn host(adapter: &Fake) -> &str {
    adapter.0.host().unwrap_or_default()
}

#[test]
fn what_need_not_be_set() {
    let services = with([]).unwrap();
    assert_eq!(host(&services.db), "orders");
    assert!(services.jobs.is_none() && services.search_url.is_none() && services.eu.is_none());
    assert_eq!(host(&services.cache), "cache");
    assert_eq!(host(&services.reports.warehouse), "warehouse");
    assert!(services.reports.inner.archive.is_none());
    assert_eq!((services.port, services.reports.hour), (8080, 3));
    assert_eq!((services.level, services.tags), (None, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn what_is_set() {
    let services = with([
        ("JOBS_URL", "fake://jobs"),
        ("CACHE_URL", "fake://other"),
        ("SEARCH_URL", "fake://search"),
        ("REPORTS_HOUR", "4"),
        ("REPORTS_INNER_ARCHIVE", "fake://archive"),
        ("EU_WAREHOUSE_URL", "fake://eu"),
        ("PORT", "80"),
        ("LOG", "warn"),
    ])
    .unwrap();
    let hosts = [&services.jobs, &services.search_url, &services.reports.inner.archive];
    assert_eq!(hosts.map(|adapter| host(adapter.as_ref().unwrap())), ["jobs", "search", "archive"]);
    assert_eq!(host(&services.cache), "other");
    assert_eq!(host(&services.eu.unwrap().warehouse), "eu");
    assert_eq!((services.port, services.reports.hour), (80, 4));
    assert_eq!(services.level.as_deref(), Some("warn"));
}

#[test]
fn aliases_in_their_order() {
    let rest = [REQUIRED[1], REQUIRED[2]];
    let old = ("OLD_DB_URL", "fake://old");
    let cleardb = ("CLEARDB_URL", "fake://cleardb");
    assert_eq!(host(&load([rest[0], rest[1], old]).unwrap().db), "old");
    assert_eq!(host(&load([rest[0], rest[1], old, cleardb]).unwrap().db), "cleardb");
    assert_eq!(host(&with([old, cleardb]).unwrap().db), "orders");
}

#[test]
fn empty_is_unset() {
    let services = with([("JOBS_URL", ""), ("CACHE_URL", ""), ("PORT", ""), ("LOG", "")]).unwrap();
    assert!(services.jobs.is_none() && services.level.is_none());
    assert_eq!((host(&services.cache), services.port), ("cache", 8080));
    let services = with([("EU_WAREHOUSE_URL", ""), ("EU_HOUR", "")]).unwrap();
    assert!(services.eu.is_none());
}

#[test]
fn an_optional_struct_is_loaded_whole_when_any_of_it_is_set() {
    // One of its settings, one far inside, and the file of one.
    for set in ["EU_HOUR", "EU_INNER_ARCHIVE", "EU_INNER_ARCHIVE_FILE"] {
        let error = with([(set, "5")]).err().unwrap();
        let missing =
            error.problems().iter().find(|problem| problem.kind() == ProblemKind::Missing);
        assert_eq!(missing.unwrap().variable(), "EU_WAREHOUSE_URL", "{set}");
        assert_eq!(missing.unwrap().field(), "Services::eu.warehouse");
    }
    let services = with([("EU_WAREHOUSE_URL", "fake://eu"), ("EU_HOUR", "5")]).unwrap();
    assert_eq!(services.eu.map(|eu| eu.hour), Some(5));
}

#[test]
fn all_problems_of_all_fields() {
    let error = load([
        ("JOBS_URL", "nats://localhost"),
        ("CACHE_URL", "no handle"),
        ("SEARCH_URL", "fake://localhost?x=1"),
        ("REPORTS_HOUR", "late"),
        ("REPORTS_INNER_ARCHIVE", "fake://a:99999"),
        ("EU_WAREHOUSE_URL", "mysql://localhost"),
        ("EU_HOUR", "256"),
        ("PORT", "-1"),
    ])
    .err()
    .unwrap();
    let found: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| (problem.field(), problem.variable(), problem.kind()))
        .collect();
    let expected = [
        ("Services::db", "DATABASE_URL", ProblemKind::Missing),
        ("Services::jobs", "JOBS_URL", ProblemKind::Scheme),
        ("Services::cache", "CACHE_URL", ProblemKind::Syntax),
        ("Services::search_url", "SEARCH_URL", ProblemKind::Parameter),
        ("Services::reports.warehouse", "REPORTS_WAREHOUSE_URL", ProblemKind::Missing),
        ("Services::reports.hour", "REPORTS_HOUR", ProblemKind::Setting),
        ("Services::reports.inner.archive", "REPORTS_INNER_ARCHIVE", ProblemKind::Syntax),
        ("Services::eu.warehouse", "EU_WAREHOUSE_URL", ProblemKind::Scheme),
        ("Services::eu.hour", "EU_HOUR", ProblemKind::Setting),
        ("Services::port", "PORT", ProblemKind::Setting),
        ("Services::tags", "TAGS", ProblemKind::Missing),
    ];
    assert_eq!(found, expected);
}

/// Prefixes and names, as the table of the derive has them.
#[derive(BackingServices)]
#[services(prefix = "SHOP_")]
struct Prefixed {
    db: Option<Fake>,
    database_url: Option<Fake>,
    url: Option<Fake>,
    #[service(env = "LITERAL", alias = "ALIAS")]
    literal: Option<Fake>,
    #[service(nested)]
    derived: Names,
    #[service(nested, prefix = "given.")]
    given: Names,
    #[service(nested, prefix = "")]
    bare: Names,
    #[setting]
    level: Option<String>,
    #[cfg(any())]
    #[service(not_even = looked_at)]
    never: u8,
}

#[derive(BackingServices)]
#[services(prefix = "OWN_")]
struct Names {
    a: Option<Fake>,
    #[service(env = "B")]
    b: Option<Fake>,
    #[setting]
    c: Option<u8>,
}

#[test]
fn variables() {
    let manifest = Prefixed::manifest();
    let names: Vec<_> =
        manifest.resources().iter().map(|it| (it.field(), it.variable(), it.aliases())).collect();
    let none: &[String] = &[];
    let expected = [
        ("Prefixed::db", "SHOP_DB_URL", none),
        ("Prefixed::database_url", "SHOP_DATABASE_URL", none),
        ("Prefixed::url", "SHOP_URL", none),
        ("Prefixed::literal", "LITERAL", &["ALIAS".to_owned()]),
        ("Prefixed::derived.a", "SHOP_DERIVED_OWN_A_URL", none),
        ("Prefixed::derived.b", "SHOP_DERIVED_B", none),
        ("Prefixed::given.a", "given.OWN_A_URL", none),
        ("Prefixed::given.b", "given.B", none),
        ("Prefixed::bare.a", "OWN_A_URL", none),
        ("Prefixed::bare.b", "B", none),
    ];
    assert_eq!(names, expected);
    let settings: Vec<_> = manifest.settings().iter().map(Setting::variable).collect();
    assert_eq!(settings, ["SHOP_DERIVED_OWN_C", "given.OWN_C", "OWN_C", "SHOP_LEVEL"]);

    let environment = Environment::from_pairs([("SHOP_LEVEL", "info"), ("given.OWN_C", "7")]);
    let services = Prefixed::load(&environment).unwrap();
    assert_eq!(services.level.as_deref(), Some("info"));
    let [derived, given, bare] = [services.derived, services.given, services.bare];
    assert_eq!([derived.c, given.c, bare.c], [None, Some(7), None]);
}

#[test]
fn the_manifest() {
    let manifest = Services::manifest();
    assert_eq!(manifest.name(), "Services");
    let [db, jobs, cache, _, warehouse, archive, eu_warehouse, _] = manifest.resources() else {
        panic!("{:#?}", manifest.resources());
    };
    assert_eq!(db.doc(), "Orders and customers.\n\nKept for ten years.");
    assert_eq!((db.adapter(), db.example()), ("Fake", "fake://localhost"));
    assert_eq!(db.schemes(), ["fake", "mock"]);
    assert_eq!(db.aliases(), ["CLEARDB_URL", "OLD_DB_URL"]);
    assert_eq!((db.binding(), jobs.binding()), (Some("orders-db"), None));
    assert_eq!((db.default(), cache.default()), (None, Some("mock://cache")));
    let required = [db, jobs, cache, warehouse, archive, eu_warehouse].map(Resource::required);
    assert_eq!(required, [true, false, false, true, false, false]);
    assert_eq!(warehouse.doc(), "Yesterday's orders.");
    assert_eq!(eu_warehouse.variable(), "EU_WAREHOUSE_URL");

    let [hour, eu_hour, port, level, tags] = manifest.settings() else {
        panic!("{:#?}", manifest.settings());
    };
    assert_eq!((hour.field(), eu_hour.variable()), ("Services::reports.hour", "EU_HOUR"));
    assert_eq!((port.default(), tags.default()), (Some("8080"), None));
    assert_eq!((level.variable(), level.doc()), ("LOG", "How much is logged."));
    assert_eq!([port, level, tags].map(Setting::required), [false, false, true]);
}

#[tokio::test]
async fn clients() {
    let services = with([("EU_WAREHOUSE_URL", "fake://eu"), ("JOBS_URL", "fake://jobs")]).unwrap();
    let clients: ServicesClients = services.connect().await.unwrap();
    let ServicesClients { db, jobs, cache, search_url, reports, eu } = clients.clone();
    assert_eq!([&*db, &*cache, &*reports.warehouse], ["orders", "cache", "warehouse"]);
    assert_eq!((jobs.as_deref(), search_url), (Some("jobs"), None));
    let eu: Option<ReportsClients> = eu;
    assert_eq!(eu.map(|eu| eu.warehouse).as_deref(), Some("eu"));
    // A clone shares what the client shares.
    assert!(Arc::ptr_eq(&clients.db, &db));
    assert_eq!(
        format!("{clients:?}"),
        "ServicesClients { db: .., jobs: .., cache: .., search_url: detached, reports: .., eu: .. }"
    );
}

#[tokio::test]
async fn each_client_alone() {
    let services = with([
        // None of these two is asked.
        ("CACHE_URL", "fake://down"),
        ("SEARCH_URL", "fake://down"),
        ("JOBS_URL", "fake://jobs"),
    ])
    .unwrap();
    let db: Arc<str> = services.connect_db().await.unwrap();
    let jobs: Option<Arc<str>> = services.connect_jobs().await.unwrap();
    let reports: ReportsClients = services.connect_reports().await.unwrap();
    let eu: Option<ReportsClients> = services.connect_eu().await.unwrap();
    assert_eq!((&*db, jobs.as_deref(), &*reports.warehouse), ("orders", Some("jobs"), "warehouse"));
    assert!(eu.is_none());

    let error = services.connect_search_url().await.err().unwrap();
    assert_eq!(failures(&error), [("Services::search_url", "SEARCH_URL", "it is down")]);
    let error = with([("REPORTS_INNER_ARCHIVE", "fake://mute")]).unwrap();
    let error = error.connect_reports().await.err().unwrap();
    let archive =
        ("Services::reports.inner.archive", "REPORTS_INNER_ARCHIVE", "it does not answer");
    assert_eq!(failures(&error), [archive]);
}

fn failures(error: &ConnectError) -> Vec<(&str, &str, &str)> {
    let failures = error.failures().iter();
    failures.map(|failure| (failure.field(), failure.variable(), failure.cause())).collect()
}

#[tokio::test]
async fn every_failure() {
    let services = load([
        ("OLD_DB_URL", "fake://down"),
        ("CACHE_URL", "fake://mute"),
        ("REPORTS_WAREHOUSE_URL", "fake://down"),
        ("EU_WAREHOUSE_URL", "fake://fine"),
        ("EU_INNER_ARCHIVE", "fake://down"),
        ("TAGS", "a"),
    ])
    .unwrap();
    let error = services.connect().await.err().unwrap();
    let expected = [
        ("Services::db", "OLD_DB_URL", "it is down"),
        ("Services::cache", "CACHE_URL", "it does not answer"),
        ("Services::reports.warehouse", "REPORTS_WAREHOUSE_URL", "it is down"),
        ("Services::eu.inner.archive", "EU_INNER_ARCHIVE", "it is down"),
    ];
    assert_eq!(failures(&error), expected);
    assert!(error.failures().iter().all(|failure| failure.adapter() == "Fake"));
}

#[tokio::test(start_paused = true)]
async fn all_connect_at_the_same_time() {
    let slow = "fake://slow";
    let services = load([
        ("DATABASE_URL", slow),
        ("JOBS_URL", slow),
        ("CACHE_URL", slow),
        ("SEARCH_URL", slow),
        ("REPORTS_WAREHOUSE_URL", slow),
        ("REPORTS_INNER_ARCHIVE", slow),
        ("EU_WAREHOUSE_URL", slow),
        ("TAGS", "a"),
    ])
    .unwrap();
    let started = Instant::now();
    services.connect().await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(310), "{:?}", started.elapsed());
}

/// The example file names everything, some of it in comments: that this compiles is the test.
#[derive(BackingServices)]
#[services(example = "ui/example/shop.env")]
struct InExample {
    #[service(env = "DB_URL")]
    orders: MySql,
    commented_out: Option<MySql>,
    exported: MySql,
    #[service(nested, prefix = "EMPTY_")]
    inner: Option<AlsoInExample>,
}

#[derive(BackingServices)]
struct AlsoInExample {
    url: MySql,
}

#[test]
fn an_example_file() {
    let environment = Environment::from_pairs([
        ("DB_URL", "mysql://localhost"),
        ("EXPORTED_URL", "mysql://localhost"),
        ("EMPTY_URL", "mysql://localhost"),
    ]);
    let InExample { orders, commented_out, exported, inner } =
        InExample::load(&environment).unwrap();
    let inner = inner.map(|inner| inner.url);
    assert_eq!([commented_out.is_some(), inner.is_some()], [false, true]);
    assert_eq!(format!("{orders:?}"), format!("{exported:?}"));
}
