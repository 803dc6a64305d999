//! Values that the parameter refuses, and one that only the deploy may choose.

use backing_services::{BackingServices, Mail, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(params(max_connections = "many", connect_timeout = 5))]
    db: MySql,
    #[service(params("ssl-mode" = "disabled"))]
    cache: MySql,
    #[service(params(connect_timeout = true))]
    mail: Mail,
}

fn main() {
    let _ = Services::from_env();
}
