//! `DB_HOST`, `DB_USER`, `DB_PASSWORD` ...: a handle in parts, none of them encoded.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::ask::{Ask, stem};
use super::layer::View;
use super::{Found, Origin, Unreadable, credential, file};
use crate::error::{HandleError, Message, ProblemKind};
use crate::handle::{Handle, HandleBuilder};
use crate::parts::{Part, Parts};

/// One part and the name under which it was found.
pub(super) struct Value<'e> {
    pub(super) part: Part,
    pub(super) name: String,
    pub(super) text: Cow<'e, str>,
}

pub(super) fn find<'e>(
    view: &View<'e>,
    ask: &Ask<'_>,
    name: &str,
) -> Result<Option<Found<'e>>, Unreadable> {
    let stem = stem(name);
    let begins_here = |(part, names): (Part, &[&str])| {
        let mut names = names.iter().map(|end| format!("{stem}_{end}"));
        ask.parts.suffices(part) && names.any(|name| is_part(view, ask, part, &name))
    };
    if !ask.parts.names().any(begins_here) {
        return Ok(None);
    }
    let mut values = Vec::new();
    for (part, names) in ask.parts.names() {
        if values.iter().all(|value: &Value<'_>| value.part != part) {
            values.extend(value(view, ask, stem, part, names)?);
        }
    }
    let scheme = format!("{stem}_SCHEME");
    let scheme = match view.get_any(&scheme) {
        Some((layer, entry)) if !ask.is_declared(&scheme) => layer.found(&scheme, entry)?.value,
        _ => ask.schemes.first().copied().unwrap_or_default().into(),
    };
    let from: Vec<_> = values.iter().map(|value| value.name.as_str()).collect();
    let origin = Origin::Parts { name: name.into(), parts: from.join(", ").into() };
    match assemble(ask.parts, &scheme, &values) {
        Ok(handle) => Ok(Some(Found { value: handle.expose_url().to_owned().into(), origin })),
        Err(error) => Err(Unreadable {
            kind: error.kind(),
            origin: Some(origin),
            message: error.message().to_owned(),
            help: error.help().to_owned(),
        }),
    }
}

/// The names of parts that are set although nothing can be put together from them.
pub(super) fn stray(view: &View<'_>, ask: &Ask<'_>) -> Vec<String> {
    let mut stray = Vec::new();
    for name in ask.names() {
        for (part, names) in ask.parts.names() {
            let names = names.iter().map(|end| format!("{}_{end}", stem(&name)));
            stray.extend(names.filter(|name| is_part(view, ask, part, name)));
        }
    }
    stray
}

/// The password of another variable goes into a handle that has none. Locator and credential often live in
/// different secrets.
pub(super) fn fill<'e>(
    view: &View<'e>,
    ask: &Ask<'_>,
    name: &str,
    found: Found<'e>,
) -> Result<Found<'e>, Unreadable> {
    let stem = stem(name);
    let may_be_set =
        |end: &str| view.may_have(&[stem, "_", end]) || view.may_have(&[stem, "_", end, "_FILE"]);
    // Most handles are complete, and this is asked for each.
    if !view.may_have(&[credential::DIRECTORY]) && !ask.parts.passwords().any(may_be_set) {
        return Ok(found);
    }
    let mut password = None;
    for (part, names) in ask.parts.names().filter(|(part, _)| *part == Part::Password) {
        if password.is_none() {
            password = value(view, ask, stem, part, names)?;
        }
    }
    // What does not parse is told later, and once.
    let (Some(password), Ok(handle)) = (password, Handle::parse(&found.value)) else {
        return Ok(found);
    };
    match handle.password() {
        Some(other) if other.expose() == password.text => Ok(found),
        Some(_) => Err(Unreadable {
            kind: ProblemKind::Conflict,
            message: format!("has a password, and `{}` holds another", password.name),
            help: format!("clear `{}`, or take the password out of the handle", password.name),
            origin: Some(found.origin),
        }),
        None => Ok(Found {
            value: handle.with_password(&password.text).into(),
            origin: Origin::Filled {
                handle: Box::new(found.origin),
                password: password.name.into(),
            },
        }),
    }
}

/// Whether a variable of this layer is a part of the handle.
fn is_part(view: &View<'_>, ask: &Ask<'_>, part: Part, name: &str) -> bool {
    match view.get(name) {
        Some((_, entry)) => !is_something_else(ask, part, name, &entry.value),
        None => part == Part::Password && view.get(&format!("{name}_FILE")).is_some(),
    }
}

