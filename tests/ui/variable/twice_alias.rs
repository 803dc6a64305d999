//! The alias of one field is the variable of another, and a variable its own alias.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    db: MySql,
    #[service(alias = "DB_URL")]
    replica: MySql,
    #[service(env = "EU_URL", alias = "EU_URL")]
    eu: MySql,
}

fn main() {}
