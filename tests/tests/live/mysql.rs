use std::path::Path;
use std::time::Duration;

use backing_services::{BackingServices, Connect as _, Environment, Handle, HandleBuilder, MySql};
use backing_services_conformance::{Ca, Limit, Subject, Tls};
use backing_services_tests::servers::MariaDb;
use sqlx::MySqlPool;

pub(crate) struct OnMariaDb;

/// The same for every server of the harness.
fn account() -> (&'static str, &'static str, &'static str) {
    use std::sync::LazyLock;

    static ACCOUNT: LazyLock<(&str, &str, &str)> = LazyLock::new(|| {
        let server = MariaDb::start();
        (server.user(), server.password(), server.database())
    });
    *ACCOUNT
}

impl Subject for OnMariaDb {
    type Adapter = MySql;
    type Server = MariaDb;

    const LIMITS: &[Limit] = &[Limit {
        test: "hostile_servers/a flood of ones",
        driver: "sqlx 0.9.0",
        upstream: "sqlx-mysql/src/connection/stream.rs:152",
        seen: "of memory or took or left behind or nothing",
    }];

    fn start() -> MariaDb {
        MariaDb::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<MariaDb> {
        Some(MariaDb::with_tls(tls))
    }

    fn tls_handle(scheme: &str, server: &MariaDb, ca: &Path) -> HandleBuilder {
        let ca = ca.to_str().unwrap();
        let builder = Self::handle(scheme).host("localhost").port(server.port());
        builder.param("ssl-mode", "verify_identity").param("ssl-ca", ca)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        let (user, password, database) = account();
        Handle::builder(scheme).username(user).password(password).name(database)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let (user, _, database) = account();
        let builder = Handle::builder("mysql").username(user).password("wr0ng").name(database);
        Some((builder, "access denied: the user name or the password is wrong"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &MySqlPool) -> Result<(), String> {
        let run = async {
            sqlx::query("CREATE TABLE IF NOT EXISTS words (word VARCHAR(80))")
                .execute(client)
                .await?;
            sqlx::query("DELETE FROM words").execute(client).await?;
            sqlx::query("INSERT INTO words VALUES (?)").bind("grüße 🦀").execute(client).await?;
            sqlx::query_as::<_, (String,)>("SELECT word FROM words").fetch_one(client).await
        };
        match run.await {
            Ok((word,)) if word == "grüße 🦀" => Ok(()),
            Ok((word,)) => Err(format!("read {word}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnMariaDb);

#[derive(BackingServices)]
struct Services {
    db: MySql,
}

async fn connect(handle: &Handle) -> Result<MySqlPool, String> {
    let environment = Environment::from_pairs([("DB_URL", handle.expose_url())]);
    let services = Services::load(&environment).map_err(|error| error.to_string())?;
    services.connect_db().await.map_err(|error| error.failures()[0].cause().to_owned())
}

#[tokio::test]
async fn socket() {
    let server = MariaDb::start();
    let socket = server.socket().to_str().unwrap();
    let local = OnMariaDb::handle("mysql").param("socket", socket).build().unwrap();
    assert_eq!(local.host(), None);
    OnMariaDb::use_it(&connect(&local).await.unwrap()).await.unwrap();

    let missing = OnMariaDb::handle("mysql").param("socket", "/no/such.sock").build().unwrap();
    assert_eq!(connect(&missing).await.unwrap_err(), "there is no such file or socket");
}

#[tokio::test]
async fn causes() {
    let server = MariaDb::start();
    let (user, password, database) = account();
    let builder = || {
        Handle::builder("mysql")
            .host("127.0.0.1")
            .port(server.port())
            .username(user)
            .password(password)
    };

    let other = connect(&builder().name("warehouse").build().unwrap()).await.unwrap_err();
    assert!(other.starts_with("access denied: the user may not use this database"), "{other}");

    server.sql("GRANT ALL ON *.* TO shop");
    let missing = connect(&builder().name("warehouse").build().unwrap()).await.unwrap_err();
    assert_eq!(missing, "there is no such database");

    let required = builder().name(database).param("ssl-mode", "required").build().unwrap();
    let no_tls = connect(&required).await.unwrap_err();
    assert_eq!(no_tls, "the server speaks no TLS on this port");
}

/// Any certificate will do for `required`; `verify_ca` wants the CA but not the name.
#[tokio::test]
async fn modes_of_tls() {
    let certificate = Ca::new("right").issue(&["other.example"]);
    let server = MariaDb::with_tls(&certificate);
    let wrong = Ca::new("wrong").issue(&["other.example"]);
    let mode = |mode: &str, ca: Option<&Tls>| {
        let mut builder = OnMariaDb::handle("mysql")
            .host("localhost")
            .port(server.port())
            .param("ssl-mode", mode);
        if let Some(ca) = ca {
            builder = builder.param("ssl-ca", ca.ca().to_str().unwrap());
        }
        builder.build().unwrap()
    };
    connect(&mode("required", None)).await.unwrap();
    connect(&mode("preferred", None)).await.unwrap();
    connect(&mode("verify_ca", Some(&certificate))).await.unwrap();
    for refused in [
        mode("verify_ca", Some(&wrong)),
        mode("verify_identity", Some(&certificate)),
        mode("verify_ca", None),
    ] {
        let cause = connect(&refused).await.unwrap_err();
        assert!(cause.contains("certificate does not verify"), "{cause}");
    }
    let services = Environment::from_pairs([("DB_URL", mode("disabled", None).expose_url())]);
    let clear = Services::load(&services).unwrap().connect_db().await.unwrap_err();
    assert!(clear.failures()[0].help().contains("takes only TLS connections"), "{clear}");
}

#[tokio::test]
async fn a_file_without_certificates_is_not_trust_in_everybody() {
    let server = MariaDb::with_tls(&Ca::new("right").issue(&["localhost"]));
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (path, cause) in [
        (empty.to_str().unwrap(), "the file that `ssl-ca` names holds no PEM certificate"),
        ("/no/such.pem", "the file that `ssl-ca` names cannot be read: there is no such file"),
    ] {
        let builder = OnMariaDb::handle("mysql").host("localhost").port(server.port());
        let handle = builder.param("ssl-mode", "verify_ca").param("ssl-ca", path).build().unwrap();
        assert_eq!(connect(&handle).await.unwrap_err(), cause);
    }
}

#[tokio::test]
async fn client_certificate() {
    let ca = Ca::new("right");
    let server = MariaDb::with_tls(&ca.issue(&["localhost"]));
    server.sql("ALTER USER shop REQUIRE X509");
    let client = ca.issue(&["shop"]);
    let builder = || OnMariaDb::tls_handle("mysql", &server, &client.ca());
    let without = connect(&builder().build().unwrap()).await.unwrap_err();
    assert!(without.starts_with("access denied"), "{without}");

    let with = |tls: &Tls| {
        let builder = builder().param("ssl-cert", tls.certificate().to_str().unwrap());
        builder.param("ssl-key", tls.key().to_str().unwrap()).build().unwrap()
    };
    OnMariaDb::use_it(&connect(&with(&client)).await.unwrap()).await.unwrap();

    let strange = Ca::new("wrong").issue(&["shop"]);
    let refused = connect(&with(&strange)).await.unwrap_err();
    let cause = "the server asks for a client certificate that it trusts: unknown ca";
    assert_eq!(refused, cause);
}

#[tokio::test]
async fn charset_and_pool() {
    let server = MariaDb::start();
    let builder = OnMariaDb::handle("mysql").host("localhost").port(server.port());
    let builder = builder.param("charset", "latin1").param("max_connections", "3");
    let builder = builder.param("min_connections", "2").param("idle_timeout", "1m");
    let pool = connect(&builder.param("max_lifetime", "1h").build().unwrap()).await.unwrap();
    let charset: Result<(String,), _> =
        sqlx::query_as("SELECT @@character_set_client").fetch_one(&pool).await;
    assert_eq!(charset.unwrap(), ("latin1".to_owned(),));
    let options = pool.options();
    assert_eq!((options.get_max_connections(), options.get_min_connections()), (3, 2));
    assert_eq!(options.get_idle_timeout(), Some(Duration::from_mins(1)));
    assert_eq!(options.get_max_lifetime(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn a_full_pool_still_answers_a_ping() {
    let server = MariaDb::start();
    let builder = OnMariaDb::handle("mysql").host("localhost").port(server.port());
    let pool = connect(&builder.param("max_connections", "1").build().unwrap()).await.unwrap();
    let _taken = pool.acquire().await.unwrap();
    MySql::ping(&pool).await.unwrap();
}
