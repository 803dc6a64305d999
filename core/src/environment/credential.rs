//! `$CREDENTIALS_DIRECTORY/DB_URL`: a file a credential, as systemd hands them out.
//!
//! <https://systemd.io/CREDENTIALS/>

use std::path::{Path, PathBuf};

use super::value_file::{self, Trouble};
use super::{Environment, Found, Origin, Unreadable};

const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The folder that the process's environment names, or what is wrong with the variable.
pub(super) fn folder(environment: &Environment) -> Result<Option<&Path>, Unreadable> {
    let Some((layer, entry)) = environment.find(DIRECTORY) else { return Ok(None) };
    layer.raw(DIRECTORY, entry).map(|path| Some(Path::new(path)))
}

/// The names in it, in the alphabet's order.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The path of the credential of this name, if there is one.
pub(super) fn path(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = folder(environment).ok()??.join(name);
    // A dangling link is there, and reported.
    path.symlink_metadata().is_ok().then_some(path)
}

pub(super) fn read(name: &str, path: &Path) -> Result<Option<Found<'static>>, Unreadable> {
    let origin = Origin::Credential { name: name.into() };
    match value_file::read(path) {
        Ok(value) if value.trim_end_matches(['\r', '\n']).is_empty() => Ok(None),
        Ok(value) => Ok(Some(Found { value: value.into(), origin })),
        Err(trouble) => {
            let message = match trouble {
                Trouble::Unreadable(reason) => {
                    format!("the credential `{name}` cannot be read: {reason}")
                }
                Trouble::NotUtf8 => format!("the credential `{name}` is not UTF-8"),
            };
            let help =
                format!("load a file of text as `{name}`, for example with `LoadCredential`");
            Err(Unreadable::at(origin, message, help))
        }
    }
}
