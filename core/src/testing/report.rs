//! Why a test could not begin.

use std::fmt;

use crate::error::{ConnectError, LoadError};

/// The text of a report. No secret is in it.
pub struct Report(String);

impl Report {
    pub(super) fn new(text: String) -> Self {
        Self(text)
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
