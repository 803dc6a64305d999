//! Why a server does not let a client in that speaks TLS, or does not: the other side does the
//! opposite. Looked for only when connecting failed, or takes suspiciously long.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::{ClientError, FailureKind, TLS_ONLY};
use crate::handle::Host;

/// Connecting takes longer than this where the server waits for something else, or the network is
/// slow.
const SUSPICIOUS: Duration = Duration::from_millis(600);
/// For the answer to one question.
const PATIENCE: Duration = Duration::from_millis(300);

/// The first record of a client that speaks TLS 1.2: one version, one cipher suite, no extension. A
/// server that speaks TLS answers with an alert, if not with a handshake.
const CLIENT_HELLO: [u8; 50] = {
    let mut hello = [0x5a; 50];
    let head = [0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    // Behind 32 bytes of a random number: no session, the suite, no compression.
    let tail = [0, 0, 2, 0xc0, 0x2f, 1, 0];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    at = 0;
    while at < tail.len() {
        hello[43 + at] = tail[at];
        at += 1;
    }
    hello
};

/// What comes of connecting; of a failure the cause that `look` finds, if it finds one.
pub(super) async fn explained<T>(
    connecting: impl Future<Output = Result<T, ClientError>>,
    look: impl Future<Output = Option<ClientError>>,
) -> Result<T, ClientError> {
    let mut connecting = std::pin::pin!(connecting);
    match timeout(SUSPICIOUS, connecting.as_mut()).await {
        Ok(Err(error)) if is_unclear(&error) => Err(look.await.unwrap_or(error)),
        Ok(result) => result,
        Err(_) => match look.await {
            Some(error) => Err(error),
            None => connecting.await,
        },
    }
}

/// A server that hears something else than it expects ends the connection, or answers something
/// else than the client expects.
fn is_unclear(error: &ClientError) -> bool {
    matches!(error.kind(), FailureKind::Protocol | FailureKind::Other)
}

/// What to say of a server that speaks TLS where the client does not; `help` says what to write.
pub(super) async fn tls_only(host: &Host, help: &'static str) -> Option<ClientError> {
    let answer = answer(host, &CLIENT_HELLO).await.ok()?;
    // A handshake or an alert, and the version.
    let is_tls = matches!(answer, [0x15 | 0x16, 3]);
    is_tls.then(|| ClientError::of(FailureKind::Tls, TLS_ONLY).with_help(help))
}

/// What a server says that ends the connection behind the handshake. With TLS 1.3 it asks for a
/// client certificate only then, and a driver that writes meanwhile does not hear it.
#[cfg(feature = "redis")]
pub(super) async fn refused_behind_handshake(
    host: &Host,
    config: rustls::ClientConfig,
) -> Option<ClientError> {
    let server = rustls::pki_types::ServerName::try_from(host.name().to_owned()).ok()?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let heard = async {
        let address = (host.name(), host.port().unwrap_or_default());
        let stream = TcpStream::connect(address).await?;
        let mut stream = connector.connect(server, stream).await?;
        tokio::io::AsyncReadExt::read_u8(&mut stream).await
    };
    let error = ClientError::caused_by(timeout(PATIENCE, heard).await.ok()?.err()?);
    (error.kind() == FailureKind::Tls).then_some(error)
}

/// The first two bytes that a server sends to who says this.
pub(super) async fn answer(host: &Host, question: &[u8]) -> io::Result<[u8; 2]> {
    let answer = async {
        let address = (host.name(), host.port().unwrap_or_default());
        let stream = TcpStream::connect(address).await?;
        let (mut sent, mut answer, mut read) = (0, [0; 2], 0);
        while sent < question.len() {
            stream.writable().await?;
            sent += done(stream.try_write(&question[sent..]))?;
        }
        while read < answer.len() {
            stream.readable().await?;
            match stream.try_read(&mut answer[read..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                result => read += done(result)?,
            }
        }
        Ok(answer)
    };
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn done(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
