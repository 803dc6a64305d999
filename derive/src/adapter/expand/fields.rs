//! A struct whose fields the handle fills.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use super::super::attr::Part;
use super::super::model::{Field, Model};
use super::words;
use crate::json::Json;
use crate::types::local;

pub(super) fn implementation(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { input, krate, .. } = model;
    let ident = &input.ident;
    let words = words::words(krate, fields);
    let grammar = grammar(model, fields);
    let from_handle = from_handle(model, fields);
    let kept = kept(model, fields);
    let timeout = timeout(model, fields);
    let loopback = loopback(model);
    let debug = model.container.debug.is_set().then(|| debug(model));
    let id = id(model);
    let json = json(model, fields);
    quote! {
        #words
        const __GRAMMAR: &#krate::Grammar = &#grammar;

        #[automatically_derived]
        impl #krate::Adapter for #ident {
            const GRAMMAR: &'static #krate::Grammar = __GRAMMAR;
            const __JSON: &'static [#krate::__private::Json] = #json;
            // A type that does not say how to connect is reported here, and no field that uses it
            // repeats that.
            const __IS: #krate::__private::core::primitive::bool = <#ident as #krate::Connect>::__IS;
            #id

            #from_handle
            #kept
            #loopback
            #timeout
        }

        #debug
    }
}

