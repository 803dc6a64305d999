//! Settings that would read the machine's variables. With `env` that is meant, with a prefix it is another.

use backing_services::BackingServices;

#[derive(BackingServices)]
struct Services {
    #[setting]
    home: String,
    #[setting(default = "shop")]
    user: String,
    #[setting]
    path: Option<String>,
    #[setting(env = "TZ")]
    tz: String,
    #[setting(env = "SHOP_LANG", alias = "LANG")]
    lang: String,
}

#[derive(BackingServices)]
#[services(prefix = "SHOP_")]
struct Shop {
    #[setting]
    home: String,
}

fn main() {
    let _ = Services::from_env();
}
