//! What both derives need of tokens: types as the user wrote them, names, and places.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, ExprLit, GenericArgument, Ident, Lit, Meta, Path, PathArguments, Type,
    TypePath,
};

/// The type inside an `Option`, and whether there is one.
pub(crate) fn option(ty: &Type) -> (&Type, bool) {
    let ty = ungroup(ty);
    match option_argument(ty) {
        Some(inner) => (ungroup(inner), true),
        None => (ty, false),
    }
}

/// A type that comes through a `macro_rules` stands in an invisible group.
pub(crate) fn ungroup(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

fn option_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return None };
    let mut names = path.segments.iter().map(|segment| &segment.ident);
    let known = match (names.next(), names.next(), names.next(), names.next()) {
        (Some(option), None, ..) => path.leading_colon.is_none() && option == "Option",
        (Some(krate), Some(module), Some(option), None) => {
            (krate == "core" || krate == "std") && module == "option" && option == "Option"
        }
        _ => false,
    };
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if known && arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// The first and the last token of a type: `Span::join` is not stable.
pub(crate) fn ends(ty: &Type) -> [Span; 2] {
    let mut tokens = ty.to_token_stream().into_iter().map(|token| token.span());
    let first = tokens.next().unwrap_or_else(Span::call_site);
    [first, tokens.last().unwrap_or(first)]
}

/// A name that the output declares: found where the user's is, but lints of style are not about it.
pub(crate) fn generated(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site().located_at(ident.span()));
    ident
}

/// A constant that calls a check of the crate's; its failure shows from one place to another.
pub(crate) fn check(
    krate: &Path,
    name: &str,
    arguments: TokenStream,
    place: [Span; 2],
) -> TokenStream {
    let function = local(name);
    let path = respan(quote!(#krate::__private::#function), place[0]);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(place[1]);
    quote!(const _: () = #path #arguments;)
}

/// A local that no name of the user's can meet.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The same tokens at another place.
pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |token| match token {
        TokenTree::Group(group) => {
            let mut moved = Group::new(group.delimiter(), respan(group.stream(), span));
            moved.set_span(span);
            TokenTree::Group(moved)
        }
        mut token => {
            token.set_span(span);
            token
        }
    };
    tokens.into_iter().map(at).collect()
}

/// The lines of a doc comment, each without the space that follows `///`.
pub(crate) fn doc(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attr in attrs {
        if let Meta::NameValue(pair) = &attr.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            let text = text.value();
            lines
                .extend(text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()));
            if text.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}
