//! Three datastores, each for what it is good at: prices in a SQL database, in front of it a cache
//! in Redis, and the catalogue's documents in `CouchDB`.
//!
//! With nothing set the database is in memory, and the other two are detached.
//!
//! ```sh
//! DATABASE_URL=postgres://shop:secret@db.example/shop \
//! CACHE_URL=redis://localhost \
//! CATALOGUE_URL='couchdb://shop:secret@localhost/catalogue?create=true' \
//!     cargo run -p examples --example datastores --features datastores
//! ```

use std::error::Error;

use backing_services::adapters::couchdb::CouchDatabase;
use backing_services::adapters::sql::placeholders;
use backing_services::{BackingServices, CouchDb, Redis, Sql};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde_json::{Value, json};
use sqlx::AnyPool;

/// Where the shop keeps its data.
#[derive(BackingServices)]
struct Services {
    /// Prices, the only place where they change.
    #[service(env = "DATABASE_URL", default = "sqlite::memory:")]
    db: Sql,
    /// Prices once more, for a minute each.
    cache: Option<Redis>,
    /// One document a product.
    catalogue: Option<CouchDb>,
}

const PRODUCT: i64 = 1843;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clients = Services::from_env()?.connect().await?;
    set_price(&clients.db, 42).await?;

    for _ in 0..2 {
        let (price, source) = price(&clients.db, clients.cache.clone()).await?;
        println!("the price is {price}, says the {source}");
    }
    match &clients.catalogue {
        Some(catalogue) => println!("the catalogue has {}", describe(catalogue).await?),
        None => println!("no catalogue is attached"),
    }
    Ok(())
}

async fn set_price(db: &AnyPool, price: i64) -> sqlx::Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS prices (product BIGINT PRIMARY KEY, price BIGINT)";
    sqlx::query(table).execute(db).await?;
    let mut change = db.begin().await?;
    let delete = placeholders(db, "DELETE FROM prices WHERE product = ?");
    sqlx::query(delete).bind(PRODUCT).execute(&mut *change).await?;
    let insert = placeholders(db, "INSERT INTO prices (product, price) VALUES (?, ?)");
    sqlx::query(insert).bind(PRODUCT).bind(price).execute(&mut *change).await?;
    change.commit().await
}

/// The price and where it was found. A cache that fails is a cache that has nothing.
async fn price(
    db: &AnyPool,
    cache: Option<ConnectionManager>,
) -> sqlx::Result<(i64, &'static str)> {
    let key = format!("price:{PRODUCT}");
    if let Some(mut cache) = cache.clone()
        && let Ok(Some(price)) = cache.get(&key).await
    {
        return Ok((price, "cache"));
    }
    let select = placeholders(db, "SELECT price FROM prices WHERE product = ?");
    let price: i64 = sqlx::query_scalar(select).bind(PRODUCT).fetch_one(db).await?;
    if let Some(mut cache) = cache
        && let Err(error) = cache.set_ex::<_, _, ()>(&key, price, 60).await
    {
        eprintln!("not cached: {error}");
    }
    Ok((price, "database"))
}

/// Writes the product's document unless it is there already.
async fn describe(catalogue: &CouchDatabase) -> Result<Value, Box<dyn Error>> {
    let id = PRODUCT.to_string();
    match catalogue.get::<Value>(&id).await {
        Err(error) if error.is_not_found() => {
            let mut product = json!({ "_id": id, "name": "an analytical engine" });
            catalogue.create(&mut product).await?;
            Ok(product["name"].take())
        }
        found => Ok(found?["name"].take()),
    }
}
