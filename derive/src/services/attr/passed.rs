//! What an attribute passes on to the output: attributes, and defaults for parameters.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Lit, LitStr, Meta, Token};

use crate::attr::Cell;
use crate::errors::Errors;

/// The attributes or derives in `attr(...)` and `derive(...)`.
pub(crate) fn metas(errors: &Errors, cells: &[Cell]) -> Vec<Meta> {
    cells.iter().flat_map(|cell| cell.items(errors)).collect()
}

/// One entry of `params(...)`: the app's own default for a parameter of the handle.
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    /// The value as a handle has it.
    pub(crate) value: String,
    pub(crate) value_span: Span,
}

/// The entries of `params(...)`, each name once.
pub(crate) fn params(errors: &Errors, cell: &Cell) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for param in cell.items::<Param>(errors) {
        let same = |other: &&Param| fold(&other.name) == fold(&param.name);
        if let Some(first) = params.iter().find(same) {
            let message = format!("the parameter `{}` is given twice", param.name);
            let help = format!("remove one; the first is `{} = {:?}`", first.name, first.value);
            errors.at(param.name_span, message, &help);
        } else {
            params.push(param);
        }
    }
    params
}

/// Case, `-`, `_` and `.` make no difference in the name of a parameter.
fn fold(name: &str) -> String {
    name.replace(['-', '_', '.'], "").to_lowercase()
}

impl Parse for Param {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (name, name_span) = if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            (name.value(), name.span())
        } else {
            let name = Ident::parse_any(input)?;
            (name.unraw().to_string(), name.span())
        };
        input.parse::<Token![=]>()?;
        let minus: Option<Token![-]> = input.parse()?;
        let literal: Lit = input.parse()?;
        let text = match &literal {
            Lit::Str(text) => text.value(),
            Lit::Bool(value) => value.value.to_string(),
            Lit::Char(value) => value.value().to_string(),
            Lit::Int(number) => format!("{}{}", number.base10_digits(), number.suffix()),
            Lit::Float(number) => format!("{}{}", number.base10_digits(), number.suffix()),
            _ => return Err(syn::Error::new(literal.span(), "expected a text or a number")),
        };
        let value = match (minus, &literal) {
            (None, _) => text,
            (Some(_), Lit::Int(_) | Lit::Float(_)) => format!("-{text}"),
            (Some(minus), _) => return Err(syn::Error::new(minus.span, "expected a number")),
        };
        Ok(Self { name, name_span, value, value_span: literal.span() })
    }
}
