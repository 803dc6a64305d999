//! Tests of an app on real servers, each with services of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::Duration;

use backing_services::testing::Isolated;
use backing_services::{
    BackingServices, Beanstalkd, Blobs, CouchDb, Environment, Nats, RabbitMq, Redis, S3,
};
use backing_services_tests::servers::{self, MariaDb, PostgreSql, S3Server};
use futures_util::StreamExt as _;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::time::{sleep, timeout};

use crate::example::url;
use crate::mysql::OnMariaDb;
use crate::postgres::OnPostgreSql;

/// The tests of `tests/isolated.rs` as a user runs them, all of their threads at once.
fn run(database: &str, fail: bool) -> Output {
    let mut folder: PathBuf = std::env::current_exe().unwrap();
    folder.pop();
    let is_program = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("isolated-") && path.extension().is_none()
    };
    let programs = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let newest = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    let program = programs.filter(is_program).max_by_key(newest);
    let program = program.expect("`cargo test` builds `isolated` before it runs this");
    let mut command = Command::new(program);
    command.env_clear().args(["--test-threads", "20"]).env("DATABASE_URL", database);
    if fail {
        command.env("FAIL", "1");
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    stdout + &String::from_utf8_lossy(&output.stderr)
}

/// All pass, twice; nothing is left; a test that fails keeps its database and names it; what is a
/// day old is swept.
fn twenty_at_once(
    url: &str,
    password: &str,
    databases: impl Fn() -> Vec<String>,
    create: impl Fn(&str),
    templates: usize,
) {
    let tests = || {
        let mut all = databases();
        all.retain(|name| name.starts_with("backing_test_"));
        all
    };
    create("backing_test_1700000000_0a1b2c3d_left");
    create("backing_test_mine");
    // Two processes at the same time make one template.
    let both = std::thread::scope(|scope| {
        [(); 2].map(|()| scope.spawn(|| run(url, false))).map(|run| run.join().unwrap())
    });
    for output in both.into_iter().chain([run(url, false)]) {
        assert!(output.status.success(), "{}", text(&output));
    }
    assert_eq!(tests(), ["backing_test_mine"]);
    let made = databases().iter().filter(|name| name.starts_with("backing_template_")).count();
    assert_eq!(made, templates);

    let output = run(url, true);
    let text = text(&output);
    assert!(!output.status.success());
    assert!(text.contains(" passed; 1 failed"), "{text}");
    let kept: Vec<_> = tests().into_iter().filter(|name| name != "backing_test_mine").collect();
    let [kept] = &*kept else { panic!("{kept:?} are kept") };
    assert!(kept.ends_with("_it_fails_if_asked_to"), "{kept}");
    let line = format!("kept for a look: the database `{kept}` of Services::db (DATABASE_URL)");
    assert!(text.contains(&line), "{text}");
    assert!(!text.contains(password), "{text}");
}

#[test]
fn twenty_tests_at_once_on_mysql() {
    let server = MariaDb::start();
    server.sql(&format!("GRANT ALL ON `backing\\_test\\_%`.* TO '{}'@'%'", server.user()));
    let databases = || server.sql("SHOW DATABASES").lines().map(str::to_owned).collect();
    let create = |name: &str| drop(server.sql(&format!("CREATE DATABASE {name}")));
    let url = url::<OnMariaDb>("mysql", &server);
    twenty_at_once(&url, server.password(), databases, create, 0);
}

#[test]
fn twenty_tests_at_once_on_postgres() {
    let server = PostgreSql::start();
    server.sql(&format!("ALTER USER {} CREATEDB", server.user()));
    let databases = || {
        let names = server.sql("SELECT datname FROM pg_database ORDER BY datname");
        names.lines().map(|line| line.trim().to_owned()).collect()
    };
    let create = |name: &str| {
        server.sql(&format!("CREATE DATABASE {name} OWNER {}", server.user()));
    };
    let url = url::<OnPostgreSql>("postgres", &server);
    twenty_at_once(&url, server.password(), databases, create, 1);
}

#[derive(BackingServices)]
struct Cache {
    cache: Redis,
}

fn with_redis() -> Environment {
    static SERVER: LazyLock<servers::Redis> = LazyLock::new(servers::Redis::without_login);
    Environment::from_pairs([("CACHE_URL", format!("redis://localhost:{}", SERVER.port()))])
}

/// Each parameter is isolated as two tests at the same time are.
#[backing_services::test(environment = with_redis)]
async fn two_tests_with_the_same_keys_on_redis(one: Isolated<Cache>, two: Isolated<Cache>) {
    let (mut one, mut two) = (one.clients().cache.clone(), two.clients().cache.clone());
    let set = |value: &str| redis::cmd("SET").arg("basket").arg(value).to_owned();
    let get = || redis::cmd("GET").arg("basket").to_owned();
    let () = set("tea").query_async(&mut one).await.unwrap();
    let other: Option<String> = get().query_async(&mut two).await.unwrap();
    assert_eq!(other, None);
    let () = set("coffee").query_async(&mut two).await.unwrap();
    let first: String = get().query_async(&mut one).await.unwrap();
    assert_eq!(first, "tea");
}

#[derive(BackingServices)]
struct Jobs {
    jobs: RabbitMq,
}

fn with_rabbitmq() -> Environment {
    static SERVER: LazyLock<(servers::RabbitMq, u16)> =
        LazyLock::new(servers::RabbitMq::with_management);
    let (server, management) = &*SERVER;
    Environment::from_pairs([
        ("JOBS_URL", url::<crate::rabbitmq::OnRabbitMq>("amqp", server)),
        ("RABBITMQ_MANAGEMENT_URL", format!("http://localhost:{management}")),
    ])
}

