//! The derive of `Parameters`: a struct of parameters that adapters flatten into theirs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path};

use super::attr::{Part, Shape, keys, shape};
use super::check::check_fields;
use super::expand::{fields, words};
use super::model::{Field, read_fields};
use crate::attr::{Attribute, Cells, entry, krate};
use crate::errors::Errors;
use crate::json::Json;
use crate::types::local;

const PARAMETERS: Attribute = Attribute { name: "parameters", keys: &[keys::CRATE] };

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let entries = entry::read(&errors, &input.attrs, &PARAMETERS);
    let mut cells = Cells::of(&errors, &PARAMETERS, entries.list);
    let krate = krate(&errors, &cells.take(keys::CRATE));
    cells.finish();
    let fields = match shape(&errors, input) {
        Shape::Struct(fields) => read_fields(&errors, fields, &PARAMETERS),
        Shape::Enum(_) | Shape::Union => {
            let help = "declare a struct with named fields, each a parameter";
            errors.on(&input.ident, "only a struct can derive `Parameters`", help);
            Vec::new()
        }
    };
    check_fields(&errors, &input.ident.to_string(), &fields);
    for field in &fields {
        if !matches!(field.filled.part, Part::Param | Part::Flatten | Part::Unclear) {
            let help = "an adapter takes the parts of its handle itself";
            errors.at(field.filled.span, "a struct of parameters has no parts of a handle", help);
        }
    }
    let mut output = errors.finish();
    let is_right = output.is_empty();
    output.extend(implementation(input, &krate, if is_right { &fields } else { &[] }, is_right));
    output
}

fn implementation(
    input: &DeriveInput,
    krate: &Path,
    fields: &[Field<'_>],
    is_right: bool,
) -> TokenStream {
    let ident = &input.ident;
    let reader = local("reader");
    let words = words::words(krate, fields);
    let checks = words::checks(krate, fields);
    let mut json = Json::new(quote!(#krate::__private));
    words::json(krate, fields, &mut json);
    let json = json.finish();
    let values = words::values(krate, fields, &reader);
    let idents = fields.iter().map(|field| field.ident);
    let timeout = fields::found_timeout(krate, fields).map(|timeout| {
        let core = quote!(#krate::__private::core);
        quote! {
            fn connect_timeout(&self) -> #core::option::Option<#core::time::Duration> {
                #timeout
            }
        }
    });
    let result = quote!(#krate::__private::core::result::Result);
    let value = if is_right {
        quote!(#result::Ok(Self { #(#idents: #values),* }))
    } else {
        quote!(#result::Err(#krate::HandleError::new("")))
    };
    quote! {
        const _: () = {
            #words

            #[automatically_derived]
            impl #krate::Parameters for #ident {
                const WORDS: &'static [#krate::Word] = __WORDS;
                const __JSON: &'static [#krate::__private::Json] = #json;

                fn read(
                    mut #reader: &mut #krate::__private::Reader<'_>,
                ) -> #result<Self, #krate::HandleError> {
                    let _ = &mut #reader;
                    #value
                }

                #timeout
            }

            #checks
        };
    }
}
