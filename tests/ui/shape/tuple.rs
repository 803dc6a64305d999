//! A tuple struct.

use backing_services::{BackingServices, MySql};

#[derive(BackingServices)]
pub struct Services(MySql);

fn main() {
    let _ = Services::from_env();
}
