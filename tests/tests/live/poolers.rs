//! What stands before a database and is not quite one: `PgBouncer`, Vitess.

use std::sync::Arc;

use backing_services::{Connect as _, Handle, MySql, Postgres, Sql};
use backing_services_tests::servers::{MariaDb, Network, PgBouncer, PostgreSql};
use tokio::sync::Barrier;

use crate::databases::{Database, Field, on_mariadb, on_postgresql};

const TASKS: usize = 30;

/// All of them at once, a few times each.
async fn all_work<D: Database>(client: &D) {
    let start = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (client, start) = (client.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                for _ in 0..5 {
                    client.run("SELECT 1").await?;
                    client.run("SELECT 2").await?;
                }
                Ok::<_, sqlx::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

fn handle(pooler: &PgBouncer) -> Handle {
    on_postgresql(pooler.port()).build().unwrap()
}

async fn fails<A: Field>(handle: &Handle) -> (String, String) {
    let Err(report) = A::attach(handle).await else { panic!("it connected") };
    (report.failures()[0].cause().to_owned(), report.failures()[0].help().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_as_installed() {
    let server = PostgreSql::start();
    let pooler = PgBouncer::before(&server, "session", "");
    let pool = Postgres::attach(&handle(&pooler)).await.unwrap();
    all_work(&pool).await;
    Postgres::ping(&pool).await.unwrap();
    Postgres::close(pool).await;

    // `sqlx` offers no way around.
    let (cause, help) = fails::<Sql>(&handle(&pooler)).await;
    assert!(cause.starts_with("the pooler before the server refuses `extra_float_digits`"));
    assert!(help.contains("ignore_startup_parameters") && help.contains("`Postgres`"), "{help}");

    let set = on_postgresql(pooler.port()).param("schema", "public").build().unwrap();
    let (cause, help) = fails::<Postgres>(&set).await;
    assert_eq!(cause, "the pooler before the server takes no settings of a session");
    assert!(help.contains("`schema`"), "{help}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_in_session_mode_that_ignores() {
    let server = PostgreSql::start();
    let pooler = PgBouncer::before(&server, "session", "extra_float_digits");
    all_work(&Sql::attach(&handle(&pooler)).await.unwrap()).await;
    all_work(&Postgres::attach(&handle(&pooler)).await.unwrap()).await;
}

/// It loses what `sqlx` prepares: better no connection than one over which nothing works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_in_transaction_mode() {
    let server = PostgreSql::start();
    let says = "the pooler before the server loses prepared statements";
    for ignored in ["", "extra_float_digits"] {
        let pooler = PgBouncer::before(&server, "transaction", ignored);
        let (cause, help) = fails::<Postgres>(&handle(&pooler)).await;
        assert_eq!(cause, says);
        assert!(help.contains("session mode") && help.contains("max_prepared_statements"));
        if !ignored.is_empty() {
            assert_eq!(fails::<Sql>(&handle(&pooler)).await.0, says);
        }
    }
    // Nothing tells that there is a pooler, unless the handle does.
    let pooler = PgBouncer::before(&server, "transaction", "extra_float_digits,options");
    let told = on_postgresql(pooler.port()).param("pgbouncer", "true").build().unwrap();
    assert_eq!(fails::<Postgres>(&told).await.0, says);
    assert_eq!(fails::<Sql>(&told).await.0, says);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vitess() {
    let server = MariaDb::start();
    let vitess = Network::vitess(server.port());
    for zone in [None, Some("+02:00")] {
        let mut handle = on_mariadb(vitess.port()).param("collation", "utf8mb4_unicode_ci");
        if let Some(zone) = zone {
            handle = handle.param("timezone", zone);
        }
        let pool = MySql::attach(&handle.build().unwrap()).await.unwrap();
        let set: (String, String) = sqlx::query_as("SELECT @@time_zone, @@collation_connection")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!((&*set.0, &*set.1), (zone.unwrap_or("+00:00"), "utf8mb4_unicode_ci"));
        all_work(&pool).await;
    }
    let (cause, help) = fails::<Sql>(&on_mariadb(vitess.port()).build().unwrap()).await;
    assert!(cause.starts_with("the server refuses the `sql_mode`"), "{cause}");
    assert!(help.contains("`MySql`"), "{help}");
}
