//! The commands in an app's own binary, as people run them.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What must show nowhere.
const MARK: &str = "hunter2";

/// A folder of files, and the app run in it.
struct Deploy(tempfile::TempDir);

impl Deploy {
    fn new(files: &[(&str, &str)]) -> Self {
        let deploy = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = deploy.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        deploy
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_services"));
        command.env_clear().current_dir(self.0.path());
        command.arg("services").args(arguments.split_whitespace());
        command
    }

    fn run(&self, arguments: &str) -> Ran {
        Ran::new(self.command(arguments).output().unwrap())
    }

    /// The JSON of a command that ended with this code.
    fn json(&self, arguments: &str, code: i32) -> Value {
        let ran = self.run(&format!("{arguments} --json"));
        assert_eq!(ran.code, code, "{arguments}: {}{}", ran.stdout, ran.stderr);
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((json["version"].as_u64(), json["name"].as_str()), (Some(1), Some("Services")));
        json
    }
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn new(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains('\u{1b}'), "no terminal, no colours: {said:?}");
        assert!(!said.contains(MARK), "a secret shows: {said}");
        ran
    }
}

#[test]
fn a_good_environment_is_a_line_a_resource() {
    let deploy = Deploy::new(&[(
        "prod.env",
        "DATABASE_URL=mysql://shop:hunter2@db.example/shop\nCACHE_URL=redis://localhost/1\n",
    )]);
    let ran = deploy.run("check --env-file prod.env");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "the environment of `Services` is good");
    let columns =
        |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert_eq!(
        columns(lines[2]),
        "Services::db SQL mysql://db.example:3306/shop DATABASE_URL (from prod.env, line 1)"
    );
    assert_eq!(
        columns(lines[3]),
        "Services::cache Redis redis://localhost:6379/1 CACHE_URL (from prod.env, line 2)"
    );
    assert_eq!(columns(lines[4]), "Services::quotes Ticker detached");

    let json = deploy.json("check --env-file prod.env", 0);
    assert_eq!(json["command"], "check");
    assert_eq!(json["ok"], true);
    assert_eq!(json["resources"][0]["attached"], true);
    assert_eq!(json["resources"][0]["origin"], "DATABASE_URL (from prod.env, line 1)");
    assert_eq!(json["resources"][2]["attached"], false);
    // No value of the environment is in it.
    assert!(!json.to_string().contains("db.example"), "{json}");
}

#[test]
fn a_bad_environment_is_the_report_of_the_app() {
    let deploy = Deploy::new(&[(
        "prod.env",
        "DATABASE_ULR=mysql://shop:hunter2@db.example/shop\nPORT=80a\n",
    )]);
    let ran = deploy.run("check --env-file prod.env");
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stdout,
        "2 problems in the environment of `Services`

  DATABASE_URL: Services::db, SQL
      is not set
      help: `DATABASE_ULR` is set: did you mean `DATABASE_URL`?

  PORT (from prod.env, line 2): Services::port
      has a bad value: expected a whole number from 0 to 65535
      help: set it to a whole number from 0 to 65535
"
    );
    let json = deploy.json("check --env-file prod.env", 1);
    assert_eq!(json["problems"][1]["variable"], "PORT");
    assert_eq!(json["problems"][1]["kind"], "setting");
    assert_eq!(json["problems"][1]["field"], "Services::port");
}

#[test]
fn files_are_stacked_and_the_last_counts() {
    let deploy = Deploy::new(&[
        ("base.env", "DB_HOST=base.example\nDATABASE_URL=sqlite::memory:\nPORT=80\n"),
        ("prod.env", "DATABASE_URL=mysql://$DB_HOST/shop?ssl-mode=disabled\n"),
        ("host.env", "PORT=\n"),
    ]);
    let ran = deploy.run("check --env-file base.env --env-file prod.env");
    assert!(ran.stdout.contains("mysql://base.example:3306/shop"), "{}", ran.stdout);
    assert!(ran.stdout.contains("DATABASE_URL (from prod.env, line 1)"), "{}", ran.stdout);
    // One that is empty in the last file is not set, as in a container.
    let ran = deploy.run("explain --env-file base.env --env-file host.env");
    let port = ran.stdout.lines().find(|line| line.starts_with("Services::port")).unwrap();
    assert!(port.contains("the default"), "{port}");
}

