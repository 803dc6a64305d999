//! `shared` without the variable, on one of two fields, and where it means nothing.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(shared)]
    a: MySql,
    #[service(env = "B_URL", shared)]
    b: MySql,
    #[service(env = "B_URL")]
    c: MySql,
    #[service(nested, shared)]
    inner: Inner,
    #[setting(shared)]
    port: u16,
}

#[derive(BackingServices)]
struct Inner {
    db: MySql,
}

fn main() {
    let _ = Services::from_env();
}
