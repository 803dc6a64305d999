//! The output for a type without mistakes.
//!
//! Every name is an absolute path, every local hygienic, every type of the user's beside its proof.

mod checks;
pub(crate) mod fields;
pub(crate) mod variants;
pub(crate) mod words;

use proc_macro2::TokenStream;
use quote::quote;

use super::model::{Kind, Model};

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let implementation = match &model.kind {
        Kind::Struct { fields } => fields::implementation(model, fields),
        Kind::Enum { client, variants } => variants::implementation(model, client, variants),
        Kind::Union => TokenStream::new(),
    };
    let checks = checks::constants(model);
    let client = match &model.kind {
        Kind::Enum { client, variants } if !model.container.no_client.is_set() => {
            variants::client(model, client, variants)
        }
        Kind::Enum { .. } | Kind::Struct { .. } | Kind::Union => TokenStream::new(),
    };
    quote! {
        #client

        const _: () = {
            #implementation
            #checks
        };
    }
}
