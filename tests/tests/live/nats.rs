use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, consumer, stream};
use backing_services::{BackingServices, Connect as _, Environment, Handle, HandleBuilder, Nats};
use backing_services_conformance::{Ca, Limit, Reaches, Subject, Tls};
use backing_services_tests::servers;
use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

const USER: &str = "shop";
const PASSWORD: &str = "p@ss:w/rd#1?%";
/// Long enough for a machine under load, short enough for a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct OnNats;

/// What async-nats takes in of a server that never ends a line.
const fn flooded(test: &'static str) -> Limit {
    Limit {
        test,
        driver: "async-nats 0.51.0",
        upstream: "src/connection.rs",
        seen: "of memory or took or left behind or nothing",
    }
}

impl Subject for OnNats {
    type Adapter = Nats;
    type Server = servers::Nats;

    const LIMITS: &[Limit] = &[
        flooded("hostile_servers/a line without an end"),
        flooded("hostile_servers/a flood of zeros"),
        flooded("hostile_servers/a flood of ones"),
        flooded("hostile_servers/a flood of garbage"),
    ];

    fn start() -> servers::Nats {
        servers::Nats::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::Nats> {
        Some(servers::Nats::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "tls" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(USER).password(PASSWORD)
    }

    fn tls_handle(scheme: &str, server: &servers::Nats, ca: &Path) -> HandleBuilder {
        Self::handle(scheme)
            .host("localhost")
            .port(server.port())
            .param("tls_ca", ca.to_str().unwrap())
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("nats").username(USER).password("wrong");
        Some((builder, "authentication failed"))
    }

    fn dead() -> &'static str {
        "the client has no connection"
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &async_nats::Client) -> Result<(), String> {
        let mut words = client.subscribe("words").await.map_err(|error| error.to_string())?;
        let word = "grüße 🦀".as_bytes();
        client.publish("words", word.into()).await.map_err(|error| error.to_string())?;
        let message = timeout(PATIENCE, words.next()).await.map_err(|error| error.to_string())?;
        match message {
            Some(message) if message.payload == word => Ok(()),
            other => Err(format!("received {other:?}")),
        }
    }
}

backing_services_conformance::suite!(OnNats);

#[derive(BackingServices)]
struct Services {
    bus: Nats,
}

async fn client(handle: Handle) -> async_nats::Client {
    let environment = Environment::from_pairs([("BUS_URL", handle.expose_url())]);
    Services::load(&environment).unwrap().connect_bus().await.unwrap()
}

fn login(server: &servers::Nats) -> Handle {
    OnNats::handle("nats").host("localhost").port(server.port()).build().unwrap()
}

#[tokio::test]
async fn a_user_alone_is_a_token() {
    let server = servers::Nats::with_token("t0k#n");
    let right = Handle::builder("nats").username("t0k#n").host("localhost").port(server.port());
    OnNats::use_it(&client(right.build().unwrap()).await).await.unwrap();
    let wrong = format!("nats://t0ken@localhost:{}", server.port());
    let services = Services::load(&Environment::from_pairs([("BUS_URL", wrong)])).unwrap();
    let report = services.connect_bus().await.unwrap_err();
    assert!(report.to_string().contains("authentication failed"), "{report}");
}

#[tokio::test]
async fn a_file_of_credentials() {
    let [mut server, stranger] =
        [servers::Nats::with_credentials(), servers::Nats::with_credentials()];
    let handle = |of: &servers::Nats| {
        let creds = of.credentials();
        let builder = Handle::builder("nats").host("localhost").port(server.port());
        builder.param("creds", creds.to_str().unwrap()).build().unwrap()
    };
    let wrong = handle(&stranger);
    let bus = client(handle(&server)).await;
    OnNats::use_it(&bus).await.unwrap();

    let services =
        Services::load(&Environment::from_pairs([("BUS_URL", wrong.expose_url())])).unwrap();
    let report = services.connect_bus().await.unwrap_err();
    assert!(report.to_string().contains("authentication failed"), "{report}");

    server.restart();
    Nats::ping(&bus).await.unwrap();
    OnNats::use_it(&bus).await.unwrap();
}

#[tokio::test]
async fn the_scheme_of_tls_takes_no_server_without() {
    let server = servers::Nats::start();
    let ca = Ca::new("any").issue(&["localhost"]);
    let handle = OnNats::tls_handle("tls", &server, &ca.ca()).build().unwrap();
    let services =
        Services::load(&Environment::from_pairs([("BUS_URL", handle.expose_url())])).unwrap();
    let report = services.connect_bus().await.unwrap_err();
    let cause = report.failures()[0].cause().to_owned();
    assert_eq!(cause, "the server speaks no TLS on this port");
}

#[tokio::test]
async fn another_server_of_the_list_answers() {
    let mut servers = [servers::Nats::start(), servers::Nats::start()];
    let url = format!(
        "nats://{USER}:p%40ss%3Aw%2Frd%231%3F%25@localhost:{},127.0.0.1:{}?name=shop",
        servers[0].port(),
        servers[1].port()
    );
    let services = Services::load(&Environment::from_pairs([("BUS_URL", url)])).unwrap();
    let bus = services.connect_bus().await.unwrap();
    for (dead, living) in [(0, 1), (1, 0)] {
        servers[living].restart();
        servers[dead].kill();
        Nats::ping(&bus).await.unwrap();
        timeout(PATIENCE, OnNats::use_it(&bus)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_client_of_the_apps_own_is_pinged() {
    let mut server = servers::Nats::start();
    let own = async_nats::ConnectOptions::with_user_and_password(USER.into(), PASSWORD.into())
        .connect(format!("localhost:{}", server.port()))
        .await
        .unwrap();
    Nats::ping(&own).await.unwrap();
    server.kill();
    sleep(Duration::from_millis(200)).await;
    let error = Nats::ping(&own).await.unwrap_err();
    assert_eq!(error.to_string(), "the client has no connection");
}

#[tokio::test]
async fn closing_delivers_what_was_published() {
    let server = servers::Nats::start();
    let (one, other) = (client(login(&server)).await, client(login(&server)).await);
    let mut received = other.subscribe("last").await.unwrap();
    // What comes back shows that the server knows of the subscription before.
    OnNats::use_it(&other).await.unwrap();
    for number in 0..1000 {
        one.publish("last", number.to_string().into()).await.unwrap();
    }
    Nats::close(one).await;
    for number in 0..1000 {
        let message = timeout(PATIENCE, received.next()).await.unwrap().unwrap();
        assert_eq!(message.payload, number.to_string());
    }
}

/// What core NATS promises: the same subscription receives again, without the app doing anything.
#[tokio::test]
async fn a_subscription_survives_restarts() {
    let mut server = servers::Nats::start();
    let (one, other) = (client(login(&server)).await, client(login(&server)).await);
    let mut received = other.subscribe("news").await.unwrap();
    for round in 0..3 {
        other.flush().await.unwrap();
        let publish = async {
            loop {
                one.publish("news", format!("{round}").into()).await.unwrap();
                sleep(Duration::from_millis(20)).await;
            }
        };
        let receive =
            async { while received.next().await.unwrap().payload != format!("{round}") {} };
        timeout(PATIENCE, async {
            tokio::select! {
                () = publish => {},
                () = receive => {},
            }
        })
        .await
        .expect("it receives again");
        server.kill();
        sleep(Duration::from_millis(100)).await;
        server.restart();
    }
}

/// What `JetStream` has acknowledged is there after five deaths of the server under load, and the
/// consumer that was reading goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_message_survives_restarts() {
    let mut server = servers::Nats::start();
    let bus = client(login(&server)).await;
    let jetstream = jetstream::new(bus.clone());
    let config = stream::Config {
        name: "ORDERS".into(),
        subjects: vec!["orders".into()],
        storage: stream::StorageType::File,
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let producer = tokio::spawn({
        let (jetstream, stop) = (jetstream.clone(), Arc::clone(&stop));
        async move {
            let mut acknowledged = BTreeSet::new();
            let mut number = 0_u64;
            while !stop.load(Ordering::SeqCst) {
                number += 1;
                let published = jetstream.publish("orders", number.to_string().into()).await;
                let Ok(ack) = published else { continue };
                // An answer that was lost with the server does not come.
                if let Ok(Ok(_)) = timeout(Duration::from_millis(500), ack).await {
                    acknowledged.insert(number);
                }
            }
            acknowledged
        }
    });
    for _ in 0..5 {
        sleep(Duration::from_millis(300)).await;
        server.kill();
        sleep(Duration::from_millis(50)).await;
        server.restart();
        Nats::ping(&bus).await.unwrap();
    }
    sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::SeqCst);
    let acknowledged = timeout(PATIENCE, producer).await.unwrap().unwrap();
    assert!(acknowledged.len() > 50, "{} acknowledged", acknowledged.len());

    let reader = jetstream
        .get_stream("ORDERS")
        .await
        .unwrap()
        .create_consumer(consumer::pull::Config::default())
        .await
        .unwrap();
    let mut messages = reader.messages().await.unwrap();
    let mut missing = acknowledged;
    while !missing.is_empty() {
        let message =
            timeout(PATIENCE, messages.next()).await.expect("a message").unwrap().unwrap();
        message.ack().await.unwrap();
        missing.remove(&String::from_utf8_lossy(&message.payload).parse().unwrap());
    }
}

async fn until_it_works(client: &async_nats::Client, patience: Duration) {
    let started = Instant::now();
    loop {
        let used = timeout(Duration::from_secs(1), OnNats::use_it(client)).await;
        if matches!(used, Ok(Ok(()))) {
            return;
        }
        assert!(started.elapsed() < patience, "it does not come back: {used:?}");
    }
}

/// The file is read for each connection, and a server that refuses is not asked all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credentials_file_that_is_rotated() {
    let mut server = servers::Nats::with_credentials();
    let file = server.credentials();
    let builder = Handle::builder("nats").host("localhost").port(server.port());
    let bus = client(builder.param("creds", file.to_str().unwrap()).build().unwrap()).await;
    OnNats::use_it(&bus).await.unwrap();

    let rotated = file.with_extension("rotated");
    server.rotate_credentials(&rotated);
    sleep(Duration::from_secs(8)).await;
    let refusals = server.refusals();
    assert!((1..=5).contains(&refusals), "refused {refusals} times in 8 s");
    Nats::ping(&bus).await.unwrap_err();

    std::fs::rename(rotated, file).unwrap();
    until_it_works(&bus, Duration::from_secs(3)).await;
    Nats::ping(&bus).await.unwrap();
}

/// A server that takes another password for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_refused_for_a_while() {
    let server = servers::Nats::start();
    let bus = client(login(&server)).await;
    server.rotate_password("another");
    sleep(Duration::from_secs(8)).await;
    let refusals = server.refusals();
    assert!((1..=5).contains(&refusals), "refused {refusals} times in 8 s");
    server.rotate_password(PASSWORD);
    until_it_works(&bus, Duration::from_secs(12)).await;
}

/// No answer and no end of the stream: what was asked ends, and the client connects anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent() {
    let server = servers::Nats::start();
    let network = servers::Network::to(server.port());
    let handle = OnNats::handle("nats").host("127.0.0.1").port(network.port());
    let handle = handle.param("timeout", "1s").param("ping_interval", "500ms");
    let bus = client(handle.build().unwrap()).await;
    OnNats::use_it(&bus).await.unwrap();
    network.fail();
    let started = Instant::now();
    bus.request("nobody", "".into()).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    until_it_works(&bus, Duration::from_secs(10)).await;
    assert_eq!(network.connections(), 2);
}

