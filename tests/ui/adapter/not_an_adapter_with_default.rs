//! The type of a field with a default is no adapter: the check of the default adds nothing.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    #[service(default = "memcached://localhost")]
    cache: String,
}

fn main() {}
