//! A virtual host of its own, made through the management API.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::{FailureKind, Message, ours};
use crate::testing::{Isolate, Own, Test, is_leftover};
use crate::{Adapter as _, ClientError, Handle, RabbitMq, Secret};

/// Where the API is, if not on the port that RabbitMQ itself has for it.
const VARIABLE: &str = "RABBITMQ_MANAGEMENT_URL";
const USUAL_PORT: u16 = 15672;
const LIMIT: Duration = Duration::from_secs(10);
/// An answer is a list of names at most.
const LONGEST: u64 = 1 << 20;

impl Isolate for RabbitMq {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        let management = Management::of(self, test.variable(VARIABLE))?;
        management.sweep().await?;
        let name = test.name().to_owned();
        management.ask("PUT", &format!("vhosts/{name}"), None).await?;
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        let user = percent(&management.user);
        management.ask("PUT", &format!("permissions/{name}/{user}"), Some(all)).await?;
        let own = test.adapter(self, |handle| handle.name(&name))?;
        let what = format!("the virtual host `{name}`");
        Ok(Own::new(own, what).removed_by(async move { management.delete(&name).await }))
    }
}

/// The HTTP API of the plugin `rabbitmq_management`, on this machine.
struct Management {
    address: (String, u16),
    user: String,
    password: Secret,
}

impl Management {
    fn of(rabbitmq: &RabbitMq, url: Option<String>) -> Result<Self, ClientError> {
        let handle = rabbitmq.handle();
        let refused = || {
            ClientError::of(
                FailureKind::NotAllowed,
                "the management API is asked on this machine alone, unencrypted",
            )
            .with_help(prefix_help())
        };
        let url = match url {
            Some(url) => {
                let url =
                    Handle::parse(&url).map_err(|error| ClientError::new(error.to_message()))?;
                if url.scheme() != "http" {
                    return Err(refused());
                }
                Some(url)
            }
            None => None,
        };
        let of = url.as_ref().unwrap_or(handle);
        if !of.is_loopback() {
            return Err(refused());
        }
        let host = of.host().unwrap_or("localhost").to_owned();
        let port = url.as_ref().and_then(Handle::port).unwrap_or(USUAL_PORT);
        let login = if of.username().is_some() { of } else { handle };
        Ok(Self {
            address: (host, port),
            user: login.username().unwrap_or("guest").to_owned(),
            password: login.password().cloned().unwrap_or_else(|| "guest".into()),
        })
    }

    async fn delete(&self, vhost: &str) -> Result<(), ClientError> {
        self.ask("DELETE", &format!("vhosts/{vhost}"), None).await.map(drop)
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        let all = self.ask("GET", "vhosts?columns=name", None).await?;
        let all: Vec<Value> = serde_json::from_slice(&all).unwrap_or_default();
        let names = all.iter().filter_map(|vhost| vhost.get("name")?.as_str());
        for name in names.filter(|name| is_leftover(name)) {
            self.delete(name).await?;
        }
        Ok(())
    }

    /// The body of the answer to one request.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Vec<u8>, ClientError> {
        let answer = timeout(LIMIT, self.exchange(method, path, body)).await;
        let answer = answer.map_err(|_| ClientError::no_answer(LIMIT))?.map_err(|error| {
            let cause = ClientError::root_cause(&error);
            let text = Message::from("the management API does not answer: ").with(cause.cause());
            ClientError::new(text).with_kind(cause.kind()).with_help(prefix_help())
        })?;
        let (head, body) = split(&answer);
        // `HTTP/1.1 201 Created`
        match head.split(' ').nth(1).and_then(|status| status.parse().ok()) {
            Some(200..=299_u16) => Ok(body.to_vec()),
            Some(401) => Err(ClientError::of(
                FailureKind::Authentication,
                "the management API does not let the user in",
            )
            .with_help("give the user the tag `administrator`")),
            Some(status) => Err(ClientError::of(
                FailureKind::Protocol,
                ours!("the management API answers with HTTP {status}"),
            )),
            None => Err(ClientError::of(
                FailureKind::Protocol,
                "what answers on the port of the management API does not speak HTTP",
            )),
        }
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> std::io::Result<Vec<u8>> {
        let (host, port) = &self.address;
        let mut stream = TcpStream::connect((host.as_str(), *port)).await?;
        let login = format!("{}:{}", self.user, self.password.expose());
        let (login, body) = (BASE64_STANDARD.encode(login), body.map(|body| body.to_string()));
        let body = body.unwrap_or_default();
        // HTTP/1.0: the body of the answer is as it is, and ends with the connection.
        let request = format!(
            "{method} /api/{path} HTTP/1.0\r\nHost: {host}:{port}\r\nAuthorization: Basic {login}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

fn prefix_help() -> Message {
    ours!(
        "switch on the plugin `rabbitmq_management` and set `{VARIABLE}` where it is not on \
         localhost:{USUAL_PORT}; or say `prefixed(...)` in `#[backing_services::test(...)]`, and let \
         the app begin its names with the prefix"
    )
}

/// The first line, and what stands behind the empty one.
fn split(answer: &[u8]) -> (String, &[u8]) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((answer, &[][..]), |at| (&answer[..at], &answer[at + 4..]));
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    (String::from_utf8_lossy(line).into_owned(), body)
}

fn percent(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
