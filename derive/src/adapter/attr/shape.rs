use syn::{Data, DeriveInput, Field, Fields, Variant};

use super::keys;
use crate::attr::entry;
use crate::errors::Errors;

/// What an adapter can be.
pub(crate) enum Shape<'a> {
    Struct(Vec<&'a Field>),
    /// Each variant with the one field it should have.
    Enum(Vec<(&'a Variant, Option<&'a Field>)>),
    Union,
}

const SUPPORTED: &str = "declare a struct with named fields, or an enum with one adapter a variant";

/// The shape of the type; what is wrong with it is reported.
pub(crate) fn shape<'a>(errors: &Errors, input: &'a DeriveInput) -> Shape<'a> {
    if !input.generics.params.is_empty() {
        let help = "a handle does not say what a parameter stands for: name the types";
        errors.on(&input.generics, "a generic type cannot derive `Adapter`", help);
    }
    match &input.data {
        Data::Struct(data) => Shape::Struct(fields(errors, input, &data.fields)),
        Data::Enum(data) => {
            if data.variants.is_empty() {
                let message = "an enum without variants takes no handle";
                errors.on(&input.ident, message, "give it one adapter a variant: `Mail(Smtp)`");
            }
            Shape::Enum(data.variants.iter().map(|it| (it, one_field(errors, it))).collect())
        }
        Data::Union(data) => {
            errors.at(data.union_token.span, "a union cannot derive `Adapter`", SUPPORTED);
            Shape::Union
        }
    }
}

fn fields<'a>(errors: &Errors, input: &'a DeriveInput, fields: &'a Fields) -> Vec<&'a Field> {
    match fields {
        Fields::Named(fields) if !fields.named.is_empty() => return fields.named.iter().collect(),
        Fields::Unnamed(fields) if !fields.unnamed.is_empty() => {
            errors.on(fields, "a tuple struct cannot derive `Adapter`", SUPPORTED);
        }
        _ => {
            let message = "a struct without fields takes nothing from a handle";
            errors.on(&input.ident, message, "add a field such as `#[handle(host)] host: String`");
        }
    }
    Vec::new()
}

fn one_field<'a>(errors: &Errors, variant: &'a Variant) -> Option<&'a Field> {
    let field = variant.fields.iter().next();
    let mut attrs = vec![&variant.attrs];
    attrs.extend(variant.fields.iter().map(|field| &field.attrs));
    for attrs in attrs {
        let message = "`#[handle]` belongs to a field of a struct";
        let help = "the adapter of a variant reads the handle";
        entry::refuse(errors, attrs, &keys::HANDLE, message, help);
        let message = "`#[adapter]` belongs to the type";
        entry::refuse(errors, attrs, &keys::ADAPTER, message, "a variant takes no attribute");
    }
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => field,
        _ => {
            let name = &variant.ident;
            let message = format!("the variant `{name}` does not hold one adapter");
            errors.on(variant_form(variant), message, &format!("write it as `{name}(Smtp)`"));
            None
        }
    }
}

/// A variant without its attributes.
fn variant_form(variant: &Variant) -> Variant {
    Variant { attrs: Vec::new(), ..variant.clone() }
}
