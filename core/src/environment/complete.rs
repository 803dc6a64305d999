//! Makes one handle of what the sources say: a handle that is completed by the words beside it, or
//! one that is assembled from words alone.

use super::Unreadable;
use super::beside::{Ask, Beside, TlsAsked, same_value};
use crate::adapter::grammar::{Part, Scheme, Word};
use crate::adapter::value::Kind;
use crate::error::{HandleError, ProblemKind};
use crate::handle::{Handle, HandleBuilder};

/// A handle, and the names that it was completed by or assembled from.
pub(super) struct Made {
    pub(super) handle: Handle,
    pub(super) from: Vec<String>,
}

impl Beside<'_, '_> {
    /// The handle with what it does not say itself. What contradicts it is a problem.
    pub(super) fn complete(&mut self, handle: Handle) -> Made {
        let mut from = Vec::new();
        let mut builder = None;
        let mut conflicts = Vec::new();
        let mut set = |builder: HandleBuilder, name: &str| {
            from.push(name.to_owned());
            Some(builder)
        };
        let of = |builder: Option<HandleBuilder>| builder.unwrap_or_else(|| handle.to_builder());
        for said in &self.words {
            let (text, name) = (&*said.text, said.name.as_str());
            let own: Option<String> = match said.word.part() {
                Part::Username => handle.username().map(str::to_owned),
                Part::Password => handle.password().map(|it| it.expose().to_owned()),
                Part::Name | Part::Path | Part::File => {
                    let path = handle.path_decoded();
                    let path = path.strip_prefix('/').unwrap_or(&path).to_owned();
                    let in_query = said.word.param_of(&handle).map(str::to_owned);
                    in_query.or(Some(path)).filter(|it| !it.is_empty())
                }
                Part::Param => said.word.param_of(&handle).map(str::to_owned),
                // Beside a handle that names a host these are not taken.
                Part::Host | Part::Port => continue,
            };
            match own {
                Some(own) if same_value(said.word, &own, text) => {}
                Some(_) => conflicts.push(contradiction(said.word, name)),
                None => builder = set(put(of(builder.take()), said.word, text), name),
            }
        }
        self.problems.extend(conflicts);
        let own_tls = self.grammar.tls_word().and_then(|(word, _)| word.param_of(&handle));
        match self.tls_value(handle.scheme(), own_tls) {
            Ok(Some((word, value, name))) => {
                builder = set(of(builder.take()).replace_param(word.name(), &value), &name);
            }
            Ok(None) => {}
            Err(conflict) => self.problems.push(conflict),
        }
        match builder.map(HandleBuilder::build) {
            Some(Ok(handle)) => Made { handle, from },
            Some(Err(error)) => {
                self.problems.push(because(&error));
                Made { handle, from: Vec::new() }
            }
            None => Made { handle, from },
        }
    }

    /// A handle from the words alone.
    pub(super) fn assemble(
        &mut self,
        scheme: Option<&str>,
        ca: Option<&str>,
    ) -> Result<Made, HandleError> {
        let grammar = self.grammar;
        let mut from: Vec<String> = self.words.iter().map(|said| said.name.clone()).collect();
        let text = |part: Part| {
            self.words.iter().find(|said| said.word.part() == part).map(|said| &*said.text)
        };
        let port: Option<u16> = text(Part::Port).and_then(|text| text.trim().parse().ok());
        let scheme = self.scheme(scheme, port, ca.is_some())?;
        let mut builder = Handle::builder(scheme.name());
        let place = grammar.fixed_place().map(Handle::parse).transpose()?;
        match (text(Part::Host), &place) {
            (Some(hosts), _) => {
                let hosts = hosts.split([',', ' ', ';']).filter(|host| !host.is_empty());
                builder = hosts.fold(builder, |builder, host| add_host(builder, host, port));
            }
            (None, Some(place)) => {
                for host in place.hosts() {
                    builder = builder.host(host.name());
                    if let Some(port) = port.or(host.port()) {
                        builder = builder.port(port);
                    }
                }
            }
            (None, None) => {}
        }
        if let Some(place) = &place {
            builder = builder.path(place.path_decoded());
        }
        for said in &self.words {
            if !said.word.part().is_place() {
                builder = put(builder, said.word, &said.text);
            }
        }
        let tls = self.tls_value(scheme.name(), None);
        match tls {
            Ok(Some((word, value, name))) => {
                builder = builder.replace_param(word.name(), &value);
                from.push(name);
            }
            Ok(None) => {}
            Err(conflict) => self.problems.push(conflict),
        }
        Ok(Made { handle: builder.build()?, from })
    }