#[test]
fn without_a_source_it_is_the_process() {
    let deploy = Deploy::new(&[(".env", "DATABASE_URL=sqlite::memory:\n")]);
    assert_eq!(deploy.run("check").code, 1);
    let run = |arguments: &str| {
        let mut command = deploy.command(arguments);
        Ran::new(command.env("DATABASE_URL", "mysql://localhost/own").output().unwrap())
    };
    assert!(run("check").stdout.contains("mysql://localhost:3306/own"));
    // The process comes first, as where an app reads a `.env`.
    assert!(run("check --env --env-file .env").stdout.contains("mysql://localhost:3306/own"));
    assert!(run("check --env-file .env").stdout.contains("sqlite"));
}

#[test]
fn what_cannot_be_carried_out_is_two() {
    let deploy = Deploy::new(&[("odd.yaml", "a: [hunter2"), ("empty.yaml", "services: {}\n")]);
    for arguments in [
        "",
        "chekc",
        "check --env-file missing.env",
        "check --bindings missing",
        "check --vcap missing.json",
        "check --kube missing.yaml",
        "check --kube odd.yaml",
        "check --container app",
        "check --compose odd.yaml",
        "check --compose empty.yaml --service web",
        "wait --timeout soon",
        "diff only.env",
        "manifest --format poem",
    ] {
        let ran = deploy.run(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {}", ran.stdout);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{arguments}: {}", ran.stdout);
    }
    assert_eq!(deploy.run("--help").code, 0);
    assert_eq!(deploy.run("--version").code, 0);
}

#[test]
fn bindings_and_services_of_a_platform() {
    let vcap = r#"{"redis": [{"name": "cache", "label": "redis", "tags": [],
        "credentials": {"uri": "rediss://:hunter2@cache.example:6380"}}]}"#;
    let deploy = Deploy::new(&[
        ("bound/db/type", "mysql"),
        ("bound/db/uri", "mysql://shop:hunter2@db.example/shop"),
        ("vcap.json", vcap),
    ]);
    let ran = deploy.run("check --bindings bound --vcap vcap.json");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("from the service binding db"), "{}", ran.stdout);
    assert!(ran.stdout.contains("from the service cache"), "{}", ran.stdout);
}

const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: { name: shop }
data:
  password: aHVudGVyMg==        # hunter2
  url: bXlzcWw6Ly9zaG9wOmh1bnRlcjJAZGIuZXhhbXBsZS9zaG9w
stringData:
  CACHE_URL: rediss://:hunter2@cache.example
  not a name: hunter2
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data:
  PORT: '9000'
  QUOTES_HOST: quotes.example
";

fn deployment(container: &str) -> String {
    let container = container.replace('\n', "\n        ");
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  selector: {{}}
  template:
    spec:
      volumes:
      - name: db
        secret:
          secretName: shop
          items: [ {{ key: url, path: mysql/url }} ]
      - name: all
        projected:
          sources:
          - secret: {{ name: shop, items: [ {{ key: password, path: password }} ] }}
          - configMap: {{ name: settings, items: [ {{ key: QUOTES_HOST, path: host }} ] }}
          - configMap: {{ name: kind, optional: true }}
      - name: kind
        configMap: {{ name: kinds }}
      containers:
      - name: app
        {container}
"
    )
}

