//! The forms of a manifest that other tools read, each held to the schema of its tool.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use backing_services::{
    Adapter, BackingServices, Beanstalkd, Blobs, ClientError, Connect, CouchDb, Environment,
    Format, GoogleMaps, Handle, HttpApi, LastFm, LoadError, Loggly, Mail, Manifest, Memcached,
    MySql, Nats, NewRelic, Otlp, Postgres, Postmark, RabbitMq, Redis, S3, Secret, Server, Smtp,
    Sql, Sqlite, Twitter,
};
use serde_json::{Value, json};

/// Every adapter of the crate, and one of the app's own.
#[derive(BackingServices)]
#[allow(dead_code, reason = "of some only the handle counts")]
struct Services {
    /// Orders and "customers": $5 each.
    #[service(env = "DATABASE_URL")]
    db: MySql,
    #[service(alias = "OLD_REPORTS_URL")]
    reports: Postgres,
    /// The same server as that of the reports.
    #[service(nested)]
    more: More,
    notes: Sqlite,
    sql: Sql,
    #[service(default = "postgres://localhost/other")]
    other: Sql,
    cache: Redis,
    sessions: Memcached,
    documents: CouchDb,
    jobs: RabbitMq,
    pushed: Nats,
    tubes: Option<Beanstalkd>,
    relay: Smtp,
    #[service(default = "file:outbox")]
    mail: Mail,
    uploads: S3,
    blobs: Blobs,
    otlp: Otlp,
    postmark: Option<Postmark>,
    newrelic: Option<NewRelic>,
    loggly: Option<Loggly>,
    http: Option<HttpApi>,
    twitter: Option<Twitter>,
    maps: Option<GoogleMaps>,
    music: Option<LastFm>,
    own: Ticker,
    #[setting(default = "8080")]
    port: u16,
    #[setting(default = "it costs ${5} # \"only\"")]
    greeting: String,
    #[setting]
    nickname: Option<String>,
}

#[derive(BackingServices)]
struct More {
    stock: Postgres,
    #[service(env = "WAREHOUSE_URL", shared)]
    warehouse: Redis,
    #[service(nested)]
    again: Again,
}

#[derive(BackingServices)]
struct Again {
    #[service(env = "WAREHOUSE_URL", shared)]
    warehouse: Redis,
}

#[derive(Adapter, Clone)]
#[adapter(
    schemes("ticker"),
    example = "ticker://:secret@localhost:7070",
    port = 7070,
    server = TICKER
)]
struct Ticker {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: String,
    #[handle(port)]
    port: u16,
    #[handle(password)]
    password: Secret,
}

const TICKER: Server = Server::new("ticker://:{password}@127.0.0.1:{port}")
    .image("docker.io/example/ticker:2", 7070)
    .environment(&[("TICKER_PASSWORD", "{password}")])
    .health("ticker-cli \"$TICKER_PASSWORD\" ping")
    .volume("/ticker");

impl Connect for Ticker {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        let _ = (&self.host, self.port, &self.password);
        Ok(())
    }
}

/// No resource at all.
#[derive(BackingServices)]
#[expect(dead_code, reason = "it is not loaded")]
struct Plain {
    #[setting]
    greeting: Option<String>,
}

/// What only somebody else runs, and what has no value.
#[derive(BackingServices)]
#[expect(dead_code, reason = "it is not loaded")]
struct Needy {
    maps: GoogleMaps,
    #[setting]
    workers: u8,
}

fn hold(schema: &str, instance: &Value) {
    let path = format!("{}/data/schemas/{schema}", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let errors: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0], "{instance:#}");
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn load_file<S: BackingServices>(text: &str) -> Result<S, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(&path, text).unwrap();
    S::load(&Environment::default().with_dotenv(&path))
}

fn manifests() -> [Manifest; 3] {
    [Services::manifest(), Plain::manifest(), Needy::manifest()]
}

