//! A key given twice, in one attribute or in two.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(prefix = "A_", prefix = "B_")]
struct Services {
    #[service(env = "DATABASE_URL", alias = "OLD_URL", alias = "OLDER_URL")]
    #[service(env = "DB")]
    db: MySql,
    #[service(nested, nested)]
    reports: Reports,
    #[setting(default = "1", default = "2")]
    workers: u8,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

fn main() {}
