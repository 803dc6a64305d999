//! A variant of a type that is no adapter.

use backing_services::{Adapter, BackingServices, Smtp};

#[derive(Adapter, Clone)]
enum Alerts {
    Mail(Smtp),
    Text(String),
}

#[derive(BackingServices)]
struct Services {
    alerts: Alerts,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    match Services::from_env()?.connect().await?.alerts {
        AlertsClient::Mail(mail) => drop(mail),
        AlertsClient::Text(text) => text.send("hello").await,
    }
    Ok(())
}
