use std::time::Duration;

use async_nats::ConnectOptions;
use backing_services::{Beanstalkd, Nats, RabbitMq};
use backing_services_tests::servers;
use futures_util::StreamExt as _;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{compare, connect, handle};

const BODY: [u8; 100] = [b'x'; 100];
/// For an answer, as our client has it.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn rabbitmq() {
    let server = servers::RabbitMq::start();
    let handle = handle("amqp", server.port(), |builder| {
        builder.username(server.user()).password(server.password()).name(server.vhost())
    });
    let ours = connect::<RabbitMq>(&handle).await;
    let bare = Connection::connect(handle.expose_url(), ConnectionProperties::default());
    let bare = bare.await.expect("a connection");
    let ours = confirming(ours.create_channel().await).await;
    let bare = confirming(bare.create_channel().await).await;
    let publish = async |channel: &Channel| {
        let properties = BasicProperties::default();
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("".into(), "bench".into(), options, &BODY, properties);
        assert!(sent.await.expect("sent").await.expect("an answer").is_ack());
    };
    let what = "publish with confirm";
    compare(what, async || publish(&ours).await, async || publish(&bare).await).await;
}

/// A channel to a queue that keeps little.
async fn confirming(channel: lapin::Result<Channel>) -> Channel {
    let channel = channel.expect("a channel");
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(10));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("bench".into(), options, arguments).await.expect("a queue");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    channel
}

pub(crate) async fn beanstalkd() {
    let server = servers::Beanstalkd::in_memory();
    let ours = connect::<Beanstalkd>(&handle("beanstalkd", server.port(), |builder| builder)).await;
    let consumer = ours.consumer();
    let mut bare = ByHand::connect(server.port()).await;
    compare(
        "put, reserve, delete",
        async || {
            ours.put(BODY).await.expect("put");
            let job = consumer.reserve().await.expect("a job");
            assert_eq!(job.body(), BODY);
            job.delete().await.expect("deleted");
        },
        async || bare.put_reserve_delete().await,
    )
    .await;
}

/// There is no driver to compare with: one command after the other, each waiting for its answer
/// for a time and not for ever, as our client does.
struct ByHand {
    stream: BufReader<TcpStream>,
    line: String,
}

impl ByHand {
    async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream), line: String::new() }
    }

    async fn put_reserve_delete(&mut self) {
        let mut put = format!("put 1024 0 60 {}\r\n", BODY.len()).into_bytes();
        put.extend_from_slice(&BODY);
        put.extend_from_slice(b"\r\n");
        assert!(self.ask(&put).await.starts_with("INSERTED "));
        let reserved = self.ask(b"reserve\r\n").await;
        let id = reserved.split(' ').nth(1).expect("an id").to_owned();
        let mut body = vec![0; BODY.len() + 2];
        self.stream.read_exact(&mut body).await.expect("a body");
        assert_eq!(body[..BODY.len()], BODY);
        assert_eq!(self.ask(format!("delete {id}\r\n").as_bytes()).await, "DELETED\r\n");
    }

    async fn ask(&mut self, command: &[u8]) -> &str {
        let answer = async {
            self.stream.write_all(command).await.expect("sent");
            self.line.clear();
            self.stream.read_line(&mut self.line).await.expect("an answer");
        };
        timeout(LIMIT, answer).await.expect("an answer in time");
        &self.line
    }
}

pub(crate) async fn nats() {
    let server = servers::Nats::start();
    let (user, password) = (server.user(), server.password());
    let handle = handle("nats", server.port(), |builder| builder.username(user).password(password));
    let address = format!("127.0.0.1:{}", server.port());
    let dial = async || {
        let options = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
        options.connect(&address).await.expect("a connection")
    };
    let (ours, bare) = (connect::<Nats>(&handle).await, dial().await);
    let echo = dial().await;
    let mut questions = echo.subscribe("echo").await.expect("a subscription");
    let answering = tokio::spawn(async move {
        while let Some(question) = questions.next().await {
            if let Some(reply) = question.reply {
                echo.publish(reply, question.payload).await.expect("published");
            }
        }
    });
    let ask = async |client: &async_nats::Client| {
        let answer = client.request("echo", BODY.as_slice().into()).await.expect("an answer");
        assert_eq!(*answer.payload, BODY);
    };
    // The server may not know of the subscription yet.
    while bare.request("echo", BODY.as_slice().into()).await.is_err() {}
    compare("request and reply", async || ask(&ours).await, async || ask(&bare).await).await;
    answering.abort();
}
