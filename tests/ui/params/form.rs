//! `params` of another form.

use backing_services::{BackingServices, MySql};

const MAX: u32 = 50;

#[derive(BackingServices)]
struct Services {
    #[service(params)]
    a: MySql,
    #[service(params())]
    b: MySql,
    #[service(params(max_connections))]
    c: MySql,
    #[service(params(max_connections = MAX))]
    d: MySql,
    #[service(params = "max_connections=50")]
    e: MySql,
    #[service(params(max_connections = 50 min_connections = 1))]
    f: MySql,
    #[service(params(max_connections = -"50"))]
    g: MySql,
}

fn main() {
    let _ = Services::from_env();
}
