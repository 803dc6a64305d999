use std::path::Path;

use backing_services::{HandleBuilder, Sql};
use backing_services_tests::servers::MariaDb;
use backing_services_tests::tls::Tls;
use sqlx::AnyPool;

use crate::conformance::{Reaches, Subject};
use crate::mysql;

struct OnMariaDb;

impl Subject for OnMariaDb {
    type Adapter = Sql;
    type Server = MariaDb;

    fn start() -> MariaDb {
        MariaDb::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<MariaDb> {
        Some(MariaDb::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "sqlite" { Reaches::Elsewhere } else { Reaches::Plain }
    }

    fn tls_handle(scheme: &str, server: &MariaDb, authority: &Path) -> HandleBuilder {
        mysql::OnMariaDb::tls_handle(scheme, server, authority)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        mysql::OnMariaDb::handle(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        mysql::OnMariaDb::wrong_password()
    }

    async fn use_it(client: &AnyPool) -> Result<(), String> {
        write_and_read(client).await.map_err(|error| error.to_string())
    }
}

/// The same SQL for every database.
pub(crate) async fn write_and_read(client: &AnyPool) -> Result<(), sqlx::Error> {
    sqlx::query("CREATE TABLE IF NOT EXISTS words (word VARCHAR(80), n BIGINT)")
        .execute(client)
        .await?;
    sqlx::query("DELETE FROM words").execute(client).await?;
    let insert = sqlx::query("INSERT INTO words VALUES (?, ?)").bind("grüße 🦀").bind(7_i64);
    insert.execute(client).await?;
    let row: (String, i64) = sqlx::query_as("SELECT word, n FROM words").fetch_one(client).await?;
    assert_eq!(row, ("grüße 🦀".to_owned(), 7));
    Ok(())
}

conformance!(OnMariaDb);
