//! Two variants that take the same scheme.

use backing_services::{Adapter, BackingServices, Mail, Memcached, Smtp};

#[derive(Adapter, Clone)]
enum Alerts {
    Direct(Smtp),
    Cache(Memcached),
    Any(Mail),
}

#[derive(BackingServices)]
struct Services {
    #[service(default = "smtp://localhost")]
    alerts: Alerts,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    match Services::from_env()?.connect().await?.alerts {
        AlertsClient::Direct(_) | AlertsClient::Any(_) => Ok(()),
        AlertsClient::Cache(cache) => {
            let _ = cache.get("word").await;
            Ok(())
        }
    }
}
