//! Mail through any provider, so that swapping it is a change of handle.
//!
//! | handle | where mail goes |
//! |---|---|
//! | `smtp`, `smtps`, `submission`, `submissions` | as [`Smtp`] reads it |
//! | `postmark://SERVER_TOKEN@api.postmarkapp.com` | [Postmark over SMTP](https://postmarkapp.com/developer/user-guide/send-email-with-smtp): `smtp.postmarkapp.com:587`, STARTTLS required, the token as user and password; the parameters are those of `Smtp` |
//! | `postmark://TOKEN@localhost:2525?tls=none` | a stand-in on this machine |
//! | `file:outbox`, `file:///var/outbox` | one `.eml` file a message in that folder, which is created |
//!
//! Over SMTP `timeout` (default `1m`) limits how long one message may take, connecting included. A message that was given
//! up may have arrived all the same. One whose `send` is dropped is sent to its end, or to that limit.
//!
//! [`smtp`](super::smtp) shows the handles of well-known providers. The adapter `Postmark` takes the same `postmark://`
//! handle, for its HTTP API.
//!
//! The client is [`MailTransport`], a [`lettre::AsyncTransport`].

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::{file, smtp};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;
use tokio::time::timeout;

use super::CONNECT_TIMEOUT;
use super::shared::{folder, folder_cause, require_scheme, within};
use super::smtp::{self as relay, Smtp};
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::parts::Parts;

/// Mail through SMTP, Postmark or into a folder. Its client is [`MailTransport`].
///
/// ```
/// use backing_services::{Adapter, Handle, Mail};
/// use lettre::{AsyncTransport, Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("file://{}/outbox", folder.path().display());
/// let mail = Mail::from_handle(&Handle::parse(&url)?)?; // "file:outbox"
/// let transport = mail.connect().await?;
/// let receipt = Message::builder()
///     .from("shop@example.com".parse()?)
///     .to("ada@example.com".parse()?)
///     .subject("Your order")
///     .body(String::from("Thank you."))?;
/// transport.send(receipt).await?;
/// # assert_eq!(std::fs::read_dir(folder.path().join("outbox"))?.count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Mail {
    handle: Handle,
    route: Route,
}

#[derive(Clone)]
enum Route {
    Smtp { smtp: Box<Smtp>, timeout: Duration },
    Folder(PathBuf),
}

#[derive(Deserialize)]
struct Params {
    timeout: Option<Duration>,
}

/// How long a message may take unless the handle says otherwise.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Sends mail wherever the handle of a [`Mail`] field says.
///
/// ```
/// use backing_services::adapters::mail::{MailError, MailTransport};
/// use lettre::{AsyncTransport, Message};
///
/// async fn welcome(mail: &MailTransport, message: Message) -> Result<(), MailError> {
///     let receipt = mail.send(message).await?;
///     println!("sent: {receipt}");
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct MailTransport(Transport);

#[derive(Clone)]
enum Transport {
    Smtp(Arc<Relay>),
    Folder { path: PathBuf, transport: AsyncFileTransport<Tokio1Executor> },
}

/// Why a message was not sent.
///
/// ```
/// use backing_services::adapters::mail::MailError;
///
/// fn is_refused(error: &MailError) -> bool {
///     matches!(error, MailError::Smtp(error) if error.is_permanent())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum MailError {
    /// The server or the way to it.
    Smtp(smtp::Error),
    /// The server did not answer in that time. The message may have arrived.
    Timeout(Duration),
    /// The runtime ended before the server answered. The message may have arrived.
    Ended,
    /// The folder.
    File(file::Error),
}

