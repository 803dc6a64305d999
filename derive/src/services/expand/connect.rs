//! Connecting every service at the same time, and each alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::{attached_field_type, client_type};
use crate::services::model::{Field, Model};
use crate::types::{self, local};

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients, .. } = model;
    let (scope, each) = (local("scope"), local("each"));
    let results = results(model);
    let (mut starts, mut tasks, mut idents) = (TokenStream::new(), Vec::new(), Vec::new());
    for (index, field) in services(model) {
        let (task, ident) = (local(&format!("task_{index}")), field.ident);
        let field_type = attached_field_type(model, index, field);
        starts.extend(quote! {
            let mut #task = #krate::__private::Task::new(
                <#field_type as #krate::__private::Attach>::connect(&self.#ident, #scope, &__FIELDS[#index]),
            );
        });
        tasks.push(task);
        idents.push(ident);
    }
    // The clients are taken in a closure: it is cheaper to check than the same in an `async fn`.
    quote! {
        async fn __each(&self, #scope: &#krate::__private::Scope<'_>) -> #results {
            #starts
            #krate::__private::run(&mut [#(&mut #tasks),*]).await;
            (move || #results { #(#idents: #tasks.result::<Self>()),* })()
        }

        async fn __connect(
            &self,
            #scope: &#krate::__private::Scope<'_>,
        ) -> #krate::__private::core::result::Result<#clients, #krate::__private::Failures> {
            let mut #each = Self::__each(self, #scope).await;
            #krate::__private::failed(&mut [#(&mut #each.#idents),*])?;
            (move || {
                #krate::__private::core::result::Result::Ok(
                    #clients { #(#idents: #each.#idents.map_err(#krate::__private::into_failures)?),* },
                )
            })()
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
    for field in &model.fields {
        let Some(client) = client_type(model, field) else { continue };
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
    quote! {
        #[doc = #doc]
        #vis struct #results { #fields }

        #[automatically_derived]
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
    let Model { krate, input, .. } = model;
    let methods = services(model).filter_map(|(index, field)| {
        let (field_type, ident) = (attached_field_type(model, index, field), field.ident);
        method(
            model,
            field,
            &quote! {
                #krate::__private::connect_one::<Self, #field_type>(&self.#ident, &__FIELDS[#index])
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
    field: &Field<'_>,
    body: &TokenStream,
) -> Option<TokenStream> {
    let Model { krate, name: of, .. } = model;
    let Field { ident, vis, name, .. } = field;
    let client = client_type(model, field)?;
    let method = types::generated(&format_ident!("connect_{name}", span = ident.span()));
    let doc = format!(
        "Makes the client of `{of}::{name}` alone and proves that it answers.\n\n# Errors\n\n\
         The failure, with its root cause."
    );
    Some(quote! {
        #[doc = #doc]
        #vis fn #method(
            &self,
        ) -> impl #krate::__private::core::future::Future<
            Output = #krate::__private::core::result::Result<#client, #krate::ConnectError>,
        > + #krate::__private::core::marker::Send {
            #body
        }
    })
}

/// The fields that have a client, each with its place in the table.
pub(super) fn services<'a>(model: &'a Model<'a>) -> impl Iterator<Item = (usize, &'a Field<'a>)> {
    model.fields.iter().enumerate().filter(|(_, field)| field.is_service())
}
