//! Asking every client whether its resource answers, and ending them, all at the same time.

use proc_macro2::TokenStream;
use quote::quote;

use super::connect::services;
use super::field_types::attached_field_type;
use crate::services::model::Model;
use crate::types::local;

/// What the trait asks for.
pub(super) fn functions(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients: clients_type, .. } = model;
    let private = quote!(#krate::__private);
    let (clients, scope, works) = (local("clients"), local("scope"), local("works"));
    let begin = quote!(let #works = &mut #private::Works::new(#scope, __FIELDS););
    let (mut pings, mut ends) = (TokenStream::new(), TokenStream::new());
    for (index, field) in services(model) {
        let ident = field.ident;
        let field_type = attached_field_type(model, index, field);
        pings.extend(quote!(#works.ping::<#field_type>(&#clients.#ident);));
        ends.extend(quote!(#works.close::<#field_type>(#clients.#ident);));
    }
    let pinged = quote!(#private::core::result::Result<(), #private::Failures>);
    quote! {
        fn __ping<'__scope>(
            #clients: &'__scope #clients_type,
            #scope: &'__scope #private::Scope<'__scope>,
        ) -> #private::Vec<#private::Work<'__scope, #pinged>> {
            #begin
            #pings
            #works.all()
        }

        fn __close<'__scope>(
            #clients: #clients_type,
            #scope: &'__scope #private::Scope<'__scope>,
        ) -> #private::Vec<#private::Work<'__scope, ()>> {
            #begin
            #ends
            #works.all()
        }
    }
}

/// The inherent methods of the clients.
pub(super) fn methods(model: &Model<'_>) -> TokenStream {
    let Model { krate, input, clients, .. } = model;
    let ident = &input.ident;
    let limit = local("limit");
    let ping = quote!(#krate::__private::ping_all::<#ident>(self));
    let close = quote!(#krate::__private::close_all::<#ident>(self, #limit));
    let declared = declared(model, &ping, &close);
    // What an app does not use is dead code to rustc.
    quote! {
        #declared

        const _: () = {
            let _ = #clients::ping;
            let _ = #clients::close;
        };
    }
}

pub(crate) fn declared(model: &Model<'_>, ping: &TokenStream, close: &TokenStream) -> TokenStream {
    let Model { krate, input, name, clients, .. } = model;
    let vis = &input.vis;
    let limit = local("limit");
    let (core, future) =
        (quote!(#krate::__private::core), quote!(#krate::__private::core::future::Future));
    let ping_doc = format!(
        "Asks every client of `{name}` at the same time whether its resource answers, each for at most \
         10 seconds.\n\n# Errors\n\nEvery resource that does not answer. What its driver or server says is \
         left out: the handle whose secrets would be masked in it is not at hand."
    );
    let close_doc = format!(
        "Ends every client of `{name}` in order, all at the same time. What has not ended after `limit` is \
         dropped."
    );
    quote! {
        impl #clients {
            #[doc = #ping_doc]
            #vis fn ping(
                &self,
            ) -> impl #future<Output = #core::result::Result<(), #krate::ConnectError>>
                + #core::marker::Send
            {
                #ping
            }

            #[doc = #close_doc]
            #vis fn close(
                self,
                #limit: #core::time::Duration,
            ) -> impl #future<Output = ()> + #core::marker::Send {
                #close
            }
        }
    }
}