/// A server that is stopped and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_frozen() {
    let server = servers::Nats::start();
    let handle = OnNats::handle("nats").host("127.0.0.1").port(server.port());
    let handle = handle.param("timeout", "1s").param("ping_interval", "500ms");
    let bus = client(handle.build().unwrap()).await;
    server.freeze();
    let started = Instant::now();
    let error = Nats::ping(&bus).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(11), "{:?}: {error}", started.elapsed());
    bus.request("nobody", "".into()).await.unwrap_err();
    server.thaw();
    until_it_works(&bus, Duration::from_secs(15)).await;
}

/// Connecting costs what the driver alone costs.
#[tokio::test]
async fn one_connection_and_no_round_trip_more_than_the_driver() {
    let server = servers::Nats::start();
    let (ours, bare) = (servers::Network::to(server.port()), servers::Network::to(server.port()));
    let handle = OnNats::handle("nats").host("127.0.0.1").port(ours.port());
    let _ours = client(handle.build().unwrap()).await;
    // Before the drivers' tasks have a turn on this thread, which ping at once.
    let round_trips = ours.round_trips();
    let _bare = async_nats::ConnectOptions::with_user_and_password(USER.into(), PASSWORD.into())
        .connect(format!("127.0.0.1:{}", bare.port()))
        .await
        .unwrap();
    assert_eq!((ours.connections(), round_trips), (1, bare.round_trips()));
}

/// TLS before the greeting is found within a second, and the help leads to success.
#[tokio::test]
async fn tls_before_the_greeting() {
    let server = servers::Nats::start();
    let certificate = Ca::new("right").issue(&["localhost"]);
    let front = servers::TlsFront::start(&certificate, server.port());
    for scheme in ["nats", "tls"] {
        let handle = OnNats::handle(scheme).host("localhost").port(front.port()).build().unwrap();
        let environment = Environment::from_pairs([("BUS_URL", handle.expose_url())]);
        let report = Services::load(&environment).unwrap().connect_bus().await.unwrap_err();
        let failure = &report.failures()[0];
        assert_eq!(failure.cause(), "the server speaks TLS from the first byte on this port");
        assert_eq!(failure.help(), "write `tls://` and `tls_first=true`");
        assert!(failure.elapsed() < Duration::from_secs(1), "{report}");
    }
    let handle = OnNats::handle("tls").host("localhost").port(front.port());
    let handle = handle.param("tls_ca", certificate.ca().to_str().unwrap());
    let bus = client(handle.param("tls_first", "true").build().unwrap()).await;
    OnNats::use_it(&bus).await.unwrap();
}
