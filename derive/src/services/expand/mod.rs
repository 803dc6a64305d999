//! The output for a struct without mistakes.
//!
//! Every name is an absolute path, or begins with `__private`, which is one: each token of what is
//! written for every field costs rustc time. Every local is hygienic, every type of the user's
//! stands beside its proof.

pub(crate) mod checks;
pub(crate) mod clients;
pub(crate) mod connect;
pub(crate) mod field_types;
mod load;
pub(crate) mod ping;
mod record;
mod table;

use proc_macro2::TokenStream;
use quote::quote;

use crate::services::model::Model;

pub(crate) fn output(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, clients, .. } = model;
    let ident = &input.ident;
    let declaration = clients::declaration(model);
    let impls = clients::impls(model);
    let results_declaration = connect::results_declaration(model);
    let results = connect::results(model);
    let aliases = field_types::aliases(model);
    let table = table::constants(model);
    let record = record::constants(model);
    let load = load::function(model);
    let connect = connect::function(model);
    let ping_and_close = ping::functions(model);
    let methods = connect::methods(model);
    let of_clients = ping::methods(model);
    let checks = checks::constants(model);
    quote! {
        #declaration

        const _: () = {
            use #krate::__private as __private;
            #aliases
            #table
            #record

            #impls
            #results_declaration

            #[automatically_derived]
            impl #krate::BackingServices for #ident {
                type Clients = #clients;
                type Results = #results;
                const TABLE: &'static #krate::__private::Table = &__TABLE;
                const __JSON: &'static [#krate::__private::Json] = __JSON;
                #load
                #connect
                #ping_and_close
            }

            #methods
            #of_clients
            #checks
        };
    }
}
