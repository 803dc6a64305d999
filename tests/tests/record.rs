//! The record in a program: it survives what makes a program small, and an environment is read by
//! it as the program reads it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backing_services::__private::check_by_file;
use backing_services::Environment;

const LIBRARY: &str = r#"
use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle, Host, Secret, Tls};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat", "chats" = tls), example = "chats://:token@chat.example", port = 7070,
    unencrypted = "refused")]
pub struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    pub host: Host,
    #[handle(password)]
    pub token: Option<Secret>,
    #[handle(param = "timeout", default = "5s", max = "1m")]
    pub timeout: std::time::Duration,
    #[handle(flatten)]
    pub tls: Tls,
}

impl Connect for Chat {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

#[derive(BackingServices)]
pub struct Services {
    /// Where people talk.
    pub talk: Chat,
    #[setting(default = "8080")]
    pub port: u16,
    #[setting]
    pub names: Option<Vec<String>>,
    #[service(nested)]
    pub reports: Option<Reports>,
}

#[derive(BackingServices)]
pub struct Reports {
    #[service(default = "chat://localhost")]
    pub talk: Chat,
    #[setting]
    pub retries: u8,
}

#[derive(BackingServices)]
#[services(embed = false)]
pub struct Hidden {
    pub unseen: Chat,
}
"#;

const PROGRAM: &str = r#"
use backing_services::BackingServices;

fn main() {
    if let Err(report) = app::Services::from_env() {
        print!("{report}");
    }
}
"#;

/// No optimization, which is not what the record could be lost to, so that the build is short.
const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2024"

[workspace]

[dependencies]
backing-services = { path = "ROOT/core" }

[profile.release]
opt-level = 0
lto = true
codegen-units = 1
strip = true
panic = "abort"
"#;

const SECRET: &str = "t0ken-of-the-builder";

/// Builds the program with a secret in the environment, which must not get into it.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("record");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let manifest = MANIFEST.replace("ROOT", root.to_str().unwrap());
    for (file, text) in
        [("Cargo.toml", manifest.as_str()), ("src/lib.rs", LIBRARY), ("src/main.rs", PROGRAM)]
    {
        fs::write(folder.join(file), text).unwrap();
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--offline", "--quiet", "--target-dir", "target"])
        .current_dir(&folder)
        .env("TALK_URL", format!("chats://:{SECRET}@chat.example"))
        .env_remove("RUSTFLAGS")
        .status()
        .unwrap();
    assert!(built.success());
    folder.join("target/release/app")
}

fn report_of_the_program(program: &Path, pairs: &[(&str, &str)]) -> String {
    let output = Command::new(program).env_clear().envs(pairs.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_stripped_program_is_checked_by_its_record() {
    let program = build();
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("TALK_URL", "chat://localhost")],
        &[("TALK_URL", "chat://:t0ken@chat.example"), ("PORT", "80a"), ("REPORTS_RETRIES", "1")],
        &[("TALK_URL", "chats://:t0ken@chat.example?timeout=2h"), ("REPORTS_TALK_URL", "smtp://a")],
        &[("TALK_HOST", "chat.example"), ("TALK_PASSWORD", "t0ken"), ("TALK_TLS", "nonsense")],
    ];
    let mut good = 0;
    for case in cases {
        let by_program = report_of_the_program(&program, case);
        let environment = Environment::from_pairs(case.iter().copied());
        assert_eq!(check_by_file(&program, None, &environment), Ok(by_program.clone()), "{case:?}");
        good += usize::from(by_program.is_empty());
    }
    assert_eq!(good, 1, "one of the environments is good, and the others are not");

    let environment = Environment::from_pairs([("RETRIES", "3")]);
    assert_eq!(check_by_file(&program, Some("app::Reports"), &environment), Ok(String::new()));
    let unknown = check_by_file(&program, Some("Hidden"), &environment).unwrap_err();
    assert!(unknown.starts_with("the program holds no record of that struct"), "{unknown}");

    let bytes = fs::read(&program).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(holds("Where people talk.") && !holds(SECRET));
}
