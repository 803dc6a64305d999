use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use backing_services::{
    Adapter as _, BackingServices, Connect as _, Environment, Handle, HandleBuilder, Redis, Scheme,
};
use backing_services_conformance::{Ca, Reaches, Subject, Tls};
use backing_services_tests::servers;
use backing_services_tests::tls::signed_by_itself;
use redis::AsyncCommands;
use redis::aio::ConnectionManager;

pub(crate) struct OnRedis;

impl Subject for OnRedis {
    type Adapter = Redis;
    type Server = servers::Redis;

    fn start() -> servers::Redis {
        servers::Redis::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::Redis> {
        Some(servers::Redis::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        match scheme {
            "rediss" | "valkeys" => Reaches::Tls,
            _ => Reaches::Plain,
        }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme)
            .username(servers::Redis::user())
            .password(servers::Redis::password())
            .name("2")
    }

    fn tls_handle(scheme: &str, server: &servers::Redis, ca: &Path) -> HandleBuilder {
        Self::handle(scheme)
            .host("localhost")
            .port(server.port())
            .param("tls_ca", ca.to_str().unwrap())
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let handle = Self::handle("redis").password("another");
        Some((handle, "authentication failed: the user name or the password is wrong"))
    }

    async fn use_it(client: &ConnectionManager) -> Result<(), String> {
        let mut client = client.clone();
        let told = |error: redis::RedisError| error.to_string();
        let () = client.set("word", "grüße 🦀").await.map_err(told)?;
        let read: String = client.get("word").await.map_err(told)?;
        let (a, b): (i64, i64) = redis::pipe()
            .atomic()
            .incr("count", 1)
            .incr("count", 1)
            .query_async(&mut client)
            .await
            .map_err(told)?;
        match (read.as_str(), b - a) {
            ("grüße 🦀", 1) => Ok(()),
            other => Err(format!("read {other:?}")),
        }
    }
}

backing_services_conformance::suite!(OnRedis);

#[derive(BackingServices)]
struct Services {
    sessions: Redis,
}

fn load(url: &str) -> Services {
    Services::load(&Environment::from_pairs([("SESSIONS_URL", url)])).unwrap()
}

async fn connect(handle: HandleBuilder) -> ConnectionManager {
    load(handle.build().unwrap().expose_url()).connect_sessions().await.unwrap()
}

async fn cause(handle: HandleBuilder) -> String {
    let services = load(handle.build().unwrap().expose_url());
    let report = services.connect_sessions().await.unwrap_err();
    assert_eq!(report.failures()[0].attempts(), 1, "{report}");
    report.failures()[0].cause().to_owned()
}

#[tokio::test]
async fn a_password_alone_a_socket_and_databases() {
    let server = servers::Redis::start();
    let alone = Handle::builder("redis").password(servers::Redis::default_password());
    let mut zero = connect(alone.host("localhost").port(server.port())).await;
    OnRedis::use_it(&zero).await.unwrap();

    let sockets = Redis::GRAMMAR.schemes().iter().filter(|scheme| scheme.is_socket());
    assert!(sockets.clone().count() > 0);
    for scheme in sockets.map(Scheme::name) {
        let socket = Handle::builder(scheme)
            .username(servers::Redis::user())
            .password(servers::Redis::password())
            .path(server.socket().to_str().unwrap())
            .param("db", "2");
        let mut two = connect(socket).await;
        OnRedis::use_it(&two).await.unwrap();
        let () = two.set("where", scheme).await.unwrap();
        let nothing: Option<String> = zero.get("where").await.unwrap();
        assert_eq!(nothing, None, "another database");
    }
}

#[tokio::test]
async fn both_protocols() {
    let server = servers::Redis::start();
    for protocol in ["resp2", "resp3"] {
        let handle = OnRedis::handle("redis").param("protocol", protocol);
        let mut client = connect(handle.host("localhost").port(server.port())).await;
        OnRedis::use_it(&client).await.unwrap();
        let hello: redis::Value = redis::cmd("HELLO").query_async(&mut client).await.unwrap();
        assert_eq!(matches!(hello, redis::Value::Map(_)), protocol == "resp3", "{hello:?}");
    }
    let wrong = OnRedis::handle("redis").password("another").param("protocol", "resp3");
    let said = cause(wrong.host("localhost").port(server.port())).await;
    assert_eq!(said, "authentication failed: the user name or the password is wrong");
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let server = servers::Redis::start();
    let at = |handle: HandleBuilder| handle.host("localhost").port(server.port());
    // Who may do nothing is let in, and hears it from each command.
    let nobody = Handle::builder("redis").username("nobody").password(servers::Redis::password());
    let nobody = connect(at(nobody)).await;
    let error = Redis::ping(&nobody).await.unwrap_err();
    assert_eq!(error.to_string(), "access denied: the user may not run this command (NOPERM)");
    for (handle, says) in [
        (at(Handle::builder("redis")), "authentication failed: the server asks for a password"),
        (
            at(Handle::builder("redis")).name("1"),
            "authentication failed: the server asks for a password",
        ),
        (
            at(Handle::builder("redis")).password("x"),
            "authentication failed: the user name or the password is wrong",
        ),
        (at(OnRedis::handle("redis")).name("99"), "there is no such database"),
        (
            Handle::builder("redis+unix").path("/no/such/redis.sock"),
            "there is no such file or socket",
        ),
    ] {
        let services = load(handle.build().unwrap().expose_url());
        let report = services.connect_sessions().await.unwrap_err();
        assert_eq!(report.failures()[0].cause(), says);
    }
}

/// A server that dies and comes back under a client in use: what it acknowledged is there, and the
/// app goes on with the client it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_in_use() {
    let mut server = servers::Redis::start();
    let client = connect(OnRedis::handle("redis").host("localhost").port(server.port())).await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (mut client, done) = (client.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let (mut kept, mut failed) = (Vec::new(), 0);
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        break;
                    }
                    let entry = format!("{writer}-{number}");
                    match client.rpush::<_, _, i64>("log", &entry).await {
                        Ok(_) => kept.push(entry),
                        Err(_) => failed += 1,
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                (kept, failed)
            })
        })
        .collect();

    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let killed = Instant::now();
        server = tokio::task::spawn_blocking(move || {
            server.kill();
            std::thread::sleep(Duration::from_millis(200));
            server.restart();
            server
        })
        .await
        .unwrap();
        // The writers have been asking all along, so the manager has a connection again at once.
        let mut client = client.clone();
        let started = Instant::now();
        while client.get::<_, Option<String>>("x").await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    done.store(true, Ordering::SeqCst);

    let (mut acknowledged, mut failures) = (Vec::new(), 0);
    for writer in writers {
        let (kept, failed) = writer.await.unwrap();
        acknowledged.extend(kept);
        failures += failed;
    }
    let log: HashSet<String> = client.clone().lrange("log", 0, -1).await.unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|entry| !log.contains(*entry)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    assert!(acknowledged.len() > 100 && failures > 0, "{} and {failures}", acknowledged.len());
}

