//! Files that hold a value.

use std::path::Path;

use crate::file;

/// The text of a file, or why there is none.
pub(super) enum Trouble {
    /// It cannot be read, for this reason.
    Unreadable(String),
    NotUtf8,
}

pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    let bytes = file::read(path, file::LIMIT)
        .map_err(|trouble| Trouble::Unreadable(trouble.to_string()))?;
    String::from_utf8(bytes).map_err(|_| Trouble::NotUtf8)
}
