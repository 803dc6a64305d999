//! Several mistakes: all in one pass.

use backing_services::{BackingServices, MySql, Smtp};

#[derive(BackingServices)]
#[services(prefx = "SHOP_", clients = "Shop Clients")]
struct Services {
    #[service(evn = "DATABASE_URL", default = "postgres://localhost")]
    db: MySql,
    #[service(env = "MAIL", env = "SMTP")]
    mail: Smtp,
    cache: String,
    #[setting(default = 8080)]
    port: u16,
}

fn main() {
    let _ = Services::from_env();
}
