//! The page of each platform, with its very configuration laid out in a temporary folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use backing_services::__private::compare_with_record;
use backing_services::{BackingServices, Environment, Mail, RabbitMq, Redis, Sql};

/// The struct that all pages are about.
#[derive(BackingServices)]
struct Shop {
    /// Under its own name, or under that of an add-on.
    #[service(alias = "DATABASE_URL", alias = "JAWSDB_URL")]
    db: Sql,
    #[service(alias = "MAILGUN_SMTP_URL")]
    mail: Mail,
    #[service(alias = "KV_URL")]
    cache: Option<Redis>,
    jobs: Option<RabbitMq>,
}

/// The blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("\n```{language}\n");
    let parts = page.split(start.as_str()).skip(1);
    parts.map(|part| part.split_once("```").expect("the end of the block").0).collect()
}

/// `OVERWRITE=1 cargo test --test platforms` writes what the struct sees into the pages.
#[test]
fn the_struct_sees_what_the_pages_say() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/platforms");
    let mut count = 0;
    for entry in fs::read_dir(&pages).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        count += 1;
        let page = fs::read_to_string(&path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        for block in blocks(&page, "file") {
            let (file, content) = block.split_once('\n').unwrap();
            let file = folder.path().join(file.trim_start_matches('/'));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let [variables] = blocks(&page, "env")[..] else { panic!("{path:?} has one block `env`") };
        let pairs = variables.lines().map(|line| {
            let (name, value) = line.split_once('=').expect("NAME=value");
            let value = if value.starts_with('/') { [root, value].concat() } else { value.into() };
            (name, value)
        });
        let environment = Environment::from_pairs(pairs);
        let seen = environment.explain::<Shop>().to_string();
        assert!(!seen.contains("s3cret") && !seen.contains("k#y"), "{seen}");
        let [shown] = blocks(&page, "text")[..] else { panic!("{path:?} has one block `text`") };
        #[expect(clippy::disallowed_methods, reason = "a switch of this test")]
        if std::env::var_os("OVERWRITE").is_some() {
            let (old, new) = (format!("```text\n{shown}```"), format!("```text\n{seen}```"));
            fs::write(&path, page.replace(&old, &new)).unwrap();
        } else {
            assert_eq!(shown, seen, "{path:?}");
        }
        let shop = Shop::load(&environment);
        compare_with_record(&environment, &shop).unwrap();
        let shop = shop.unwrap_or_else(|report| panic!("{path:?}: {report}"));
        drop((shop.db, shop.mail, shop.cache, shop.jobs));
    }
    assert_eq!(count, 7, "a page each for seven platforms");
}
