//! Hands a pool its first connection.
//!
//! `sqlx` 0.9 gives no pool a connection that is open already, and a pool that opens its own hides
//! why it cannot: a port that refuses is tried again until the pool's timeout, which is then all
//! that is reported. So the connection is opened outside, the pool opens one to a fake server in
//! this process, which lets in whoever asks and is gone a moment later, and the hook that sees each
//! new connection puts the real one in its place. Nothing of it leaves the machine, and the real
//! server sees one connection.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a fake server speaks.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    #[cfg(feature = "mysql")]
    MySql,
    #[cfg(feature = "postgres")]
    Postgres,
}

/// A fake server on a free port of 127.0.0.1, until it is dropped.
pub(crate) struct FakeServer {
    listener: TcpListener,
    port: u16,
    protocol: Protocol,
}

impl FakeServer {
    pub(crate) async fn start(protocol: Protocol) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port, protocol })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Lets in whoever asks. It ends with an error alone.
    pub(crate) async fn run(self) -> io::Error {
        let mut clients = JoinSet::new();
        loop {
            match self.listener.accept().await {
                Ok((client, _)) => clients.spawn(self.protocol.let_in(client)),
                Err(error) => return error,
            };
        }
    }
}

impl Protocol {
    async fn let_in(self, client: TcpStream) {
        let _ = match self {
            #[cfg(feature = "mysql")]
            Self::MySql => mysql(client).await,
            #[cfg(feature = "postgres")]
            Self::Postgres => postgres(client).await,
        };
    }
}

/// Answers a login with "authentication is complete" and "ready for a query":
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>.
#[cfg(feature = "postgres")]
async fn postgres(mut client: TcpStream) -> io::Result<()> {
    let length = client.read_u32().await?;
    skip(&mut client, length.saturating_sub(4)).await?;
    client.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await?;
    std::future::pending().await
}

/// Sends the greeting of a server, and answers the login and each command with OK:
/// <https://mariadb.com/kb/en/clientserver-protocol/>.
#[cfg(feature = "mysql")]
async fn mysql(mut client: TcpStream) -> io::Result<()> {
    // Length and number of the packet; the protocol's version, the server's, the number of the
    // connection, the first eight bytes of a salt and a zero; what the server can do (protocol 4.1,
    // safe passwords), character set, state, what else it can do (plugins for the login); the length
    // of the salt, its other twelve bytes, and the plugin.
    const GREETING: &[u8] = b"\x49\0\0\0\x0a5.7.0\0\0\0\0\0saltsalt\0\x01\x82\x21\x02\0\x08\0\
        \x15\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0";
    client.write_all(GREETING).await?;
    loop {
        let [a, b, c, number] = client.read_u32().await?.to_be_bytes();
        skip(&mut client, u32::from_le_bytes([a, b, c, 0])).await?;
        let number = number.wrapping_add(1);
        client.write_all(&[7, 0, 0, number, 0, 0, 0, 2, 0, 0, 0]).await?;
    }
}

async fn skip(client: &mut (impl AsyncRead + Unpin), length: u32) -> io::Result<()> {
    copy(&mut client.take(length.into()), &mut sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;

    use super::*;
    use crate::adapters::pool::Driver;

    async fn lets_in<D: Driver>(protocol: Protocol) {
        let server = FakeServer::start(protocol).await.unwrap();
        let options = D::fake(protocol, server.port()).unwrap();
        tokio::select! {
            connection = options.connect() => drop(connection.unwrap()),
            error = server.run() => panic!("{error}"),
        }
    }

    #[cfg(feature = "mysql")]
    #[tokio::test]
    async fn lets_in_a_client_of_mysql() {
        lets_in::<crate::MySql>(Protocol::MySql).await;
    }

    #[cfg(feature = "postgres")]
    #[tokio::test]
    async fn lets_in_a_client_of_postgresql() {
        lets_in::<crate::Postgres>(Protocol::Postgres).await;
    }
}
