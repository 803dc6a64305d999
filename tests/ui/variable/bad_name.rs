//! Names that no environment can hold.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(prefix = "SHOP ")]
struct Services {
    #[service(env = "")]
    a: MySql,
    #[service(env = "DB=URL")]
    b: MySql,
    #[service(alias = "DB\0URL")]
    c: MySql,
    #[service(nested, prefix = "EU\t")]
    d: Region,
    #[setting(env = "lower case")]
    e: String,
    #[setting(env = "lower_case_is_allowed")]
    f: String,
}

#[derive(BackingServices)]
struct Region {
    db: MySql,
}

fn main() {
    let _ = Services::from_env();
}
