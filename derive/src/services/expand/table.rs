//! What the struct declares, as a constant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use super::field_types::alias;
use crate::services::attr::Param;
use crate::services::model::{Field, Kind, Model, Resource, Variable};

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
    quote! {
        #shared
        const __FIELDS: &[#krate::__private::Field] = &[#(#fields),*];
        const __TABLE: #krate::__private::Table =
            #krate::__private::Table { name: #name, fields: __FIELDS };
    }
}

fn kind(model: &Model<'_>, index: usize, field: &Field<'_>) -> TokenStream {
    let (krate, alias) = (&model.krate, alias(index));
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
            let Resource { shared, ready, .. } = resource;
            let variables = names(&resource.variables);
            let ignored = names(&resource.ignored);
            let required = !field.optional && resource.default.is_none();
            let (default, binding) = (option(&resource.default), option(&resource.binding));
            let params =
                resource.params.iter().map(|Param { name, value, .. }| quote!((#name, #value)));
            let service = quote!(<#alias as __private::Describe>);
            quote! {
                Resource {
                    variables: #variables,
                    binding: #binding,
                    grammar: #service::GRAMMAR,
                    id: #service::ID,
                    required: #required,
                    default: #default,
                    shared: #shared,
                    params: &[#(#params),*],
                    ignored: #ignored,
                    ready: #ready,
                    isolated: #krate::__private::IsolationOf::<#alias>::ISOLATED,
                }
            }
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
