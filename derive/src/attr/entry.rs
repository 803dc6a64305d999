//! The entries of an attribute, `key = "value"`, `key("value")` or `key`, each known and each of
//! the right form.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Ident, LitBool, LitInt, LitStr, Meta, Token};

use super::key::{Attribute, Key, Takes};
use crate::errors::Errors;
use crate::near;

/// One entry whose key is known.
pub(crate) struct Entry {
    /// Its place among the entries.
    pub(crate) order: usize,
    pub(crate) key: Key,
    pub(crate) ident: Ident,
    pub(crate) value: Value,
}

/// What stands behind a key.
pub(crate) enum Value {
    Nothing,
    Text(LitStr),
    Texts(Vec<LitStr>),
    Port(u16),
    Bool(bool),
    Ports(Vec<u16>),
    Schemes(Vec<Scheme>),
    /// Of a key that reads its value itself.
    Tokens(TokenStream),
    /// Something else, which has been reported.
    Refused,
}

/// One scheme and what it says: `"rediss" = tls`, `"amqps" = tls(5671)`, `"http" = 80`.
pub(crate) struct Scheme {
    pub(crate) name: LitStr,
    pub(crate) port: Option<u16>,
    pub(crate) tls: bool,
    pub(crate) socket: bool,
}

impl Value {
    pub(crate) fn text(&self) -> Option<&LitStr> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What the attributes of one name say, in their order.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) list: Vec<Entry>,
    /// Whether a key without a value was refused: then nobody knows what the item was meant to be.
    pub(crate) unclear: bool,
    /// Whether any key was refused.
    pub(crate) unknown: bool,
}

pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute], attribute: &Attribute) -> Entries {
    let mut entries = Entries::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute.name)) {
        match &attr.meta {
            Meta::Path(_) => {}
            Meta::List(list) => entries.parse_all(errors, attribute, list.tokens.clone()),
            Meta::NameValue(pair) => {
                let (name, form) = (attribute.name, attribute.keys[0].example());
                errors.on(pair, format!("expected `#[{name}({form})]`"), "");
                entries.unclear = true;
            }
        }
    }
    entries
}

/// The entries inside a key that has keys of its own.
pub(crate) fn read_inside(errors: &Errors, attribute: &Attribute, tokens: TokenStream) -> Entries {
    let mut entries = Entries::default();
    entries.parse_all(errors, attribute, tokens);
    entries
}

/// The list that an entry holds, with commas between.
pub(crate) fn items<T: Parse>(errors: &Errors, entry: &Entry, tokens: TokenStream) -> Vec<T> {
    let expected = format!("expected `{}`", entry.key.example());
    if tokens.is_empty() {
        errors.on(&entry.ident, &expected, "");
    }
    let mut items = Vec::new();
    let parse = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let rest = input.fork();
            let item = input.parse().ok();
            if let Some(item) = item.filter(|_| input.is_empty() || input.peek(Token![,])) {
                items.push(item);
            } else {
                eat(input);
                let refused = eat(&rest);
                if refused.is_empty() {
                    errors.on(&entry.ident, &expected, "");
                } else {
                    errors.on(refused, &expected, "");
                }
            }
            let _: Option<Token![,]> = input.parse().unwrap_or_default();
        }
        Ok(())
    };
    if let Err(error) = Parser::parse2(parse, tokens) {
        errors.push(error);
    }
    items
}

/// An attribute that stands where it means nothing. Whether there is one.
pub(crate) fn refuse(
    errors: &Errors,
    attrs: &[syn::Attribute],
    attribute: &Attribute,
    message: &str,
    help: &str,
) -> bool {
    let wrong = attrs.iter().find(|attr| attr.path().is_ident(attribute.name));
    if let Some(attr) = wrong {
        errors.on(attr.path(), message, help);
    }
    wrong.is_some()
}

impl Entries {
    fn parse_all(&mut self, errors: &Errors, attribute: &Attribute, tokens: TokenStream) {
        let parse = |input: ParseStream<'_>| {
            self.parse(errors, attribute, input);
            Ok(())
        };
        if let Err(error) = Parser::parse2(parse, tokens) {
            errors.push(error);
        }
    }

    fn parse(&mut self, errors: &Errors, attribute: &Attribute, input: ParseStream<'_>) {
        while !input.is_empty() {
            self.parse_one(errors, attribute, input);
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                let rest = eat(input);
                errors.on(rest, "expected a `,` before this", "");
                let _: Option<Token![,]> = input.parse().unwrap_or_default();
            }
        }
    }

    fn parse_one(&mut self, errors: &Errors, attribute: &Attribute, input: ParseStream<'_>) {
        let Ok(ident) = Ident::parse_any(input) else {
            let known =
                format!("the keys of `{}` are {}", attribute.name, near::list(&attribute.names()));
            errors.on(eat(input), "expected a key", &known);
            return;
        };
        let Some(key) = known(errors, attribute, &ident) else {
            self.unclear |= eat(input).is_empty();
            self.unknown = true;
            return;
        };
        let value = value(errors, key, &ident, input);
        let order = self.list.len();
        self.list.push(Entry { order, key: *key, ident, value });
    }
}

/// What says what the item is or what it makes, and what must be there: taken as meant when it is
/// nearly right, so that the uses of the item do not fail too.
const MEANT: &[&str] = &["nested", "clients", "client", "schemes", "example"];

