//! Nested structs whose prefixes meet, and a file that a setting beside them names.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
struct App {
    #[service(nested, prefix = "EU_")]
    first: Region,
    #[service(nested, prefix = "EU_REPORTS_")]
    second: Option<Reports>,
    #[service(nested)]
    us: Reports,
    #[setting]
    us_warehouse_url_file: String,
}

#[derive(BackingServices)]
struct Region {
    #[service(nested)]
    reports: Reports,
}

#[derive(BackingServices)]
struct Reports {
    warehouse: MySql,
}

fn main() {}
