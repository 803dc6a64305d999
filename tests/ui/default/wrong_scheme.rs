//! The default has a scheme of another service.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(default = "postgres://localhost/app")]
    db: MySql,
}

fn main() {
    let _ = Services::from_env();
}