#[test]
fn what_compose_starts_is_what_the_app_reads() {
    let compose = Services::manifest().compose();
    let services = match load_file::<Services>(compose.env()) {
        Ok(services) => services,
        Err(error) => panic!("{error}\n{}", compose.env()),
    };
    let file = yaml(compose.yaml());
    let ports: BTreeMap<&str, u64> = file["services"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, service)| {
            let port = service["ports"][0].as_str().unwrap().split(':').nth(1).unwrap();
            (name.as_str(), port.parse().unwrap())
        })
        .collect();
    // Each handle leads to the port of its own server, with its own password.
    for (name, handle) in [
        ("db", services.db.handle()),
        ("reports", services.reports.handle()),
        ("more-stock", services.more.stock.handle()),
        ("more-warehouse", services.more.warehouse.handle()),
        ("sql", services.sql.handle()),
        ("other", services.other.handle()),
        ("cache", services.cache.handle()),
        ("sessions", services.sessions.handle()),
        ("documents", services.documents.handle()),
        ("jobs", services.jobs.handle()),
        ("pushed", services.pushed.handle()),
        ("tubes", services.tubes.as_ref().unwrap().handle()),
        ("relay", services.relay.handle()),
        ("mail", services.mail.handle()),
        ("otlp", services.otlp.handle()),
        ("own", services.own.handle()),
    ] {
        assert_eq!(handle.host(), Some("127.0.0.1"), "{name}");
        assert_eq!(handle.port().map(u64::from), Some(ports[name]), "{name}");
        if let Some(password) = handle.password() {
            let service = file["services"][name].to_string();
            assert!(service.contains(password.expose()), "{name}: {service}");
        }
    }
    for (name, handle) in
        [("uploads", services.uploads.handle()), ("blobs", services.blobs.handle())]
    {
        let port = ports[name];
        let endpoint = format!("endpoint=http://127.0.0.1:{port}");
        assert!(handle.expose_url().contains(&endpoint), "{name}");
        assert_eq!(file["services"][name]["environment"]["S3_BUCKET"], "app-bucket");
    }
    assert_eq!(services.other.handle().scheme(), "postgres", "as its default");
    assert_eq!(services.mail.handle().scheme(), "smtp");
    assert_eq!(services.notes.handle().expose_url(), "sqlite:notes.db?mode=rwc");
    assert_eq!(
        services.more.warehouse.handle(),
        services.more.again.warehouse.handle(),
        "one variable, one server"
    );
    assert_eq!(services.greeting, "it costs ${5} # \"only\"");
    assert!(services.twitter.is_none() && services.nickname.is_none());
    assert_eq!(ports.len(), 18, "{ports:?}");
}

#[test]
fn compose_holds_to_its_schema() {
    for manifest in manifests() {
        let compose = manifest.compose();
        let file = yaml(compose.yaml());
        hold("compose-spec.json", &file);
        let mut ports = BTreeSet::new();
        for (name, service) in file["services"].as_object().unwrap() {
            assert!(service["image"].is_string() != service["build"].is_object(), "{name}");
            assert_eq!(service["healthcheck"]["test"][0], "CMD-SHELL", "{name}");
            for port in service["ports"].as_array().unwrap() {
                let [host, port, _] = port.as_str().unwrap().split(':').collect::<Vec<_>>()[..]
                else {
                    panic!("{name}: {port}");
                };
                assert_eq!(host, "127.0.0.1");
                let port: u16 = port.parse().unwrap();
                assert!((12_000..32_000).contains(&port), "{name}: {port}");
                assert!(ports.insert(port), "{name}: {port} twice");
            }
            // What is kept is kept in a volume that the file declares.
            for volume in service["volumes"].as_array().into_iter().flatten() {
                let volume = volume.as_str().unwrap().split(':').next().unwrap();
                assert_eq!(volume, name);
                assert!(file["volumes"][name].is_object(), "{name}");
            }
        }
        assert_eq!(compose, manifest.compose(), "the same each time");
    }
    // `$` is for the container's shell, not for Compose.
    let file = yaml(Services::manifest().compose().yaml());
    let check = file["services"]["own"]["healthcheck"]["test"][1].as_str().unwrap();
    assert_eq!(check, "ticker-cli \"$$TICKER_PASSWORD\" ping");
    let kept = file["volumes"].as_object().unwrap().len();
    assert_eq!(kept, 16, "all but memcached and the collector, which keep nothing");
}

#[test]
fn ports_that_are_taken_are_passed_over() {
    let usual = Services::manifest().compose();
    let even = Services::manifest().compose_where(|port| port % 2 == 0);
    assert_ne!(usual, even);
    let file = yaml(even.yaml());
    for service in file["services"].as_object().unwrap().values() {
        for port in service["ports"].as_array().unwrap() {
            let port: u16 = port.as_str().unwrap().split(':').nth(1).unwrap().parse().unwrap();
            assert_eq!(port % 2, 0);
        }
    }
    assert!(load_file::<Services>(even.env()).is_ok());
    // It ends where nothing is free.
    Services::manifest().compose_where(|_| false);
}

