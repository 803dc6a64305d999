//! The client of every adapter of mail.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::runtime;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{MailError, SmtpError};
use super::sent::{Sent, SentMail};
use crate::adapters::CONNECT_TIMEOUT;
use crate::adapters::ending::within;
use crate::adapters::folder::folder_cause;
use crate::adapters::smtp::answers;
use crate::error::{ClientError, Secrets};

/// Sends mail wherever the handle of a [`Mail`](super::Mail) field says.
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
    Memory(Arc<Sent>),
}

impl MailTransport {
    pub(super) fn over_smtp(
        builder: AsyncSmtpTransportBuilder,
        timeout: Duration,
        user: Option<&str>,
        password: Option<&str>,
    ) -> Self {
        let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
        let secrets = Secrets::default().with(user).with(password).with_login(user, password);
        Self(Transport::Smtp(Arc::new(Relay::new(builder, timeout, secrets))))
    }

    pub(super) fn into_folder(path: PathBuf) -> Self {
        let transport = AsyncFileTransport::new(&path);
        Self(Transport::Folder { path, transport })
    }

    pub(super) fn into_memory() -> Self {
        Self(Transport::Memory(Arc::default()))
    }

    /// What was sent through this client and its clones, the oldest first, if the handle was
    /// `memory:`. Of more than 1000 messages those are the last.
    ///
    /// ```
    /// use backing_services::{Adapter, Connect, Handle, Mail};
    /// use lettre::{AsyncTransport, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mail = Mail::from_handle(&Handle::parse("memory:")?)?.connect().await?;
    /// let message = Message::builder().from("shop@example.com".parse()?);
    /// let message = message.to("ada@example.com".parse()?).body(String::from("Thank you."))?;
    /// mail.send(message).await?;
    /// assert!(mail.sent()[0].text().contains("Thank you."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sent(&self) -> Vec<SentMail> {
        match &self.0 {
            Transport::Memory(sent) => sent.all(),
            Transport::Smtp(_) | Transport::Folder { .. } => Vec::new(),
        }
    }

    /// What lettre was told.
    #[cfg(test)]
    pub(super) fn told(&self) -> String {
        match &self.0 {
            Transport::Smtp(relay) => format!("{:?}", relay.builder),
            Transport::Folder { .. } | Transport::Memory(_) => String::new(),
        }
    }

    pub(super) async fn answers(&self) -> Result<(), ClientError> {
        match &self.0 {
            Transport::Smtp(relay) => {
                let answer =
                    relay.within(CONNECT_TIMEOUT, |smtp| async move { answers(&smtp).await }).await;
                answer.unwrap_or_else(|_| Err(ClientError::no_answer(CONNECT_TIMEOUT)))
            }
            Transport::Folder { path, .. } => within(CONNECT_TIMEOUT, is_writable(path)).await,
            Transport::Memory(_) => Ok(()),
        }
    }
}

/// The pool of connections to a relay. It is replaced whenever one of them was left in the middle
/// of something: `lettre` would use that connection again, and take late answers for those to the
/// next message.
struct Relay {
    builder: AsyncSmtpTransportBuilder,
    timeout: Duration,
    secrets: Secrets,
    pool: Mutex<Pool>,
}

struct Pool {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    generation: u64,
    closed: bool,
}

impl Relay {
    fn new(builder: AsyncSmtpTransportBuilder, timeout: Duration, secrets: Secrets) -> Self {
        let smtp = builder.clone().build();
        let pool = Mutex::new(Pool { smtp, generation: 0, closed: false });
        Self { builder, timeout, secrets, pool }
    }

    /// What `talk` comes to, within the timeout.
    async fn within<T, F>(
        self: &Arc<Self>,
        limit: Duration,
        talk: impl FnOnce(AsyncSmtpTransport<Tokio1Executor>) -> F,
    ) -> Result<T, MailError>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (smtp, generation) = self.current();
        let mut conversation = Conversation {
            talking: Some(Box::pin(talk(smtp.clone()))),
            deadline: Instant::now() + limit,
            limit,
            relay: Arc::clone(self),
            smtp,
            generation,
            runtime: runtime::Handle::current(),
        };
        conversation.end().await.ok_or(MailError::Timeout(limit))
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

/// What goes on over one connection, on the task of the app. Its connection is not to be lost
/// halfway: when it is dropped there, a task of its own takes over.
struct Conversation<F: Future + Send + 'static> {
    /// `None` once it has ended.
    talking: Option<Pin<Box<F>>>,
    deadline: Instant,
    limit: Duration,
    relay: Arc<Relay>,
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    generation: u64,
    runtime: runtime::Handle,
}

impl<F: Future + Send + 'static> Conversation<F> {
    /// `None` if the timeout comes first, or it has ended already.
    async fn end(&mut self) -> Option<F::Output> {
        let answer = timeout_at(self.deadline, self.talking.as_mut()?).await.ok();
        if answer.is_some() {
            self.talking = None;
        }
        answer
    }
}

impl<F: Future + Send + 'static> Drop for Conversation<F> {
    fn drop(&mut self) {
        let Some(mut talking) = self.talking.take() else { return };
        let (deadline, limit) = (self.deadline, self.limit);
        let (relay, generation) = (Arc::clone(&self.relay), self.generation);
        let smtp = self.smtp.clone();
        // What `lettre` drops spawns a task, for which it must be inside of a runtime.
        let _inside = self.runtime.enter();
        if deadline <= Instant::now() {
            relay.replace(generation);
        }
        tokio::spawn(async move {
            if timeout_at(deadline, &mut talking).await.is_err() {
                relay.replace(generation);
                // The pool gives out nothing and takes nothing back once this has begun.
                let _ = timeout(limit, smtp.shutdown()).await;
            }
            drop(talking);
        });
    }
}

/// A folder answers when a file can be made in it.
async fn is_writable(folder: &Path) -> Result<(), ClientError> {
    let probe = folder.join(format!(".{}.probe", std::process::id()));
    tokio::fs::write(&probe, b"").await.map_err(|error| folder_cause(&error))?;
    match tokio::fs::remove_file(&probe).await {
        // Another ping had the same probe: of this process, or of one elsewhere that shares the
        // folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| folder_cause(&error)),
    }
}

impl AsyncTransport for MailTransport {
    /// What the server answered, or the name of the file without `.eml`, or that it is kept in
    /// memory.
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
                        .map_err(|error| MailError::Smtp(SmtpError::new(&error, &relay.secrets)))?;
                    Ok(answer.message().collect::<Vec<_>>().join(" "))
                }
                Transport::Folder { transport, .. } => {
                    transport.send_raw(envelope, email).await.map_err(MailError::File)
                }
                Transport::Memory(sent) => {
                    sent.keep(envelope.clone(), email.to_vec());
                    Ok("kept in memory".to_owned())
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
                Transport::Memory(_) => {}
            }
        })
    }
}

impl fmt::Debug for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Transport::Smtp(_) => f.write_str("MailTransport(SMTP)"),
            Transport::Folder { path, .. } => write!(f, "MailTransport(file:{})", path.display()),
            Transport::Memory(_) => f.write_str("MailTransport(memory:)"),
        }
    }
}
