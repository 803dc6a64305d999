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
//! Its tests run on whatever is attached, too: `cargo test -p examples --example quickstart`.
//! Built with `--features postgres` it takes `DATABASE_URL=postgres://...` too.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use backing_services::adapters::mail::MailTransport;
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

    let answer = order.mail_receipt(number, &services.sender, &clients.mail).await?;
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

    /// Mails the receipt and gives the answer of whoever took it.
    async fn mail_receipt(
        &self,
        number: i64,
        sender: &str,
        mail: &MailTransport,
    ) -> Result<String, Box<dyn Error>> {
        let receipt = Message::builder()
            .from(sender.parse()?)
            .to(self.customer.parse()?)
            .subject(format!("Your order {number}"))
            .body(format!("Thank you for ordering {}.\n", self.item))?;
        Ok(mail.send(receipt).await?)
    }
}

/// Each test has a database and a box of mail that nobody else sees: without any variable a SQLite
/// file and memory, with `DATABASE_URL` a database on that server, which is gone when the test has
/// passed.
#[cfg(test)]
mod tests {
    use backing_services::testing::Isolated;

    use super::*;

    const TEA: Order<'_> = Order { customer: "ada@example.com", item: "tea" };

    #[backing_services::test]
    async fn an_order_is_written(services: Isolated<Services>) -> Result<(), Box<dyn Error>> {
        let db = &services.clients().db;
        let number = TEA.write(db).await?;
        let select = "SELECT number, item FROM orders";
        let orders: Vec<(i64, String)> = sqlx::query_as(select).fetch_all(db).await?;
        assert_eq!(orders, [(number, "tea".to_owned())]);
        Ok(())
    }

    #[backing_services::test(set("SENDER" = "tests@example.com"))]
    async fn a_receipt_is_mailed(services: Isolated<Services>) -> Result<(), Box<dyn Error>> {
        let mail = &services.clients().mail;
        TEA.mail_receipt(7, &services.services().sender, mail).await?;
        let sent = mail.sent();
        assert_eq!(sent.len(), 1);
        assert!(sent[0].text().contains("From: tests@example.com"));
        assert!(sent[0].text().contains("Your order 7"));
        Ok(())
    }
}
