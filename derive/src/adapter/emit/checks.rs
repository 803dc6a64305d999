//! Constants that fail while the user's crate is checked: what only the types know, and what the
//! grammar of handles says. Each stands under the tokens that must change.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::{Kind, Model};
use super::{variants, words};
use crate::types;

pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    match &model.kind {
        Kind::Struct { fields } => {
            let defaults = words::checks(&model.krate, fields);
            let example = example(model);
            quote!(#example #defaults)
        }
        Kind::Enum { variants, .. } => {
            let (krate, name) = (&model.krate, &model.name);
            let names: Vec<_> = variants.iter().map(|variant| &variant.name).collect();
            let schemes = variants::schemes(model, variants);
            // The first has nobody before it.
            let checks = variants.iter().enumerate().skip(1).map(|(index, variant)| {
                let arguments = quote!(#name, &[#(#names),*], #schemes, #index);
                types::check(krate, "check_variant", arguments, [variant.ident.span(); 2])
            });
            checks.collect()
        }
        Kind::Union => TokenStream::new(),
    }
}

/// The example parses and has one of the schemes.
fn example(model: &Model<'_>) -> Option<TokenStream> {
    let (krate, name) = (&model.krate, &model.name);
    let literal = model.container.example.text()?;
    let arguments = quote!(#name, __GRAMMAR.schemes(), #literal);
    Some(types::check(krate, "check_own_example", arguments, [literal.span(); 2]))
}
