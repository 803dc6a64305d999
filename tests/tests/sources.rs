//! What stands beside a handle: it completes the handle, or contradicts it, or is somebody else's
//! and listed. Nothing that is set is lost without a word, and nothing is taken for what it is not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use backing_services::__private::compare_with_record;
use backing_services::{
    Adapter, BackingServices, Beanstalkd, ClientError, Connect, Environment, Handle, Host, HttpApi,
    LoadError, Loggly, Mail, MySql, Nats, NewRelic, Postgres, ProblemKind, RabbitMq, Redis, S3,
    Secret, Sql,
};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

/// A struct of one service, and what loading it comes to: its handle.
macro_rules! services {
    ($($load:ident: $name:ident { $variable:literal $adapter:ty })*) => {$(
        #[derive(BackingServices)]
        struct $name {
            #[service(env = $variable)]
            it: $adapter,
        }

        fn $load(pairs: &[(&str, &str)]) -> Result<String, LoadError> {
            let environment = environment(pairs);
            let loaded = $name::load(&environment);
            compare_with_record(&environment, &loaded).unwrap();
            loaded.map(|services| services.it.handle().expose_url().to_owned())
        }
    )*};
}

services! {
    db: Db { "DB_URL" MySql }
    postgres: Pg { "PG_URL" Postgres }
    official: Official { "POSTGRES_URL" Postgres }
    sql: AnyDb { "DB_URL" Sql }
    cache: Cache { "CACHE_URL" Redis }
    redis: RedisServer { "REDIS_URL" Redis }
    mail: Post { "MAIL_URL" Mail }
    jobs: Jobs { "JOBS_URL" RabbitMq }
    bus: Bus { "BUS_URL" Nats }
    uploads: Uploads { "AWS_URL" S3 }
    search: Search { "SEARCH_URL" HttpApi }
    app: App { "APP_URL" MySql }
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().copied())
}

/// The only problem: its kind, its message and its help.
fn problem(loaded: Result<String, LoadError>) -> (ProblemKind, String, String) {
    let report = loaded.expect_err("a problem");
    let [problem] = report.problems() else { panic!("{report}") };
    (problem.kind(), problem.message().to_owned(), problem.help().to_owned())
}

fn conflict(loaded: Result<String, LoadError>, message: &str) {
    let (kind, told, help) = problem(loaded);
    assert_eq!((kind, told.as_str()), (ProblemKind::Conflict, message));
    assert!(!help.is_empty());
}

fn explain<S: BackingServices>(pairs: &[(&str, &str)]) -> String {
    environment(pairs).explain::<S>().to_string()
}

/// The names behind `nobody reads:`, in the order of the alphabet.
fn unread(explanation: &str) -> Vec<&str> {
    let list = explanation.lines().find_map(|line| line.strip_prefix("nobody reads: "));
    let mut names: Vec<_> = list.unwrap_or_default().split(", ").collect();
    names.sort_unstable();
    names
}

// --- completion ------------------------------------------------------------------------------

#[test]
fn every_word_completes_a_handle_that_does_not_say_it() {
    for (name, value, completed) in [
        ("DB_USER", "shop", "mysql://shop@localhost"),
        ("DB_USERNAME", "shop", "mysql://shop@localhost"),
        ("DB_PASS", "p@ss", "mysql://:p%40ss@localhost"),
        ("DB_PASSWD", "p@ss", "mysql://:p%40ss@localhost"),
        ("DB_NAME", "orders", "mysql://localhost/orders"),
        ("DB_DATABASE", "orders", "mysql://localhost/orders"),
        ("DB_SCHEMA", "orders", "mysql://localhost/orders"),
        ("DB_SSL_MODE", "required", "mysql://localhost?ssl-mode=required"),
        ("DB_SSLMODE", "verify_identity", "mysql://localhost?ssl-mode=verify_identity"),
        ("DB_MAX_CONNECTIONS", "5", "mysql://localhost?max_connections=5"),
        ("DB_CONNECT_TIMEOUT", "5s", "mysql://localhost?connect_timeout=5s"),
    ] {
        assert_eq!(db(&[("DB_URL", "mysql://localhost"), (name, value)]).unwrap(), completed);
    }
    for (name, value, completed) in [
        ("CACHE_DB", "5", "redis://localhost/5"),
        ("CACHE_DB_NUMBER", "5", "redis://localhost/5"),
        ("CACHE_AUTH", "p", "redis://:p@localhost"),
        ("CACHE_TLS", "none", "redis://localhost?tls=none"),
    ] {
        assert_eq!(cache(&[("CACHE_URL", "redis://localhost"), (name, value)]).unwrap(), completed);
    }
    let url = ("POSTGRES_URL", "postgres://localhost");
    assert_eq!(official(&[url, ("POSTGRES_DB", "a")]).unwrap(), "postgres://localhost/a");
    let url = ("JOBS_URL", "amqp://localhost");
    assert_eq!(jobs(&[url, ("JOBS_VHOST", "/")]).unwrap(), "amqp://localhost/%2F");
}

#[test]
fn what_the_handle_says_too_must_be_the_same() {
    let url = ("DB_URL", "mysql://shop:p@localhost:3307/orders?ssl-mode=required");
    for same in [
        ("DB_USER", "shop"),
        ("DB_PASSWORD", "p"),
        ("DB_NAME", "orders"),
        ("DB_SSLMODE", "REQUIRED"),
        ("DB_SSL", "true"),
    ] {
        assert_eq!(db(&[url, same]).unwrap(), url.1, "{same:?}");
    }
    for (other, message) in [
        (("DB_USER", "root"), "has another user name than `DB_USER`"),
        (("DB_PASSWORD", "q"), "has another password than `DB_PASSWORD`"),
        (("DB_DATABASE", "stock"), "has another path than `DB_DATABASE`"),
    ] {
        conflict(db(&[url, other]), message);
    }
    let (kind, message, _) = problem(db(&[url, ("DB_SSLMODE", "disabled")]));
    assert_eq!(kind, ProblemKind::Conflict);
    assert!(message.contains("`DB_SSLMODE`"), "{message}");
    // Two names of one word.
    let host = ("DB_HOST", "localhost");
    assert!(db(&[host, ("DB_PASS", "p"), ("DB_PASSWORD", "p")]).is_ok());
    let (kind, message, _) = problem(db(&[host, ("DB_PASS", "p"), ("DB_PASSWORD", "q")]));
    assert_eq!(kind, ProblemKind::Conflict);
    assert!(message.contains("`DB_PASS`") && message.contains("`DB_PASSWORD`"), "{message}");
}

