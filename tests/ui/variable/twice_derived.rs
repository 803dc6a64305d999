//! A derived name is the one that another field gives.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(prefix = "SHOP_")]
struct Services {
    #[service(env = "SHOP_DB_URL")]
    orders: MySql,
    db: MySql,
}

fn main() {}
