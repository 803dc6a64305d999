//! Names that are no parameters of the adapter, or none that an app chooses.

use backing_services::{BackingServices, Mail, MySql, Nats};

#[derive(BackingServices)]
struct Services {
    #[service(params(max_conections = 50))]
    db: MySql,
    #[service(params(pool_size = 50))]
    cache: MySql,
    #[service(params(database = "shop"))]
    archive: MySql,
    #[service(params(token = "t0ken"))]
    jobs: Nats,
    #[service(params(timout = "5s"))]
    mail: Mail,
    #[service(params(max_connections = 50, "MAX-CONNECTIONS" = 60))]
    reports: MySql,
}

fn main() {
    let _ = Services::from_env();
}