impl Adapter for Mail {
    const NAME: &'static str = "Mail";
    const SCHEMES: &'static [&'static str] =
        &["smtp", "smtps", "submission", "submissions", "postmark", "file"];
    const EXAMPLE: &'static str = "submission://user:password@mail.example.com:587";
    const PARTS: Parts = Smtp::PARTS.known_as(&["mail", "email"]);
    type Client = MailTransport;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let route = match handle.scheme() {
            "file" => Route::Folder(folder(handle)?),
            scheme => {
                let (params, sending): (relay::Params, Params) = handle.params()?;
                let smtp = match scheme {
                    "postmark" => Smtp::postmark(handle, params)?,
                    _ => Smtp::relay(handle, params)?,
                };
                let timeout = sending.timeout.unwrap_or(TIMEOUT);
                Route::Smtp { smtp: Box::new(smtp), timeout }
            }
        };
        Ok(Self { handle: handle.clone(), route })
    }

    async fn connect(&self) -> Result<MailTransport, ClientError> {
        Ok(MailTransport(match &self.route {
            Route::Smtp { smtp, timeout } => {
                Transport::Smtp(Arc::new(Relay::new(smtp.builder()?, *timeout)))
            }
            Route::Folder(path) => {
                tokio::fs::create_dir_all(path).await.map_err(|error| folder_cause(&error))?;
                Transport::Folder { path: path.clone(), transport: AsyncFileTransport::new(path) }
            }
        }))
    }

    async fn ping(client: &MailTransport) -> Result<(), ClientError> {
        match &client.0 {
            Transport::Smtp(relay) => {
                let answer = relay
                    .within(CONNECT_TIMEOUT, |smtp| async move { relay::answers(&smtp).await })
                    .await;
                answer.unwrap_or_else(|_| Err(ClientError::no_answer(CONNECT_TIMEOUT)))
            }
            Transport::Folder { path, .. } => within(CONNECT_TIMEOUT, is_writable(path)).await,
        }
    }

    async fn close(client: MailTransport) {
        client.shutdown().await;
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }

    fn connect_timeout(&self) -> Duration {
        match &self.route {
            Route::Smtp { smtp, .. } => smtp.connect_timeout(),
            Route::Folder(_) => CONNECT_TIMEOUT,
        }
    }
}

/// The pool of connections to a relay. It is replaced whenever one of them was left in the middle of something:
/// `lettre` would use that connection again, and take late answers for those to the next message.
struct Relay {
    builder: AsyncSmtpTransportBuilder,
    timeout: Duration,
    pool: Mutex<Pool>,
}

struct Pool {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    generation: u64,
    closed: bool,
}

impl Relay {
    fn new(builder: AsyncSmtpTransportBuilder, timeout: Duration) -> Self {
        let smtp = builder.clone().build();
        let pool = Mutex::new(Pool { smtp, generation: 0, closed: false });
        Self { builder, timeout, pool }
    }

    /// What `talk` comes to. It runs as a task, because its connection is lost when it is dropped halfway.
    async fn within<T, F>(
        self: &Arc<Self>,
        limit: Duration,
        talk: impl FnOnce(AsyncSmtpTransport<Tokio1Executor>) -> F,
    ) -> Result<T, MailError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (smtp, generation) = self.current();
        let mut talking = Box::pin(talk(smtp.clone()));
        let relay = Arc::clone(self);
        let bounded = tokio::spawn(async move {
            if let Ok(answer) = timeout(limit, &mut talking).await {
                return Ok(answer);
            }
            relay.replace(generation);
            tokio::spawn(async move {
                // The pool gives out nothing and takes nothing back once this has begun.
                let _ = timeout(limit, smtp.shutdown()).await;
                drop(talking);
            });
            Err(MailError::Timeout(limit))
        });
        bounded.await.unwrap_or(Err(MailError::Ended))
    }

    fn current(&self) -> (AsyncSmtpTransport<Tokio1Executor>, u64) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        (pool.smtp.clone(), pool.generation)
    }

    /// A new pool, unless someone else has replaced that `generation` already.
    fn replace(&self, generation: u64) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.generation == generation && !pool.closed {
            pool.smtp = self.builder.clone().build();
            pool.generation += 1;
        }
    }

    async fn shutdown(&self) {
        let smtp = {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            pool.closed = true;
            pool.smtp.clone()
        };
        smtp.shutdown().await;
    }
}

/// A folder answers when a file can be made in it.
async fn is_writable(folder: &Path) -> Result<(), ClientError> {
    let probe = folder.join(format!(".{}.probe", std::process::id()));
    tokio::fs::write(&probe, b"").await.map_err(|error| folder_cause(&error))?;
    match tokio::fs::remove_file(&probe).await {
        // Another ping had the same probe: of this process, or of one elsewhere that shares the folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| folder_cause(&error)),
    }
}

