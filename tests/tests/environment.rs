//! One struct, every way in which a platform hands out its handles, each laid out as the platform
//! does it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use backing_services::__private::compare_with_record;
use backing_services::{
    Adapter, BackingServices, Environment, Handle, LoadError, Mail, Memcached, MySql, Problem,
    ProblemKind,
};
use serde_json::json;
use tempfile::TempDir;

#[derive(BackingServices, Debug)]
struct Services {
    db: MySql,
}

const URL: &str = "mysql://shop:p%40ss%23w0rd@db.example:3307/orders";

/// The conventions, in the order in which they win.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Convention {
    Variable,
    File,
    Credential,
    Parts,
    Binding,
    CloudFoundry,
    Dotenv,
}

use Convention::{Binding, CloudFoundry, Credential, Dotenv, File, Parts, Variable};

const CONVENTIONS: [Convention; 7] =
    [Variable, File, Credential, Parts, Binding, CloudFoundry, Dotenv];

/// An environment under construction, in a folder of its own.
struct Layout {
    folder: TempDir,
    pairs: Vec<(String, String)>,
    dotenv: bool,
}

impl Layout {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), pairs: Vec::new(), dotenv: false }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// Writes a file and gives its path.
    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, path: &str) -> String {
        self.folder.path().join(path).to_str().unwrap().to_owned()
    }

    /// As a Secret is mounted: the data in a folder of a date, behind `..data`, each entry a link.
    fn bind(&mut self, name: &str, entries: &[(&str, &str)]) -> &mut Self {
        let root = self.path("bindings");
        let folder = Path::new(&root).join(name);
        for (entry, text) in entries {
            self.write(&format!("bindings/{name}/..2026_11_24/{entry}"), format!("{text}\n"));
            symlink(format!("..data/{entry}"), folder.join(entry)).unwrap();
        }
        symlink("..2026_11_24", folder.join("..data")).unwrap();
        self.set("SERVICE_BINDING_ROOT", root)
    }

    fn hand_out(&mut self, convention: Convention) -> &mut Self {
        match convention {
            Variable => self.set("DB_URL", URL),
            File => {
                let path = self.write("run/secrets/db", format!("{URL}\n"));
                self.set("DB_URL_FILE", path)
            }
            Credential => {
                self.write("credentials/DB_URL", format!("{URL}\n"));
                let path = self.path("credentials");
                self.set("CREDENTIALS_DIRECTORY", path)
            }
            Parts => self
                .set("DB_HOST", "db.example")
                .set("DB_PORT", "3307")
                .set("DB_USER", "shop")
                .set("DB_PASSWORD", "p@ss#w0rd")
                .set("DB_NAME", "orders"),
            Binding => self.bind(
                "db",
                &[
                    ("type", "mysql"),
                    ("provider", "example"),
                    ("host", "db.example"),
                    ("port", "3307"),
                    ("username", "shop"),
                    ("password", "p@ss#w0rd"),
                    ("database", "orders"),
                    ("name", "not-a-database"),
                ],
            ),
            CloudFoundry => self.set(
                "VCAP_SERVICES",
                json!({
                    "p.mysql": [{
                        "name": "db",
                        "binding_name": null,
                        "instance_name": "db",
                        "label": "p.mysql",
                        "tags": ["mysql", "relational"],
                        "plan": "db-small",
                        "credentials": {
                            "hostname": "db.example",
                            "port": 3307,
                            "username": "shop",
                            "password": "p@ss#w0rd",
                            "name": "orders",
                        },
                    }],
                })
                .to_string(),
            ),
            Dotenv => {
                self.write(".env", format!("# the shop\nDB_URL='{URL}'\n"));
                self.dotenv = true;
                self
            }
        }
    }

    fn environment(&self) -> Environment {
        let environment = Environment::from_pairs(self.pairs.clone());
        if self.dotenv { environment.with_dotenv(self.path(".env")) } else { environment }
    }

    fn load<S: BackingServices>(&self) -> Result<S, LoadError> {
        let environment = self.environment();
        let loaded = S::load(&environment);
        compare_with_record(&environment, &loaded).unwrap();
        loaded
    }

    fn problem<S: BackingServices>(&self) -> Problem {
        let problems = self.problems::<S>();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    }

    fn problems<S: BackingServices>(&self) -> Vec<Problem> {
        let report = self.load::<S>().err().expect("a report");
        let text = format!("{report} {report:?} {:?}", report.problems());
        for secret in ["p@ss", "p%40ss", "w0rd", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(report.problems().iter().all(|problem| !problem.help().is_empty()), "{report}");
        report.problems().to_vec()
    }
}

