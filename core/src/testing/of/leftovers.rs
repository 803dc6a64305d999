//! What tests have left in a folder.

use std::io;
use std::path::Path;

use crate::ClientError;
use crate::testing::is_leftover;

/// Deletes what tests have left in a folder.
pub(super) fn delete_leftovers(
    folder: &Path,
    delete: impl Fn(&Path) -> io::Result<()>,
) -> Result<(), ClientError> {
    // Nothing is left over in a folder that is not there.
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_leftover) {
            delete(&entry.path()).map_err(ClientError::caused_by)?;
        }
    }
    Ok(())
}
