//! The output after an error: all that the derive promises, doing nothing, so that no use of the
//! struct is an error too.

use proc_macro2::TokenStream;
use quote::quote;

use crate::services::expand::{checks, clients, connect, field_types, ping};
use crate::services::model::Model;

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, name, clients, fields, .. } = model;
    let ident = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    let bounds = bounds.iter().flat_map(|bounds| &bounds.predicates);
    // The trait asks for both; with a type parameter they do not hold by themselves.
    let shared = input.generics.type_params().next().map(|_| {
        let marker = quote!(#krate::__private::core::marker);
        quote!(Self: #marker::Send + #marker::Sync)
    });
    let bounds = quote!(where #(#bounds,)* #shared);
    let declaration = clients::declaration(model);
    let impls = clients::impls(model);
    let results_declaration = connect::results_declaration(model);
    let results = connect::results(model);
    let never = quote!(#krate::__private::core::unreachable!());
    let pending = quote!(#krate::__private::core::future::pending());
    let boxed = quote!(#krate::__private::Box::pin(#pending));
    let methods = fields.iter().enumerate();
    let methods = methods.filter_map(|(index, field)| connect::method(model, index, field, &boxed));
    let of_clients = ping::declared(model, &pending, &pending);
    // What is wrong with a default is reported in the same pass.
    let (aliases, defaults) = if input.generics.params.is_empty() {
        (field_types::aliases(model), checks::defaults(model))
    } else {
        Default::default()
    };
    quote! {
        #declaration

        const _: () = {
            #impls
            #results_declaration

            #[automatically_derived]
            impl #parameters #krate::BackingServices for #ident #arguments #bounds {
                type Clients = #clients;
                type Results = #results;
                const TABLE: &'static #krate::__private::Table =
                    &#krate::__private::Table { name: #name, fields: &[] };

                fn __load(
                    _: &mut #krate::__private::Loader<'_>,
                ) -> #krate::__private::core::option::Option<Self> {
                    #krate::__private::core::option::Option::None
                }

                fn __start<'__scope>(
                    &'__scope self,
                    _: &'__scope #krate::__private::Scope<'__scope>,
                ) -> #krate::__private::Vec<#krate::__private::Work<'__scope, #krate::__private::Output>> {
                    #krate::__private::Vec::new()
                }

                fn __results(_: #krate::__private::Outputs) -> #results {
                    #never
                }

                fn __clients(
                    _: #krate::__private::Outputs,
                ) -> #krate::__private::core::option::Option<#clients> {
                    #krate::__private::core::option::Option::None
                }

                fn __ping<'__scope>(
                    _: &'__scope #clients,
                    _: &'__scope #krate::__private::Scope<'__scope>,
                ) -> #krate::__private::Vec<#krate::__private::Work<
                    '__scope,
                    #krate::__private::core::result::Result<(), #krate::__private::Failures>,
                >> {
                    #krate::__private::Vec::new()
                }

                fn __close<'__scope>(
                    _: #clients,
                    _: &'__scope #krate::__private::Scope<'__scope>,
                ) -> #krate::__private::Vec<#krate::__private::Work<'__scope, ()>> {
                    #krate::__private::Vec::new()
                }
            }

            #of_clients
            impl #parameters #ident #arguments #bounds { #(#methods)* }
            #aliases
            #defaults
        };
    }
}
