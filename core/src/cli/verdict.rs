//! What becomes of a command.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// What a command has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Good,
    Problems,
    /// The process was asked to end.
    Stopped,
}

impl Verdict {
    pub(super) fn of(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Problems }
    }

    pub(super) fn code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::Problems => ExitCode::from(1),
            // As a shell tells that a process was interrupted.
            Self::Stopped => ExitCode::from(130),
        }
    }
}

/// What keeps a command from being carried out as it was given.
#[derive(Debug)]
pub(crate) struct Usage(pub(super) String);

impl Usage {
    /// A file or folder that an option names, and what is wrong with it.
    pub(super) fn new(option: &str, path: &Path, reason: impl fmt::Display) -> Self {
        Self(format!("{option} {}: {reason}", path.display()))
    }

    pub(super) const CODE: u8 = 2;
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
