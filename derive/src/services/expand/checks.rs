//! Constants that fail while the user's crate is checked: what only the types know. Each stands
//! under the tokens that must change.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::field_types::alias;
use crate::services::attr::Param;
use crate::services::model::{Field, Kind, Model, Resource};
use crate::types::{self, check};

pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    let defaults = defaults(model);
    let fields = || model.fields.iter().enumerate();
    let nested = fields().filter_map(|(index, field)| nested(model, index, field));
    let shared = fields().filter_map(|(index, field)| shared(model, index, field));
    let example = example_lines(model);
    let examples = fields().filter_map(|(index, field)| in_example(model, index, field));
    quote!(#defaults #(#nested)* #(#shared)* #example #(#examples)*)
}

/// What the attributes give in the place of an environment has the form that is read: the default
/// of a service, and its parameters, and the default of a setting.
pub(crate) fn defaults(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let (mut checks, mut of_settings) = (TokenStream::new(), TokenStream::new());
    for (index, field) in model.fields.iter().enumerate() {
        match &field.kind {
            Kind::Resource(resource) => checks.extend(of_service(model, index, field, resource)),
            Kind::Setting { default: Some(literal), .. } => {
                let (ty, name) = (field.ty, &field.name);
                let kind = quote!(#krate::__private::DefaultOf::<#ty>::KIND);
                let arguments = quote!(#name, #kind, #literal);
                of_settings.extend(check(krate, "check_setting", arguments, [literal.span(); 2]));
            }
            Kind::Setting { default: None, .. }
            | Kind::Flatten { .. }
            | Kind::Nested { .. }
            | Kind::Unclear => {}
        }
    }
    if model.fields.iter().any(|field| matches!(field.kind, Kind::Setting { .. })) {
        // Where all types are known nothing else uses the trait, which a lint would tell.
        checks.extend(quote! {
            use #krate::__private::Unknown as __Unknown;
            const _: () = {
                let _ = <#krate::__private::DefaultOf<()> as __Unknown>::KIND;
            };
            #of_settings
        });
    }
    checks
}

/// The default of a service parses and has one of the adapter's schemes; the adapter has the
/// parameters.
fn of_service(
    model: &Model<'_>,
    index: usize,
    field: &Field<'_>,
    resource: &Resource,
) -> TokenStream {
    let adapter = field.ty.to_token_stream().to_string();
    let (krate, alias) = (&model.krate, alias(model, index));
    let grammar = quote!(<#alias as #krate::__private::Describe>::GRAMMAR);
    let mut checks = TokenStream::new();
    if let Some(literal) = &resource.default {
        let arguments = quote!(#adapter, #grammar, #literal);
        checks.extend(check(krate, "check_default", arguments, [literal.span(); 2]));
    }
    for Param { name, name_span, value, value_span } in &resource.params {
        let arguments = quote!(#adapter, #grammar, #name);
        checks.extend(check(krate, "check_param_name", arguments, [*name_span; 2]));
        let arguments = quote!(#grammar, #name, #value);
        checks.extend(check(krate, "check_param_value", arguments, [*value_span; 2]));
    }
    checks
}

/// Fields that share a variable are of one type.
fn shared(model: &Model<'_>, index: usize, field: &Field<'_>) -> Option<TokenStream> {
    let Kind::Resource(Resource { shared: true, .. }) = field.kind else { return None };
    Some(check(&model.krate, "check_shared", quote!(&__TABLE, #index), types::ends(field.ty)))
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
        Kind::Resource(Resource { variables, .. }) | Kind::Setting { variables, .. } => {
            variables.first()?.span
        }
        Kind::Flatten { .. } | Kind::Nested { .. } | Kind::Unclear => field.ident.span(),
    };
    Some(check(&model.krate, "check_example", quote!(#file, __LINES, &__TABLE, #index), [span; 2]))
}
