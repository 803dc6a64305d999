use backing_services::{CouchDb, Handle, HandleBuilder, MySql, Postgres, Sql, Sqlite};
use backing_services_tests::servers::{self, MariaDb, PostgreSql};
use serde_json::json;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, MySqlPool, PgPool, SqlitePool};

use crate::{compare, connect, handle};

/// A statement with a parameter, prepared at the first call.
macro_rules! query {
    ($pool:expr, $statement:literal) => {
        async || {
            let row = sqlx::query_scalar::<_, i64>($statement).bind(42_i64).fetch_one(&$pool);
            assert_eq!(row.await.expect("a row"), 42);
        }
    };
}

pub(crate) async fn mysql() {
    let server = MariaDb::start();
    let handle = maria_db(&server);
    let ours = connect::<MySql>(&handle).await;
    let bare = MySqlPool::connect(handle.expose_url()).await.expect("a pool");
    compare("a prepared query", query!(ours, "SELECT ?"), query!(bare, "SELECT ?")).await;
}

pub(crate) async fn postgres() {
    let server = PostgreSql::start();
    let handle = handle("postgres", server.port(), |builder| {
        builder.username(server.user()).password(server.password()).name(server.database())
    });
    let ours = connect::<Postgres>(&handle).await;
    let bare = PgPool::connect(handle.expose_url()).await.expect("a pool");
    compare("a prepared query", query!(ours, "SELECT $1"), query!(bare, "SELECT $1")).await;
}

pub(crate) async fn sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bench.db");
    let path = path.to_str().expect("a path in UTF-8");
    let handle = Handle::builder("sqlite").path(path).param("mode", "rwc").build();
    let handle = handle.expect("a handle");
    let ours = connect::<Sqlite>(&handle).await;
    let bare = SqlitePool::connect(handle.expose_url()).await.expect("a pool");
    compare("a prepared query", query!(ours, "SELECT ?"), query!(bare, "SELECT ?")).await;
}

pub(crate) async fn sql() {
    let server = MariaDb::start();
    let handle = maria_db(&server);
    let ours = connect::<Sql>(&handle).await;
    install_default_drivers();
    let bare = AnyPool::connect(handle.expose_url()).await.expect("a pool");
    let what = "a prepared query, MariaDB";
    compare(what, query!(ours, "SELECT ?"), query!(bare, "SELECT ?")).await;
}

pub(crate) async fn couchdb() {
    let server = servers::CouchDb::start();
    let (user, password) = (server.user(), server.password());
    let login = |builder: HandleBuilder| builder.username(user).password(password);
    let handle = handle("couchdb", server.port(), |to| login(to).name(server.database()));
    let ours = connect::<CouchDb>(&handle).await;
    let origin = format!("http://127.0.0.1:{}", server.port());
    let bare = couch_rs::Client::new(&origin, user, password).expect("a client");
    let bare = bare.db(server.database()).await.expect("a database");
    bare.create(&mut json!({ "_id": "dune", "price": 12 })).await.expect("a document");
    compare(
        "get of a document, PouchDB",
        async || assert_eq!(ours.get_raw("dune").await.expect("a document")["price"], 12),
        async || assert_eq!(bare.get_raw("dune").await.expect("a document")["price"], 12),
    )
    .await;
}

fn maria_db(server: &MariaDb) -> Handle {
    handle("mysql", server.port(), |builder| {
        builder.username(server.user()).password(server.password()).name(server.database())
    })
}
