//! `DB_URL` itself; .NET Aspire calls it `DB_URI`.

use super::ask::{Ask, stem};
use super::layer::View;
use super::{Found, Unreadable};

pub(super) fn find<'e>(
    view: &View<'e>,
    _: &Ask<'_>,
    name: &str,
) -> Result<Option<Found<'e>>, Unreadable> {
    if let Some((layer, entry)) = view.get(name) {
        if view.may_have(&[name, "_FILE"]) {
            let file_name = format!("{name}_FILE");
            if view.get(&file_name).is_some() {
                return Err(Unreadable::conflict(name, &file_name, "only one can be the handle"));
            }
        }
        return layer.found(name, entry).map(Some);
    }
    let stem = stem(name);
    if stem.len() == name.len() {
        return Ok(None);
    }
    let uri = format!("{stem}_URI");
    match view.get(&uri) {
        Some((layer, entry)) => layer.found(&uri, entry).map(Some),
        None => Ok(None),
    }
}
