//! Reading every field, each whether or not another has a problem.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use super::{local, proven};
use crate::model::{Kind, Model};
use crate::types;

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let Model { krate, .. } = model;
    let loader = local("loader");
    let mut reads = TokenStream::new();
    let mut values = TokenStream::new();
    for (index, field) in model.fields.iter().enumerate() {
        let value = local(&format!("field_{index}"));
        let ident = field.ident;
        let call = match field.kind {
            Kind::Resource { .. } => {
                let method = format_ident!("{}", if field.optional { "optional" } else { "resource" });
                let from_handle = proven(model, index, field, "from_handle");
                quote!(#loader.#method(#index, #from_handle))
            }
            Kind::Setting { .. } => {
                let method =
                    format_ident!("{}", if field.optional { "optional_setting" } else { "setting" });
                let [_, end] = types::ends(field.ty);
                let ty = field.ty;
                // The bound fails under the type.
                let method = quote_spanned!(end=> #method::<#ty>(#index));
                quote!(#loader.#method)
            }
            Kind::Nested { .. } => {
                let method =
                    format_ident!("{}", if field.optional { "optional_nested" } else { "nested" });
                let load = proven(model, index, field, "load");
                quote!(#loader.#method(#index, #load))
            }
            Kind::Unclear => continue,
        };
        reads.extend(quote!(let #value = #call;));
        values.extend(quote!(#ident: #value?,));
    }
    quote! {
        fn __load(
            #loader: &mut #krate::private::Loader<'_>,
        ) -> #krate::private::core::option::Option<Self> {
            #reads
            #krate::private::core::option::Option::Some(Self { #values })
        }
    }
}
