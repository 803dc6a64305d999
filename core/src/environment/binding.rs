//! Kubernetes service bindings: a folder a binding, a file an entry, below `$SERVICE_BINDING_ROOT`.
//!
//! <https://servicebinding.io/spec/core/1.1.0/#workload-projection>

use std::fs;
use std::path::Path;

use super::bindings::{Bindings, Bound};
use super::value_file::{self, Trouble};
use super::{Environment, Origin, Unreadable};
use crate::file::reason;
use crate::handle::grammar::without_final_newline;

const ROOT: &str = "SERVICE_BINDING_ROOT";

/// What is no word of any service.
const OWN: &[&str] = &[
    "type",
    "provider",
    "uri",
    "url",
    "certificates",
    "private-key",
    "jdbc-url",
    "jdbcurl",
    "r2dbc-uri",
    "label",
    "plan",
    "tags",
    "instance-name",
    "instance-guid",
    "binding-name",
    "binding-guid",
    "database-uri",
    "admin-username",
    "admin-password",
    "default-user.conf",
    "connection-string",
];

pub(super) fn read(environment: &Environment, broken: &mut Vec<Unreadable>) -> Bindings {
    let mut bindings = Bindings {
        noun: "service binding",
        own: OWN,
        kinds_go_on: false,
        schemes_tell: false,
        all: Vec::new(),
    };
    let Some((layer, root)) = environment.find(ROOT) else { return bindings };
    let origin = layer.origin(ROOT.into(), root);
    let root = match layer.raw(ROOT, root) {
        Ok(root) => Path::new(root),
        Err(unreadable) => {
            broken.push(unreadable);
            return bindings;
        }
    };
    let folders = match folders(root) {
        Ok(folders) => folders,
        Err(reason) => {
            broken.push(Unreadable::at(
                origin,
                format!("the folder cannot be read: {reason}"),
                "set it to the folder that holds a folder for each service binding",
            ));
            return bindings;
        }
    };
    for name in folders {
        let folder = root.join(&name);
        // A folder without a type is no binding.
        if folder.join("type").symlink_metadata().is_ok() {
            bindings.all.push(bound(name, &folder));
        }
    }
    bindings
}

/// Mounted volumes keep their data behind links in folders such as `..data`.
fn folders(root: &Path) -> Result<Vec<String>, String> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(|error| reason(&error))? {
        let entry = entry.map_err(|error| reason(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_dir() {
            folders.push(name);
        }
    }
    folders.sort();
    Ok(folders)
}

fn bound(name: String, folder: &Path) -> Bound {
    let mut bound = Bound {
        origin: Origin::Binding { name: name.as_str().into() },
        names: vec![name],
        kinds: Vec::new(),
        handles: Vec::new(),
        entries: Vec::new(),
        certificates: None,
        wrong: None,
    };
    let Ok(entries) = fs::read_dir(folder) else { return bound };
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.into_iter().filter(|name| !name.starts_with('.')) {
        let path = folder.join(&name);
        match name.as_str() {
            "certificates" => bound.certificates = Some(path.to_string_lossy().into_owned()),
            // Cloud Foundry's layout writes the name of the binding there.
            "provider" | "private-key" | "name" => {}
            _ => match value_file::read(&path) {
                Ok(text) => {
                    let text = without_final_newline(&text).to_owned();
                    match name.as_str() {
                        "type" => bound.kinds.push(text),
                        "uri" | "url" if !text.is_empty() => bound.handles.push(text),
                        _ if text.is_empty() => {}
                        _ => bound.entries.push((name, text)),
                    }
                }
                // An entry nobody reads may be anything.
                Err(_) if !is_read(&name) => {}
                Err(trouble) => {
                    let what = match trouble {
                        Trouble::Unreadable(reason) => {
                            format!("its entry `{name}` cannot be read: {reason}")
                        }
                        Trouble::NotUtf8 => format!("its entry `{name}` is not UTF-8"),
                    };
                    bound.wrong = Some((what, format!("bind it again with a text as `{name}`")));
                }
            },
        }
    }
    bound
}

/// The entries that the specification knows.
fn is_read(name: &str) -> bool {
    ["type", "uri", "url", "host", "port", "username", "password", "database", "virtual-host"]
        .contains(&name)
}
