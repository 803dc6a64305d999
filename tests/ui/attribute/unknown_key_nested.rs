//! A misspelt `nested` and a misspelt `clients`: what they mean is clear, so nothing echoes.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(client = "ShopClients")]
struct Shop {
    #[service(nestd)]
    reports: Reports,
    #[service(inner)]
    eu: Reports,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let clients: ShopClients = Shop::from_env()?.connect().await?;
    clients.reports.db.acquire().await;
    Ok(())
}
