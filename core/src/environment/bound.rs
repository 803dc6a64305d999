//! Which field takes which of the services that a platform has bound, and what its handle is.

use std::borrow::Cow;

use super::beside::{Beside, Source};
use super::bindings::{Bindings, Bound};
use super::complete::because;
use super::names::{FieldNames, Hit};
use super::resolve::{Resolution, Resolver};
use super::{Origin, Unreadable};
use crate::adapter::grammar::{About, Grammar, Scheme};
use crate::error::ProblemKind;
use crate::handle::Handle;

impl Bindings {
    /// Whether a field takes one, and what it comes to.
    pub(super) fn resolve<'e>(
        &self,
        resolver: &Resolver<'e>,
        field: &FieldNames<'e>,
        out: &mut Resolution,
    ) -> bool {
        match self.find(resolver, field) {
            Ok(None) => false,
            Ok(Some(bound)) => {
                self.take(resolver, field, bound, out);
                true
            }
            Err(unreadable) => {
                out.problems.push(unreadable);
                true
            }
        }
    }

    /// Where the binding that a field would take comes from.
    pub(super) fn origin<'e>(
        &self,
        resolver: &Resolver<'e>,
        field: &FieldNames<'e>,
    ) -> Option<Origin> {
        self.find(resolver, field).ok()?.map(|bound| bound.origin.clone())
    }

    /// The one of the field's name, else the only one of its kind.
    fn find<'e>(
        &self,
        resolver: &Resolver<'e>,
        field: &FieldNames<'e>,
    ) -> Result<Option<&Bound>, Unreadable> {
        if self.all.is_empty() {
            return Ok(None);
        }
        let mut fitting: Vec<&Bound> = Vec::new();
        for name in field.binding_names() {
            if fitting.is_empty() {
                fitting.extend(self.all.iter().filter(|bound| bound.is_called(&name)));
            }
        }
        let by_name = !fitting.is_empty();
        let others = || resolver.names.fields.iter().filter(|other| !std::ptr::eq(*other, field));
        let is_free = |bound: &&Bound| !others().any(|other| bound.is_named_by(other));
        if fitting.is_empty() {
            fitting.extend(self.all.iter().filter(|it| self.is_of_kind(it, field)).filter(is_free));
        }
        if fitting.is_empty() && self.schemes_tell {
            fitting.extend(self.all.iter().filter(|it| it.has_scheme_of(field)).filter(is_free));
        }
        match fitting[..] {
            [] => Ok(None),
            [bound] => {
                if !by_name {
                    self.only_for(resolver, bound, field)?;
                }
                Ok(Some(bound))
            }
            [one, another, ..] => Err(Unreadable {
                kind: ProblemKind::Conflict,
                origin: None,
                message: format!(
                    "the {noun}s `{}` and `{}` both fit",
                    one.name(),
                    another.name(),
                    noun = self.noun
                ),
                help: format!("name the one that is meant: `binding = \"{}\"`", one.name()),
            }),
        }
    }

    fn is_of_kind(&self, bound: &Bound, field: &FieldNames<'_>) -> bool {
        bound.kinds.iter().any(|kind| field.is_kind(kind, self.kinds_go_on))
    }

    /// A binding taken by its kind alone has no second field that would take it too.
    fn only_for<'e>(
        &self,
        resolver: &Resolver<'e>,
        bound: &Bound,
        field: &FieldNames<'e>,
    ) -> Result<(), Unreadable> {
        let is_rival = |other: &&FieldNames<'e>| {
            !std::ptr::eq(*other, field)
                && (self.is_of_kind(bound, other)
                    || self.schemes_tell && bound.has_scheme_of(other))
                && !self.all.iter().any(|it| it.is_named_by(other))
                && !resolver.is_explicit(other)
        };
        let Some(rival) = resolver.names.fields.iter().find(is_rival) else { return Ok(()) };
        Err(Unreadable {
            kind: ProblemKind::Conflict,
            origin: Some(bound.origin.clone()),
            message: format!(
                "the {} `{}` fits `{}` and `{}`",
                self.noun,
                bound.name(),
                field.path(),
                rival.path()
            ),
            help: format!("give the field that it is for `binding = \"{}\"`", bound.name()),
        })
    }

    /// The handle of a binding, completed by its entries and then by the variables beside the
    /// field.
    fn take<'e>(
        &self,
        resolver: &Resolver<'e>,
        field: &FieldNames<'e>,
        bound: &Bound,
        out: &mut Resolution,
    ) {
        let refuse = |out: &mut Resolution, kind, message: String, help: String| {
            let origin = Some(bound.origin.clone());
            out.problems.push(Unreadable { kind, origin, message, help });
        };
        if let Some((message, help)) = &bound.wrong {
            return refuse(out, ProblemKind::Unreadable, message.clone(), help.clone());
        }
        let depth = resolver.environment.layers.len().saturating_sub(1);
        let fits = |text: &&String| field.grammar.scheme(scheme_of(text)).is_some();
        let text = bound.handles.iter().find(fits).or(bound.handles.first());
        let handle = text.map(|text| Handle::parse(text));
        let handle = match handle {
            Some(Ok(handle)) => Some(handle),
            Some(error) => {
                return resolver.finish(field, error, bound.origin.clone(), depth, out);
            }
            None => None,
        };
        let first = || field.grammar.all_variants().first().copied().unwrap_or(field.grammar);
        let grammar: &'static Grammar = match &handle {
            Some(handle) => field.grammar.of_scheme(handle.scheme()),
            None => first(),
        };
        let (entries, scheme) = bound.entries(grammar, handle.as_ref());
        let hits: Vec<Hit<'_>> = entries
            .into_iter()
            .map(|(name, value)| Hit::bound(Cow::Owned(name), Cow::Owned(value)))
            .collect();
        let hits: Vec<_> = hits.iter().collect();
        let source = Source::Platform { own: self.own };
        let mut beside =
            Beside::weigh(field, &resolver.names, grammar, source, handle.as_ref(), &hits);
        for problem in &mut beside.problems {
            problem.origin = Some(bound.origin.clone());
        }
        let whole = handle.is_some() || beside.makes_handle(0);
        let made = match handle {
            Some(handle) => Ok(beside.complete(handle)),
            None if whole => beside.assemble(scheme, bound.certificates.as_deref()),
            None => {
                let message =
                    format!("the {} `{}` has no `uri` and no `host`", self.noun, bound.name());
                return refuse(
                    out,
                    ProblemKind::Handle,
                    message,
                    "bind it with one of them".to_owned(),
                );
            }
        };
        out.problems.append(&mut beside.problems);
        out.notes.append(&mut beside.notes);
        match made {
            Ok(made) => {
                resolver.finish(field, Ok(made.handle), bound.origin.clone(), depth, out);
            }
            Err(error) => {
                let origin = Some(bound.origin.clone());
                out.problems.push(Unreadable { origin, ..because(&error) });
            }
        }
    }
}

