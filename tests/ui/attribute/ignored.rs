//! `ignore` of what is read, and `ready` of another form.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    #[service(ignore("DB_URL", "B_SSL"), ignore("DB URL"))]
    db: MySql,
    #[service(ignore())]
    b: MySql,
    #[service(ready)]
    c: MySql,
    #[service(ready = "false")]
    d: MySql,
    #[service(nested, ready = false, ignore("X"))]
    inner: Inner,
}

#[derive(BackingServices)]
struct Inner {
    db: MySql,
}

fn main() {
    let _ = Services::from_env();
}
