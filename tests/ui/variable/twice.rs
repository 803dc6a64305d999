//! Two fields read the same variable.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    db: MySql,
    #[service(env = "DB_URL")]
    replica: MySql,
}

fn main() {
    let _ = Services::from_env();
}
