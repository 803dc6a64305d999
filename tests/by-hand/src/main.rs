//! The shop of the quickstart by hand: the same services, the same clients.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sqlx::AnyPool;
use sqlx::any::{AnyPoolOptions, install_default_drivers};

const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = variable("DATABASE_URL", "sqlite:shop.db?mode=rwc")?;
    let mail = variable("MAIL_URL", "file:outbox")?;
    let sender = variable("SENDER", "shop@example.com")?;
    let (db, mail) = tokio::try_join!(connect_database(&database), connect_mail(&mail))?;

    let order = Order { customer: "ada@example.com", item: "an analytical engine" };
    let number = order.write(&db).await?;
    println!("order {number} is written");

    let receipt = Message::builder()
        .from(sender.parse()?)
        .to(order.customer.parse()?)
        .subject(format!("Your order {number}"))
        .body(format!("Thank you for ordering {}.\n", order.item))?;
    let answer = mail.send(receipt).await?;
    println!("the receipt is sent: {answer}");
    Ok(())
}

fn variable(name: &str, default: &str) -> Result<String, Box<dyn Error>> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Ok(default.to_owned()),
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}

async fn connect_database(url: &str) -> Result<AnyPool, Box<dyn Error>> {
    install_default_drivers();
    Ok(AnyPoolOptions::new().acquire_timeout(TIMEOUT).connect(url).await?)
}

enum Mail {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

async fn connect_mail(url: &str) -> Result<Mail, Box<dyn Error>> {
    if let Some(folder) = url.strip_prefix("file:") {
        tokio::fs::create_dir_all(folder).await?;
        return Ok(Mail::Folder(AsyncFileTransport::new(folder)));
    }
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.build();
    match tokio::time::timeout(TIMEOUT, transport.test_connection()).await?? {
        true => Ok(Mail::Smtp(transport)),
        false => Err("the mail server does not answer".into()),
    }
}

impl Mail {
    async fn send(&self, message: Message) -> Result<String, Box<dyn Error>> {
        match self {
            Self::Smtp(transport) => {
                Ok(transport.send(message).await?.message().collect::<Vec<_>>().join(" "))
            }
            Self::Folder(transport) => Ok(transport.send(message).await?),
        }
    }
}

struct Order<'a> {
    customer: &'a str,
    item: &'a str,
}

impl Order<'_> {
    async fn write(&self, db: &AnyPool) -> Result<i64, Box<dyn Error>> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS orders \
             (number BIGINT PRIMARY KEY, customer VARCHAR(255) NOT NULL, item VARCHAR(255) NOT NULL)",
        )
        .execute(db)
        .await?;
        let number = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
        sqlx::query("INSERT INTO orders (number, customer, item) VALUES (?, ?, ?)")
            .bind(number)
            .bind(self.customer)
            .bind(self.item)
            .execute(db)
            .await?;
        Ok(number)
    }
}
