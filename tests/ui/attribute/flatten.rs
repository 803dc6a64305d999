//! `flatten` beside keys that it excludes, on types that it is not for.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    #[setting(flatten, env = "APP", default = "x")]
    a: Config,
    #[setting(flatten)]
    b: Option<Config>,
    #[setting(prefix = "C_")]
    c: u16,
    #[setting(flatten, prefix = "D =")]
    d: Config,
    #[setting(flatten)]
    e: Opaque,
}

#[derive(serde::Deserialize)]
struct Config {
    port: u16,
}

struct Opaque;

fn main() {
    let _ = Services::from_env();
}