/// `APP_URL` with `APP_PORT=8080` are two things: the place is the handle's own.
#[test]
fn the_place_beside_a_handle_is_listed() {
    let pairs = [
        ("DB_URL", "mysql://localhost"),
        ("DB_HOST", "db.example"),
        ("DB_PORT", "8080"),
        ("DB_SCHEME", "https"),
    ];
    assert_eq!(db(&pairs).unwrap(), "mysql://localhost");
    let shown = explain::<Db>(&pairs);
    for name in ["DB_HOST", "DB_PORT", "DB_SCHEME"] {
        assert!(shown.contains(&format!("passed over: {name} (the handle names its ")), "{shown}");
    }
}

/// Words that tune are never a problem: a bare number has another unit for each tool.
#[test]
fn words_that_tune_are_used_in_our_form_alone() {
    let url = ("DB_URL", "mysql://localhost");
    let pairs = [url, ("DB_CONNECT_TIMEOUT", "30"), ("DB_MAX_CONNECTIONS", "many")];
    assert_eq!(db(&pairs).unwrap(), url.1);
    let shown = explain::<Db>(&pairs);
    assert!(
        shown.contains("passed over: DB_CONNECT_TIMEOUT (a bare number has no unit"),
        "{shown}"
    );
    assert!(shown.contains("passed over: DB_MAX_CONNECTIONS ("), "{shown}");
    // In the query of a handle a bad one stays an error.
    assert!(db(&[("DB_URL", "mysql://localhost?connect_timeout=soon")]).is_err());
    // The stems of official images tune their server.
    let pairs = [("POSTGRES_URL", "postgres://localhost"), ("POSTGRES_MAX_CONNECTIONS", "1000")];
    assert_eq!(official(&pairs).unwrap(), "postgres://localhost");
    let shown = explain::<Official>(&pairs);
    assert!(
        shown.contains("passed over: POSTGRES_MAX_CONNECTIONS (it tunes the server"),
        "{shown}"
    );
}

#[test]
fn names_that_are_not_this_services() {
    // Kubernetes sets a link for each service.
    let links = [
        ("DB_URL", "mysql://localhost"),
        ("DB_PORT", "tcp://10.0.0.11:3306"),
        ("DB_PORT_3306_TCP", "tcp://10.0.0.11:3306"),
        ("DB_PORT_3306_TCP_ADDR", "10.0.0.11"),
        ("DB_SERVICE_HOST", "10.0.0.11"),
        ("DB_SERVICE_PORT_MYSQL", "3306"),
    ];
    assert_eq!(db(&links).unwrap(), "mysql://localhost");
    assert_eq!(problem(db(&links[1..])).0, ProblemKind::Missing);
    // A longer stem that has a place is another service, taken by a field or not.
    let pairs = [
        ("REDIS_HOST", "localhost"),
        ("REDIS_CACHE_HOST", "cache.example"),
        ("REDIS_CACHE_PASSWORD", "p"),
        ("REDIS_CACHE_PASSWROD", "p"),
        ("REDIS_CACHE_TLS", "true"),
    ];
    assert_eq!(redis(&pairs).unwrap(), "redis://localhost");
    // An app's own address.
    let pairs = [("APP_URL", "mysql://localhost"), ("APP_PASSWORD", "p"), ("APP_TLS_KEY", "k")];
    assert_eq!(app(&pairs).unwrap(), "mysql://localhost");
    // `PGHOST` has no `_` behind a stem.
    assert_eq!(problem(postgres(&[("PGHOST", "localhost")])).0, ProblemKind::Missing);
}

#[test]
fn laravels_null_is_empty() {
    let pairs = [("CACHE_HOST", "localhost"), ("CACHE_PASSWORD", "null"), ("CACHE_DB", "(null)")];
    assert_eq!(cache(&pairs).unwrap(), "redis://localhost");
    let pairs = [("CACHE_URL", "null"), ("CACHE_HOST", "localhost")];
    assert_eq!(cache(&pairs).unwrap(), "redis://localhost");
    // A password that is really `null` stands in the handle.
    let url = "redis://:null@localhost";
    assert_eq!(cache(&[("CACHE_URL", url)]).unwrap(), url);
}

/// `docker --env-file` keeps them.
#[test]
fn quotes_around_a_value_are_told() {
    for (name, value) in [
        ("CACHE_PASSWORD", "\"hunter2\""),
        ("CACHE_HOST", "'localhost'"),
        ("CACHE_TLS", "\"none\""),
        ("CACHE_DB", "\"1\""),
    ] {
        let host = if name == "CACHE_HOST" { ("X", "") } else { ("CACHE_HOST", "localhost") };
        let (_, message, _) = problem(cache(&[host, (name, value)]));
        assert_eq!(message, format!("`{name}` stands in quotes"));
    }
    let (_, message, _) = problem(cache(&[("CACHE_URL", "\"redis://:hunter2@localhost\"")]));
    assert!(message.contains("quote") && !message.contains("hunter2"), "{message}");
    // One newline at the end of a part is dropped, at every source alike.
    let pairs = [("CACHE_HOST", "localhost"), ("CACHE_PASSWORD", "p\n")];
    assert_eq!(cache(&pairs).unwrap(), "redis://:p@localhost");
}

// --- TLS -------------------------------------------------------------------------------------

