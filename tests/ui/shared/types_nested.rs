//! One variable, two types, in nested structs.

use backing_services::{BackingServices, MySql, Postgres};

#[derive(BackingServices)]
struct Services {
    #[service(nested)]
    orders: Orders,
    #[service(nested)]
    billing: Billing,
}

#[derive(BackingServices)]
struct Orders {
    #[service(env = "DATABASE_URL", shared)]
    db: MySql,
}

#[derive(BackingServices)]
struct Billing {
    #[service(env = "DATABASE_URL", shared)]
    db: Postgres,
}

fn main() {
    let _ = Services::from_env();
}
