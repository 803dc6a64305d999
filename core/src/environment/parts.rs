//! `DB_HOST`, `DB_USER`, `DB_PASSWORD` ...: a handle in parts, none of them encoded.

use super::ask::Ask;
use super::layer::View;
use super::{Found, Unreadable};

pub(super) fn find<'e>(
    _: &View<'e>,
    _: &Ask<'_>,
    _: &str,
) -> Result<Option<Found<'e>>, Unreadable> {
    Ok(None)
}

pub(super) fn stray(_: &View<'_>, _: &Ask<'_>) -> Vec<String> {
    Vec::new()
}

pub(super) fn fill<'e>(
    _: &View<'e>,
    _: &Ask<'_>,
    _: &str,
    found: Found<'e>,
) -> Result<Found<'e>, Unreadable> {
    Ok(found)
}
