//! Constants that fail while the user's crate is checked: what only the types know. Each stands under
//! the tokens that must change.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::alias;
use crate::services::model::{Field, Kind, Model};
use crate::types::{self, check};

pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    let defaults = defaults(model);
    let fields = || model.fields.iter().enumerate();
    let nested = fields().filter_map(|(index, field)| nested(model, index, field));
    let example = example_lines(model);
    let examples = fields().filter_map(|(index, field)| in_example(model, index, field));
    quote!(#defaults #(#nested)* #example #(#examples)*)
}

/// The default of a service parses and has one of the adapter's schemes.
pub(crate) fn defaults(model: &Model<'_>) -> TokenStream {
    let checks = model.fields.iter().enumerate().filter_map(|(index, field)| {
        let Kind::Resource { default: Some(literal), .. } = &field.kind else { return None };
        let adapter = field.ty.to_token_stream().to_string();
        let (krate, alias) = (&model.krate, alias(index));
        let service = quote!(<#alias as #krate::__private::Describe>);
        let arguments = quote!(#adapter, #service::GRAMMAR, #literal);
        Some(check(&model.krate, "check_default", arguments, [literal.span(); 2]))
    });
    checks.collect()
}

/// No variable inside a nested struct is read by another field too.
fn nested(model: &Model<'_>, index: usize, field: &Field<'_>) -> Option<TokenStream> {
    let Kind::Nested { .. } = &field.kind else { return None };
    Some(check(&model.krate, "check_nested", quote!(&__TABLE, #index), types::ends(field.ty)))
}

/// The lines of the example file; naming the file here makes cargo notice an edit of it.
fn example_lines(model: &Model<'_>) -> Option<TokenStream> {
    let Model { krate, example, .. } = model;
    let literal = example.as_ref()?;
    let file = quote! {
        ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #literal))
    };
    let file = types::respan(file, literal.span());
    Some(quote! {
        const __EXAMPLE: &#krate::__private::core::primitive::str = #file;
        const __LINES: &[#krate::__private::Line<'_>] =
            &#krate::__private::lines::<{ #krate::__private::count_lines(__EXAMPLE) }>(__EXAMPLE);
    })
}

/// The example file names what the field reads.
fn in_example(model: &Model<'_>, index: usize, field: &Field<'_>) -> Option<TokenStream> {
    let file = model.example.as_ref()?;
    let span = match &field.kind {
        Kind::Resource { variables, .. } => variables.first()?.span,
        Kind::Setting { variable, .. } => variable.span,
        Kind::Nested { .. } | Kind::Unclear => field.ident.span(),
    };
    Some(check(&model.krate, "check_example", quote!(#file, __LINES, &__TABLE, #index), [span; 2]))
}
