//! The attribute `test`.

mod expand;
mod function;
mod options;

use proc_macro2::TokenStream;
use quote::quote;

use self::function::Function;
use self::options::Options;
use crate::errors::Errors;

pub(crate) fn test(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let errors = Errors::new();
    let options = Options::read(&errors, attribute);
    let function = Function::read(&errors, item.clone());
    if let Some(function) = &function {
        options.check(&errors, function);
    }
    let output = errors.finish();
    match function {
        Some(function) if output.is_empty() => expand::output(&options, &function),
        // What it uses is used, so that no lint speaks up too.
        _ => quote!(#output #[allow(dead_code)] #item),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_docs_list_every_key() {
        let rows = include_str!("doc.md").lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let known = super::options::TEST.keys.iter().map(|key| key.form("..."));
        assert_eq!(documented, known.collect::<Vec<_>>());
    }
}