#[test]
fn tls_by_words() {
    let url = ("PG_URL", "postgres://localhost/a");
    for (name, value, mode) in [
        ("PG_SSL", "true", "require"),
        ("PG_SSL", "require", "require"),
        ("PG_USE_SSL", "1", "require"),
        ("PG_SSL", "false", "disable"),
        ("PG_TLS_DISABLED", "true", "disable"),
        ("PG_SSLMODE", "verify-full", "verify-full"),
        ("PG_SSL_MODE", "VERIFY_FULL", "verify-full"),
        ("PG_SSL_VERIFY", "true", "verify-full"),
        ("PG_SSL_REJECT_UNAUTHORIZED", "true", "verify-full"),
    ] {
        let completed = postgres(&[url, (name, value)]).unwrap();
        let completed = completed.to_lowercase().replace("verify_full", "verify-full");
        assert_eq!(completed, format!("{}?sslmode={mode}", url.1), "{name}={value}");
    }
    for nothing in [("PG_TLS_DISABLED", "false"), ("PG_SSL_VERIFY", "false"), ("PG_SSL", "null")] {
        assert_eq!(postgres(&[url, nothing]).unwrap(), url.1, "{nothing:?}");
    }
    // Verification is not met by `require`: more is done.
    let required = ("PG_URL", "postgres://localhost/a?sslmode=require");
    let verified = postgres(&[required, ("PG_SSL_VERIFY", "true")]).unwrap();
    assert_eq!(verified, "postgres://localhost/a?sslmode=verify-full");
    // More safety than is asked for is no conflict, less is.
    let verified = ("PG_URL", "postgres://localhost/a?sslmode=verify-full");
    assert_eq!(postgres(&[verified, ("PG_SSL", "true")]).unwrap(), verified.1);
    for less in [("PG_SSL", "false"), ("PG_SSLMODE", "disable"), ("PG_TLS_DISABLED", "1")] {
        assert_eq!(problem(postgres(&[verified, less])).0, ProblemKind::Conflict, "{less:?}");
    }
    let both = [url, ("PG_SSL", "true"), ("PG_SSLMODE", "disable")];
    conflict(postgres(&both), "`PG_SSLMODE` and `PG_SSL` are both set");
    // The scheme is a word too.
    let plain = ("CACHE_URL", "redis://cache.example");
    assert_eq!(
        cache(&[plain, ("CACHE_TLS", "true")]).unwrap(),
        "rediss://cache.example?tls=required"
    );
    let secure = ("CACHE_URL", "rediss://cache.example");
    assert_eq!(cache(&[secure, ("CACHE_SSL", "true")]).unwrap(), secure.1);
    assert_eq!(problem(cache(&[secure, ("CACHE_TLS", "none")])).0, ProblemKind::Conflict);
}

#[derive(BackingServices)]
struct Pages {
    pages: Beanstalkd,
}

#[test]
fn a_word_about_tls_that_is_not_known() {
    let url = ("PG_URL", "postgres://localhost/a");
    for name in ["PG_TLS_POLICY", "PG_SSL_KEY_BASE64", "PG_STARTTLS_POLICY"] {
        let (_, message, help) = problem(postgres(&[url, (name, "hunter2")]));
        assert_eq!(message, format!("`{name}` speaks of TLS in a word that is not known"));
        assert!(help.contains("`PG_SSLMODE`"), "{help}");
        for off in ["false", "null"] {
            assert!(postgres(&[url, (name, off)]).is_ok());
        }
    }
    // With such a word elsewhere it is somebody else's.
    let pairs = [url, ("PG_DUMP_SKIP_SSL", "true"), ("PG_ENCRYPTION_KEY", "k")];
    assert_eq!(postgres(&pairs).unwrap(), url.1);
    assert_eq!(unread(&explain::<Pg>(&pairs)), ["PG_DUMP_SKIP_SSL", "PG_ENCRYPTION_KEY"]);
    let (_, message, _) = problem(postgres(&[url, ("PG_SSL", "perhaps")]));
    assert_eq!(message, "`PG_SSL` has a bad value");
    // The client of beanstalkd has no TLS.
    let pairs = [("PAGES_URL", "beanstalkd://localhost"), ("PAGES_TLS", "true")];
    let report = Pages::load(&environment(&pairs)).err().unwrap();
    assert_eq!(report.problems()[0].kind(), ProblemKind::Conflict, "{report}");
    assert!(Pages::load(&environment(&[pairs[0], ("PAGES_TLS", "false")])).is_ok());
}

/// What templates set for the other case is of no use where TLS is switched off; else a certificate
/// that the client cannot take is told.
#[test]
fn certificates_beside_a_handle() {
    let host = ("REDIS_HOST", "localhost");
    let files = [
        ("REDIS_TLS_CA", "/certs/ca.pem"),
        ("REDIS_TLS_CERT", "/certs/client.pem"),
        ("REDIS_TLS_KEY", "/certs/client.key"),
    ];
    let off = [host, ("REDIS_TLS_ENABLED", "false"), files[0], files[1], files[2]];
    assert_eq!(redis(&off).unwrap(), "redis://localhost?tls=none");
    let shown = explain::<RedisServer>(&off);
    for (name, _) in files {
        assert!(shown.contains(&format!("passed over: {name} (TLS is switched off)")), "{shown}");
    }
    let on = [host, ("REDIS_TLS_ENABLED", "true"), files[0]];
    let made = redis(&on).unwrap();
    assert!(made.starts_with("rediss://localhost?"), "{made}");
    assert!(made.contains("tls_ca=%2Fcerts%2Fca.pem"), "{made}");
    let (_, message, _) = problem(redis(&[host, ("REDIS_TLS_ENABLED", "true"), files[1]]));
    assert!(message.starts_with("`REDIS_TLS_CERT` names a certificate"), "{message}");
}

