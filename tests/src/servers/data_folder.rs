//! A new server's data.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files a server needs to start, in memory: making them takes a second, writing them a
/// twentieth of that.
pub(super) struct DataFolder {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl DataFolder {
    /// What is in a folder now.
    pub(super) fn read(folder: &Path) -> Self {
        let mut made = Self { folders: Vec::new(), files: Vec::new() };
        made.read_inner(folder, Path::new("")).expect("the new data folder");
        made
    }

    fn read_inner(&mut self, root: &Path, inner: &Path) -> io::Result<()> {
        self.folders.push(inner.to_owned());
        for entry in fs::read_dir(root.join(inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.read_inner(root, &path)?;
            } else {
                self.files.push((path, fs::read(entry.path())?));
            }
        }
        Ok(())
    }

    /// A copy, in a folder that does not exist yet.
    pub(super) fn write(&self, to: &Path) {
        for folder in &self.folders {
            fs::create_dir(to.join(folder)).expect("a data folder");
        }
        for (path, content) in &self.files {
            fs::write(to.join(path), content).expect("a data file");
        }
    }
}
