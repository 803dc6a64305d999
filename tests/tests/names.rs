//! The names that people use beside a stem, each in an otherwise whole environment: a word of ours
//! is read, and what is somebody else's breaks nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use backing_services::__private::compare_with_record;
use backing_services::{BackingServices, Environment, LoadError};

const DATA: &str = include_str!("../data/names.tsv");

/// Set in every environment: the way in which `explain` lists what nobody reads is checked with it.
const UNREAD: (&str, &str) = ("X_BACKUP_HOUR", "3");

/// What must come of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    /// It loads, and `explain` does not list the name among those that nobody reads.
    Read,
    /// It loads.
    Loads,
    /// It is a problem that names it.
    Problem,
}

use Expected::{Loads, Problem, Read};

/// Rows whose meaning in the file is not the whole of it: kind, suffix, what must come, and why.
const EXCEPTIONS: &[(&str, &str, Expected, &str)] = &[
    ("redis", "SENTINELS", Problem, "a topology that the client of one server does not know"),
    ("redis", "CLUSTER_ENABLED", Problem, "as above"),
    ("redis", "CLUSTER_NODES", Problem, "as above"),
    ("redis", "PASSWORD_FILE", Problem, "the password stands beside it: which of them counts?"),
    ("http", "PORT", Loads, "the handle names its host, so the place is the handle's own"),
    ("s3", "HOST", Loads, "an object store has an endpoint and a bucket"),
    ("s3", "PORT", Loads, "as above"),
    ("smtp", "UNSAFE_IGNORE_TLS", Loads, "what asks for less is listed, never done"),
];

/// The parts of a whole handle, each with what it gives. The row's own name takes the place of the
/// part that gives the same.
fn base(kind: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    match kind {
        "sqlite" => &[("path", "X_DATABASE", "shop.db")],
        "redis" => &[
            ("host", "X_HOST", "localhost"),
            ("user", "X_USER", "shop"),
            ("password", "X_PASSWORD", "hunter2"),
            ("path", "X_DB", "1"),
        ],
        "nats" => &[("host", "X_HOST", "localhost")],
        "memcached" | "smtp" => &[
            ("host", "X_HOST", "localhost"),
            ("user", "X_USER", "shop"),
            ("password", "X_PASSWORD", "hunter2"),
        ],
        "s3" => &[
            ("host", "X_BUCKET", "uploads"),
            ("user", "X_ACCESS_KEY_ID", "shop"),
            ("password", "X_SECRET_ACCESS_KEY", "hunter2"),
            ("region", "X_REGION", "eu-west-1"),
        ],
        "http" => &[
            ("", "X_URL", "https://api.example"),
            ("user", "X_USER", "shop"),
            ("password", "X_PASSWORD", "hunter2"),
        ],
        _ => &[
            ("host", "X_HOST", "localhost"),
            ("user", "X_USER", "shop"),
            ("password", "X_PASSWORD", "hunter2"),
            ("path", "X_NAME", "orders"),
        ],
    }
}

