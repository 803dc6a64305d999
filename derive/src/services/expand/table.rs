//! What the struct declares, as a constant.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, LitStr};

use super::field_types::alias;
use crate::services::attr::Param;
use crate::services::model::{Field, Kind, Model, Variable};

pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    let Model { name, krate, .. } = model;
    let fields = model.fields.iter().enumerate().map(|(index, field)| {
        let Field { name, doc, .. } = field;
        let kind = kind(model, index, field);
        quote!(__private::Field { name: #name, doc: #doc, kind: __private::Kind::#kind })
    });
    let is_service = |field: &Field<'_>| matches!(field.kind, Kind::Resource(_));
    let shared = model.fields.iter().any(is_service).then(|| {
        // Where every adapter is isolated nothing else uses the trait, which a lint would tell.
        quote! {
            use #krate::__private::Shared as __Shared;
            const _: () = {
                let _ = <#krate::__private::IsolationOf<()> as __Shared>::ISOLATED;
            };
        }
    });
    let adapters = model.adapters().map(|index| {
        let (own, alias) = (of_adapter(model, index), alias(model, index));
        quote! {
            const #own: __private::OfAdapter = __private::OfAdapter {
                grammar: <#alias as __private::Describe>::GRAMMAR,
                id: <#alias as __private::Describe>::ID,
                isolated: __private::IsolationOf::<#alias>::ISOLATED,
            };
        }
    });
    quote! {
        #shared
        #(#adapters)*
        const __FIELDS: &[#krate::__private::Field] = &[#(#fields),*];
        const __TABLE: #krate::__private::Table =
            #krate::__private::Table { name: #name, fields: __FIELDS };
    }
}

/// What is said of an adapter once.
fn of_adapter(model: &Model<'_>, index: usize) -> Ident {
    format_ident!("__ADAPTER{}", model.first_of_type(index))
}

fn kind(model: &Model<'_>, index: usize, field: &Field<'_>) -> TokenStream {
    let (krate, alias) = (&model.krate, alias(model, index));
    let option = |text: &Option<LitStr>| {
        let variant = text.as_ref().map_or_else(|| quote!(None), |text| quote!(Some(#text)));
        quote!(__private::#variant)
    };
    let names = |variables: &[Variable]| {
        let names = variables.iter().map(|variable| &variable.name);
        quote!(&[#(#names),*])
    };
    match &field.kind {
        Kind::Resource(resource) => {
            let variables = names(&resource.variables);
            let of = of_adapter(model, index);
            let mut made = quote!(service(#variables, #of));
            if field.optional {
                made.extend(quote!(.optional()));
            }
            if let Some(handle) = &resource.default {
                made.extend(quote!(.or(#handle)));
            }
            if let Some(name) = &resource.binding {
                made.extend(quote!(.bound_as(#name)));
            }
            if resource.shared {
                made.extend(quote!(.shared()));
            }
            if !resource.params.is_empty() {
                let params =
                    resource.params.iter().map(|Param { name, value, .. }| quote!((#name, #value)));
                made.extend(quote!(.with_params(&[#(#params),*])));
            }
            if !resource.ignored.is_empty() {
                let ignored = names(&resource.ignored);
                made.extend(quote!(.beside(#ignored)));
            }
            if !resource.ready {
                made.extend(quote!(.unready()));
            }
            made
        }
        Kind::Setting { variables, default } => {
            let variables = names(variables);
            let required = !field.optional && default.is_none();
            let default = option(default);
            let ty = field.ty;
            let ty = quote!(#krate::__private::DefaultOf::<#ty>::NAME);
            quote! {
                Setting { variables: #variables, required: #required, default: #default, ty: #ty }
            }
        }
        Kind::Flatten { prefix } => {
            let flattened = quote!(<#alias as #krate::__private::Flattened>);
            quote! {
                Flatten {
                    prefix: #prefix,
                    names: #flattened::names,
                    fields: #flattened::fields,
                }
            }
        }
        Kind::Nested { prefix } => {
            let optional = field.optional;
            let table = quote!(<#alias as #krate::__private::DescribeNested>::TABLE);
            quote!(Nested { prefix: #prefix, optional: #optional, table: #table })
        }
        Kind::Unclear => TokenStream::new(),
    }
}
