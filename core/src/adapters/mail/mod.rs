//! Mail through any provider, so that swapping it is a change of handle.
//!
//! <!-- grammar -->
//! SMTP:
//!
//! - schemes: `smtp` (port 25), `smtps` (TLS, port 465), `submission` (TLS, port 587),
//!   `submissions` (TLS, port 465)
//! - host: One relay.
//! - port
//! - user name: For AUTH; without a password it is sent with an empty one. Also `HOST_USER`,
//!   `LOGIN`, `AUTH_USER`.
//! - password: For AUTH. Also `HOST_PASSWORD`, `AUTH_PASS`, `AUTH_PASSWORD`.
//! - `tls`: `none`: unencrypted, also for credentials; `opportunistic`: STARTTLS where the server
//!   offers it; `required`: STARTTLS; `implicit`: TLS from the first byte. Either `none`,
//!   `opportunistic`, `required` or `implicit`. Also `tls_kind`.
//! - `tls_ca`: A file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `local_domain`: What EHLO says; the name of the machine if it is not set. Also `DOMAIN`,
//!   `EHLO_DOMAIN`, `HELO_DOMAIN`.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `max_connections`: How many connections are kept. By default `10`.
//! - `min_connections`: How many of them are kept although they are idle. By default `0`.
//! - `idle_timeout`: How long a connection is kept that is idle. By default `1m`.
//! - `timeout`: For one message, connecting included. By default `1m`.
//!
//! Postmark:
//!
//! - schemes: `postmark` (TLS, port 587)
//! - host: `api.postmarkapp.com`, whose SMTP is `smtp.postmarkapp.com`; or a fake server.
//! - port
//! - user name: The server token. Required. Also `SERVER_TOKEN`, `API_TOKEN`.
//! - `tls`: `none`: unencrypted, also for credentials; `opportunistic`: STARTTLS where the server
//!   offers it; `required`: STARTTLS; `implicit`: TLS from the first byte. Either `none`,
//!   `opportunistic`, `required` or `implicit`. Also `tls_kind`.
//! - `tls_ca`: A file of PEM certificates, the only CA certificates to trust. Also `ca`,
//!   `ca_cert`, `ssl_ca`, `ssl_ca_path`, `ssl_ca_certs`, `ssl_ca_file`.
//! - `local_domain`: What EHLO says; the name of the machine if it is not set. Also `DOMAIN`,
//!   `EHLO_DOMAIN`, `HELO_DOMAIN`.
//! - `connect_timeout`: For connecting. By default `10s`.
//! - `max_connections`: How many connections are kept. By default `10`.
//! - `min_connections`: How many of them are kept although they are idle. By default `0`.
//! - `idle_timeout`: How long a connection is kept that is idle. By default `1m`.
//! - `timeout`: For one message, connecting included. By default `1m`.
//!
//! a folder:
//!
//! - schemes: `file`
//! - path: The folder: an absolute one behind `file://`, one below where the app runs behind
//!   `file:`. Required.
//!
//! memory:
//!
//! - schemes: `memory`, `null`
//! <!-- end -->
//!
//! | handle | where mail goes |
//! |---|---|
//! | `submissions`, `submission`, `smtps`, `smtp` | as [`Smtp`](super::smtp) reads it, which tells why `submissions` stands first |
//! | `postmark://SERVER_TOKEN@api.postmarkapp.com` | [Postmark over SMTP](https://postmarkapp.com/developer/user-guide/send-email-with-smtp): `smtp.postmarkapp.com:587`, STARTTLS required, the token as user and password; the parameters are those of SMTP |
//! | `postmark://TOKEN@localhost:2525?tls=none` | a fake server on this machine |
//! | `file:outbox`, `file:///var/outbox` | one `.eml` file a message in that folder, which is created |
//! | `memory:`, `null://null` | nowhere: [`MailTransport::sent`] lists the last 1000 messages of a client |
//!
//! Over SMTP `timeout` bounds how long one message may take, connecting included. A message that
//! was given up may have arrived all the same. One whose `send` is dropped is sent to its end, or
//! to that timeout.
//!
//! [`smtp`](super::smtp) shows the handles of well-known providers. The adapter `Postmark` takes
//! the same `postmark://` handle, for its HTTP API.
//!
//! The client is [`MailTransport`], a [`lettre::AsyncTransport`]. Its errors mask the user name and
//! the password of the handle in what the server says.

mod error;
mod memory;
mod relay;
mod sent;
mod transport;

use std::fmt;

use lettre::AsyncTransport;

pub use self::error::{MailError, SmtpError};
pub use self::memory::Memory;
pub use self::relay::{PostmarkRelay, Relay};
pub use self::sent::SentMail;
pub use self::transport::MailTransport;