/// The variable of somebody else's service is a comment, with what is to be done.
#[test]
fn what_has_no_image_is_a_comment() {
    let compose = Needy::manifest().compose();
    assert_eq!(yaml(compose.yaml()), json!({"services": {}}));
    let env = compose.env();
    assert!(env.contains("# Required: set it to one of yours.\n#MAPS_URL=https://"), "{env}");
    assert!(env.ends_with("\nWORKERS=\n"), "{env}");
    let error = load_file::<Needy>(env).err().expect("a key for the maps is missing");
    assert_eq!(error.problems().len(), 2, "{error}");
}

#[test]
fn the_json_schema() {
    for manifest in manifests() {
        let schema: Value = serde_json::from_str(&manifest.json_schema()).unwrap();
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
    }
    let schema: Value = serde_json::from_str(&Services::manifest().json_schema()).unwrap();
    assert_eq!(
        schema["properties"]["DATABASE_URL"],
        json!({
            "type": "string",
            "description": "Orders and \"customers\": $5 each.\n\nMySQL: mysql://, mariadb://, mysql2://. Required.",
            "examples": ["mysql://user:password@localhost:3306/database"],
            "pattern": "^(?:$|(?:[Mm][Yy][Ss][Qq][Ll]|[Mm][Aa][Rr][Ii][Aa][Dd][Bb]|[Mm][Yy][Ss][Qq][Ll]2):)",
        })
    );
    assert_eq!(schema["properties"]["PORT"]["default"], "8080");
    assert_eq!(schema["properties"]["UPLOADS_URL"].get("pattern"), None);
}

