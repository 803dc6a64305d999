//! Resources that rotate in a running app, under load, on real servers: no request fails, and
//! nothing is left on the old server.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backing_services::{
    Adapter as _, Attached, AttachedBuilder, BackingServices, Environment, Error, FailureKind,
    Handle, HandleBuilder,
};
use backing_services_conformance::{Server, Subject, in_process};
use backing_services_tests::servers::{Etcd, MariaDb, PostgreSql, RabbitMq, Redis, S3Server};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::load::{Load, Routes, routes};
use crate::mail::OnPostfix;
use crate::mysql::OnMariaDb;
use crate::postgres::OnPostgreSql;
use crate::rabbitmq::OnRabbitMq;
use crate::redis::OnRedis;
use crate::s3::OnS3;

/// A folder as Kubernetes mounts a secret: the files are links into `..data`, itself a link that is
/// swapped as a whole.
pub(crate) struct Mount(TempDir);

impl Mount {
    pub(crate) fn new(url: &str) -> Self {
        let mount = Self(tempfile::tempdir().unwrap());
        mount.swap(url);
        symlink("..data/url", mount.0.path().join("url")).unwrap();
        mount
    }

    pub(crate) fn swap(&self, url: &str) {
        let folder = self.0.path();
        let next = TempDir::with_prefix_in("..", folder).unwrap().keep();
        std::fs::write(next.join("url"), url).unwrap();
        let link = folder.join("..data_tmp");
        symlink(next.file_name().unwrap(), &link).unwrap();
        std::fs::rename(link, folder.join("..data")).unwrap();
    }

    pub(crate) fn environment(&self) -> Environment {
        let path: PathBuf = self.0.path().join("url");
        Environment::from_pairs([("IT_URL_FILE", path.to_str().unwrap())])
    }
}

pub(crate) fn url<S: Subject>(server: &S::Server) -> String {
    at::<S>(S::handle(S::plain_scheme()), server)
}

fn at<S: Subject>(builder: HandleBuilder, server: &S::Server) -> String {
    let handle = S::at(builder, "localhost", Some(server.port())).build().unwrap();
    handle.expose_url().to_owned()
}

/// As quick as a test wants it.
pub(crate) fn quick<S: BackingServices + 'static>() -> AttachedBuilder<S> {
    Attached::builder()
        .poll(Duration::from_millis(200))
        .quiet(Duration::from_millis(200))
        .jitter(Duration::ZERO)
        .drain(Duration::from_secs(10))
}

