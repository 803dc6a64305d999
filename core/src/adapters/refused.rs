//! What several adapters refuse.

use crate::error::HandleError;
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
