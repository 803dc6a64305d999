//! The output for a struct without mistakes.
//!
//! Every name is an absolute path, every local hygienic, every type of the user's beside its proof.

pub(crate) mod checks;
pub(crate) mod clients;
pub(crate) mod connect;
mod load;
mod table;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::services::model::{Field, Kind, Model};

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, clients, .. } = model;
    let ident = &input.ident;
    let declaration = clients::declaration(model);
    let impls = clients::impls(model);
    let aliases = aliases(model);
    let table = table::constants(model);
    let load = load::function(model);
    let connect = connect::function(model);
    let methods = connect::methods(model);
    let checks = checks::constants(model);
    quote! {
        #declaration

        const _: () = {
            #aliases
            #table

            #impls

            #[automatically_derived]
            impl #krate::BackingServices for #ident {
                type Clients = #clients;
                const TABLE: &'static #krate::__private::Table = &__TABLE;
                #load
                #connect
            }

            #methods
            #checks
        };
    }
}

/// What each field is, beside the proof that its type is fit for it, under a short name.
pub(crate) fn aliases(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let aliases = model.fields.iter().enumerate().filter_map(|(index, field)| {
        let role = match field.kind {
            Kind::Resource { .. } => quote!(Service),
            Kind::Nested { .. } => quote!(Nested),
            Kind::Setting { .. } => quote!(Setting),
            Kind::Unclear => return None,
        };
        let (alias, arguments) = (alias(index), proof(model, field)?);
        Some(quote!(type #alias = #krate::__private::#role<#arguments>;))
    });
    aliases.collect()
}

/// `Type, { <Type as Adapter>::__IS }`: if it is none, that constant is the one error.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (ty, krate) = (field.ty, &model.krate);
    let of = match field.kind {
        Kind::Resource { .. } => quote!(#krate::Adapter),
        Kind::Nested { .. } => quote!(#krate::BackingServices),
        Kind::Setting { .. } => quote!(#krate::__private::Value),
        Kind::Unclear => return None,
    };
    Some(quote!(#ty, { <#ty as #of>::__IS }))
}

/// What a field is without its `Option`.
fn alias(index: usize) -> Ident {
    format_ident!("__Field{index}")
}

/// What a field is.
fn role(model: &Model<'_>, index: usize, field: &Field<'_>) -> TokenStream {
    let (krate, alias) = (&model.krate, alias(index));
    if field.optional { quote!(#krate::__private::Optional<#alias>) } else { quote!(#alias) }
}

/// What a field's service is talked to through; nothing for a setting.
pub(crate) fn client_type(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    let is_generic = !model.input.generics.params.is_empty();
    let client = match field.kind {
        Kind::Setting { .. } => return None,
        // Stands in after an error.
        _ if is_generic => quote!(#krate::__private::core::convert::Infallible),
        Kind::Unclear => quote!(#krate::__private::core::convert::Infallible),
        Kind::Resource { .. } => {
            let arguments = proof(model, field)?;
            quote!(#krate::__private::Client<#arguments>)
        }
        Kind::Nested { .. } => {
            let arguments = proof(model, field)?;
            quote!(#krate::__private::Clients<#arguments>)
        }
    };
    Some(if field.optional {
        quote!(#krate::__private::core::option::Option<#client>)
    } else {
        client
    })
}
