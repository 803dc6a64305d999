//! The JSON of an app's record: what the derive knows as text, and between it what only constants
//! know.

use std::fmt::Write as _;

use proc_macro2::TokenStream;
use quote::quote;

pub(crate) struct Json {
    /// The path of the module that the derives' outputs name.
    private: TokenStream,
    parts: TokenStream,
    text: String,
}

impl Json {
    pub(crate) fn new(private: TokenStream) -> Self {
        Self { private, parts: TokenStream::new(), text: String::new() }
    }

    /// JSON as it is, but for the comma before the first item of a list. Where a constant stands
    /// between the two, the writer of the record leaves it out.
    pub(crate) fn raw(&mut self, text: &str) {
        let is_first = self.text.ends_with('[');
        self.text.push_str(text.strip_prefix(',').filter(|_| is_first).unwrap_or(text));
    }

    /// A string, in quotes.
    pub(crate) fn text(&mut self, text: &str) {
        self.text.push_str(&string(text));
    }

    /// `,"key":`
    pub(crate) fn key(&mut self, key: &str) {
        self.raw(&format!(",\"{key}\":"));
    }

    /// `,"key":"text"`
    pub(crate) fn entry(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// The same where there is a text.
    pub(crate) fn some(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.entry(key, text.as_ref());
        }
    }

    /// `,"key":true` where it is.
    pub(crate) fn flag(&mut self, key: &str, is: bool) {
        if is {
            self.key(key);
            self.raw("true");
        }
    }

    /// `,"key":["a","b"]` where there are any.
    pub(crate) fn texts(&mut self, key: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut texts = texts.into_iter().peekable();
        if texts.peek().is_none() {
            return;
        }
        self.key(key);
        self.raw(&list(texts));
    }

    /// What a constant knows: a `Json`.
    pub(crate) fn part(&mut self, part: &TokenStream) {
        self.end();
        self.parts.extend(quote!(#part,));
    }

    /// A list of `Json` that a constant knows.
    pub(crate) fn all(&mut self, parts: &TokenStream) {
        let private = &self.private;
        self.part(&quote!(#private::Json::All(#parts)));
    }

    /// A text that a constant knows, and that needs no escape.
    pub(crate) fn known(&mut self, text: &TokenStream) {
        let private = &self.private;
        self.part(&quote!(#private::Json::Text(#text)));
    }

    fn end(&mut self) {
        if !self.text.is_empty() {
            let (private, text) = (&self.private, std::mem::take(&mut self.text));
            self.parts.extend(quote!(#private::Json::Text(#text),));
        }
    }

    /// All of it, as a list of `Json`.
    pub(crate) fn finish(mut self) -> TokenStream {
        self.end();
        let parts = self.parts;
        quote!(&[#parts])
    }
}

/// A string, in quotes.
fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            c if c < ' ' => drop(write!(json, "\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json + "\""
}

/// `["a","b"]`
pub(crate) fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| string(text.as_ref())).collect();
    format!("[{}]", texts.join(","))
}
