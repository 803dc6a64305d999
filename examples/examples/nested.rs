//! One struct inside another: the same resources twice, told apart by their prefix.
//!
//! Try `EU_DATABASE_URL=mysql://localhost cargo run -p examples --example nested`: the report names
//! the variable with its prefix and the field with its path.

use backing_services::{BackingServices, Environment, Sql};

/// A shop with one database a region.
#[derive(BackingServices)]
struct Services {
    /// `EU_DATABASE_URL`, `EU_STOCK_URL`
    #[service(nested)]
    eu: Region,
    /// `AMERICA_DATABASE_URL`, `AMERICA_STOCK_URL`
    #[service(nested, prefix = "AMERICA_")]
    us: Region,
    /// Attached only where one of its variables is set.
    #[service(nested)]
    asia: Option<Region>,
}

/// What every region has.
#[derive(BackingServices)]
struct Region {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite::memory:")]
    orders: Sql,
    /// What is on the shelves.
    #[service(default = "sqlite::memory:")]
    stock: Sql,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), backing_services::Error> {
    for resource in Services::manifest().resources() {
        println!("{:<22} {}", resource.variable(), resource.field());
    }
    let services = Services::load(&Environment::process())?;
    let clients = services.connect().await?;
    println!("eu: {:?}, us: {:?}", services.eu.orders, services.us.orders);
    println!("asia is {}", if clients.asia.is_some() { "attached" } else { "detached" });

    // One region alone is a struct like any other.
    let eu: RegionClients = services.connect_eu().await?;
    println!("{} connections to the orders of eu", eu.orders.size());
    Ok(())
}
