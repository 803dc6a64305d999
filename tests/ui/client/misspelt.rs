//! A misspelt client: rustc lists the fields.

use backing_services::{BackingServices, MySql, Smtp};

#[derive(BackingServices)]
struct Services {
    db: MySql,
    mail: Smtp,
    #[setting]
    port: u16,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    println!("{}", services.port);
    let clients = services.connect().await?;
    clients.database.acquire().await;
    Ok(())
}
