//! A misspelt key.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(evn = "DATABASE_URL")]
    db: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    services.connect_db().await?.acquire().await;
    services.connect().await?.db.acquire().await;
    Ok(())
}
