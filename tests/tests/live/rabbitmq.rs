use std::path::Path;

use backing_services::adapters::rabbitmq::RabbitMqConnection;
use backing_services::{Handle, HandleBuilder};
use backing_services_tests::servers::{self};
use backing_services_tests::tls::Tls;
use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel};

use crate::conformance::{Reaches, Subject};

pub(crate) struct OnRabbitMq;

const WORD: &str = "grüße 🦀";

impl Subject for OnRabbitMq {
    type Adapter = backing_services::RabbitMq;
    type Server = servers::RabbitMq;

    fn start() -> servers::RabbitMq {
        servers::RabbitMq::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<servers::RabbitMq> {
        Some(servers::RabbitMq::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "amqps" { Reaches::Tls } else { Reaches::Plain }
    }

    fn tls_handle(_: &str, server: &servers::RabbitMq, authority: &Path) -> HandleBuilder {
        let builder = Self::handle("amqps").host("localhost").port(server.port());
        builder.param("cacertfile", authority.to_str().unwrap())
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username("shop").password("p@ss:w/rd#1?%").name("shop")
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("amqp").username("shop").password("wr0ng").name("shop");
        Some((builder, "authentication failed: the user name or the password is wrong"))
    }

    /// Publishes with a confirm, consumes, acknowledges.
    async fn use_it(client: &RabbitMqConnection) -> Result<(), String> {
        let run = async {
            let channel = client.create_channel().await?;
            declare(&channel, "words").await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            let confirmed = publish(&channel, "words", WORD.as_bytes()).await?;
            let options = BasicConsumeOptions::default();
            let mut words = channel
                .basic_consume("words".into(), "".into(), options, FieldTable::default())
                .await?;
            let word = words.next().await.transpose()?;
            if let Some(word) = &word {
                word.ack(BasicAckOptions::default()).await?;
            }
            channel.close(200, "OK".into()).await?;
            Ok::<_, lapin::Error>((confirmed, word.map(|word| word.data)))
        };
        match run.await {
            Ok((true, Some(word))) if word == WORD.as_bytes() => Ok(()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

conformance!(OnRabbitMq);

async fn declare(channel: &Channel, queue: &str) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(())
}

/// Whether the broker has taken the message, for good.
async fn publish(channel: &Channel, queue: &str, message: &[u8]) -> lapin::Result<bool> {
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let options = BasicPublishOptions::default();
    let confirm =
        channel.basic_publish("".into(), queue.into(), options, message, persistent).await?;
    Ok(confirm.await?.is_ack())
}
