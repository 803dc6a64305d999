//! Constants that fail while the user's crate is checked: what only the types know, and what the grammar of
//! handles says. Each stands under the tokens that must change.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::super::attr::Part;
use super::super::model::{Field, Kind, Model};
use super::variants;
use crate::types;

pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    match &model.kind {
        Kind::Struct { fields } => {
            let durations = fields.iter().filter_map(|field| duration(model, field));
            let example = example(model);
            quote!(#example #(#durations)*)
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
    let schemes = model.container.schemes();
    let arguments = quote!(#name, &[#(#schemes),*], #literal);
    Some(types::check(krate, "check_own_example", arguments, [literal.span(); 2]))
}

/// The default of a parameter that is a duration.
fn duration(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let Part::Param { name, default: Some(default) } = &field.part else { return None };
    let ty = field.ty.to_token_stream().to_string();
    let ty = ty.replace(' ', "");
    let known = ["Duration", "std::time::Duration", "core::time::Duration"];
    if !known.contains(&ty.trim_start_matches("::")) {
        return None;
    }
    let arguments = quote!(#name, #default);
    Some(types::check(&model.krate, "check_duration", arguments, [default.span(); 2]))
}
