use std::path::Path;

use backing_services::adapters::sql::placeholders;
use backing_services::{BackingServices, Environment, Handle, HandleBuilder, Sql};
use backing_services_conformance::{Ca, Limit, Reaches, Subject, Tls};
use backing_services_tests::servers::{MariaDb, PostgreSql};
use sqlx::{Any, AnyPool, Execute, QueryBuilder};

use crate::{mysql, postgres};

struct OnMariaDb;

impl Subject for OnMariaDb {
    type Adapter = Sql;
    type Server = MariaDb;

    const LIMITS: &[Limit] = <crate::mysql::OnMariaDb as Subject>::LIMITS;

    fn start() -> MariaDb {
        MariaDb::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<MariaDb> {
        Some(MariaDb::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if is_of_mysql(scheme) { Reaches::Plain } else { Reaches::Elsewhere }
    }

    fn tls_handle(scheme: &str, server: &MariaDb, ca: &Path) -> HandleBuilder {
        mysql::OnMariaDb::tls_handle(scheme, server, ca)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        mysql::OnMariaDb::handle(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        mysql::OnMariaDb::wrong_password()
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &AnyPool) -> Result<(), String> {
        write_and_read(client).await.map_err(|error| error.to_string())
    }
}

fn is_of_mysql(scheme: &str) -> bool {
    ["mysql", "mariadb", "mysql2"].contains(&scheme)
}

/// The same SQL for every database.
pub(crate) async fn write_and_read(client: &AnyPool) -> Result<(), sqlx::Error> {
    sqlx::query("CREATE TABLE IF NOT EXISTS words (word VARCHAR(80), n BIGINT)")
        .execute(client)
        .await?;
    sqlx::query("DELETE FROM words").execute(client).await?;
    let insert = placeholders(client, "INSERT INTO words /* what? */ VALUES (?, ?)");
    sqlx::query(insert).bind("grüße 🦀").bind(7_i64).execute(client).await?;
    let select = placeholders(client, "SELECT word, n FROM words WHERE word <> '?' AND n = ?");
    let row: (String, i64) = sqlx::query_as(select).bind(7_i64).fetch_one(client).await?;
    assert_eq!(row, ("grüße 🦀".to_owned(), 7));
    Ok(())
}

backing_services_conformance::suite!(OnMariaDb);

mod on_postgres {
    use super::*;

    struct OnPostgreSql;

    impl Subject for OnPostgreSql {
        type Adapter = Sql;
        type Server = PostgreSql;

        fn start() -> PostgreSql {
            PostgreSql::start()
        }

        fn start_with_tls(tls: &Tls) -> Option<PostgreSql> {
            Some(PostgreSql::with_tls(tls))
        }

        fn reaches(scheme: &str) -> Reaches {
            if scheme.starts_with("postgres") { Reaches::Plain } else { Reaches::Elsewhere }
        }

        fn tls_handle(_: &str, server: &PostgreSql, ca: &Path) -> HandleBuilder {
            postgres::OnPostgreSql::tls_handle("postgres", server, ca)
        }

        /// The scheme that the suite prefers is the first of `Sql`, which is another database's.
        fn handle(scheme: &str) -> HandleBuilder {
            let is_mysql = is_of_mysql(scheme);
            postgres::OnPostgreSql::handle(if is_mysql { "postgres" } else { scheme })
        }

        fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
            postgres::OnPostgreSql::wrong_password()
        }

        fn ends() -> bool {
            true
        }

        async fn use_it(client: &AnyPool) -> Result<(), String> {
            write_and_read(client).await.map_err(|error| error.to_string())
        }
    }

    backing_services_conformance::suite!(OnPostgreSql);
}

#[derive(BackingServices)]
struct Services {
    db: Sql,
}

async fn connect(handle: &Handle) -> AnyPool {
    let environment = Environment::from_pairs([("DB_URL", handle.expose_url())]);
    Services::load(&environment).unwrap().connect_db().await.unwrap()
}

type Order = (i64, String, Option<f64>, i32, i16);

/// What an app does with a shop's orders, knowing nothing of the database.
async fn sell(db: &AnyPool) -> Result<Vec<Order>, sqlx::Error> {
    sqlx::query(
        "CREATE TABLE orders (number BIGINT PRIMARY KEY, item TEXT NOT NULL, \
         price DOUBLE PRECISION, pieces INTEGER NOT NULL, is_paid SMALLINT NOT NULL)",
    )
    .execute(db)
    .await?;
    let insert = "INSERT INTO orders (number, item, price, pieces, is_paid) VALUES (?, ?, ?, ?, ?)";
    let mut transaction = db.begin().await?;
    for (number, item, price) in [(1_i64, "a 'quoted' ?", Some(9.5)), (2, "ünïcode", None)] {
        sqlx::query(placeholders(db, insert))
            .bind(number)
            .bind(item)
            .bind(price)
            .bind(3_i32)
            .bind(0_i16)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;

    let again =
        sqlx::query(placeholders(db, insert)).bind(1_i64).bind("").bind(1.0).bind(3).bind(0);
    let again = again.execute(db).await.unwrap_err();
    assert!(again.as_database_error().unwrap().is_unique_violation(), "{again}");

    let pay = placeholders(db, "UPDATE orders SET is_paid = ? WHERE number = ?");
    let paid = sqlx::query(pay).bind(1_i16).bind(2_i64).execute(db).await?;
    assert_eq!(paid.rows_affected(), 1);

    let question =
        "SELECT number, item, price, pieces, is_paid FROM orders WHERE number >= ? ORDER BY number";
    sqlx::query_as(placeholders(db, question)).bind(1_i64).fetch_all(db).await
}

/// One binary, three handles.
#[tokio::test]
async fn mariadb_to_postgresql_to_sqlite() {
    let (mariadb, postgresql) = (MariaDb::start(), PostgreSql::start());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    for handle in [
        mysql::OnMariaDb::handle("mysql").host("localhost").port(mariadb.port()),
        postgres::OnPostgreSql::handle("postgres").host("localhost").port(postgresql.port()),
        Handle::builder("sqlite").path(file.to_str().unwrap()).param("mode", "rwc"),
    ] {
        let db = connect(&handle.build().unwrap()).await;
        assert_eq!(
            sell(&db).await.unwrap(),
            [
                (1, "a 'quoted' ?".to_owned(), Some(9.5), 3, 0),
                (2, "ünïcode".to_owned(), None, 3, 1)
            ]
        );
    }
    let count = "SELECT count(*) FROM orders";
    assert_eq!((&*mariadb.sql(count), &*postgresql.sql(count)), ("2\n", "2\n"));
    assert!(file.metadata().unwrap().len() > 0);
}

/// Why `placeholders` is there, and how a built query goes through it. If the first half fails,
/// `sqlx` has learned to translate.
#[tokio::test]
async fn a_built_query_has_question_marks_also_for_postgresql() {
    let server = PostgreSql::start();
    let builder = postgres::OnPostgreSql::handle("postgres").host("localhost");
    let db = connect(&builder.port(server.port()).build().unwrap()).await;
    let mut builder = QueryBuilder::<Any>::new("SELECT 7 WHERE 1 = ");
    builder.push_bind(1_i64).push(" AND 2 = ").push_bind(2_i64);
    assert!(builder.build().fetch_one(&db).await.is_err());

    let mut builder = QueryBuilder::<Any>::new("SELECT 7 WHERE 1 = ");
    builder.push_bind(1_i64).push(" AND 2 = ").push_bind(2_i64);
    let mut built = builder.build();
    let arguments = built.take_arguments().unwrap().unwrap();
    let statement = placeholders(&db, built.sql());
    let row: (i32,) = sqlx::query_as_with(statement, arguments).fetch_one(&db).await.unwrap();
    assert_eq!(row, (7,));
}

#[tokio::test]
async fn socket() {
    let server = PostgreSql::start();
    let handle = postgres::OnPostgreSql::handle("postgres").host(server.socket().to_str().unwrap());
    let db = connect(&handle.port(server.port()).build().unwrap()).await;
    write_and_read(&db).await.unwrap();
}

#[tokio::test]
async fn every_parameter_reaches_postgresql() {
    let ca = Ca::new("right");
    let server = PostgreSql::with_client_certificates(&ca.issue(&["localhost"]));
    let client = ca.issue(&["shop"]);
    let [certificate, key] = [client.certificate(), client.key()];
    let handle = postgres::OnPostgreSql::tls_handle("postgresql", &server, &client.ca())
        .param("sslcert", certificate.to_str().unwrap())
        .param("sslkey", key.to_str().unwrap())
        .param("application_name", "the shop's app")
        .param("options", "-c statement_timeout=5s")
        .param("max_connections", "3");
    let db = connect(&handle.build().unwrap()).await;
    let question =
        "SELECT current_setting('application_name'), current_setting('statement_timeout')";
    let set: (String, String) = sqlx::query_as(question).fetch_one(&db).await.unwrap();
    assert_eq!((&*set.0, &*set.1), ("the shop's app", "5s"));
    assert_eq!(db.options().get_max_connections(), 3);
}
