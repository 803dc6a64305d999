//! What holds for each database with a server: what connecting costs, and what a failure says.

use backing_services::{
    Adapter, BackingServices, Connect, ConnectError, Environment, FailureKind, Handle,
    HandleBuilder, MySql, Postgres, Sql,
};
use backing_services_conformance::{Ca, Subject as _};
use backing_services_tests::servers::{FakeServer, MariaDb, Network, PostgreSql, Response};
use backing_services_tests::tls::signed_by_itself;
use sqlx::{AnyPool, MySqlPool, PgPool};

use crate::{mysql, postgres};

/// A pool of any database.
pub(crate) trait Database: Clone + Send + Sync + 'static {
    fn run(&self, statement: &'static str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    async fn bare(url: &str) -> Self;
}

macro_rules! databases {
    ($($pool:ty)*) => {$(
        impl Database for $pool {
            async fn run(&self, statement: &'static str) -> Result<(), sqlx::Error> {
                sqlx::query(statement).execute(self).await.map(drop)
            }

            async fn bare(url: &str) -> Self {
                Self::connect(url).await.unwrap()
            }
        }
    )*};
}

databases!(AnyPool MySqlPool PgPool);

#[derive(BackingServices)]
struct Services {
    mysql: Option<MySql>,
    postgres: Option<Postgres>,
    sql: Option<Sql>,
}

/// An adapter, as the field of an app.
pub(crate) trait Field: Adapter + Connect<Client: Database> {
    async fn attach(handle: &Handle) -> Result<Self::Client, ConnectError>;
}

macro_rules! fields {
    ($($adapter:ty, $variable:literal, $connect:ident;)*) => {$(
        impl Field for $adapter {
            async fn attach(handle: &Handle) -> Result<Self::Client, ConnectError> {
                let environment = Environment::from_pairs([($variable, handle.expose_url())]);
                let services = Services::load(&environment).unwrap();
                services.$connect().await.map(Option::unwrap)
            }
        }
    )*};
}

fields! {
    MySql, "MYSQL_URL", connect_mysql;
    Postgres, "POSTGRES_URL", connect_postgres;
    Sql, "SQL_URL", connect_sql;
}

pub(crate) fn on_mariadb(port: u16) -> HandleBuilder {
    mysql::OnMariaDb::handle("mysql").host("localhost").port(port)
}

pub(crate) fn on_postgresql(port: u16) -> HandleBuilder {
    postgres::OnPostgreSql::handle("postgres").host("localhost").port(port)
}

/// One connection, which the first query finds, and no more round trips than `sqlx` alone.
async fn costs_no_more<A: Field>(server: u16, handle: fn(u16) -> HandleBuilder) {
    let [ours, bare] = [(); 2].map(|()| Network::to(server));
    let client = A::attach(&handle(ours.port()).build().unwrap()).await.unwrap();
    let round_trips = ours.round_trips();
    assert_eq!(ours.connections(), 1);
    client.run("SELECT 1").await.unwrap();
    assert_eq!(ours.connections(), 1);

    let _client = A::Client::bare(handle(bare.port()).build().unwrap().expose_url()).await;
    assert_eq!((round_trips, bare.connections()), (bare.round_trips(), 1));
}

#[tokio::test]
async fn mysql_connects_once() {
    let server = MariaDb::start();
    costs_no_more::<MySql>(server.port(), on_mariadb).await;
}

#[tokio::test]
async fn postgres_connects_once() {
    let server = PostgreSql::start();
    costs_no_more::<Postgres>(server.port(), on_postgresql).await;
}

#[tokio::test]
async fn sql_connects_once() {
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    costs_no_more::<Sql>(mariadb.port(), on_mariadb).await;
    costs_no_more::<Sql>(postgresql.port(), on_postgresql).await;
}

#[tokio::test]
async fn the_least_number_of_connections_is_open_at_once() {
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    let least = |handle: HandleBuilder| handle.param("min_connections", "3").build().unwrap();
    let pool = MySql::attach(&least(on_mariadb(mariadb.port()))).await.unwrap();
    assert_eq!(pool.size(), 3);
    pool.run("SELECT 1").await.unwrap();
    let pool = Postgres::attach(&least(on_postgresql(postgresql.port()))).await.unwrap();
    assert_eq!(pool.size(), 3);
    pool.run("SELECT 1").await.unwrap();
}