#[test]
fn what_the_kubelet_hands_out() {
    let container = deployment(
        "envFrom:
- secretRef: { name: shop }
- configMapRef: { name: settings }
- configMapRef: { name: none, optional: true }
env:
- { name: DB_USER, value: shop }
- name: DB_PASSWORD
  valueFrom: { secretKeyRef: { name: shop, key: password } }
- { name: DATABASE_URL, value: 'mysql://$(DB_USER):$(DB_PASSWORD)@db.example/shop' }
- name: POD
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: API_KEY
  valueFrom: { secretKeyRef: { name: shop, key: none, optional: true } }",
    );
    let deploy = Deploy::new(&[("secret.yaml", SECRET), ("web.yaml", &container)]);
    let ran = deploy.run("check --kube secret.yaml,web.yaml");
    // A ConfigMap of the volumes is missing, but nothing mounts it.
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("mysql://db.example:3306/shop"), "{}", ran.stdout);
    assert!(ran.stdout.contains("from Deployment web in web.yaml"), "{}", ran.stdout);
    assert!(ran.stdout.contains("rediss://cache.example:6379"), "{}", ran.stdout);
    let ran = deploy.run("explain --kube secret.yaml,web.yaml");
    let port = ran.stdout.lines().find(|line| line.starts_with("Services::port")).unwrap();
    assert!(port.contains("9000"), "{port}");
    // Secrets alone: each of their keys is a variable.
    let ran = deploy.run("check --kube secret.yaml");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("DATABASE_URL: Services::db"), "{}", ran.stdout);
}

#[test]
fn files_that_are_mounted_are_read() {
    let container = deployment(
        "env:
- { name: DATABASE_URL_FILE, value: /etc/db/mysql/url }
- { name: CACHE_HOST, value: cache.example }
- { name: CACHE_PASSWORD_FILE, value: /run/one }
- { name: SERVICE_BINDING_ROOT, value: /bindings }
volumeMounts:
- { name: db, mountPath: /etc/db }
- { name: all, mountPath: /run/one, subPath: password }
- { name: kind, mountPath: /bindings/quotes }",
    );
    let kinds = "
kind: ConfigMap
metadata: { name: kinds }
data: { type: ticker, uri: 'ticker://:hunter2@quotes.example' }
";
    let deploy =
        Deploy::new(&[("secret.yaml", SECRET), ("web.yaml", &container), ("kinds.yaml", kinds)]);
    let ran = deploy.run("check --kube secret.yaml,web.yaml,kinds.yaml");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    // The password would go to another machine as it is: it was read.
    assert!(ran.stdout.starts_with("1 problem "), "{}", ran.stdout);
    assert!(ran.stdout.contains("CACHE_URL"), "{}", ran.stdout);
    let container = container.replace("cache.example", "localhost");
    fs::write(deploy.0.path().join("web.yaml"), container).unwrap();
    let ran = deploy.run("check --kube secret.yaml,web.yaml,kinds.yaml");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("from the file in DATABASE_URL_FILE"), "{}", ran.stdout);
    assert!(ran.stdout.contains("from the service binding quotes"), "{}", ran.stdout);
    // Without the ConfigMap the pod would not start.
    let ran = deploy.run("check --kube secret.yaml,web.yaml");
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout
            .contains("a volume refers to the ConfigMap `kinds`, which is not in the given files"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_a_pod_refers_to_and_is_not_there() {
    let container = deployment(
        "env:
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: elsewhere, key: url } }
- name: UNREAD
  valueFrom: { configMapKeyRef: { name: settings, key: none } }
- name: CACHE_URL
  value: redis://$(POD)
- name: POD
  valueFrom: { fieldRef: { fieldPath: status.podIP } }",
    );
    let deploy = Deploy::new(&[("secret.yaml", SECRET), ("web.yaml", &container)]);
    let ran = deploy.run("check --kube secret.yaml,web.yaml");
    assert_eq!(ran.code, 1);
    let report = &ran.stdout;
    assert!(report.starts_with("3 problems "), "{report}");
    assert!(
        report.contains(
            "  UNREAD (from Deployment web in web.yaml): Services
      refers to the key `none` of the ConfigMap `settings`, which has none of this name"
        ),
        "{report}"
    );
    assert!(
        report.contains(
            "  DATABASE_URL (from Deployment web in web.yaml): Services::db, SQL
      refers to the Secret `elsewhere`, which is not in the given files
      help: give the file that has it to `--kube` too, or mark it `optional: true`"
        ),
        "{report}"
    );
}