/// What the schema says of an environment, the app says too.
#[test]
fn the_json_schema_agrees_with_the_app() {
    #[derive(BackingServices)]
    #[expect(dead_code, reason = "only its loading counts")]
    struct Shop {
        #[service(alias = "CLEARDB_DATABASE_URL")]
        db: MySql,
        cache: Option<Redis>,
        maps: GoogleMaps,
        #[setting]
        workers: u8,
    }

    let schema: Value = serde_json::from_str(&Shop::manifest().json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let maps = ("MAPS_URL", "https://:key@maps.googleapis.com/maps/api");
    let workers = ("WORKERS", "2");
    let db = ("DB_URL", "mysql://localhost/shop");
    let cases: [(&[(&str, &str)], bool); 13] = [
        (&[db, maps, workers], true),
        (&[("DB_URL", "MySQL://localhost/shop"), maps, workers], true),
        (&[("CLEARDB_DATABASE_URL", "mysql://localhost/shop"), maps, workers], true),
        (&[("DB_URL", ""), ("DB_HOST", "localhost"), maps, workers], true),
        (&[("DB_URI", "mysql://localhost/shop"), maps, workers], true),
        (&[db, ("MAPS_PASSWORD", "key"), workers], true),
        (&[db, maps, workers, ("CACHE_URL", "")], true),
        (&[db, maps, workers, ("CACHE_URL", "redis://localhost"), ("HOME", "/")], true),
        (&[maps, workers], false),
        (&[("DB_URL", ""), maps, workers], false),
        (&[("DB_URL", "postgres://localhost/shop"), maps, workers], false),
        (&[db, maps, workers, ("CACHE_URL", "memcached://localhost")], false),
        (&[db, maps], false),
    ];
    for (pairs, is_right) in cases {
        let object: Value = pairs.iter().map(|(key, value)| (*key, *value)).collect();
        let loaded = Shop::load(&Environment::from_pairs(pairs.iter().copied()));
        assert_eq!(loaded.is_ok(), is_right, "{pairs:?}: {:?}", loaded.err());
        assert_eq!(validator.is_valid(&object), is_right, "{pairs:?}");
    }
    // What is in a file is not read by a schema.
    let file = json!({"DB_URL_FILE": "/run/secrets/db", "MAPS_URL": maps.1, "WORKERS_FILE": "/w"});
    assert!(validator.is_valid(&file));
    let bound = json!({"VCAP_SERVICES": "{}", "CREDENTIALS_DIRECTORY": "/c"});
    assert!(validator.is_valid(&bound));
    assert!(!validator.is_valid(&json!({"DB_URL": 1, "MAPS_URL": maps.1, "WORKERS": "2"})));
}

#[test]
fn app_json() {
    for manifest in manifests() {
        hold("app-json.json", &serde_json::from_str(&manifest.app_json()).unwrap());
    }
    let file: Value = serde_json::from_str(&Services::manifest().app_json()).unwrap();
    let addons: Vec<_> = file["addons"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(
        addons,
        [
            r#"{"as":"DATABASE","plan":"jawsdb"}"#,
            r#"{"as":"REPORTS","plan":"heroku-postgresql"}"#,
            r#"{"as":"MORE_STOCK","plan":"heroku-postgresql"}"#,
            r#"{"as":"JOBS","plan":"cloudamqp"}"#,
        ]
    );
    let env = &file["env"];
    assert_eq!(env.get("DATABASE_URL"), None, "the add-on sets it");
    assert_eq!(env.get("PORT"), None, "Heroku sets it");
    let expected = "Redis, for example rediss://user:password@redis.example.com:6379/0";
    assert_eq!(env["CACHE_URL"], json!({"description": expected, "required": true}));
    // A default of the developer's machine is none there.
    assert_eq!(env["OTHER_URL"], json!({"description": "SQL", "required": false}));
    assert_eq!(env["GREETING"], json!({"value": "it costs ${5} # \"only\"", "required": false}));
}

/// With outputs in the place of their placeholders, the app reads the variables.
#[test]
fn score() {
    for manifest in manifests() {
        hold("score-v1b1.json", &yaml(&manifest.score()));
    }
    let file = yaml(&Services::manifest().score());
    assert_eq!(file["metadata"]["name"], "services");
    assert_eq!(file["resources"]["db"], json!({"type": "mysql"}));
    assert_eq!(file["resources"]["jobs"], json!({"type": "amqp"}));
    let variables = file["containers"]["main"]["variables"].as_object().unwrap();
    assert_eq!(variables["DATABASE_HOST"], "${resources.db.host}");
    assert_eq!(variables["TUBES_URL"], "${resources.tubes.url}");
    assert_eq!(variables["GREETING"], "it costs $${5} # \"only\"");

    let output = |resource: &str, name: &str| match name {
        "host" => "127.0.0.1".to_owned(),
        "port" => "7000".to_owned(),
        "endpoint" => "http://127.0.0.1:9000".to_owned(),
        "bucket" => "a-bucket".to_owned(),
        "region" => String::new(),
        "password" | "secret_key" => "p@ss/w#rd%".to_owned(),
        "url" => {
            let kind = file["resources"][resource]["type"].as_str().unwrap();
            match kind {
                "otlp" => "http://127.0.0.1:4318".to_owned(),
                "couchdb" => "couchdb://127.0.0.1/app".to_owned(),
                "ticker" => "ticker://:word@127.0.0.1".to_owned(),
                "mail" => "smtp://127.0.0.1".to_owned(),
                kind => format!("{kind}://127.0.0.1"),
            }
        }
        _ => "a".to_owned(),
    };
    let filled = variables.iter().map(|(name, value)| {
        let value = value.as_str().unwrap();
        let inner = value.strip_prefix("${resources.").and_then(|it| it.strip_suffix('}'));
        let value = match inner.and_then(|inner| inner.split_once('.')) {
            Some((resource, name)) => {
                assert!(file["resources"][resource].is_object(), "{resource}");
                output(resource, name)
            }
            None => value.replace("$$", "$"),
        };
        (name.clone(), value)
    });
    let mut pairs: Vec<_> = filled.collect();
    // A file of the app's own is no resource of a platform.
    pairs.push(("NOTES_URL".to_owned(), "sqlite::memory:".to_owned()));
    let services = match Services::load(&Environment::from_pairs(pairs)) {
        Ok(services) => services,
        Err(error) => panic!("{error}"),
    };
    let password = services.reports.handle().password().map(Secret::expose);
    assert_eq!(password, Some("p@ss/w#rd%"));
    assert_eq!(services.blobs.handle().host(), Some("a-bucket"));
}

#[test]
fn each_form_by_its_word() {
    let manifest = Services::manifest();
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(*format));
        assert!(manifest.format(*format).ends_with(['\n', '}']), "{format}");
    }
    let error = "yml".parse::<Format>().unwrap_err().to_string();
    assert_eq!(
        error,
        "no such format: expected `env`, `markdown`, `json`, `json-schema`, `svg`, `mermaid`, \
         `compose`, `app-json` or `score`"
    );
}
