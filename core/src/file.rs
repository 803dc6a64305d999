//! The one reader of files: it never waits for one, and never reads more than a limit.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// No handle, `.env` file or list of bound services is longer; a path that names something else
/// does not fill the memory.
pub(crate) const LIMIT: u64 = 1024 * 1024;

/// Why a file cannot be read. `Display` holds nothing of its path and of its content.
#[derive(Debug)]
pub(crate) enum Trouble {
    Io(io::Error),
    NotRegular,
    TooLarge { limit: u64 },
}

pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Trouble> {
    // To open a device may already do something, so the path is looked at first. A pipe may take
    // its place before it is opened, so the open file is looked at again.
    if !std::fs::metadata(path).map_err(Trouble::Io)?.is_file() {
        return Err(Trouble::NotRegular);
    }
    let file = open(path).map_err(Trouble::Io)?;
    if !file.metadata().map_err(Trouble::Io)?.is_file() {
        return Err(Trouble::NotRegular);
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Trouble::Io)?;
    if bytes.len() as u64 > limit { Err(Trouble::TooLarge { limit }) } else { Ok(bytes) }
}

/// Opens without waiting for the other end of a pipe. For a regular file the flag means nothing.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// `O_NONBLOCK` of `fcntl.h`, which the standard library does not name: that of Linux, else that of
/// macOS and the BSDs. Where it has another number these open a file as ever, and the first look
/// must do.
#[cfg(unix)]
const NONBLOCK: i32 =
    if cfg!(any(target_os = "linux", target_os = "android")) { 0o4000 } else { 0x0004 };

impl Trouble {
    /// Whether there is no such file at all.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&reason(error)),
            Self::NotRegular => f.write_str("it is not a regular file"),
            Self::TooLarge { limit } => write!(f, "it is larger than {} KiB", limit / 1024),
        }
    }
}

/// Of a fixed set: the text of an `io::Error` may hold more than its kind.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn trouble(path: &Path, limit: u64) -> String {
        read(path, limit).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_at_most_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(read(&path, 4).unwrap_err().is_missing());
        assert_eq!(trouble(&path, 4), "there is no such file");
        fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        fs::write(&path, "12345").unwrap();
        assert_eq!(trouble(&path, 4), "it is larger than 0 KiB");
        assert_eq!(trouble(folder.path(), 4), "it is not a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_file_and_is_not_waited_for() {
        use std::os::unix::fs::FileTypeExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(trouble(&path, 4), "it is not a regular file");
        // As when the pipe takes the file's place after the first look.
        assert!(open(&path).unwrap().metadata().unwrap().file_type().is_fifo());
    }
}
