//! Where the value of a setting comes from.

use std::borrow::Cow;
use std::iter;

use super::{Environment, Found, Unreadable, credential, file};
use crate::table::join;

impl Environment {
    /// The value of a setting: in one of its variables, in the file that a variable ending in
    /// `_FILE` names, or in a systemd credential.
    pub(crate) fn setting(
        &self,
        names: &[&'static str],
        prefix: &str,
    ) -> Result<Option<Found<'_>>, Unreadable> {
        self.first(&names.iter().map(|name| join(prefix, name)))
    }

    /// The same, in this one variable.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<Found<'_>>, Unreadable> {
        self.first(&iter::once(Cow::Owned(name.to_owned())))
    }

    fn first(
        &self,
        names: &(impl Iterator<Item = Cow<'static, str>> + Clone),
    ) -> Result<Option<Found<'_>>, Unreadable> {
        for (depth, layer) in self.layers.iter().enumerate() {
            for name in names.clone() {
                let file = || format!("{name}_FILE");
                match layer.get_with(&name, "_FILE") {
                    (Some(_), Some(_)) => {
                        let why = "only one can be the value";
                        return Err(Unreadable::conflict(&name, &file(), why));
                    }
                    (Some(entry), None) => return layer.found(name, entry).map(Some),
                    (None, Some(entry)) => {
                        let file = file();
                        let path = layer.raw(&file, entry)?;
                        if let Some(found) = file::read(&name, &file, path, "the value")? {
                            return Ok(Some(found.without_newline()));
                        }
                    }
                    (None, None) => {}
                }
                if depth == 0
                    && let Some(path) = credential::path(self, &name)
                    && let Some(found) = credential::read(&name, &path)?
                {
                    return Ok(Some(found.without_newline()));
                }
            }
        }
        Ok(None)
    }
}
