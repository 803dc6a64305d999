//! Variants that do not hold one adapter, and attributes that are for a struct.

use backing_services::{Adapter, BackingServices, Memcached, Smtp};

#[derive(Adapter, Clone)]
#[adapter(name = "alerts", schemes("smtp"), example = "smtp://localhost", port = 25, debug)]
enum Alerts {
    Mail(Smtp),
    Nothing,
    Both(Smtp, Memcached),
    Named { cache: Memcached },
    #[handle(host)]
    Cache(#[handle(port)] Memcached),
}

#[derive(BackingServices)]
struct Services {
    alerts: Alerts,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    match Services::from_env()?.connect().await?.alerts {
        AlertsClient::Mail(_) => Ok(()),
        _ => Ok(()),
    }
}
