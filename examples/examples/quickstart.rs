//! A small shop: it takes an order, writes it to a database and mails a receipt.
//!
//! With nothing set it runs on a SQLite file and a folder of mails, with no server installed. The
//! same binary, unchanged, runs on others:
//!
//! ```sh
//! DATABASE_URL=mysql://shop:secret@db.example/shop \
//! MAIL_URL=submissions://shop:secret@mail.example \
//!     cargo run -p examples --example quickstart
//! ```
//!
//! Built with `--features postgres` it takes `DATABASE_URL=postgres://...` too.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use backing_services::adapters::sql::placeholders;
use backing_services::{BackingServices, Mail, Sql};
use lettre::{AsyncTransport, Message};

/// What the shop consumes over the network.
#[derive(BackingServices, Debug)]
struct Services {
    /// Orders.
    #[service(env = "DATABASE_URL", default = "sqlite:shop.db?mode=rwc")]
    db: Sql,
    /// Receipts.
    #[service(default = "file:outbox")]
    mail: Mail,
    /// The sender of receipts.
    #[setting(default = "shop@example.com")]
    sender: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = Services::from_env()?;
    let clients = services.connect().await?;
    println!("attached: {:?} and {:?}", services.db, services.mail);

    let order = Order { customer: "ada@example.com", item: "an analytical engine" };
    let number = order.write(&clients.db).await?;
    println!("order {number} is written");

    let receipt = Message::builder()
        .from(services.sender.parse()?)
        .to(order.customer.parse()?)
        .subject(format!("Your order {number}"))
        .body(format!("Thank you for ordering {}.\n", order.item))?;
    let answer = clients.mail.send(receipt).await?;
    println!("the receipt is sent: {answer}");
    Ok(())
}

struct Order<'a> {
    customer: &'a str,
    item: &'a str,
}

impl Order<'_> {
    /// Writes the order and gives its number. The SQL is what every database of `Sql` understands.
    async fn write(&self, db: &sqlx::AnyPool) -> Result<i64, Box<dyn Error>> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS orders \
             (number BIGINT PRIMARY KEY, customer VARCHAR(255) NOT NULL, item VARCHAR(255) NOT NULL)",
        )
        .execute(db)
        .await?;
        let number = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
        let insert = "INSERT INTO orders (number, customer, item) VALUES (?, ?, ?)";
        sqlx::query(placeholders(db, insert))
            .bind(number)
            .bind(self.customer)
            .bind(self.item)
            .execute(db)
            .await?;
        Ok(number)
    }
}