use super::folder::Folder;
use crate::error::ClientError;
use crate::{Adapter, Connect};

/// Mail through SMTP or Postmark, into a folder or into memory. Its client is [`MailTransport`].
///
/// [Its module](self) has the table of what a handle may say.
///
/// ```
/// use backing_services::{Adapter, Connect, Handle, Mail};
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
#[derive(Adapter, Clone)]
#[adapter(no_client, bindings("mail", "email"))]
pub enum Mail {
    /// A relay.
    Smtp(Relay),
    /// Postmark's relay.
    Postmark(PostmarkRelay),
    /// One file a message.
    Folder(Folder),
    /// Nowhere.
    Memory(Memory),
}

impl Connect for Mail {
    type Client = MailTransport;

    async fn connect(&self) -> Result<MailTransport, ClientError> {
        match self {
            Self::Smtp(relay) => relay.connect().await,
            Self::Postmark(relay) => relay.connect().await,
            Self::Folder(folder) => folder.connect().await.map(MailTransport::into_folder),
            Self::Memory(memory) => memory.connect().await,
        }
    }

    async fn ping(client: &MailTransport) -> Result<(), ClientError> {
        client.answers().await
    }

    async fn close(client: MailTransport) {
        client.shutdown().await;
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handle = self.handle();
        let shown = handle.shown(Self::GRAMMAR.of_scheme(handle.scheme()));
        match self {
            Self::Smtp(_) | Self::Postmark(_) => write!(f, "Mail(Smtp({shown}))"),
            Self::Folder(_) | Self::Memory(_) => write!(f, "Mail({shown})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lettre::Message;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;
    use crate::error::{FailureKind, HandleError, ProblemKind};
    use crate::handle::Handle;

    fn parse(text: &str) -> Result<Mail, HandleError> {
        Mail::from_handle(&Handle::parse(text)?)
    }

    fn message() -> Message {
        let builder = Message::builder().from("shop@example.com".parse().unwrap());
        let builder = builder.to("ada@example.com".parse().unwrap()).subject("Your order");
        builder.body("Thank you.".to_owned()).unwrap()
    }

    /// What lettre was told.
    fn told(text: &str) -> String {
        match parse(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
            Mail::Smtp(relay) => relay.transport().unwrap().told(),
            Mail::Postmark(relay) => relay.transport().unwrap().told(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn routes() {
        for (text, shown) in [
            ("smtp://localhost", "Mail(Smtp(smtp://localhost:25))"),
            ("smtp://u:p@smtp.example.com:465", "Mail(Smtp(smtp://smtp.example.com:465))"),
            (
                "postmark://t0ken@api.postmarkapp.com",
                "Mail(Smtp(postmark://api.postmarkapp.com:587))",
            ),
            ("postmark://t0ken@localhost:2525?tls=none", "Mail(Smtp(postmark://localhost:2525))"),
            ("file:out/box", "Mail(file:out/box)"),
            ("file:///var/out", "Mail(file:/var/out)"),
            ("memory:", "Mail(memory:)"),
            ("null://null", "Mail(null://null)"),
        ] {
            assert_eq!(format!("{:?}", parse(text).unwrap()), shown, "{text}");
        }
    }

    #[tokio::test]
    async fn what_lettre_is_told() {
        for (text, server, port, security) in [
            ("smtp://u:p@smtp.example.com:465", "smtp.example.com", 465, "Wrapper"),
            ("postmark://t0ken@api.postmarkapp.com", "smtp.postmarkapp.com", 587, "Required"),
            ("postmark://t0ken@api.postmarkapp.com:443", "smtp.postmarkapp.com", 587, "Required"),
            (
                "postmark://t0ken@smtp.postmarkapp.com:2525",
                "smtp.postmarkapp.com",
                2525,
                "Required",
            ),
            ("postmark://t0ken@localhost?tls=none", "localhost", 587, "None"),
        ] {
            let told = told(text);
            for option in [
                format!("server: {server:?}"),
                format!("port: {port},"),
                format!("tls: {security}"),
            ] {
                assert!(told.contains(&option), "{text}: {told}");
            }
        }
    }

    #[test]
    fn timeouts() {
        let timeout = |text: &str| parse(text).unwrap().connect_timeout();
        assert_eq!(timeout("smtp://h?connect_timeout=3s&timeout=5s"), Duration::from_secs(3));
        assert_eq!(timeout("postmark://t@h.example?connect_timeout=4s"), Duration::from_secs(4));
        assert_eq!(timeout("memory:"), Duration::from_secs(10));
    }

    #[test]
    fn refuses_what_means_nothing() {
        for (text, message) in [
            ("file:", "the handle has no path"),
            ("file://outbox", "the handle has a host"),
            ("file:outbox?mode=rw", "unknown parameter `mode`"),
            ("file:outbox?timeout=1s", "unknown parameter `timeout`"),
            ("memory:?timeout=1s", "unknown parameter `timeout`"),
            ("memory:box", "the handle has a path"),
            ("null://u:p@null", "the handle has a user name"),
            ("null://elsewhere", "the handle names another host"),
            ("smtp://h?timeout=1", "the parameter `timeout` has a bad value"),
            ("smtp://h?timeout=25h", "the parameter `timeout` has a bad value"),
            ("smtp://h?timout=1s", "unknown parameter `timout`"),
            ("smtp://h?min_connections=11", "the parameter `min_connections` has a bad value"),
            ("postmark://api.postmarkapp.com", "the handle has no user name"),
            ("postmark://t0ken:x@api.postmarkapp.com", "the handle has a password"),
            ("postmark://t0ken@default", "the host is a name without a dot"),
            ("imap://h", "the scheme is not one of Mail"),
        ] {
            assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
        }
        for text in [
            "postmark://t0ken@mail.example?tls=none",
            "postmark://t0ken@mail.example?tls=opportunistic",
            "smtp://u:p@mail.example?tls=opportunistic",
        ] {
            assert_eq!(parse(text).unwrap_err().kind(), ProblemKind::Insecure, "{text}");
        }
    }

    /// `null://null` leads to no machine at all.
    #[test]
    fn loopback() {
        for (text, is_loopback) in [
            ("smtp://127.0.0.1", true),
            ("smtp://mail.example", false),
            ("postmark://t0ken@api.postmarkapp.com", false),
            ("file:outbox", true),
            ("memory:", true),
            ("null://null", true),
        ] {
            assert_eq!(parse(text).unwrap().is_loopback(), is_loopback, "{text}");
        }
    }

    #[tokio::test]
    async fn memory_keeps_the_last_messages() {
        for text in ["memory:", "null://null"] {
            let mail = parse(text).unwrap().connect().await.unwrap();
            Mail::ping(&mail).await.unwrap();
            let clone = mail.clone();
            for n in 0..1001_u32 {
                let to = format!("a{n}@example.com").parse().unwrap();
                let envelope = lettre::address::Envelope::new(None, vec![to]).unwrap();
                mail.send_raw(&envelope, b"x").await.unwrap();
            }
            mail.send(message()).await.unwrap();
            let sent = clone.sent();
            assert_eq!(sent.len(), 1000);
            assert_eq!(sent[0].envelope.to()[0].to_string(), "a2@example.com");
            assert!(sent[999].text().contains("Subject: Your order"), "{:?}", sent[999]);
        }
    }

    /// A relay that repeats what it was told in its answer to MAIL.
    async fn relay_that_says(answer: String) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                stream.write_all(b"220 here\r\n").await.unwrap();
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                    let reply = match line.get(..4) {
                        Some("EHLO") => "250-here\r\n250 AUTH PLAIN\r\n",
                        Some("AUTH") => "235 welcome\r\n",
                        Some("MAIL") => &*answer,
                        _ => "250 fine\r\n",
                    };
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        break;
                    }
                    line.clear();
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn what_the_server_repeats_is_masked() {
        let long = "x".repeat(400);
        for (said, shown) in [
            ("not owned by user ada%40shop", "not owned by user ***"),
            ("not owned by user ada@shop", "not owned by user ***"),
            ("you said s3cret\u{1b}[1m?", "you said *** [1m?"),
            ("AUTH PLAIN AGFkYUBzaG9wAHMzY3JldA== no", "AUTH PLAIN *** no"),
            (&long, &*format!("{}...", &long[..200])),
        ] {
            let port = relay_that_says(format!("553 {said}\r\n")).await;
            let mail =
                parse(&format!("smtp://ada%40shop:s3cret@localhost:{port}?tls=none")).unwrap();
            let mail = mail.connect().await.unwrap();
            let error = mail.send(message()).await.unwrap_err();
            assert_eq!(error.to_string(), format!("the server answered 553: {shown}"));
            let debug = format!("{error:?} {error:#?}");
            assert!(!debug.contains("ada") && !debug.contains("s3cret"), "{debug}");
            assert!(std::error::Error::source(&error).is_none());
            let MailError::Smtp(error) = error else { panic!("{error}") };
            assert_eq!((error.status(), error.kind()), (Some(553), FailureKind::Other));
            assert!(error.is_permanent() && !error.is_transient());
        }
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
