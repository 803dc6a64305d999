//! Fields that share a variable and do not say the same of it.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(env = "A_URL", shared, default = "mysql://localhost/a")]
    a: MySql,
    #[service(env = "A_URL", shared, default = "mysql://localhost/b")]
    b: MySql,
    #[service(env = "C_URL", shared, params(max_connections = 5))]
    c: MySql,
    #[service(env = "C_URL", shared)]
    d: MySql,
    #[service(env = "E_URL", shared, alias = "OLD_URL")]
    e: MySql,
    #[service(nested)]
    inner: Inner,
}

#[derive(BackingServices)]
struct Inner {
    #[service(env = "E_URL", shared)]
    e: MySql,
}

fn main() {
    let _ = Services::from_env();
}
