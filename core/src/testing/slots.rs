//! How many tests use servers at the same time, whatever the processes: each has a pool, and a server
//! has only so many connections.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Ten pools of four connections, and as many that make and remove databases, are half of what
/// PostgreSQL takes as installed.
const AT_ONCE: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Leave to use servers, until it is dropped or the process ends, however it ends.
pub(super) struct Slot(#[expect(dead_code, reason = "it is held")] File);

/// A lock that one process has, for the making of one template.
pub(super) struct Lock {
    path: PathBuf,
    #[expect(dead_code, reason = "it is held")]
    file: File,
}

impl Slot {
    /// Waits until fewer than ten tests of this machine use servers.
    pub(super) async fn wait() -> io::Result<Self> {
        let files = (0..AT_ONCE).map(|at| open(&format!("slot-{at}"))).collect::<Result<_, _>>()?;
        first_free(files, LONGEST_WAIT).await.map(Self)
    }
}

impl Lock {
    pub(super) async fn wait(name: &str) -> io::Result<Self> {
        let path = folder()?.join(name);
        let file = first_free(vec![open(name)?], LONGEST_WAIT).await?;
        Ok(Self { path, file })
    }
}

impl Drop for Lock {
    /// Who waits for the file has it open; two that make one template make two, which does no harm.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn first_free(files: Vec<File>, limit: Duration) -> io::Result<File> {
    let free = async {
        let mut files = files;
        loop {
            for at in 0..files.len() {
                match files[at].try_lock() {
                    Ok(()) => return Ok(files.swap_remove(at)),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
            sleep(PAUSE).await;
        }
    };
    timeout(limit, free).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn open(name: &str) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder()?.join(name))
}

/// Where locks and the files of tests are: a folder of this user's among those for temporary files.
pub(crate) fn folder() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("backing-services-{}", user()));
    make(&folder)?;
    Ok(folder)
}

/// Who has built the tests: `std` does not tell who runs them.
#[cfg(unix)]
fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;

    let program = std::env::current_exe().and_then(fs::metadata);
    program.map_or_else(|_| "tests".to_owned(), |file| format!("tests-{}", file.uid()))
}

#[cfg(not(unix))]
fn user() -> String {
    "tests".to_owned()
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slot_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("slot")).unwrap();
        let first = first_free(vec![open()], LONGEST_WAIT).await.unwrap();
        let waiting = first_free(vec![open()], Duration::from_millis(50)).await;
        assert_eq!(waiting.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let second = tokio::spawn(first_free(vec![open()], LONGEST_WAIT));
        drop(first);
        second.await.unwrap().unwrap();
    }
}
