//! The default is no handle.

use backing_services::{BackingServices, Memcached, MySql, Smtp};

#[derive(BackingServices)]
struct Services {
    #[service(default = "localhost:3306")]
    db: MySql,
    #[service(default = "smtp://shop:pass#word@localhost")]
    mail: Smtp,
    #[service(default = "memcached://localhost:112110")]
    cache: Memcached,
}

fn main() {}