#[test]
fn mail_has_a_table_of_its_own() {
    let made = |name: &str, value: &str, port: &str| {
        mail(&[("MAIL_HOST", "localhost"), ("MAIL_PORT", port), (name, value)])
            .unwrap_or_else(|report| panic!("{name}={value} {port}: {report}"))
    };
    for name in ["MAIL_TLS", "MAIL_USE_TLS", "MAIL_STARTTLS", "MAIL_ENCRYPTION", "MAIL_REQUIRE_TLS"]
    {
        for (value, port, tls) in [
            ("true", "587", "required"),
            ("tls", "587", "required"),
            ("starttls", "2525", "required"),
            ("ssl", "2525", "implicit"),
            ("true", "465", "implicit"),
            ("none", "25", "none"),
        ] {
            let made = made(name, value, port);
            assert!(made.contains(&format!("tls={tls}")), "{name}={value} {port}: {made}");
        }
        for nothing in ["false", "off", "0", "null"] {
            assert_eq!(made(name, nothing, "2525"), "smtp://localhost:2525", "{name}={nothing}");
        }
    }
    for name in ["MAIL_SSL", "MAIL_USE_SSL", "MAIL_SECURE", "MAIL_SSL_ENABLED"] {
        assert!(made(name, "true", "2526").contains("tls=implicit"), "{name}");
        for port in ["25", "587", "2525", "2587"] {
            assert!(made(name, "true", port).contains("tls=required"), "{name} {port}");
        }
        assert_eq!(made(name, "false", "587"), "smtp://localhost:587", "{name}");
    }
    assert!(made("MAIL_SCHEME", "tls", "587").contains("tls=required"));
    assert!(made("MAIL_SECURITY", "ssl", "2526").contains("tls=implicit"));
    // `false` is never unencrypted: Django sets both, and the safest counts.
    let pairs = [
        ("MAIL_HOST", "mail.example"),
        ("MAIL_PORT", "587"),
        ("MAIL_USER", "u"),
        ("MAIL_PASSWORD", "p"),
        ("MAIL_USE_TLS", "True"),
        ("MAIL_USE_SSL", "False"),
    ];
    assert!(mail(&pairs).unwrap().contains("tls=required"));
    // What was to send nothing is told.
    let shown = explain::<Post>(&[("MAIL_HOST", "localhost"), ("MAIL_MAILER", "log")]);
    assert!(shown.contains("passed over: MAIL_MAILER (it asks to send nothing"), "{shown}");
    let shown = explain::<Post>(&[("MAIL_HOST", "localhost"), ("MAIL_MAILER", "smtp")]);
    assert!(!shown.contains("MAIL_MAILER"), "{shown}");
}

// --- what nobody reads -----------------------------------------------------------------------

#[test]
fn a_credential_that_nothing_reads() {
    let host = ("CACHE_HOST", "localhost");
    for name in ["CACHE_TOKEN", "CACHE_SECRET", "CACHE_APIKEY", "CACHE_SERVER_PASSWORD"] {
        let (kind, message, help) = problem(cache(&[host, (name, "hunter2")]));
        assert_eq!(kind, ProblemKind::Conflict);
        assert_eq!(message, format!("`{name}` looks like its password, which nothing else says"));
        assert!(help.contains("`CACHE_PASSWORD`") && help.contains("`ignore`"), "{help}");
        // Beside a password that is known it is another one.
        let pairs = [host, ("CACHE_PASSWORD", "p"), (name, "hunter2")];
        assert_eq!(cache(&pairs).unwrap(), "redis://:p@localhost");
        assert_eq!(unread(&explain::<Cache>(&pairs)), [name]);
        let pairs = [("CACHE_URL", "redis://:p@localhost"), (name, "hunter2")];
        assert_eq!(cache(&pairs).unwrap(), "redis://:p@localhost");
    }
    // Another account's, a longer name, another word.
    for name in [
        "CACHE_ROOT_PASSWORD",
        "CACHE_ADMIN_PASSWORD",
        "CACHE_REST_TOKEN",
        "CACHE_VERY_LONG_PASSWORD",
        "CACHE_KEY",
        "CACHE_BACKUP_HOUR",
        "CACHE_PREFIX",
    ] {
        let pairs = [host, (name, "word")];
        assert_eq!(cache(&pairs).unwrap(), "redis://localhost", "{name}");
        assert_eq!(unread(&explain::<Cache>(&pairs)), [name]);
    }
}

#[test]
fn slips() {
    let url = ("DB_URL", "mysql://localhost");
    for (slip, right) in [
        ("DB_PASSWROD", "DB_PASSWORD"),
        ("DB_PASWORD", "DB_PASSWORD"),
        ("DB_USRENAME", "DB_USERNAME"),
        ("DB_DATABSE", "DB_DATABASE"),
        ("DB_SSLMOD", "DB_SSLMODE"),
    ] {
        let (kind, message, help) = problem(db(&[url, (slip, "hunter2")]));
        assert_eq!(
            (kind, message),
            (ProblemKind::Conflict, format!("`{slip}` is no word of MySQL"))
        );
        let shown = help.replace("SSL_MODE", "SSLMODE");
        assert!(shown.starts_with(&format!("did you mean `{right}`?")), "{help}");
    }
    // No slip: what is said already, a digit, a plural.
    for pairs in [
        [("DB_URL", "mysql://:p@localhost"), ("DB_PASSWROD", "x")],
        [url, ("DB_NAME2", "x")],
        [url, ("DB_USERS", "x")],
    ] {
        assert_eq!(db(&pairs).unwrap(), pairs[0].1, "{pairs:?}");
    }
}

#[test]
fn topologies_of_redis() {
    let host = ("REDIS_HOST", "localhost");
    for (name, value) in [
        ("REDIS_SENTINELS", "a:26379,b:26379"),
        ("REDIS_CLUSTER_NODES", "a:6379,b:6379"),
        ("REDIS_CLUSTER_ENABLED", "true"),
    ] {
        let (_, message, help) = problem(redis(&[host, (name, value)]));
        assert_eq!(message, format!("`{name}` asks for a topology that the client does not speak"));
        assert!(help.contains("primary"), "{help}");
    }
    assert!(redis(&[host, ("REDIS_CLUSTER_ENABLED", "false")]).is_ok());
    // Hosts in a form that one server has not, where nothing else names it.
    let (_, message, help) = problem(redis(&[("REDIS_SERVERS", "127.0.0.1:6379:0")]));
    assert_eq!(message, "`REDIS_SERVERS` names hosts in a form that Redis has not");
    assert_eq!(help, "name one, as `REDIS_HOST`");
    assert!(redis(&[host, ("REDIS_SERVERS", "127.0.0.1:6379:0")]).is_ok());
    let (_, message, _) = problem(redis(&[("REDIS_HOST", "redis://a")]));
    assert!(message.starts_with("`REDIS_HOST` holds a whole handle"), "{message}");
}