fn origin(adapter: &impl Adapter) -> String {
    adapter.handle().origin().unwrap().to_string()
}

#[derive(BackingServices)]
struct WithDefault {
    #[service(default = "mysql://shop:p%40ss%23w0rd@db.example:3307/orders")]
    db: MySql,
}

#[test]
fn every_convention_hands_out_the_same_handle() {
    let expected = Handle::parse(URL).unwrap();
    for convention in CONVENTIONS {
        let mut layout = Layout::new();
        let db = layout.hand_out(convention).load::<Services>().unwrap().db;
        let handle = db.handle();
        assert_eq!(handle.expose_url(), expected.expose_url(), "{convention:?}");
        let from = match convention {
            Variable => "DB_URL".to_owned(),
            File => "DB_URL (from the file in DB_URL_FILE)".to_owned(),
            Credential => "DB_URL (from the systemd credential)".to_owned(),
            Parts => {
                "DB_URL (assembled from DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME)".to_owned()
            }
            Binding => "from the service binding db".to_owned(),
            CloudFoundry => "from the service db".to_owned(),
            Dotenv => format!("DB_URL (from {}, line 2)", layout.path(".env")),
        };
        assert_eq!(origin(&db), from);
    }
    let db = Layout::new().load::<WithDefault>().unwrap().db;
    assert_eq!(origin(&db), "the default");
}

/// Each wins over all that come after it, and the explanation says so.
#[test]
fn the_order_of_the_conventions() {
    for (at, first) in CONVENTIONS.iter().enumerate() {
        for second in &CONVENTIONS[at + 1..] {
            if (first, second) == (&Variable, &File) {
                continue; // a conflict
            }
            let (mut both, mut alone) = (Layout::new(), Layout::new());
            both.hand_out(*second).hand_out(*first);
            alone.hand_out(*first);
            let from = origin(&both.load::<Services>().unwrap().db);
            let expected = origin(&alone.load::<Services>().unwrap().db);
            let strip = |layout: &Layout, text: String| text.replace(&layout.path(""), "");
            assert_eq!(strip(&both, from.clone()), strip(&alone, expected), "{first:?} {second:?}");

            let explanation = both.environment().explain::<Services>().to_string();
            let row = explanation.lines().nth(1).unwrap();
            let (winner, passed) = (row.find(&from).unwrap(), row.rfind("  ").unwrap());
            assert!(winner < passed, "{explanation}");
            assert!(row.contains("mysql://***:***@db.example:3307/***"), "{explanation}");
            assert!(!explanation.contains("w0rd") && !explanation.contains("orders"), "{row}");
        }
    }
}

#[test]
fn the_other_names_of_the_conventions() {
    let load =
        |layout: &Layout| layout.load::<Services>().unwrap().db.handle().expose_url().to_owned();
    // .NET Aspire: the URI and its parts, all of them.
    let mut aspire = Layout::new();
    aspire.hand_out(Parts).set("DB_URI", URL).set("DB_DATABASENAME", "orders");
    assert_eq!(load(&aspire), URL);
    // Kubernetes sets a link for a service that is called `db`.
    let mut links = Layout::new();
    links.set("DB_HOST", "db").set("DB_PORT", "tcp://10.0.0.11:3306");
    links.set("DB_PORT_3306_TCP", "tcp://10.0.0.11:3306").set("DB_SERVICE_HOST", "10.0.0.11");
    assert_eq!(load(&links), "mysql://db");
    links.pairs.remove(0);
    assert_eq!(links.problem::<Services>().kind(), ProblemKind::Missing);

    let mut names = Layout::new();
    names.set("DB_HOSTNAME", "db.example:3307").set("DB_USERNAME", "shop");
    names.set("DB_DATABASE", "a/b").set("DB_SCHEME", "mariadb");
    assert_eq!(load(&names), "mariadb://shop@db.example:3307/a%2Fb");
    // A file of the platform's, with the service under its type alone.
    let mut file = Layout::new();
    let json = json!({ "aiven-mysql": [{ "name": "x", "label": "y", "tags": ["MySQL"],
        "credentials": { "uri": URL } }] });
    let path = file.write("vcap.json", json.to_string());
    file.set("VCAP_SERVICES_FILE_PATH", path);
    assert_eq!(load(&file), URL);
}