#[test]
fn one_of_several_containers() {
    let two = "
kind: Pod
metadata: { name: web }
spec:
  containers:
  - { name: app, env: [ { name: DATABASE_URL, value: 'sqlite::memory:' } ] }
  - { name: proxy }
";
    let deploy = Deploy::new(&[
        ("pod.yaml", two),
        (
            "odd.yaml",
            "kind: Secret\nmetadata: { name: shop }\nstringData: { PORT: 8080, a: hunter2 }\n",
        ),
        (
            "list.json",
            r#"{"kind": "List", "items": [
                {"kind": "Secret", "stringData": {"DATABASE_URL": "sqlite::memory:"}}]}"#,
        ),
    ]);
    let ran = deploy.run("check --kube pod.yaml");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("web/app, web/proxy"), "{}", ran.stderr);
    assert_eq!(deploy.run("check --kube pod.yaml --container app").code, 0);
    assert_eq!(deploy.run("check --kube pod.yaml --container web/proxy").code, 1);
    assert_eq!(deploy.run("check --kube pod.yaml --container other").code, 2);
    let ran = deploy.run("check --kube odd.yaml");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the Secret `shop`"), "{}", ran.stderr);
    assert_eq!(deploy.run("check --kube list.json").code, 0);
}

#[test]
fn what_compose_hands_out() {
    let compose = "
x-shared: &shared
  environment: &variables
    CACHE_URL: redis://localhost/${CACHE_DB:-4}
services:
  web:
    <<: *shared
    extends: { service: base }
    env_file:
    - common.env
    - { path: missing.env, required: false }
    environment:
      <<: *variables
      DATABASE_URL_FILE: /run/secrets/db_url
      PASSED:
    secrets: [ db_url ]
  base:
    environment: [ 'QUOTES_URL=ticker://:$TOKEN@quotes.example', API_KEY=hunter2 ]
  broken:
    env_file: missing.env
    secrets: [ outside, other ]
    environment: { DATABASE_URL: '${DATABASE:?set it}' }
secrets:
  db_url: { file: ./secrets/db }
  outside: { external: true }
";
    let deploy = Deploy::new(&[
        ("deploy/compose.yaml", compose),
        ("deploy/.env", "CACHE_DB=2\nTOKEN=hunter2\n"),
        ("deploy/common.env", "PORT=9001\nAPI_KEY=hunter2\n"),
        ("deploy/secrets/db", "mysql://shop:hunter2@db.example/shop\n"),
    ]);
    let ran = deploy.run("check --compose deploy/compose.yaml --service web");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("redis://localhost:6379"), "{}", ran.stdout);
    assert!(ran.stdout.contains("from the file in DATABASE_URL_FILE"), "{}", ran.stdout);
    assert!(ran.stdout.contains("ticker://quotes.example:7070"), "{}", ran.stdout);
    let ran = deploy.run("explain --compose deploy/compose.yaml --service web");
    let port = ran.stdout.lines().find(|line| line.starts_with("Services::port")).unwrap();
    assert!(port.contains("9001") && port.contains("common.env"), "{port}");

    let ran = deploy.run("check --compose deploy/compose.yaml --service broken");
    assert_eq!(ran.code, 1);
    for said in [
        "its `env_file` `deploy/missing.env` is not there",
        "the content of its secret `outside` is not in the given files",
        "refers to the secret `other`, which the file does not declare",
        "  DATABASE (from service broken in deploy/compose.yaml): Services",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    let ran = deploy.run("check --compose deploy/compose.yaml");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("base, broken, web"), "{}", ran.stderr);
}