pub(crate) async fn becomes<S: BackingServices + 'static>(services: &Attached<S>, generation: u64) {
    let started = Instant::now();
    while services.generation() < generation {
        assert!(started.elapsed() < Duration::from_secs(30), "it stays {services:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The established connections to a port of this machine, as the kernel counts them.
pub(crate) fn connections(port: u16) -> usize {
    let of = |table: &str| std::fs::read_to_string(table).unwrap_or_default();
    let tables = of("/proc/net/tcp") + &of("/proc/net/tcp6");
    let remote = format!(":{port:04X}");
    let lines = tables.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|line| line.len() > 3 && line[2].ends_with(&remote) && line[3] == "01").count()
}

pub(crate) async fn is_left(port: u16) {
    let started = Instant::now();
    while connections(port) > 0 {
        let left = connections(port);
        assert!(started.elapsed() < Duration::from_secs(15), "{left} connections are left");
        sleep(Duration::from_millis(50)).await;
    }
}

/// From one server to another and back, by the swap of `..data`.
async fn rotates<Services, S>(routes: Routes<Services>)
where
    Services: BackingServices + 'static,
    S: Subject,
{
    let servers = [S::start(), S::start()];
    let mount = Mount::new(&url::<S>(&servers[0]));
    let services = quick::<Services>().start(mount.environment()).await.unwrap();
    let load = Load::start(&services, routes).await;
    for generation in 2..=5 {
        sleep(Duration::from_millis(300)).await;
        mount.swap(&url::<S>(&servers[(generation + 1) % 2]));
        becomes(&services, generation as u64).await;
        is_left(servers[generation % 2].port()).await;
    }
    let done = load.end().await;
    let name = S::Adapter::GRAMMAR.name();
    println!("{name}: {done} requests through axum in 4 rotations, 0 failed");
    assert!(done > 40, "{done}");
    assert!(services.shutdown(Duration::from_secs(10)).await.is_empty());
    // A client that has no end of its own goes with the last handle.
    drop(services);
    for server in &servers {
        is_left(server.port()).await;
    }
}

macro_rules! rotate {
    ($($name:ident: $subject:ty;)*) => {$(
        mod $name {
            use super::*;

            type It = <$subject as Subject>::Adapter;

            #[derive(BackingServices)]
            pub(super) struct Services {
                #[service(env = "IT_URL")]
                pub(super) it: It,
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn from_server_to_server_under_load() {
                rotates::<Services, $subject>(routes!(Services, it: $subject)).await;
            }
        }
    )*};
}

rotate! {
    mariadb: OnMariaDb;
    postgresql: OnPostgreSql;
    redis: OnRedis;
    rabbitmq: OnRabbitMq;
    nats: crate::nats::OnNats;
    mail: OnPostfix;
    s3: OnS3;
    http: crate::http_api::OnStandIn;
}

/// Two users of which one is always in force, as AWS rotates alternating users.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_passwords_of_postgresql() {
    let server = PostgreSql::start();
    let (database, port) = (server.database(), server.port());
    for user in ["blue", "green"] {
        server.sql(&format!("CREATE ROLE {user} LOGIN SUPERUSER PASSWORD 'p0'"));
    }
    let url = |n: usize| {
        let user = ["blue", "green"][n % 2];
        format!("postgres://{user}:p{n}@localhost:{port}/{database}?max_connections=4")
    };
    let mount = Mount::new(&url(0));
    let services = quick::<postgresql::Services>().start(mount.environment()).await.unwrap();
    let load = Load::start(&services, routes!(postgresql::Services, it: OnPostgreSql)).await;
    let open = |user: &str| {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'");
        server.sql(&count).trim().parse::<usize>().unwrap()
    };
    for n in 1..=20 {
        // Nobody uses the login any more that gets a new password.
        let user = ["blue", "green"][n % 2];
        let started = Instant::now();
        while open(user) > 0 {
            assert!(started.elapsed() < Duration::from_secs(15), "{} are left", open(user));
            sleep(Duration::from_millis(20)).await;
        }
        server.sql(&format!("ALTER ROLE {user} PASSWORD 'p{n}'"));
        mount.swap(&url(n));
        becomes(&services, n as u64 + 1).await;
    }
    let done = load.end().await;
    println!("{done} requests in 20 rotations, 0 failed");
}

/// Six passwords, in turn of the users: of two the one that nobody uses gets the new one.
async fn rotates_passwords<Services, S>(
    routes: Routes<Services>,
    users: &[&str],
    learns: impl Fn(&str, &str),
    url: impl Fn(&str, &str) -> String,
) where
    Services: BackingServices + 'static,
    S: Subject,
{
    for user in users {
        learns(user, "p0");
    }
    let mount = Mount::new(&url(users[0], "p0"));
    let services = quick::<Services>().start(mount.environment()).await.unwrap();
    let load = Load::start(&services, routes).await;
    for n in 1..=6 {
        sleep(Duration::from_millis(300)).await;
        let (user, password) = (users[n % users.len()], format!("p{n}"));
        learns(user, &password);
        mount.swap(&url(user, &password));
        becomes(&services, n as u64 + 1).await;
    }
    let done = load.end().await;
    println!("{}: {done} requests, 6 passwords, 0 failed", S::Adapter::GRAMMAR.name());
    assert!(done > 40, "{done}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_mariadb() {
    let server = MariaDb::start();
    let (database, port) = (server.database(), server.port());
    let learns = |user: &str, password: &str| {
        server.sql(&format!(
            "CREATE USER IF NOT EXISTS '{user}'@'%'; GRANT ALL ON {database}.* TO '{user}'@'%'; \
             ALTER USER '{user}'@'%' IDENTIFIED BY '{password}'"
        ));
    };
    let url = |user: &str, password: &str| {
        format!("mysql://{user}:{password}@localhost:{port}/{database}")
    };
    let routes = routes!(mariadb::Services, it: OnMariaDb);
    rotates_passwords::<mariadb::Services, OnMariaDb>(routes, &["blue", "green"], learns, url)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_redis() {
    let server = Redis::start();
    let url = |user: &str, password: &str| {
        format!("redis://{user}:{password}@localhost:{}", server.port())
    };
    let learns = |user: &str, password: &str| server.set_password(user, password);
    let routes = routes!(redis::Services, it: OnRedis);
    rotates_passwords::<redis::Services, OnRedis>(routes, &["blue", "green"], learns, url).await;
}

/// One user: the broker learns the password first, and who is connected stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_rabbitmq() {
    let server = RabbitMq::start();
    let url = |user: &str, password: &str| {
        format!("amqp://{user}:{password}@localhost:{}/{}", server.port(), server.vhost())
    };
    let learns = |user: &str, password: &str| server.set_password(user, password);
    let routes = routes!(rabbitmq::Services, it: OnRabbitMq);
    rotates_passwords::<rabbitmq::Services, OnRabbitMq>(routes, &["shop"], learns, url).await;
}

/// What a handle of the subject says with this login.
fn url_of<S: Subject>(server: &S::Server, user: &str, password: &str) -> String {
    at::<S>(S::handle(S::plain_scheme()).username(user).password(password), server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_mail() {
    let server = OnPostfix::start();
    let users = [server.user(), server.token()];
    let url = |user: &str, password: &str| url_of::<OnPostfix>(&server, user, password);
    let learns = |user: &str, password: &str| server.set_password(user, password);
    let routes = routes!(mail::Services, it: OnPostfix);
    rotates_passwords::<mail::Services, OnPostfix>(routes, &users, learns, url).await;
}

/// Two keys are valid while one is rotated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_s3() {
    let server = OnS3::start();
    let url = |key: &str, _: &str| url_of::<OnS3>(&server, key, S3Server::secret());
    let routes = routes!(s3::Services, it: OnS3);
    let keys = [S3Server::key(), S3Server::next_key()];
    rotates_passwords::<s3::Services, OnS3>(routes, &keys, |_, _| {}, url).await;
}

/// For a handle the file that is written, its text, and whether it is put in the place of the old.
type Write<'a> = &'a dyn Fn(&str) -> (&'static str, String, bool);

/// A change comes by every way by which a handle comes that can change: a file that is written over,
/// one that is put in its place, a credential, a binding, a file of services, a `.env`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_each_way_in() {
    let servers = [Redis::start(), Redis::start()];
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir_all(folder.path().join("bindings/it")).unwrap();
    std::fs::create_dir(folder.path().join("credentials")).unwrap();
    std::fs::write(path("bindings/it/type"), "redis").unwrap();
    let over = |name: &'static str| move |text: &str| (name, text.to_owned(), false);
    let service = |url: &str| {
        let text = format!(r#"{{"redis": [{{"name": "it", "credentials": {{"uri": "{url}"}}}}]}}"#);
        ("vcap.json", text, false)
    };
    let ways: [(&str, &str, &str, Write<'_>); 6] = [
        ("a file written over", "IT_URL_FILE", "over", &over("over")),
        ("a file put in place", "IT_URL_FILE", "moved", &|url| ("moved", url.to_owned(), true)),
        ("a credential", "CREDENTIALS_DIRECTORY", "credentials", &over("credentials/IT_URL")),
        ("a binding", "SERVICE_BINDING_ROOT", "bindings", &over("bindings/it/uri")),
        ("a file of services", "VCAP_SERVICES_FILE_PATH", "vcap.json", &service),
        (".env", "OTHER", ".env", &|url| (".env", format!("IT_URL={url}\n"), false)),
    ];
    for (way, variable, value, write) in ways {
        let put = |server: usize| {
            let (name, text, is_moved) = write(&url::<OnRedis>(&servers[server % 2]));
            if is_moved {
                std::fs::write(path("next"), text).unwrap();
                std::fs::rename(path("next"), path(name)).unwrap();
            } else {
                std::fs::write(path(name), text).unwrap();
            }
        };
        put(0);
        let mut environment = Environment::from_pairs([(variable, path(value))]);
        if value == ".env" {
            environment = environment.with_dotenv(path(value));
        }
        let services = quick::<redis::Services>().start(environment).await.unwrap();
        let load = Load::start(&services, routes!(redis::Services, it: OnRedis)).await;
        for generation in 2..=3 {
            sleep(Duration::from_millis(200)).await;
            put(generation + 1);
            becomes(&services, generation as u64).await;
            is_left(servers[generation % 2].port()).await;
        }
        println!("{way}: {} requests in 2 rotations, 0 failed", load.end().await);
        services.shutdown(Duration::from_secs(10)).await;
    }
}

/// A password that is written before the server knows it is tried until it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_the_server_learns_later() {
    let server = Redis::start();
    let url = |user: &str| format!("redis://{user}:secret1@localhost:{}", server.port());
    server.add_user("old", "secret1");
    let mount = Mount::new(&url("old"));
    let services = quick::<redis::Services>().start(mount.environment()).await.unwrap();
    let load = Load::start(&services, routes!(redis::Services, it: OnRedis)).await;
    let mut changes = services.changes();
    mount.swap(&url("new"));
    let change = timeout(Duration::from_secs(20), changes.next()).await.unwrap().unwrap();
    let Some(Error::Connect(report)) = change.error() else { panic!("{change}") };
    assert_eq!(report.failures()[0].kind(), FailureKind::Authentication, "{report}");
    assert!(!change.to_string().contains("secret1"));
    server.add_user("new", "secret1");
    becomes(&services, 2).await;
    assert!(load.end().await > 0);
}

/// A new server that accepts and never answers, and one that is not there, change nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_server_that_never_answers() {
    let server = PostgreSql::start();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mount = Mount::new(&url::<OnPostgreSql>(&server));
    let services = quick::<postgresql::Services>().start(mount.environment()).await.unwrap();
    let load = Load::start(&services, routes!(postgresql::Services, it: OnPostgreSql)).await;
    let builder = OnPostgreSql::handle("postgres").host("localhost");
    let bad = builder
        .port(silent.local_addr().unwrap().port())
        .param("connect_timeout", "1s")
        .build()
        .unwrap();
    mount.swap(bad.expose_url());
    let report = services.reload().await.unwrap_err();
    assert!(report.to_string().contains("no answer within 1 s"), "{report}");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(services.generation(), 1);
    mount.swap(&url::<OnPostgreSql>(&server));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(services.generation(), 1, "it is what was attached all the time");
    load.end().await;
}

/// A thousand swaps: memory and connections stay as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps() {
    // The memory of the other tests is none of its own.
    if in_process(concat!(module_path!(), "::a_thousand_swaps"), &[]) {
        return;
    }
    let server = Redis::start();
    let url = |n: usize| format!("{}?timeout={}s", url::<OnRedis>(&server), n + 1);
    let mount = tempfile::tempdir().unwrap();
    let path = mount.path().join("url");
    let write = |n: usize| std::fs::write(&path, url(n)).unwrap();
    write(0);
    let environment = Environment::from_pairs([("IT_URL_FILE", path.to_str().unwrap())]);
    let services = Attached::<redis::Services>::builder().start(environment).await.unwrap();
    let mut after_a_hundred = 0;
    for n in 1..=1000 {
        write(n);
        services.reload().await.unwrap();
        if n == 100 {
            after_a_hundred = memory();
        }
    }
    assert_eq!(services.generation(), 1001);
    sleep(Duration::from_secs(2)).await;
    let (grown, open) = (memory().saturating_sub(after_a_hundred), connections(server.port()));
    println!("900 swaps: {} kB more, {open} connections", grown / 1024);
    assert!(open <= 2, "{open}");
    assert!(grown < 8 * 1024 * 1024, "{grown}");
}

fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

fn in_etcd(etcd: &Etcd) -> backing_services::Etcd {
    let url = format!("etcd://127.0.0.1:{}/shop/?timeout=2s", etcd.port());
    backing_services::Etcd::new(&Handle::parse(&url).unwrap()).unwrap()
}

/// etcd is killed, comes back, is compacted, and the app follows what it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_etcd() {
    let servers = [PostgreSql::start(), PostgreSql::start()];
    let urls = [&servers[0], &servers[1]].map(url::<OnPostgreSql>);
    let mut etcd = Etcd::start();
    etcd.put("shop/IT_URL", &urls[0]);
    let builder = || {
        quick::<postgresql::Services>()
            .poll(Duration::from_hours(1))
            .source(in_etcd(&etcd).at_most(2))
    };
    let services = builder().start(Environment::default()).await.unwrap();
    let load = Load::start(&services, routes!(postgresql::Services, it: OnPostgreSql)).await;

    // The watch alone finds it: the next look is an hour away.
    etcd.put("shop/IT_URL", &urls[1]);
    becomes(&services, 2).await;
    is_left(servers[0].port()).await;

    // What the store said last stays in force while it is away.
    etcd.kill();
    sleep(Duration::from_secs(1)).await;
    assert!(services.reload().await.unwrap().changed().is_empty());
    etcd.restart();
    etcd.put("shop/IT_URL", &urls[0]);
    becomes(&services, 3).await;

    // Without the history that the watch would begin in, everything is read again.
    etcd.kill();
    sleep(Duration::from_millis(500)).await;
    etcd.restart();
    etcd.put("shop/IT_URL", &urls[1]);
    etcd.put("shop/OTHER", "x");
    etcd.compact();
    becomes(&services, 4).await;

    let done = load.end().await;
    println!("{done} requests in 3 rotations by etcd, 0 failed");
    assert!(services.shutdown(Duration::from_secs(10)).await.is_empty());
}

/// Certificates are compared by content: the file of the CA is the same path.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_ca_certificate() {
    let ca = |name: &str| backing_services_conformance::Ca::new(name).issue(&["localhost"]);
    let (old, new) = (ca("old"), ca("new"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::copy(old.ca(), &file).unwrap();
    let server = MariaDb::with_tls(&old);
    let handle = |server: &MariaDb, file: &Path| {
        OnMariaDb::tls_handle("mysql", server, file).build().unwrap().expose_url().to_owned()
    };
    let mount = Mount::new(&handle(&server, &file));
    let services = quick::<mariadb::Services>().start(mount.environment()).await.unwrap();
    let mut both = std::fs::read(old.ca()).unwrap();
    both.extend(std::fs::read(new.ca()).unwrap());
    std::fs::write(&file, both).unwrap();
    becomes(&services, 2).await;
    OnMariaDb::use_it(&services.clients().it).await.unwrap();
}