/// Each adapter's handle from the names that its users know, with a value that has to be encoded.
#[test]
fn parts_of_each_adapter() {
    macro_rules! put_together {
        ($($adapter:ident: $($name:literal = $value:literal),* => $url:literal;)*) => {$({
            #[derive(BackingServices)]
            struct One {
                #[service(env = "IT_URL")]
                it: backing_services::$adapter,
            }
            let pairs = [$((concat!("IT_", $name), $value)),*];
            let it = One::load(&Environment::from_pairs(pairs)).unwrap().it;
            assert_eq!(it.handle().expose_url(), $url);
        })*};
    }
    put_together! {
        MySql: "HOST" = "h", "USER" = "u", "PASSWORD" = "p@#", "NAME" = "db", "SCHEME" = "mariadb"
            => "mariadb://u:p%40%23@h/db";
        Postgres: "HOST" = "h", "PORT" = "5433", "USER" = "u", "PASSWORD" = "p@", "DATABASE" = "db"
            => "postgres://u:p%40@h:5433/db";
        Sqlite: "PATH" = "/var/my shop.db" => "sqlite:///var/my%20shop.db";
        Sql: "HOST" = "h", "NAME" = "db", "SCHEME" = "postgres" => "postgres://h/db";
        Redis: "HOST" = "localhost", "PASSWORD" = "p@", "DATABASE" = "2"
            => "redis://:p%40@localhost/2";
        Memcached: "SERVERS" = "a:11212,b c:11213" => "memcached://a:11212,b,c:11213";
        CouchDb: "HOST" = "localhost", "USER" = "u", "PASSWORD" = "p@", "NAME" = "db"
            => "couchdb://u:p%40@localhost/db";
        RabbitMq: "HOST" = "localhost", "USER" = "u", "PASSWORD" = "p@", "VHOST" = "/"
            => "amqp://u:p%40@localhost/%2F";
        Beanstalkd: "HOST" = "h", "TUBE" = "mails" => "beanstalkd://h/mails";
        Nats: "SERVERS" = "a,b:4223", "TOKEN" = "t@", "SCHEME" = "tls" => "tls://t%40@a,b:4223";
        Smtp: "SERVER" = "h", "LOGIN" = "u@x", "PASSWORD" = "p@", "SCHEME" = "submission"
            => "submission://u%40x:p%40@h";
        Mail: "HOST" = "h", "PORT" = "2525" => "smtp://h:2525";
        Postmark: "API_TOKEN" = "t" => "postmark://t@api.postmarkapp.com";
        S3: "BUCKET_NAME" = "uploads", "AWS_ACCESS_KEY_ID" = "k", "AWS_SECRET_ACCESS_KEY" = "s/+",
            "AWS_REGION" = "eu-west-1" => "s3://k:s%2F%2B@uploads?region=eu-west-1";
        Blobs: "BUCKET" = "uploads", "ACCESS_KEY_ID" = "k", "SECRET_ACCESS_KEY" = "s/" => "s3://k:s%2F@uploads";
        NewRelic: "LICENSE_KEY" = "k", "HOST" = "otlp.eu01.nr-data.net"
            => "newrelic://k@otlp.eu01.nr-data.net";
        Loggly: "TOKEN" = "t", "TAG" = "shop" => "loggly://t@logs-01.loggly.com?tag=shop";
        HttpApi: "HOST" = "api.example", "PASSWORD" = "t", "SCHEME" = "https"
            => "https://:t@api.example";
        Twitter: "BEARER_TOKEN" = "t%" => "https://:t%25@api.x.com/2";
        GoogleMaps: "API_KEY" = "k" => "https://:k@maps.googleapis.com/maps/api";
        LastFm: "API_KEY" = "k", "SHARED_SECRET" = "s"
            => "https://k:s@ws.audioscrobbler.com/2.0/";
    }
}

