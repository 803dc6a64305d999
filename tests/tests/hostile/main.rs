//! Servers that know the protocol and mean harm: at each step of it they lie about lengths, nest,
//! flood, drip, fall silent or hang up. What connecting costs then is bounded.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod databases;
mod http;
mod mail;
mod queues;
mod stores;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backing_services::{
    BackingServices, Beanstalkd, CouchDb, Environment, HttpApi, Memcached, MySql, Nats, Otlp,
    Postgres, RabbitMq, Redis, Smtp,
};
use backing_services_conformance::Limit;
use backing_services_conformance::hostile::{
    Case, attack_all, drip, flood, garbage, hold, measure, victim,
};

#[derive(BackingServices)]
struct Services {
    beanstalkd: Option<Beanstalkd>,
    couchdb: Option<CouchDb>,
    http_api: Option<HttpApi>,
    memcached: Option<Memcached>,
    mysql: Option<MySql>,
    nats: Option<Nats>,
    otlp: Option<Otlp>,
    postgres: Option<Postgres>,
    rabbitmq: Option<RabbitMq>,
    redis: Option<Redis>,
    smtp: Option<Smtp>,
}

/// What a driver cannot hold: each of these cases fails so.
fn limits(
    driver: &'static str,
    upstream: &'static str,
    seen: &'static str,
    cases: &[&'static str],
) -> Vec<Limit> {
    cases.iter().map(|test| Limit { test, driver, upstream, seen }).collect()
}

/// One turn of a protocol: what the server waits for and what it answers.
struct Step {
    name: &'static str,
    /// Whether the client speaks first.
    hears: bool,
    answer: Vec<u8>,
    lies: Vec<(&'static str, Lie)>,
}

enum Lie {
    Once(Vec<u8>),
    Flood(Vec<u8>),
    /// The first once, then the second without an end.
    Then(Vec<u8>, Vec<u8>),
}

use Lie::{Flood, Once, Then};

fn step(
    name: &'static str,
    hears: bool,
    answer: impl Into<Vec<u8>>,
    lies: Vec<(&'static str, Lie)>,
) -> Step {
    Step { name, hears, answer: answer.into(), lies }
}

/// Walks the protocol: each mischief at each step, after honest answers to all before it.
fn walk(test: &str, url: &'static str, steps: Vec<Step>, limits: &[Limit]) {
    if let Some(victim) = victim() {
        let (variable, url) = victim.split_once(' ').unwrap();
        let services = Services::load(&Environment::from_pairs([(variable, url)])).unwrap();
        return measure(Duration::from_millis(500), services.connect());
    }
    let steps: Arc<[Step]> = steps.into();
    let mut cases = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let mut case = |name: &str, what: fn(TcpStream, &[u8])| {
            let steps = Arc::clone(&steps);
            cases.push(Case::new(format!("{}/{name}", step.name), move |stream| {
                if let Some(stream) = reach(stream, &steps[..=at]) {
                    what(stream, &steps[at].answer);
                }
            }));
        };
        case("silence", |stream, _| hold(stream));
        case("hang up", |stream, _| drop(stream));
        case("garbage", |stream, _| say(stream, &garbage(512)));
        case("an answer and garbage", |stream, answer| {
            say(stream, &[answer, &garbage(512)].concat());
        });
        case("a drip", |stream, answer| {
            drip(stream, if answer.is_empty() { b"1" } else { answer });
        });
        case("half an answer", |stream, answer| say(stream, &answer[..answer.len() / 2]));
        case("the answer for ever", |stream, answer| {
            flood(stream, if answer.is_empty() { b"\r\n" } else { answer });
        });
        for lie in 0..step.lies.len() {
            let steps = Arc::clone(&steps);
            let name = format!("{}/{}", step.name, step.lies[lie].0);
            cases.push(Case::new(name, move |stream| {
                let Some(mut stream) = reach(stream, &steps[..=at]) else { return };
                match &steps[at].lies[lie].1 {
                    Once(bytes) => say(stream, bytes),
                    Flood(unit) => flood(stream, unit),
                    Then(bytes, unit) => {
                        if stream.write_all(bytes).is_ok() {
                            flood(stream, unit);
                        }
                    }
                }
            }));
        }
    }
    for limit in limits {
        let is_there = cases.iter().any(|case| case.name() == limit.test);
        assert!(is_there, "a limit of no case: {}", limit.test);
        assert_is_told(url, limit);
    }
    let url = |port: u16| url.replace("PORT", &port.to_string());
    attack_all(test, &url, limits, cases);
}

/// The page of the adapter names what its driver cannot hold, and the version that was tested.
fn assert_is_told(url: &str, limit: &Limit) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let name = url.split_once("_URL ").unwrap().0.to_lowercase();
    let page = ["", "/mod"].map(|file| root.join(format!("core/src/adapters/{name}{file}.rs")));
    let page = page.iter().find_map(|page| fs::read_to_string(page).ok()).unwrap();
    let (driver, version) = limit.driver.split_once(' ').unwrap();
    let chapter = page.split_once("//! # A hostile server\n").unwrap_or_default().1;
    let chapter = chapter.split("//! # ").next().unwrap();
    let told = format!("`{driver}` {version}");
    assert!(chapter.contains(&told), "`A hostile server` of the page `{name}` lacks {told}");
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let package = format!("name = \"{driver}\"\nversion = \"{version}\"\n");
    assert!(lock.contains(&package), "Cargo.lock has another version than {driver} {version}");
}

/// Answers honestly up to the last of these steps, and hears that one.
fn reach(mut stream: TcpStream, steps: &[Step]) -> Option<TcpStream> {
    let mut heard = vec![0; 64 * 1024];
    for (at, step) in steps.iter().enumerate() {
        if step.hears && stream.read(&mut heard).ok()? == 0 {
            return None;
        }
        if at + 1 < steps.len() {
            stream.write_all(&step.answer).ok()?;
        }
    }
    Some(stream)
}

fn say(mut stream: TcpStream, bytes: &[u8]) {
    if stream.write_all(bytes).is_ok() {
        hold(stream);
    }
}

/// The test's name, with which it runs itself again.
macro_rules! name {
    ($name:ident) => {
        concat!(module_path!(), "::", stringify!($name))
    };
}
use name;
