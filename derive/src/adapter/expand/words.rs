//! The words of a struct, as a constant: the table that its handles are read by.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{LitStr, Path};

use super::super::attr::{About, Part};
use super::super::model::Field;
use crate::json::Json;
use crate::types;

/// Lists of words that are concatenated: runs of the struct's own, and those of flattened structs.
pub(crate) fn lists(krate: &Path, fields: &[Field<'_>]) -> TokenStream {
    let private = quote!(#krate::__private);
    let (mut lists, mut own) = (Vec::new(), Vec::new());
    for field in fields {
        let ty = field.whole_ty;
        match field.filled.part {
            Part::Handle | Part::Unclear => {}
            Part::Flatten => {
                let words = std::mem::take(&mut own);
                lists.push(quote!(&[#(#words),*]));
                lists.push(quote!(<#ty as #krate::Parameters>::WORDS));
            }
            Part::Host => {
                own.push(word(krate, field));
                let words = std::mem::take(&mut own);
                lists.push(quote!(&[#(#words),*]));
                // A host that brings its port along is followed by the word for it.
                let takes_port = quote!(<#ty as #private::HostField>::TAKES_PORT);
                lists.push(if field.filled.in_query {
                    let port = quote!(<#private::core::primitive::u16 as #krate::Value>::KIND);
                    let port = quote!(#krate::Word::new("port", #krate::Part::Port, #port));
                    quote!(if #takes_port { &[#port.in_query()] } else { &[] })
                } else {
                    quote!(#private::port_words(#takes_port))
                });
            }
            _ => own.push(word(krate, field)),
        }
    }
    lists.push(quote!(&[#(#own),*]));
    quote!(&[#(#lists),*])
}

/// The concatenation of the lists.
pub(crate) fn words(krate: &Path, fields: &[Field<'_>]) -> TokenStream {
    let private = quote!(#krate::__private);
    let lists = lists(krate, fields);
    quote! {
        const __LISTS: &[&[#krate::Word]] = #lists;
        const __WORDS: &[#krate::Word] =
            &#private::concat_words::<{ #private::count_words(__LISTS) }>(__LISTS);
    }
}

fn word(krate: &Path, field: &Field<'_>) -> TokenStream {
    let private = quote!(#krate::__private);
    let (ty, filled) = (field.ty, &field.filled);
    let name = filled.param.as_ref().map_or_else(|| field.name.clone(), LitStr::value);
    let (part, kind) = match filled.part {
        Part::Username => (quote!(Username), quote!(<#ty as #private::Username>::KIND)),
        Part::Password => (quote!(Password), quote!(<#ty as #private::Password>::KIND)),
        Part::Path => (quote!(Path), quote!(<#ty as #private::Path>::KIND)),
        Part::Name => (quote!(Name), quote!(<#ty as #private::Path>::KIND)),
        Part::File => (quote!(File), quote!(<#ty as #private::Path>::KIND)),
        Part::Host => (quote!(Host), quote!(#krate::Kind::Text)),
        Part::Port => {
            (quote!(Port), quote!(<#private::core::primitive::u16 as #krate::Value>::KIND))
        }
        _ => (quote!(Param), quote!(<#ty as #krate::Value>::KIND)),
    };
    let mut word = quote!(#krate::Word::new(#name, #krate::Part::#part, #kind));
    if !filled.names.is_empty() {
        let names = &filled.names;
        word.extend(quote!(.names(&[#(#names),*])));
    }
    if !field.doc.is_empty() {
        let doc = &field.doc;
        word.extend(quote!(.meaning(#doc)));
    }
    if let Some(default) = &filled.default {
        word.extend(quote!(.default(#default)));
    } else if !field.optional && !matches!(filled.part, Part::Host | Part::Port) {
        word.extend(quote!(.required()));
    }
    if let Some(max) = &filled.max {
        word.extend(quote!(.max(#max)));
    }
    if let Some(unit) = &filled.bare {
        let unit = if unit.value() == "ms" { quote!(Milliseconds) } else { quote!(Seconds) };
        word.extend(quote!(.bare(#krate::Unit::#unit)));
    }
    if filled.only {
        word.extend(quote!(.only()));
    }
    if filled.in_query {
        word.extend(quote!(.in_query()));
    }
    let about = match &filled.about {
        About::Other => return word,
        About::Tuning => quote!(Tuning),
        About::Ca => quote!(Ca),
        About::TlsFile => quote!(TlsFile),
        About::Credential => quote!(Credential),
        About::Tls(values) => {
            let [off, on, verified] = values.as_slice() else { return word };
            quote!(Tls(#krate::TlsWord { off: #off, on: #on, verified: #verified }))
        }
    };
    word.extend(quote!(.about(#krate::About::#about)));
    word
}

/// The same words, as the record of an app has them.
pub(crate) fn json(krate: &Path, fields: &[Field<'_>], json: &mut Json) {
    let private = quote!(#krate::__private);
    for field in fields {
        let (ty, whole) = (field.ty, field.whole_ty);
        let (part, form) = match field.filled.part {
            Part::Handle | Part::Unclear => continue,
            Part::Flatten => {
                json.all(&quote!(<#whole as #krate::Parameters>::__JSON));
                continue;
            }
            Part::Host => ("host", None),
            Part::Port => ("port", None),
            Part::Username => ("username", Some(quote!(<#ty as #private::Username>::JSON))),
            Part::Password => ("password", Some(quote!(<#ty as #private::Password>::JSON))),
            Part::Path => ("path", Some(quote!(<#ty as #private::Path>::JSON))),
            Part::Name => ("name", Some(quote!(<#ty as #private::Path>::JSON))),
            Part::File => ("file", Some(quote!(<#ty as #private::Path>::JSON))),
            Part::Param => {
                let value = quote!(<#ty as #krate::Value>);
                ("", Some(quote!(#private::json_of_form(#value::KIND, #value::__WRITTEN))))
            }
        };
        json.raw(",{");
        match form {
            Some(form) => json.part(&form),
            None => json.raw(if part == "host" { r#""form":"text""# } else { r#""form":"u16""# }),
        }
        word_json(field, part, json);
        json.raw("}");
        if part == "host" {
            // A host that brings its port along is followed by the word for it.
            let in_query = field.filled.in_query;
            let takes_port = quote!(<#whole as #private::HostField>::TAKES_PORT);
            json.part(&quote!(#private::json_of_port(#takes_port, #in_query)));
        }
    }
}

fn word_json(field: &Field<'_>, part: &str, json: &mut Json) {
    let filled = &field.filled;
    let name = filled.param.as_ref().map_or_else(|| field.name.clone(), LitStr::value);
    json.entry("name", &name);
    json.texts("names", filled.names.iter().map(LitStr::value));
    if !part.is_empty() {
        json.entry("part", part);
        json.flag("in_query", filled.in_query);
    }
    json.some("default", filled.default.as_ref().map(LitStr::value));
    json.some("max", filled.max.as_ref().map(LitStr::value));
    let is_place = matches!(filled.part, Part::Host | Part::Port);
    json.flag("required", filled.default.is_none() && !field.optional && !is_place);
    json.some("bare", filled.bare.as_ref().map(LitStr::value));
    json.flag("only", filled.only);
    match &filled.about {
        About::Other => {}
        About::Tuning => json.entry("about", "tuning"),
        About::Ca => json.entry("about", "ca"),
        About::TlsFile => json.entry("about", "tls_file"),
        About::Credential => json.entry("about", "credential"),
        About::Tls(values) => json.texts("tls", values.iter().map(LitStr::value)),
    }
    json.some("meaning", Some(&field.doc).filter(|doc| !doc.is_empty()));
}

/// Each field's value, in the order of the words.
pub(crate) fn values(krate: &Path, fields: &[Field<'_>], reader: &syn::Ident) -> Vec<TokenStream> {
    let private = quote!(#krate::__private);
    let read = |field: &Field<'_>, of: TokenStream| {
        let ty = field.ty;
        let method = if field.optional { quote!(optional) } else { quote!(next) };
        quote!(#reader.#method(<#ty as #of>::read)?)
    };
    let value = |field: &Field<'_>| {
        let ty = field.whole_ty;
        match field.filled.part {
            Part::Handle => quote!(<#ty as #private::Whole>::take(#reader.handle())),
            Part::Username => read(field, quote!(#private::Username)),
            Part::Password => read(field, quote!(#private::Password)),
            Part::Path | Part::Name | Part::File => read(field, quote!(#private::Path)),
            Part::Host => quote!(<#ty as #private::HostField>::take(&mut #reader)?),
            Part::Port => quote!(<#ty as #private::PortField>::take(&mut #reader)?),
            Part::Param => read(field, quote!(#krate::Value)),
            Part::Flatten => quote!(<#ty as #krate::Parameters>::read(&mut #reader)?),
            Part::Unclear => TokenStream::new(),
        }
    };
    fields.iter().map(value).collect()
}

/// The default of each parameter has the form of its type.
pub(crate) fn checks(krate: &Path, fields: &[Field<'_>]) -> TokenStream {
    let checks = fields.iter().filter_map(|field| {
        let (name, default) = (field.filled.param.as_ref()?, field.filled.default.as_ref()?);
        let ty = field.ty;
        let kind = quote!(<#ty as #krate::Value>::KIND);
        let option = quote!(#krate::__private::core::option::Option);
        let max = field.filled.max.as_ref();
        let max = max.map_or_else(|| quote!(#option::None), |max| quote!(#option::Some(#max)));
        let arguments = quote!(#name, #kind, #max, #default);
        Some(types::check(krate, "check_parameter", arguments, [default.span(); 2]))
    });
    checks.collect()
}
