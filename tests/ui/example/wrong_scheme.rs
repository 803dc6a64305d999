//! A handle in the example file has a scheme that the field refuses.

use backing_services::{BackingServices, MySql, Smtp};

#[derive(BackingServices)]
#[services(example = "shop.env")]
struct Services {
    #[service(env = "DB_URL")]
    mail: Smtp,
    no_scheme: MySql,
}

fn main() {}