async fn fails<A: Field>(handle: HandleBuilder) -> (String, FailureKind, String) {
    let handle = handle.param("connect_timeout", "1s").build().unwrap();
    let Err(report) = A::attach(&handle).await else { panic!("it connected") };
    let failure = &report.failures()[0];
    for rust in ["Error(", "Error {", "{ ", "::", "0x", "Some(", "Invalid"] {
        let texts = [failure.cause(), failure.help()];
        assert!(texts.iter().all(|text| !text.contains(rust)), "{report}");
    }
    (failure.cause().to_owned(), failure.kind(), failure.help().to_owned())
}

/// Another service listens on the port.
#[tokio::test]
async fn another_service() {
    let http = FakeServer::start(|_| Response::new("no".into()));
    let certificate = Ca::new("right").issue(&["localhost"]);
    let tls = FakeServer::with_tls(&certificate, |_| Response::new("no".into()));
    let off = |handle: HandleBuilder| handle.param("tls", "none");

    for (cause, kind, _) in [
        fails::<Postgres>(on_postgresql(tls.port())).await,
        fails::<Sql>(on_postgresql(tls.port())).await,
    ] {
        assert_eq!(cause, "the server speaks TLS from the first byte on this port");
        assert_eq!(kind, FailureKind::Tls);
    }
    for (cause, _, _) in [
        fails::<Postgres>(off(on_postgresql(tls.port()))).await,
        fails::<Postgres>(on_postgresql(http.port())).await,
        fails::<Postgres>(off(on_postgresql(http.port()))).await,
        fails::<Sql>(on_postgresql(http.port())).await,
    ] {
        assert_ne!(cause, "");
    }
    // Both wait for the other to speak.
    for port in [tls.port(), http.port()] {
        let (_, kind, _) = fails::<MySql>(on_mariadb(port)).await;
        assert_eq!(kind, FailureKind::Timeout);
    }
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    let swapped = on_postgresql(mariadb.port()).param("sslmode", "disable");
    let _ = fails::<Postgres>(swapped).await;
    let (_, kind, _) = fails::<MySql>(on_mariadb(postgresql.port())).await;
    assert_eq!(kind, FailureKind::Timeout);
}

/// A certificate that vouches for itself is taken by its name, unless it says that it is a CA's.
#[tokio::test]
async fn a_self_signed_certificate() {
    let server_of = ["-addext", "basicConstraints=critical,CA:FALSE"];
    for (arguments, is_taken) in [(&server_of[..], true), (&[], false)] {
        let tls = signed_by_itself(arguments);
        let (mariadb, postgresql) = (MariaDb::with_tls(&tls), PostgreSql::with_tls(&tls));
        let verified = |handle: HandleBuilder, [mode, full, file]: [&str; 3]| {
            handle.param(mode, full).param(file, tls.ca().to_str().unwrap())
        };
        let on_mariadb =
            || verified(on_mariadb(mariadb.port()), ["ssl-mode", "verify_identity", "ssl-ca"]);
        let on_postgresql = || {
            verified(on_postgresql(postgresql.port()), ["sslmode", "verify-full", "sslrootcert"])
        };
        if is_taken {
            MySql::attach(&on_mariadb().build().unwrap()).await.unwrap();
            Postgres::attach(&on_postgresql().build().unwrap()).await.unwrap();
            Sql::attach(&on_postgresql().build().unwrap()).await.unwrap();
            continue;
        }
        for (cause, kind, help) in [
            fails::<MySql>(on_mariadb()).await,
            fails::<Postgres>(on_postgresql()).await,
            fails::<Sql>(on_mariadb()).await,
        ] {
            assert!(cause.contains("it is made for a CA"), "{cause}");
            assert_eq!(kind, FailureKind::Tls);
            assert!(help.contains("basicConstraints=critical,CA:FALSE"), "{help}");
        }
    }
}
