//! `client` names a type that is not the adapter's client. Uses of the clients add nothing.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(client = sqlx::PgPool)]
    db: MySql,
    #[service(client = sqlx::PgPool)]
    archive: Option<MySql>,
    #[service(nested, client = u8)]
    inner: Inner,
    #[service(client = sqlx::MySqlPool)]
    right: MySql,
}

#[derive(BackingServices)]
struct Inner {
    db: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    let clients = services.connect().await?;
    let _: &sqlx::PgPool = &clients.db;
    let _: sqlx::PgPool = services.connect_db().await?;
    clients.ping().await?;
    clients.close(std::time::Duration::from_secs(1)).await;
    Ok(())
}
