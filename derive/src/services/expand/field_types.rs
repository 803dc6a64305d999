//! What each field is, in the derive's output.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

use crate::services::model::{Field, Kind, Model};
use crate::types;

/// What each field is, beside the proof that its type is fit for it, under a short name.
pub(crate) fn aliases(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let aliases = model.fields.iter().enumerate().filter_map(|(index, field)| {
        let field_type = match field.kind {
            Kind::Resource(_) => quote!(Service),
            Kind::Nested { .. } => quote!(Nested),
            Kind::Setting { .. } => quote!(Setting),
            Kind::Flatten { .. } => quote!(Flatten),
            Kind::Unclear => return None,
        };
        let (own, arguments) = (alias(model, index), proof(model, field)?);
        let own = (model.first_of_type(index) == index)
            .then(|| quote!(type #own = #krate::__private::#field_type<#arguments>;));
        let named = named_field_type(model, index, field);
        Some(quote!(#own #named))
    });
    aliases.collect()
}

/// `Type, { <Type as Adapter>::__IS }`: if it is none, that constant is the one error.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (ty, krate) = (field.ty, &model.krate);
    let of = match field.kind {
        Kind::Resource(_) => quote!(#krate::Adapter),
        Kind::Nested { .. } => quote!(#krate::BackingServices),
        Kind::Setting { .. } | Kind::Flatten { .. } => quote!(#krate::__private::Value),
        Kind::Unclear => return None,
    };
    Some(quote!(#ty, { <#ty as #of>::__IS }))
}

/// What a field is without its `Option`. Services of one type have one name: each proof costs
/// rustc time, and a type that is none is reported at every field by the struct of clients.
pub(super) fn alias(model: &Model<'_>, index: usize) -> Ident {
    format_ident!("__Field{}", model.first_of_type(index))
}

/// What a field with a client is.
pub(super) fn attached_field_type(
    model: &Model<'_>,
    index: usize,
    field: &Field<'_>,
) -> TokenStream {
    match field.client.ty {
        Some(_) => named(index).into_token_stream(),
        None => field_type(model, index, field),
    }
}

/// The type of a field whose client the app names, under a short name. The proof that it is the
/// adapter's client stands under the type, and is the one place where another type is an error.
fn named_field_type(model: &Model<'_>, index: usize, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.client.ty.as_ref()?;
    let (krate, name, alias) = (&model.krate, named(index), alias(model, index));
    let (field_type, client) =
        (field_type(model, index, field), optional(model, field, ty.to_token_stream()));
    // The body of the closure is a field of a local: two places at least, so that it begins and
    // ends as the type does. rustc joins them only where both are the user's.
    let [first, last] = types::ends(ty);
    let made = Ident::new("made", first);
    let body = Literal::usize_unsuffixed(0);
    let body = types::respan(quote!(.#body), last);
    Some(quote! {
        type #name = #krate::__private::Declared<#client, #field_type, {
            let _: fn((<#alias as #krate::__private::Attach>::Client,)) -> #ty = |#made| #made #body;
            true
        }>;
    })
}

fn named(index: usize) -> Ident {
    format_ident!("__Named{index}")
}

fn optional(model: &Model<'_>, field: &Field<'_>, client: TokenStream) -> TokenStream {
    let krate = &model.krate;
    if field.optional { quote!(#krate::__private::core::option::Option<#client>) } else { client }
}

/// What a field is.
pub(super) fn field_type(model: &Model<'_>, index: usize, field: &Field<'_>) -> TokenStream {
    let (krate, alias) = (&model.krate, alias(model, index));
    if field.optional { quote!(#krate::__private::Optional<#alias>) } else { quote!(#alias) }
}

/// The same, where the aliases are in scope: each proof costs rustc time.
pub(super) fn aliased_client_type(
    model: &Model<'_>,
    index: usize,
    field: &Field<'_>,
) -> Option<TokenStream> {
    if !field.is_service() || !model.input.generics.params.is_empty() {
        return client_type(model, field);
    }
    let (krate, field_type) = (&model.krate, attached_field_type(model, index, field));
    Some(quote!(<#field_type as #krate::__private::Attach>::Client))
}

/// What a field's service is talked to through; nothing for a setting.
pub(super) fn client_type(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    let is_generic = !model.input.generics.params.is_empty();
    let client = match (&field.kind, &field.client.ty) {
        (Kind::Setting { .. } | Kind::Flatten { .. }, _) => return None,
        // Stands in after an error.
        _ if is_generic => quote!(#krate::__private::core::convert::Infallible),
        (Kind::Unclear, _) => quote!(#krate::__private::core::convert::Infallible),
        (_, Some(ty)) => ty.to_token_stream(),
        (Kind::Resource(_), None) => {
            let arguments = proof(model, field)?;
            quote!(#krate::__private::Client<#arguments>)
        }
        (Kind::Nested { .. }, None) => {
            let arguments = proof(model, field)?;
            quote!(#krate::__private::Clients<#arguments>)
        }
    };
    Some(optional(model, field, client))
}
