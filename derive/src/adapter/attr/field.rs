use proc_macro2::Span;
use syn::{Ident, LitStr};

use super::keys;
use crate::attr::{Attribute, Cell, Cells, Key, entry};
use crate::errors::Errors;

/// The part of the handle that fills a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole of it.
    Handle,
    Username,
    Password,
    Host,
    Port,
    Path,
    Name,
    File,
    Param,
    /// Another struct's parameters.
    Flatten,
    /// Its attributes contradict each other or name none, which has been reported.
    Unclear,
}

/// What `#[handle(...)]` says of a field.
pub(crate) struct Filled {
    pub(crate) part: Part,
    pub(crate) span: Span,
    /// The name of a parameter.
    pub(crate) param: Option<LitStr>,
    pub(crate) default: Option<LitStr>,
    pub(crate) max: Option<LitStr>,
    pub(crate) names: Vec<LitStr>,
    pub(crate) bare: Option<LitStr>,
    pub(crate) only: bool,
    pub(crate) in_query: bool,
    pub(crate) about: About,
}

/// What a word is about.
pub(crate) enum About {
    Other,
    Tuning,
    Tls(Vec<LitStr>),
    Ca,
    TlsFile,
    Credential,
}

const PARTS: [(Key, Part); 9] = [
    (keys::USERNAME, Part::Username),
    (keys::PASSWORD, Part::Password),
    (keys::HOST, Part::Host),
    (keys::HANDLE_PORT, Part::Port),
    (keys::PATH, Part::Path),
    (keys::PATH_NAME, Part::Name),
    (keys::FILE, Part::File),
    (keys::PARAM, Part::Param),
    (keys::FLATTEN, Part::Flatten),
];

impl Filled {
    pub(crate) fn read(
        errors: &Errors,
        field: &Ident,
        attrs: &[syn::Attribute],
        container: &Attribute,
    ) -> Self {
        const HELP: &str = "name one of `username`, `password`, `host`, `port`, `path`, `name`, \
                            `file`, `param = \"...\"` and `flatten`";
        let message = format!("`#[{}]` belongs to the type", container.name);
        let help = "a field takes `#[handle(...)]`";
        let misplaced = entry::refuse(errors, attrs, container, &message, help);
        let mut filled = Self::unclear();
        let Some(attr) = attrs.iter().find(|attr| attr.path().is_ident(keys::HANDLE.name)) else {
            if !misplaced {
                let message = format!("nothing fills the field `{field}`");
                let help = "say which part of the handle does, such as `#[handle(host)]` or \
                            `#[handle(param = \"...\")]`; what is made while connecting belongs \
                            in the client";
                errors.on(field, message, help);
            }
            return filled;
        };
        filled.span = attr.path().get_ident().map_or_else(Span::call_site, Ident::span);
        let entries = entry::read(errors, attrs, &keys::HANDLE);
        let refused = entries.unclear || entries.unknown || misplaced;
        let is_empty = entries.list.is_empty();
        let mut cells = Cells::of(errors, &keys::HANDLE, entries.list);
        let mut chosen: Option<(Cell, Part)> = None;
        let mut parts =
            PARTS.map(|(key, part)| (cells.take(key), part)).into_iter().collect::<Vec<_>>();
        parts.retain(|(cell, _)| cell.is_set());
        parts.sort_by_key(|(cell, _)| cell.entry().map(|entry| entry.order));
        for (cell, part) in parts {
            match &chosen {
                Some((first, _)) => {
                    let help = "one part of the handle fills a field: remove one";
                    first.exclude(errors, &cell, help);
                }
                None => chosen = Some((cell, part)),
            }
        }
        let default = cells.take(keys::DEFAULT);
        filled.names = cells.take(keys::NAMES).texts().to_vec();
        filled.max = cells.take(keys::MAX).into_text();
        filled.bare = cells.take(keys::BARE).into_text();
        filled.only = cells.take(keys::ONLY).is_set();
        filled.in_query = cells.take(keys::IN_QUERY).is_set();
        filled.about = about(errors, &mut cells);
        cells.finish();
        let is_param = chosen.as_ref().is_some_and(|(_, part)| *part == Part::Param);
        if !is_param && !refused {
            let help = "a part that may be absent is an `Option`; the port of a handle without one \
                        is `#[adapter(port = ...)]`";
            default.refuse(errors, "the key `default` needs `param`", help);
        }
        filled.default = default.into_text();
        let Some((cell, part)) = chosen else {
            if matches!(attr.meta, syn::Meta::Path(_)) && is_empty {
                filled.part = Part::Handle;
            } else if !refused && filled.default.is_none() {
                errors.on(attr.path(), "this names no part of the handle", HELP);
            }
            return filled;
        };
        if let Some(entry) = cell.entry() {
            filled.span = entry.ident.span();
        }
        filled.part = part;
        if part == Part::Param {
            filled.param = cell.into_text();
            if filled.param.is_none() {
                filled.part = Part::Unclear;
            }
        }
        filled
    }

    fn unclear() -> Self {
        Self {
            part: Part::Unclear,
            span: Span::call_site(),
            param: None,
            default: None,
            max: None,
            names: Vec::new(),
            bare: None,
            only: false,
            in_query: false,
            about: About::Other,
        }
    }

    /// In words, and where the attribute names it.
    pub(crate) fn describe(&self) -> Option<(String, Span)> {
        let text = match self.part {
            Part::Handle => "the handle",
            Part::Username => "the user name",
            Part::Password => "the password",
            Part::Host => "the host",
            Part::Port => "the port",
            Part::Path | Part::Name | Part::File => "the path",
            Part::Param => {
                let name = self.param.as_ref()?;
                return Some((format!("the parameter `{}`", name.value()), name.span()));
            }
            Part::Flatten | Part::Unclear => return None,
        };
        Some((text.to_owned(), self.span))
    }
}

fn about(errors: &Errors, cells: &mut Cells) -> About {
    let tls = cells.take(keys::TLS);
    let [tuning, ca, tls_file, credential] =
        [keys::TUNING, keys::CA, keys::TLS_FILE, keys::CREDENTIAL].map(|key| cells.take(key));
    let all = [&tls, &tuning, &ca, &tls_file, &credential];
    for (at, cell) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            cell.exclude(errors, other, "a word is about one thing: remove one");
        }
    }
    if tls.is_set() {
        let values = tls.texts().to_vec();
        if let (false, Some(entry)) = (values.len() == 3, tls.entry()) {
            let help = "name the words for unencrypted, encrypted and verified: \
                        `tls(\"disable\", \"require\", \"verify-full\")`";
            errors.on(&entry.ident, "the key `tls` takes three words", help);
            return About::Other;
        }
        About::Tls(values)
    } else if tuning.is_set() {
        About::Tuning
    } else if ca.is_set() {
        About::Ca
    } else if tls_file.is_set() {
        About::TlsFile
    } else if credential.is_set() {
        About::Credential
    } else {
        About::Other
    }
}
