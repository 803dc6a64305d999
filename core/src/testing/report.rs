//! Why a test could not begin.

use std::{fmt, io};

use crate::error::{ConnectError, LoadError};
use crate::file;

/// The text of a report. No secret is in it.
pub struct Report(String);

impl Report {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The folder in which tests wait for each other cannot be used.
    pub(super) fn no_place(error: &io::Error) -> Self {
        let reason = file::reason(error);
        Self::new(format!("the folder for temporary files cannot be used: {reason}"))
    }
}

impl From<LoadError> for Report {
    fn from(error: LoadError) -> Self {
        Self(error.to_string())
    }
}

impl From<ConnectError> for Report {
    fn from(error: ConnectError) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
