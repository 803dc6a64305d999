//! Connecting every service at the same time, and each alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{attached_role, client_type};
use crate::services::model::{Field, Model};
use crate::types::{self, local};

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients, .. } = model;
    let scope = local("scope");
    let (mut starts, mut tasks, mut idents) = (TokenStream::new(), Vec::new(), Vec::new());
    for (index, field) in services(model) {
        let (task, ident) = (local(&format!("task_{index}")), field.ident);
        let role = attached_role(model, index, field);
        starts.extend(quote! {
            let mut #task = #krate::__private::Task::new(
                <#role as #krate::__private::Attach>::connect(&self.#ident, #scope, &__FIELDS[#index]),
            );
        });
        tasks.push(task);
        idents.push(ident);
    }
    // The clients are taken in a closure: it is cheaper to check than the same in an `async fn`.
    quote! {
        async fn __connect(
            &self,
            #scope: &#krate::__private::Scope<'_>,
        ) -> #krate::__private::core::result::Result<#clients, #krate::__private::Failures> {
            #starts
            #krate::__private::join(&mut [#(&mut #tasks),*]).await?;
            (move || {
                #krate::__private::core::result::Result::Ok(#clients { #(#idents: #tasks.client()?),* })
            })()
        }
    }
}

/// One inherent method a service, `connect_<field>`, as visible as the field.
pub(super) fn methods(model: &Model<'_>) -> TokenStream {
    let Model { krate, input, .. } = model;
    let methods = services(model).filter_map(|(index, field)| {
        let (role, ident) = (attached_role(model, index, field), field.ident);
        method(
            model,
            field,
            &quote! {
                #krate::__private::connect_one::<Self, #role>(&self.#ident, &__FIELDS[#index])
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
