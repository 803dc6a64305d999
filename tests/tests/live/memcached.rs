use async_memcached::AsciiProtocol;
use backing_services::adapters::memcached::MemcachedPool;
use backing_services::{Adapter, BackingServices, Environment, Handle, HandleBuilder, Memcached};
use backing_services_tests::servers;

use crate::conformance::Subject;

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

conformance!(OnMemcached);

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
