//! An enum.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
enum Services {
    Db(MySql),
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?;
    Ok(())
}
