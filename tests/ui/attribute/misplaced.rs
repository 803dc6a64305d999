//! Attributes of a field on the struct, and the other way round.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[service(prefix = "SHOP_")]
struct Services {
    #[services(env = "DATABASE_URL")]
    db: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?;
    Ok(())
}