impl AsyncTransport for MailTransport {
    /// What the server answered, or the name of the file without `.eml`.
    type Ok = String;
    type Error = MailError;

    // As `async_trait`, with which lettre declares it, writes the signature.
    fn send_raw<'transport, 'envelope, 'email, 'sending>(
        &'transport self,
        envelope: &'envelope Envelope,
        email: &'email [u8],
    ) -> Pin<Box<dyn Future<Output = Result<String, MailError>> + Send + 'sending>>
    where
        'transport: 'sending,
        'envelope: 'sending,
        'email: 'sending,
        Self: 'sending,
    {
        Box::pin(async move {
            match &self.0 {
                Transport::Smtp(relay) => {
                    let (envelope, email) = (envelope.clone(), email.to_vec());
                    let answer = relay
                        .within(relay.timeout, |smtp| async move {
                            smtp.send_raw(&envelope, &email).await
                        })
                        .await?
                        .map_err(MailError::Smtp)?;
                    Ok(answer.message().collect::<Vec<_>>().join(" "))
                }
                Transport::Folder { transport, .. } => {
                    transport.send_raw(envelope, email).await.map_err(MailError::File)
                }
            }
        })
    }

    fn shutdown<'transport, 'ending>(
        &'transport self,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'ending>>
    where
        'transport: 'ending,
        Self: 'ending,
    {
        Box::pin(async move {
            match &self.0 {
                Transport::Smtp(relay) => relay.shutdown().await,
                Transport::Folder { transport, .. } => transport.shutdown().await,
            }
        })
    }
}

impl fmt::Debug for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Transport::Smtp(_) => f.write_str("MailTransport(SMTP)"),
            Transport::Folder { path, .. } => write!(f, "MailTransport(file:{})", path.display()),
        }
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(error) => error.fmt(f),
            Self::Timeout(limit) => write!(f, "the server did not answer within {limit:?}"),
            Self::Ended => f.write_str("the runtime ended before the server answered"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MailError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Smtp(error) => error.source(),
            Self::Timeout(_) | Self::Ended => None,
            Self::File(error) => error.source(),
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Route::Smtp { smtp, .. } => write!(f, "Mail({smtp:?})"),
            Route::Folder(path) => write!(f, "Mail(file:{})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ProblemKind;

    fn parse(text: &str) -> Result<Mail, HandleError> {
        Mail::from_handle(&Handle::parse(text)?)
    }

    #[test]
    fn routes() {
        for (text, shown) in [
            ("smtp://localhost", "Mail(Smtp(smtp://localhost:25))"),
            (
                "postmark://t0ken@api.postmarkapp.com",
                "Mail(Smtp(postmark://smtp.postmarkapp.com:587))",
            ),
            ("postmark://t0ken@localhost:2525?tls=none", "Mail(Smtp(postmark://localhost:2525))"),
            ("file:out/box", "Mail(file:out/box)"),
            ("file:///var/out", "Mail(file:/var/out)"),
        ] {
            assert_eq!(format!("{:?}", parse(text).unwrap()), shown, "{text}");
        }
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("file:", "the handle names no folder"),
            ("file://outbox", "a folder has no host"),
            ("file:outbox?mode=rw", "unknown parameter `mode`"),
            ("file:outbox?timeout=1s", "unknown parameter `timeout`"),
            ("smtp://h?timeout=1", "the parameter `timeout` has a bad value"),
            ("smtp://h?timout=1s", "unknown parameter `timout`"),
            (
                "postmark://api.postmarkapp.com",
                "the handle needs the server token as user name and no password",
            ),
            ("imap://h", "the scheme is not one of Mail"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        let refused = parse("postmark://t0ken@mail.example?tls=none").unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Insecure);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mail = parse(&format!("file://{}", file.join("outbox").display())).unwrap();
        let error = mail.connect().await.unwrap_err();
        assert!(error.to_string().starts_with("the folder cannot be written: "), "{error}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pings_of_one_folder_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let mail = parse(&format!("file://{}", folder.path().display())).unwrap();
        let client = mail.connect().await.unwrap();
        let ping = || {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    Mail::ping(&client).await.unwrap();
                }
            })
        };
        for ping in [ping(), ping(), ping(), ping()] {
            ping.await.unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no probe is left");
    }
}
