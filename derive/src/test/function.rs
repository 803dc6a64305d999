//! The function under the attribute, in the pieces that the output needs.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, ReturnType, Token, Type, Visibility};

use crate::errors::Errors;

pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: ReturnType,
    pub(crate) body: Group,
}

pub(crate) struct Parameter {
    /// Its pattern, as it is written.
    pub(crate) pattern: TokenStream,
    pub(crate) ty: Type,
}

const SHAPE: &str = "write `async fn name(services: Isolated<Services>) { ... }`";

impl Function {
    /// `None` where a mistake leaves nothing to go on with.
    pub(crate) fn read(errors: &Errors, item: TokenStream) -> Option<Self> {
        let read = |input: ParseStream<'_>| Self::parse(errors, input);
        match read.parse2(item) {
            Ok(function) => function,
            Err(error) => {
                errors.at(error.span(), "this is no function for a test", SHAPE);
                None
            }
        }
    }

    fn parse(errors: &Errors, input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let is_async = input.parse::<Option<Token![async]>>()?.is_some();
        input.parse::<Token![fn]>()?;
        let ident: Ident = input.parse()?;
        if input.peek(Token![<]) {
            errors.on(&ident, "a test takes no type parameters", SHAPE);
            rest(input)?;
            return Ok(None);
        }
        let arguments;
        syn::parenthesized!(arguments in input);
        let parameters = Punctuated::<Parameter, Token![,]>::parse_terminated(&arguments)?;
        let output = input.parse()?;
        let body: Group = input.parse()?;
        if body.delimiter() != Delimiter::Brace {
            return Err(syn::Error::new(body.span(), ""));
        }
        if !is_async {
            errors.on(&ident, "a test of backing services is an `async fn`", SHAPE);
        }
        if parameters.is_empty() {
            let help = "take one, `services: Isolated<Services>`, or use the test of your runtime";
            errors.on(&ident, "the test takes no services", help);
        }
        for attr in &attrs {
            if attr.path().segments.last().is_some_and(|last| last.ident == "test") {
                let help = "remove this one: `#[backing_services::test]` is one already";
                errors.on(attr, "the function is a test twice", help);
            }
        }
        let parameters = parameters.into_iter().collect();
        Ok(Some(Self { attrs, vis, ident, parameters, output, body }))
    }

    pub(crate) fn should_panic(&self) -> bool {
        self.attrs.iter().any(|attr| attr.path().is_ident("should_panic"))
    }
}

impl Parse for Parameter {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut pattern = TokenStream::new();
        while !input.peek(Token![:]) || input.peek(Token![::]) {
            pattern.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Token![:]>()?;
        Ok(Self { pattern, ty: input.parse()? })
    }
}

fn rest(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
