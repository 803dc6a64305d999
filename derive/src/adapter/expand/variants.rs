//! An enum of adapters, of which the scheme chooses one, and the enum of their clients.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use super::super::model::{Model, Variant};
use super::fields::{future, id, result};
use crate::json::Json;
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
                quote!(#krate::__private::Client<#ty, { <#ty as #krate::Adapter>::__IS }>)
            }
            // Stands in after an error.
            _ => quote!(#krate::__private::core::convert::Infallible),
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
            impl #krate::__private::core::clone::Clone for #client {
                fn clone(&self) -> Self {
                    match *self {
                        #(Self::#idents(ref #inner) => {
                            Self::#idents(#krate::__private::core::clone::Clone::clone(#inner))
                        })*
                    }
                }
            }

            #[automatically_derived]
            impl #krate::__private::core::fmt::Debug for #client {
                fn fmt(
                    &self,
                    #f: &mut #krate::__private::core::fmt::Formatter<'_>,
                ) -> #krate::__private::core::fmt::Result {
                    match *self {
                        #(Self::#idents(_) => {
                            #krate::__private::debug_client(#f, #title, #names)
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
    let Model { input, title, krate, container, .. } = model;
    let ident = &input.ident;
    let private = quote!(#krate::__private);
    let result = result(krate);
    let (handle, inner, adapter) = (local("handle"), local("inner"), local("adapter"));
    let aliases = aliases(model, variants);
    let roles: Vec<_> = (0..variants.len()).map(alias).collect();
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let first = roles.first();
    let schemes = schemes(model, variants);
    let variant = quote!(#private::Variant);
    let bindings = container.bindings.texts();
    let connect = if container.no_client.is_set() {
        TokenStream::new()
    } else {
        connect(model, client, variants)
    };
    let check = container.check.is_set().then(|| quote!(Self::check(&#adapter)?;));
    // Without a client of its own the app says how to connect, which is reported here if it does
    // not.
    let proof = container.no_client.is_set().then(|| {
        quote! {
            const __IS: #private::core::primitive::bool = <#ident as #krate::Connect>::__IS;
        }
    });
    let id = id(model);
    let json = json(model, roles.len());
    quote! {
        #aliases
        const __SCHEMES: &[#krate::Scheme] =
            &#private::concat_schemes::<{ #private::count_schemes(#schemes) }>(#schemes);
        const __GRAMMAR: &#krate::Grammar = &#krate::Grammar::new(
            #title,
            __SCHEMES,
            <#first as #private::Describe>::GRAMMAR.example(),
        )
        .bindings(&[#(#bindings),*])
        .variants(&[#(<#roles as #private::Describe>::GRAMMAR),*]);

        #[automatically_derived]
        impl #krate::Adapter for #ident {
            const GRAMMAR: &'static #krate::Grammar = __GRAMMAR;
            const __JSON: &'static [#krate::__private::Json] = #json;
            #proof
            #id

            fn from_handle(#handle: &#krate::Handle) -> #result<Self, #krate::HandleError> {
                #(if <#roles as #variant>::takes(#handle) {
                    let #adapter = Self::#idents(<#roles as #variant>::from_handle(#handle)?);
                    #check
                    return #result::Ok(#adapter);
                })*
                #private::refused(#handle, __GRAMMAR)
            }

            fn handle(&self) -> &#krate::Handle {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::handle(#inner),)*
                }
            }

            fn is_loopback(&self) -> #private::core::primitive::bool {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::is_loopback(#inner),)*
                }
            }

            fn connect_timeout(&self) -> #private::core::time::Duration {
                match *self {
                    #(Self::#idents(ref #inner) => <#roles as #variant>::connect_timeout(#inner),)*
                }
            }
        }

        #connect
    }
}

/// The grammar as the record of an app has it: schemes and example are those of the variants.
fn json(model: &Model<'_>, variants: usize) -> TokenStream {
    let Model { title, krate, container, .. } = model;
    let mut json = Json::new(quote!(#krate::__private));
    json.raw("{\"name\":");
    json.text(title);
    json.texts("bindings", container.bindings.texts().iter().map(LitStr::value));
    json.raw(",\"variants\":[");
    for index in 0..variants {
        json.raw(",");
        let alias = alias(index);
        json.all(&quote!(<#alias as #krate::__private::Describe>::JSON));
    }
    json.raw("]}");
    json.finish()
}

/// The generated client, and how each variant makes its own.
fn connect(model: &Model<'_>, client: &Ident, variants: &[Variant<'_>]) -> TokenStream {
    let Model { input, krate, .. } = model;
    let ident = &input.ident;
    let private = quote!(#krate::__private);
    let (result, future) = (result(krate), future(krate));
    let (inner, made) = (local("inner"), local("client"));
    let roles: Vec<_> = (0..variants.len()).map(alias).collect();
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let variant = quote!(#private::ConnectVariant);
    quote! {
        #[automatically_derived]
        impl #krate::Connect for #ident {
            type Client = #client;
            const PROVEN: #private::core::primitive::bool =
                true #(&& <#roles as #variant>::PROVEN)*;
            const CLOSES_LAST: #private::core::primitive::bool =
                false #(|| <#roles as #variant>::CLOSES_LAST)*;

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

            fn version(
                #made: &#client,
            ) -> impl #future<Output = #private::core::option::Option<#private::String>>
            + #private::core::marker::Send {
                async move {
                    match *#made {
                        #(#client::#idents(ref #inner) => {
                            <#roles as #variant>::version(#inner).await
                        })*
                    }
                }
            }

            fn is_busy(#made: &#client) -> #private::core::primitive::bool {
                match *#made {
                    #(#client::#idents(ref #inner) => <#roles as #variant>::is_busy(#inner),)*
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
        }
    }
}

/// What each variant holds, beside the proof that it is an adapter, under a short name.
pub(crate) fn aliases(model: &Model<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let krate = &model.krate;
    let aliases = variants.iter().enumerate().filter_map(|(index, variant)| {
        let (alias, ty) = (alias(index), variant.ty?);
        Some(quote! {
            type #alias = #krate::__private::Service<#ty, { <#ty as #krate::Adapter>::__IS }>;
        })
    });
    aliases.collect()
}

/// The schemes of each variant.
pub(super) fn schemes(model: &Model<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let krate = &model.krate;
    let roles = (0..variants.len()).map(alias);
    quote!(&[#(<#roles as #krate::__private::Describe>::GRAMMAR.schemes()),*])
}

fn alias(index: usize) -> Ident {
    format_ident!("__Variant{index}")
}
