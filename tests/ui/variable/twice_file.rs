//! A variable that names the file of another, in both orders.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct Services {
    db: MySql,
    #[setting]
    db_url_file: String,
    #[setting]
    eu_url_file: String,
    eu: MySql,
}

fn main() {}
