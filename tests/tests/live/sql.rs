use std::path::Path;

use backing_services::{HandleBuilder, Sql};
use backing_services_tests::servers::MariaDb;
use backing_services_tests::tls::Tls;
use sqlx::AnyPool;

use crate::conformance::{Subject, TlsSupport};
use crate::mysql;

/// `Sql` on MariaDB.
pub(crate) struct Server(MariaDb);

impl Subject for Server {
    type Adapter = Sql;
    const TLS: TlsSupport = TlsSupport::Yes;

    fn start() -> Self {
        Self(MariaDb::start())
    }

    fn start_with_tls(tls: &Tls) -> Self {
        Self(MariaDb::with_tls(tls))
    }

    fn port(&self) -> u16 {
        self.0.port()
    }

    fn kill(&mut self) {
        self.0.kill();
    }

    fn restart(&mut self) {
        self.0.restart();
    }

    fn handle(scheme: &str) -> HandleBuilder {
        mysql::Server::handle(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        mysql::Server::wrong_password()
    }

    fn tls_handle(authority: &Path) -> HandleBuilder {
        mysql::Server::tls_handle(authority)
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

conformance!(Server);
