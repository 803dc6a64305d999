//! What fields share, what clients can do, and structs of settings, on an adapter without a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;

use crate::{
    Adapter, BackingServices, ClientError, Connect, Environment, FailureKind, Grammar, Handle,
    HandleError, Host, ProblemKind, Scheme,
};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7070)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(param = "max_connections", default = "10", tuning)]
    max_connections: u16,
}

/// Counts what is done with it; its clones count together.
#[derive(Clone, Default)]
struct Room {
    host: String,
    connected: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Connect for Chat {
    type Client = Room;

    async fn connect(&self) -> Result<Room, ClientError> {
        let _ = self.max_connections;
        // Time for every other field to ask for the same.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let room = Room { host: self.host.name().to_owned(), ..Room::default() };
        room.connected.fetch_add(1, Ordering::Relaxed);
        match room.host.as_str() {
            "down" => Err(ClientError::new("it is down")),
            _ => Ok(room),
        }
    }

    async fn ping(room: &Room) -> Result<(), ClientError> {
        let asked = room.asked.fetch_add(1, Ordering::Relaxed);
        match room.host.as_str() {
            // The first time is part of connecting.
            "quoting" if asked > 0 => {
                let said = "access denied for t0ken".to_owned();
                Err(ClientError::of(FailureKind::Authentication, said).with_help("renew it"))
            }
            "silent" if asked > 0 => std::future::pending().await,
            _ => Ok(()),
        }
    }

    async fn close(room: Room) {
        room.closed.fetch_add(1, Ordering::Relaxed);
        if room.host == "stuck" {
            std::future::pending::<()>().await;
        }
    }
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

fn set<const N: usize>(pairs: [(&str, &str); N]) -> Environment {
    Environment::from_pairs(pairs)
}

#[derive(BackingServices)]
#[services(clients(name = "App", derive(PartialEq)))]
struct Services {
    #[service(nested, prefix = "")]
    orders: Orders,
    #[service(env = "DB_URL", shared, client = Room, attr(doc = "The same."))]
    db: Option<Chat>,
    #[service(ready = false, ignore("LOG_SSL"), params(max_connections = 50))]
    log: Option<Chat>,
}

#[derive(BackingServices)]
struct Orders {
    #[service(env = "DB_URL", shared)]
    db: Chat,
}

impl PartialEq for Room {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.asked, &other.asked)
    }
}

impl PartialEq for OrdersClients {
    fn eq(&self, other: &Self) -> bool {
        self.db == other.db
    }
}

#[tokio::test]
async fn fields_that_share_a_variable_share_one_client() {
    let services = Services::load(&set([("DB_URL", "chat://a")])).unwrap();
    let clients = services.connect().await.unwrap();
    let db: &Room = clients.db.as_ref().unwrap();
    assert!(*db == clients.orders.db && clients == clients.clone());
    assert_eq!((count(&db.connected), count(&db.asked)), (1, 1));

    clients.ping().await.unwrap();
    assert_eq!(count(&db.asked), 2);
    clients.clone().close(Duration::from_secs(1)).await;
    assert_eq!(count(&db.closed), 1);
    // One alone has a client of its own.
    assert!(services.connect_db().await.unwrap().as_ref() != Some(db));
}

#[tokio::test]
async fn what_is_shared_fails_once() {
    let services =
        Services::load(&set([("DB_URL", "chat://down"), ("LOG_URL", "chat://down")])).unwrap();
    let report = services.connect().await.unwrap_err();
    let fields: Vec<_> = report.failures().iter().map(|it| (it.field(), it.variable())).collect();
    assert_eq!(fields, [("Services::orders.db", "DB_URL"), ("Services::log", "LOG_URL")]);
    assert!(report.to_string().starts_with("2 of 2 resources of `Services` did not connect"));
}

#[tokio::test]
async fn clients_show_whether_they_are_attached() {
    let services = Services::load(&set([("DB_URL", "chat://a")])).unwrap();
    let clients = services.connect().await.unwrap();
    assert_eq!(format!("{clients:?}"), "App { orders: .., db: .., log: detached }");
}

#[tokio::test]
async fn a_ping_reports_all_and_quotes_nobody() {
    let services =
        Services::load(&set([("DB_URL", "chat://quoting"), ("LOG_URL", "chat://a")])).unwrap();
    let report = services.connect().await.unwrap().ping().await.unwrap_err();
    let text = report.to_string();
    let expected = "1 of 2 resources of `Services` did not answer

  DB_URL: Services::orders.db, Chat
      the credential is not accepted
      tried: 1 attempt in 0 ms
      help: renew it";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let services = Services::load(&set([("DB_URL", "chat://silent")])).unwrap();
    let report = services.connect().await.unwrap().ping().await.unwrap_err();
    assert_eq!(report.failures()[0].cause(), "no answer within 10 s");

    let services =
        Services::load(&set([("DB_URL", "chat://stuck"), ("LOG_URL", "chat://a")])).unwrap();
    let clients = services.connect().await.unwrap();
    let log = clients.log.clone().unwrap();
    clients.close(Duration::from_secs(5)).await;
    assert_eq!(count(&log.closed), 1);
}

#[test]
fn what_is_shared_has_no_prefix() {
    #[derive(BackingServices)]
    #[services(prefix = "SHOP_")]
    struct Outer {
        #[service(nested)]
        inner: Orders,
    }

    let manifest = Outer::manifest();
    assert_eq!(manifest.resources()[0].variable(), "DB_URL");
    let _ = |outer: &Outer| drop(outer.inner.db.clone());
}

