//! What adapters have in common.

pub(crate) use super::ending::{closed, within};
use crate::error::{ClientError, HandleError, Message};

/// What Basic authentication cannot send: the first colon ends the user name.
pub(crate) fn refuse_colon(user: &str) -> Result<(), HandleError> {
    if user.contains(':') {
        return Err(HandleError::new("a `:` stands in the user name")
            .with_help("Basic authentication cannot send one"));
    }
    Ok(())
}

#[cfg(feature = "_net")]
pub(crate) fn folder_cause(error: &std::io::Error) -> ClientError {
    let reason = crate::file::reason(error);
    ClientError::new(Message::ours(format_args!("the folder cannot be written: {reason}")))
        .with_kind(ClientError::root_cause(error).kind())
        .with_help("check that the path exists and who may write there")
}
