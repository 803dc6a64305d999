//! Files as a container has them mounted.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::verdict::Usage;
use crate::environment::Environment;

/// The files of a container in a folder of their own, which nobody else can read and which is gone
/// with this value. In memory, where the machine has such a place.
#[derive(Default)]
pub(super) struct Mounts {
    folder: Option<TempDir>,
    /// The paths in the container.
    paths: Vec<String>,
}

impl Mounts {
    /// Puts a file where the container has it.
    pub(super) fn add(&mut self, path: &str, content: &[u8]) -> Result<(), Usage> {
        let path = absolute(path);
        self.write(&path, content).map_err(|error| {
            Usage(format!("a private folder for mounted files cannot be written: {}", error.kind()))
        })?;
        self.paths.push(path);
        Ok(())
    }

    fn write(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none.insert(private_folder()?),
        };
        let path = folder.path().join(path.trim_start_matches('/'));
        let mut folders = DirBuilder::new();
        folders.recursive(true);
        if let Some(parent) = path.parent() {
            folders.create(parent)?;
        }
        let mut file = OpenOptions::new();
        file.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            file.mode(0o600);
        }
        file.open(path)?.write_all(content)
    }

    /// Lets the variables that name one of the files, or a folder of them, name them where they
    /// are.
    pub(super) fn rewrite(&self, environment: &mut Environment) {
        let Some(folder) = &self.folder else { return };
        let root = folder.path().display().to_string();
        environment.map_values(|value| {
            if is_folder_of(value, &self.paths) {
                return Some(format!("{root}{}", absolute(value)));
            }
            let mut new = value.to_owned();
            for path in &self.paths {
                new = with_root(&new, path, &root);
            }
            (new != value).then_some(new)
        });
    }
}

/// In a folder for what does not outlive the session or the machine's memory, if there is one.
fn private_folder() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("backing-services-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    match builder.tempdir_in(memory) {
        Ok(folder) => Ok(folder),
        Err(_) => builder.tempdir(),
    }
}

/// A path of the container without what leads out of it.
fn absolute(path: &str) -> String {
    let mut whole = PathBuf::from("/");
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => whole.push(part),
            Component::ParentDir => {
                whole.pop();
            }
            _ => {}
        }
    }
    whole.to_string_lossy().into_owned()
}

/// Whether a value is the path of a folder in which one of the files is.
fn is_folder_of(value: &str, paths: &[String]) -> bool {
    let folder = value.trim_end_matches('/');
    folder.len() > 1
        && folder.starts_with('/')
        && paths
            .iter()
            .any(|path| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// Puts the root before a path where it stands by itself, as in `/etc/ca.pem` and
/// `mysql://db/shop?ssl-ca=/etc/ca.pem`.
fn with_root(value: &str, path: &str, root: &str) -> String {
    let mut new = String::new();
    let mut rest = value;
    while let Some(at) = rest.find(path) {
        let (before, found) = rest.split_at(at);
        let behind = &found[path.len()..];
        let begins = match before.chars().next_back() {
            None => new.is_empty(),
            Some(last) => matches!(last, '=' | ',' | ';' | ' '),
        };
        let ends = behind.chars().next().is_none_or(|next| matches!(next, '&' | ',' | ';' | ' '));
        new.push_str(before);
        if begins && ends {
            new.push_str(root);
        }
        new.push_str(path);
        rest = behind;
    }
    new + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_names_a_mounted_file_where_it_is() {
        let mut mounts = Mounts::default();
        mounts.add("/etc/db/ca.pem", b"ca").unwrap();
        mounts.add("/bindings/db/../db/uri", b"mysql://db").unwrap();
        let mut environment = Environment::from_pairs([
            ("DB_URL", "mysql://db/shop?ssl-ca=/etc/db/ca.pem&ssl-mode=verify_ca"),
            ("DB_SSL_CA", "/etc/db/ca.pem"),
            ("SERVICE_BINDING_ROOT", "/bindings"),
            ("OTHER", "/etc/db/ca.pem.old"),
            ("ROOT", "/"),
        ]);
        mounts.rewrite(&mut environment);
        let root = mounts.folder.as_ref().unwrap().path().to_owned();
        let shown = root.display();
        let of = |name: &str| environment.get(name).unwrap().to_owned();
        let url = format!("mysql://db/shop?ssl-ca={shown}/etc/db/ca.pem&ssl-mode=verify_ca");
        assert_eq!(of("DB_URL"), url);
        assert_eq!(of("DB_SSL_CA"), format!("{shown}/etc/db/ca.pem"));
        assert_eq!(of("SERVICE_BINDING_ROOT"), format!("{shown}/bindings"));
        assert_eq!((&*of("OTHER"), &*of("ROOT")), ("/etc/db/ca.pem.old", "/"));
        assert_eq!(std::fs::read(root.join("bindings/db/uri")).unwrap(), b"mysql://db");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_a_mounted_file_and_it_does_not_stay() {
        use std::os::unix::fs::PermissionsExt as _;

        let mut mounts = Mounts::default();
        mounts.add("/../../escape/file", b"secret").unwrap();
        let folder = mounts.folder.as_ref().unwrap().path().to_owned();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("escape/file")), 0o600);
        drop(mounts);
        assert!(!folder.exists());
    }
}
