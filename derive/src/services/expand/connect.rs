//! Connecting every service at the same time, and each alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::field_types::{aliased_client_type, attached_field_type};
use crate::services::model::{Field, Model};
use crate::types::{self, local};

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients, .. } = model;
    let private = quote!(#krate::__private);
    let core = quote!(#private::core);
    let (scope, works, outputs) = (local("scope"), local("works"), local("outputs"));
    let (some, none) = (quote!(__private::Some), quote!(__private::None));
    let results = results(model);
    let (mut starts, mut taken) = (TokenStream::new(), TokenStream::new());
    let (mut patterns, mut gotten, mut made) =
        (TokenStream::new(), TokenStream::new(), TokenStream::new());
    for (index, field) in services(model) {
        let ident = field.ident;
        let field_type = attached_field_type(model, index, field);
        let client = local(&format!("client_{index}"));
        starts.extend(quote!(#works.start::<#field_type>(&self.#ident);));
        taken.extend(quote!(#ident: #outputs.result::<#field_type>(&__TABLE),));
        patterns.extend(quote!(#some(#client),));
        gotten.extend(quote!(#outputs.client::<#field_type>(),));
        made.extend(quote!(#ident: #client,));
    }
    // Without a service there is none to be missing, which a lint would tell.
    let all =
        (!gotten.is_empty()).then(|| quote!(let (#patterns) = (#gotten) else { return #none };));
    quote! {
        fn __start<'__scope>(
            &'__scope self,
            #scope: &'__scope #private::Scope<'__scope>,
        ) -> #private::Vec<#private::Work<'__scope, #private::Output>> {
            let #works = &mut #private::Works::new(#scope, __FIELDS);
            #starts
            #works.all()
        }

        fn __results(mut #outputs: #private::Outputs) -> #results {
            #results { #taken }
        }

        fn __clients(mut #outputs: #private::Outputs) -> #core::option::Option<#clients> {
            #all
            #some(#clients { #made })
        }
    }
}

/// The struct of results: one field a service.
pub(crate) fn results_declaration(model: &Model<'_>) -> TokenStream {
    let Model { input, krate, name, .. } = model;
    let (vis, results, f) = (&input.vis, results(model), local("f"));
    let core = quote!(#krate::__private::core);
    let doc = format!("What each service of `{name}` came to.");
    let (mut fields, mut shown) = (TokenStream::new(), TokenStream::new());
    for (index, field) in model.fields.iter().enumerate() {
        let Some(client) = aliased_client_type(model, index, field) else { continue };
        let (vis, ident, name) = (field.vis, field.ident, &field.name);
        let generated = types::generated(ident);
        let doc = format!("The client of `{}::{name}`, or why there is none.", model.name);
        fields.extend(quote! {
            #[doc = #doc]
            #vis #generated: #core::result::Result<#client, #krate::ConnectError>,
        });
        shown.extend(quote!((#name, self.#ident.as_ref().err()),));
    }
    let title = results.to_string();
    // Without `automatically_derived`: what only such a `Debug` reads is dead code to rustc.
    quote! {
        #[doc = #doc]
        #vis struct #results { #fields }

        impl #core::fmt::Debug for #results {
            fn fmt(&self, #f: &mut #core::fmt::Formatter<'_>) -> #core::fmt::Result {
                #krate::__private::debug_results(#f, #title, &[#shown])
            }
        }
    }
}

/// The name of that struct, which only this derive's output knows.
pub(crate) fn results(model: &Model<'_>) -> Ident {
    format_ident!("{}Results", model.name)
}

/// One inherent method a service, `connect_<field>`, as visible as the field.
pub(super) fn methods(model: &Model<'_>) -> TokenStream {
    let Model { input, .. } = model;
    let methods = services(model).filter_map(|(index, field)| {
        let (field_type, ident) = (attached_field_type(model, index, field), field.ident);
        method(
            model,
            index,
            field,
            &quote! {
                __private::connect_one::<Self, #field_type>(&self.#ident, #index)
            },
        )
    });
    let ident = &input.ident;
    // Named in the user's own `macro_rules`, what an app does not use is dead code to rustc. An
    // `allow` would be an error under `forbid`.
    let (names, uses): (Vec<_>, Vec<_>) = services(model)
        .map(|(_, field)| (format_ident!("connect_{}", field.name), field.ident))
        .unzip();
    let clients = local("clients");
    let clients_type = &model.clients;
    quote! {
        impl #ident { #(#methods)* }

        const _: () = {
            #(let _ = #ident::#names;)*
            let _ = |#clients: &#clients_type| { #(let _ = &#clients.#uses;)* };
        };
    }
}

pub(crate) fn method(
    model: &Model<'_>,
    index: usize,
    field: &Field<'_>,
    body: &TokenStream,
) -> Option<TokenStream> {
    let Model { krate, name: of, .. } = model;
    let Field { ident, vis, name, .. } = field;
    let client = aliased_client_type(model, index, field)?;
    let method = types::generated(&format_ident!("connect_{name}", span = ident.span()));
    let doc = format!(
        "Makes the client of `{of}::{name}` alone and proves that it answers.\n\n# Errors\n\n\
         The failure, with its root cause."
    );
    // A boxed future, which costs rustc a third of what an opaque type does.
    Some(quote! {
        #[doc = #doc]
        #vis fn #method(
            &self,
        ) -> #krate::__private::Work<
            '_,
            #krate::__private::core::result::Result<#client, #krate::ConnectError>,
        > {
            #body
        }
    })
}

/// The fields that have a client, each with its place in the table.
pub(super) fn services<'a>(model: &'a Model<'a>) -> impl Iterator<Item = (usize, &'a Field<'a>)> {
    model.fields.iter().enumerate().filter(|(_, field)| field.is_service())
}
