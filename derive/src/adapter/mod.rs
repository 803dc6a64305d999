//! The derives of `Adapter` and of what adapters are made from: `Parameters` and `Word`.

mod attr;
mod check;
mod expand;
mod fallback;
mod model;
pub(crate) mod parameters;
pub(crate) mod word;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use self::model::Model;
use crate::errors::Errors;

#[cfg(test)]
pub(crate) const KEYS: &[crate::attr::Attribute] = &[attr::keys::ADAPTER, attr::keys::HANDLE];

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
