use proc_macro2::TokenStream;
use syn::LitStr;
use syn::parse::Parse;

use super::entry::{self, Entry, Value};
use super::key::Takes;
use crate::errors::Errors;

/// One key of one attribute. It reports its own duplicate.
pub(crate) struct Cell(Option<Entry>);

impl Cell {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn set(&mut self, errors: &Errors, entry: Entry) {
        match &self.0 {
            None => self.0 = Some(entry),
            Some(first) => {
                let help = format!("remove one; the first is `{}`", shown(first));
                errors.on(
                    entry.ident,
                    format!("the key `{}` is given twice", entry.key.name),
                    &help,
                );
            }
        }
    }

    /// Two keys that exclude each other: the later one is wrong, the earlier one is named.
    pub(crate) fn exclude(&self, errors: &Errors, other: &Self, help: &str) -> bool {
        let (Some(a), Some(b)) = (&self.0, &other.0) else { return false };
        let (first, second) = if a.order < b.order { (a, b) } else { (b, a) };
        let message = format!("the key `{}` excludes `{}`", second.key.name, first.key.name);
        errors.on(&second.ident, message, help);
        true
    }

    /// A key that stands where it means nothing.
    pub(crate) fn refuse(&self, errors: &Errors, message: &str, help: &str) -> bool {
        match &self.0 {
            Some(entry) => {
                errors.on(&entry.ident, message, help);
                true
            }
            None => false,
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn text(&self) -> Option<&LitStr> {
        self.0.as_ref()?.value.text()
    }

    pub(crate) fn into_text(self) -> Option<LitStr> {
        match self.0?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a key that takes several.
    pub(crate) fn texts(&self) -> &[LitStr] {
        match self.0.as_ref().map(|entry| &entry.value) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The tokens of a key that reads its value itself.
    pub(crate) fn tokens(&self) -> Option<&TokenStream> {
        match &self.0.as_ref()?.value {
            Value::Tokens(tokens) => Some(tokens),
            _ => None,
        }
    }

    /// The list in the tokens of a key; each item that is none is reported.
    pub(crate) fn items<T: Parse>(&self, errors: &Errors) -> Vec<T> {
        match (&self.0, self.tokens()) {
            (Some(entry), Some(tokens)) => entry::items(errors, entry, tokens.clone()),
            _ => Vec::new(),
        }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        match self.0.as_ref()?.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.0.as_ref()
    }
}

fn shown(entry: &Entry) -> String {
    let key = entry.key.name;
    match &entry.value {
        Value::Text(text) => format!("{key} = {:?}", text.value()),
        Value::Port(port) => format!("{key} = {port}"),
        Value::Bool(value) => format!("{key} = {value}"),
        Value::Texts(texts) => {
            let texts: Vec<_> = texts.iter().map(|text| format!("{:?}", text.value())).collect();
            format!("{key}({})", texts.join(", "))
        }
        Value::Ports(ports) => {
            let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
            format!("{key}({})", ports.join(", "))
        }
        Value::Schemes(schemes) => {
            let names = schemes.iter().map(|scheme| format!("{:?}", scheme.name.value()));
            format!("{key}({})", names.collect::<Vec<_>>().join(", "))
        }
        Value::Tokens(tokens) => {
            let tokens = tokens.to_string().replace(" :: ", "::");
            match entry.key.takes {
                Takes::Value(_) => format!("{key} = {tokens}"),
                _ => format!("{key}({tokens})"),
            }
        }
        Value::Nothing | Value::Refused => key.to_owned(),
    }
}
