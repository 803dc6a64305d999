//! A field and a field of a nested struct read the same variable.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct App {
    #[service(env = "DATABASE_URL")]
    db: MySql,
    #[service(nested, prefix = "")]
    reports: Reports,
}

#[derive(BackingServices)]
struct Reports {
    #[service(env = "DATABASE_URL")]
    warehouse: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    App::from_env()?.connect().await?;
    Ok(())
}
