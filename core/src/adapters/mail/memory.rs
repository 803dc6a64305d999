//! Mail that goes nowhere.

use super::transport::MailTransport;
use crate::error::ClientError;
use crate::handle::Handle;
use crate::{Adapter, Connect};

/// Mail that goes nowhere: the last 1000 messages are kept in memory, for
/// [`MailTransport::sent`](super::MailTransport::sent).
///
/// ```
/// use backing_services::adapters::mail::Memory;
/// use backing_services::{Adapter, Handle};
///
/// let memory = Memory::from_handle(&Handle::parse("memory:")?)?;
/// assert_eq!(format!("{memory:?}"), "Memory(memory:)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(name = "memory", schemes("memory", "null"), example = "null://null", loopback, debug)]
pub struct Memory {
    #[handle]
    handle: Handle,
}

impl Memory {
    /// The host of `null://null` is none.
    #[allow(clippy::unused_self, reason = "the derive calls it with one")]
    fn loopback(&self) -> bool {
        true
    }
}

impl Connect for Memory {
    type Client = MailTransport;

    async fn connect(&self) -> Result<MailTransport, ClientError> {
        Ok(MailTransport::into_memory())
    }
}
