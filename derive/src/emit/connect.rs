//! Connecting every service at the same time, and each alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::{client_type, local, proven};
use crate::model::{Field, Kind, Model};
use crate::types;

pub(super) fn function(model: &Model<'_>) -> TokenStream {
    let Model { krate, clients, .. } = model;
    let [scope, failures] = ["scope", "failures"].map(local);
    let mut starts = TokenStream::new();
    let (mut tasks, mut idents) = (Vec::new(), Vec::new());
    for (index, field) in model.fields.iter().enumerate() {
        let inner = local(&format!("scope_{index}"));
        let Some(Attach { scope, future }) = attach(model, index, field, &scope, &inner) else {
            continue;
        };
        let task = local(&format!("task_{index}"));
        starts.extend(quote! {
            #scope
            let mut #task = #krate::private::Task::new(#future);
        });
        tasks.push(task);
        idents.push(field.ident);
    }
    let body = if tasks.is_empty() {
        quote!(#krate::private::core::result::Result::Ok(#clients {}))
    } else {
        quote! {
            #starts
            #krate::private::join(&mut [#(&mut #tasks),*]).await;
            let mut #failures = #krate::private::Failures::new();
            #(let #tasks = #tasks.settle(&mut #failures);)*
            match (#(#tasks,)*) {
                (#(#krate::private::core::option::Option::Some(#tasks),)*) => {
                    #krate::private::core::result::Result::Ok(#clients { #(#idents: #tasks),* })
                }
                _ => #krate::private::core::result::Result::Err(#failures),
            }
        }
    };
    let scope = if tasks.is_empty() { local("_scope") } else { scope };
    quote! {
        async fn __connect(
            &self,
            #scope: &#krate::private::Scope<'_>,
        ) -> #krate::private::core::result::Result<#clients, #krate::private::Failures> {
            #body
        }
    }
}

/// One inherent method a service, `connect_<field>`, as visible as the field.
pub(super) fn methods(model: &Model<'_>) -> TokenStream {
    let Model { krate, input, .. } = model;
    let [root, inner] = ["root", "inner"].map(local);
    let methods = model.fields.iter().enumerate().filter_map(|(index, field)| {
        let Attach { scope, future } = attach(model, index, field, &root, &inner)?;
        method(model, field, &quote! {
            let #root = #krate::private::Scope::root::<Self>();
            #scope
            #krate::private::connect_one::<Self, _>(#future).await
        })
    });
    let ident = &input.ident;
    quote!(impl #ident { #(#methods)* })
}

pub(crate) fn method(model: &Model<'_>, field: &Field<'_>, body: &TokenStream) -> Option<TokenStream> {
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
        #vis async fn #method(
            &self,
        ) -> #krate::private::core::result::Result<#client, #krate::ConnectError> {
            #body
        }
    })
}

/// How a field connects: a future, and the scope that it borrows.
struct Attach {
    scope: TokenStream,
    future: TokenStream,
}

fn attach(
    model: &Model<'_>,
    index: usize,
    field: &Field<'_>,
    outer: &Ident,
    inner: &Ident,
) -> Option<Attach> {
    let Model { krate, .. } = model;
    let ident = field.ident;
    let (scope, function, arguments) = match field.kind {
        Kind::Resource { .. } => {
            let function = proven(model, index, field, "attach");
            (quote!(), function, quote!(&#outer, &__FIELDS[#index]))
        }
        Kind::Nested { .. } => {
            let scope = quote!(let #inner = #outer.nested(&__FIELDS[#index]););
            (scope, proven(model, index, field, "connect"), quote!(&#inner))
        }
        Kind::Setting { .. } | Kind::Unclear => return None,
    };
    let future = if field.optional {
        let value = local("value");
        let option = quote!(#krate::private::core::option::Option);
        quote! {
            #krate::private::optional(match &self.#ident {
                #option::Some(#value) => #option::Some(#function(#value, #arguments)),
                #option::None => #option::None,
            })
        }
    } else {
        quote!(#function(&self.#ident, #arguments))
    };
    Some(Attach { scope, future })
}
