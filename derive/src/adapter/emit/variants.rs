//! An enum of adapters, of which the scheme chooses one, and the enum of their clients.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;
use syn::ext::IdentExt;

use super::super::model::{Model, Variant};
use super::fields::{future, result};
use crate::types::local;

/// The enum of clients.
pub(crate) fn client(model: &Model<'_>, client: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let Model { input, name, krate, .. } = model;
    let vis = &input.vis;
    let doc = format!("The client of `{name}`: that of the adapter which its handle chose.");
    let is_generic = !input.generics.params.is_empty();
    let declared = variants.iter().map(|variant| {
        let doc = format!("The client of `{name}::{}`.", variant.name);
        let ident = crate::types::generated(variant.ident);
        let client = match variant.ty {
            Some(ty) if !is_generic => {
                quote!(#krate::private::Client<#ty, { <#ty as #krate::Adapter>::__IS }>)
            }
            // Stands in after an error.
            _ => quote!(#krate::private::core::convert::Infallible),
        };
        quote!(#[doc = #doc] #ident(#client),)
    });
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let names = variants.iter().map(|variant| &variant.name);
    let title = client.unraw().to_string();
    let (inner, f) = (local("inner"), local("f"));
    quote! {
        #[doc = #doc]
        #vis enum #client { #(#declared)* }

        const _: () = {
            #[automatically_derived]
            impl #krate::private::core::clone::Clone for #client {
                fn clone(&self) -> Self {
                    match *self {
                        #(Self::#idents(ref #inner) => {
                            Self::#idents(#krate::private::core::clone::Clone::clone(#inner))
                        })*
                    }
                }
            }

            #[automatically_derived]
            impl #krate::private::core::fmt::Debug for #client {
                fn fmt(
                    &self,
                    #f: &mut #krate::private::core::fmt::Formatter<'_>,
                ) -> #krate::private::core::fmt::Result {
                    match *self {
                        #(Self::#idents(_) => {
                            #krate::private::debug_client(#f, #title, #names)
                        })*
                    }
                }
            }
        };
    }
}

pub(super) fn implementation(
    model: &Model<'_>,
    client: &Ident,
    variants: &[Variant<'_>],
) -> TokenStream {
    let Model { input, title, krate, .. } = model;
    let ident = &input.ident;
    let private = quote!(#krate::private);
    let (result, future) = (result(krate), future(krate));
    let (handle, inner, made) = (local("handle"), local("inner"), local("client"));
    let error = local("error");
    let aliases = aliases(model, variants);
    let roles: Vec<_> = (0..variants.len()).map(alias).collect();
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let first = roles.first();
    let schemes = schemes(model, variants);
    let variant = quote!(#private::Variant);
    quote! {
        #aliases
        const __SCHEMES: &[&#private::core::primitive::str] =
            &#private::concat::<{ #private::count(#schemes) }>(#schemes);

        #[automatically_derived]
        impl #krate::Adapter for #ident {
            const NAME: &'static #private::core::primitive::str = #title;
            const SCHEMES: &'static [&'static #private::core::primitive::str] = __SCHEMES;
            const EXAMPLE: &'static #private::core::primitive::str =
                <#first as #private::Describe>::EXAMPLE;
            type Client = #client;

            fn from_handle(#handle: &#krate::Handle) -> #result<Self, #krate::HandleError> {
                #(if <#roles as #variant>::takes(#handle) {
                    return #result::Ok(Self::#idents(<#roles as #variant>::from_handle(#handle)?));
                })*
                #private::refused(#handle)
            }

            fn connect(&self) -> impl #future<Output = #result<#client, #krate::ClientError>>
                + #private::core::marker::Send
            {
                async move {
                    match *self {
                        #(Self::#idents(ref #inner) => {
                            #result::Ok(#client::#idents(<#roles as #variant>::connect(#inner).await?))
                        })*
                    }
                }
            }

            fn ping(#made: &#client) -> impl #future<Output = #result<(), #krate::ClientError>>
                + #private::core::marker::Send
            {
                async move {
                    match *#made {
                        #(#client::#idents(ref #inner) => {
                            <#roles as #variant>::ping(#inner).await
                        })*
                    }
                }
            }

            fn close(
                #made: #client,
            ) -> impl #future<Output = ()> + #private::core::marker::Send {
                async move {
                    match #made {
                        #(#client::#idents(#inner) => <#roles as #variant>::close(#inner).await,)*
                    }
                }
            }

            fn handle(&self) -> #private::core::option::Option<&#krate::Handle> {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::handle(#inner),)*
                }
            }

            fn __masked(&self, #error: #krate::ClientError) -> #krate::ClientError {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::masked(#inner, #error),)*
                }
            }

            fn connect_timeout(&self) -> #private::core::time::Duration {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::connect_timeout(#inner),)*
                }
            }
        }
    }
}

/// What each variant holds, beside the proof that it is an adapter, under a short name.
pub(crate) fn aliases(model: &Model<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let krate = &model.krate;
    let aliases = variants.iter().enumerate().filter_map(|(index, variant)| {
        let (alias, ty) = (alias(index), variant.ty?);
        Some(quote! {
            type #alias = #krate::private::Service<#ty, { <#ty as #krate::Adapter>::__IS }>;
        })
    });
    aliases.collect()
}

/// The schemes of each variant.
pub(super) fn schemes(model: &Model<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let krate = &model.krate;
    let roles = (0..variants.len()).map(alias);
    quote!(&[#(<#roles as #krate::private::Describe>::SCHEMES),*])
}

fn alias(index: usize) -> Ident {
    format_ident!("__Variant{index}")
}
