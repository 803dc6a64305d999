//! The output after an error: all that the derive promises, doing nothing, so that no use of the type is
//! an error too.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::emit::{fields, variants};
use super::model::{Kind, Model};

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, name, container, .. } = model;
    let ident = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    let is_generic = !input.generics.params.is_empty();
    let mut bounds: Vec<_> =
        bounds.iter().flat_map(|it| &it.predicates).map(ToTokens::to_token_stream).collect();
    if is_generic {
        // The trait asks for them; with a type parameter they do not hold by themselves.
        let core = quote!(#krate::private::core);
        let marker = quote!(#core::marker);
        bounds.push(quote! {
            Self: #core::clone::Clone + #marker::Send + #marker::Sync + 'static
        });
    }
    let mut declaration = TokenStream::new();
    let client = match &model.kind {
        Kind::Enum { client, variants } => {
            declaration = variants::client(model, client, variants);
            client.to_token_stream()
        }
        Kind::Struct { .. } if is_generic => {
            bounds.push(quote!(Self: #krate::Connect));
            quote!(<Self as #krate::Connect>::Client)
        }
        Kind::Struct { .. } => fields::client_type(model),
        Kind::Union => quote!(#krate::private::core::convert::Infallible),
    };
    let schemes = container.schemes();
    let (result, future) = (fields::result(krate), fields::future(krate));
    let send = quote!(#krate::private::core::marker::Send);
    let pending = quote!(#krate::private::core::future::pending());
    quote! {
        #declaration

        const _: () = {
            #[automatically_derived]
            impl #parameters #krate::Adapter for #ident #arguments where #(#bounds),* {
                const NAME: &'static #krate::private::core::primitive::str = #name;
                const SCHEMES: &'static [&'static #krate::private::core::primitive::str] =
                    &[#(#schemes),*];
                const EXAMPLE: &'static #krate::private::core::primitive::str = "";
                type Client = #client;

                fn from_handle(_: &#krate::Handle) -> #result<Self, #krate::HandleError> {
                    #result::Err(#krate::HandleError::new(""))
                }

                fn connect(
                    &self,
                ) -> impl #future<Output = #result<#client, #krate::ClientError>> + #send {
                    #pending
                }

                fn ping(
                    _: &#client,
                ) -> impl #future<Output = #result<(), #krate::ClientError>> + #send {
                    #pending
                }
            }
        };
    }
}
