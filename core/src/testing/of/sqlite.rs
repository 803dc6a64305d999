//! A file of its own, among those for temporary files.

use std::io;
use std::path::{Path, PathBuf};

use super::leftovers::delete_leftovers;
use super::pool;
use crate::handle::HandleBuilder;
use crate::testing::slots::folder;
use crate::testing::{Isolate, Migrations, Own, Template, Test};
use crate::{Adapter as _, ClientError, Sqlite};

/// What SQLite puts beside a file while it is used.
const BESIDE: [&str; 3] = ["-journal", "-shm", "-wal"];

impl Isolate for Sqlite {
    async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
        if is_in_memory(self) {
            // Each pool has a database of its own.
            return Ok(Own::gone_by_itself(self.clone()));
        }
        let path = files()?.join(format!("{}.db", test.name()));
        if let Some(template) = test.template() {
            let template = find(template)?.ok_or_else(gone)?;
            std::fs::copy(template, &path).map_err(ClientError::caused_by)?;
        }
        let file = path.to_str().unwrap_or_default().to_owned();
        let own = test.adapter(self, |handle| {
            let dropped = |name: &str| matches!(name, "mode" | "immutable");
            let handle: HandleBuilder = handle.without_params(dropped);
            pool::small::<Self>(self.handle(), handle.path(file)).param("mode", "rwc")
        })?;
        let what = format!("the file `{}`", path.display());
        Ok(Own::new(own, what)
            .removed_by(async move { delete(&path).map_err(ClientError::caused_by) }))
    }

    async fn sweep(&self) -> Result<(), ClientError> {
        delete_leftovers(&files()?, delete)
    }

    fn migrations(&self) -> Migrations {
        if is_in_memory(self) { Migrations::Each } else { Migrations::Once }
    }

    async fn has_template(&self, template: &Template) -> Result<bool, ClientError> {
        Ok(find(template)?.is_some())
    }

    async fn keep_as_template(&self, own: &Self, template: &Template) -> Result<(), ClientError> {
        let kept = files()?.join(format!("{}.db", template.new_name()));
        // Its pool is closed, so that nothing of it is in a file beside it.
        std::fs::rename(own.handle().path_decoded(), kept).map_err(ClientError::caused_by)
    }
}

fn is_in_memory(sqlite: &Sqlite) -> bool {
    let handle = sqlite.handle();
    handle.path_decoded().trim_start_matches('/') == ":memory:"
        || handle.query().any(|(name, value)| name == "mode" && value == "memory")
}

/// Beside those of other users' tests, and of each test.
fn files() -> Result<PathBuf, ClientError> {
    folder().map_err(ClientError::caused_by)
}

fn find(template: &Template) -> Result<Option<PathBuf>, ClientError> {
    let entries = std::fs::read_dir(files()?).map_err(ClientError::caused_by)?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "db")
            && path
                .file_stem()
                .and_then(|name| name.to_str())
                .is_some_and(|it| template.is_called(it))
    };
    Ok(paths.find(is_it))
}

fn gone() -> ClientError {
    ClientError::new("the migrated database is gone that the test was to copy")
}

/// Deletes a database with what is beside it.
fn delete(path: &Path) -> io::Result<()> {
    let beside = BESIDE.iter().map(|suffix| {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    });
    for path in beside.chain([path.to_owned()]) {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
