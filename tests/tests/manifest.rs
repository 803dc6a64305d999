//! The forms in which a manifest leaves the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::time::Duration;

use backing_services::{BackingServices, Environment, Mail, Memcached, MySql, Sql};
use serde::Deserialize;

/// Held against the file by the derive, and the file against the manifest below.
#[derive(BackingServices)]
#[services(example = "manifest.env")]
struct Services {
    /// Orders and customers.
    ///
    /// One database | for both.
    #[service(env = "DATABASE_URL", alias = "CLEARDB_DATABASE_URL")]
    db: MySql,
    #[service(default = "memcached://localhost:11211")]
    cache: Memcached,
    /// Receipts.
    mail: Option<Mail>,
    #[service(nested)]
    reports: Option<Reports>,
    /// Where the shop listens.
    #[setting(default = "8080")]
    port: u16,
    /// How it greets.
    #[setting(default = "it's $5 # \"only\"")]
    greeting: String,
    #[setting]
    workers: u8,
    /// How long it waits.
    #[setting(flatten, prefix = "WAIT_")]
    limits: Limits,
}

/// As an app has it for envy.
#[derive(Deserialize)]
struct Limits {
    #[serde(alias = "connecting")]
    connect: Duration,
    #[serde(default)]
    read_ms: u32,
}

#[derive(BackingServices)]
struct Reports {
    #[service(binding = "warehouse")]
    db: Sql,
    #[setting]
    title: Option<String>,
}

/// `OVERWRITE=1 cargo test --test manifest` writes the file anew.
#[test]
fn the_env_example_is_the_file_that_the_derive_accepts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/manifest.env");
    let text = Services::manifest().env_example();
    #[expect(clippy::disallowed_methods, reason = "a switch of this test")]
    if std::env::var_os("OVERWRITE").is_some() {
        fs::write(path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}

/// Filled in as it stands, the example loads: each line is one that a `.env` file can hold.
#[test]
fn the_env_example_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    let text = Services::manifest().env_example();
    let active: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(line) if !line.starts_with(' ') => line,
            _ => line,
        })
        .collect();
    let active = active.join("\n").replace("WORKERS=", "WORKERS=4");
    let active = active.replace("WAIT_CONNECT=", "WAIT_CONNECT=5s").replace("WAIT_READ_MS=", "");
    fs::write(&path, active).unwrap();
    let services = Services::load(&Environment::default().with_dotenv(&path)).unwrap();
    assert_eq!(services.greeting, "it's $5 # \"only\"");
    assert_eq!((services.port, services.workers), (8080, 4));
    assert!(services.mail.is_some());
    assert!(services.reports.is_some_and(|reports| reports.title.is_none()));
    assert_eq!((services.limits.connect, services.limits.read_ms), (Duration::from_secs(5), 0));
}

#[test]
fn markdown() {
    let expected = "\
| variable | service | required | default | meaning |
|---|---|---|---|---|
| `DATABASE_URL` | MySQL: `mysql` `mariadb` `mysql2` | yes |  | Orders and customers. One database \\| for both. |
| `CACHE_URL` | memcached: `memcached` `memcache` `memcacheds` `memcached+unix` | no | `memcached://localhost:11211` |  |
";
    let text = Services::manifest().markdown();
    assert!(text.starts_with(expected), "{text}");
    let settings = "\
| `WORKERS` | a setting | yes |  |  |
| `WAIT_CONNECT` | a setting | yes |  | How long it waits. |
| `WAIT_READ_MS` | a setting | no |  | How long it waits. |
";
    assert!(text.ends_with(settings), "{text}");
}

