//! A struct whose fields the handle fills.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use super::super::attr::Part;
use super::super::model::{Field, Model};
use crate::types::local;

pub(super) fn implementation(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { input, title, krate, container, .. } = model;
    let ident = &input.ident;
    let schemes = container.schemes();
    let example = container.example.text();
    let client = client_type(model);
    let own = own(model);
    let make = quote!(<#own as #krate::private::Make<#ident>>);
    let from_handle = from_handle(model, fields);
    let kept = kept(model, fields);
    let limit = limit(model, fields);
    let debug = container.debug.is_set().then(|| debug(model, fields));
    let client_local = local("client");
    let (result, future) = (result(krate), future(krate));
    quote! {
        #[automatically_derived]
        impl #krate::Adapter for #ident {
            const NAME: &'static #krate::private::core::primitive::str = #title;
            const SCHEMES: &'static [&'static #krate::private::core::primitive::str] =
                &[#(#schemes),*];
            const EXAMPLE: &'static #krate::private::core::primitive::str = #example;
            type Client = #client;

            #from_handle

            fn connect(&self) -> impl #future<Output = #result<#client, #krate::ClientError>>
                + #krate::private::core::marker::Send
            {
                #make::connect(self)
            }

            fn ping(
                #client_local: &#client,
            ) -> impl #future<Output = #result<(), #krate::ClientError>>
                + #krate::private::core::marker::Send
            {
                #make::ping(#client_local)
            }

            fn close(
                #client_local: #client,
            ) -> impl #future<Output = ()> + #krate::private::core::marker::Send {
                #make::close(#client_local)
            }

            #kept
            #limit
        }

        #debug
    }
}

/// The type beside the proof that the app says how to connect: if it does not, that constant is the one
/// error.
fn own(model: &Model<'_>) -> TokenStream {
    let (krate, ident) = (&model.krate, &model.input.ident);
    quote!(#krate::private::Own<#ident, { <#ident as #krate::Connect>::__IS }>)
}

pub(crate) fn client_type(model: &Model<'_>) -> TokenStream {
    let (krate, ident) = (&model.krate, &model.input.ident);
    quote!(#krate::private::OwnClient<#ident, { <#ident as #krate::Connect>::__IS }>)
}

/// Each field takes its part; what is left at the end means nothing.
fn from_handle(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { krate, container, .. } = model;
    let (handle, reader) = (local("handle"), local("reader"));
    let private = quote!(#krate::private);
    let port = option(model, container.port().map(|port| quote!(#port)));
    let params = fields.iter().filter_map(|field| match &field.part {
        Part::Param { name, .. } => Some(name),
        _ => None,
    });
    let locals: Vec<_> = (0..fields.len()).map(|index| local(&format!("field_{index}"))).collect();
    let idents = fields.iter().map(|field| field.ident);
    let values = fields.iter().map(|field| {
        let ty = field.ty;
        match &field.part {
            Part::Handle { .. } => quote!(<#ty as #private::Whole>::take(#handle)),
            Part::Username { .. } => quote!(<#ty as #private::Username>::take(&mut #reader)?),
            Part::Password { .. } => quote!(<#ty as #private::Password>::take(&mut #reader)?),
            Part::Host { .. } => quote!(<#ty as #private::Hosts>::take(&mut #reader)?),
            Part::Port { .. } => quote!(<#ty as #private::Port>::take(&mut #reader)?),
            Part::Path { .. } => quote!(<#ty as #private::Path>::take(&mut #reader)?),
            Part::Param { name, default } => {
                let default = option(model, default.as_ref().map(|text| quote!(#text)));
                quote!(#private::Param::<#ty, { <#ty as #private::Value>::__IS }>::take(
                    &#reader, #name, #default,
                )?)
            }
            Part::Unclear => TokenStream::new(),
        }
    });
    let result = result(krate);
    quote! {
        fn from_handle(#handle: &#krate::Handle) -> #result<Self, #krate::HandleError> {
            let mut #reader = #private::Reader::new::<Self>(#handle, #port, &[#(#params),*])?;
            #(let #locals = #values;)*
            #reader.finish()?;
            #result::Ok(Self { #(#idents: #locals),* })
        }
    }
}

/// The handle, if a field keeps it, and what a message must not repeat.
fn kept(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let krate = &model.krate;
    let handle = whole(model, fields).map(|whole| {
        let option = quote!(#krate::private::core::option::Option);
        quote! {
            fn handle(&self) -> #option<&#krate::Handle> {
                #option::Some(#whole)
            }
        }
    });
    let error = local("error");
    let texts = fields.iter().filter_map(|field| {
        let ident = field.ident;
        let text = quote!(#krate::private::Text(&self.#ident));
        match field.part {
            Part::Username { .. } | Part::Password { .. } | Part::Param { .. } => {
                Some(quote!(#text.text()))
            }
            // It may be a name.
            Part::Path { .. } => Some(quote!(#text.secret())),
            _ => None,
        }
    });
    quote! {
        #handle

        fn __masked(&self, #error: #krate::ClientError) -> #krate::ClientError {
            #krate::private::masked(#error, &[#(#texts),*])
        }
    }
}

fn whole(model: &Model<'_>, fields: &[Field<'_>]) -> Option<TokenStream> {
    let krate = &model.krate;
    let field = fields.iter().find(|field| matches!(field.part, Part::Handle { .. }))?;
    let (ident, ty) = (field.ident, field.ty);
    Some(quote!(<#ty as #krate::private::Whole>::whole(&self.#ident)))
}

/// The parameter `connect_timeout` is the time limit.
fn limit(model: &Model<'_>, fields: &[Field<'_>]) -> Option<TokenStream> {
    let krate = &model.krate;
    let is_limit = |name: &LitStr| name.value() == "connect_timeout";
    let field = fields
        .iter()
        .find(|field| matches!(&field.part, Part::Param { name, .. } if is_limit(name)))?;
    let (ident, ty) = (field.ident, field.ty);
    Some(quote! {
        fn connect_timeout(&self) -> #krate::private::core::time::Duration {
            <#ty as #krate::private::Limit>::limit(&self.#ident)
        }
    })
}

/// Scheme, host and port.
fn debug(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { input, name, krate, container, .. } = model;
    let ident = &input.ident;
    let f = local("f");
    let handle = option(model, whole(model, fields));
    let port = option(model, container.port().map(|port| quote!(#port)));
    quote! {
        #[automatically_derived]
        impl #krate::private::core::fmt::Debug for #ident {
            fn fmt(
                &self,
                #f: &mut #krate::private::core::fmt::Formatter<'_>,
            ) -> #krate::private::core::fmt::Result {
                #krate::private::debug_adapter(#f, #name, #handle, #port)
            }
        }
    }
}

fn option(model: &Model<'_>, value: Option<TokenStream>) -> TokenStream {
    let krate = &model.krate;
    let variant = value.map_or_else(|| quote!(None), |value| quote!(Some(#value)));
    quote!(#krate::private::core::option::Option::#variant)
}

pub(crate) fn result(krate: &syn::Path) -> TokenStream {
    quote!(#krate::private::core::result::Result)
}

pub(crate) fn future(krate: &syn::Path) -> TokenStream {
    quote!(#krate::private::core::future::Future)
}
