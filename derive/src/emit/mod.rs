//! The output for a struct without mistakes.
//!
//! Every name is an absolute path, every local hygienic, every use of a user's type under its own tokens.

pub(crate) mod checks;
pub(crate) mod clients;
pub(crate) mod connect;
mod load;
mod table;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Ident;

use crate::model::{Field, Kind, Model};


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
                const TABLE: &'static #krate::private::Table = &__TABLE;
                #load
                #connect
            }

            #methods
            #checks
        };
    }
}

/// Each service's type beside the proof that it is one, under a short name.
pub(crate) fn aliases(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let aliases = model.fields.iter().enumerate().filter_map(|(index, field)| {
        let wrapper = local(if field.is_nested() { "Nested" } else { "Service" });
        let arguments = proof(model, field)?;
        let alias = alias(index);
        Some(quote!(type #alias = #krate::private::#wrapper<#arguments>;))
    });
    aliases.collect()
}

/// `Type, { <Type as Adapter>::__IS }`: if it is none, that is the one error.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    let name = match field.kind {
        Kind::Resource { .. } => "Adapter",
        Kind::Nested { .. } => "BackingServices",
        Kind::Setting { .. } | Kind::Unclear => return None,
    };
    let (ty, name) = (field.ty, local(name));
    Some(quote!(#ty, { <#ty as #krate::#name>::__IS }))
}

fn alias(index: usize) -> Ident {
    format_ident!("__Field{index}")
}

/// What the derive needs of the type of a service.
fn proven(model: &Model<'_>, index: usize, field: &Field<'_>, item: &str) -> TokenStream {
    let krate = &model.krate;
    let alias = alias(index);
    let [name, item] = [if field.is_nested() { "IsNested" } else { "IsService" }, item].map(local);
    quote!(<#alias as #krate::private::#name>::#item)
}

/// What a field's service is talked to through; nothing for a setting.
pub(crate) fn client_type(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    let is_generic = !model.input.generics.params.is_empty();
    let client = match field.kind {
        Kind::Setting { .. } => return None,
        // Stands in after an error.
        Kind::Unclear => quote!(#krate::private::core::convert::Infallible),
        _ if is_generic => quote!(#krate::private::core::convert::Infallible),
        Kind::Resource { .. } | Kind::Nested { .. } => {
            let name = local(if field.is_nested() { "Clients" } else { "Client" });
            let arguments = proof(model, field)?;
            quote!(#krate::private::#name<#arguments>)
        }
    };
    Some(if field.optional { quote!(#krate::private::core::option::Option<#client>) } else { client })
}

/// A local that no name of the user's can meet.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
