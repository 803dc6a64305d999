//! Structs without fields.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Unit;

#[derive(BackingServices)]
struct Braces {}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Unit::from_env()?.connect().await?;
    let _: BracesClients = Braces::from_env()?.connect().await?;
    Ok(())
}
