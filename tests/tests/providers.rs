//! Handles as providers, tools and images write them: each attaches with its meaning, or is refused
//! with what to write instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use backing_services::__private::compare_with_record;
use backing_services::{BackingServices, Environment, LoadError};

const DATA: &str = include_str!("../data/providers.tsv");

/// What a report has to say of a handle that is refused: the words of the file, and what must stand
/// in the problem's message or help.
const SAID: &[(&str, &[&str])] = &[
    ("write postgresql://", &["postgresql://"]),
    ("write mysql://", &["mysql://"]),
    (
        "a JDBC address; write it without jdbc: and with the user before the host",
        &["jdbc:", "user"],
    ),
    ("stands in quotes", &["quote"]),
    ("would not verify; leave it out", &["ssl_cert_reqs"]),
    (
        "unencrypted; rediss://, or tls=none, or the variable beside it",
        &["rediss://", "tls=none", "X_TLS"],
    ),
    (
        "unencrypted; amqps://, or tls=none, or the variable beside it",
        &["amqps://", "tls=none", "X_TLS"],
    ),
    ("unencrypted; tls=none is the word", &["tls=none"]),
    ("a number is no host", &["number"]),
    ("default is no host", &["host"]),
];

/// What must be said of a handle that may attach or not, where it does not.
const OR_SAID: &[(&str, &[&str])] =
    &[("says what to use", &["redis://"]), ("says which feature", &["feature"])];

/// Meanings that `Debug` of the adapter shows: adapter, the words of the file, what it shows.
const SHOWN: &[(&str, &str, &[&str])] = &[
    ("postgres", "the socket", &["Postgres(", "socket"]),
    ("postgres", "the one that takes writes", &["h1", "h2"]),
    ("sqlite", "app.db beside the app", &["Sqlite(sqlite:", "app.db"]),
    ("sqlite", "a.db", &["Sqlite(sqlite:a.db"]),
    ("sqlite", "in memory", &[":memory:"]),
    ("redis", "the socket", &["Redis(", "socket"]),
    ("redis", "database 2, that name", &["localhost:123", "/2"]),
    ("rabbitmq", "two brokers", &["a.example", "b.example"]),
    ("nats", "two servers", &["127.0.0.1:4222", "127.0.0.1:5222"]),
    ("couchdb", "port 443", &["account.cloudantnosqldb.appdomain.cloud:443", "/shop"]),
    ("mail", "TLS from the first byte", &["smtp.example.com:465"]),
    ("blobs", "memory", &["memory:"]),
];

/// Meanings that only a driver's options hold. The unit tests of the adapter, in the module of this
/// name, look into those with the handle of the file.
const IN_UNIT_TESTS: &[(&str, &str)] = &[
    ("verified TLS (verify-full)", "adapters::postgres::tests"),
    ("no named prepared statements", "adapters::postgres::tests"),
    ("unencrypted, as said", "adapters::postgres::tests"),
    ("with the option", "adapters::postgres::tests"),
    ("public authorities", "adapters::postgres::tests"),
    ("TLS required", "adapters::postgres::tests"),
    ("the one that takes writes", "adapters::postgres::tests"),
    ("search_path public", "adapters::postgres::tests"),
    ("5 connections, 10 s", "adapters::postgres::tests"),
    ("10 s", "adapters::postgres::tests"),
    ("5 s for a statement", "adapters::postgres::tests"),
    ("verified TLS", "adapters::mysql::tests"),
    ("TLS required", "adapters::mysql::tests"),
    ("TLS required, session in UTC", "adapters::mysql::tests"),
    ("database 2, that name", "adapters::redis::tests"),
    ("RESP3", "adapters::redis::tests"),
    ("that name is verified", "adapters::rabbitmq::tests"),
    ("EXTERNAL", "adapters::rabbitmq::tests"),
    ("no heartbeats", "adapters::rabbitmq::tests"),
    ("unencrypted, as said", "adapters::nats::tests"),
    ("TLS from the first byte", "adapters::mail::tests"),
    ("mail goes nowhere (also memory:)", "adapters::mail::tests"),
    ("unsigned requests", "adapters::blobs::tests"),
];

/// Loads the handle for a field of the adapter's type; the value is what `Debug` shows of it.
fn load(adapter: &str, handle: &str) -> Result<String, LoadError> {
    let environment = Environment::from_pairs([("X_URL", handle)]);
    macro_rules! one_of {
        ($($name:literal => $type:ident),* $(,)?) => {
            match adapter {
                $($name => {
                    #[derive(BackingServices)]
                    struct One {
                        #[service(env = "X_URL")]
                        it: backing_services::$type,
                    }
                    let loaded = One::load(&environment);
                    compare_with_record(&environment, &loaded).unwrap();
                    loaded.map(|one| format!("{:?}", one.it))
                })*
                _ => panic!("no type for {adapter}"),
            }
        };
    }
    one_of! {
        "postgres" => Postgres,
        "mysql" => MySql,
        "sqlite" => Sqlite,
        "redis" => Redis,
        "rabbitmq" => RabbitMq,
        "nats" => Nats,
        "couchdb" => CouchDb,
        "mail" => Mail,
        "blobs" => Blobs,
        "postmark" => Postmark,
    }
}

