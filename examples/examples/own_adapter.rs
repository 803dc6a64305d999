//! An adapter of the app's own, for a service this crate does not know: a QOTD server
//! ([RFC 865](https://www.rfc-editor.org/rfc/rfc865)), which answers every connection with a quote.
//!
//! Its field is like any other: checked while compiling, reported with all others, connected at the same
//! time, retried within its time limit.

use std::fmt;

use backing_services::{Adapter, BackingServices, ClientError, Environment, Handle, HandleError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `qotd://host[:port]`, port 17 by default.
#[derive(Clone)]
struct Qotd {
    handle: Handle,
    host: String,
    port: u16,
}

/// What the app talks through.
#[derive(Clone)]
struct QotdClient {
    host: String,
    port: u16,
}

impl QotdClient {
    async fn quote(&self) -> Result<String, ClientError> {
        let address = (self.host.as_str(), self.port);
        let mut stream = TcpStream::connect(address).await.map_err(ClientError::caused_by)?;
        let mut quote = String::new();
        stream.read_to_string(&mut quote).await.map_err(ClientError::caused_by)?;
        Ok(quote)
    }
}

impl Adapter for Qotd {
    const NAME: &'static str = "QOTD";
    const SCHEMES: &'static [&'static str] = &["qotd"];
    const EXAMPLE: &'static str = "qotd://localhost:17";
    type Client = QotdClient;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        handle.params::<()>()?; // none: an unknown one is refused, as everywhere
        let host = handle.host().ok_or_else(|| HandleError::new("the handle has no host"))?;
        Ok(Self {
            host: host.to_owned(),
            port: handle.port().unwrap_or(17),
            handle: handle.clone(),
        })
    }

    async fn connect(&self) -> Result<QotdClient, ClientError> {
        Ok(QotdClient { host: self.host.clone(), port: self.port })
    }

    async fn ping(client: &QotdClient) -> Result<(), ClientError> {
        match client.quote().await?.as_str() {
            "" => Err(ClientError::transient("the server has no quote yet")),
            _ => Ok(()),
        }
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }
}

impl fmt::Debug for Qotd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Qotd({}:{})", self.host, self.port)
    }
}

#[derive(BackingServices, Debug)]
struct Services {
    quotes: Qotd,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = serve_quotes().await?;
    let environment = Environment::from_pairs([("QUOTES_URL", format!("qotd://localhost:{port}"))]);
    let services = Services::load(&environment)?;
    let clients = services.connect().await?;
    println!("{services:?} says: {}", clients.quotes.quote().await?);

    // What a broken handle of it reads like.
    let environment = Environment::from_pairs([("QUOTES_URL", "qotd://localhost?langage=en")]);
    if let Err(report) = Services::load(&environment) {
        println!("\n{report}");
    }
    Ok(())
}

/// The service, for as long as the example runs.
async fn serve_quotes() -> std::io::Result<u16> {
    let listener = TcpListener::bind("localhost:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"Simplicity is prerequisite for reliability.").await;
        }
    });
    Ok(port)
}