/// By how a meaning begins: which part of the base it gives, if any, and a fit value. An empty one
/// is the value of that part.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("host:port:weight", "host", "127.0.0.1:11211:100"),
    ("host:port:database", "host", "127.0.0.1:6379:0"),
    ("host", "host", ""),
    ("bucket", "host", ""),
    ("socket", "host", "/run/server.sock"),
    ("user", "user", ""),
    ("access key", "user", ""),
    ("password", "password", ""),
    ("secret key", "password", ""),
    ("the path", "path", ""),
    ("the number", "path", ""),
    ("the database", "path", ""),
    ("vhost", "path", ""),
    ("region", "region", ""),
    ("endpoint", "", "https://minio.example"),
    ("path_style", "", "true"),
    ("search_path", "", "public"),
    ("target_session_attrs", "", "read-write"),
    ("client encoding", "", "utf8"),
    ("charset", "", "utf8mb4"),
    ("collation", "", "utf8mb4_unicode_ci"),
    ("size of the pool", "", "4"),
    ("max_connections", "", "4"),
    ("min_connections", "", "2"),
    ("connection_limit", "", "2"),
    ("connect_timeout", "", "5s"),
    ("connection_timeout", "", "10000"),
    ("idle_timeout", "", "5s"),
    ("max_lifetime", "", "5s"),
    ("time limit", "", "15s"),
    ("timeout", "", "5s"),
    ("retries", "", "3"),
    ("local_domain", "", "shop.example"),
    ("transport", "", "smtp"),
    ("scheme (predis)", "", "tcp"),
    ("scheme (Laravel 11)", "", "smtp"),
    ("scheme of an endpoint", "", "true"),
    ("sslmode", "", "require"),
    ("ssl", "", "/etc/ssl/x.pem"),
    ("client certificate", "", "/etc/ssl/x.pem"),
    ("tls_ca", "", "/etc/ssl/x.pem"),
    ("verification, inverted", "", "false"),
    ("verification", "", "true"),
    ("STARTTLS", "", "true"),
    ("TLS of the connection", "", "tls"),
    ("TLS (AppFlowy)", "", "wrapper"),
    ("TLS", "", "true"),
    ("tls", "", "true"),
];

struct Row<'a> {
    kind: &'a str,
    suffix: &'a str,
    meaning: &'a str,
    forms: &'a str,
    seen: &'a str,
}

/// Without the names that are no suffix of a stem.
fn rows() -> Vec<Row<'static>> {
    let row = |line: &'static str| {
        let [kind, suffix, meaning, forms, seen, _] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let kind = kind.strip_suffix(" (own stem)").unwrap_or(kind);
        Row { kind, suffix, meaning, forms, seen }
    };
    let rows = DATA.lines().skip(1).map(row);
    rows.filter(|row| row.kind != "(whole name)").collect()
}

