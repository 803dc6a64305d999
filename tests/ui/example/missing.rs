//! The example file does not name a variable.

use backing_services::{BackingServices, MySql, Smtp};

#[derive(BackingServices)]
#[services(example = "shop.env")]
struct Services {
    #[service(env = "ORDERS_URL")]
    orders: MySql,
    mail: Smtp,
    #[service(default = "mysql://localhost/cache")]
    cache: MySql,
    #[setting(default = "8080")]
    port: u16,
    /// Declared, and so is everything below.
    db: MySql,
    commented_out: Option<MySql>,
    exported: MySql,
    empty: MySql,
}

fn main() {
    let _ = Services::from_env();
}