struct Line<'a> {
    adapter: &'a str,
    handle: &'a str,
    must: &'a str,
}

fn lines() -> Vec<Line<'static>> {
    let line = |text: &'static str| {
        let [adapter, handle, must] = text.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Line { adapter, handle, must }
    };
    DATA.lines().filter(|line| !line.starts_with('#')).skip(1).map(line).collect()
}

fn said(table: &[(&str, &'static [&'static str])], words: &str) -> &'static [&'static str] {
    table.iter().find(|(text, _)| *text == words).unwrap_or_else(|| panic!("no row: {words}")).1
}

/// Whether the report is one problem that says all of this.
fn check_report(report: &LoadError, said: &[&str]) -> Result<(), String> {
    let [problem] = report.problems() else { return Err(report.to_string()) };
    let text = format!("{} {}", problem.message(), problem.help());
    match said.iter().find(|words| !text.contains(*words)) {
        _ if problem.variable() != "X_URL" => Err(format!("names another variable: {report}")),
        Some(words) => Err(format!("does not say `{words}`: {report}")),
        None => Ok(()),
    }
}

/// Whether `Debug` shows the meaning, where it is one that `Debug` shows.
fn meaning(line: &Line<'_>, meant: &str, shown: &str) -> Result<(), String> {
    let mut rows =
        SHOWN.iter().filter(|(adapter, words, _)| *adapter == line.adapter && *words == meant);
    let missing = rows.next().and_then(|(.., parts)| parts.iter().find(|p| !shown.contains(**p)));
    missing.map_or(Ok(()), |part| Err(format!("`{part}` is not in `{shown}`")))
}

fn check(line: &Line<'_>) -> Result<(), String> {
    let loaded = load(line.adapter, line.handle);
    let (word, rest) = line.must.split_at(line.must.find([':', ',']).unwrap_or(line.must.len()));
    match (word, loaded) {
        ("attaches", Ok(shown)) => {
            meaning(line, rest.strip_prefix(": ").unwrap_or_default(), &shown)?;
            // The password of every handle of the file that has one which is a word.
            if shown.contains("secret") {
                Err(format!("shows a password: {shown}"))
            } else {
                Ok(())
            }
        }
        ("attaches", Err(report)) => match rest.strip_prefix(", or ") {
            Some(words) => check_report(&report, said(OR_SAID, words)),
            None => Err(report.to_string()),
        },
        ("refused", Ok(shown)) => Err(format!("attaches as {shown}")),
        ("refused", Err(report)) => {
            check_report(&report, said(SAID, rest.trim_start_matches(": ")))
        }
        _ => panic!("what is {}?", line.must),
    }
}

#[test]
fn handles_of_providers() {
    let mut wrong = Vec::new();
    let lines = lines();
    for line in &lines {
        if let Err(why) = check(line) {
            wrong.push(format!("{} {}\n  must: {}\n  {why}", line.adapter, line.handle, line.must));
        }
    }
    println!("{} of {} handles come out as they must", lines.len() - wrong.len(), lines.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// No meaning of the file is left to nobody, and no row here has lost its line.
#[test]
fn every_meaning_is_checked_somewhere() {
    let lines = lines();
    let meant: Vec<_> = lines
        .iter()
        .filter_map(|line| Some((line.adapter, line.must.strip_prefix("attaches: ")?)))
        .collect();
    let in_unit_tests = |adapter: &str, words: &str| {
        let module = format!("adapters::{adapter}::tests");
        IN_UNIT_TESTS.contains(&(words, module.as_str()))
    };
    let here = |adapter: &str, words: &str| {
        SHOWN.iter().any(|(of, text, _)| (*of, *text) == (adapter, words))
    };
    for (adapter, words) in &meant {
        assert!(here(adapter, words) || in_unit_tests(adapter, words), "{adapter}: {words}");
    }
    for (adapter, words, _) in SHOWN {
        assert!(meant.contains(&(adapter, words)), "{adapter}: {words}");
    }
    for (words, module) in IN_UNIT_TESTS {
        let adapter = module.split("::").nth(1).unwrap();
        assert!(meant.contains(&(adapter, words)), "{module}: {words}");
    }
}
