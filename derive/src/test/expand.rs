//! The output: a test as the compiler's own attribute takes it.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ReturnType;
use syn::spanned::Spanned as _;

use super::function::{Function, Parameter};
use super::options::{FieldPath, Options, Prefixed, Set};
use crate::types::{self, check};

pub(crate) fn output(options: &Options, function: &Function) -> TokenStream {
    let Function { attrs, vis, ident, parameters, output, body } = function;
    let krate = &options.krate;
    let testing = quote!(#krate::__private::testing);
    let patterns = parameters.iter().map(|Parameter { pattern, ty }| quote!(#pattern: #ty));
    let result = match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    let arguments = parameters.iter().map(|Parameter { ty, .. }| {
        let start = types::respan(quote!(start::), ty.span());
        let migration = options.migrate.as_ref().map_or_else(
            || quote!(None),
            |path| {
                let migration = types::respan(quote!(#testing::migration), path.span());
                quote!(Some(#migration(#path)))
            },
        );
        let migration = quote!(#krate::__private::core::option::Option::#migration);
        quote!(context.#start<#ty>(#migration).await?)
    });
    let spec = spec(options, function);
    let checks = checks(options, function);
    // No token of these names is the user's, so that no lint takes the functions for theirs.
    let body_of = types::local("body_of_test");
    let with = types::local("with_services");
    let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    quote! {
        #(#cfgs)*
        const _: () = { #checks };

        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #ident() #output {
            async fn #body_of(#(#patterns),*) #output #body
            async fn #with(
                context: &#testing::Context,
            ) -> #krate::__private::core::result::Result<#result, #testing::Report> {
                #krate::__private::core::result::Result::Ok(#body_of(#(#arguments),*).await)
            }
            #testing::run(#spec, #with)
        }
    }
}

fn spec(options: &Options, function: &Function) -> TokenStream {
    let krate = &options.krate;
    let name = syn::ext::IdentExt::unraw(&function.ident).to_string();
    let shared = options.shared.iter().map(FieldPath::text);
    let prefixed = options.prefixed.iter().map(|Prefixed { field, variable }| {
        let field = field.text();
        quote!((#field, #variable))
    });
    let set = options.set.iter().map(|Set { name, value }| quote!((#name, #value)));
    let environment = options.environment.as_ref().map(|path| quote!(.environment_of(#path)));
    let other_machines = options.other_machines.then(|| quote!(.other_machines()));
    let should_panic = function.should_panic().then(|| quote!(.should_panic()));
    let multi_thread = options.multi_thread.then(|| quote!(.multi_thread()));
    let worker_threads = options.worker_threads.map(|count| {
        let count = usize::from(count);
        quote!(.worker_threads(#count))
    });
    quote! {
        #krate::__private::testing::Spec::new(#name)
            .shared(&[#(#shared),*])
            .prefixed(&[#(#prefixed),*])
            .set(&[#(#set),*])
            #environment #other_machines #should_panic #multi_thread #worker_threads
    }
}

/// Constants that fail where a service can neither be isolated nor is let through.
fn checks(options: &Options, function: &Function) -> TokenStream {
    let krate = &options.krate;
    let table = |Parameter { ty, .. }: &Parameter| {
        let parameter = types::respan(quote!(#krate::__private::testing::Parameter), ty.span());
        quote! {
            <<#ty as #parameter>::Services as #krate::BackingServices>::TABLE
        }
    };
    let prefixed = options.prefixed.iter().map(|Prefixed { field, .. }| field);
    let let_through: Vec<_> = options.shared.iter().chain(prefixed).collect();
    let names: Vec<_> = let_through.iter().map(|field| field.text()).collect();
    let mut checks = TokenStream::new();
    for parameter in &function.parameters {
        let table = table(parameter);
        let arguments = quote!(#table, &[#(#names),*]);
        checks.extend(check(krate, "check_isolated", arguments, types::ends(&parameter.ty)));
    }
    let tables: Vec<_> = function.parameters.iter().map(table).collect();
    for field in let_through {
        let name = field.text();
        let arguments = quote!(&[#(#tables),*], #name);
        checks.extend(check(krate, "check_let_through", arguments, field.ends()));
    }
    checks
}