#[test]
fn a_kind_of_database_that_a_tool_names() {
    let host = ("DB_HOST", "localhost");
    for (value, url) in [
        ("pgsql", "postgres://localhost"),
        ("psycopg2", "postgres://localhost"),
        ("pdo_mysql", "mysql://localhost"),
    ] {
        assert_eq!(sql(&[host, ("DB_CONNECTION", value)]).unwrap(), url);
    }
    assert_eq!(db(&[host, ("DB_CONNECTION", "mysql")]).unwrap(), "mysql://localhost");
    assert_eq!(db(&[host, ("DB_CONNECTION", "reporting")]).unwrap(), "mysql://localhost");
    let (kind, message, _) = problem(db(&[host, ("DB_CONNECTION", "pgsql")]));
    assert_eq!(kind, ProblemKind::Conflict);
    assert_eq!(message, "`DB_CONNECTION` names PostgreSQL, and the handle is one of MySQL");
}

/// Of an API that may be anything on the web nobody knows by which header a key is sent.
#[test]
fn a_key_beside_the_address_of_an_api() {
    let url = ("SEARCH_URL", "https://search.example");
    let with_login = search(&[url, ("SEARCH_USER", "u"), ("SEARCH_PASSWORD", "p")]).unwrap();
    assert_eq!(with_login, "https://u:p@search.example");
    for name in ["SEARCH_TOKEN", "SEARCH_API_KEY", "SEARCH_API_TOKEN"] {
        let (kind, message, _) = problem(search(&[url, (name, "hunter2")]));
        assert_eq!(kind, ProblemKind::Conflict);
        assert_eq!(message, format!("`{name}` is set, and the handle carries no credential"));
        let carries = ("SEARCH_URL", "https://:t@search.example");
        assert_eq!(search(&[carries, (name, "hunter2")]).unwrap(), carries.1);
        assert!(search(&[("SEARCH_HOST", "search.example"), (name, "hunter2")]).is_err());
    }
    let others =
        [url, ("SEARCH_MASTER_KEY", "k"), ("SEARCH_TLS_POLICY", "x"), ("SEARCH_REGION", "r")];
    assert_eq!(search(&others).unwrap(), url.1);
    assert_eq!(
        unread(&explain::<Search>(&others)),
        ["SEARCH_MASTER_KEY", "SEARCH_REGION", "SEARCH_TLS_POLICY"]
    );
}

/// `AWS_URL` of Laravel is where browsers reach the objects.
#[test]
fn the_public_address_of_a_bucket() {
    let parts = [
        ("AWS_BUCKET", "uploads"),
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_URL", "https://cdn.example"),
    ];
    assert_eq!(uploads(&parts).unwrap(), "s3://k:s@uploads?region=eu-west-1");
    let shown = explain::<Uploads>(&parts);
    assert!(shown.contains("passed over: AWS_URL (an address on the web"), "{shown}");
    assert_eq!(problem(uploads(&parts[1..])).0, ProblemKind::Scheme);
}

/// The way out of each problem about a name.
#[test]
fn a_name_that_the_field_ignores() {
    #[derive(BackingServices)]
    struct Services {
        #[service(ignore("DB_SSL_POLICY", "DB_TOKEN", "DB_PASSWROD"))]
        db: MySql,
    }
    let pairs = [
        ("DB_URL", "mysql://localhost"),
        ("DB_SSL_POLICY", "x"),
        ("DB_TOKEN", "x"),
        ("DB_PASSWROD", "x"),
    ];
    assert!(db(&pairs).is_err());
    assert!(
        Services::load(&environment(&pairs)).is_ok_and(|it| it.db.handle().password().is_none())
    );
    let shown = explain::<Services>(&pairs);
    for (name, _) in &pairs[1..] {
        assert!(shown.contains(&format!("passed over: {name} (the field ignores it)")), "{shown}");
    }
}

// --- files and credentials -------------------------------------------------------------------

/// Every word has its file and its credential, and so has every setting.
#[test]
fn files_and_credentials_of_every_name() {
    #[derive(BackingServices)]
    struct Services {
        pg: Postgres,
        telemetry: Option<NewRelic>,
        logs: Option<Loggly>,
        #[setting(default = "insecure")]
        jwt_key: Secret,
    }

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pairs = [
        ("PG_HOST", "localhost".to_owned()),
        ("PG_USER_FILE", write("user", "shop\n")),
        ("PG_SSLMODE_FILE", write("mode", "require\n")),
        ("TELEMETRY_LICENSE_KEY_FILE", write("key", "license\n")),
        ("LOGS_TOKEN_FILE", write("token", "token\n")),
        ("JWT_KEY_FILE", write("jwt", "s3cret\n")),
    ];
    let services = Services::load(&Environment::from_pairs(pairs)).unwrap();
    assert_eq!(services.pg.handle().expose_url(), "postgres://shop@localhost?sslmode=require");
    let telemetry = services.telemetry.expect("attached by its file");
    assert!(telemetry.handle().expose_url().starts_with("newrelic://license@"));
    assert!(services.logs.expect("attached by its file").handle().username().is_some());
    assert_eq!(services.jwt_key.expose(), "s3cret");

    let credentials = tempfile::tempdir().unwrap();
    for (name, text) in
        [("PG_PASSWORD", "p@ss\n"), ("TELEMETRY_LICENSE_KEY", "license"), ("JWT_KEY", "s3cret\n")]
    {
        fs::write(credentials.path().join(name), text).unwrap();
    }
    let pairs = [
        ("CREDENTIALS_DIRECTORY", credentials.path().to_str().unwrap()),
        ("PG_URL", "postgres://shop@localhost"),
    ];
    let services = Services::load(&environment(&pairs)).unwrap();
    assert_eq!(services.pg.handle().expose_url(), "postgres://shop:p%40ss@localhost");
    assert!(services.telemetry.is_some());
    assert_eq!(services.jwt_key.expose(), "s3cret");
}

