use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backing_services::adapters::rabbitmq::RabbitMqConnection;
use backing_services::{BackingServices, Connect as _, Environment, Error, Handle, HandleBuilder};
use backing_services_conformance::{Ca, Reaches, Scripted, Subject, Tls};
use backing_services_tests::servers;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Consumer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

pub(crate) struct OnRabbitMq;

const WORD: &str = "grüße 🦀";

impl Subject for OnRabbitMq {
    type Adapter = backing_services::RabbitMq;
    type Server = servers::RabbitMq;

    fn start() -> servers::RabbitMq {
        servers::RabbitMq::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::RabbitMq> {
        Some(servers::RabbitMq::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "amqps" { Reaches::Tls } else { Reaches::Plain }
    }

    fn tls_handle(_: &str, server: &servers::RabbitMq, ca: &Path) -> HandleBuilder {
        let builder = Self::handle("amqps").host("localhost").port(server.port());
        builder.param("cacertfile", ca.to_str().unwrap())
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username("shop").password("p@ss:w/rd#1?%").name("shop")
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("amqp").username("shop").password("wr0ng").name("shop");
        Some((builder, "authentication failed: the user name or the password is wrong"))
    }

    fn ends() -> bool {
        true
    }

    /// Publishes with a confirm, consumes, acknowledges.
    async fn use_it(client: &RabbitMqConnection) -> Result<(), String> {
        let run = async {
            let channel = client.create_channel().await?;
            declare(&channel, "words").await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let confirmed = publish(&channel, "words", WORD.as_bytes()).await?;
            let options = BasicConsumeOptions::default();
            let mut words = channel
                .basic_consume("words".into(), "".into(), options, FieldTable::default())
                .await?;
            let word = words.next().await.transpose()?;
            if let Some(word) = &word {
                word.ack(BasicAckOptions::default()).await?;
            }
            channel.close(200, "OK".into()).await?;
            Ok::<_, lapin::Error>((confirmed, word.map(|word| word.data)))
        };
        match run.await {
            Ok((true, Some(word))) if word == WORD.as_bytes() => Ok(()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnRabbitMq);

async fn declare(channel: &Channel, queue: &str) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(())
}

/// Whether the broker has taken the message, for good.
async fn publish(channel: &Channel, queue: &str, message: &[u8]) -> lapin::Result<bool> {
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let options = BasicPublishOptions::default();
    let confirm =
        channel.basic_publish("".into(), queue.into(), options, message, persistent).await?;
    Ok(confirm.await?.is_ack())
}

#[derive(BackingServices)]
struct Services {
    jobs: backing_services::RabbitMq,
}

async fn connect(handle: &Handle) -> Result<RabbitMqConnection, Error> {
    let environment = Environment::from_pairs([("JOBS_URL", handle.expose_url())]);
    Ok(Services::load(&environment)?.connect_jobs().await?)
}

async fn cause(handle: &Handle) -> String {
    match connect(handle).await {
        Err(Error::Connect(report)) => report.failures()[0].cause().to_owned(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it connected"),
    }
}

#[tokio::test]
async fn virtual_hosts_and_users() {
    let server = servers::RabbitMq::start();
    let url = |user: &str, path: &str| {
        Handle::parse(&format!("amqp://{user}localhost:{}{path}", server.port())).unwrap()
    };
    let shop = "shop:p%40ss%3Aw%2Frd%231%3F%25@";

    // A queue tells which one it is.
    let slash = connect(&url(shop, "")).await.unwrap();
    let channel = slash.create_channel().await.unwrap();
    declare(&channel, "in-slash").await.unwrap();
    for path in ["", "/%2f", "/%2F"] {
        let again = connect(&url(shop, path)).await.unwrap();
        assert!(exists(&again, "in-slash").await, "{path:?} is not the virtual host `/`");
    }
    let named = connect(&url(shop, "/shop")).await.unwrap();
    assert!(!exists(&named, "in-slash").await);

    let empty = cause(&url(shop, "/")).await;
    assert_eq!(empty, "there is no virtual host with the empty name");
    assert_eq!(cause(&url(shop, "/nowhere")).await, "there is no such virtual host");
    let foreign = cause(&url(shop, &format!("/{}", server.foreign_vhost()))).await;
    assert_eq!(foreign, "access denied: the user may not use this virtual host");

    let guest = connect(&url("", "")).await.unwrap();
    assert!(exists(&guest, "in-slash").await);
    assert_eq!(
        cause(&url("", "/shop")).await,
        "access denied: the user may not use this virtual host"
    );
}

async fn exists(client: &RabbitMqConnection, queue: &str) -> bool {
    let channel = client.create_channel().await.unwrap();
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate() {
    let ca = Ca::new("right");
    let (certificate, ours) = (ca.issue(&["localhost"]), ca.issue(&["app"]));
    let server = servers::RabbitMq::with_client_certificates(&certificate);
    let handle = || OnRabbitMq::tls_handle("amqps", &server, &certificate.ca());
    let with = |tls: &Tls| {
        let builder = handle().param("certfile", tls.certificate().to_str().unwrap());
        builder.param("keyfile", tls.key().to_str().unwrap()).build().unwrap()
    };

    let client = connect(&with(&ours)).await.unwrap();
    OnRabbitMq::use_it(&client).await.unwrap();

    let none = handle().param("connect_timeout", "2s").build().unwrap();
    let refused = cause(&none).await;
    assert_eq!(refused, "the server asks for a client certificate");
    let strange = Ca::new("wrong").issue(&["app"]);
    let refused = cause(&with(&strange)).await;
    assert_eq!(refused, "the server asks for a client certificate that it trusts: unknown ca");
    let not_a_key = handle()
        .param("certfile", ours.certificate().to_str().unwrap())
        .param("keyfile", ours.certificate().to_str().unwrap());
    assert_eq!(
        cause(&not_a_key.build().unwrap()).await,
        "the file that `keyfile` names holds no private key"
    );
}

/// The broker takes the certificate for the login, and lists the connection by the name it was
/// given.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_by_certificate_and_the_name_of_a_connection() {
    let ca = Ca::new("right");
    // Made for another name than the one that the client connects to.
    let certificate = ca.issue(&["mq.example"]);
    let server = servers::RabbitMq::with_external_login(&certificate);
    let file = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let handle = |ours: &Tls| {
        Handle::builder("amqps")
            .host("localhost")
            .port(server.port())
            .param("cacertfile", file(certificate.ca()))
            .param("certfile", file(ours.certificate()))
            .param("keyfile", file(ours.key()))
            .param("auth_mechanism", "external")
    };
    // `issue` gives each the common name `server`.
    let ours = ca.issue(&["app"]);
    let named = handle(&ours).param("server_name_indication", "mq.example").param("name", "shop-1");
    let client = connect(&named.build().unwrap()).await.unwrap();
    OnRabbitMq::use_it(&client).await.unwrap();
    let listed = server.connections();
    assert!(listed.contains("server\t"), "{listed}");
    assert!(listed.contains(r#"{"connection_name","shop-1"}"#), "{listed}");

    let other_host = cause(&handle(&ours).build().unwrap()).await;
    assert!(other_host.contains("certificate does not verify"), "{other_host}");
    let stranger = Ca::new("wrong").issue(&["app"]);
    let stranger = handle(&stranger).param("server_name_indication", "mq.example");
    let refused = cause(&stranger.build().unwrap()).await;
    assert!(refused.contains("nknown"), "{refused}");
}

/// TLS on one side only is found within a second, and the help leads to success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_on_one_side_only() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let (plain, tls) = (servers::RabbitMq::start(), servers::RabbitMq::with_tls(&certificate));
    for (scheme, port, says, help) in [
        (
            "amqp",
            tls.port(),
            "the server speaks TLS from the first byte on this port",
            "write `amqps://`, or add `tls=required`",
        ),
        (
            "amqps",
            plain.port(),
            "the server speaks no TLS on this port",
            "name the port where it does, or leave TLS out if that is meant",
        ),
    ] {
        let handle = OnRabbitMq::handle(scheme).host("localhost").port(port).build().unwrap();
        let Err(Error::Connect(report)) = connect(&handle).await else { panic!("it connected") };
        let failure = &report.failures()[0];
        assert_eq!((failure.cause(), failure.help()), (says, help));
        assert!(failure.elapsed() < Duration::from_secs(1), "{report}");
    }
}

/// Connecting costs what the driver alone costs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_and_no_round_trip_more_than_the_driver() {
    let server = servers::RabbitMq::start();
    let (ours, bare) = (servers::Network::to(server.port()), servers::Network::to(server.port()));
    let handle = |port| OnRabbitMq::handle("amqp").host("127.0.0.1").port(port).build().unwrap();
    let client = connect(&handle(ours.port())).await.unwrap();
    let round_trips = ours.round_trips();
    let properties = lapin::ConnectionProperties::default();
    let url = handle(bare.port());
    let _bare = lapin::Connection::connect(url.expose_url(), properties).await.unwrap();
    assert_eq!((ours.connections(), round_trips), (1, bare.round_trips()));
    backing_services::RabbitMq::ping(&client).await.unwrap();
    assert_eq!(ours.connections(), 1, "a ping asks on the connection there is");
}

/// A broker that is stopped and goes on: what is asked meanwhile ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_frozen() {
    let server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let handle = handle.param("heartbeat", "1").param("connect_timeout", "2s");
    let client = connect(&handle.build().unwrap()).await.unwrap();
    let channel = client.create_channel().await.unwrap();
    server.freeze();
    let start = Instant::now();
    backing_services::RabbitMq::ping(&client).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    // Two heartbeats later the connection is known to be lost, and an error comes at once.
    sleep(Duration::from_secs(3)).await;
    let start = Instant::now();
    client.create_channel().await.unwrap_err();
    publish(&channel, "nowhere", b"").await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    server.thaw();
    let start = Instant::now();
    while OnRabbitMq::use_it(&client).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come back");
        sleep(Duration::from_millis(100)).await;
    }
}

/// A publisher and a consumer that know nothing of recovery: what they get is an error or a
/// message.
struct AtWork {
    stop: Arc<AtomicBool>,
    publisher: JoinHandle<BTreeSet<u64>>,
    received: Arc<Mutex<BTreeMap<u64, usize>>>,
    confirmed: Arc<AtomicU64>,
    consumer: JoinHandle<()>,
    channel: Channel,
}

const QUEUE: &str = "work";

impl AtWork {
    async fn start(client: &RabbitMqConnection) -> Self {
        let channel = client.create_channel().await.unwrap();
        declare(&channel, QUEUE).await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let confirmed = Arc::new(AtomicU64::new(0));
        let publisher =
            tokio::spawn(publisher(channel.clone(), Arc::clone(&stop), Arc::clone(&confirmed)));

        let consuming = client.create_channel().await.unwrap();
        consuming.basic_qos(10, BasicQosOptions::default()).await.unwrap();
        let received = Arc::new(Mutex::new(BTreeMap::new()));
        let mut messages = consume(&consuming, QUEUE).await;
        let seen = Arc::clone(&received);
        let consumer = tokio::spawn(async move {
            let _channel = consuming;
            while let Some(message) = messages.next().await {
                let message = message.expect("a recovered consumer gives no error");
                let number = u64::from_be_bytes(message.data.as_slice().try_into().unwrap());
                // Not done until it is acknowledged: without, it comes again.
                if message.ack(BasicAckOptions::default()).await.is_ok() {
                    *seen.lock().unwrap().entry(number).or_insert(0) += 1;
                }
            }
        });
        Self { stop, publisher, received, confirmed, consumer, channel }
    }

    /// Waits until more messages are confirmed and received than are now.
    async fn goes_on(&self) {
        let start = Instant::now();
        let now = || (self.confirmed.load(SeqCst), self.received.lock().unwrap().len());
        let before = now();
        while now().0 < before.0 + 50 || now().1 < before.1 + 50 {
            assert!(start.elapsed() < Duration::from_secs(30), "stuck at {before:?}, {:?}", now());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Nothing that was confirmed is missing, and the queue is empty.
    async fn finish(self) -> usize {
        self.stop.store(true, SeqCst);
        let confirmed = self.publisher.await.unwrap();
        let start = Instant::now();
        let missing = || {
            let received = self.received.lock().unwrap();
            confirmed.iter().filter(|number| !received.contains_key(number)).count()
        };
        while missing() > 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "{} confirmed and lost", missing());
            sleep(Duration::from_millis(20)).await;
        }
        self.consumer.abort();
        let _ = self.channel.close(200, "OK".into()).await;
        let twice = self.received.lock().unwrap().values().filter(|times| **times > 1).count();
        println!("{} confirmed, {twice} acknowledged twice", confirmed.len());
        confirmed.len()
    }
}

/// Publishes numbers, several at the same time, and returns those that were confirmed.
async fn publisher(
    channel: Channel,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> BTreeSet<u64> {
    let mut confirmed = BTreeSet::new();
    let mut next = 0_u64;
    while !stop.load(SeqCst) {
        let batch = (next..next + 5).map(|number| {
            let channel = channel.clone();
            async move { (number, publish(&channel, QUEUE, &number.to_be_bytes()).await) }
        });
        next += 5;
        for (number, outcome) in join_all(batch).await {
            match outcome {
                Ok(true) => {
                    confirmed.insert(number);
                    count.fetch_add(1, SeqCst);
                }
                Ok(false) => panic!("not taken"),
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    }
    confirmed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_from_a_crash() {
    let mut server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let client = connect(&handle.build().unwrap()).await.unwrap();
    let work = AtWork::start(&client).await;
    work.goes_on().await;
    for _ in 0..2 {
        server.kill();
        server.restart();
        backing_services::RabbitMq::ping(&client).await.unwrap();
        work.goes_on().await;
    }
    OnRabbitMq::use_it(&client).await.unwrap();
    assert!(work.finish().await >= 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_from_an_orderly_stop() {
    let mut server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let client = connect(&handle.build().unwrap()).await.unwrap();
    let work = AtWork::start(&client).await;
    work.goes_on().await;
    server.stop();
    let error = backing_services::RabbitMq::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "connection refused");
    server.restart();
    work.goes_on().await;
    work.finish().await;
}

/// Away for longer than `lapin`'s own attempts last; part of the time something else answers in its
/// place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_after_a_long_time() {
    let mut server = servers::RabbitMq::start();
    let builder = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let handle = builder.param("connect_timeout", "1s").build().unwrap();
    let client = connect(&handle).await.unwrap();
    let work = AtWork::start(&client).await;
    work.goes_on().await;
    server.kill();

    // What is published meanwhile fails at once.
    sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    publish(&work.channel, QUEUE, b"12345678").await.unwrap_err();
    client.create_channel().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(200), "{:?}", start.elapsed());

    sleep(Duration::from_secs(5)).await;
    let silent = Scripted::silent_on(server.port());
    sleep(Duration::from_secs(4)).await;
    let error = backing_services::RabbitMq::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "no answer within 1 s");
    drop(silent);
    sleep(Duration::from_secs(3)).await;
    let error = backing_services::RabbitMq::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "connection refused");

    server.restart();
    work.goes_on().await;
    backing_services::RabbitMq::ping(&client).await.unwrap();
    work.finish().await;
}

/// The same through TLS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_with_tls() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let mut server = servers::RabbitMq::with_tls(&certificate);
    let handle = OnRabbitMq::tls_handle("amqps", &server, &certificate.ca()).build().unwrap();
    let client = connect(&handle).await.unwrap();
    let work = AtWork::start(&client).await;
    work.goes_on().await;
    server.restart();
    work.goes_on().await;
    work.finish().await;
}

/// What cannot come back is an error for its user, and does not keep the rest from coming back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_that_cannot_come_back() {
    let mut server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let client = connect(&handle.build().unwrap()).await.unwrap();

    // The broker gives it a name that nobody else may choose, and it is gone with the connection.
    let replies = client.create_channel().await.unwrap();
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = replies.queue_declare("".into(), exclusive, FieldTable::default()).await.unwrap();
    let mut messages = consume(&replies, queue.name().as_str()).await;

    // Not durable, and declared on another channel than consumed: which one comes back first?
    let mut others = Vec::new();
    for index in 0..3 {
        let declaring = client.create_channel().await.unwrap();
        let consuming = client.create_channel().await.unwrap();
        let (name, options) = (format!("other-{index}"), QueueDeclareOptions::default());
        let table = FieldTable::default();
        declaring.queue_declare(name.as_str().into(), options, table).await.unwrap();
        let messages = consume(&consuming, &name).await;
        others.push((declaring, consuming, messages));
    }

    let work = AtWork::start(&client).await;
    work.goes_on().await;
    server.restart();
    work.goes_on().await;

    let error = messages.next().await.expect("an error before the end").unwrap_err();
    assert!(error.to_string().contains("ACCESS_REFUSED"), "{error}");
    publish(&replies, QUEUE, b"too late").await.unwrap_err();
    // Each is back, or its user is told: none waits for ever.
    let publishing = client.create_channel().await.unwrap();
    for (index, (_, consuming, messages)) in others.iter_mut().enumerate() {
        let start = Instant::now();
        let outcome = loop {
            let _ = publish(&publishing, &format!("other-{index}"), b"back").await;
            match timeout(Duration::from_millis(200), messages.next()).await {
                Ok(outcome) => break outcome.expect("an error before the end"),
                Err(_) => assert!(
                    start.elapsed() < Duration::from_secs(20),
                    "never back, and never told: {:?}",
                    consuming.status()
                ),
            }
        };
        if let Err(error) = outcome {
            assert!(error.to_string().contains("NOT_FOUND"), "{error}");
        }
    }
    work.goes_on().await;
    work.finish().await;
}

async fn consume(channel: &Channel, queue: &str) -> Consumer {
    let options = BasicConsumeOptions::default();
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await.unwrap()
}

/// No goodbye and no end of the stream: only the heartbeat tells, and what was being sent stays
/// unsent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovers_from_a_network_that_fell_silent() {
    let server = servers::RabbitMq::start();
    let network = servers::Network::to(server.port());
    let builder = OnRabbitMq::handle("amqp").host("127.0.0.1").port(network.port());
    let client = connect(&builder.param("heartbeat", "1").build().unwrap()).await.unwrap();
    let work = AtWork::start(&client).await;
    work.goes_on().await;

    let flooded = client.create_channel().await.unwrap();
    network.fail();
    // More than fits into any buffer on the way.
    let big = vec![0; 1 << 20];
    let flood = join_all((0..64).map(|_| publish(&flooded, "nowhere", &big)));
    let (sent, ()) = tokio::join!(flood, work.goes_on());
    assert!(sent.iter().any(Result::is_err), "all of it went somewhere");
    backing_services::RabbitMq::ping(&client).await.unwrap();
    work.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stays_closed_when_the_broker_comes_back() {
    let mut server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let client = connect(&handle.build().unwrap()).await.unwrap();
    server.kill();
    let start = Instant::now();
    backing_services::RabbitMq::close(client.clone()).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    server.restart();
    let error = backing_services::RabbitMq::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "the client is closed");
    client.create_channel().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_dropped_while_the_broker_is_away_ends() {
    let mut server = servers::RabbitMq::start();
    let handle = OnRabbitMq::handle("amqp").host("localhost").port(server.port());
    let client = connect(&handle.build().unwrap()).await.unwrap();
    server.kill();
    sleep(Duration::from_secs(1)).await;
    drop(client);
    sleep(Duration::from_secs(2)).await;
    let listener = TcpListener::bind(("127.0.0.1", server.port())).await.unwrap();
    let knock = timeout(Duration::from_secs(4), listener.accept()).await;
    assert!(knock.is_err(), "it still looks for the broker");
}
