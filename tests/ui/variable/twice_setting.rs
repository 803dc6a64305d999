//! A setting reads the variable of a service.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    db: MySql,
    #[setting]
    db_url: String,
}

fn main() {}