#[test]
fn what_another_environment_means() {
    let deploy = Deploy::new(&[
        (
            "a.env",
            "DATABASE_URL=mysql://shop:hunter2@a.example/shop
CACHE_URL=rediss://:hunter2@cache.example/1
QUOTES_URL=ticker://localhost
API_KEY=hunter2
PORT=1
",
        ),
        (
            "b.env",
            "DATABASE_URL=mysql://shop:other-hunter2@b.example:3307/orders?ssl-mode=verify_identity
CACHE_URL=rediss://:hunter2@cache.example:6379/1
PAGES_URL=memcached://localhost
API_KEY=hunter2-2
PORT=2
",
        ),
        ("broken.env", "DATABASE_URL=mysql://shop:hun#ter2@a.example/shop\n"),
    ]);
    let ran = deploy.run("diff a.env b.env");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(
        ran.stdout,
        "DATABASE_URL: Services::db
    host: a.example -> b.example
    port: 3306 -> 3307
    database: shop -> orders
    TLS: the default -> verify_identity
    password differs

QUOTES_URL: Services::quotes
    goes: ticker://localhost:7070

PAGES_URL: Services::pages
    appears: memcached://localhost:11211

PORT: Services::port
    value: 1 -> 2

API_KEY: Services::api_key
    value differs
"
    );
    let json = deploy.json("diff a.env b.env", 0);
    let first = &json["differences"][0];
    assert_eq!(first["change"], "changed");
    assert_eq!(first["what"], serde_json::json!(["host", "port", "database", "TLS", "password"]));
    assert_eq!(json["differences"][1]["change"], "goes");
    assert!(!json.to_string().contains("example"), "{json}");
    assert!(deploy.run("diff a.env a.env").stdout.starts_with("no difference"));
    let ran = deploy.run("diff a.env broken.env");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("broken.env:\n1 problem in"), "{}", ran.stdout);
    assert_eq!(deploy.json("diff a.env broken.env", 1)["problems"][1][0]["kind"], "syntax");
}

#[test]
fn the_transcript_of_the_readme() {
    let readme = include_str!("../../README.md");
    let (_, transcript) = readme.split_once("```console\n").unwrap();
    let (transcript, _) = transcript.split_once("```").unwrap();
    let container = deployment(
        "env:
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: elsewhere, key: url } }",
    );
    let deploy = Deploy::new(&[
        ("staging.env", "DATABASE_URL=mysql://shop:hunter2@staging.example/shop\n"),
        (
            "prod.env",
            "DATABASE_URL=mysql://shop:hunter2-2@db.example/shop?ssl-mode=verify_identity\n",
        ),
        ("secret.yaml", SECRET),
        ("web.yaml", &container),
    ]);
    let mut shown = String::new();
    for line in transcript.lines().filter_map(|line| line.strip_prefix("$ shop services ")) {
        shown.extend(["$ shop services ", line, "\n", &deploy.run(line).stdout]);
    }
    assert_eq!(shown, transcript);
}

#[test]
fn what_the_app_declares() {
    let deploy = Deploy::new(&[]);
    let env = deploy.run("manifest");
    assert!(env.stdout.contains("DATABASE_URL="), "{}", env.stdout);
    assert!(deploy.run("manifest --format markdown").stdout.contains("| `DATABASE_URL` |"));
    assert!(deploy.run("manifest --format svg").stdout.starts_with("<svg "));
    assert!(deploy.run("manifest --format mermaid").stdout.starts_with("flowchart "));
    let schema = deploy.run("manifest --format json-schema").stdout;
    assert!(serde_json::from_str::<Value>(&schema).unwrap().is_object());
    assert!(deploy.run("manifest --format compose").stdout.contains("services:"));
    assert!(deploy.run("manifest --format app-json").stdout.contains("DATABASE_URL"));
    assert!(deploy.run("manifest --format score").stdout.contains("score.dev"));
    // What goes with a Compose file: the app takes it.
    assert_eq!(deploy.run("manifest --format compose --output local").code, 0);
    let ran = deploy.run("check --env-file local/.env");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert_eq!(deploy.run("manifest --format compose --output local").code, 2);
    let json = deploy.json("manifest", 0);
    assert_eq!(json["resources"][0]["variable"], "DATABASE_URL");
}

#[test]
fn completions_and_the_manual() {
    let deploy = Deploy::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = deploy.run(&format!("completions {shell}"));
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("--env-file") || ran.stdout.contains("env-file"), "{shell}");
    }
    assert!(deploy.run("man").stdout.contains(".TH "));
    assert_eq!(deploy.run("man --output pages").code, 0);
    let pages = fs::read_dir(deploy.0.path().join("pages")).unwrap();
    let pages: Vec<_> = pages.map(|page| page.unwrap().file_name()).collect();
    assert!(pages.iter().any(|page| page == "services-services-check.1"), "{pages:?}");
}