// --- platforms -------------------------------------------------------------------------------

fn bind(folder: &Path, name: &str, entries: &[(&str, &str)]) {
    let binding = folder.join(name);
    fs::create_dir_all(&binding).unwrap();
    for (entry, text) in entries {
        fs::write(binding.join(entry), format!("{text}\n")).unwrap();
    }
}

#[test]
fn entries_of_a_service_binding() {
    let load = |entries: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        bind(folder.path(), "pg", entries);
        postgres(&[("SERVICE_BINDING_ROOT", folder.path().to_str().unwrap())])
    };
    let parts = [("type", "postgresql"), ("host", "localhost"), ("database", "a")];
    for (entry, mode) in [
        (("sslmode", "verify-full"), "verify-full"),
        (("ssl", "true"), "require"),
        (("sslMode", "require"), "require"),
    ] {
        let made = load(&[parts[0], parts[1], parts[2], entry]).unwrap();
        assert_eq!(made, format!("postgres://localhost/a?sslmode={mode}"), "{entry:?}");
    }
    // `uri` wins over parts and is completed by them.
    let uri = ("uri", "postgres://shop@localhost/a");
    let made = load(&[parts[0], uri, ("password", "p@ss"), ("sslmode", "require")]).unwrap();
    assert_eq!(made, "postgres://shop:p%40ss@localhost/a?sslmode=require");
    assert_eq!(problem(load(&[parts[0], uri, ("username", "other")])).0, ProblemKind::Conflict);
    // The variables beside the field complete it too: what a deploy says of a handle that nobody
    // can edit.
    let folder = tempfile::tempdir().unwrap();
    bind(folder.path(), "cache", &[("type", "redis"), ("uri", "redis://:p@cache.example")]);
    let root = ("SERVICE_BINDING_ROOT", folder.path().to_str().unwrap());
    assert_eq!(problem(cache(&[root])).0, ProblemKind::Insecure);
    let made = cache(&[root, ("CACHE_TLS", "none")]).unwrap();
    assert_eq!(made, "redis://:p@cache.example?tls=none");
    let shown = explain::<Cache>(&[root, ("CACHE_TLS", "none"), ("CACHE_BACKUP_HOUR", "3")]);
    assert!(shown.contains("from the service binding cache, completed by CACHE_TLS"), "{shown}");
    assert_eq!(unread(&shown), ["CACHE_BACKUP_HOUR"]);
    // The port says it where nothing else does.
    let folder = tempfile::tempdir().unwrap();
    bind(folder.path(), "jobs", &[("type", "rabbitmq"), ("host", "mq.example"), ("port", "5671")]);
    let root = ("SERVICE_BINDING_ROOT", folder.path().to_str().unwrap());
    assert_eq!(jobs(&[root]).unwrap(), "amqps://mq.example:5671");
}

#[test]
fn credentials_of_cloud_foundry() {
    let load = |services: serde_json::Value| postgres(&[("VCAP_SERVICES", &services.to_string())]);
    let service = |credentials: serde_json::Value| json!({ "postgresql-db": [{ "name": "pg", "credentials": credentials }] });
    let made =
        load(service(json!({ "hostname": "localhost", "port": 5433, "sslmode": "require" })));
    assert_eq!(made.unwrap(), "postgres://localhost:5433?sslmode=require");
    let made = load(service(json!({
        "uri": "postgres://shop@localhost:5433/a",
        "jdbcUrl": "jdbc:postgresql://localhost:5433/a?user=shop",
        "password": "p@ss",
        "ssl": true,
    })));
    assert_eq!(made.unwrap(), "postgres://shop:p%40ss@localhost:5433/a?sslmode=require");
    let made = load(service(json!({ "protocols": { "pg": { "uri": "postgres://localhost/a" } } })));
    assert_eq!(made.unwrap(), "postgres://localhost/a");
    // A service that nobody takes is left alone.
    let made = load(json!({
        "postgresql-db": [{ "name": "pg", "credentials": { "uri": "postgres://localhost" } }],
        "nfs": [{ "name": "data", "credentials": null, "volume_mounts": [{}] }, 7, "hunter2"],
        "p.mysql": [{ "name": "old", "credentials": [] }],
        "broken": { "name": "hunter2" },
    }));
    assert_eq!(made.unwrap(), "postgres://localhost");
}

// --- from_env --------------------------------------------------------------------------------

#[derive(BackingServices)]
struct Everything {
    db: MySql,
    cache: Option<Redis>,
    #[setting(default = "8080")]
    port: u16,
    #[setting]
    key: Option<Secret>,
}

impl Everything {
    fn shown(loaded: Result<Self, LoadError>) -> String {
        match loaded {
            Ok(it) => format!(
                "{} {:?} {} {:?}",
                it.db.handle().expose_url(),
                it.cache.map(|cache| cache.handle().expose_url().to_owned()),
                it.port,
                it.key.as_ref().map(Secret::expose)
            ),
            Err(report) => report.to_string(),
        }
    }
}

