//! What adapters have in common: what they say of a server, and for how long they wait for it.

use std::time::Duration;

use tokio::time::timeout;

use crate::error::{ClientError, HandleError, Message};
use crate::handle::Host;

/// What Basic authentication cannot send: the first colon ends the user name.
pub(crate) fn refuse_colon(user: &str) -> Result<(), HandleError> {
    if user.contains(':') {
        return Err(HandleError::new("a `:` stands in the user name")
            .with_help("Basic authentication cannot send one"));
    }
    Ok(())
}

/// Other tools write `postmark://TOKEN@default` where the host goes without saying.
pub(crate) fn refuse_bare_host(host: &Host) -> Result<(), HandleError> {
    if host.is_loopback() || host.name().contains(['.', ':']) {
        return Ok(());
    }
    Err(HandleError::new("the host is a name without a dot")
        .with_help("write `postmark://SERVER_TOKEN@api.postmarkapp.com`"))
}

/// What a client says after `close`.
pub(crate) fn closed() -> ClientError {
    ClientError::new("the client is closed")
}

/// A ping of a server that went silent ends with an error.
pub(crate) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(ClientError::no_answer(limit)))
}

#[cfg(feature = "_net")]
pub(crate) fn folder_cause(error: &std::io::Error) -> ClientError {
    let reason = crate::file::reason(error);
    ClientError::new(Message::ours(format_args!("the folder cannot be written: {reason}")))
        .with_kind(ClientError::root_cause(error).kind())
        .with_help("check that the path exists and who may write there")
}
