//! `DB_URL_FILE`: the path of a file that holds a value, as Docker and Swarm hand out secrets.

use std::ffi::OsStr;
use std::path::Path;

use super::value_file::{self, Trouble};
use super::{Found, Origin, Unreadable};

/// The path itself is never shown: who puts the handle there by mistake has put a password there.
pub(super) fn read(
    name: &str,
    file_name: &str,
    path: &OsStr,
    what: &str,
) -> Result<Option<Found<'static>>, Unreadable> {
    let origin = Origin::File { name: name.into(), file: file_name.into() };
    let value = match value_file::read(Path::new(path)) {
        Ok(value) => value,
        Err(Trouble::Unreadable(reason)) => {
            let help = if path.to_str().is_some_and(|path| path.contains("://")) {
                format!("`{file_name}` takes the path of a file: put a handle into `{name}`")
            } else {
                format!("set `{file_name}` to the path of a file that holds {what}")
            };
            let message = format!("the file that `{file_name}` names cannot be read: {reason}");
            return Err(Unreadable::at(origin, message, help));
        }
        Err(Trouble::NotUtf8) => {
            let message = format!("the file that `{file_name}` names is not UTF-8");
            let help = format!("write {what} into it as plain text");
            return Err(Unreadable::at(origin, message, help));
        }
    };
    if value.trim_end_matches(['\r', '\n']).is_empty() {
        return Ok(None);
    }
    Ok(Some(Found { value: value.into(), origin }))
}
