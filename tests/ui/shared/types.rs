//! One variable, two types, beside each other.

use backing_services::{BackingServices, MySql, Postgres};

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL", shared)]
    db: MySql,
    #[service(env = "DATABASE_URL", shared)]
    archive: Option<Postgres>,
}

fn main() {
    let _ = Services::from_env();
}
