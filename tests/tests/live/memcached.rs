use std::path::Path;
use std::time::{Duration, Instant};

use backing_services::adapters::memcached::MemcachedClient;
use backing_services::{
    BackingServices, ClientError, Connect as _, Environment, FailureKind, Handle, HandleBuilder,
    Memcached,
};
use backing_services_conformance::{Ca, Reaches, Subject, Tls};
use backing_services_tests::servers;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener};

pub(crate) struct OnMemcached;

impl Subject for OnMemcached {
    type Adapter = Memcached;
    type Server = servers::Memcached;

    fn start() -> servers::Memcached {
        servers::Memcached::with_login()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::Memcached> {
        Some(servers::Memcached::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "memcacheds" { Reaches::Tls } else { Reaches::Plain }
    }

    fn handle(scheme: &str) -> HandleBuilder {
        let builder = Handle::builder(scheme).username(servers::Memcached::user());
        builder.password(servers::Memcached::password())
    }

    fn tls_handle(scheme: &str, server: &servers::Memcached, ca: &Path) -> HandleBuilder {
        let builder = Self::handle(scheme).host("localhost").port(server.port());
        builder.param("tls_ca", ca.to_str().unwrap())
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Self::handle("memcached").password("wrong");
        Some((builder, "authentication failed: the user name or the password is wrong"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &MemcachedClient) -> Result<(), String> {
        let said = |error: ClientError| error.to_string();
        client.set("word", "grüße 🦀", None).await.map_err(said)?;
        match client.get("word").await.map_err(said)? {
            Some(data) if data == "grüße 🦀".as_bytes() => Ok(()),
            other => Err(format!("read {other:?}")),
        }
    }
}

backing_services_conformance::suite!(OnMemcached);

#[derive(BackingServices)]
struct Services {
    cache: Memcached,
}

async fn connect(url: &str) -> MemcachedClient {
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    services.connect_cache().await.unwrap()
}

#[tokio::test]
async fn every_command() {
    let server = servers::Memcached::start();
    let cache = connect(&format!("memcached://localhost:{}", server.port())).await;
    assert_eq!(cache.get("a").await.unwrap(), None);
    assert!(!cache.replace("a", "0", None).await.unwrap());
    assert!(!cache.append("a", "0").await.unwrap());
    assert!(cache.add("a", "1", Some(Duration::from_millis(1))).await.unwrap());
    assert!(!cache.add("a", "2", None).await.unwrap());
    assert!(cache.append("a", "3").await.unwrap());
    assert!(cache.prepend("a", "4").await.unwrap());
    let (value, version) = cache.get_versioned("a").await.unwrap().unwrap();
    assert_eq!(value, b"413");
    assert!(cache.replace("a", "40", None).await.unwrap());
    assert!(!cache.compare_and_set("a", "50", None, version).await.unwrap());
    let (_, version) = cache.get_versioned("a").await.unwrap().unwrap();
    assert!(cache.compare_and_set("a", "50", None, version).await.unwrap());
    assert_eq!(cache.increment("a", 5).await.unwrap(), Some(55));
    assert_eq!(cache.decrement("a", 60).await.unwrap(), Some(0));
    assert_eq!(cache.increment("b", 5).await.unwrap(), None);
    assert!(cache.touch("a", Some(Duration::from_hours(1))).await.unwrap());
    assert!(!cache.touch("b", None).await.unwrap());
    assert!(cache.delete("a").await.unwrap());
    assert!(!cache.delete("a").await.unwrap());

    // More than a month is a date to the server.
    cache.set("long", "x", Some(Duration::from_hours(24 * 60))).await.unwrap();
    cache.set("short", "x", Some(Duration::from_secs(1))).await.unwrap();
    cache.set("lines", "END\r\nVALUE x 0 1\r\n", None).await.unwrap();
    assert_eq!(cache.get("lines").await.unwrap().unwrap(), b"END\r\nVALUE x 0 1\r\n");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let found = cache.get_many(["long", "short", "lines"]).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    cache.flush_all().await.unwrap();
    assert_eq!(cache.get("long").await.unwrap(), None);
}

/// A key that ends early would make a command of what stands behind it.
#[tokio::test]
async fn what_the_server_refuses() {
    let server = servers::Memcached::start();
    let cache =
        connect(&format!("memcached://localhost:{}?max_connections=1", server.port())).await;
    for key in ["", "a b", "a\r\nflush_all", &"x".repeat(251)] {
        let error = cache.get(key).await.unwrap_err();
        assert!(error.to_string().starts_with("a key has 1 to 250 bytes"), "{error}");
    }
    let error = cache.set("large", vec![b'x'; 2 << 20], None).await.unwrap_err();
    assert_eq!(error.to_string(), "the server answered: object too large for cache");
    cache.set("word", "x", None).await.unwrap();
    let error = cache.increment("word", 1).await.unwrap_err();
    let says = "the server answered: cannot increment or decrement non-numeric value";
    assert_eq!(error.to_string(), says);
    assert_eq!(cache.get("word").await.unwrap().unwrap(), b"x", "the connection is in order");
}

#[tokio::test]
async fn without_the_login_that_it_wants() {
    let server = servers::Memcached::with_login();
    let url = format!("memcached://localhost:{}", server.port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let report = services.connect_cache().await.unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!(failure.cause(), "the server wants authentication");
    assert_eq!((failure.kind(), failure.attempts()), (FailureKind::Authentication, 1));
}

#[tokio::test]
async fn over_ipv6() {
    let server = servers::Memcached::start();
    let cache = connect(&format!("memcached://[::1]:{}", server.port())).await;
    cache.set("word", "x", None).await.unwrap();
    assert_eq!(cache.get("word").await.unwrap().unwrap(), b"x");
}

/// Debian's memcached listens at a socket or at a port, not at both.
#[tokio::test]
async fn over_a_socket() {
    let server = servers::Memcached::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let port = server.port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let cache = connect(&format!("memcached+unix://{}", path.display())).await;
    cache.set("word", "x", None).await.unwrap();
    assert_eq!(cache.get("word").await.unwrap().unwrap(), b"x");
    let services = Environment::from_pairs([("CACHE_URL", "memcached+unix:///no/such.sock")]);
    let report = Services::load(&services).unwrap().connect_cache().await.unwrap_err();
    assert_eq!(report.failures()[0].cause(), "there is no such file or socket");
}

/// The network goes silent while the cache is in use: a command ends in time, and so does one that
/// has to connect first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_silent_is_given_up() {
    let server = servers::Memcached::start();
    let url = format!("memcached://localhost:{}?timeout=1s", server.port());
    let cache = connect(&url).await;
    cache.set("word", "x", None).await.unwrap();
    server.freeze();
    for _ in 0..3 {
        let started = Instant::now();
        let error = cache.get("word").await.unwrap_err();
        assert_eq!(error.to_string(), "no answer within 1 s");
        assert_eq!(error.kind(), FailureKind::Timeout);
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
    server.thaw();
    assert_eq!(cache.get("word").await.unwrap().unwrap(), b"x");
}

/// The answer to a command that was given up is not taken for that to another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_dropped_harms_no_other() {
    let server = servers::Memcached::start();
    let url = format!("memcached://localhost:{}?max_connections=1", server.port());
    let cache = connect(&url).await;
    cache.set("ada", "1", None).await.unwrap();
    cache.set("bob", "2", None).await.unwrap();
    let mut dropped = 0;
    for _ in 0..20 {
        server.freeze();
        let patience = Duration::from_millis(5);
        // The signal may be slower than the answer.
        dropped += u32::from(tokio::time::timeout(patience, cache.get("ada")).await.is_err());
        server.thaw();
        assert_eq!(cache.get("bob").await.unwrap().unwrap(), b"2");
    }
    assert!(dropped > 0);
}

/// Neither a line nor a value without an end is kept in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_an_end_is_refused() {
    for head in ["VERSION ", "VALUE word 0 18446744073709551615\r\n", "VALUE word 0 -1\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut command = [0; 9];
                    stream.read_exact(&mut command).await?;
                    stream.write_all(head.as_bytes()).await?;
                    loop {
                        stream.write_all(&[b'1'; 4096]).await?;
                    }
                    #[expect(unreachable_code, reason = "the type of the block")]
                    std::io::Result::Ok(())
                });
            }
        });
        let url = format!("memcached://localhost:{port}");
        let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
        let started = Instant::now();
        let report = services.connect_cache().await.unwrap_err();
        assert_eq!(report.failures()[0].cause(), "the answer is not that of memcached", "{head}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

/// TLS on one side only.
#[tokio::test]
async fn tls_on_one_side() {
    let plain = servers::Memcached::start();
    let certificate = Ca::new("right").issue(&["localhost"]);
    let tls = servers::Memcached::with_tls(&certificate);
    for (url, says, help) in [
        (
            format!("memcacheds://localhost:{}", plain.port()),
            "the server speaks no TLS on this port",
            "",
        ),
        (
            format!("memcached://localhost:{}", tls.port()),
            "the server speaks TLS from the first byte on this port",
            "write `memcacheds://`",
        ),
    ] {
        let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
        let report = services.connect_cache().await.unwrap_err();
        let failure = &report.failures()[0];
        assert_eq!(failure.cause(), says);
        assert!(failure.help().contains(help), "{}", failure.help());
        assert_eq!(failure.kind(), FailureKind::Tls);
        assert!(failure.elapsed() < Duration::from_secs(1), "{:?}", failure.elapsed());
    }
}

#[tokio::test]
async fn several_servers() {
    let mut servers = [servers::Memcached::start(), servers::Memcached::start()];
    let url =
        format!("memcached://localhost:{},127.0.0.1:{}", servers[0].port(), servers[1].port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let cache = services.connect_cache().await.unwrap();

    for key in 0..100 {
        let key = format!("key-{key}");
        cache.set(&key, "x", None).await.unwrap();
        assert_eq!(cache.get(&key).await.unwrap().as_deref(), Some(b"x".as_slice()));
    }
    let keys: Vec<_> = (0..110).map(|key| format!("key-{key}")).collect();
    assert_eq!(cache.get_many(&keys).await.unwrap().len(), 100);
    let mut items = Vec::new();
    for server in &servers {
        let one = connect(&format!("memcached://localhost:{}", server.port())).await;
        items.push(one.get_many(&keys).await.unwrap().len());
    }
    assert_eq!(items.iter().sum::<usize>(), 100);
    assert!(items.iter().all(|count| (20..=80).contains(count)), "{items:?}");

    servers[1].kill();
    let error = Memcached::ping(&cache).await.unwrap_err().to_string();
    assert_eq!(error, format!("127.0.0.1:{}: connection refused", servers[1].port()));
}

#[tokio::test]
async fn many_tasks_share_the_pool() {
    let server = servers::Memcached::start();
    let url = format!("memcached://localhost:{}?max_connections=2", server.port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let cache = services.connect_cache().await.unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.set("word", "x", None).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(format!("{cache:?}").ends_with(": 2 connections)"), "{cache:?}");
}

/// A cache loses what it held when it dies, but the app goes on with the pool it has, and no error
/// outlasts the outage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_in_use() {
    let mut server = servers::Memcached::start();
    let url = format!("memcached://localhost:{}?max_connections=4", server.port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let cache = services.connect_cache().await.unwrap();
    let (phase, seen) = tokio::sync::watch::channel("before");
    let users: Vec<_> = (0..8)
        .map(|user| {
            let (cache, seen) = (cache.clone(), seen.clone());
            tokio::spawn(async move {
                let key = format!("user-{user}");
                let (mut done, mut errors) = (0, Vec::new());
                loop {
                    let before = *seen.borrow();
                    if before == "end" {
                        return (done, errors);
                    }
                    match cache.set(&key, "x", None).await {
                        Ok(()) => done += 1,
                        Err(error) => errors.push((before, error)),
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            })
        })
        .collect();

    let pause = || tokio::time::sleep(std::time::Duration::from_millis(300));
    pause().await;
    phase.send("outage").unwrap();
    server = tokio::task::spawn_blocking(move || {
        server.kill();
        std::thread::sleep(std::time::Duration::from_millis(300));
        server.restart();
        server
    })
    .await
    .unwrap();
    phase.send("after").unwrap();
    Memcached::ping(&cache).await.unwrap();
    pause().await;
    phase.send("end").unwrap();

    let mut during = 0;
    for user in users {
        let (done, errors) = user.await.unwrap();
        assert!(done > 10, "{done}");
        during += errors.iter().filter(|(phase, _)| *phase == "outage").count();
        let outside: Vec<_> = errors.iter().filter(|(phase, _)| *phase == "after").collect();
        assert!(outside.is_empty(), "{outside:?}");
    }
    assert!(during > 0, "the outage was noticed");
    drop(server);
}

/// However many connections lay about: the first that fails puts the others to the test.
#[tokio::test]
async fn a_short_outage_is_one_error() {
    let mut server = servers::Memcached::start();
    let url = format!("memcached://localhost:{}?max_connections=4", server.port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let cache = services.connect_cache().await.unwrap();
    // All four of them, at the same time.
    let long = vec![b'x'; 1 << 19];
    let users: Vec<_> = (0..4)
        .map(|_| {
            let (cache, long) = (cache.clone(), long.clone());
            tokio::spawn(async move { cache.set("word", long, None).await })
        })
        .collect();
    for user in users {
        user.await.unwrap().unwrap();
    }
    server.restart();
    let mut failed = 0;
    for _ in 0..8 {
        failed += u32::from(cache.set("word", "x", None).await.is_err());
    }
    assert!(failed <= 1, "{failed} of 4 connections");
    Memcached::ping(&cache).await.unwrap();
}
