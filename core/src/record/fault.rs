use std::fmt;

/// Why no record of a program can be used.
#[derive(Debug)]
pub(crate) struct RecordError {
    message: String,
    help: String,
}

impl RecordError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    pub(super) fn damaged() -> Self {
        Self::new(
            "the record in the program is damaged",
            "build the program again; a tool that compresses or changes programs may have harmed it",
        )
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for RecordError {}
