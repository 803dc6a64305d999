//! The executables of the servers.

use std::env;
use std::path::{Path, PathBuf};

/// Where Debian puts servers; a user's `PATH` often lacks the first.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/lib/postfix/sbin", "/usr/libexec/postfix"];

/// The path of `program`.
///
/// # Panics
///
/// When it is not installed: a test that needs it fails, with what to do.
#[expect(clippy::disallowed_methods, reason = "PATH is no setting of the library under test")]
pub(crate) fn find(program: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| Path::is_file(file))
        .unwrap_or_else(|| missing(program, package))
}

/// A program that is not the one of its name in `PATH`.
///
/// # Panics
///
/// As [`find`].
pub(super) fn find_at(path: &str, package: &str) -> PathBuf {
    let file = PathBuf::from(path);
    if file.is_file() { file } else { missing(path, package) }
}

fn missing(program: &str, package: &str) -> ! {
    panic!("{program} is not installed: run tests/run.sh, which installs the package {package}")
}
