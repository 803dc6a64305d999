use std::io;
use std::thread;

use backing_services::{Mail, Postmark, Smtp};
use backing_services_tests::servers::{FakeServer, Response};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use postmark::Query as _;
use postmark::api::Body;
use postmark::api::email::{SendEmailRequest, SendEmailResponse};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::{compare, connect, handle};

const TOKEN: &str = "0a129aee-e1cd-480d-b08d-4f48548ff48d";

pub(crate) async fn smtp() {
    let port = sink().await;
    let ours = connect::<Smtp>(&handle("smtp", port, |builder| builder)).await;
    compare_sending(port, ours).await;
}

pub(crate) async fn mail() {
    let port = sink().await;
    let ours = connect::<Mail>(&handle("smtp", port, |builder| builder)).await;
    compare_sending(port, ours).await;
}

async fn compare_sending<T>(port: u16, ours: T)
where
    T: AsyncTransport + Sync,
    T::Error: std::fmt::Debug,
{
    let bare = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port);
    let bare = bare.build();
    let message = Message::builder()
        .from("shop@example.com".parse().expect("an address"))
        .to("ada@example.com".parse().expect("an address"))
        .subject("Your order")
        .body("It is on its way.\n".repeat(20))
        .expect("a message");
    compare(
        "a message, an SMTP server that drops it",
        async || drop(ours.send(message.clone()).await.expect("sent")),
        async || drop(bare.send(message.clone()).await.expect("sent")),
    )
    .await;
}

/// An SMTP server that takes every message and keeps none: a real one would spend its time on its
/// disk. One thread has all connections: whether it shares a core with the client makes more of a
/// difference than anything that is compared.
async fn sink() -> u16 {
    let (tell, port) = oneshot::channel();
    thread::spawn(|| {
        let runtime = runtime::Builder::new_current_thread().enable_io().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let _ = tell.send(listener.local_addr().expect("an address").port());
            while let Ok((stream, _)) = listener.accept().await {
                // A client may go at any time.
                tokio::spawn(swallow(stream));
            }
        });
    });
    port.await.expect("a port")
}

async fn swallow(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut line, mut in_data, mut begun) = (Vec::new(), false, false);
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer = match &*line {
            b".\r\n" if in_data => "250 taken\r\n",
            // The end of the message is held back until the rest is acknowledged, which the system
            // puts off unless there is something to send: the first line of the answer.
            b"\r\n" if in_data && !begun => {
                begun = true;
                "250-coming\r\n"
            }
            _ if in_data => continue,
            b"DATA\r\n" => {
                begun = false;
                "354 go ahead\r\n"
            }
            b"QUIT\r\n" => "221 bye\r\n",
            _ if line.starts_with(b"EHLO") => "250-sink\r\n250 8BITMIME\r\n",
            _ => "250 OK\r\n",
        };
        in_data = line == b"DATA\r\n" || (in_data && line != b".\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
}

pub(crate) async fn postmark() {
    let server = FakeServer::start(|_| {
        let answer = r#"{"To":"ada@example.com","SubmittedAt":"2014-02-17T07:25:01.4178645-05:00","MessageID":"b7bc2f4a-e38e-4336-af7d-e6c392c2f817","ErrorCode":0,"Message":"OK"}"#;
        Response::new(answer.into())
    });
    let handle =
        handle("postmark", server.port(), |builder| builder.username(TOKEN).param("tls", "none"));
    let ours = connect::<Postmark>(&handle).await;
    let bare = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{}/email", server.port());
    let message = SendEmailRequest::builder()
        .from("shop@example.com")
        .to("ada@example.com")
        .subject("Your order")
        .body(Body::text("It is on its way.\n".repeat(20)))
        .build();
    compare(
        "a message by its API, a fake server",
        async || {
            let answer = message.clone().execute(&ours).await.expect("an answer");
            assert_eq!(answer.error_code, 0);
        },
        async || {
            let request = bare.post(&url).header("accept", "application/json");
            let request = request.header("x-postmark-server-token", TOKEN).json(&message);
            let answer = request.send().await.expect("an answer").error_for_status();
            let answer = answer.expect("success").json::<SendEmailResponse>().await;
            assert_eq!(answer.expect("what Postmark says").error_code, 0);
        },
    )
    .await;
}
