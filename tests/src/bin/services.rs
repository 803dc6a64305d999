//! An app with the commands of `backing-services` in its own binary, for the tests of these.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;

use backing_services::{
    Adapter, BackingServices, Beanstalkd, ClientError, Connect, FailureKind, Handle, Host,
    Memcached, MySql, Nats, Postgres, Redis, Secret, Sql, cli,
};

/// A line protocol of the app's own: the server greets with its version.
#[derive(Adapter, Clone)]
#[adapter(schemes("ticker"), example = "ticker://:token@localhost:7070", port = 7070)]
struct Ticker {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    #[handle(port)]
    port: u16,
    #[handle(password)]
    token: Option<Secret>,
}

/// What the server said.
type Greeting = Arc<str>;

impl Connect for Ticker {
    type Client = Greeting;
    const PROVEN: bool = true;

    async fn connect(&self) -> Result<Greeting, ClientError> {
        let mut stream =
            TcpStream::connect((self.host.name(), self.port)).map_err(ClientError::caused_by)?;
        if let Some(token) = &self.token {
            stream.write_all(token.expose().as_bytes()).map_err(ClientError::caused_by)?;
        }
        let mut greeting = [0; 64];
        let length = stream.read(&mut greeting).map_err(ClientError::caused_by)?;
        let greeting = String::from_utf8_lossy(&greeting[..length]).into_owned();
        if greeting.starts_with("no ") {
            // As servers do, it repeats what it was given.
            return Err(ClientError::of(FailureKind::Authentication, greeting));
        }
        Ok(greeting.into())
    }

    async fn version(greeting: &Greeting) -> Option<String> {
        Some(greeting.to_string())
    }
}

/// What the tests attach.
#[derive(BackingServices)]
#[expect(dead_code, reason = "the commands alone read it")]
struct Services {
    /// Orders and customers.
    #[service(env = "DATABASE_URL")]
    db: Sql,
    cache: Option<Redis>,
    quotes: Option<Ticker>,
    pages: Option<Memcached>,
    jobs: Option<Beanstalkd>,
    events: Option<Nats>,
    archive: Option<Postgres>,
    #[service(nested)]
    reports: Option<Reports>,
    /// Where the shop listens.
    #[setting(default = "8080")]
    port: u16,
    #[setting]
    api_key: Option<Secret>,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

fn main() -> ExitCode {
    cli::run::<Services>()
}
