//! The type of a setting cannot be deserialized.

use backing_services::{BackingServices, MySql};

struct Level;

#[derive(BackingServices)]
struct Services {
    db: MySql,
    #[setting(default = "info")]
    level: Level,
}

fn main() {
    let _ = Services::from_env();
}
