//! Texts that name something in the user's code.

use syn::{Ident, LitStr, Path, parse_quote};

use super::Cell;
use crate::errors::Errors;

/// Where the crate lives, as the key `crate` says.
pub(crate) fn krate(errors: &Errors, cell: &Cell) -> Path {
    let given = cell.text().and_then(|text| {
        let path = text.parse_with(Path::parse_mod_style).ok();
        if path.is_none() {
            let message = format!("`{}` is not a path", text.value());
            let help = "write where the crate lives, such as `crate::reexports::backing_services`";
            errors.on(text, message, help);
        }
        path
    });
    given.unwrap_or_else(|| parse_quote!(::backing_services))
}

/// The name of a type that the output declares.
pub(crate) fn type_name(errors: &Errors, text: &LitStr, help: &str) -> Option<Ident> {
    let ident = text.parse().ok();
    if ident.is_none() {
        errors.on(text, format!("`{}` is not the name of a type", text.value()), help);
    }
    ident
}
