//! Keys that exclude each other: the later one is wrong.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(default = "mysql://localhost")]
    db: Option<MySql>,
    #[setting(default = "1")]
    workers: Option<u8>,
    #[service(nested, env = "REPORTS")]
    reports: Reports,
    #[service(default = "mysql://localhost", nested)]
    eu: Reports,
    #[service(nested, alias = "US")]
    us: Reports,
    #[service(prefix = "ASIA_")]
    asia: Reports,
    #[service(env = "PORT")]
    #[setting]
    port: u16,
    #[setting]
    #[service]
    level: u16,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?.eu.db.acquire().await;
    Ok(())
}
