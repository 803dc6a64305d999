//! The struct of clients.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::field_types::client_type;
use crate::services::model::Model;
use crate::types::{self, local};

pub(crate) fn declaration(model: &Model<'_>) -> TokenStream {
    let Model { input, name, clients, derives, attrs, .. } = model;
    let vis = &input.vis;
    let doc = format!("The clients of `{name}`, one for each of its services.");
    let fields = model.fields.iter().filter_map(|field| {
        let vis = field.vis;
        let ident = types::generated(field.ident);
        let client = client_type(model, field)?;
        let doc = format!("The client of `{name}::{}`.", field.name);
        let attrs = &field.client.attrs;
        Some(quote!(#[doc = #doc] #(#[#attrs])* #vis #ident: #client,))
    });
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    quote! {
        #[doc = #doc]
        #derives
        #(#[#attrs])*
        #vis struct #clients { #(#fields)* }
    }
}

/// `Clone`, which a client promises, and a `Debug` that shows what is attached and nothing inside.
pub(crate) fn impls(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients, .. } = model;
    let f = local("f");
    let services = || model.fields.iter().filter(|field| field.is_service());
    let idents: Vec<_> = services().map(|field| field.ident).collect();
    let shown = services().map(|field| {
        let (ident, name) = (field.ident, &field.name);
        let is_attached = if field.optional {
            quote!(#krate::__private::core::option::Option::is_some(&self.#ident))
        } else {
            quote!(true)
        };
        quote!((#name, #is_attached))
    });
    let title = clients.unraw().to_string();
    quote! {
        #[automatically_derived]
        impl #krate::__private::core::clone::Clone for #clients {
            fn clone(&self) -> Self {
                Self { #(#idents: #krate::__private::core::clone::Clone::clone(&self.#idents)),* }
            }
        }

        #[automatically_derived]
        impl #krate::__private::core::fmt::Debug for #clients {
            fn fmt(
                &self,
                #f: &mut #krate::__private::core::fmt::Formatter<'_>,
            ) -> #krate::__private::core::fmt::Result {
                #krate::__private::debug_clients(#f, #title, &[#(#shown),*])
            }
        }
    }
}