#[test]
fn explain_says_what_is_passed_over() {
    let deploy = Deploy::new(&[(
        "prod.env",
        "DATABASE_URL=mysql://shop:hunter2@db.example/shop\nDATABASE_BACKUP_HOUR=5\n",
    )]);
    let ran = deploy.run("explain --env-file prod.env");
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("nobody reads: DATABASE_BACKUP_HOUR"), "{}", ran.stdout);
    let json = deploy.json("explain --env-file prod.env", 0);
    assert_eq!(json["fields"][0]["from"], "DATABASE_URL (from prod.env, line 1)");
    assert_eq!(json["unused"][0]["name"], "DATABASE_BACKUP_HOUR");
    assert!(!json.to_string().contains("db.example"), "{json}");
}

/// A server of the app's own protocol that answers each connection with this text.
fn ticker(listener: TcpListener, answer: &'static str) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut token = [0; 64];
            let length = stream.read(&mut token).unwrap_or_default();
            let token = String::from_utf8_lossy(&token[..length]).into_owned();
            let _ = stream.write_all(answer.replace("TOKEN", &token).as_bytes());
        }
    });
}

fn local(port: u16, more: &str) -> String {
    format!("DATABASE_URL=sqlite::memory:\nQUOTES_URL=ticker://:hunter2@localhost:{port}\n{more}")
}

#[test]
fn ping_is_a_table_with_versions() {
    let listener = TcpListener::bind("localhost:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    ticker(listener, "ticker 1.2\nand more");
    let deploy = Deploy::new(&[("a.env", &local(port, ""))]);
    let ran = deploy.run("ping --env-file a.env");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let rows: Vec<Vec<_>> =
        ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["RESOURCE", "SERVICE", "ANSWER", "TIME", "VERSION"]);
    assert_eq!(rows[1][..3], ["Services::db", "SQL", "yes"]);
    assert_eq!(rows[1][4], "ms");
    assert!(rows[1][5].starts_with("3."), "{rows:?}");
    assert_eq!(rows[2][..3], ["Services::quotes", "Ticker", "yes"]);
    assert_eq!(rows[2][5..], ["ticker", "1.2"]);
    let json = deploy.json("ping --env-file a.env", 0);
    assert_eq!(json["resources"][1]["version"], "ticker 1.2");
    assert_eq!(json["resources"][1]["asked"], true);
}

#[test]
fn what_does_not_answer_is_the_report_of_connect() {
    let listener = TcpListener::bind("localhost:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    ticker(listener, "no such token: TOKEN");
    let deploy = Deploy::new(&[("a.env", &local(port, ""))]);
    for command in ["ping", "wait"] {
        let ran = deploy.run(&format!("{command} --env-file a.env"));
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.contains("1 of 2 resources of `Services` did not connect"),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("no such token: ***"), "{}", ran.stdout);
    }
    let json = deploy.json("ping --env-file a.env", 1);
    assert_eq!(json["ok"], false);
    assert_eq!(json["resources"][1]["failure"]["kind"], "authentication");
    // An environment that the app refuses is not connected to.
    let broken = Deploy::new(&[("a.env", "DATABASE_URL=mysql://shop:hun#ter2@db\n")]);
    let ran = broken.run("wait --env-file a.env");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.starts_with("1 problem in the environment"), "{}", ran.stdout);
    assert_eq!(broken.json("ping --env-file a.env", 1)["problems"][0]["kind"], "syntax");
}

