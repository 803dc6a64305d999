//! A folder of its own below the one that is attached.

use std::io;
use std::path::PathBuf;

use super::leftovers::delete_leftovers;
use crate::adapters::folder::Folder;
use crate::testing::{Own, Test};
use crate::{Adapter as _, ClientError};

pub(super) fn isolate(folder: &Folder, test: &Test) -> Result<Own<Folder>, ClientError> {
    let own = path(folder).join(test.name());
    let folder_of_test = own.to_str().unwrap_or_default().to_owned();
    let adapter = test.adapter(folder, |handle| handle.path(folder_of_test))?;
    let what = format!("the folder `{}`", test.name());
    Ok(Own::new(adapter, what).removed_by(async move {
        match std::fs::remove_dir_all(&own) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ClientError::caused_by(error))
            }
            _ => Ok(()),
        }
    }))
}

pub(super) fn sweep(folder: &Folder) -> Result<(), ClientError> {
    delete_leftovers(&path(folder), |path| std::fs::remove_dir_all(path))
}

/// The path as the handle has it: absolute, or below where the tests run.
fn path(folder: &Folder) -> PathBuf {
    PathBuf::from(folder.handle().path_decoded())
}
