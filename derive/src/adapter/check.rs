//! Rules: what must be there, what fits the shape, no part of a handle taken twice.

use std::collections::HashMap;

use quote::ToTokens;
use syn::LitStr;

use super::attr::Part;
use super::model::{Field, Kind, Model};
use crate::errors::Errors;
use crate::types;

pub(crate) fn check(errors: &Errors, model: &Model<'_>) {
    let container = &model.container;
    match &model.kind {
        Kind::Struct { fields } => {
            let help = "the client of a struct is what `Connect` makes";
            container.client.refuse(errors, "the key `client` is for an enum", help);
            required(errors, model);
            schemes(errors, model.container.schemes());
            parts(errors, model, fields);
            for field in fields {
                default(errors, field);
            }
        }
        Kind::Enum { .. } => {
            let cells = [&container.schemes, &container.example, &container.port, &container.debug];
            for cell in cells {
                let Some(entry) = cell.entry() else { continue };
                let message = format!("the key `{}` is for a struct", entry.key);
                let help = match entry.key {
                    "debug" => "`#[derive(Debug)]` shows the variants as their adapters do",
                    _ => "the adapters in the variants bring their own",
                };
                errors.on(&entry.ident, message, help);
            }
        }
        Kind::Union => {}
    }
    if let Some(name) = model.container.name.as_ref().filter(|name| name.value().is_empty()) {
        errors.on(name, "the name is empty", "messages name the service by it, such as `Twilio`");
    }
}

/// What only the user knows.
fn required(errors: &Errors, model: &Model<'_>) {
    let ident = &model.input.ident;
    let name = &model.name;
    let scheme = name.to_lowercase();
    if !model.container.schemes.is_set() {
        let help = format!("say which handles it takes: `#[adapter(schemes(\"{scheme}\"))]`");
        errors.on(ident, format!("`{name}` names no schemes"), &help);
    }
    if !model.container.example.is_set() {
        let schemes = model.container.schemes();
        let scheme = schemes.first().map_or(scheme, LitStr::value);
        let help = format!(
            "show what a handle looks like: `#[adapter(example = \"{scheme}://user:password@localhost\")]`"
        );
        errors.on(ident, format!("`{name}` has no example"), &help);
    }
}

fn schemes(errors: &Errors, schemes: &[LitStr]) {
    for (index, literal) in schemes.iter().enumerate() {
        let scheme = literal.value();
        let fits = |c: &char| matches!(c, 'a'..='z' | '0'..='9' | '+' | '-' | '.');
        if scheme.is_empty() {
            errors.on(literal, "a scheme cannot be empty", "write one such as `twilio`");
        } else if scheme.contains(|c: char| c.is_ascii_uppercase()) {
            let help = format!(
                "write `{}`: a handle's scheme is read without regard to case",
                scheme.to_ascii_lowercase()
            );
            errors.on(literal, "a scheme is in lower case", &help);
        } else if let Some(c) = scheme.chars().find(|c| !fits(c)) {
            let help = "use letters, digits, `+`, `-` and `.`, and no `://`";
            errors.on(literal, format!("a scheme cannot hold {c:?}"), help);
        } else if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) {
            errors.on(literal, "a scheme begins with a letter", "write one such as `twilio`");
        } else if schemes[..index].iter().any(|earlier| earlier.value() == scheme) {
            errors.on(literal, format!("the scheme `{scheme}` is given twice"), "remove one");
        }
    }
}

fn parts(errors: &Errors, model: &Model<'_>, fields: &[Field<'_>]) {
    let mut takers: HashMap<String, &str> = HashMap::new();
    for field in fields {
        if let Part::Param { name, .. } = &field.part
            && name.value().is_empty()
        {
            errors.on(name, "a parameter has a name", "write one such as `region`");
            continue;
        }
        let Some((part, span)) = field.part.describe() else { continue };
        if let Some(first) = takers.get(&part) {
            let (of, second) = (&model.name, &field.name);
            let message = format!("{part} fills two fields, `{of}::{first}` and `{of}::{second}`");
            errors.at(span, message, "remove one of the two");
        } else {
            takers.insert(part, &field.name);
        }
    }
}

/// A default of a type whose form is known is checked here, one of another when a handle is read.
fn default(errors: &Errors, field: &Field<'_>) {
    let Part::Param { default: Some(literal), .. } = &field.part else { return };
    let (inner, optional) = types::option(field.ty);
    if optional {
        let help = "a parameter with a default is never absent: remove one of the two";
        errors.on(literal, "the key `default` excludes `Option`", help);
        return;
    }
    let (ty, text) = (inner.to_token_stream().to_string(), literal.value());
    let fits = match ty.as_str() {
        "bool" => text.parse::<bool>().is_ok(),
        "u8" => text.parse::<u8>().is_ok(),
        "u16" => text.parse::<u16>().is_ok(),
        "u32" => text.parse::<u32>().is_ok(),
        "u64" => text.parse::<u64>().is_ok(),
        "i8" => text.parse::<i8>().is_ok(),
        "i16" => text.parse::<i16>().is_ok(),
        "i32" => text.parse::<i32>().is_ok(),
        "i64" => text.parse::<i64>().is_ok(),
        "f32" | "f64" => text.parse::<f64>().is_ok(),
        _ => true,
    };
    if !fits {
        errors.on(literal, format!("the default is not a `{ty}`"), "");
    }
}
