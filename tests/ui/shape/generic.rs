//! Generic structs: over a type, and over a lifetime.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services<T: Copy> where T: Clone {
    db: MySql,
    cache: T,
}

#[derive(BackingServices)]
struct Borrowed<'a> {
    #[setting]
    level: &'a str,
}

fn main() {
    let _ = Services::<u8>::from_env();
    let _ = Borrowed::from_env();
}
