//! The type of a field is no adapter.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    cache: String,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    services.connect_cache().await?.get("key");
    let clients = services.connect().await?;
    clients.cache.get("key");
    println!("{clients:?}");
    Ok(())
}