#[test]
fn what_the_table_says() {
    let super::Kind::Resource { params, ignored, ready, shared, id, .. } =
        <Services as BackingServices>::TABLE.fields[2].kind
    else {
        unreachable!()
    };
    assert_eq!((params, ignored), (&[("max_connections", "50")][..], &["LOG_SSL"][..]));
    assert!(!ready && !shared);
    assert_eq!(id, concat!(module_path!(), "::Chat"));
}

/// `SHOP_` goes before what is not shared.
#[derive(BackingServices)]
#[services(prefix = "SHOP_")]
struct Shop {
    #[service(nested)]
    orders: Orders,
    #[service(env = "DB_URL", shared, binding = "main")]
    db: Chat,
}

#[test]
fn what_is_shared_is_read_and_reported_once() {
    let shop = Shop::load(&set([("DB_URL", "chat://a")])).unwrap();
    assert_eq!((shop.db.host.name(), shop.orders.db.host.name()), ("a", "a"));

    for (pairs, message) in [
        (set([("SHOP_ORDERS_DB_URL", "chat://a")]), "is not set"),
        (set([("DB_URL", "chats://a")]), "the scheme is not one"),
    ] {
        let report = Shop::load(&pairs).err().unwrap();
        let [problem] = report.problems() else { unreachable!("{report}") };
        assert_eq!((problem.field(), problem.variable()), ("Shop::orders.db", "DB_URL"));
        assert!(problem.message().starts_with(message), "{report}");
    }
}

#[test]
fn a_binding_of_one_is_for_all_that_share() {
    let folder = tempfile::tempdir().unwrap();
    let binding = folder.path().join("main");
    std::fs::create_dir(&binding).unwrap();
    std::fs::write(binding.join("type"), "chat").unwrap();
    std::fs::write(binding.join("uri"), "chat://bound").unwrap();
    let root = folder.path().to_str().unwrap();
    let shop = Shop::load(&set([("SERVICE_BINDING_ROOT", root)])).unwrap();
    assert_eq!((shop.db.host.name(), shop.orders.db.host.name()), ("bound", "bound"));
}

#[test]
fn types_without_a_name_are_compared_at_the_start() {
    macro_rules! by_hand {
        ($name:ident) => {
            #[derive(Clone)]
            struct $name(Handle);

            impl Adapter for $name {
                const GRAMMAR: &'static Grammar =
                    &Grammar::new("Talk", &[Scheme::new("talk")], "talk://localhost");

                fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
                    Ok(Self(handle.clone()))
                }

                fn handle(&self) -> &Handle {
                    &self.0
                }
            }

            impl Connect for $name {
                type Client = ();

                async fn connect(&self) -> Result<(), ClientError> {
                    Ok(())
                }
            }
        };
    }
    by_hand!(One);
    by_hand!(Other);

    #[derive(BackingServices)]
    struct Both {
        #[service(env = "TALK_URL", shared)]
        one: One,
        #[service(env = "TALK_URL", shared)]
        other: Other,
    }

    let report = Both::load(&set([("TALK_URL", "talk://localhost")])).err().unwrap();
    let problem = &report.problems()[0];
    assert_eq!((problem.field(), problem.kind()), ("Both::other", ProblemKind::Conflict));
    let _ = |both: Both| (both.one, both.other);
}

#[derive(Deserialize, Debug, PartialEq)]
struct Config {
    port: u16,
    level: Option<u8>,
    #[serde(default)]
    hosts: Vec<String>,
}

#[derive(BackingServices)]
struct Flat {
    #[setting(flatten, prefix = "APP_")]
    config: Config,
    #[setting]
    name: String,
}

#[test]
fn a_flattened_struct() {
    let pairs = [("APP_PORT", "80"), ("APP_HOSTS", "a, b"), ("APP_OTHER", "x"), ("NAME", "n")];
    let Flat { config, name } = Flat::load(&set(pairs)).unwrap();
    let hosts = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!((config, name.as_str()), (Config { port: 80, level: None, hosts }, "n"));
}

#[derive(BackingServices)]
struct Outer {
    #[service(nested)]
    flat: Option<Flat>,
}

#[test]
fn its_variables_are_explained_and_its_own() {
    let explained = set([("APP_PORT", "80")]).explain::<Flat>().to_string();
    let row = explained.lines().find(|line| line.starts_with("Flat::config.port"));
    let words: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(words, ["Flat::config.port", "APP_PORT", "APP_PORT", "***"]);

    assert!(Outer::load(&set([("NAME", "n")])).unwrap().flat.is_none());
    let report = Outer::load(&set([("FLAT_APP_PORT", "80")])).err().unwrap();
    assert_eq!(report.problems()[0].variable(), "FLAT_NAME");
}

#[test]
fn its_problems_stand_in_the_same_report() {
    let report = Flat::load(&set([("APP_LEVEL", "high")])).err().unwrap();
    let problems: Vec<_> =
        report.problems().iter().map(|it| (it.field(), it.variable(), it.message())).collect();
    let level = "has a bad value: expected a whole number from 0 to 255";
    assert_eq!(
        problems,
        [
            ("Flat::config.level", "APP_LEVEL", level),
            ("Flat::config.port", "APP_PORT", "is not set"),
            ("Flat::name", "NAME", "is not set"),
        ]
    );
}
