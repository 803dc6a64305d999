//! A type with the name of the generated one. `#[services(clients = "...")]` is the way out.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    db: MySql,
}

struct ServicesClients {
    count: usize,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?;
    Ok(())
}
