use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use backing_services::{
    BackingServices, Connect as _, ConnectError, Environment, Failure, Handle, HandleBuilder,
    Postgres, Sql,
};
use backing_services_conformance::{Ca, Subject, Tls};
use backing_services_tests::servers::PostgreSql;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub(crate) struct OnPostgreSql;

/// The same for every server of the harness.
fn account() -> (&'static str, &'static str, &'static str) {
    use std::sync::LazyLock;

    static ACCOUNT: LazyLock<(&str, &str, &str)> = LazyLock::new(|| {
        let server = PostgreSql::start();
        (server.user(), server.password(), server.database())
    });
    *ACCOUNT
}

impl Subject for OnPostgreSql {
    type Adapter = Postgres;
    type Server = PostgreSql;

    fn start() -> PostgreSql {
        PostgreSql::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<PostgreSql> {
        Some(PostgreSql::with_tls(tls))
    }

    fn tls_handle(scheme: &str, server: &PostgreSql, ca: &Path) -> HandleBuilder {
        let ca = ca.to_str().unwrap();
        let builder = Self::handle(scheme).host("localhost").port(server.port());
        builder.param("sslmode", "verify-full").param("sslrootcert", ca)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        let (user, password, database) = account();
        Handle::builder(scheme).username(user).password(password).name(database)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let (user, _, database) = account();
        let builder = Handle::builder("postgres").username(user).password("wr0ng").name(database);
        Some((builder, "access denied: the user name or the password is wrong"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &PgPool) -> Result<(), String> {
        let run = async {
            sqlx::query("CREATE TABLE IF NOT EXISTS words (word VARCHAR(80))")
                .execute(client)
                .await?;
            sqlx::query("DELETE FROM words").execute(client).await?;
            sqlx::query("INSERT INTO words VALUES ($1)").bind("grüße 🦀").execute(client).await?;
            sqlx::query_as::<_, (String,)>("SELECT word FROM words").fetch_one(client).await
        };
        match run.await {
            Ok((word,)) if word == "grüße 🦀" => Ok(()),
            Ok((word,)) => Err(format!("read {word}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

backing_services_conformance::suite!(OnPostgreSql);

#[derive(BackingServices)]
struct Services {
    db: Postgres,
}

async fn connect(handle: &Handle) -> Result<PgPool, String> {
    let environment = Environment::from_pairs([("DB_URL", handle.expose_url())]);
    let services = Services::load(&environment).map_err(|error| error.to_string())?;
    services.connect_db().await.map_err(|error| error.failures()[0].cause().to_owned())
}

#[tokio::test]
async fn socket() {
    let server = PostgreSql::start();
    let local = |folder: &str| {
        OnPostgreSql::handle("postgres").host(folder).port(server.port()).build().unwrap()
    };
    let pool = connect(&local(server.socket().to_str().unwrap())).await.unwrap();
    OnPostgreSql::use_it(&pool).await.unwrap();
    assert_eq!(
        connect(&local("/no/such:folder")).await.unwrap_err(),
        "there is no such file or socket"
    );
}

#[tokio::test]
async fn causes() {
    let server = PostgreSql::start();
    let (user, password, database) = account();
    let builder = || Handle::builder("postgres").host("127.0.0.1").port(server.port());
    let owner = || builder().username(user).password(password);

    let missing = connect(&owner().name("warehouse").build().unwrap()).await.unwrap_err();
    assert_eq!(missing, "there is no such database");

    server.sql(
        "CREATE ROLE guest LOGIN PASSWORD 'guest'; REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
    );
    let guest = builder().username("guest").password("guest").name(database).build().unwrap();
    let refused = connect(&guest).await.unwrap_err();
    assert_eq!(refused, "access denied: the user may not use this database");

    let stranger = builder().username("stranger").password(password).name(database);
    let denied = connect(&stranger.build().unwrap()).await.unwrap_err();
    assert_eq!(denied, "access denied: the user name or the password is wrong");

    server.sql("ALTER ROLE guest NOLOGIN; GRANT CONNECT ON DATABASE shop TO guest");
    let locked = connect(&guest).await.unwrap_err();
    assert_eq!(locked, "access denied (PostgreSQL error 28000)");

    let unspeakable = builder().username(user).password("pass\u{1}word").name(database);
    let unspeakable = connect(&unspeakable.build().unwrap()).await.unwrap_err();
    assert!(unspeakable.starts_with("the password has a character"), "{unspeakable}");

    let required = owner().name(database).param("sslmode", "require").build().unwrap();
    assert_eq!(connect(&required).await.unwrap_err(), "the server speaks no TLS on this port");

    let setting = owner().name(database).param("options", "-c no_such_setting=1").build().unwrap();
    let setting = connect(&setting).await.unwrap_err();
    assert!(setting.ends_with("(PostgreSQL error 42704)"), "{setting}");
}

/// What may pass by itself is tried again until the timeout.
#[tokio::test]
async fn a_full_server_is_asked_again() {
    let server = PostgreSql::start();
    server.sql("ALTER ROLE shop CONNECTION LIMIT 1");
    let builder = || OnPostgreSql::handle("postgres").host("localhost").port(server.port());
    let handle = builder().param("max_connections", "1").build().unwrap();
    // The app's one connection is all that connecting takes.
    let pool = connect(&handle).await.unwrap();
    let _taken = pool.acquire().await.unwrap();

    let short = builder().param("connect_timeout", "2s").build().unwrap();
    let environment = Environment::from_pairs([("DB_URL", short.expose_url())]);
    let failed = Services::load(&environment).unwrap().connect_db().await.unwrap_err();
    assert_eq!(failed.failures()[0].cause(), "the server has too many connections");
    assert!(failed.failures()[0].attempts() > 1, "{failed}");

    let patient = builder().param("connect_timeout", "30s").build().unwrap();
    let connecting = tokio::spawn(async move { connect(&patient).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!connecting.is_finished());
    server.sql("ALTER ROLE shop CONNECTION LIMIT 10");
    connecting.await.unwrap().unwrap();
}

/// A server that answers every login with an error.
async fn login_error(code: &str, message: &str) -> Failure {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let mut answer = vec![b'E'];
    answer.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
    answer.extend(fields.into_bytes());
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u32().await.unwrap();
            let mut startup = vec![0; usize::try_from(length - 4).unwrap()];
            stream.read_exact(&mut startup).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    });
    let url = format!("postgres://maria:secret@127.0.0.1:{port}/shop");
    let url = format!("{url}?sslmode=disable&connect_timeout=300ms");
    let services = Services::load(&Environment::from_pairs([("DB_URL", url)])).unwrap();
    let failed = services.connect_db().await.unwrap_err();
    server.abort();
    failed.failures()[0].clone()
}

#[tokio::test]
async fn what_a_server_says_at_login() {
    for (code, message, cause, is_transient) in [
        (
            "57P03",
            "the database system is starting up",
            "the server is starting up or shutting down",
            true,
        ),
        ("57P01", "terminating connection", "the server is shutting down", true),
        ("53300", "too many clients already", "the server has too many connections", true),
        (
            "28000",
            "role \"maria\" is not permitted",
            "access denied (PostgreSQL error 28000)",
            false,
        ),
        (
            "28P01",
            "failed for user \"maria\"",
            "access denied: the user name or the password is wrong",
            false,
        ),
        (
            "XX000",
            "tenant of maria is unknown",
            "tenant of *** is unknown (PostgreSQL error XX000)",
            false,
        ),
    ] {
        let failure = login_error(code, message).await;
        assert_eq!(failure.cause(), cause);
        assert_eq!(failure.attempts() > 1, is_transient, "{code}: {failure:?}");
    }
}

/// Any certificate will do for `require`; `verify-ca` wants the CA but not the name.
#[tokio::test]
async fn modes_of_tls() {
    let certificate = Ca::new("right").issue(&["other.example"]);
    let server = PostgreSql::with_tls(&certificate);
    let wrong = Ca::new("wrong").issue(&["other.example"]);
    let mode = |mode: &str, ca: Option<&Tls>| {
        let mut builder = OnPostgreSql::handle("postgres")
            .host("localhost")
            .port(server.port())
            .param("sslmode", mode);
        if let Some(ca) = ca {
            builder = builder.param("sslrootcert", ca.ca().to_str().unwrap());
        }
        builder.build().unwrap()
    };
    for taken in [
        mode("require", None),
        mode("prefer", None),
        mode("allow", None),
        mode("require", Some(&certificate)),
        mode("verify-ca", Some(&certificate)),
    ] {
        let pool = connect(&taken).await.unwrap();
        let question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let encrypted: (bool,) = sqlx::query_as(question).fetch_one(&pool).await.unwrap();
        assert_eq!(encrypted, (true,));
    }
    for refused in [
        mode("require", Some(&wrong)),
        mode("verify-ca", Some(&wrong)),
        mode("verify-full", Some(&certificate)),
        mode("verify-ca", None),
    ] {
        let cause = connect(&refused).await.unwrap_err();
        assert!(cause.contains("certificate does not verify"), "{cause}");
    }
    let services = Environment::from_pairs([("DB_URL", mode("disable", None).expose_url())]);
    let clear = Services::load(&services).unwrap().connect_db().await.unwrap_err();
    assert!(clear.failures()[0].cause().contains("pg_hba.conf allows no such connection"));
    assert!(clear.failures()[0].help().contains("takes only TLS connections"), "{clear}");
}

#[tokio::test]
async fn a_file_without_certificates_is_not_trust_in_everybody() {
    let server = PostgreSql::with_tls(&Ca::new("right").issue(&["localhost"]));
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (path, cause) in [
        (empty.to_str().unwrap(), "the file that `sslrootcert` names holds no PEM certificate"),
        ("/no/such.pem", "the file that `sslrootcert` names cannot be read: there is no such file"),
    ] {
        let handle = OnPostgreSql::tls_handle("postgres", &server, Path::new(path));
        assert_eq!(connect(&handle.build().unwrap()).await.unwrap_err(), cause);
    }
}

#[tokio::test]
async fn client_certificate() {
    let ca = Ca::new("right");
    let server = PostgreSql::with_client_certificates(&ca.issue(&["localhost"]));
    let client = ca.issue(&["shop"]);
    let builder = || OnPostgreSql::tls_handle("postgres", &server, &client.ca());
    let without = connect(&builder().build().unwrap()).await.unwrap_err();
    assert_eq!(without, "access denied: the server asks for a client certificate");

    let with = |tls: &Tls| {
        let builder = builder().param("sslcert", tls.certificate().to_str().unwrap());
        builder.param("sslkey", tls.key().to_str().unwrap()).build().unwrap()
    };
    OnPostgreSql::use_it(&connect(&with(&client)).await.unwrap()).await.unwrap();

    let strange = Ca::new("wrong").issue(&["shop"]);
    let refused = connect(&with(&strange)).await.unwrap_err();
    let cause = "the server asks for a client certificate that it trusts: unknown ca";
    assert_eq!(refused, cause);
}

#[tokio::test]
async fn settings_and_pool() {
    let server = PostgreSql::start();
    let builder = OnPostgreSql::handle("postgres").host("localhost").port(server.port());
    let builder = builder.param("application_name", "the shop's app");
    let builder = builder.param("options", r"-c statement_timeout=5s -c search_path=a,\ b");
    let builder = builder.param("max_connections", "3").param("min_connections", "2");
    let builder = builder.param("idle_timeout", "1m").param("max_lifetime", "1h");
    let pool = connect(&builder.build().unwrap()).await.unwrap();
    let set: (String, String, String) = sqlx::query_as(
        "SELECT current_setting('application_name'), current_setting('statement_timeout'), \
         current_setting('search_path')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((&*set.0, &*set.1, &*set.2), ("the shop's app", "5s", "a, b"));
    let options = pool.options();
    assert_eq!((options.get_max_connections(), options.get_min_connections()), (3, 2));
    assert_eq!(options.get_idle_timeout(), Some(Duration::from_mins(1)));
    assert_eq!(options.get_max_lifetime(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn a_full_pool_still_answers_a_ping() {
    let server = PostgreSql::start();
    let builder = OnPostgreSql::handle("postgres").host("localhost").port(server.port());
    let pool = connect(&builder.param("max_connections", "1").build().unwrap()).await.unwrap();
    let _taken = pool.acquire().await.unwrap();
    Postgres::ping(&pool).await.unwrap();
}

/// What the test below starts: this program again, with variables.
#[derive(BackingServices)]
#[services(prefix = "CHILD_")]
struct Child {
    native: Option<Postgres>,
    any: Option<Sql>,
}

const WHO: &str = "SELECT current_user::text, current_database()::text, \
                   current_setting('application_name')";
type Who = (String, String, String);

/// Says of each adapter where it got, or why it did not.
async fn be_the_child(child: Child) {
    let say = |adapter: &str, found: Result<Result<Who, sqlx::Error>, String>| match found {
        Ok(who) => println!("{adapter}: {:?}", who.unwrap()),
        Err(cause) => println!("{adapter}: {cause}"),
    };
    let cause = |error: ConnectError| error.failures()[0].cause().to_owned();
    say(
        "native",
        match child.connect_native().await.map_err(cause) {
            Ok(pool) => Ok(sqlx::query_as(WHO).fetch_one(&pool.unwrap()).await),
            Err(cause) => Err(cause),
        },
    );
    say(
        "any",
        match child.connect_any().await.map_err(cause) {
            Ok(pool) => Ok(sqlx::query_as(WHO).fetch_one(&pool.unwrap()).await),
            Err(cause) => Err(cause),
        },
    );
}

/// Both adapters' words, which are the same.
fn ask_the_child(handle: &HandleBuilder, variables: &[(&str, &str)]) -> String {
    let url = handle.clone().build().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::the_process_environment_does_not_count", "--nocapture"])
        .env("CHILD_NATIVE_URL", url.expose_url())
        .env("CHILD_ANY_URL", url.expose_url())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let said = |adapter: &str| {
        let line = text.lines().find_map(|line| line.split_once(adapter));
        line.unwrap_or_else(|| panic!("no {adapter} in {text}")).1.to_owned()
    };
    let native = said("native: ");
    assert_eq!(native, said("any: "), "{variables:?}");
    native
}

/// The variables and the file that PostgreSQL's own client reads, and `sqlx` with it.
#[tokio::test]
async fn the_process_environment_does_not_count() {
    let child = Child::from_env().unwrap();
    if child.native.is_some() {
        return be_the_child(child).await;
    }
    let (user, password, database) = account();
    let ca = Ca::new("right").issue(&["localhost"]);
    let (server, tls) = (PostgreSql::start(), PostgreSql::with_tls(&ca));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    std::fs::write(&file, format!("*:*:*:*:{}", password.replace(':', "\\:"))).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let at =
        |server: &PostgreSql| Handle::builder("postgres").host("localhost").port(server.port());
    let whole = at(&server).username(user).password(password).name(database);

    let elsewhere = [
        ("PGHOST", "no-such-host.invalid"),
        ("PGHOSTADDR", "203.0.113.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "wr0ng"),
        ("PGDATABASE", "nowhere"),
        ("PGAPPNAME", "leaked"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/no/such.pem"),
    ];
    assert_eq!(ask_the_child(&whole, &elsewhere), r#"("shop", "shop", "")"#);
    let defaults = at(&server).password(password);
    assert_eq!(ask_the_child(&defaults, &elsewhere), r#"("postgres", "postgres", "")"#);

    let denied = "access denied: the user name or the password is wrong";
    let no_password = at(&server).username(user).name(database);
    for password_from in [
        [("PGPASSWORD", password)],
        [("PGPASSFILE", file.to_str().unwrap())],
        [("HOME", home.path().to_str().unwrap())],
    ] {
        assert_eq!(ask_the_child(&no_password, &password_from), denied);
    }

    let trusting_nobody = at(&tls).username(user).password(password).name(database);
    let trusting_nobody = trusting_nobody.param("sslmode", "verify-full");
    let trusted = ca.ca();
    let said = ask_the_child(&trusting_nobody, &[("PGSSLROOTCERT", trusted.to_str().unwrap())]);
    assert!(said.contains("the CA that signed it is not trusted"), "{said}");

    for variable in ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY"] {
        let said = ask_the_child(&whole, &[(variable, "-c geqo=off")]);
        assert!(said.contains(&format!("the process has the variable `{variable}`")), "{said}");
    }
    let clear = whole.clone().param("sslmode", "disable");
    let unused = ask_the_child(&clear, &[("PGSSLCERT", "/no/such.pem")]);
    assert_eq!(unused, r#"("shop", "shop", "")"#);
}