/// By what constants tell the type from others.
pub(super) fn id(model: &Model<'_>) -> TokenStream {
    let Model { krate, name, .. } = model;
    let core = quote!(#krate::__private::core);
    quote! {
        const __ID: &'static #core::primitive::str =
            #core::concat!(#core::module_path!(), "::", #name);
    }
}

/// What the attributes of the type say, around the words of its fields.
fn grammar(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { title, krate, container, .. } = model;
    let example = container.example.text();
    let tls_ports = container.tls_ports();
    let schemes = container.schemes().iter().map(|scheme| {
        let name = &scheme.name;
        let mut output = quote!(#krate::Scheme::new(#name));
        if let (Some(port), false) = (scheme.port.or(container.port()), scheme.socket) {
            output.extend(quote!(.port(#port)));
        }
        if scheme.tls {
            output.extend(quote!(.tls().tls_ports(&[#(#tls_ports),*])));
        }
        if scheme.socket {
            output.extend(quote!(.socket()));
        }
        output
    });
    let mut grammar =
        quote!(#krate::Grammar::new(#title, &[#(#schemes),*], #example).words(__WORDS));
    let host = fields.iter().find(|field| field.filled.part == Part::Host);
    let hosts = if let Some(field) = host {
        let ty = field.whole_ty;
        quote!(<#ty as #krate::__private::HostField>::HOSTS)
    } else {
        quote!(#krate::Hosts::None)
    };
    grammar.extend(quote!(.hosts(#hosts)));
    let (bindings, others) = (container.bindings.texts(), container.others.texts());
    if !bindings.is_empty() {
        grammar.extend(quote!(.bindings(&[#(#bindings),*])));
    }
    if !others.is_empty() {
        grammar.extend(quote!(.others(&[#(#others),*])));
    }
    if let Some(place) = container.place.text() {
        grammar.extend(quote!(.place(#place)));
    }
    if let Some(server) = container.server.tokens() {
        grammar.extend(quote!(.server(&#server)));
    }
    if container.login.is_set() {
        grammar.extend(quote!(.login(#krate::Login::Together)));
    }
    if let Some(rule) = container.unencrypted.text() {
        let rule = if rule.value() == "loopback" { quote!(Loopback) } else { quote!(Refused) };
        grammar.extend(quote!(.unencrypted(#krate::Unencrypted::#rule)));
    }
    if container.api.is_set() {
        grammar.extend(quote!(.api()));
    }
    if container.mail.is_set() {
        grammar.extend(quote!(.mail()));
    }
    grammar
}

/// The same, as the record of an app has it.
fn json(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { title, krate, container, .. } = model;
    let mut json = Json::new(quote!(#krate::__private));
    json.raw("{\"name\":");
    json.text(title);
    json.some("example", container.example.text().map(LitStr::value));
    json.raw(",\"schemes\":[");
    for scheme in container.schemes() {
        json.raw(",{\"name\":");
        json.text(&scheme.name.value());
        if let (Some(port), false) = (scheme.port.or(container.port()), scheme.socket) {
            json.raw(&format!(",\"port\":{port}"));
        }
        json.flag("tls", scheme.tls);
        json.flag("socket", scheme.socket);
        let ports: Vec<_> = container.tls_ports().iter().map(ToString::to_string).collect();
        if scheme.tls && !ports.is_empty() {
            json.raw(&format!(",\"tls_ports\":[{}]", ports.join(",")));
        }
        json.raw("}");
    }
    json.raw("],\"hosts\":");
    match fields.iter().find(|field| field.filled.part == Part::Host) {
        Some(Field { whole_ty: ty, .. }) => {
            let hosts = quote!(<#ty as #krate::__private::HostField>::HOSTS);
            json.part(&quote!(#krate::__private::json_of_hosts(#hosts)));
        }
        None => json.raw("\"none\""),
    }
    json.texts("bindings", container.bindings.texts().iter().map(LitStr::value));
    json.texts("others", container.others.texts().iter().map(LitStr::value));
    json.some("place", container.place.text().map(LitStr::value));
    json.flag("login_together", container.login.is_set());
    if let Some(rule) = container.unencrypted.text() {
        let rule = if rule.value() == "loopback" { "loopback" } else { "refused" };
        json.entry("unencrypted", rule);
    }
    json.flag("api", container.api.is_set());
    json.flag("mail", container.mail.is_set());
    if let Some(server) = container.server.tokens() {
        json.key("server");
        json.part(&quote!(#krate::__private::Json::LocalServer(&#server)));
    }
    json.raw(",\"words\":[");
    words::json(krate, fields, &mut json);
    json.raw("]}");
    json.finish()
}

/// Each field takes its word; what the table has no word for was refused before.
fn from_handle(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Model { krate, container, .. } = model;
    let (handle, reader, adapter) = (local("handle"), local("reader"), local("adapter"));
    let private = quote!(#krate::__private);
    let locals: Vec<_> = (0..fields.len()).map(|index| local(&format!("field_{index}"))).collect();
    let idents = fields.iter().map(|field| field.ident);
    let values = words::values(krate, fields, &reader);
    let result = result(krate);
    let check = container.check.is_set().then(|| quote!(Self::check(&#adapter)?;));
    quote! {
        fn from_handle(#handle: &#krate::Handle) -> #result<Self, #krate::HandleError> {
            let mut #reader = #private::Reader::new(#handle, __GRAMMAR)?;
            #(let #locals = #values;)*
            let #adapter = Self { #(#idents: #locals),* };
            #check
            #result::Ok(#adapter)
        }
    }
}

fn kept(model: &Model<'_>, fields: &[Field<'_>]) -> TokenStream {
    let krate = &model.krate;
    let whole = fields.iter().find(|field| field.filled.part == Part::Handle).map(|field| {
        let (ident, ty) = (field.ident, field.whole_ty);
        quote!(<#ty as #krate::__private::Whole>::whole(&self.#ident))
    });
    quote! {
        fn handle(&self) -> &#krate::Handle {
            #whole
        }
    }
}

/// An own function says it where the hosts of the handle are not what is talked to.
fn loopback(model: &Model<'_>) -> Option<TokenStream> {
    let krate = &model.krate;
    model.container.loopback.is_set().then(|| {
        quote! {
            fn is_loopback(&self) -> #krate::__private::core::primitive::bool {
                Self::loopback(self)
            }
        }
    })
}

/// The parameter `connect_timeout` is the time limit.
fn timeout(model: &Model<'_>, fields: &[Field<'_>]) -> Option<TokenStream> {
    let krate = &model.krate;
    let timeout = found_timeout(krate, fields)?;
    let duration = quote!(#krate::__private::core::time::Duration);
    let option = quote!(#krate::__private::core::option::Option<#duration>);
    Some(quote! {
        fn connect_timeout(&self) -> #duration {
            <#option as #krate::__private::Timeout>::timeout(&#timeout)
        }
    })
}

/// The parameter of that name, among the fields or in a flattened struct.
pub(crate) fn found_timeout(krate: &syn::Path, fields: &[Field<'_>]) -> Option<TokenStream> {
    let option = quote!(#krate::__private::core::option::Option);
    let is_timeout = |name: &LitStr| name.value() == "connect_timeout";
    let own = fields.iter().find(|field| field.filled.param.as_ref().is_some_and(is_timeout));
    if let Some(Field { ident, whole_ty: ty, .. }) = own {
        let timeout = quote!(<#ty as #krate::__private::Timeout>::timeout(&self.#ident));
        return Some(quote!(#option::Some(#timeout)));
    }
    let flattened = fields.iter().filter(|field| field.filled.part == Part::Flatten);
    let timeouts = flattened.map(|Field { ident, whole_ty: ty, .. }| {
        quote!(<#ty as #krate::Parameters>::connect_timeout(&self.#ident))
    });
    timeouts.reduce(|first, next| quote!(#option::or(#first, #next)))
}

/// What of the handle is no secret.
fn debug(model: &Model<'_>) -> TokenStream {
    let Model { input, name, krate, .. } = model;
    let ident = &input.ident;
    let f = local("f");
    quote! {
        #[automatically_derived]
        impl #krate::__private::core::fmt::Debug for #ident {
            fn fmt(
                &self,
                #f: &mut #krate::__private::core::fmt::Formatter<'_>,
            ) -> #krate::__private::core::fmt::Result {
                #krate::__private::debug_adapter(#f, #name, self)
            }
        }
    }
}

pub(crate) fn result(krate: &syn::Path) -> TokenStream {
    quote!(#krate::__private::core::result::Result)
}

pub(crate) fn future(krate: &syn::Path) -> TokenStream {
    quote!(#krate::__private::core::future::Future)
}
