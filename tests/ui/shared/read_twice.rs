//! A variable that is shared in one struct alone.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL", shared)]
    db: MySql,
    #[service(nested, prefix = "")]
    inner: Inner,
}

#[derive(BackingServices)]
struct Inner {
    database: MySql,
}

fn main() {
    let _ = Services::from_env();
}
