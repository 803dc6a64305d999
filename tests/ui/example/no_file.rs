//! There is no such example file.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(example = "shop.evn")]
struct Services {
    db: MySql,
}

fn main() {
    let _ = Services::from_env();
}
