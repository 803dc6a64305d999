//! What the shop does, whatever web framework is in front of it: orders in a database, read through
//! a cache, and a receipt by mail.

use std::error::Error;

use backing_services::adapters::mail::MailTransport;
use backing_services::adapters::sql::placeholders;
use lettre::{AsyncTransport as _, Message};
use redis::AsyncCommands as _;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, SqlSafeStr as _};

/// What a customer sends.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct Order {
    /// The address that the receipt goes to.
    pub customer: String,
    /// What is ordered.
    pub item: String,
}

/// Whether an order is one that the shop did not have yet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Taken {
    /// It is written.
    New,
    /// It was there already, as it is when a customer sends it once more.
    Before,
    /// Another order has its number.
    No,
}

/// Brings the database to what this version of the shop needs. Of several instances that start at
/// once one does it, and the others wait: `sqlx` takes a lock for it, which on `MariaDB` it does not
/// get, so here is one more. SQLite has none.
///
/// `sqlx::migrate!()` makes the same list of a folder, and builds every driver a second time for it.
///
/// # Errors
///
/// When a migration fails, or is not the one that the database has had under its number.
pub async fn migrate(db: &AnyPool) -> Result<(), MigrateError> {
    let orders = include_str!("../migrations/1_orders.sql").into_sql_str();
    let orders = Migration::new(1, "orders".into(), MigrationType::Simple, orders, false);
    let migrations = Migrator::with_migrations(vec![orders]);
    let mut connection = db.acquire().await?;
    if connection.backend_name() != "MySQL" {
        return migrations.run(&mut *connection).await;
    }
    let lock = "SELECT GET_LOCK(SHA1(DATABASE()), 60)";
    let is_locked: Option<i64> = sqlx::query_scalar(lock).fetch_one(&mut *connection).await?;
    if is_locked != Some(1) {
        let why = "another instance has been migrating for a minute";
        return Err(sqlx::Error::Configuration(why.into()).into());
    }
    let outcome = migrations.run(&mut *connection).await;
    sqlx::query("SELECT RELEASE_LOCK(SHA1(DATABASE()))").execute(&mut *connection).await?;
    outcome
}

/// Writes an order. The customer has chosen its number: sent once more, it is still one order.
///
/// # Errors
///
/// When the database does not take it.
pub async fn take(db: &AnyPool, number: i64, order: &Order) -> sqlx::Result<Taken> {
    let insert = "INSERT INTO orders (number, customer, item) VALUES (?, ?, ?)";
    let insert = sqlx::query(placeholders(db, insert));
    match insert.bind(number).bind(&order.customer).bind(&order.item).execute(db).await {
        Ok(_) => Ok(Taken::New),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let is_same = read(db, number).await?.as_ref() == Some(order);
            Ok(if is_same { Taken::Before } else { Taken::No })
        }
        Err(error) => Err(error),
    }
}

/// Mails a receipt. An order stands without it too.
pub async fn send_receipt(mail: &MailTransport, sender: &str, number: i64, order: &Order) {
    let send = async || -> Result<(), Box<dyn Error>> {
        let receipt = Message::builder()
            .from(sender.parse()?)
            .to(order.customer.parse()?)
            .subject(format!("Your order {number}"))
            .body(format!("Thank you for ordering {}.\n", order.item))?;
        mail.send(receipt).await?;
        Ok(())
    };
    if let Err(error) = send().await {
        eprintln!("no receipt for order {number}: {error}");
    }
}

/// An order: from the cache, else from the database. A cache that fails is a cache that has nothing.
///
/// # Errors
///
/// When the database does not answer.
pub async fn find(
    db: &AnyPool,
    cache: Option<ConnectionManager>,
    number: i64,
) -> sqlx::Result<Option<Order>> {
    let key = format!("order:{number}");
    let Some(mut cache) = cache else { return read(db, number).await };
    let cached: Option<String> = cache.get(&key).await.unwrap_or_else(|error| {
        eprintln!("no cache: {error}");
        None
    });
    if let Some(order) = cached.and_then(|text| serde_json::from_str(&text).ok()) {
        return Ok(Some(order));
    }
    let found = read(db, number).await?;
    if let Some(text) = found.as_ref().and_then(|order| serde_json::to_string(order).ok())
        && let Err(error) = cache.set_ex::<_, _, ()>(&key, text, 60).await
    {
        eprintln!("not cached: {error}");
    }
    Ok(found)
}

async fn read(db: &AnyPool, number: i64) -> sqlx::Result<Option<Order>> {
    let select = placeholders(db, "SELECT customer, item FROM orders WHERE number = ?");
    let row: Option<(String, String)> =
        sqlx::query_as(select).bind(number).fetch_optional(db).await?;
    Ok(row.map(|(customer, item)| Order { customer, item }))
}