fn known(errors: &Errors, attribute: &Attribute, ident: &Ident) -> Option<&'static Key> {
    let word = ident.unraw().to_string();
    if let Some(key) = attribute.keys.iter().find(|key| key.name == word) {
        return Some(key);
    }
    let names = attribute.names();
    let near = near::nearest(&word, &names);
    let help = match near {
        Some(name) => format!("a key with a similar name exists: `{name}`"),
        None => format!("the keys of `{}` are {}", attribute.name, near::list(&names)),
    };
    errors.on(ident, format!("unknown `{}` key `{word}`", attribute.name), &help);
    let meant = near.filter(|name| MEANT.contains(name))?;
    attribute.keys.iter().find(|key| key.name == meant)
}

/// The value behind a key; whatever stands there instead is eaten.
fn value(errors: &Errors, key: &Key, ident: &Ident, input: ParseStream<'_>) -> Value {
    let rest = input.fork();
    let value = match key.takes {
        Takes::Nothing => Some(Value::Nothing),
        Takes::Text(_) => text(input).map(Value::Text),
        Takes::Texts(_) => texts(input).map(Value::Texts),
        Takes::Port(_) => port(input).map(Value::Port),
        Takes::Bool(_) => boolean(input).map(Value::Bool),
        Takes::Ports(_) => ports(input).map(Value::Ports),
        Takes::Schemes(_) => schemes(input).map(Value::Schemes),
        Takes::TextOrTokens(_) if input.peek(Token![=]) => text(input).map(Value::Text),
        Takes::Tokens(_) | Takes::TextOrTokens(_) => group(input).map(Value::Tokens),
        Takes::Value(_) => assigned(input).map(Value::Tokens),
    };
    if let Some(value) = value
        && (input.is_empty() || input.peek(Token![,]))
    {
        return value;
    }
    eat(input);
    if matches!(key.takes, Takes::Nothing) {
        errors.on(eat(&rest), format!("`{}` takes no value", key.name), "");
        return Value::Nothing;
    }
    let _: Option<Token![=]> = rest.parse().unwrap_or_default();
    let refused = eat(&rest);
    let message = format!("expected `{}`", key.example());
    if refused.is_empty() {
        errors.on(ident, message, "");
    } else {
        errors.on(refused, message, "");
    }
    Value::Refused
}

/// `= "text"`
fn text(input: ParseStream<'_>) -> Option<LitStr> {
    input.parse::<Token![=]>().ok()?;
    input.parse().ok()
}

/// `(anything)`
fn group(input: ParseStream<'_>) -> Option<TokenStream> {
    let group: Group = input.parse().ok()?;
    (group.delimiter() == Delimiter::Parenthesis).then(|| group.stream())
}

/// `= anything`, up to the next comma outside of `<...>`.
fn assigned(input: ParseStream<'_>) -> Option<TokenStream> {
    input.parse::<Token![=]>().ok()?;
    let (mut tokens, mut depth) = (TokenStream::new(), 0_u32);
    while !input.is_empty() && (depth > 0 || !input.peek(Token![,])) {
        let token: TokenTree = input.parse().ok()?;
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        tokens.extend([token]);
    }
    (!tokens.is_empty()).then_some(tokens)
}

/// `(443, 8443)`
fn ports(input: ParseStream<'_>) -> Option<Vec<u16>> {
    let list = Punctuated::<LitInt, Token![,]>::parse_terminated;
    let ports = list.parse2(group(input)?).ok()?;
    ports.iter().map(|port| port.base10_parse().ok()).collect()
}

/// `("redis", "rediss" = tls, "amqps" = tls(5671), "http" = 80)`
fn schemes(input: ParseStream<'_>) -> Option<Vec<Scheme>> {
    let list = Punctuated::<Scheme, Token![,]>::parse_terminated;
    let schemes = list.parse2(group(input)?).ok()?;
    (!schemes.is_empty()).then(|| schemes.into_iter().collect())
}

impl Parse for Scheme {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut scheme = Self { name: input.parse()?, port: None, tls: false, socket: false };
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(scheme);
        }
        input.parse::<Token![=]>()?;
        if input.peek(LitInt) {
            scheme.port = Some(input.parse::<LitInt>()?.base10_parse()?);
            return Ok(scheme);
        }
        let says: Ident = input.parse()?;
        match says.to_string().as_str() {
            "tls" => scheme.tls = true,
            "socket" => scheme.socket = true,
            _ => return Err(syn::Error::new(says.span(), "expected `tls` or `socket`")),
        }
        if input.peek(syn::token::Paren) {
            let port;
            syn::parenthesized!(port in input);
            scheme.port = Some(port.parse::<LitInt>()?.base10_parse()?);
        }
        Ok(scheme)
    }
}

/// `("text", "text")`
fn texts(input: ParseStream<'_>) -> Option<Vec<LitStr>> {
    let group: Group = input.parse().ok()?;
    let list = Punctuated::<LitStr, Token![,]>::parse_terminated;
    let texts = list.parse2(group.stream()).ok()?;
    let fits = group.delimiter() == Delimiter::Parenthesis && !texts.is_empty();
    fits.then(|| texts.into_iter().collect())
}

/// `= 443`
fn port(input: ParseStream<'_>) -> Option<u16> {
    input.parse::<Token![=]>().ok()?;
    input.parse::<LitInt>().ok()?.base10_parse().ok().filter(|port| *port > 0)
}

/// `= false`
fn boolean(input: ParseStream<'_>) -> Option<bool> {
    input.parse::<Token![=]>().ok()?;
    Some(input.parse::<LitBool>().ok()?.value)
}

/// Everything up to the next comma.
fn eat(input: ParseStream<'_>) -> TokenStream {
    let mut eaten = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => eaten.extend([token]),
            Err(_) => break,
        }
    }
    eaten
}
