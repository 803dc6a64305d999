//! Attributes and values of the wrong form.

use backing_services::{BackingServices, MySql};

const NAME: &str = "DATABASE_URL";

#[derive(BackingServices)]
#[services = "SHOP_"]
struct Services {
    #[service(env = NAME)]
    a: MySql,
    #[service(env)]
    b: MySql,
    #[service(nested = true)]
    c: Reports,
    #[service("DATABASE_URL")]
    d: MySql,
    #[service(env = "E" alias = "F")]
    e: MySql,
    #[service(env("F"))]
    f: MySql,
    #[service(default = "mysql://" + "localhost")]
    g: MySql,
    #[setting = "8080"]
    h: u16,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

fn main() {}
