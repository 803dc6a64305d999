//! Settings: whatever `serde` can read from a text, and what is told of one that it cannot.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use backing_services::{BackingServices, Environment, ProblemKind, Secret};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Debug,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Workers(usize);

/// As `humantime-serde` and `serde_with` do it: a function of the field's own.
#[derive(Deserialize, PartialEq, Debug)]
struct Period(#[serde(deserialize_with = "seconds")] Duration);

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

#[derive(BackingServices)]
#[services(prefix = "SHOP_")]
struct Settings {
    #[setting]
    port: u16,
    #[setting]
    ratio: f64,
    #[setting]
    verbose: bool,
    #[setting]
    level: Level,
    #[setting]
    listen: SocketAddr,
    #[setting]
    data: PathBuf,
    #[setting]
    origins: Vec<String>,
    #[setting]
    ports: Vec<u16>,
    #[setting]
    workers: Workers,
    #[setting]
    period: Period,
    #[setting]
    key: Secret,
    #[setting]
    limit: Option<i64>,
    #[setting(default = "debug")]
    other: Level,
}

const GOOD: [(&str, &str); 11] = [
    ("SHOP_PORT", "8080"),
    ("SHOP_RATIO", "0.5"),
    ("SHOP_VERBOSE", "true"),
    ("SHOP_LEVEL", "info"),
    ("SHOP_LISTEN", "[::1]:8080"),
    ("SHOP_DATA", "/var/lib/shop"),
    ("SHOP_ORIGINS", "a.example,b.example"),
    ("SHOP_PORTS", "80,443"),
    ("SHOP_WORKERS", "4"),
    ("SHOP_PERIOD", "90"),
    ("SHOP_KEY", "k3y"),
];

#[test]
fn every_kind_of_value() {
    let settings = Settings::load(&Environment::from_pairs(GOOD)).unwrap();
    assert_eq!(settings.port, 8080);
    assert!((settings.ratio - 0.5).abs() < f64::EPSILON);
    assert!(settings.verbose);
    assert_eq!(settings.level, Level::Info);
    assert_eq!(settings.listen, "[::1]:8080".parse().unwrap());
    assert_eq!(settings.data, PathBuf::from("/var/lib/shop"));
    assert_eq!(settings.origins, ["a.example", "b.example"]);
    assert_eq!(settings.ports, [80, 443]);
    assert_eq!(settings.workers, Workers(4));
    assert_eq!(settings.period, Period(Duration::from_secs(90)));
    assert_eq!(settings.key.expose(), "k3y");
    assert_eq!(settings.limit, None);
    assert_eq!(settings.other, Level::Debug);
}

#[test]
fn a_bad_one_is_told_by_its_full_name_without_its_value() {
    let level = "one of `info` or `debug`";
    let bad = [
        ("SHOP_PORT", "70001", "a whole number from 0 to 65535"),
        ("SHOP_RATIO", "hunter2", "a number"),
        ("SHOP_VERBOSE", "hunter2", "`true` or `false`"),
        ("SHOP_LEVEL", "hunter2", level),
        ("SHOP_LISTEN", "hunter2", "a socket address such as `127.0.0.1:8080`"),
        ("SHOP_PORTS", "80,hunter2", "a whole number from 0 to 65535 (item 2 of the list)"),
        ("SHOP_WORKERS", "-1", "a whole number from 0 to 18446744073709551615"),
        ("SHOP_PERIOD", "hunter2", "a whole number from 0 to 18446744073709551615"),
        (
            "SHOP_LIMIT",
            "hunter2",
            "a whole number from -9223372036854775808 to 9223372036854775807",
        ),
        ("SHOP_OTHER", "hunter2", level),
    ];
    let pairs = GOOD.into_iter().chain(bad.map(|(name, value, _)| (name, value)));
    let report = Settings::load(&Environment::from_pairs(pairs)).err().unwrap();
    let found: Vec<_> = report.problems().iter().collect();
    assert_eq!(found.len(), bad.len(), "{report}");
    for (problem, (name, _, right)) in found.iter().zip(bad) {
        assert_eq!((problem.variable(), problem.kind()), (name, ProblemKind::Setting));
        assert_eq!(problem.message(), format!("has a bad value: expected {right}"));
        assert_eq!(problem.help(), format!("set it to {right}"));
    }
    let text = format!("{report} {report:?}");
    assert!(!text.contains("hunter2") && !text.contains("70001"), "{text}");
}
