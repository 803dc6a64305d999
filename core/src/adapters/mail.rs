//! Mail through any provider, so that swapping it is a change of handle.
//!
//! | handle | where mail goes |
//! |---|---|
//! | `smtp`, `smtps`, `submission`, `submissions` | as [`Smtp`] reads it |
//! | `postmark://SERVER_TOKEN@api.postmarkapp.com` | [Postmark over SMTP](https://postmarkapp.com/developer/user-guide/send-email-with-smtp): `smtp.postmarkapp.com:587`, STARTTLS required, the token as user and password; the parameters are those of `Smtp` |
//! | `postmark://TOKEN@localhost:2525?tls=none` | a stand-in on this machine |
//! | `file:outbox`, `file:///var/outbox` | one `.eml` file a message in that folder, which is created |
//!
//! The client is [`MailTransport`], a [`lettre::AsyncTransport`].

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::{file, smtp};
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::CONNECT_TIMEOUT;
use super::shared::{folder, folder_cause, require_scheme, within};
use super::smtp::Smtp;
use crate::adapter::Adapter;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;

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
    Smtp(Box<Smtp>),
    Folder(PathBuf),
}

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
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
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
    /// The folder.
    File(file::Error),
}

impl Adapter for Mail {
    const NAME: &'static str = "Mail";
    const SCHEMES: &'static [&'static str] =
        &["smtp", "smtps", "submission", "submissions", "postmark", "file"];
    const EXAMPLE: &'static str = "submission://user:password@mail.example.com:587";
    type Client = MailTransport;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        require_scheme::<Self>(handle)?;
        let route = match handle.scheme() {
            "file" => Route::Folder(folder(handle)?),
            "postmark" => Route::Smtp(Box::new(Smtp::postmark(handle)?)),
            _ => Route::Smtp(Box::new(Smtp::from_handle(handle)?)),
        };
        Ok(Self { handle: handle.clone(), route })
    }

    async fn connect(&self) -> Result<MailTransport, ClientError> {
        Ok(MailTransport(match &self.route {
            Route::Smtp(smtp) => Transport::Smtp(smtp.connect().await?),
            Route::Folder(path) => {
                tokio::fs::create_dir_all(path).await.map_err(|error| folder_cause(&error))?;
                Transport::Folder { path: path.clone(), transport: AsyncFileTransport::new(path) }
            }
        }))
    }

    async fn ping(client: &MailTransport) -> Result<(), ClientError> {
        match &client.0 {
            Transport::Smtp(transport) => Smtp::ping(transport).await,
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
            Route::Smtp(smtp) => smtp.connect_timeout(),
            Route::Folder(_) => CONNECT_TIMEOUT,
        }
    }
}

/// A folder answers when a file can be made in it.
async fn is_writable(folder: &Path) -> Result<(), ClientError> {
    let probe = folder.join(format!(".{}.probe", std::process::id()));
    tokio::fs::write(&probe, b"").await.map_err(|error| folder_cause(&error))?;
    tokio::fs::remove_file(&probe).await.map_err(|error| folder_cause(&error))
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
                Transport::Smtp(transport) => {
                    let answer =
                        transport.send_raw(envelope, email).await.map_err(MailError::Smtp)?;
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
                Transport::Smtp(transport) => transport.shutdown().await,
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
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MailError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Smtp(error) => error.source(),
            Self::File(error) => error.source(),
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Route::Smtp(smtp) => write!(f, "Mail({smtp:?})"),
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
}
