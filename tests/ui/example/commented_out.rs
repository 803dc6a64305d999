//! What must be set may not be commented out.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(example = "shop.env")]
struct Services {
    commented_out: MySql,
}

fn main() {}
