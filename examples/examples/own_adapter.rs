//! Adapters of the app's own, for services this crate does not know: a QOTD server ([RFC
//! 865](https://www.rfc-editor.org/rfc/rfc865)), which answers every connection with a quote, and a
//! file of quotes.
//!
//! Their field is like any other: checked while compiling, reported with all others, connected at
//! the same time, retried within its time limit. The tests at the end are the suite that this
//! crate's own adapters pass, in one line.

use backing_services::{Adapter, BackingServices, ClientError, Connect, Environment, Handle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `qotd://host[:port]`
#[derive(Adapter, Clone)]
#[adapter(schemes("qotd"), example = "qotd://localhost:17", port = 17, debug)]
struct Qotd {
    #[handle]
    handle: Handle, // so that a failure names its variable
    #[handle(host)]
    host: String,
    #[handle(port)]
    port: u16,
}

impl Qotd {
    async fn quote(&self) -> Result<String, ClientError> {
        let address = (self.host.as_str(), self.port);
        let stream = TcpStream::connect(address).await.map_err(ClientError::caused_by)?;
        // As long as a quote may be, whatever the server sends: the suite below asks for it.
        let mut stream = stream.take(512);
        let mut quote = String::new();
        stream.read_to_string(&mut quote).await.map_err(ClientError::caused_by)?;
        Ok(quote)
    }
}

impl Connect for Qotd {
    type Client = Self; // what the app talks through; often a client of another crate

    async fn connect(&self) -> Result<Self, ClientError> {
        Ok(self.clone())
    }

    async fn ping(client: &Self) -> Result<(), ClientError> {
        match client.quote().await?.as_str() {
            "" => Err(ClientError::transient("the server has no quote yet")),
            _ => Ok(()),
        }
    }
}

/// `quote:///path`
#[derive(Adapter, Clone)]
#[adapter(schemes("quote"), example = "quote:///usr/share/quote.txt", debug)]
struct QuoteFile {
    #[handle]
    handle: Handle,
    #[handle(path)]
    path: String,
}

impl Connect for QuoteFile {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        std::fs::read_to_string(&self.path).map_err(ClientError::caused_by)
    }
}

/// Either: the scheme of the handle chooses.
#[derive(Adapter, Clone, Debug)]
enum Quotes {
    Server(Qotd),
    File(QuoteFile),
}

#[derive(BackingServices, Debug)]
struct Services {
    quotes: Quotes, // QUOTES_URL
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = serve_quotes().await?;
    let file = std::env::temp_dir().join(format!("quote-{}.txt", std::process::id()));
    std::fs::write(&file, "Make it work, make it right, make it fast.")?;

    for url in [format!("qotd://localhost:{port}"), format!("quote://{}", file.display())] {
        let services = Services::load(&Environment::from_pairs([("QUOTES_URL", url)]))?;
        let quote = match services.connect().await?.quotes {
            QuotesClient::Server(server) => server.quote().await?,
            QuotesClient::File(quote) => quote,
        };
        println!("{services:?} says: {quote}");
    }
    std::fs::remove_file(file)?;

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

/// What the adapters of this crate promise, `Qotd` does too: `cargo test --example own_adapter`.
#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use backing_services_conformance::Scripted;

    use super::Qotd;

    fn server() -> Scripted {
        Scripted::start(|mut stream: TcpStream| stream.write_all(b"Simplicity is the soul."))
    }

    async fn use_it(client: &Qotd) -> Result<(), String> {
        match client.quote().await {
            Ok(quote) if quote == "Simplicity is the soul." => Ok(()),
            Ok(quote) => Err(format!("read {quote}")),
            Err(error) => Err(error.to_string()),
        }
    }

    backing_services_conformance::suite!(Qotd, server, use_it);
}