    /// The scheme of an assembled handle: as a word says, or the port, else the first.
    fn scheme(
        &self,
        said: Option<&str>,
        port: Option<u16>,
        has_ca: bool,
    ) -> Result<&'static Scheme, HandleError> {
        let schemes = self.grammar.schemes();
        let secure = || schemes.iter().find(|scheme| scheme.is_tls());
        let Some(first) = schemes.iter().find(|scheme| !scheme.is_socket()) else {
            return Err(HandleError::new("the service has no scheme"));
        };
        if let Some(said) = said {
            let said = said.to_ascii_lowercase();
            let known = schemes.iter().find(|scheme| scheme.name() == said);
            // As predis names them.
            let by_transport = match said.as_str() {
                "tcp" => Some(first),
                "tls" | "ssl" => secure(),
                _ => None,
            };
            if let Some(scheme) = known.or(by_transport) {
                return Ok(scheme);
            }
        }
        // Mail has a rule of its own for such a port.
        let speaks_tls = |port: u16| schemes.iter().find(|scheme| scheme.speaks_tls_on(port));
        let by_port = port.filter(|_| !self.grammar.is_mail()).and_then(speaks_tls);
        let plain_port = port.is_some() && port == first.default_port();
        let unsaid = self.tls.is_empty();
        Ok(match by_port {
            Some(scheme) if unsaid && !plain_port => scheme,
            _ if has_ca && unsaid => secure().unwrap_or(first),
            _ => first,
        })
    }

    /// What the names ask of TLS together, where the handle does not say it already: the word, its
    /// value and the name that asks.
    fn tls_value(
        &mut self,
        scheme: &str,
        own: Option<&str>,
    ) -> Result<Option<(&'static Word, String, String)>, Unreadable> {
        if self.tls.is_empty() {
            return Ok(None);
        }
        let scheme_tls = self.grammar.scheme(scheme).is_some_and(Scheme::is_tls);
        let Some((word, values)) = self.grammar.tls_word() else {
            return self.without_tls_word(scheme_tls);
        };
        let rank = |value: &str| word.kind().rank(value).unwrap_or_default();
        let (off, on) = (rank(values.off), rank(values.on));
        let wants = |asked: &TlsAsked| match &asked.ask {
            Ask::Off => off,
            Ask::On => on,
            Ask::Verified => rank(values.verified),
            Ask::Exactly(value) => rank(value),
        };
        let (mut most, mut least) = (&self.tls[0], &self.tls[0]);
        for asked in &self.tls {
            if wants(asked) > wants(most) {
                most = asked;
            }
            if wants(asked) < wants(least) {
                least = asked;
            }
        }
        if wants(least) == off && wants(most) > off {
            let why = "one asks for TLS and one for none";
            return Err(Unreadable::conflict(&least.name, &most.name, why));
        }
        let own_rank = own.map(rank);
        let by_scheme = scheme_tls.then_some(on);
        let now = own_rank.max(by_scheme);
        let wanted = wants(most);
        let conflict = |what: &'static str| Unreadable {
            kind: ProblemKind::Conflict,
            origin: None,
            message: format!("`{}` asks for {what}, and the handle says otherwise", most.name),
            help: format!("clear `{}`, or change the handle", most.name),
        };
        match now {
            Some(now) if wanted == off && now > off => Err(conflict("an unencrypted connection")),
            Some(now) if now == off && wanted > off => Err(conflict("TLS")),
            // More safety than is asked for is never a conflict. A scheme with TLS takes no word
            // for less.
            Some(now) if now >= wanted || scheme_tls && own_rank.is_none() && wanted <= on => {
                Ok(None)
            }
            Some(_) if scheme_tls && self.grammar.is_mail() => Ok(None),
            _ => {
                let value = match &most.ask {
                    Ask::Off => values.off.to_owned(),
                    Ask::On => values.on.to_owned(),
                    Ask::Verified => values.verified.to_owned(),
                    Ask::Exactly(value) => first_spelling(word, value),
                };
                Ok(Some((word, value, most.name.clone())))
            }
        }
    }

    /// A service that has no word for TLS: a file, one that always uses it, or one that never does.
    fn without_tls_word(
        &self,
        scheme_tls: bool,
    ) -> Result<Option<(&'static Word, String, String)>, Unreadable> {
        let has_host = self.grammar.part(Part::Host).is_some();
        let wants = |asked: &&TlsAsked| !matches!(asked.ask, Ask::Off);
        match self.tls.iter().find(wants) {
            Some(asked) if has_host && !scheme_tls => Err(Unreadable {
                kind: ProblemKind::Conflict,
                origin: None,
                message: format!(
                    "`{}` asks for TLS, and the client of {} has none",
                    asked.name,
                    self.grammar.name()
                ),
                help: format!("clear `{}`, or attach a server by a tunnel with TLS", asked.name),
            }),
            _ => Ok(None),
        }
    }
}

/// The value as the documentation spells it.
fn first_spelling(word: &Word, value: &str) -> String {
    let spellings = match word.kind() {
        Kind::Words(words) => word.kind().rank(value).and_then(|rank| words.get(rank)),
        _ => None,
    };
    spellings.and_then(|same| same.first()).map_or(value, |first| first).to_owned()
}

fn put(builder: HandleBuilder, word: &Word, text: &str) -> HandleBuilder {
    match word.part() {
        Part::Username => builder.username(text),
        Part::Password => builder.password(text),
        Part::Name => builder.name(text),
        Part::Path | Part::File => builder.path(text),
        Part::Param => builder.replace_param(word.name(), text),
        Part::Host | Part::Port => builder,
    }
}

/// A host that may bring its own port; an IPv6 address needs no brackets here.
fn add_host(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
    let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
    let (name, own) = match host.rsplit_once(':') {
        Some((name, own)) if !is_address && !host.starts_with('/') => (name, own.parse().ok()),
        _ => (host, None),
    };
    let (name, own) = if own.is_some() { (name, own) } else { (host, None) };
    let builder = builder.host(name);
    match own.or(port) {
        Some(port) if !host.starts_with('/') => builder.port(port),
        _ => builder,
    }
}

fn contradiction(word: &Word, name: &str) -> Unreadable {
    let what = match word.part() {
        Part::Param => format!("parameter `{}`", word.name()),
        part => part.noun().to_owned(),
    };
    Unreadable {
        kind: ProblemKind::Conflict,
        origin: None,
        message: format!("has another {what} than `{name}`"),
        help: format!("clear `{name}`, or take the {what} out of the handle"),
    }
}

pub(super) fn because(error: &HandleError) -> Unreadable {
    Unreadable {
        kind: error.kind(),
        origin: None,
        message: error.message().to_owned(),
        help: error.help().to_owned(),
    }
}
