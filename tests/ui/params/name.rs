//! Names that are no parameters of the adapter, or none that an app chooses.

use backing_services::{BackingServices, Mail, MySql, S3};

#[derive(BackingServices)]
struct Services {
    #[service(params(max_conections = 50))]
    db: MySql,
    #[service(params(rows = 50))]
    cache: MySql,
    #[service(params(database = "shop"))]
    archive: MySql,
    #[service(params(session_token = "t0ken"))]
    files: S3,
    #[service(params(timout = "5s"))]
    mail: Mail,
    #[service(params(max_connections = 50, "MAX-CONNECTIONS" = 60))]
    reports: MySql,
}

fn main() {
    let _ = Services::from_env();
}
