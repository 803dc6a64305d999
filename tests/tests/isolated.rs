//! Tests of an app whose services are its own. With nothing set they run on SQLite and memory; the
//! live tests run this very binary on servers, by variables alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use backing_services::adapters::sql::placeholders;
use backing_services::testing::Isolated;
use backing_services::{BackingServices, Blobs, Mail, Sql};
use lettre::{AsyncTransport as _, Message};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite:never-made.db")]
    db: Sql,
    mail: Mail,
    #[service(default = "s3://invoices")]
    invoices: Blobs,
    #[setting(default = "0")]
    port: u16,
}

/// The app's tables. A second run fails, so that each test shows how often they were made.
async fn create_tables(clients: &ServicesClients) -> Result<(), sqlx::Error> {
    sqlx::query("CREATE TABLE orders (item VARCHAR(80) PRIMARY KEY)").execute(&clients.db).await?;
    Ok(())
}

async fn place_order(clients: &ServicesClients, item: &str) {
    let insert = placeholders(&clients.db, "INSERT INTO orders VALUES (?)");
    sqlx::query(insert).bind(item.to_owned()).execute(&clients.db).await.unwrap();
    let receipt = Message::builder()
        .from("shop@example.com".parse().unwrap())
        .to("ada@example.com".parse().unwrap())
        .body(format!("Thank you for {item}."))
        .unwrap();
    clients.mail.send(receipt).await.unwrap();
    clients.invoices.put(&Path::from("invoice"), item.to_owned().into()).await.unwrap();
}

async fn orders(clients: &ServicesClients) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&clients.db).await.unwrap()
}

/// The same order in each test, under the same names; nobody sees another's.
async fn order_alone(services: &Isolated<Services>) {
    let clients = services.clients();
    assert_eq!(orders(clients).await, 0);
    place_order(clients, "tea").await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(orders(clients).await, 1);
    let sent = clients.mail.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].text().contains("Thank you for tea."));
    let invoice = clients.invoices.get(&Path::from("invoice")).await.unwrap();
    assert_eq!(invoice.bytes().await.unwrap(), "tea");
}

macro_rules! twenty {
    ($($name:ident)*) => {$(
        #[backing_services::test(migrate = create_tables)]
        async fn $name(services: Isolated<Services>) {
            order_alone(&services).await;
        }
    )*};
}

twenty! {
    order_01 order_02 order_03 order_04 order_05 order_06 order_07 order_08 order_09 order_10
    order_11 order_12 order_13 order_14 order_15 order_16 order_17 order_18 order_19 order_20
}

#[backing_services::test(migrate = create_tables, set("PORT" = "8081"), worker_threads = 2)]
async fn it_may_return_a_result(services: Isolated<Services>) -> Result<(), sqlx::Error> {
    assert_eq!(services.services().port, 8081);
    let clients = services.clients().clone();
    let one = tokio::spawn(async move {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders").fetch_one(&clients.db).await
    });
    assert_eq!(one.await.unwrap()?, 0);
    Ok(())
}

#[backing_services::test(migrate = create_tables)]
#[should_panic = "as it should"]
async fn it_may_panic(services: Isolated<Services>) {
    place_order(services.clients(), "tea").await;
    panic!("as it should");
}

#[derive(BackingServices)]
struct Audit {
    #[service(env = "AUDIT_URL", default = "sqlite::memory:")]
    db: Sql,
}

/// Without migrations a database is empty.
#[backing_services::test]
async fn it_may_take_several(shop: Isolated<Services>, audit: Isolated<Audit>) {
    let all = sqlx::query("SELECT * FROM orders").execute(&shop.clients().db).await;
    assert!(all.is_err());
    sqlx::query("CREATE TABLE orders (item INTEGER)").execute(&audit.clients().db).await.unwrap();
    assert!(shop.name().starts_with("backing_test_"));
}

/// Fails where the live tests ask for it.
#[backing_services::test(migrate = create_tables)]
async fn it_fails_if_asked_to(services: Isolated<Services>) {
    place_order(services.clients(), "coffee").await;
    #[expect(clippy::disallowed_methods, reason = "a switch of this test")]
    let is_asked = std::env::var_os("FAIL").is_some();
    assert!(!is_asked, "as it was asked to");
}

/// What the test `order_01` of this very program says in another environment.
fn report(variable: &str, value: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(program);
    let output = command.args(["--exact", "order_01"]).env(variable, value).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("ada"), "{text}");
    text
}

#[test]
fn a_relay_cannot_be_isolated() {
    let text = report("MAIL_URL", "smtp://ada:hunter2@localhost:2525");
    for part in [
        "1 of 3 resources of `Services` could not be isolated",
        "MAIL_URL: Services::mail, Mail at localhost:2525",
        "a relay keeps nothing apart for a test",
        "help: set it to `memory:`",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn another_machine_is_out_of_reach() {
    let text = report("DATABASE_URL", "mysql://ada:hunter2@db.example/shop");
    for part in ["1 problem in the environment of `Services`", "DATABASE_URL: Services::db"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_server_that_is_not_there_is_the_usual_report() {
    let text = report("DATABASE_URL", "postgres://ada:hunter2@localhost:1/shop");
    for part in ["could not be isolated", "SQL at localhost:1", "connection refused"] {
        assert!(text.contains(part), "{text}");
    }
}

/// Where nothing is in scope, every lint is an error and the crate has another name.
mod hostile {
    #![no_implicit_prelude]
    #![deny(warnings, missing_docs, clippy::pedantic)]

    use ::backing_services as attached;
    use attached::testing::Isolated;

    /// One database.
    #[derive(attached::BackingServices)]
    #[services(crate = "attached")]
    struct Services {
        /// In memory.
        #[service(default = "sqlite::memory:")]
        db: attached::Sql,
    }

    #[attached::test(crate = "attached")]
    async fn r#match(services: Isolated<Services>) {
        ::std::assert!(!services.clients().db.is_closed());
    }

    #[attached::test(crate = "attached", multi_thread)]
    async fn with_a_pattern(mut services: Isolated<Services>) -> ::std::result::Result<(), u8> {
        let one = &mut services;
        if one.clients().db.is_closed() {
            return ::std::result::Result::Err(1);
        }
        ::std::result::Result::Ok(())
    }
}