#[test]
fn a_password_completes_a_handle() {
    let load = |layout: &Layout| {
        let db = layout.load::<Services>().unwrap().db;
        (db.handle().expose_url().to_owned(), origin(&db))
    };
    for (url, complete) in [
        ("mysql://shop@db.example/orders", "mysql://shop:p%40ss@db.example/orders"),
        ("mysql://shop:@db.example", "mysql://shop:p%40ss@db.example"),
        ("mysql://localhost?max_connections=2", "mysql://:p%40ss@localhost?max_connections=2"),
        ("mysql://shop:p%40ss@localhost", "mysql://shop:p%40ss@localhost"),
    ] {
        let mut layout = Layout::new();
        layout.set("DB_URL", url).set("DB_PASSWORD", "p@ss");
        assert_eq!(load(&layout).0, complete);
    }

    let mut file = Layout::new();
    let path = file.write("password", "p@ss\n");
    file.set("DB_URL", "mysql://shop@h").set("DB_PASSWORD_FILE", path);
    let expected =
        |by: &str| ("mysql://shop:p%40ss@h".to_owned(), format!("DB_URL (completed by {by})"));
    assert_eq!(load(&file), expected("DB_PASSWORD_FILE"));

    let mut credential = Layout::new();
    credential.write("credentials/DB_PASSWORD", "p@ss\n");
    let path = credential.path("credentials");
    credential.set("DB_URL", "mysql://shop@h").set("CREDENTIALS_DIRECTORY", path);
    assert_eq!(load(&credential), expected("DB_PASSWORD"));

    // A `.env` file locates, the process knows the secret.
    let mut dotenv = Layout::new();
    dotenv.write(".env", "DB_URL=mysql://shop@h\n");
    dotenv.dotenv = true;
    assert_eq!(load(dotenv.set("DB_PASSWORD", "p@ss")).0, "mysql://shop:p%40ss@h");
}

/// What another field reads under the name of a part is no part.
#[test]
fn a_declared_variable_is_no_part() {
    #[derive(BackingServices)]
    struct Declared {
        db: Option<MySql>,
        #[setting]
        db_host: String,
        #[setting]
        db_password: String,
    }
    let mut layout = Layout::new();
    layout.set("DB_HOST", "localhost").set("DB_PASSWORD", "p@ss");
    let services = layout.load::<Declared>().unwrap();
    assert!(services.db.is_none());
    assert_eq!((services.db_host.as_str(), services.db_password.as_str()), ("localhost", "p@ss"));
    layout.set("DB_URL", "mysql://shop@localhost");
    let db = layout.load::<Declared>().unwrap().db.unwrap();
    assert_eq!(db.handle().expose_url(), "mysql://shop@localhost");
}

