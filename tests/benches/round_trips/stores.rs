use async_memcached::AsciiProtocol as _;
use backing_services::{Memcached, Redis};
use backing_services_tests::servers;
use redis::AsyncCommands as _;

use crate::{compare, connect, handle};

const WORD: &str = "grüße 🦀";

pub(crate) async fn redis() {
    let server = servers::Redis::start();
    let handle = handle("redis", server.port(), |builder| {
        builder.username(servers::Redis::user()).password(servers::Redis::password()).name("2")
    });
    let ours = connect::<Redis>(&handle).await;
    let bare = redis::Client::open(handle.expose_url()).expect("a client");
    let bare = bare.get_connection_manager().await.expect("a connection");
    let () = bare.clone().set("word", WORD).await.expect("set");
    let get = async |client: &redis::aio::ConnectionManager| {
        // As an app with many tasks does.
        let word: String = client.clone().get("word").await.expect("get");
        assert_eq!(word, WORD);
    };
    compare("`GET`", async || get(&ours).await, async || get(&bare).await).await;
}

pub(crate) async fn memcached() {
    let server = servers::Memcached::start();
    let ours = connect::<Memcached>(&handle("memcached", server.port(), |builder| builder)).await;
    let url = format!("tcp://127.0.0.1:{}", server.port());
    let mut bare = async_memcached::Client::new(url).await.expect("a connection");
    bare.set("word", WORD, None, None).await.expect("set");
    let assert_found = |word: Option<Vec<u8>>| assert_eq!(word.as_deref(), Some(WORD.as_bytes()));
    compare(
        "`get`",
        async || assert_found(ours.get("word").await.expect("get")),
        async || {
            let word = bare.get("word").await.expect("get");
            assert_found(word.and_then(|value| value.data));
        },
    )
    .await;
}
