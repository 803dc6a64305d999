//! Kubernetes service bindings: a folder a binding, a file an entry, below `$SERVICE_BINDING_ROOT`.
//!
//! <https://servicebinding.io/spec/core/1.1.0/#workload-projection>

use std::fs;
use std::path::Path;

use super::layer::View;
use super::offer::{Offer, Offers};
use super::text::{self, Trouble};
use super::{Origin, Unreadable};
use crate::file::reason;

pub(super) const ROOT: &str = "SERVICE_BINDING_ROOT";

pub(super) fn read(view: &View<'_>, broken: &mut Vec<Unreadable>) -> Offers {
    let mut offers = Offers { noun: "service binding", offers: Vec::new() };
    let Some((layer, root)) = view.get_any(ROOT) else { return offers };
    let origin = layer.origin(ROOT, root);
    let root = match layer.raw(ROOT, root) {
        Ok(root) => Path::new(root),
        Err(unreadable) => {
            broken.push(unreadable);
            return offers;
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
            return offers;
        }
    };
    for name in folders {
        let folder = root.join(&name);
        // A folder without a type is no binding.
        if folder.join("type").symlink_metadata().is_ok() {
            offers.offers.push(offer(name, &folder));
        }
    }
    offers
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

fn offer(name: String, folder: &Path) -> Offer {
    let mut offer = Offer {
        origin: Origin::Binding { name: name.as_str().into() },
        names: vec![name],
        kinds: Vec::new(),
        entries: Vec::new(),
        authorities: None,
        must_be_wanted: true,
        broken: None,
    };
    let Ok(entries) = fs::read_dir(folder) else { return offer };
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.into_iter().filter(|name| !name.starts_with('.')) {
        let path = folder.join(&name);
        match name.as_str() {
            "certificates" => offer.authorities = Some(path.to_string_lossy().into_owned()),
            // Cloud Foundry's layout writes the binding's name over the entry of that name.
            "provider" | "private-key" | "name" => {}
            _ => match text::read(&path) {
                Ok(text) => {
                    let text = text::without_final_newline(&text).to_owned();
                    if name == "type" {
                        offer.kinds.push(text);
                    } else if !text.is_empty() {
                        offer.entries.push((name, text));
                    }
                }
                // An entry nobody reads may be anything.
                Err(_) if !is_read(&name) => {}
                Err(trouble) => {
                    let reason = match trouble {
                        Trouble::Unreadable(reason) => format!("cannot be read: {reason}"),
                        Trouble::NotUtf8 => "is not UTF-8".to_owned(),
                    };
                    offer.broken = Some((
                        format!("its entry `{name}` {reason}"),
                        format!("bind it again with a text as `{name}`"),
                    ));
                }
            },
        }
    }
    offer
}

/// The entries that the specification knows.
fn is_read(name: &str) -> bool {
    ["type", "uri", "url", "host", "port", "username", "password", "database", "virtual-host"]
        .contains(&name)
}