#[derive(BackingServices)]
struct Shop {
    #[service(binding = "orders-db")]
    db: Option<MySql>,
    #[service(nested)]
    reports: Option<Reports>,
    cache: Option<Memcached>,
    mail: Option<Mail>,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

#[test]
fn bindings_find_their_fields() {
    let mut layout = Layout::new();
    layout
        .bind("orders-db", &[("type", "mysql"), ("uri", "mysql://a/orders")])
        .bind("reports_db", &[("type", "mysql"), ("uri", "mysql://b/reports")])
        .bind("anything", &[("type", "memcached"), ("host", "c")])
        .bind("Mail", &[("type", "smtp"), ("uri", "smtp://d")]);
    let shop = layout.load::<Shop>().unwrap();
    assert_eq!(origin(&shop.db.unwrap()), "from the service binding orders-db");
    assert_eq!(origin(&shop.reports.unwrap().db), "from the service binding reports_db");
    assert_eq!(origin(&shop.cache.unwrap()), "from the service binding anything");
    assert_eq!(origin(&shop.mail.unwrap()), "from the service binding Mail");
    // A folder without a type is none.
    layout.write("bindings/notes/text", "x");
    assert!(layout.load::<Shop>().is_ok());
    assert_eq!(layout.load::<Shop>().unwrap().db.unwrap().handle().host(), Some("a"));
}

#[test]
fn the_ca_certificates_of_a_binding_are_trusted() {
    let mut layout = Layout::new();
    layout.bind(
        "db",
        &[("type", "mysql"), ("uri", URL), ("certificates", "-----BEGIN CERTIFICATE-----")],
    );
    let db = layout.load::<Services>().unwrap().db;
    let path = layout.path("bindings/db/certificates").replace('/', "%2F");
    assert_eq!(db.handle().expose_url(), format!("{URL}?ssl-ca={path}"));
}

#[derive(BackingServices)]
struct Two {
    db: MySql,
    archive: Option<MySql>,
}

#[test]
fn conflicts() {
    let check = |layout: &Layout, message: &str, help: &str| {
        let problem = layout.problem::<Services>();
        assert_eq!(problem.kind(), ProblemKind::Conflict, "{problem}");
        assert_eq!((problem.message(), problem.help()), (message, help));
    };
    let mut layout = Layout::new();
    layout.hand_out(Variable).hand_out(File);
    check(
        &layout,
        "`DB_URL` and `DB_URL_FILE` are both set",
        "clear one of them: only one can be the handle",
    );
    let mut layout = Layout::new();
    layout.hand_out(Variable).set("DB_PASSWORD", "hunter2");
    check(
        &layout,
        "has another password than `DB_PASSWORD`",
        "clear `DB_PASSWORD`, or take the password out of the handle",
    );
    let mut layout = Layout::new();
    let path = layout.write("password", "hunter2");
    layout.hand_out(Parts).set("DB_PASSWORD_FILE", path);
    check(
        &layout,
        "`DB_PASSWORD` and `DB_PASSWORD_FILE` are both set",
        "clear one of them: they disagree, and only one can be right",
    );
    let mut layout = Layout::new();
    layout.hand_out(Parts).set("DB_USERNAME", "hunter2");
    check(
        &layout,
        "`DB_USER` and `DB_USERNAME` are both set",
        "clear one of them: they disagree, and only one can be right",
    );
    let mut layout = Layout::new();
    layout
        .bind("a", &[("type", "mysql"), ("uri", URL)])
        .bind("b", &[("type", "mysql"), ("uri", URL)]);
    check(
        &layout,
        "the service bindings `a` and `b` both fit",
        "name the one that is meant: `binding = \"a\"`",
    );
    let service = |name: &str| json!({ "name": name, "credentials": { "uri": URL } });
    let mut layout = Layout::new();
    layout.set("VCAP_SERVICES", json!({ "mysql": [service("a"), service("b")] }).to_string());
    check(
        &layout,
        "the services `a` and `b` both fit",
        "name the one that is meant: `binding = \"a\"`",
    );
    let mut layout = Layout::new();
    layout.set("VCAP_SERVICES", "{}").set("VCAP_SERVICES_FILE_PATH", "/vcap").hand_out(Variable);
    check(
        &layout,
        "`VCAP_SERVICES` and `VCAP_SERVICES_FILE_PATH` are both set",
        "clear one of them: only one can list the services",
    );
    let mut layout = Layout::new();
    layout.bind("x", &[("type", "mysql"), ("uri", URL)]);
    let problems = layout.problems::<Two>();
    assert_eq!(problems[0].message(), "the service binding `x` fits `db` and `archive`");
    assert_eq!(problems[0].help(), "give the field that it is for `binding = \"x\"`");
}

/// One line, from `name` to what is wrong with it.
fn check_bad(layout: &Layout, variable: &str, message: &str) {
    let problem = layout.problem::<Services>();
    assert_eq!((problem.variable(), problem.message()), (variable, message), "{problem}");
}

#[test]
fn bad_files() {
    let unreadable = |layout: &mut Layout, path: String, why: &str| {
        layout.set("DB_URL_FILE", path);
        let message = format!("the file that `DB_URL_FILE` names {why}");
        check_bad(layout, "DB_URL", &message);
        layout.pairs.clear();
    };
    let mut layout = Layout::new();
    let none = layout.path("none");
    unreadable(&mut layout, none, "cannot be read: there is no such file");
    let folder = layout.path("");
    unreadable(&mut layout, folder, "cannot be read: it is not a regular file");
    let large = layout.write("large", vec![b'x'; 10_000_000]);
    unreadable(&mut layout, large, "cannot be read: it is larger than 1024 KiB");
    let binary = layout.write("binary", b"mysql://\xff\xfe\0hunter2");
    unreadable(&mut layout, binary, "is not UTF-8");
    let (here, there) = (layout.path("here"), layout.path("there"));
    symlink(&here, &there).unwrap();
    symlink(&there, &here).unwrap();
    unreadable(
        &mut layout,
        here,
        "cannot be read: filesystem loop or indirection limit (e.g. symlink loop)",
    );

    layout.write("credentials/DB_URL", vec![b'x'; 10_000_000]);
    let path = layout.path("credentials");
    layout.set("CREDENTIALS_DIRECTORY", path);
    check_bad(
        &layout,
        "DB_URL",
        "the credential `DB_URL` cannot be read: it is larger than 1024 KiB",
    );
    fs::remove_file(layout.path("credentials/DB_URL")).unwrap();
    symlink("nowhere", layout.path("credentials/DB_URL")).unwrap();
    check_bad(&layout, "DB_URL", "the credential `DB_URL` cannot be read: there is no such file");
}

#[test]
fn bad_parts() {
    for (name, value, message) in [
        ("DB_PORT", "hunter2", "`DB_PORT` is not a port"),
        ("DB_PORT", "99999", "`DB_PORT` is not a port"),
        (
            "DB_SCHEME",
            "postgres",
            "`DB_SCHEME` names the scheme `postgres`, which is not one of MySQL",
        ),
    ] {
        let mut layout = Layout::new();
        layout.set("DB_HOST", "db.example").set(name, value);
        check_bad(&layout, "DB_URL", message);
    }
    let mut layout = Layout::new();
    layout.set("DB_HOST", "not a ho/st hunter2");
    assert_eq!(layout.problem::<Services>().variable(), "DB_URL");
    let mut layout = Layout::new();
    layout.set("DB_USER", "shop").set("DB_PASSWORD", "hunter2");
    check_bad(&layout, "DB_URL", "is not set");
    assert_eq!(
        layout.problem::<Services>().help(),
        "only `DB_USER` and `DB_PASSWORD` of its parts is set: set `DB_URL` as a whole, or the host too"
    );
}

#[test]
fn bad_bindings() {
    let mut layout = Layout::new();
    layout.bind("db", &[("type", "mysql")]);
    check_bad(&layout, "DB_URL", "the service binding `db` has no `uri` and no `host`");
    let report = layout.load::<Services>().err().unwrap().to_string();
    assert!(
        report.contains("\n  db (from the service binding db): Services::db, MySQL\n"),
        "{report}"
    );

    let mut layout = Layout::new();
    layout.bind("db", &[("type", "mysql"), ("uri", "postgres://shop:hunter2@h/db")]);
    check_bad(&layout, "DB_URL", "the scheme `postgres` is not one of MySQL");

    let mut layout = Layout::new();
    layout.hand_out(Binding);
    layout.write("bindings/db/password-file", vec![0xff; 100]);
    assert!(layout.load::<Services>().is_ok(), "an entry that nobody reads may be anything");
    fs::remove_file(layout.path("bindings/db/password")).unwrap();
    layout.write("bindings/db/password", b"\xffhunter2");
    check_bad(&layout, "DB_URL", "its entry `password` is not UTF-8");

    let mut layout = Layout::new();
    layout.hand_out(Variable).set("SERVICE_BINDING_ROOT", "/no/such/folder");
    check_bad(&layout, "SERVICE_BINDING_ROOT", "the folder cannot be read: there is no such file");

    // What no field takes is left alone, whatever it looks like.
    let mut layout = Layout::new();
    layout.hand_out(Variable).bind("queue", &[("type", "kafka"), ("uri", "kafka://hunter2@h")]);
    layout.write("bindings/queue/password", b"\xff");
    assert!(layout.load::<Services>().is_ok());
}

#[test]
fn bad_vcap_services() {
    for (json, message) in [
        ("{\"mysql\": [hunter2", "is not JSON: it breaks off or is malformed at line 1, column 12"),
        ("[\"hunter2\"]", "has the wrong shape"),
    ] {
        let mut layout = Layout::new();
        layout.hand_out(Variable).set("VCAP_SERVICES", json);
        check_bad(&layout, "VCAP_SERVICES", message);
    }
    // The shape of a service counts where a field takes it, and only there.
    for json in [
        "{\"mysql\": [{\"name\": \"db\"}]}",
        "{\"mysql\": [{\"name\": \"db\", \"credentials\": null}]}",
        "{\"mysql\": [{\"name\": \"db\", \"credentials\": [\"hunter2\"]}]}",
    ] {
        let mut layout = Layout::new();
        layout.set("VCAP_SERVICES", json);
        let message = "has the wrong shape: the service `db` has no `credentials`";
        check_bad(&layout, "DB_URL", message);
        layout.hand_out(Variable);
        assert!(layout.load::<Services>().is_ok(), "{json}");
    }
    for json in [
        "{\"mysql\": \"hunter2\"}",
        "{\"mysql\": [\"hunter2\"]}",
        "{\"mysql\": [{}]}",
        "{\"volumes\": [{\"name\": \"data\", \"credentials\": null}]}",
    ] {
        let mut layout = Layout::new();
        layout.hand_out(Variable).set("VCAP_SERVICES", json);
        assert!(layout.load::<Services>().is_ok(), "{json}");
    }
    let mut layout = Layout::new();
    let json = json!({ "mysql": [{ "name": "db", "credentials": { "password": "hunter2" } }] });
    layout.set("VCAP_SERVICES", json.to_string());
    check_bad(&layout, "DB_URL", "the service `db` has no `uri` and no `host`");
    for (path, why) in
        [("/no/such/file", "there is no such file"), ("/", "it is not a regular file")]
    {
        let mut layout = Layout::new();
        layout.hand_out(Variable).set("VCAP_SERVICES_FILE_PATH", path);
        let message = format!("the file that it names cannot be read: {why}");
        check_bad(&layout, "VCAP_SERVICES_FILE_PATH", &message);
    }
}

/// Everything wrong at once is one report, and nothing of it is lost.
#[test]
fn everything_bad_at_once() {
    #[derive(BackingServices)]
    #[expect(dead_code, reason = "it never loads")]
    struct All {
        db: MySql,
        archive: MySql,
        stock: MySql,
        cache: Memcached,
        mail: Mail,
        #[setting]
        port: u16,
    }
    let mut layout = Layout::new();
    layout
        .set("DB_URL", "mysql://shop:hunter2@h")
        .set("DB_PASSWORD", "hunter22")
        .set("ARCHIVE_URL_FILE", "/no/such/hunter2")
        .set("STOCK_HOST", "h")
        .set("STOCK_PORT", "hunter2")
        .set("VCAP_SERVICES", "{ hunter2")
        .set("PORT", "hunter2")
        .bind("cache", &[("type", "memcached")])
        .bind("queue", &[("type", "kafka")])
        .write(".env", "MAIL_URL=smtp://u:hunter2@h x\n");
    layout.dotenv = true;
    let problems = layout.problems::<All>();
    let variables: Vec<_> = problems.iter().map(Problem::variable).collect();
    assert_eq!(
        variables,
        ["VCAP_SERVICES", "DB_URL", "ARCHIVE_URL", "STOCK_URL", "CACHE_URL", "MAIL_URL", "PORT"]
    );
}

#[test]
fn only_loopback() {
    let load =
        |url: &str| Services::load(&Environment::from_pairs([("DB_URL", url)]).only_loopback());
    for url in ["mysql://localhost/db", "mysql://127.0.0.1", "mysql://u@/db?socket=/run/m.sock"] {
        assert!(load(url).is_ok(), "{url}");
    }
    let report = load(URL).unwrap_err();
    assert_eq!(report.problems()[0].kind(), ProblemKind::NotLoopback);
    assert_eq!(
        report.problems()[0].message(),
        "the handle leads to another machine, and only this one is allowed"
    );
    assert!(Services::load(&Environment::from_pairs([("DB_URL", URL)])).is_ok());
}
