//! `$CREDENTIALS_DIRECTORY/DB_URL`: a file a credential, as systemd hands them out.
//!
//! <https://systemd.io/CREDENTIALS/>

use std::path::Path;

use super::ask::Ask;
use super::layer::View;
use super::text::{self, Trouble};
use super::{Found, Origin, Unreadable};

pub(super) const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

pub(super) fn find<'e>(
    view: &View<'e>,
    _: &Ask<'_>,
    name: &str,
) -> Result<Option<Found<'e>>, Unreadable> {
    let Some((layer, directory)) = view.get_any(DIRECTORY) else { return Ok(None) };
    let path = Path::new(layer.raw(DIRECTORY, directory)?).join(name);
    // A dangling link is there, and told.
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let origin = Origin::Credential { name: name.into() };
    match text::read(&path) {
        Ok(value) if value.trim_end_matches(['\r', '\n']).is_empty() => Ok(None),
        Ok(value) => Ok(Some(Found { value: value.into(), origin })),
        Err(trouble) => {
            let message = match trouble {
                Trouble::Unreadable(reason) => {
                    format!("the credential `{name}` cannot be read: {reason}")
                }
                Trouble::NotUtf8 => format!("the credential `{name}` is not UTF-8"),
            };
            let help =
                format!("load a file of text as `{name}`, for example with `LoadCredential`");
            Err(Unreadable::at(origin, message, help))
        }
    }
}