#[test]
fn json() {
    let json: serde_json::Value = serde_json::from_str(&Services::manifest().json()).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["name"], "Services");
    assert_eq!(
        json["resources"][0],
        serde_json::json!({
            "field": "Services::db",
            "variable": "DATABASE_URL",
            "aliases": ["CLEARDB_DATABASE_URL"],
            "binding": null,
            "adapter": "MySQL",
            "schemes": ["mysql", "mariadb", "mysql2"],
            "example": "mysql://user:password@localhost:3306/database",
            "required": true,
            "default": null,
            "doc": "Orders and customers.\n\nOne database | for both.",
        })
    );
    assert_eq!(json["resources"][3]["field"], "Services::reports.db");
    assert_eq!(json["resources"][3]["binding"], "warehouse");
    assert_eq!(
        json["settings"][1],
        serde_json::json!({
            "field": "Services::port",
            "variable": "PORT",
            "aliases": [],
            "required": false,
            "default": "8080",
            "doc": "Where the shop listens.",
        })
    );
    assert_eq!(
        json["settings"][4],
        serde_json::json!({
            "field": "Services::limits.connect",
            "variable": "WAIT_CONNECT",
            "aliases": ["WAIT_CONNECTING"],
            "required": true,
            "default": null,
            "doc": "How long it waits.",
        })
    );
}

#[test]
fn a_picture_tells_places_apart_and_shows_no_secret() {
    let environment = Environment::from_pairs([
        ("DATABASE_URL", "mysql://shop:s3cret@db.example:3306/orders"),
        ("MAIL_URL", "smtp://s3cret:#@h"),
    ]);
    let picture = Services::manifest().picture_of(&environment);
    for text in [picture.mermaid(), picture.svg()] {
        assert!(text.contains("db.example"), "{text}");
        assert!(!text.contains("s3cret") && !text.contains("orders"), "{text}");
    }
    let mermaid = picture.mermaid();
    let lines: Vec<_> = mermaid.lines().skip(1).take(5).collect();
    assert_eq!(
        lines,
        [
            "    deploy[\"Services\"]",
            "    deploy --- resource0[(\"db<br>MySQL<br>DATABASE_URL<br>db.example\")]:::remote",
            "    deploy --- resource1[(\"cache<br>memcached<br>CACHE_URL<br>localhost\")]:::local",
            "    deploy --- resource2[(\"mail<br>Mail<br>MAIL_URL<br>broken\")]:::broken",
            "    deploy -.- resource3[(\"reports.db<br>SQL<br>REPORTS_DB_URL<br>detached\")]:::detached",
        ]
    );
    let declared = Services::manifest().picture().mermaid();
    assert!(declared.contains("DATABASE_URL<br>required\")]:::declared"), "{declared}");
}

/// What is required is missing where it is not set, inside an optional struct as soon as that is
/// there; what is not is detached.
#[test]
fn a_picture_tells_missing_from_detached() {
    let lines = |pairs: &[(&str, &str)]| {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let picture = Services::manifest().picture_of(&environment);
        let mermaid = picture.mermaid();
        let lines = [0, 2, 3].map(|index| {
            let line = mermaid.lines().find(|line| line.contains(&format!("resource{index}[")));
            line.unwrap().trim().to_owned()
        });
        (lines, picture.svg())
    };
    let (nothing, svg) = lines(&[]);
    assert_eq!(
        nothing,
        [
            "deploy --x resource0[(\"db<br>MySQL<br>DATABASE_URL<br>missing\")]:::missing",
            "deploy -.- resource2[(\"mail<br>Mail<br>MAIL_URL<br>detached\")]:::detached",
            "deploy -.- resource3[(\"reports.db<br>SQL<br>REPORTS_DB_URL<br>detached\")]:::detached",
        ]
    );
    assert!(svg.contains(">missing: the app needs it</text>"), "{svg}");
    assert_eq!(
        svg.matches("<g class=\"missing\"><path d=\"M").count(),
        2,
        "a cross and a box: {svg}"
    );
    assert!(svg.contains("line.missing{stroke:#a21caf;stroke-dasharray:2 6}"), "{svg}");

    let (all, svg) = lines(&[("DATABASE_URL", "mysql://localhost/shop")]);
    assert!(all[0].ends_with(":::local"), "{all:?}");
    assert!(!svg.contains("<g class=\"missing\">"), "{svg}");
    // The struct is there: all that it needs has to be.
    let (with_title, _) = lines(&[("REPORTS_TITLE", "Sales")]);
    assert!(with_title[2].ends_with("<br>missing\")]:::missing"), "{with_title:?}");
}
