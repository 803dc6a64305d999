//! The entries of an attribute, `key = "value"` or `key`, each known and each of the right form.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Lit, LitStr, Meta, Token};

use super::keys::{Attribute, Key};
use crate::errors::Errors;
use crate::near;

/// One entry whose key is known.
pub(crate) struct Entry {
    /// Its place among the entries.
    pub(crate) order: usize,
    pub(crate) key: &'static str,
    pub(crate) ident: Ident,
    /// `None` for a key that takes no value.
    pub(crate) value: Option<LitStr>,
}

/// What the attributes of one name say, in their order.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) list: Vec<Entry>,
    /// Whether a key without a value was refused: then nobody knows what the item was meant to be.
    pub(crate) unclear: bool,
}

pub(crate) fn read(errors: &Errors, attrs: &[syn::Attribute], attribute: &Attribute) -> Entries {
    let mut entries = Entries::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute.name)) {
        match &attr.meta {
            Meta::Path(_) => {}
            Meta::List(list) => {
                let parse = |input: ParseStream<'_>| {
                    entries.parse(errors, attribute, input);
                    Ok(())
                };
                if let Err(error) = Parser::parse2(parse, list.tokens.clone()) {
                    errors.push(error);
                }
            }
            Meta::NameValue(pair) => {
                let (name, form) = (attribute.name, form(&attribute.keys[0]));
                errors.on(pair, format!("expected `#[{name}({form})]`"), "");
                entries.unclear = true;
            }
        }
    }
    entries
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
            let names: Vec<_> = attribute.keys.iter().map(|key| key.name).collect();
            let known = format!("the keys of `{}` are {}", attribute.name, near::list(&names));
            errors.on(eat(input), "expected a key", &known);
            return;
        };
        let Some(key) = known(errors, attribute, &ident) else {
            self.unclear |= eat(input).is_empty();
            return;
        };
        let value = if key.example.is_some() {
            let Some(text) = text(errors, key, &ident, input) else { return };
            Some(text)
        } else {
            let value = eat(input);
            if !value.is_empty() {
                errors.on(value, format!("`{}` takes no value", key.name), "");
            }
            None
        };
        let order = self.list.len();
        self.list.push(Entry { order, key: key.name, ident, value });
    }
}

fn known(errors: &Errors, attribute: &Attribute, ident: &Ident) -> Option<&'static Key> {
    let word = ident.unraw().to_string();
    if let Some(key) = attribute.keys.iter().find(|key| key.name == word) {
        return Some(key);
    }
    let names: Vec<_> = attribute.keys.iter().map(|key| key.name).collect();
    let near = near::nearest(&word, &names);
    let help = match near {
        Some(name) => format!("a key with a similar name exists: `{name}`"),
        None => format!("the keys of `{}` are {}", attribute.name, near::list(&names)),
    };
    errors.on(ident, format!("unknown `{}` key `{word}`", attribute.name), &help);
    // These two say what the item is and what it makes: taken as meant, the uses of it do not fail too.
    let meant = near.filter(|name| matches!(*name, "nested" | "clients"))?;
    attribute.keys.iter().find(|key| key.name == meant)
}

/// The value in `= "text"`; whatever stands there instead is eaten.
fn text(errors: &Errors, key: &Key, ident: &Ident, input: ParseStream<'_>) -> Option<LitStr> {
    let equals = input.parse::<Token![=]>().is_ok();
    let rest = input.fork();
    if equals
        && let Ok(Lit::Str(text)) = input.parse()
        && (input.is_empty() || input.peek(Token![,]))
    {
        return Some(text);
    }
    let refused = eat(&rest);
    eat(input);
    let message = format!("expected `{}`", form(key));
    if refused.is_empty() {
        errors.on(ident, message, "");
    } else {
        errors.on(refused, message, "");
    }
    None
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

fn form(key: &Key) -> String {
    match key.example {
        Some(example) => format!("{} = \"{example}\"", key.name),
        None => key.name.to_owned(),
    }
}
