//! What was sent to nowhere.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use lettre::address::Envelope;

/// A test looks at its last messages, and a program that forgets none would grow for ever.
const KEPT: usize = 1000;

/// A message that was kept in memory.
///
/// ```
/// use backing_services::adapters::mail::MailTransport;
///
/// fn sent_to(mail: &MailTransport, address: &str) -> bool {
///     let mut sent = mail.sent().into_iter();
///     sent.any(|sent| sent.envelope.to().iter().any(|to| to.to_string() == address))
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMail {
    /// From whom and to whom.
    pub envelope: Envelope,
    /// The message, header and body.
    pub raw: Vec<u8>,
}

impl SentMail {
    /// The message as text.
    ///
    /// ```
    /// use backing_services::adapters::mail::SentMail;
    ///
    /// fn is_receipt(sent: &SentMail) -> bool {
    ///     sent.text().contains("Subject: Your order")
    /// }
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }
}

impl fmt::Debug for SentMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SentMail").field(&self.text()).finish()
    }
}

/// What the clones of one client share.
#[derive(Default)]
pub(super) struct Sent(Mutex<VecDeque<SentMail>>);

impl Sent {
    pub(super) fn keep(&self, envelope: Envelope, raw: Vec<u8>) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() == KEPT {
            sent.pop_front();
        }
        sent.push_back(SentMail { envelope, raw });
    }

    pub(super) fn all(&self) -> Vec<SentMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
