//! A folder of this machine, as `Mail` and `Blobs` take it: `file:relative/folder`,
//! `file:///absolute/folder`.

use std::path::{Path, PathBuf};

use crate::error::Message;
use crate::{Adapter, ClientError, Connect, Handle, HandleError};

/// A folder, which is created. Its client is its path.
///
/// ```
/// use backing_services::adapters::folder::Folder;
/// use backing_services::{Adapter, Handle};
///
/// let folder = Folder::from_handle(&Handle::parse("file:blobs")?)?;
/// assert_eq!(format!("{folder:?}"), "Folder(file:blobs)");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Adapter, Clone)]
#[adapter(name = "a folder", schemes("file"), example = "file:///var/spool/shop", check, debug)]
pub struct Folder {
    #[handle]
    handle: Handle,
    /// The folder: an absolute one behind `file://`, one below where the app runs behind `file:`.
    #[handle(file)]
    path: PathBuf,
}

impl Folder {
    fn check(&self) -> Result<(), HandleError> {
        if self.path == Path::new("/") {
            return Err(HandleError::new("the handle names no folder")
                .with_help("write `file:relative/folder` or `file:///absolute/folder`"));
        }
        Ok(())
    }
}

impl Connect for Folder {
    type Client = PathBuf;

    async fn connect(&self) -> Result<PathBuf, ClientError> {
        let created = tokio::fs::create_dir_all(&self.path).await;
        created.map(|()| self.path.clone()).map_err(|error| folder_cause(&error))
    }
}

/// Why a folder takes no files.
pub(super) fn folder_cause(error: &std::io::Error) -> ClientError {
    let reason = crate::file::reason(error);
    ClientError::new(Message::ours(format_args!("the folder cannot be written: {reason}")))
        .with_kind(ClientError::root_cause(error).kind())
        .with_help("check that the path exists and who may write there")
}
