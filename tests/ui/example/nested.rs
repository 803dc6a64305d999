//! Variables of a nested struct that the example file does not name.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(example = "shop.env")]
struct Services {
    db: MySql,
    #[service(nested)]
    reports: Reports,
    #[service(nested, prefix = "")]
    declared: Option<Declared>,
}

#[derive(BackingServices)]
struct Reports {
    #[service(env = "WAREHOUSE")]
    warehouse: MySql,
    #[setting]
    hour: u8,
}

#[derive(BackingServices)]
struct Declared {
    exported: MySql,
    commented_out: MySql,
}

fn main() {}
