//! `X_FILE`: the path of a file that holds the handle, as Docker and Swarm hand out secrets.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Found, Origin, Unreadable};
use crate::error::ProblemKind;

/// More than any handle; a path that points at something else does not fill the memory.
const LIMIT: u64 = 64 * 1024;

/// The path itself is never shown: who puts the handle there by mistake has put a password there.
pub(super) fn read(
    name: &str,
    file_name: &str,
    path: &OsStr,
) -> Result<Option<Found<'static>>, Unreadable> {
    let origin = Origin::File { name: name.into(), file: file_name.into() };
    let unreadable = |message: String, help: String| Unreadable {
        kind: ProblemKind::Unreadable,
        origin: Some(origin.clone()),
        message,
        help,
    };
    let bytes = read_limited(Path::new(path)).map_err(|reason| {
        let help = if path.to_str().is_some_and(|path| path.contains("://")) {
            format!("`{file_name}` takes the path of a file: put a handle into `{name}`")
        } else {
            format!("set `{file_name}` to the path of a file that holds the handle")
        };
        unreadable(format!("the file that `{file_name}` names cannot be read: {reason}"), help)
    })?;
    let value = String::from_utf8(bytes).map_err(|_| {
        unreadable(
            format!("the file that `{file_name}` names is not UTF-8"),
            "write the handle into it as plain text".to_owned(),
        )
    })?;
    if value.trim_end_matches(['\r', '\n']).is_empty() {
        return Ok(None);
    }
    Ok(Some(Found { value: value.into(), origin }))
}

fn read_limited(path: &Path) -> Result<Vec<u8>, String> {
    // A pipe or a device could block for ever: look before opening.
    let metadata = std::fs::metadata(path).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| reason(&error))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("it is larger than {} KiB", LIMIT / 1024));
    }
    Ok(bytes)
}

/// Of a fixed set: the text of an `io::Error` may hold more than its kind.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}
