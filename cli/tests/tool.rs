//! The program, on a program whose services it does not know: this one.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use backing_services::{
    Adapter, BackingServices, ClientError, Connect, Environment, Format, Handle, Mail, MySql,
    Redis, Server,
};

/// What must show nowhere.
const MARK: &str = "hunter2";

#[derive(BackingServices)]
#[expect(dead_code, reason = "the program reads what it declares")]
struct Services {
    /// Orders and customers.
    #[service(env = "DATABASE_URL")]
    db: MySql,
    #[service(default = "memory:")]
    mail: Mail,
    cache: Option<Redis>,
    /// Where the shop listens.
    #[setting(default = "8080")]
    port: u16,
}

const SERVER: Server =
    Server::new("chat://127.0.0.1:{port}").image("docker.io/example/chat:2", 7070);

/// An adapter that the tool has never heard of.
#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7070, server = SERVER)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    _host: backing_services::Host,
    /// Who talks first.
    #[handle(param = "greeting")]
    _greeting: Option<bool>,
}

impl Connect for Chat {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

#[derive(BackingServices)]
struct Talk {
    /// Where people talk.
    chat: Chat,
}

/// This program, which holds the records.
fn program() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// The exit code, and what is said in all.
fn run(folder: &Path, command: &str, program: &Path, arguments: &str) -> (i32, String) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_backing-services"));
    tool.env_clear().current_dir(folder).arg(command).arg(program);
    let output = tool.args(arguments.split_whitespace()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains(MARK), "{said}");
    (output.status.code().unwrap(), said)
}

#[test]
fn it_checks_as_the_app_does() {
    let folder = tempfile::tempdir().unwrap();
    let bad =
        "DATABASE_ULR=mysql://shop:hunter2@db\nCACHE_URL=redis://:hunter2@db.example\nPORT=80a\n";
    fs::write(folder.path().join("bad.env"), bad).unwrap();
    let good = "DATABASE_URL=mysql://shop:hunter2@db.example/shop\n";
    fs::write(folder.path().join("good.env"), good).unwrap();

    let (code, said) =
        run(folder.path(), "check", &program(), "--env-file bad.env --struct Services");
    assert_eq!(code, 1, "{said}");
    let pairs = bad.lines().map(|line| line.split_once('=').unwrap());
    let report = Services::load(&Environment::from_pairs(pairs)).err().unwrap().to_string();
    // The app was given pairs, and no file.
    let said: Vec<_> = said.lines().map(|line| without_place(line, "bad.env")).collect();
    assert_eq!(said, report.lines().collect::<Vec<_>>());

    let (code, said) =
        run(folder.path(), "check", &program(), "--env-file good.env --struct Services");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("mysql://db.example:3306/shop"), "{said}");
    let (code, said) = run(folder.path(), "manifest", &program(), "--struct Services");
    assert_eq!((code, said), (0, Services::manifest().env_example()));
    let (code, said) = run(folder.path(), "diff", &program(), "bad.env good.env --struct Services");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("appears: mysql://db.example:3306/shop"), "{said}");
}

#[test]
fn an_adapter_of_the_apps_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str, arguments: &str| {
        run(folder.path(), command, &program(), &format!("{arguments} --struct Talk"))
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    fs::write(folder.path().join("good.env"), format!("CHAT_URL=chat://127.0.0.1:{port}\n"))
        .unwrap();
    fs::write(folder.path().join("bad.env"), "CHAT_URL=chat://h?greeting=perhaps\n").unwrap();

    let (code, said) = run("check", "--env-file good.env");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("further rules in the app's code are not applied"), "{said}");
    let (code, said) = run("check", "--env-file bad.env");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("`greeting`"), "{said}");
    let (code, said) = run("ping", "--env-file good.env");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("TCP"), "{said}");
    drop(listener);
    let (code, said) = run("wait", "--env-file good.env --timeout 1s");
    assert_eq!(code, 1, "{said}");

    let manifest = Talk::manifest();
    for format in Format::ALL {
        let (code, said) = run("manifest", &format!("--format {}", format.word()));
        assert_eq!((code, said.trim_end()), (0, manifest.format(*format).trim_end()));
    }
}

#[test]
fn one_of_the_structs_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), "check", &program(), "");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("::Services`") && said.contains("--struct NAME"), "{said}");
}

/// A line of a report without the file that a variable came from.
fn without_place(line: &str, file: &str) -> String {
    match line.split_once(&format!(" (from {file}, line ")) {
        Some((before, after)) => {
            format!("{before}{}", after.split_once(')').map_or("", |(_, after)| after))
        }
        None => line.to_owned(),
    }
}

#[test]
fn what_is_no_such_program() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("other"), "#!/bin/sh\n").unwrap();
    for program in ["other", "missing", "."] {
        let (code, said) = run(folder.path(), "check", Path::new(program), "");
        assert_eq!(code, 2, "{program}: {said}");
        assert!(said.starts_with("error: "), "{said}");
    }
}
