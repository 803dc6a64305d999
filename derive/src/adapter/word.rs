//! The derive of `Word`: an enum whose variants are words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Fields, LitStr, Meta, Token, Variant};

use crate::attr::{Attribute, Cells, entry, krate};
use crate::errors::Errors;
use crate::json;

use super::attr::keys;

const WORD: Attribute = Attribute { name: "word", keys: &[keys::CRATE] };

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let errors = Errors::new();
    let entries = entry::read(&errors, &input.attrs, &WORD);
    let mut cells = Cells::of(&errors, &WORD, entries.list);
    let krate = krate(&errors, &cells.take(keys::CRATE));
    cells.finish();
    let help = "declare an enum whose variants hold nothing: `enum Mode { Fast, Safe }`";
    let mut variants: Vec<&Variant> = Vec::new();
    if let Data::Enum(data) = &input.data {
        variants.extend(&data.variants);
    } else {
        errors.on(&input.ident, "only an enum can derive `Word`", help);
    }
    let mut words = Vec::new();
    for variant in &variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.on(variant, "a word holds nothing", help);
        }
        words.push(spellings(&errors, variant));
    }
    let mut output = errors.finish();
    let is_right = output.is_empty();
    let ident = &input.ident;
    let idents = variants.iter().map(|variant| &variant.ident);
    let (core, text) = (quote!(#krate::__private::core), crate::types::local("text"));
    let option = quote!(#core::option::Option);
    let indexes = 0..words.len();
    let json = json(&words);
    let read = if is_right {
        quote! {
            match #krate::__private::word_index(__WORDS, #text)? {
                #(#indexes => #option::Some(Self::#idents),)*
                _ => #option::None,
            }
        }
    } else {
        quote!(#option::None)
    };
    output.extend(quote! {
        const _: () = {
            const __WORDS: &[&[&#core::primitive::str]] = &[#(&[#(#words),*]),*];

            #[automatically_derived]
            impl #krate::Value for #ident {
                const KIND: #krate::Kind = #krate::Kind::Words(__WORDS);
                const __WRITTEN: #option<&'static #core::primitive::str> = #option::Some(#json);

                fn read(#text: &#core::primitive::str) -> #option<Self> {
                    let _ = #text;
                    #read
                }
            }
        };
    });
    output
}

/// The form, as the record of an app has it.
fn json(words: &[Vec<String>]) -> String {
    let lists: Vec<_> = words.iter().map(json::list).collect();
    format!("\"words\":[{}]", lists.join(","))
}

/// How a variant is written, the preferred spelling first: as its attribute says, or its name in
/// lower case.
fn spellings(errors: &Errors, variant: &Variant) -> Vec<String> {
    for attr in variant.attrs.iter().filter(|attr| attr.path().is_ident("word")) {
        let texts = match &attr.meta {
            Meta::List(list) => {
                list.parse_args_with(Punctuated::<LitStr, Token![,]>::parse_terminated).ok()
            }
            _ => None,
        };
        match texts {
            Some(texts) if !texts.is_empty() => return texts.iter().map(LitStr::value).collect(),
            _ => errors.on(attr, "expected `#[word(\"verify-full\")]`", ""),
        }
    }
    let mut word = String::new();
    for c in variant.ident.unraw().to_string().chars() {
        if c.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(c.to_lowercase());
    }
    vec![word]
}
