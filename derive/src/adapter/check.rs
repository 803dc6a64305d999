//! Rules: what must be there, what fits the shape, no part of a handle taken twice.

use std::collections::HashMap;

use quote::ToTokens;

use super::attr::{Part, keys};
use super::model::{Field, Kind, Model};
use crate::attr::Scheme;
use crate::errors::Errors;

pub(crate) fn check(errors: &Errors, model: &Model<'_>) {
    let container = &model.container;
    match &model.kind {
        Kind::Struct { fields } => {
            let help = "the client of a struct is what `Connect` makes";
            container.client.refuse(errors, "the key `client` is for an enum", help);
            container.no_client.refuse(errors, "the key `no_client` is for an enum", help);
            required(errors, model);
            keeps_handle(errors, model, fields);
            schemes(errors, model.container.schemes());
            check_fields(errors, &model.name, fields);
        }
        Kind::Enum { .. } => {
            let cells = [
                &container.schemes,
                &container.example,
                &container.port,
                &container.tls_ports,
                &container.others,
                &container.place,
                &container.server,
                &container.login,
                &container.unencrypted,
                &container.api,
                &container.mail,
                &container.loopback,
                &container.debug,
            ];
            for cell in cells {
                let Some(entry) = cell.entry() else { continue };
                let message = format!("the key `{}` is for a struct", entry.key.name);
                let help = if entry.key == keys::DEBUG {
                    "`#[derive(Debug)]` shows the variants as their adapters do"
                } else {
                    "the adapters in the variants bring their own"
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
        let scheme = schemes.first().map_or(scheme, |scheme| scheme.name.value());
        let help = format!(
            "show what a handle looks like: `#[adapter(example = \"{scheme}://user:password@localhost\")]`"
        );
        errors.on(ident, format!("`{name}` has no example"), &help);
    }
}

/// Masking, `Debug` and reports stand on the handle.
fn keeps_handle(errors: &Errors, model: &Model<'_>, fields: &[Field<'_>]) {
    let unclear = |part: Part| matches!(part, Part::Handle | Part::Unclear);
    if !fields.is_empty() && !fields.iter().any(|field| unclear(field.filled.part)) {
        let message = format!("`{}` does not keep its handle", model.name);
        let help =
            "add the field `#[handle] handle: Handle`: reports say by it where a handle came from";
        errors.on(&model.input.ident, message, help);
    }
}

fn schemes(errors: &Errors, schemes: &[Scheme]) {
    for (index, Scheme { name: literal, .. }) in schemes.iter().enumerate() {
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
        } else if schemes[..index].iter().any(|earlier| earlier.name.value() == scheme) {
            errors.on(literal, format!("the scheme `{scheme}` is given twice"), "remove one");
        }
    }
}

/// What holds of the fields of an adapter and of a struct of parameters.
pub(crate) fn check_fields(errors: &Errors, name: &str, fields: &[Field<'_>]) {
    parts(errors, name, fields);
    for field in fields {
        default(errors, field);
        bare(errors, field);
    }
}

fn parts(errors: &Errors, of: &str, fields: &[Field<'_>]) {
    let mut takers: HashMap<String, &str> = HashMap::new();
    for field in fields {
        if let Some(param) = &field.filled.param
            && param.value().is_empty()
        {
            errors.on(param, "a parameter has a name", "write one such as `region`");
            continue;
        }
        let Some((part, span)) = field.filled.describe() else { continue };
        if let Some(first) = takers.get(&part) {
            let second = &field.name;
            let message = format!("{part} fills two fields, `{of}::{first}` and `{of}::{second}`");
            errors.at(span, message, "remove one of the two");
        } else {
            takers.insert(part, &field.name);
        }
    }
}

/// Whether the default has the form of its type is for a constant to say.
fn default(errors: &Errors, field: &Field<'_>) {
    if let (Some(literal), true) = (&field.filled.default, field.optional) {
        let help = "a parameter with a default is never absent: remove one of the two";
        errors.on(literal, "the key `default` excludes `Option`", help);
    }
}

fn bare(errors: &Errors, field: &Field<'_>) {
    if let Some(unit) = &field.filled.bare
        && !matches!(unit.value().as_str(), "s" | "ms")
    {
        errors.on(unit.to_token_stream(), "the unit of a bare number is `s` or `ms`", "");
    }
}
