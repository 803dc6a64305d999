//! The pages of the book that begin with `cargo new`, done as they say: their files are those of a
//! package, their commands are run, and what these print is what the page shows.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use backing_services_conformance::free_port;
use backing_services_tests::servers::{self, Postfix, PostgreSql};
use tempfile::TempDir;

use crate::example::{Running, url};
use crate::postgres::OnPostgreSql;
use crate::redis::OnRedis;

/// A fenced block of a page, and the file that the line before it names.
struct Block<'a> {
    file: Option<&'a str>,
    language: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("\n```") {
        let (language, after) = after.split_once('\n').unwrap();
        let (text, after) = after.split_once("```").expect("the end of the block");
        let caption = before.trim_end().rsplit('\n').next().unwrap();
        let file = caption.strip_prefix('`').and_then(|it| it.strip_suffix("`:"));
        blocks.push(Block { file, language, text });
        rest = after;
    }
    blocks
}

/// The package that a reader makes, on this version of the crate and the dependencies of its lock.
struct Package {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Package {
    fn new(variables: Vec<(&'static str, String)>) -> Self {
        let folder = TempDir::with_prefix("backing-services-book-").unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        Self { folder, variables }
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut text = text.to_owned();
        if file == "Cargo.toml" {
            let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core");
            let core = core.canonicalize().unwrap();
            text += "\n[workspace]\n\n[patch.crates-io]\n";
            writeln!(text, "backing-services = {{ path = \"{}\" }}", core.display()).unwrap();
        }
        fs::write(path, text).unwrap();
    }

    /// Of the target folder that this test is in, so that nothing is built twice.
    fn target() -> PathBuf {
        let program = std::env::current_exe().unwrap();
        program.ancestors().nth(3).unwrap().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", Self::target());
        for name in ["DATABASE_URL", "CACHE_URL", "MAIL_URL", "GUEST", "LISTEN"] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn cargo(&self, what: &str) -> Command {
        let mut command = self.command("cargo");
        command.args([what, "--quiet", "--offline"]);
        command
    }
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_first_five_minutes() {
    const ELSEWHERE: &str = "postgres://user:password@localhost:5432/database";
    let database = PostgreSql::start();
    let package = Package::new(Vec::new());
    let mut output = String::new();
    let mut runs = 0;
    for block in blocks(include_str!("../../../core/src/book/first_five_minutes.md")) {
        if let Some(file) = block.file {
            package.write(file, block.text);
            continue;
        }
        match block.language {
            "text" => assert_eq!(output, block.text),
            "sh" => {
                for line in block.text.lines() {
                    let mut cargo = package.cargo("run");
                    match line {
                        "cargo new visits" | "cd visits" => continue,
                        "cargo run" => {}
                        line => {
                            let value = line.strip_prefix("DATABASE_URL=").unwrap();
                            assert_eq!(value, format!("{ELSEWHERE} cargo run"));
                            cargo.env("DATABASE_URL", url::<OnPostgreSql>("postgres", &database));
                        }
                    }
                    output = said(&cargo.output().unwrap());
                    runs += 1;
                }
            }
            other => panic!("what is to be done with a block of `{other}`?"),
        }
    }
    assert_eq!(runs, 3);
    assert_eq!(database.sql("SELECT guest FROM visits"), "world\n");
}

#[test]
fn the_web_app() {
    let (database, cache, mail) = (PostgreSql::start(), servers::Redis::start(), Postfix::start());
    // As the user of a database for development may.
    database.sql(&format!("ALTER ROLE {} CREATEDB", database.user()));
    let package = Package::new(vec![
        ("DATABASE_URL", url::<OnPostgreSql>("postgres", &database)),
        ("CACHE_URL", url::<OnRedis>("redis", &cache)),
    ]);
    let listen = format!("127.0.0.1:{}", free_port());
    let (mut running, mut output, mut tested) = (None, String::new(), false);
    for block in blocks(include_str!("../../../core/src/book/web_app.md")) {
        if let Some(file) = block.file {
            package.write(file, block.text);
            continue;
        }
        match block.language {
            "text" => assert_eq!(output.trim_end(), block.text.trim_end()),
            "sh" => {
                for line in block.text.lines() {
                    match line {
                        "cargo new shop" | "cd shop" => {}
                        "cargo test" => {
                            let passed = said(&package.cargo("test").output().unwrap());
                            assert!(passed.contains("test result: ok. 2 passed"), "{passed}");
                            tested = true;
                        }
                        "cargo run" => {
                            let mut cargo = package.cargo("run");
                            let relay = format!("smtp://localhost:{}", mail.port());
                            cargo.env("LISTEN", &listen).env("MAIL_URL", relay);
                            running = Some(Running::start(cargo));
                        }
                        line => {
                            let line = line.replace("localhost:8080", &listen);
                            assert!(line.starts_with("curl "), "{line}");
                            let curl = format!("{line} --silent --show-error --fail-with-body");
                            let curl = package.command("sh").args(["-c", &curl]).output().unwrap();
                            assert!(curl.status.success(), "{line}: {}", said(&curl));
                            output += &said(&curl);
                        }
                    }
                }
            }
            other => panic!("what is to be done with a block of `{other}`?"),
        }
    }
    assert!(tested);
    running.expect("it ran").stop();
    let stored = database.sql("SELECT number, customer, item FROM orders");
    assert_eq!(stored, "1\tada@example.com\tan analytical engine\n");
    let receipts = mail.wait_for_mail("ada@example.com", Duration::from_secs(20));
    assert!(receipts.iter().all(|it| it.contains("Subject: Your order 1")), "{receipts:?}");
    assert_eq!(receipts.len(), 1);
}
