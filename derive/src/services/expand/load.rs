//! Reading every field, each whether or not another has a problem.

use proc_macro2::TokenStream;
use quote::quote;

use super::field_types::field_type;
use crate::services::model::Model;
use crate::types::local;

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let krate = &model.krate;
    let loader = local("loader");
    let idents = model.fields.iter().map(|field| field.ident);
    let indexes = 0..model.fields.len();
    let values: Vec<_> = indexes.clone().map(|index| local(&format!("field_{index}"))).collect();
    let roles =
        model.fields.iter().enumerate().map(|(index, field)| field_type(model, index, field));
    // Not a `?` a field, which costs rustc three times as much.
    let (some, none) = (quote!(__private::Some), quote!(__private::None));
    quote! {
        fn __load(
            #loader: &mut #krate::__private::Loader<'_>,
        ) -> #krate::__private::core::option::Option<Self> {
            #(let #values = <#roles as __private::Load>::load(#loader, #indexes);)*
            let (#(#some(#values),)*) = (#(#values,)*) else { return #none };
            #some(Self { #(#idents: #values),* })
        }
    }
}
