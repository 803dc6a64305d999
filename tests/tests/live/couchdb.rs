use std::path::Path;
use std::time::Duration;

use backing_services::adapters::couchdb::CouchDatabase;
use backing_services::{
    BackingServices, Connect as _, CouchDb, Environment, Handle, HandleBuilder,
};
use backing_services_conformance::{Reaches, Subject, Tls, in_process, trusted_file};
use backing_services_tests::servers::{self, FakeServer, Request, Response};
use couch_rs::error::CouchError;
use couch_rs::types::find::FindQuery;
use couch_rs::types::view::{CouchFunc, CouchViews};
use serde_json::{Value, json};

use crate::in_use::InUse;

pub(crate) struct OnPouchDb;

impl Subject for OnPouchDb {
    type Adapter = CouchDb;
    type Server = servers::CouchDb;

    const TRUSTS_THE_ENVIRONMENT: bool = true;

    fn start() -> servers::CouchDb {
        servers::CouchDb::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::CouchDb> {
        Some(servers::CouchDb::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if matches!(scheme, "couchdbs" | "https") { Reaches::Tls } else { Reaches::Plain }
    }

    fn tls_handle(scheme: &str, server: &servers::CouchDb, ca: &Path) -> HandleBuilder {
        std::fs::copy(ca, trusted_file().unwrap()).unwrap();
        Self::handle(scheme).host("localhost").port(server.tls_port())
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username("shopkeeper").password("p@ss:w/rd#1?%").name("shop")
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Self::handle("couchdb").password("wr0ng");
        Some((builder, "authentication failed: the server answered 401 Unauthorized"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &CouchDatabase) -> Result<(), String> {
        let mut document = json!({ "title": "Dune" });
        let created = client.create(&mut document).await.map_err(|error| error.to_string())?;
        let read = client.get_raw(&created.id).await.map_err(|error| error.to_string())?;
        if read["title"] == "Dune" { Ok(()) } else { Err(read.to_string()) }
    }
}

backing_services_conformance::suite!(OnPouchDb);

#[derive(BackingServices)]
struct Services {
    db: CouchDb,
}

async fn connect(url: &str) -> Result<CouchDatabase, String> {
    let services = Services::load(&Environment::from_pairs([("DB_URL", url)]))
        .map_err(|error| error.to_string())?;
    services.connect_db().await.map_err(|error| error.failures()[0].cause().to_owned())
}

fn url(server: &servers::CouchDb, path: &str) -> String {
    let user = "shopkeeper:p%40ss%3Aw%2Frd%231%3F%25";
    format!("couchdb://{user}@localhost:{}/{path}", server.port())
}

#[tokio::test]
async fn documents_revisions_and_conflicts() {
    let server = servers::CouchDb::start();
    let db = connect(&url(&server, "shop")).await.unwrap();

    let mut book = json!({ "_id": "dune", "price": 12 });
    let first = db.create(&mut book).await.unwrap();
    let version = CouchDb::version(&db).await.unwrap();
    assert!(version.split('.').all(|number| number.parse::<u32>().is_ok()), "{version}");
    assert!(first.rev.starts_with("1-") && book["_rev"] == first.rev.as_str());

    let mut stale = book.clone();
    book["price"] = json!(10);
    assert!(db.save(&mut book).await.unwrap().rev.starts_with("2-"));
    let read: Value = db.get("dune").await.unwrap();
    assert_eq!(read, book);

    stale["price"] = json!(99);
    let conflict = db.save(&mut stale).await.unwrap_err();
    assert_eq!(conflict.status().unwrap().as_u16(), 409, "{conflict}");
    let read: Value = db.get("dune").await.unwrap();
    assert_eq!(read["price"], 10, "the stale revision won");

    db.remove(&book).await.unwrap();
    assert!(db.get_raw("dune").await.is_err_and(|error: CouchError| error.is_not_found()));
}

#[tokio::test]
async fn queries_and_views() {
    let server = servers::CouchDb::start();
    let db = connect(&url(&server, "shop")).await.unwrap();
    let mut books: Vec<Value> =
        (1..=20).map(|price| json!({ "_id": format!("b{price:02}"), "price": price })).collect();
    db.bulk_docs(&mut books).await.unwrap();

    let cheap = FindQuery::new(json!({ "price": { "$lt": 4 } }));
    let mut found: Vec<String> = db
        .find_raw(&cheap)
        .await
        .unwrap()
        .rows
        .iter()
        .map(|book| book["_id"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, ["b01", "b02", "b03"]);

    let by_price = CouchFunc::new("function (doc) { emit(doc.price, null); }", None);
    db.create_view("books", CouchViews::new("by_price", by_price)).await.unwrap();
    let rows = db.query_raw("books", "by_price", None).await.unwrap().rows;
    let prices: Vec<i64> = rows.iter().map(|row| row.key.as_i64().unwrap()).collect();
    assert_eq!(prices, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_database_is_not_made_unless_the_handle_says_so() {
    let server = servers::CouchDb::start();
    for _ in 0..2 {
        let cause = connect(&url(&server, "archive")).await.unwrap_err();
        assert_eq!(cause, "there is no such database");
    }
    for _ in 0..2 {
        let db = connect(&url(&server, "archive?create=true")).await.unwrap();
        OnPouchDb::use_it(&db).await.unwrap();
    }
    let db = connect(&url(&server, "archive")).await.unwrap();
    assert_eq!(db.get_all_raw().await.unwrap().rows.len(), 2);

    let db = connect(&url(&server, "with_all%2Fof+it-%28x%29?create=true")).await.unwrap();
    OnPouchDb::use_it(&db).await.unwrap();

    let wrong = url(&server, "other?create=true").replace("%25", "0");
    assert!(connect(&wrong).await.unwrap_err().starts_with("authentication failed"));
}

#[tokio::test]
async fn another_server_is_not_taken_for_a_database() {
    let page = |_: &Request| Response::new("<html>".into());
    let server = FakeServer::start(page);
    let cause = connect(&format!("http://localhost:{}/shop", server.port())).await.unwrap_err();
    assert_eq!(cause, "its answer is not that of a CouchDB");
}

#[tokio::test]
async fn a_redirect_takes_no_credential_along() {
    let other = FakeServer::start(|_| Response::new(r#"{"db_name":"shop"}"#.into()));
    let elsewhere = format!("http://localhost:{}/shop", other.port());
    let server = FakeServer::start(move |_| {
        let redirect = http::Response::builder().status(307).header("Location", &elsewhere);
        redirect.body("".into()).unwrap()
    });
    let url = format!("http://ada:secret@localhost:{}/shop", server.port());
    connect(&url).await.unwrap();
    let sent = server.requests();
    assert_eq!(sent[0].headers()["authorization"], "Basic YWRhOnNlY3JldA==");
    let taken = other.requests();
    assert!(!taken.is_empty());
    assert!(taken.iter().all(|request| !request.headers().contains_key("authorization")));
}

#[tokio::test]
async fn a_proxy_gets_nothing_that_is_for_this_machine() {
    let name = concat!(module_path!(), "::a_proxy_gets_nothing_that_is_for_this_machine");
    let server = FakeServer::start(|_| Response::new(r#"{"db_name":"shop"}"#.into()));
    let proxy = format!("http://localhost:{}", server.port());
    if in_process(name, &[("HTTP_PROXY", &proxy), ("http_proxy", &proxy)]) {
        assert!(server.requests().is_empty(), "the proxy was asked");
        return;
    }
    let cause = connect("couchdb://ada:secret@localhost/shop").await.unwrap_err();
    assert_eq!(cause, "the proxy of the environment would get what is for this machine");
}

/// What the server acknowledged is there after it was killed and started again, and nobody restarts
/// the app.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_use() {
    let mut server = servers::CouchDb::start();
    let db = connect(&url(&server, "shop?timeout=5s")).await.unwrap();
    let writer = db.clone();
    let writing = InUse::start(move |name| {
        let db = writer.clone();
        async move {
            let mut document = json!({ "_id": name });
            db.save(&mut document).await.map_err(|error| error.to_string())
        }
    });
    for _ in 0..2 {
        writing.goes_on(50).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart();
    }
    writing.goes_on(50).await;
    let saved = writing.end().await;
    server.restart();
    for details in saved {
        let found = db.get_raw(&details.id).await.unwrap_or_else(|error| panic!("lost: {error}"));
        assert_eq!(found["_rev"], details.rev.as_str());
    }
}
