//! The default of a setting that its type cannot read. Of a type that no constant knows nothing is said.

use std::collections::BTreeMap;
use std::time::Duration;

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    #[setting(default = "80a")]
    port: u16,
    #[setting(default = "-1")]
    workers: u32,
    #[setting(default = "maybe")]
    debug: bool,
    #[setting(default = "ab")]
    separator: char,
    #[setting(default = "5")]
    pause: Duration,
    #[setting(default = "many")]
    ratio: f64,
    #[setting(default = "loud")]
    level: Level,
    #[setting(default = "a,b")]
    hosts: Vec<String>,
    #[setting(default = "{}")]
    limits: BTreeMap<String, u8>,
}

#[derive(backing_services::Word, serde::Deserialize)]
enum Level {
    Low,
    High,
}

fn main() {
    let _ = Services::from_env();
}
