use std::cell::RefCell;
use std::thread;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Every mistake that was found. Parsers report here and go on with a value, so that the user sees
/// all of them at once. It must be consumed: dropping it unread would lose errors.
pub(crate) struct Errors(RefCell<Option<Vec<syn::Error>>>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    /// One mistake under `tokens`: what is wrong, and the repair as rustc's own `help:` line.
    pub(crate) fn on(&self, tokens: impl ToTokens, message: impl AsRef<str>, help: &str) {
        self.push(syn::Error::new_spanned(tokens, text(message.as_ref(), help)));
    }

    pub(crate) fn at(&self, span: Span, message: impl AsRef<str>, help: &str) {
        self.push(syn::Error::new(span, text(message.as_ref(), help)));
    }

    pub(crate) fn push(&self, error: syn::Error) {
        if let Some(errors) = &mut *self.0.borrow_mut() {
            errors.push(error);
        }
    }

    /// The mistakes as `compile_error!` items; empty if there was none.
    pub(crate) fn finish(self) -> TokenStream {
        let errors = self.0.take().unwrap_or_default();
        errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let unread = self.0.get_mut().is_some() && !thread::panicking();
        assert!(!unread, "errors were not looked at");
    }
}

/// rustc aligns a second line under the message, where it reads like its own help.
fn text(message: &str, help: &str) -> String {
    if help.is_empty() { message.to_owned() } else { format!("{message}\nhelp: {help}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_in_their_order() {
        let errors = Errors::new();
        errors.at(Span::call_site(), "the first", "do this");
        errors.at(Span::call_site(), "the second", "");
        let output = errors.finish().to_string();
        let first = output.find(r#""the first\nhelp: do this""#);
        let second = output.find(r#""the second""#);
        assert!(first.is_some() && first < second, "{output}");
    }

    #[test]
    #[should_panic = "errors were not looked at"]
    fn none_is_lost() {
        Errors::new().at(Span::call_site(), "lost", "");
    }
}
