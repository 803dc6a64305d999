//! `crate` and `clients` that name nothing.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(clients = "1st", crate = "backing-services")]
struct Services {
    db: MySql,
}

fn main() {}
