use async_memcached::AsciiProtocol;
use backing_services::adapters::memcached::MemcachedPool;
use backing_services::{
    BackingServices, Connect as _, Environment, Handle, HandleBuilder, Memcached,
};
use backing_services_conformance::Subject;
use backing_services_tests::servers;

struct OnMemcached;

impl Subject for OnMemcached {
    type Adapter = Memcached;
    type Server = servers::Memcached;

    fn start() -> servers::Memcached {
        servers::Memcached::start()
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        None
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &MemcachedPool) -> Result<(), String> {
        let mut server = client.for_key("word").await.map_err(|error| error.to_string())?;
        server.set("word", "grüße 🦀", None, None).await.map_err(|error| error.to_string())?;
        let read = server.get("word").await.map_err(|error| error.to_string())?;
        match read.and_then(|value| value.data) {
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

#[tokio::test]
async fn several_servers() {
    let mut servers = [servers::Memcached::start(), servers::Memcached::start()];
    let url =
        format!("memcached://localhost:{},127.0.0.1:{}", servers[0].port(), servers[1].port());
    let services = Services::load(&Environment::from_pairs([("CACHE_URL", url)])).unwrap();
    let cache = services.connect_cache().await.unwrap();

    for key in 0..100 {
        let key = format!("key-{key}");
        cache.for_key(&key).await.unwrap().set(&key, "x", None, None).await.unwrap();
        assert!(cache.for_key(&key).await.unwrap().get(&key).await.unwrap().is_some());
    }
    let mut items = Vec::new();
    for mut server in cache.all().await.unwrap() {
        items.push(server.stats().await.unwrap()["curr_items"].parse::<u32>().unwrap());
    }
    assert_eq!(items.iter().sum::<u32>(), 100);
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
            tokio::spawn(async move { OnMemcached::use_it(&cache).await })
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
                    let used = async {
                        let mut client = cache.for_key(&key).await.map_err(|e| e.to_string())?;
                        let set = client.set(&key, "x", None, None).await;
                        set.map_err(|error| error.to_string())
                    };
                    match used.await {
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
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(cache.for_key("word").await.unwrap());
    }
    drop(taken);
    server.restart();
    let mut failed = 0;
    for _ in 0..8 {
        let mut client = cache.for_key("word").await.unwrap();
        failed += u32::from(client.set("word", "x", None, None).await.is_err());
    }
    assert!(failed <= 1, "{failed} of 4 connections");
    Memcached::ping(&cache).await.unwrap();
}
