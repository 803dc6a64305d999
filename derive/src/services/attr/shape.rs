use syn::{Data, DeriveInput, Field, Fields};

use crate::errors::Errors;

/// The fields of a struct that can be derived for; what else is wrong with its shape is reported.
pub(crate) fn named_fields<'a>(errors: &Errors, input: &'a DeriveInput) -> Vec<&'a Field> {
    const SUPPORTED: &str = "declare a struct with named fields, one a service";
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            errors.at(data.enum_token.span, "an enum cannot derive `BackingServices`", SUPPORTED);
            return Vec::new();
        }
        Data::Union(data) => {
            errors.at(data.union_token.span, "a union cannot derive `BackingServices`", SUPPORTED);
            return Vec::new();
        }
    };
    if !input.generics.params.is_empty() {
        let help = "a deploy attaches one set of services: name the types";
        errors.on(&input.generics, "a generic struct cannot derive `BackingServices`", help);
    }
    match fields {
        Fields::Named(fields) if fields.named.is_empty() => {
            errors.on(&input.ident, "a struct without fields declares no services", SUPPORTED);
            Vec::new()
        }
        Fields::Named(fields) => fields.named.iter().collect(),
        Fields::Unnamed(fields) => {
            errors.on(fields, "a tuple struct cannot derive `BackingServices`", SUPPORTED);
            Vec::new()
        }
        Fields::Unit => {
            errors.on(&input.ident, "a struct without fields declares no services", SUPPORTED);
            Vec::new()
        }
    }
}