/// The layouts of every source: what a folder holds, and the variables.
fn layouts(folder: &Path) -> Vec<Vec<(&'static str, String)>> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let own = |text: &str| text.to_owned();
    bind(&folder.join("bindings"), "db", &[("type", "mysql"), ("host", "h"), ("ssl", "true")]);
    bind(&folder.join("broken"), "db", &[("type", "mysql")]);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    write("credentials/DB_URL", "mysql://a\n");
    write("more/DB_PASSWORD", "p@ss\n");
    write("more/KEY", "k\n");
    write("more/CACHE_TLS", "none\n");
    let services =
        json!({ "mysql": [{ "name": "x", "credentials": { "hostname": "h", "name": "a" } }] });
    let url = ("DB_URL", own("mysql://shop@localhost/a"));
    vec![
        vec![],
        vec![url.clone()],
        vec![url.clone(), ("PORT", own("80")), ("KEY", own("k"))],
        vec![("DB_URI", own("mysql://localhost"))],
        vec![("DB_URL_FILE", write("url", "mysql://localhost/b\n"))],
        vec![("DB_URL_FILE", own("/no/such/file"))],
        vec![url.clone(), ("DB_URL_FILE", own("/no/such/file"))],
        vec![("CREDENTIALS_DIRECTORY", path("credentials"))],
        vec![
            url.clone(),
            ("CREDENTIALS_DIRECTORY", path("more")),
            ("CACHE_URL", own("redis://:p@cache.example")),
        ],
        vec![
            url.clone(),
            ("DB_PASSWORD_FILE", write("password", "p\n")),
            ("PORT_FILE", write("port", "81\n")),
        ],
        vec![("DB_HOST", own("localhost")), ("DB_PORT", own("3307")), ("DB_SSL", own("true"))],
        vec![("DB_HOST", own("localhost")), ("DB_PASSWROD", own("p"))],
        vec![url.clone(), ("DB_PASSWORD", own("p")), ("DB_USER", own("root"))],
        vec![("SERVICE_BINDING_ROOT", path("bindings"))],
        vec![("SERVICE_BINDING_ROOT", path("broken"))],
        vec![url.clone(), ("SERVICE_BINDING_ROOT", own("/no/such/folder"))],
        vec![("VCAP_SERVICES", services.to_string())],
        vec![("VCAP_SERVICES_FILE_PATH", write("vcap.json", &services.to_string()))],
        vec![url.clone(), ("VCAP_SERVICES", own("{"))],
        vec![url, ("DB_CONNECT_TIMEOUT", own("30")), ("PORT", own("x"))],
    ]
}

/// The child of the test below: what it is given, it has as the process's environment.
#[test]
fn child_of_from_env() {
    #[expect(clippy::disallowed_methods, reason = "the child of this test knows itself by it")]
    let is_child = std::env::var_os("TEST_OF_FROM_ENV").is_some();
    if is_child {
        println!("<{}>", Everything::shown(Everything::from_env()));
        println!("<{}>", Everything::shown(Everything::load(&Environment::process())));
    }
}

