//! What the struct declares, as the record that the program holds has it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use super::field_types::alias;
use crate::json::{self, Json};
use crate::services::attr::Param;
use crate::services::model::{Field, Kind, Model, Resource, Variable};

/// The JSON, and the record, which the linker keeps and no code reads.
pub(super) fn constants(model: &Model<'_>) -> TokenStream {
    let json = json(model);
    let record = model.embed.then(|| {
        let usize = quote!(__private::core::primitive::usize);
        quote! {
            const __ADAPTERS: #usize = __private::count_adapters(__JSON);
            const __LENGTH: #usize = __private::record_len::<__ADAPTERS>(__JSON);
            #[used]
            static __RECORD: [__private::core::primitive::u8; __LENGTH] =
                __private::record::<__ADAPTERS, __LENGTH>(__JSON);
        }
    });
    quote! {
        const __JSON: &[__private::Json] = #json;
        #record
    }
}

fn json(model: &Model<'_>) -> TokenStream {
    let Model { name, fields, .. } = model;
    let core = quote!(__private::core);
    let adapters: Vec<_> = model.adapters().collect();
    let mut json = Json::new(quote!(__private));
    if !adapters.is_empty() {
        let aliases = adapters.iter().map(|index| alias(model, *index));
        let adapters = aliases.map(|alias| {
            quote!((<#alias as __private::Describe>::ID, <#alias as __private::Describe>::JSON))
        });
        json.part(&quote!(__private::Json::Adapters(&[#(#adapters),*])));
    }
    json.raw("{\"name\":");
    json.text(name);
    json.raw(",\"id\":\"");
    json.known(&quote!(#core::concat!(#core::module_path!(), "::", #name)));
    json.raw("\",\"fields\":[");
    for (index, field) in fields.iter().enumerate() {
        json.raw(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
        json.text(&field.name);
        json.some("doc", Some(&field.doc).filter(|doc| !doc.is_empty()));
        kind(model, &adapters, index, field, &mut json);
        json.raw("}");
    }
    json.raw("]}");
    json.finish()
}

fn kind(model: &Model<'_>, adapters: &[usize], index: usize, field: &Field<'_>, out: &mut Json) {
    let names = |variables: &[Variable]| {
        variables.iter().map(|variable| variable.name.clone()).collect::<Vec<_>>()
    };
    match &field.kind {
        Kind::Resource(resource) => {
            let Resource { shared, ready, .. } = resource;
            let first = model.first_of_type(index);
            let place = adapters.iter().position(|known| *known == first).unwrap_or_default();
            out.key("adapter");
            out.part(&quote!(__private::Json::At(#place)));
            out.texts("variables", names(&resource.variables));
            out.some("binding", resource.binding.as_ref().map(LitStr::value));
            out.flag("required", !field.optional && resource.default.is_none());
            out.some("default", resource.default.as_ref().map(LitStr::value));
            out.flag("shared", *shared);
            for (at, Param { name, value, .. }) in resource.params.iter().enumerate() {
                out.raw(if at == 0 { ",\"params\":[" } else { "," });
                out.raw(&json::list([name, value]));
            }
            if !resource.params.is_empty() {
                out.raw("]");
            }
            out.texts("ignored", names(&resource.ignored));
            out.flag("unready", !ready);
        }
        Kind::Setting { variables, default } => {
            let ty = field.ty;
            out.raw(",\"setting\":\"");
            out.known(&quote!(__private::DefaultOf::<#ty>::NAME));
            out.raw("\"");
            out.texts("variables", names(variables));
            out.flag("required", !field.optional && default.is_none());
            out.some("default", default.as_ref().map(LitStr::value));
        }
        Kind::Flatten { prefix } => out.entry("flatten", prefix),
        Kind::Nested { prefix } => {
            out.entry("prefix", prefix);
            out.flag("optional", field.optional);
            out.key("nested");
            let alias = alias(model, index);
            out.all(&quote!(<#alias as __private::DescribeNested>::JSON));
        }
        Kind::Unclear => {}
    }
}