/// A client that was idle during the outage answers a ping as if nothing had been, and its first
/// command or its second is served.
#[tokio::test]
async fn idle_during_an_outage() {
    let mut server = servers::Redis::start();
    for protocol in ["resp2", "resp3"] {
        let handle = OnRedis::handle("redis").param("protocol", protocol);
        let client = connect(handle.host("localhost").port(server.port())).await;
        server.restart();
        Redis::ping(&client).await.unwrap();
        server.restart();
        if OnRedis::use_it(&client).await.is_err() {
            OnRedis::use_it(&client).await.unwrap();
        }
    }
}

/// What watches over the credentials of a user holds no connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_ends_with_the_last_clone() {
    let server = servers::Redis::start();
    let alone = Handle::builder("redis").password(servers::Redis::default_password());
    let mut watch = connect(alone.host("localhost").port(server.port())).await;
    let mut connections = async || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut watch).await.unwrap();
        list.lines().filter(|line| line.contains(" user=shop ")).count()
    };
    let client = connect(OnRedis::handle("redis").host("localhost").port(server.port())).await;
    let other = client.clone();
    Redis::close(client).await;
    OnRedis::use_it(&other).await.unwrap();
    assert_eq!(connections().await, 1);
    drop(other);
    let started = Instant::now();
    while connections().await > 0 {
        assert!(started.elapsed() < Duration::from_secs(2), "the connection is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A command that is not answered ends with an error, and a blocking one may wait for as long as
/// `timeout` says.
#[tokio::test]
async fn a_server_that_falls_silent() {
    let server = servers::Redis::start();
    let handle = OnRedis::handle("redis").param("timeout", "500ms");
    let mut client = connect(handle.host("localhost").port(server.port())).await;
    let started = Instant::now();
    let waited = client.blpop::<_, Option<(String, String)>>("nothing", 5.0).await;
    assert!(waited.unwrap_err().is_timeout());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

/// Connecting costs what the driver alone costs, whatever the handle says; also where there is no
/// login that would prove anything.
#[tokio::test]
async fn one_connection_and_no_round_trip_more_than_the_driver() {
    let server = servers::Redis::start();
    let open = servers::Redis::without_login();
    let alone = Handle::builder("redis").password(servers::Redis::default_password());
    for (server, handle) in [
        (&server, OnRedis::handle("redis")),
        (&server, OnRedis::handle("redis").param("protocol", "resp3")),
        (&server, alone),
        (&open, Handle::builder("redis")),
        (&open, Handle::builder("redis").name("3")),
        (&open, Handle::builder("redis").param("protocol", "resp3")),
    ] {
        let networks = [servers::Network::to(server.port()), servers::Network::to(server.port())];
        let [ours, bare] = &networks;
        let at = |port: u16| handle.clone().host("127.0.0.1").port(port);
        let client = connect(at(ours.port())).await;
        let url = at(bare.port()).build().unwrap();
        let driver = redis::Client::open(url.expose_url()).unwrap();
        let _bare = driver.get_connection_manager().await.unwrap();
        let counts = (ours.connections(), ours.round_trips());
        assert_eq!(counts, (1, bare.round_trips()), "{url:?}");
        Redis::ping(&client).await.unwrap();
        assert_eq!(ours.connections(), 1, "a ping asks on the connection there is");
    }
}

/// A name that leads to the primary, and after a failover to another server: the client that was
/// left on what is a replica now goes there too, without being told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_and_back() {
    let [one, two] = [servers::Redis::start(), servers::Redis::start()];
    two.follow(&one);
    for protocol in ["resp2", "resp3"] {
        let name = servers::Network::to(one.port());
        let handle = OnRedis::handle("redis").param("role", "primary").param("protocol", protocol);
        let client = connect(handle.host("127.0.0.1").port(name.port())).await;
        OnRedis::use_it(&client).await.unwrap();

        for (primary, replica) in [(&two, &one), (&one, &two)] {
            // The connection stays where it is.
            primary.lead();
            replica.follow(primary);
            name.lead_to(primary.port());
            let started = Instant::now();
            while let Err(error) = OnRedis::use_it(&client).await {
                assert!(started.elapsed() < Duration::from_secs(4), "{protocol}: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Redis::ping(&client).await.unwrap();
        }
        // The task that watches ends with the client that is closed.
        Redis::close(client.clone()).await;
        OnRedis::use_it(&client).await.unwrap();
        drop(client);
        let started = Instant::now();
        while name.open() > 0 {
            assert!(started.elapsed() < Duration::from_secs(3), "the connection is still there");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A ping that finds a replica goes where the name leads, and says so where that is no primary.
#[tokio::test]
async fn a_ping_wants_a_primary_where_the_handle_does() {
    let [one, two] = [servers::Redis::start(), servers::Redis::start()];
    let name = servers::Network::to(one.port());
    let handle = |role: &str| {
        let handle = OnRedis::handle("redis").param("role", role);
        handle.host("127.0.0.1").port(name.port())
    };
    let (primary, any) = (connect(handle("primary")).await, connect(handle("any")).await);
    one.follow(&two);
    let replica = "the server is a replica, and the handle asks for the primary";
    assert_eq!(Redis::ping(&primary).await.unwrap_err().to_string(), replica);
    Redis::ping(&any).await.unwrap();
    let wants = handle("primary").param("connect_timeout", "500ms").build().unwrap();
    let report = load(wants.expose_url()).connect_sessions().await.unwrap_err();
    assert_eq!(report.failures()[0].cause(), replica, "{report}");
    name.lead_to(two.port());
    Redis::ping(&primary).await.unwrap();
    OnRedis::use_it(&primary).await.unwrap();
    let mut any = any;
    let refused = any.set::<_, _, ()>("a", "b").await.unwrap_err();
    assert_eq!(refused.code(), Some("READONLY"));
}

/// What is asked of a server that is stopped ends, and the same client is of use when it goes on.
#[tokio::test]
async fn a_server_that_is_frozen() {
    let server = servers::Redis::start();
    let handle = OnRedis::handle("redis").param("timeout", "500ms");
    let client = connect(handle.host("localhost").port(server.port())).await;
    server.freeze();
    let started = Instant::now();
    OnRedis::use_it(&client).await.unwrap_err();
    Redis::ping(&client).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.thaw();
    Redis::ping(&client).await.unwrap();
    OnRedis::use_it(&client).await.unwrap();
}

/// TLS on one side only is found within a second, and the help leads to success.
#[tokio::test]
async fn tls_on_one_side_only() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let (plain, tls) = (servers::Redis::start(), servers::Redis::with_tls(&certificate));
    for (scheme, port, says, help) in [
        (
            "redis",
            tls.port(),
            "the server speaks TLS from the first byte on this port",
            "write `rediss://`, or add `tls=required`",
        ),
        (
            "rediss",
            plain.port(),
            "the server speaks no TLS on this port",
            "name the port where it does, or write `redis://` with `tls=none`",
        ),
    ] {
        let handle = OnRedis::handle(scheme).host("localhost").port(port).build().unwrap();
        let report = load(handle.expose_url()).connect_sessions().await.unwrap_err();
        let failure = &report.failures()[0];
        assert_eq!((failure.cause(), failure.help()), (says, help));
        assert!(failure.elapsed() < Duration::from_secs(1), "{report}");
    }
}

/// `openssl req -x509` makes a certificate for a CA. What the help says makes one that is trusted.
#[tokio::test]
async fn a_certificate_that_signs_itself() {
    let server = |arguments: &[&str]| {
        let certificate = signed_by_itself(arguments);
        (servers::Redis::with_tls(&certificate), certificate)
    };
    let connect = async |(server, certificate): &(servers::Redis, Tls)| {
        let handle = OnRedis::tls_handle("rediss", server, &certificate.ca()).build().unwrap();
        load(handle.expose_url()).connect_sessions().await
    };
    let usual = server(&[]);
    let right = server(&["-addext", "basicConstraints=critical,CA:FALSE"]);
    let report = connect(&usual).await.unwrap_err();
    let failure = &report.failures()[0];
    assert!(failure.cause().contains("it is made for a CA"), "{report}");
    assert!(failure.help().contains("-addext basicConstraints=critical,CA:FALSE"), "{report}");
    OnRedis::use_it(&connect(&right).await.unwrap()).await.unwrap();
}
