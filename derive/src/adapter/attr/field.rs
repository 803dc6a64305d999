use proc_macro2::Span;
use syn::{Ident, LitStr};

use super::keys;
use crate::attr::{Cell, entry};
use crate::errors::Errors;

/// The part of the handle that fills a field.
pub(crate) enum Part {
    /// The whole of it.
    Handle {
        span: Span,
    },
    Username {
        span: Span,
    },
    Password {
        span: Span,
    },
    Host {
        span: Span,
    },
    Port {
        span: Span,
    },
    Path {
        span: Span,
    },
    Param {
        name: LitStr,
        default: Option<LitStr>,
    },
    /// Its attributes contradict each other or name none, which has been reported.
    Unclear,
}

impl Part {
    pub(crate) fn read(errors: &Errors, field: &Ident, attrs: &[syn::Attribute]) -> Self {
        const PARTS: &str = "name one of `username`, `password`, `host`, `port`, `path` and \
                             `param = \"...\"`";
        let message = "`#[adapter]` belongs to the type";
        let help = "a field takes `#[handle(...)]`";
        let misplaced = entry::refuse(errors, attrs, &keys::ADAPTER, message, help);
        let Some(attr) = attrs.iter().find(|attr| attr.path().is_ident(keys::HANDLE.name)) else {
            if !misplaced {
                let message = format!("nothing fills the field `{field}`");
                let help = "say which part of the handle does, such as `#[handle(host)]` or \
                            `#[handle(param = \"...\")]`; what is made while connecting belongs \
                            in the client";
                errors.on(field, message, help);
            }
            return Self::Unclear;
        };
        let entries = entry::read(errors, attrs, &keys::HANDLE);
        let refused = entries.unclear || entries.unknown || misplaced;
        let is_empty = entries.list.is_empty();
        let (mut part, mut default) = (Cell::new(), Cell::new());
        for entry in entries.list {
            if entry.key == "default" {
                default.set(errors, entry);
                continue;
            }
            let next = Cell::of(entry);
            let same = |cell: &Cell| cell.entry().map(|entry| entry.key);
            if part.is_set() && same(&part) != same(&next) {
                part.exclude(errors, &next, "one part of the handle fills a field: remove one");
            } else if let Some(entry) = next.into_entry() {
                part.set(errors, entry);
            }
        }
        let is_param = part.entry().is_some_and(|entry| entry.key == "param");
        if !is_param && !refused {
            let help = "a part that may be absent is an `Option`; the port of a handle without one \
                        is `#[adapter(port = ...)]`";
            default.refuse(errors, "the key `default` needs `param`", help);
        }
        let span = attr.path().get_ident().map_or_else(Span::call_site, Ident::span);
        let default = default.into_text();
        let Some(entry) = part.into_entry() else {
            if matches!(attr.meta, syn::Meta::Path(_)) && is_empty {
                return Self::Handle { span };
            }
            if !refused && default.is_none() {
                errors.on(attr.path(), "this names no part of the handle", PARTS);
            }
            return Self::Unclear;
        };
        let span = entry.ident.span();
        match entry.key {
            "username" => Self::Username { span },
            "password" => Self::Password { span },
            "host" => Self::Host { span },
            "port" => Self::Port { span },
            "path" => Self::Path { span },
            _ => match Cell::of(entry).into_text() {
                Some(name) => Self::Param { name, default },
                None => Self::Unclear,
            },
        }
    }

    /// In words, and where the attribute names it.
    pub(crate) fn describe(&self) -> Option<(String, Span)> {
        let (text, span) = match self {
            Self::Handle { span } => ("the handle", *span),
            Self::Username { span } => ("the user name", *span),
            Self::Password { span } => ("the password", *span),
            Self::Host { span } => ("the host", *span),
            Self::Port { span } => ("the port", *span),
            Self::Path { span } => ("the path", *span),
            Self::Param { name, .. } => {
                return Some((format!("the parameter `{}`", name.value()), name.span()));
            }
            Self::Unclear => return None,
        };
        Some((text.to_owned(), span))
    }
}