impl Row<'_> {
    fn name(&self) -> String {
        format!("X_{}", self.suffix)
    }

    fn is_ours(&self) -> bool {
        let or_not = self.meaning.starts_with("names the database");
        let texts = [self.meaning, if or_not { "" } else { self.forms }];
        !texts.iter().any(|text| text.contains("not ours"))
    }

    fn expected(&self) -> Expected {
        let mut known = EXCEPTIONS.iter();
        let known = known.find(|(kind, suffix, ..)| (*kind, *suffix) == (self.kind, self.suffix));
        let begins = |text: &str| self.meaning.starts_with(text);
        match known {
            Some((_, _, expected, _)) => *expected,
            None if begins("host:port:") || begins("client certificate") => Problem,
            None if self.is_ours() && !begins("TLS in a word") => Read,
            None => Loads,
        }
    }

    /// A value as people have set it: the first in the file that is not empty.
    fn as_seen(&self) -> &str {
        let mut forms = self.seen.split(", ").map(|form| {
            form.rsplit_once(' ').filter(|(_, n)| n.parse::<u32>().is_ok()).map_or(form, |f| f.0)
        });
        match forms.find(|form| *form != "empty") {
            Some("a text") => "word",
            Some("URL") => "https://other.example",
            Some("email") => "ada@example.com",
            Some(form) => form,
            None => "",
        }
    }

    /// The names of a whole environment, with this one in it.
    fn pairs(&self) -> Vec<(String, String)> {
        let expected = self.expected();
        let mut gives = "";
        let value = match (self.meaning, self.kind) {
            // A host beside the base's own would be a conflict.
            (text, "smtp") if text.starts_with("host (Rails") => "ada@example.com",
            _ if !self.is_ours() || expected == Loads && self.kind != "smtp" => self.as_seen(),
            ("port", "postgres") => "5433",
            ("port", "redis") => "6380",
            ("port", _) => "2525",
            (text, kind) if text.starts_with("names the database") => match kind {
                "postgres" => "pgsql",
                kind => kind,
            },
            (text, kind) if text.starts_with("TLS, inverted") => match kind {
                "redis" => "true",
                _ => "false",
            },
            (text, kind) => {
                let row = MEANINGS.iter().find(|(begin, ..)| text.starts_with(begin));
                let (_, own, value) = row.unwrap_or_else(|| panic!("no value for: {text}"));
                gives = own;
                let part = base(kind).iter().find(|(class, ..)| class == own);
                if value.is_empty() { part.unwrap().2 } else { value }
            }
        };
        let others =
            base(self.kind).iter().filter(|(class, ..)| gives.is_empty() || *class != gives);
        let mut pairs: Vec<_> = others.map(|(_, name, value)| (*name, *value)).collect();
        // What some words need beside them.
        pairs.extend(match (self.kind, self.meaning) {
            ("postgres", "sslcert") => Some(("X_SSLKEY", "/etc/ssl/key.pem")),
            ("postgres", "sslkey") => Some(("X_SSLCERT", "/etc/ssl/cert.pem")),
            ("mysql", "ssl-cert") => Some(("X_SSL_KEY", "/etc/ssl/key.pem")),
            ("mysql", "ssl-key") => Some(("X_SSL_CERT", "/etc/ssl/cert.pem")),
            ("redis", "tls_ca") => Some(("X_TLS", "true")),
            ("s3", "scheme of an endpoint without one") => Some(("X_ENDPOINT", "minio.example")),
            _ => None,
        });
        let name = self.name();
        pairs.retain(|(other, _)| *other != name);
        pairs.extend([UNREAD, (name.as_str(), value)]);
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// What loading comes to, and the explanation.
fn load(kind: &str, environment: &Environment) -> (Result<(), LoadError>, String) {
    macro_rules! one_of {
        ($($name:literal => $type:ident),* $(,)?) => {
            match kind {
                $($name => {
                    #[derive(BackingServices)]
                    struct One {
                        #[service(env = "X_URL")]
                        it: backing_services::$type,
                    }
                    let loaded = One::load(environment);
                    compare_with_record(environment, &loaded).unwrap();
                    (loaded.map(drop), environment.explain::<One>().to_string())
                })*
                _ => panic!("no type for {kind}"),
            }
        };
    }
    one_of! {
        "postgres" => Postgres,
        "mysql" => MySql,
        "sqlite" => Sqlite,
        "redis" => Redis,
        "memcached" => Memcached,
        "rabbitmq" => RabbitMq,
        "nats" => Nats,
        "smtp" => Mail,
        "s3" => S3,
        "http" => HttpApi,
    }
}

/// Whether the explanation lists the name among those that nobody reads.
fn is_unread(explanation: &str, name: &str) -> bool {
    let unread = explanation.split_once("nobody reads").map_or("", |(_, rest)| rest);
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    unread.split(|c| !in_name(c)).any(|word| word == name)
}

#[test]
fn every_name_is_read_or_left_alone() {
    let rows = rows();
    let mut wrong = Vec::new();
    for row in &rows {
        let (name, expected) = (row.name(), row.expected());
        let (loaded, explanation) = load(row.kind, &Environment::from_pairs(row.pairs()));
        let told =
            |report: &LoadError| report.problems().iter().any(|p| p.to_string().contains(&name));
        let why = match (expected, &loaded) {
            (Problem, Err(report)) if told(report) => continue,
            (Problem, Ok(())) => "loads".to_owned(),
            (_, Err(report)) => report.to_string(),
            (..) if !is_unread(&explanation, UNREAD.0) => format!("lists nothing: {explanation}"),
            (Read, Ok(())) if is_unread(&explanation, &name) => format!("unread: {explanation}"),
            _ => continue,
        };
        wrong.push(format!("{} {} ({}), {expected:?}: {why}", row.kind, row.suffix, row.meaning));
    }
    println!("{} of {} names come out as they must", rows.len() - wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    for (kind, suffix, ..) in EXCEPTIONS {
        assert!(
            rows.iter().any(|row| (row.kind, row.suffix) == (*kind, *suffix)),
            "{kind} {suffix}"
        );
    }
}