/// What another field declares under this name, or `DB_PORT=tcp://10.0.0.11:3306`, which Kubernetes sets for
/// every service it knows.
fn is_something_else(ask: &Ask<'_>, part: Part, name: &str, value: &OsStr) -> bool {
    let is_service_link = || value.as_encoded_bytes().starts_with(b"tcp://");
    part == Part::Port && is_service_link() || ask.is_declared(name)
}

/// The value of one part. Two of its names that disagree are a conflict.
fn value<'e>(
    view: &View<'e>,
    ask: &Ask<'_>,
    stem: &str,
    part: Part,
    names: &[&str],
) -> Result<Option<Value<'e>>, Unreadable> {
    let mut first: Option<Value<'e>> = None;
    for end in names {
        let name = format!("{stem}_{end}");
        let Some((name, text)) = text(view, ask, part, name)? else { continue };
        match &first {
            None => first = Some(Value { part, name, text }),
            Some(first) if first.text != text => {
                let why = "they disagree, and only one can be right";
                return Err(Unreadable::conflict(&first.name, &name, why));
            }
            Some(_) => {}
        }
    }
    Ok(first)
}

/// The text of one variable, and for a password of the file or the credential that holds it.
fn text<'e>(
    view: &View<'e>,
    ask: &Ask<'_>,
    part: Part,
    name: String,
) -> Result<Option<(String, Cow<'e, str>)>, Unreadable> {
    let variable = view.get_any(&name);
    let variable = variable.filter(|(_, entry)| !is_something_else(ask, part, &name, &entry.value));
    if part == Part::Password {
        let file_name = format!("{name}_FILE");
        let in_file = view.get_any(&file_name);
        if variable.is_some() && in_file.is_some() {
            let why = "only one can be the password";
            return Err(Unreadable::conflict(&name, &file_name, why));
        }
        let found = match (variable, in_file) {
            (None, Some((_, entry))) => {
                file::read(&name, &file_name, &entry.value, "the password")?
            }
            (None, None) if !ask.is_declared(&name) => credential::find(view, ask, &name)?,
            _ => None,
        };
        if let Some(found) = found {
            let text = super::text::without_final_newline(&found.value).to_owned();
            return Ok(Some((name, text.into())));
        }
    }
    match variable {
        Some((layer, entry)) => Ok(Some((name.clone(), layer.found(&name, entry)?.value))),
        None => Ok(None),
    }
}

/// Puts a handle together; each part is encoded here.
pub(super) fn assemble(
    parts: &Parts,
    scheme: &str,
    values: &[Value<'_>],
) -> Result<Handle, HandleError> {
    let text = |part: Part| values.iter().find(|value| value.part == part);
    let mut builder = Handle::builder(scheme);
    let port = text(Part::Port).map(port).transpose()?;
    if let Some(value) = text(Part::Host) {
        for host in value.text.split([',', ' ']).filter(|host| !host.is_empty()) {
            builder = add_host(builder, host, port);
        }
    }
    if let Some(base) = parts.base() {
        let base = Handle::parse(base)?;
        if text(Part::Host).is_none() {
            for host in base.hosts() {
                builder = builder.host(host.name());
                if let Some(port) = port.or(host.port()) {
                    builder = builder.port(port);
                }
            }
        }
        builder = builder.path(base.path_decoded());
    }
    for Value { part, text, .. } in values {
        builder = match part {
            Part::Username => builder.username(text.as_ref()),
            Part::Password => builder.password(text.as_ref()),
            Part::Name => builder.name(text),
            Part::Path => builder.path(text),
            Part::Param(name) => builder.param(*name, text.as_ref()),
            Part::Host | Part::Port => builder,
        };
    }
    builder.build().map_err(|error| {
        let names: Vec<_> = values.iter().map(|value| value.name.as_str()).collect();
        let help = Message::ours(format_args!("look at {}", crate::near::list(&names)));
        if error.help().is_empty() { error.with_help(help) } else { error }
    })
}

fn port(value: &Value<'_>) -> Result<u16, HandleError> {
    match value.text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(HandleError::new(Message::ours(format_args!("`{}` is not a port", value.name)))
            .with_help("set it to a number from 1 to 65535")),
    }
}

/// A host that may bring its own port; an IPv6 address needs no brackets here.
fn add_host(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
    let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
    let (name, own) = match host.rsplit_once(':') {
        Some((name, own)) if !is_address && !name.ends_with(':') => (name, own.parse().ok()),
        _ => (host, None),
    };
    // Not a port behind the colon: the grammar tells what is wrong with such a host.
    let (name, own) = if own.is_some() { (name, own) } else { (host, None) };
    let builder = builder.host(name);
    match own.or(port) {
        Some(port) => builder.port(port),
        None => builder,
    }
}
