//! What is passed on to the struct of clients.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
#[services(clients(nam = "App", derive(Debug, core::clone::Clone), attr()))]
struct Services {
    #[service(attr = "doc")]
    db: MySql,
    #[service(client)]
    archive: MySql,
    #[service(client = 5)]
    cache: MySql,
}

fn main() {
    let _ = Services::from_env();
}
