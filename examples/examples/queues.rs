//! Three queues: orders through `RabbitMQ`, confirmed and acknowledged; pictures to resize through
//! beanstalkd; a question and its answer through NATS. Each is detached until its variable is set.
//!
//! ```sh
//! ORDERS_URL=amqp://localhost \
//! PICTURES_URL=beanstalkd://localhost/pictures \
//! STOCK_URL=nats://localhost \
//!     cargo run -p examples --example queues --features queues
//! ```

use std::error::Error;
use std::time::Duration;

use async_nats::Client;
use backing_services::adapters::beanstalkd::BeanstalkdClient;
use backing_services::adapters::rabbitmq::RabbitMqConnection;
use backing_services::{BackingServices, Beanstalkd, Connect as _, Nats, RabbitMq};
use futures_util::StreamExt;
use lapin::BasicProperties;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;

/// What the shop hands over to others.
#[derive(BackingServices)]
struct Services {
    orders: Option<RabbitMq>,
    pictures: Option<Beanstalkd>,
    stock: Option<Nats>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clients = Services::from_env()?.connect().await?;
    match clients.orders {
        Some(orders) => {
            println!("order: {}", order(&orders).await?);
            RabbitMq::close(orders).await; // in order, so that what was not acknowledged is free at once
        }
        None => println!("no queue of orders is attached"),
    }
    match &clients.pictures {
        Some(pictures) => println!("picture: {}", resize(pictures).await?),
        None => println!("no queue of pictures is attached"),
    }
    match &clients.stock {
        Some(stock) => println!("stock: {}", ask(stock).await?),
        None => println!("no stock is attached"),
    }
    Ok(())
}

/// Sends an order, and takes the one that has waited longest.
async fn order(orders: &RabbitMqConnection) -> Result<String, Box<dyn Error>> {
    let channel = orders.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("orders".into(), durable, FieldTable::default()).await?;

    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let (options, persistent) =
        (BasicPublishOptions::default(), BasicProperties::default().with_delivery_mode(2));
    let order = b"an analytical engine";
    let confirm =
        channel.basic_publish("".into(), "orders".into(), options, order, persistent).await?;
    if !confirm.await?.is_ack() {
        return Err("the broker did not take the order".into());
    }

    channel.basic_qos(1, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume("orders".into(), "".into(), options, FieldTable::default()).await?;
    let delivery = consumer.next().await.ok_or("the consumer was cancelled")??;
    let order = String::from_utf8_lossy(&delivery.data).into_owned();
    delivery.ack(BasicAckOptions::default()).await?; // only now that it is done
    Ok(order)
}

/// Puts a job, and does the one that has waited longest.
async fn resize(pictures: &BeanstalkdClient) -> Result<String, Box<dyn Error>> {
    pictures.put("engine.png").await?;
    let job = pictures.consumer().reserve_timeout(Duration::from_secs(5)).await?;
    let job = job.ok_or("another consumer was faster")?;
    let picture = String::from_utf8_lossy(job.body()).into_owned();
    job.delete().await?;
    Ok(picture)
}

/// Asks how many there are. Who answers is another service; here it is the same.
async fn ask(stock: &Client) -> Result<String, Box<dyn Error>> {
    let mut questions = stock.subscribe("stock.count").await?;
    let service = stock.clone();
    let answering = tokio::spawn(async move {
        let question = questions.next().await?;
        service.publish(question.reply?, "7".into()).await.ok()
    });
    let answer = stock.request("stock.count", "an analytical engine".into()).await?;
    answering.await?;
    Ok(String::from_utf8_lossy(&answer.payload).into_owned())
}
