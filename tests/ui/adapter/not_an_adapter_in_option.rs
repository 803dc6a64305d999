//! The type inside an `Option` is no adapter.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    #[service(env = "CACHE", alias = "OLD_CACHE")]
    cache: Option<std::vec::Vec<u8>>,
}

fn main() {
    let _ = Services::manifest();
}
