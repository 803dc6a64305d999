//! The commands of an app's own binary, on servers of the harness.

use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use backing_services_conformance::Subject as _;
use backing_services_tests::servers::{self, MariaDb, PostgreSql};

use crate::beanstalkd::OnBeanstalkd;
use crate::example::{self, url};
use crate::memcached::OnMemcached;
use crate::mysql::OnMariaDb;
use crate::nats::OnNats;
use crate::postgres::OnPostgreSql;
use crate::redis::OnRedis;

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_services"));
    command.env_clear().args(arguments).envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn ping_tells_the_version_of_each_server() {
    let (db, archive, cache) = (OnMariaDb::start(), OnPostgreSql::start(), OnRedis::start());
    let (pages, jobs, events) =
        (servers::Memcached::start(), servers::Beanstalkd::start(), servers::Nats::start());
    let urls = [
        ("DATABASE_URL", url::<OnMariaDb>("mysql", &db)),
        ("CACHE_URL", url::<OnRedis>("redis", &cache)),
        ("PAGES_URL", url::<OnMemcached>("memcached", &pages)),
        ("JOBS_URL", url::<OnBeanstalkd>("beanstalkd", &jobs)),
        ("EVENTS_URL", url::<OnNats>("nats", &events)),
        ("ARCHIVE_URL", url::<OnPostgreSql>("postgres", &archive)),
    ];
    let variables: Vec<_> = urls.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let output = run(&["ping"], &variables);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    for (field, version) in [
        ("Services::db", "MariaDB"),
        ("Services::cache", "."),
        ("Services::pages", "1."),
        ("Services::jobs", "1."),
        ("Services::events", "2."),
        ("Services::archive", "1"),
    ] {
        let row = said.lines().find(|row| row.starts_with(&format!("{field} "))).unwrap();
        let (answer, told) = row.split_once(" ms").unwrap();
        assert!(answer.contains(" yes ") && told.contains(version), "{row}");
    }
    for (_, url) in &urls {
        assert!(!said.contains(url), "{said}");
    }
    drop::<(MariaDb, PostgreSql)>((db, archive));
    let output = run(&["wait", "--timeout", "1s"], &variables);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("2 of 6 resources of `Services` did not connect"), "{said}");
}

/// `wait` before the app, as in the entry point of a container: the app finds its database, which
/// starts 20 s later.
#[test]
fn a_deploy_waits_for_a_database_that_starts_later() {
    let mut db = MariaDb::start();
    db.kill();
    let url = url::<OnMariaDb>("mysql", &db);
    let variables = [("DATABASE_URL", url.as_str())];
    let folder = tempfile::tempdir().unwrap();
    let order = || {
        let mut app = example::command("quickstart");
        app.current_dir(folder.path()).envs(variables).output().unwrap()
    };
    assert!(!order().status.success(), "there is no database yet");

    let started = Instant::now();
    let server = thread::spawn(move || {
        thread::sleep(Duration::from_secs(20));
        db.restart();
        db
    });
    let output = run(&["wait", "--timeout", "60s"], &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(started.elapsed() >= Duration::from_secs(20));
    example::stdout(&order());
    drop(server.join().unwrap());
}
