//! The derive of `BackingServices`.

mod attr;
mod check;
mod expand;
mod fallback;
mod model;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use self::model::Model;
use crate::errors::Errors;

#[cfg(test)]
pub(crate) const KEYS: &[crate::attr::Attribute] =
    &[attr::keys::SERVICES, attr::keys::SERVICE, attr::keys::SETTING];

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let model = Model::read(&errors, input);
    check::check(&errors, &model);
    let mut output = errors.finish();
    output.extend(if output.is_empty() {
        expand::output(&model)
    } else {
        fallback::output(&model)
    });
    output
}