fn scheme_of(text: &str) -> &str {
    text.split(':').next().unwrap_or_default()
}

impl Bound {
    fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// `_` and `-` are alike.
    fn is_called(&self, name: &str) -> bool {
        let fold = |text: &str| text.replace('_', "-").to_ascii_lowercase();
        self.names.iter().any(|own| fold(own) == fold(name))
    }

    fn is_named_by(&self, field: &FieldNames<'_>) -> bool {
        field.binding_names().iter().any(|name| self.is_called(name))
    }

    fn has_scheme_of(&self, field: &FieldNames<'_>) -> bool {
        // Any address on the web would fit a field of an API.
        let is_api = field.grammar.is_api();
        self.handles.iter().any(|text| {
            !is_api && field.grammar.scheme(&scheme_of(text).to_ascii_lowercase()).is_some()
        })
    }

    /// The entries, with the file of CA certificates as the adapter's word for it; and the scheme
    /// that a port for TLS asks for.
    fn entries(
        &self,
        grammar: &'static Grammar,
        handle: Option<&Handle>,
    ) -> (Vec<(String, String)>, Option<&'static str>) {
        let mut entries = self.entries.clone();
        let secure = grammar.schemes().iter().find(|scheme| scheme.is_tls());
        let mut scheme = None;
        let tls_port = entries.iter().position(|(name, _)| name == "tls_port");
        if let (Some(at), Some(secure), None) = (tls_port, secure, handle) {
            let (_, port) = entries.remove(at);
            entries.retain(|(name, _)| name != "port");
            entries.push(("port".to_owned(), port));
            scheme = Some(secure.name());
        }
        let ca = grammar.all_words().iter().find(|word| word.subject() == About::Ca);
        if let (Some(path), Some(word)) = (&self.certificates, ca) {
            // Beside an unencrypted handle a certificate is of no use, and the handle's scheme is
            // the platform's.
            let own = handle.and_then(|handle| grammar.scheme(handle.scheme()));
            let is_plain = own.is_some_and(|scheme| !scheme.is_tls());
            if !(is_plain && grammar.schemes().iter().any(Scheme::is_tls)) {
                entries.push((word.name().to_owned(), path.clone()));
            }
        }
        (entries, scheme)
    }
}