/// `from_env()` is `load(&Environment::process())` for every layout of every source.
#[test]
fn from_env_reads_what_load_reads() {
    let folder = tempfile::tempdir().unwrap();
    let binary = std::env::current_exe().unwrap();
    for layout in layouts(folder.path()) {
        let output = Command::new(&binary)
            .args(["--exact", "child_of_from_env", "--nocapture"])
            .env_clear()
            .env("TEST_OF_FROM_ENV", "1")
            .envs(layout.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let by_pairs =
            Everything::shown(Everything::load(&Environment::from_pairs(layout.clone())));
        let twice = format!("<{by_pairs}>\n<{by_pairs}>\n");
        assert!(text.contains(&twice), "{layout:?}: {text} is not twice {by_pairs}");
    }
}

// --- only_loopback ---------------------------------------------------------------------------

/// An adapter of the app's own.
#[derive(Adapter, Clone, Debug)]
#[adapter(schemes("chat"), example = "chat://localhost")]
struct Chat {
    #[handle]
    _handle: Handle,
    #[handle(host)]
    _host: Host,
}

impl Connect for Chat {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

#[derive(Adapter, Clone, Debug)]
enum Any {
    Chat(Chat),
    Bucket(S3),
}

#[derive(Adapter, Clone, Debug)]
enum Outer {
    Inner(Any),
    Queue(RabbitMq),
}

#[test]
fn only_loopback_holds_for_every_shape() {
    #[derive(BackingServices)]
    struct Services {
        own: Option<Chat>,
        either: Option<Any>,
        nested: Option<Outer>,
        bucket: Option<S3>,
        db: Option<Sql>,
        mail: Option<Mail>,
    }
    let load = |name: &str, url: &str| {
        Services::load(&environment(&[(name, url)]).only_loopback()).map(drop)
    };
    let away = "s3://K:S@localhost?endpoint=https://s3.prod.example&region=x";
    let here = "s3://K:S@bucket?endpoint=http://localhost:9000&region=x";
    for (name, url) in [
        ("OWN_URL", "chat://chat.example"),
        ("EITHER_URL", "chat://chat.example"),
        ("NESTED_URL", "chat://chat.example"),
        ("NESTED_URL", "amqps://mq.example"),
        ("BUCKET_URL", away),
        ("EITHER_URL", away),
        ("NESTED_URL", away),
        ("BUCKET_URL", "s3://K:S@localhost?region=x"),
        ("DB_URL", "mysql://db.example"),
        ("DB_URL", "mysql://localhost."),
        ("DB_URL", "mysql://db.localhost"),
        ("MAIL_URL", "smtp://mail.example"),
    ] {
        let report = load(name, url).expect_err(url);
        assert_eq!(report.problems()[0].kind(), ProblemKind::NotLoopback, "{name}={url}: {report}");
    }
    for (name, url) in [
        ("OWN_URL", "chat://localhost"),
        ("EITHER_URL", "chat://127.0.0.1"),
        ("NESTED_URL", "chat://[::1]"),
        ("NESTED_URL", "amqp://localhost"),
        ("BUCKET_URL", here),
        ("EITHER_URL", here),
        ("NESTED_URL", here),
        ("DB_URL", "sqlite::memory:"),
        ("DB_URL", "mysql://localhost"),
        ("MAIL_URL", "file:outbox"),
    ] {
        load(name, url).unwrap_or_else(|report| panic!("{name}={url}: {report}"));
    }
}

// --- hosts -----------------------------------------------------------------------------------

/// Nothing of a handle can be smuggled in by its host.
#[test]
fn a_host_is_a_host() {
    for host in [
        "evil.example/?ssl-mode=disabled",
        "root@evil",
        "a,b",
        "a:1:2",
        "12345",
        "010.0.0.1",
        "10.1",
    ] {
        let (_, message, _) = problem(db(&[("DB_HOST", host)]));
        assert!(!message.contains("evil") && !message.contains("12345"), "{message}");
    }
    for host in ["root@evil", "a,b", "", "a/b", "a?b", "a#b"] {
        assert!(Handle::builder("mysql").host(host).build().is_err(), "{host}");
    }
    let built = Handle::builder("mysql").port(1).host("a").build();
    assert!(built.is_err() || built.unwrap().port() == Some(1));
    for url in ["redis://12345", "redis://010.0.0.1", "redis://10.1", "redis://0x7f000001"] {
        assert!(cache(&[("CACHE_URL", url)]).is_err(), "{url}");
    }
    assert_eq!(bus(&[("BUS_SERVERS", "a:4222, b:4223")]).unwrap(), "nats://a:4222,b:4223");
}

// --- settings --------------------------------------------------------------------------------

#[derive(Deserialize, Debug, PartialEq)]
struct Account {
    key: Pem,
    name: String,
}

/// A type of the app's own that refuses, and repeats what it has read.
#[derive(Deserialize, Debug, PartialEq)]
#[serde(try_from = "String")]
struct Pem(String);

impl TryFrom<String> for Pem {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("-----BEGIN") && text.ends_with("-----") {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no PEM, {text} neither"))
        }
    }
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Production,
    Test,
}

#[derive(BackingServices)]
struct Settings {
    #[setting]
    account: Option<Account>,
    #[setting]
    limits: Option<HashMap<String, u8>>,
    #[setting]
    pause: Option<Duration>,
    #[setting]
    large: Option<u128>,
    #[setting]
    tags: Option<Vec<String>>,
    #[setting]
    verbose: Option<bool>,
    #[setting]
    mode: Option<Mode>,
    #[setting]
    letter: Option<char>,
    #[setting]
    pair: Option<(u8, String)>,
}

#[test]
fn settings_of_every_form() {
    let settings = Settings::load(&environment(&[
        ("ACCOUNT", r#"{"key":"-----BEGIN\nMII\n-----","name":"a"}"#),
        ("LIMITS", r#"{"a":1}"#),
        ("PAUSE", "5s"),
        ("LARGE", "340282366920938463463374607431768211455"),
        ("TAGS", " a, b,"),
        ("VERBOSE", "Yes"),
        ("MODE", "PRODUCTION"),
    ]))
    .unwrap();
    let account = Account { key: Pem("-----BEGIN\nMII\n-----".to_owned()), name: "a".to_owned() };
    assert_eq!(settings.account, Some(account));
    assert_eq!(settings.limits.unwrap()["a"], 1);
    assert_eq!((settings.pause, settings.large), (Some(Duration::from_secs(5)), Some(u128::MAX)));
    assert_eq!(settings.tags.unwrap(), ["a", "b"]);
    assert_eq!((settings.verbose, settings.mode), (Some(true), Some(Mode::Production)));
    assert_eq!((settings.letter, settings.pair), (None, None));
}

/// A message says what was expected, never what was read; and our own words are no secret.
#[test]
fn a_bad_setting_tells_no_byte_of_it() {
    let pairs = [
        ("ACCOUNT", r#"{"key":"-----BEGIN\nMII...","name":"hunter2"}"#),
        ("LIMITS", r#"{"hunter2":"hunter2"}"#),
        ("PAUSE", "hunter2"),
        ("LARGE", "hunter2"),
        ("VERBOSE", "hunter2"),
        ("MODE", "prod"),
        ("LETTER", "hunter2"),
        ("PAIR", r#"["hunter2","MII"]"#),
    ];
    let report = Settings::load(&environment(&pairs)).err().unwrap();
    assert_eq!(report.problems().len(), pairs.len(), "{report}");
    let text = format!("{report} {:?}", report.problems());
    for secret in ["MII", "hunter2", "BEGIN"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("`production`") && !text.contains("***"), "{text}");
}

// --- what is shown ---------------------------------------------------------------------------

/// A handle that its adapter refuses shows its scheme only: what stands in the host's place may be
/// a token.
#[test]
fn a_refused_handle_shows_its_scheme() {
    #[derive(BackingServices)]
    #[expect(dead_code, reason = "it is explained, never loaded")]
    struct Services {
        logs: Loggly,
        cache: Redis,
        #[setting]
        port: u16,
        #[setting]
        greeting: String,
    }
    let pairs = [
        ("LOGS_URL", "loggly://hunter2"),
        ("CACHE_URL", "redis://:hunter2@localhost/hunter2?client_name=hunter2"),
        ("CACHE_PASSWROD", "hunter2"),
        ("PORT", "8080"),
        ("GREETING", "hunter2"),
    ];
    let environment = environment(&pairs);
    let picture = Services::manifest().picture_of(&environment);
    let explanation = environment.explain::<Services>();
    let shown = format!("{explanation} {explanation:?} {} {}", picture.mermaid(), picture.svg());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(explanation.to_string().contains("loggly:***"), "{explanation}");
    // A type that holds no secret shows its values.
    assert!(explanation.to_string().contains("8080"), "{explanation}");
}

/// The report says that the file was not found, where that may be why nothing is set.
#[test]
fn a_dotenv_file_that_is_not_there() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(".env.prodution");
    let report = Db::load(&Environment::default().with_dotenv(&path)).err().unwrap();
    let help = report.problems()[0].help();
    assert!(help.contains(&format!("the file `{}` was not found", path.display())), "{help}");
}

#[test]
fn names_of_a_dotenv_file_tell_their_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, "DB_HOST=localhost\nDB_PASSWORD=\"p@ss\"\nDB_PASSWROD=hunter2\n").unwrap();
    let loaded = Db::load(&Environment::default().with_dotenv(&path));
    let made = loaded.unwrap().it.handle().expose_url().to_owned();
    assert_eq!(made, "mysql://:p%40ss@localhost");
    fs::write(&path, "DB_HOST=localhost\nDB_PORT=hunter2\n").unwrap();
    let report = Db::load(&Environment::default().with_dotenv(&path)).err().unwrap().to_string();
    assert!(report.contains(".env, line 2"), "{report}");
    assert!(!report.contains("hunter2") && !report.contains("alias"), "{report}");
}
