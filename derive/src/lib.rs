//! The derive of `backing-services`.

mod attr;
mod check;
mod emit;
mod errors;
mod model;
mod near;
mod stand_in;
mod types;

use proc_macro::TokenStream;
use syn::DeriveInput;

use self::errors::Errors;
use self::model::Model;

/// Stub.
#[proc_macro_derive(BackingServices, attributes(services, service, setting))]
pub fn backing_services(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let errors = Errors::new();
    let model = Model::read(&errors, &input);
    check::check(&errors, &model);
    let mut output = errors.finish();
    output.extend(if output.is_empty() { emit::output(&model) } else { stand_in::output(&model) });
    output.into()
}
