//! The output after an error: all that the derive promises, doing nothing, so that no use of the
//! type is an error too.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::emit::{fields, variants};
use super::model::{Kind, Model};

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, name, .. } = model;
    let ident = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    let mut bounds: Vec<_> =
        bounds.iter().flat_map(|it| &it.predicates).map(ToTokens::to_token_stream).collect();
    let core = quote!(#krate::__private::core);
    if !input.generics.params.is_empty() {
        // The trait asks for them; with a type parameter they do not hold by themselves.
        let marker = quote!(#core::marker);
        bounds.push(quote! {
            Self: #core::clone::Clone + #marker::Send + #marker::Sync + 'static
        });
    }
    let has_client = !model.container.no_client.is_set();
    let (declaration, client) = match &model.kind {
        Kind::Enum { client, variants } if has_client => {
            (variants::client(model, client, variants), Some(client.to_token_stream()))
        }
        Kind::Enum { .. } | Kind::Struct { .. } => (TokenStream::new(), None),
        Kind::Union => (TokenStream::new(), Some(quote!(#core::convert::Infallible))),
    };
    let result = fields::result(krate);
    let connect = client.map(|client| connect(model, &client));
    quote! {
        #declaration

        const _: () = {
            #[automatically_derived]
            impl #parameters #krate::Adapter for #ident #arguments where #(#bounds),* {
                const GRAMMAR: &'static #krate::Grammar = &#krate::Grammar::new(#name, &[], "");

                fn from_handle(_: &#krate::Handle) -> #result<Self, #krate::HandleError> {
                    #result::Err(#krate::HandleError::new(""))
                }

                fn handle(&self) -> &#krate::Handle {
                    #core::unreachable!()
                }
            }

            #connect
        };
    }
}

fn connect(model: &Model<'_>, client: &TokenStream) -> TokenStream {
    let Model { input, krate, .. } = model;
    let ident = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    let core = quote!(#krate::__private::core);
    let (result, future) = (fields::result(krate), fields::future(krate));
    let pending = quote!(#core::future::pending());
    quote! {
        #[automatically_derived]
        impl #parameters #krate::Connect for #ident #arguments #bounds {
            type Client = #client;

            fn connect(&self) -> impl #future<Output = #result<#client, #krate::ClientError>>
                + #core::marker::Send
            {
                #pending
            }
        }
    }
}
