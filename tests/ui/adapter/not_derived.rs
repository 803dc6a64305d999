//! The type of a nested field does not derive.

use backing_services::{BackingServices, Smtp};

#[derive(BackingServices)]
struct Services {
    #[service(nested)]
    mail: Smtp,
    #[service(nested, prefix = "EU_")]
    eu: Option<Reports>,
}

struct Reports {
    #[allow(dead_code)]
    mail: Smtp,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    services.connect_mail().await?.mail.test_connection().await;
    services.connect().await?.mail.mail.test_connection().await;
    Ok(())
}
