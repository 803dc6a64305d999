//! One example a group of adapters, compiled, on servers of the harness: what it says, and what it
//! leaves there.

use std::process::Command;
use std::time::Duration;

use backing_services::{Beanstalkd, Connect as _, CouchDb, Handle, Nats, RabbitMq, Redis};
use backing_services_conformance::Subject;
use backing_services_tests::servers::{self, FakeServer, PostgreSql, S3Server};
use futures_util::StreamExt as _;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel};
use redis::AsyncCommands as _;
use serde_json::Value;
use tokio::time::timeout;

use crate::beanstalkd::OnBeanstalkd;
use crate::couchdb::OnPouchDb;
use crate::example::{command, stdout, url};
use crate::http_api::{answer, connect, header};
use crate::loggly::{self, OnLoggly};
use crate::nats::OnNats;
use crate::newrelic::{self, OnNewRelic};
use crate::postgres::OnPostgreSql;
use crate::rabbitmq::OnRabbitMq;
use crate::redis::OnRedis;
use crate::{googlemaps, http_api, lastfm, postmark, s3, twitter};

fn says(command: &mut Command) -> String {
    stdout(&command.output().unwrap())
}

#[test]
fn with_nothing_set_each_tells_what_is_detached() {
    let folder = tempfile::tempdir().unwrap();
    for (name, last) in [
        ("datastores", "no catalogue is attached"),
        ("queues", "no stock is attached"),
        ("mail", "Postmark is detached: 3 messages are not sent"),
        ("blobs", "minute 3 of the film begins with [3, 3, 3, 3]"),
        ("telemetry", "sold item=\"an analytical engine\""),
        ("apis", "Last.fm is detached"),
    ] {
        let said = says(command(name).current_dir(&folder));
        assert!(said.trim_end().ends_with(last), "{name}: {said}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "they leave no files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datastores() {
    let (db, cache, catalogue) =
        (PostgreSql::start(), servers::Redis::start(), servers::CouchDb::start());
    let cache_url = url::<OnRedis>("redis", &cache);
    let catalogue_url = url::<OnPouchDb>("couchdb", &catalogue);
    let mut example = command("datastores");
    example.env("DATABASE_URL", url::<OnPostgreSql>("postgres", &db));
    example.env("CACHE_URL", &cache_url).env("CATALOGUE_URL", &catalogue_url);
    let said = says(&mut example);
    assert_eq!(
        said,
        "the price is 42, says the database\n\
         the price is 42, says the cache\n\
         the catalogue has \"an analytical engine\"\n"
    );
    assert_eq!(db.sql("SELECT product, price FROM prices"), "1843\t42\n");
    let mut cache = connect::<Redis>(&cache_url).await;
    let (price, rest): (i64, i64) =
        (cache.get("price:1843").await.unwrap(), cache.ttl("price:1843").await.unwrap());
    assert!(price == 42 && (1..=60).contains(&rest), "{price} for {rest} s");
    let product: Value = connect::<CouchDb>(&catalogue_url).await.get("1843").await.unwrap();
    assert_eq!(product["name"], "an analytical engine");

    // Once more: all is there already.
    assert_eq!(says(&mut example), said.replace("database", "cache"));
}

async fn orders(channel: &Channel) -> u32 {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("orders".into(), passive, FieldTable::default()).await;
    queue.unwrap().message_count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues() {
    let (rabbit, beanstalk, nats) =
        (servers::RabbitMq::start(), servers::Beanstalkd::start(), servers::Nats::start());
    let rabbit_url = url::<OnRabbitMq>("amqp", &rabbit);
    let beanstalk_url = format!("{}/pictures", url::<OnBeanstalkd>("beanstalkd", &beanstalk));
    let nats_url = url::<OnNats>("nats", &nats);

    // An order and a picture that wait already: they come first.
    let connection = connect::<RabbitMq>(&rabbit_url).await;
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await.unwrap();
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let publish = channel.basic_publish("".into(), "orders".into(), options, b"a loom", properties);
    publish.await.unwrap();
    while orders(&channel).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pictures = connect::<Beanstalkd>(&beanstalk_url).await;
    pictures.put("loom.png").await.unwrap();
    let bus = connect::<Nats>(&nats_url).await;
    let mut overheard = bus.subscribe("stock.>").await.unwrap();
    bus.flush().await.unwrap();

    let mut example = command("queues");
    example.env("ORDERS_URL", &rabbit_url).env("PICTURES_URL", &beanstalk_url);
    let said = says(example.env("STOCK_URL", &nats_url));
    assert_eq!(said, "order: a loom\npicture: loom.png\nstock: 7\n");

    // What it sent waits, what it took is gone.
    let waiting = channel.basic_get("orders".into(), BasicGetOptions { no_ack: true }).await;
    let waiting = waiting.unwrap().expect("an order");
    assert_eq!(waiting.data, b"an analytical engine");
    assert_eq!(waiting.properties.delivery_mode(), &Some(2), "it is persistent");
    assert_eq!(waiting.message_count, 0);
    let job = pictures.consumer().reserve_timeout(Duration::ZERO).await.unwrap().expect("a job");
    assert_eq!(job.body(), b"engine.png");
    job.delete().await.unwrap();
    assert_eq!(pictures.stats_tube().await.unwrap().number("current-jobs-ready"), Some(0));
    let question = timeout(Duration::from_secs(20), overheard.next()).await.unwrap().unwrap();
    assert_eq!(
        (&*question.subject, &*question.payload),
        ("stock.count", &b"an analytical engine"[..])
    );
    RabbitMq::close(connection).await;
}

#[test]
fn mail() {
    let server = postmark::OnStandIn::start();
    let mut example = command("mail");
    example.env("POSTMARK_URL", url::<postmark::OnStandIn>("postmark", &server));
    assert_eq!(
        says(example.env("SENDER", "news@example.com")),
        "ada@example.com: sent\n\
         grace@example.com: sent\n\
         nobody@bounced.example: You tried to send to an inactive recipient. (406)\n"
    );
    let requests = server.requests();
    let sent: Vec<_> = requests.iter().filter(|request| request.method() == "POST").collect();
    let [batch] = sent[..] else { panic!("one call for all: {sent:?}") };
    assert_eq!(batch.uri().path(), "/email/batch");
    let messages: Vec<Value> = serde_json::from_slice(batch.body()).unwrap();
    let to: Vec<_> = messages.iter().map(|message| message["To"].as_str().unwrap()).collect();
    assert_eq!(to, ["ada@example.com", "grace@example.com", "nobody@bounced.example"]);
    assert!(messages.iter().all(|message| message["From"] == "news@example.com"), "{messages:?}");
}

/// `swaps` shows where the objects go; here the link is followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs() {
    let server = S3Server::start();
    let handle = s3::at(s3::handle(S3Server::secret()), "localhost", Some(server.port()));
    let handle = handle.build().unwrap();
    let mut example = command("blobs");
    example.env("UPLOADS_URL", handle.expose_url());
    let said = says(example.env("DOWNLOADS_URL", handle.expose_url()));
    let link = said.trim_end().rsplit_once("for ten minutes: ").unwrap().1;
    assert_eq!(reqwest::get(link).await.unwrap().text().await.unwrap(), "EUR 12");
    let other = reqwest::get(link.replace("7.txt", "8.txt")).await.unwrap();
    assert_eq!(other.status(), 403, "it gives one object");
}

#[test]
fn telemetry() {
    let (new_relic, logs) = (OnNewRelic::start(), OnLoggly::start());
    let mut example = command("telemetry");
    example.env("NEW_RELIC_URL", url::<OnNewRelic>("newrelic", &new_relic));
    let said = says(example.env("LOGS_URL", url::<OnLoggly>("loggly", &logs)));
    assert!(said.contains("sold"), "{said}");
    assert!(
        said.ends_with("New Relic has everything\nLoggly has everything but 0 events\n"),
        "{said}"
    );

    assert_eq!(newrelic::spans(&new_relic), ["sell"]);
    assert_eq!(newrelic::sums(&new_relic), [("orders".to_owned(), 1)]);
    let events = loggly::events(&logs);
    let [sold] = &events[..] else { panic!("one event: {events:?}") };
    assert_eq!((&sold["message"], &sold["level"]), (&"sold".into(), &"INFO".into()));
    assert_eq!(sold["fields"]["item"], "an analytical engine");
    assert_eq!(sold["spans"][0]["fields"]["path"], "/buy");
}

#[test]
fn apis() {
    let github = FakeServer::start(|request| match request.uri().path() {
        _ if header(request, "authorization") != Some(&format!("Bearer {}", http_api::TOKEN)) => {
            answer(401, r#"{"message":"Bad credentials"}"#)
        }
        "/repos/rust-lang/rust" => answer(200, r#"{"stargazers_count":111384}"#),
        "/rate_limit" => answer(200, "{}"),
        _ => answer(404, r#"{"message":"Not Found"}"#),
    });
    let (twitter, maps, lastfm) =
        (twitter::OnStandIn::start(), googlemaps::OnStandIn::start(), lastfm::OnStandIn::start());
    let handle = Handle::builder("http").password(http_api::TOKEN).host("localhost");
    let handle = handle.port(github.port()).param("ping", "rate_limit").build().unwrap();
    let mut example = command("apis");
    example
        .env("GITHUB_URL", handle.expose_url())
        .env("TWITTER_URL", url::<twitter::OnStandIn>("http", &twitter))
        .env("MAPS_URL", url::<googlemaps::OnStandIn>("http", &maps))
        .env("LASTFM_URL", url::<lastfm::OnStandIn>("http", &lastfm));
    assert_eq!(
        says(&mut example),
        "GitHub: 111384 stars\n\
         Twitter: \"grüße\"\n\
         Google Maps: \"Straße 1\"\n\
         Last.fm: \"Sigur Rós\"\n"
    );
    for server in [&github, &twitter, &maps, &lastfm] {
        assert_eq!(server.requests().len(), 2, "a ping and a call");
    }
}