#[backing_services::test(environment = with_rabbitmq)]
async fn two_tests_with_the_same_queue_on_rabbitmq(one: Isolated<Jobs>, two: Isolated<Jobs>) {
    let mut channels = Vec::new();
    for test in [&one, &two] {
        let channel = test.clients().jobs.create_channel().await.unwrap();
        let options = QueueDeclareOptions::default();
        channel.queue_declare("orders".into(), options, FieldTable::default()).await.unwrap();
        channels.push(channel);
    }
    let confirm = channels[0]
        .basic_publish(
            "".into(),
            "orders".into(),
            BasicPublishOptions::default(),
            b"tea",
            lapin::BasicProperties::default(),
        )
        .await
        .unwrap();
    confirm.await.unwrap();
    sleep(Duration::from_millis(100)).await;
    for (channel, is_there) in channels.iter().zip([true, false]) {
        let got = channel.basic_get("orders".into(), BasicGetOptions::default()).await.unwrap();
        assert_eq!(got.is_some(), is_there);
    }
}

#[derive(BackingServices)]
struct Tubes {
    tube: Beanstalkd,
}

fn with_beanstalkd() -> Environment {
    static SERVER: LazyLock<servers::Beanstalkd> = LazyLock::new(servers::Beanstalkd::start);
    Environment::from_pairs([("TUBE_URL", format!("beanstalkd://localhost:{}", SERVER.port()))])
}

#[backing_services::test(environment = with_beanstalkd)]
async fn two_tests_with_the_same_tube_on_beanstalkd(one: Isolated<Tubes>, two: Isolated<Tubes>) {
    let (one, two) = (&one.clients().tube, &two.clients().tube);
    one.put("tea").await.unwrap();
    assert!(two.peek_ready().await.unwrap().is_none());
    assert_eq!(one.peek_ready().await.unwrap().unwrap().body, b"tea");
}

#[derive(BackingServices)]
struct Events {
    events: Nats,
    #[setting]
    events_prefix: String,
}

fn with_nats() -> Environment {
    static SERVER: LazyLock<servers::Nats> = LazyLock::new(servers::Nats::start);
    Environment::from_pairs([("EVENTS_URL", url::<crate::nats::OnNats>("nats", &SERVER))])
}

/// The app begins its subjects with the prefix; what others say under theirs is not heard.
async fn hears_its_own(services: &Isolated<Events>) {
    let client = services.clients().events.clone();
    let subject = format!("{}.orders", services.services().events_prefix);
    let mut heard = client.subscribe(subject.clone()).await.unwrap();
    client.flush().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    client.publish(subject, services.name().to_owned().into()).await.unwrap();
    let first = timeout(Duration::from_secs(5), heard.next()).await.unwrap().unwrap();
    assert_eq!(first.payload, services.name());
    assert!(timeout(Duration::from_millis(300), heard.next()).await.is_err());
}

#[backing_services::test(environment = with_nats, prefixed(events = "EVENTS_PREFIX"))]
async fn one_of_two_tests_with_the_same_subject_on_nats(services: Isolated<Events>) {
    hears_its_own(&services).await;
}

#[backing_services::test(environment = with_nats, prefixed(events = "EVENTS_PREFIX"))]
async fn another_with_the_same_subject_on_nats(services: Isolated<Events>) {
    hears_its_own(&services).await;
}

#[derive(BackingServices)]
struct Documents {
    catalogue: CouchDb,
}

fn with_couchdb() -> Environment {
    static SERVER: LazyLock<servers::CouchDb> = LazyLock::new(servers::CouchDb::start);
    Environment::from_pairs([(
        "CATALOGUE_URL",
        url::<crate::couchdb::OnPouchDb>("couchdb", &SERVER),
    )])
}

#[backing_services::test(environment = with_couchdb)]
async fn two_tests_with_the_same_document_on_couchdb(
    one: Isolated<Documents>,
    two: Isolated<Documents>,
) {
    let (one, two) = (&one.clients().catalogue, &two.clients().catalogue);
    let mut tea = serde_json::json!({ "_id": "tea", "price": 3 });
    one.create(&mut tea).await.unwrap();
    assert!(two.get::<serde_json::Value>("tea").await.is_err());
    assert_eq!(one.get::<serde_json::Value>("tea").await.unwrap()["price"], 3);
}

#[derive(BackingServices)]
struct Files {
    bucket: S3,
    uploads: Blobs,
}

fn with_s3() -> Environment {
    static SERVER: LazyLock<S3Server> = LazyLock::new(S3Server::start);
    let handle =
        crate::s3::at(crate::s3::handle(S3Server::secret()), "localhost", Some(SERVER.port()));
    let url = handle.build().unwrap().expose_url().to_owned();
    Environment::from_pairs([("BUCKET_URL", url.clone()), ("UPLOADS_URL", url)])
}

#[backing_services::test(environment = with_s3)]
async fn two_tests_with_the_same_names_on_s3(one: Isolated<Files>, two: Isolated<Files>) {
    let stores = |files: &Isolated<Files>| -> [std::sync::Arc<dyn ObjectStore>; 2] {
        let clients = files.clients().clone();
        [std::sync::Arc::new(clients.bucket), clients.uploads]
    };
    let name = Path::from("invoices/7");
    for (one, two) in stores(&one).iter().zip(&stores(&two)) {
        one.put(&name, "tea".into()).await.unwrap();
        assert!(matches!(two.head(&name).await, Err(object_store::Error::NotFound { .. })));
        assert_eq!(one.get(&name).await.unwrap().bytes().await.unwrap(), "tea");
    }
}