#[test]
fn wait_is_for_a_server_that_comes_later_and_for_no_longer() {
    let free = TcpListener::bind("localhost:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let deploy = Deploy::new(&[("a.env", &local(address.port(), ""))]);
    let started = Instant::now();
    let ran = deploy.run("wait --env-file a.env --timeout 2s");
    assert_eq!(ran.code, 1);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(ran.stdout.contains("connection refused"), "{}", ran.stdout);
    assert!(ran.stderr.is_empty(), "no progress without a terminal: {}", ran.stderr);

    let mut waiting = deploy.command("wait --env-file a.env");
    waiting.stdout(Stdio::piped()).stderr(Stdio::piped());
    let waiting = waiting.spawn().unwrap();
    thread::sleep(Duration::from_millis(1500));
    ticker(TcpListener::bind(address).unwrap(), "ticker 1");
    let ran = Ran::new(waiting.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "all 2 resources of `Services` answer\n");
}

/// `script` of util-linux gives a command a terminal.
#[test]
fn on_a_terminal_wait_shows_who_is_missing() {
    let free = TcpListener::bind("localhost:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let deploy = Deploy::new(&[("a.env", &local(port, ""))]);
    let wait = deploy.command("wait --env-file a.env --timeout 2s");
    let words = [wait.get_program()].into_iter().chain(wait.get_args());
    let line = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>();
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &line.join(" "), "/dev/null"]).current_dir(&deploy.0);
    terminal.env("TERM", "xterm").env_remove("NO_COLOR");
    let output = terminal.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said:?}");
    assert!(said.contains("is waited for since 1 s: connection refused"), "{said:?}");
    assert!(said.contains("\u{1b}[") && !said.contains(MARK), "{said:?}");
}

/// Every command over sources in which each value is wrong in another way: [`Ran::new`] looks for
/// the secret.
#[test]
fn no_secret_shows_whatever_is_wrong() {
    let values = [
        "mysql://shop:hunter2@db.example/shop",
        "mysql://shop:hun#hunter2@db.example/shop",
        "hunter2",
        "hunter2://hunter2",
        "mysql://hunter2@/hunter2?hunter2=hunter2",
        "redis://:hunter2@db.example",
        "'hunter2",
        "$hunter2",
        "${hunter2:?hunter2}",
        "\"hunter2\"hunter2",
    ];
    for value in values {
        let quoted = value.replace('\'', "''");
        let kube = format!(
            "kind: Secret\nmetadata: {{ name: a }}\nstringData:
  DATABASE_URL: '{quoted}'\n  API_KEY: '{quoted}'\n"
        );
        let compose = format!(
            "services:\n  a:\n    environment:
      DATABASE_URL: '{quoted}'\n      PORT: '{quoted}'\n"
        );
        let credentials = serde_json::json!({"uri": value, "password": value});
        let json = serde_json::json!({"a": [{"name": "db", "credentials": credentials}]});
        let deploy = Deploy::new(&[
            (
                "a.env",
                &format!(
                    "DATABASE_URL={value}\nPORT={value}\nCACHE_URL={value}
API_KEY={value}\n{value}\n"
                ),
            ),
            ("b.env", "DATABASE_URL=mysql://localhost/shop\n"),
            ("kube.yaml", &kube),
            ("compose.yaml", &compose),
            ("vcap.json", &json.to_string()),
            ("odd.json", &format!("{{\"a\": [{value}")),
            ("bound/db/type", "mysql"),
            ("bound/db/uri", value),
        ]);
        let sources = [
            "--env-file a.env",
            "--kube kube.yaml",
            "--compose compose.yaml",
            "--vcap vcap.json",
            "--vcap odd.json",
            "--kube odd.json",
            "--compose odd.json",
            "--bindings bound",
        ];
        for source in sources {
            for command in ["check", "explain", "ping", "wait --timeout 1ms"] {
                deploy.run(&format!("{command} {source}"));
                deploy.run(&format!("{command} {source} --json"));
            }
        }
        for arguments in ["diff a.env b.env", "diff b.env a.env --json"] {
            deploy.run(arguments);
        }
    }
}

/// Nothing that was mounted stays behind.
#[test]
fn mounted_files_are_gone_afterwards() {
    let left = || {
        let folders = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let names = entries.flatten().map(|entry| entry.path());
        names.filter(|path| holds_mark(path)).collect::<Vec<_>>()
    };
    let container = deployment(
        "env:
- { name: DATABASE_URL_FILE, value: /gone/mysql/url }
volumeMounts:
- { name: db, mountPath: /gone }",
    );
    let deploy = Deploy::new(&[("secret.yaml", SECRET), ("web.yaml", &container)]);
    assert_eq!(deploy.run("check --kube secret.yaml,web.yaml").code, 0);
    assert!(left().is_empty(), "{:?}", left());
}

fn holds_mark(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("backing-services-"))
        && folder.join("gone").exists()
}
