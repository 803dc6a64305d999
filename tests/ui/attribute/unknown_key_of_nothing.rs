//! Keys that are like no other; what they are given is not looked at.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(namespace(a, b))]
struct Services {
    #[service(url = DATABASE_URL)]
    db: MySql,
    #[setting(variable = "HTTP_PORT")]
    port: u16,
}

fn main() {}
