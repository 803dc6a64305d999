//! Files that hold a value.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// More than any handle; a path that points at something else does not fill the memory.
pub(super) const LIMIT: u64 = 64 * 1024;

/// The text of a file, or why there is none.
pub(super) enum Trouble {
    /// It cannot be read, for this reason.
    Unreadable(String),
    NotUtf8,
}

pub(super) fn read(path: &Path, limit: u64) -> Result<String, Trouble> {
    let bytes = read_limited(path, limit).map_err(Trouble::Unreadable)?;
    String::from_utf8(bytes).map_err(|_| Trouble::NotUtf8)
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    // A pipe or a device could block for ever: look before opening.
    let metadata = std::fs::metadata(path).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| reason(&error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {} KiB", limit / 1024));
    }
    Ok(bytes)
}

/// Without the one newline that files end in.
pub(super) fn without_final_newline(text: &str) -> &str {
    crate::handle::grammar::without_final_newline(text)
}

/// Of a fixed set: the text of an `io::Error` may hold more than its kind.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}
