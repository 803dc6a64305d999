//! Reads a handle by the table of its adapter: every word once, in the order of the table.

use std::borrow::Cow;

use super::grammar::{About, Grammar, Hosts, Login, Part, Scheme, TlsWord, Unencrypted, Word};
use super::value::Kind;
use crate::error::{HandleError, ours};
use crate::handle::{Handle, HandleBuilder, Host, MOST};

/// A handle whose words are taken one by one, in the order of its grammar's table.
///
/// Only what `#[derive(Adapter)]` and `#[derive(Parameters)]` write calls it.
pub struct Reader<'g> {
    handle: Handle,
    grammar: &'g Grammar,
    scheme: &'static Scheme,
    /// For each parameter of the handle the place of its word.
    params: [u16; MOST],
    next: usize,
    encrypted: bool,
}

/// What a handle says of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    /// Nothing, or that either is fine.
    Nothing,
    /// Unencrypted.
    Off,
    /// Encrypted at least.
    On,
}

impl<'g> Reader<'g> {
    /// Checks what only the whole handle tells: its scheme, its parts, its parameters, its
    /// encryption.
    ///
    /// # Errors
    ///
    /// A scheme of another adapter, a part or a parameter that the grammar does not have, a
    /// credential that nothing would encrypt.
    pub fn new(handle: &Handle, grammar: &'g Grammar) -> Result<Self, HandleError> {
        let scheme = require_scheme(handle, grammar)?;
        let (params, moves) = words_of_params(handle, grammar, scheme)?;
        let mut reader =
            Self { handle: handle.clone(), grammar, scheme, params, next: 0, encrypted: false };
        if moves {
            reader.move_parts()?;
        }
        reader.check_hosts()?;
        reader.check_parts()?;
        reader.check_encryption()?;
        reader.take_tls_scheme()?;
        Ok(reader)
    }

    /// The handle as the adapter keeps it: parts that stood in the query are in their places.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Whether the handle says that TLS is used: by its scheme, or by the word for TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The value of the next word.
    ///
    /// # Errors
    ///
    /// It is missing, or has not the form.
    pub fn next<T>(&mut self, read: fn(&str) -> Option<T>) -> Result<T, HandleError> {
        self.next_by(|_, text| read(text))
    }

    fn next_by<T>(&mut self, read: impl Fn(&Word, &str) -> Option<T>) -> Result<T, HandleError> {
        let (word, text) = self.text()?;
        match (text, word.default_value()) {
            (Some(text), _) => parse(word, &text, read),
            // A constant has compared it with the greatest value.
            (None, Some(default)) => read(word, default).ok_or_else(|| {
                let message = ours!("the default of the parameter `{}` is wrong", word.name());
                HandleError::new(message).with_help(ours!("expected {}", word.expected()))
            }),
            (None, None) => Err(missing(word, self.grammar)),
        }
    }

    /// The value of the next word, if it is there.
    ///
    /// # Errors
    ///
    /// It has not the form.
    pub fn optional<T>(&mut self, read: fn(&str) -> Option<T>) -> Result<Option<T>, HandleError> {
        self.optional_by(|_, text| read(text))
    }

    fn optional_by<T>(
        &mut self,
        read: impl Fn(&Word, &str) -> Option<T>,
    ) -> Result<Option<T>, HandleError> {
        let (word, text) = self.text()?;
        text.map(|text| parse(word, &text, read)).transpose()
    }

    /// The one host, with the port of the scheme where it has none.
    pub(super) fn host(&mut self) -> Option<Host> {
        self.next += 1;
        self.handle.hosts().first().map(|host| self.with_port(host))
    }

    pub(super) fn hosts(&mut self) -> Vec<Host> {
        self.next += 1;
        self.handle.hosts().iter().map(|host| self.with_port(host)).collect()
    }

    pub(super) fn port(&mut self) -> Option<u16> {
        self.next += 1;
        self.handle.port().or(self.scheme.default_port())
    }

    /// A host brings its port along, which is the next word.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    fn with_port(&self, host: &Host) -> Host {
        match self.scheme.default_port() {
            Some(port) if !host.is_socket() => host.or_port(port),
            _ => host.clone(),
        }
    }

    /// Whether the adapter's table takes the handle: what it does not may hold a secret in the
    /// wrong place.
    pub(crate) fn takes(handle: &Handle, grammar: &'g Grammar) -> bool {
        let Ok(mut reader) = Self::new(handle, grammar) else { return false };
        grammar.all_words().iter().all(|word| {
            let is_there = reader.text().is_ok_and(|(_, text)| text.is_some());
            is_there || word.part().is_place() || !word.is_required()
        })
    }

    /// The next word and its text, wherever it stands.
    fn text(&mut self) -> Result<(&'g Word, Option<Cow<'_, str>>), HandleError> {
        let at = self.next;
        self.next += 1;
        let Some(word) = self.grammar.all_words().get(at) else {
            return Err(HandleError::new("the grammar of the adapter lacks a word that it reads"));
        };
        if let Some(text) = self.param(at) {
            return Ok((word, Some(text.into())));
        }
        let handle = &self.handle;
        let text = match word.part() {
            Part::Username => handle.username().map(Cow::from),
            Part::Password => handle.password().map(|password| password.expose().into()),
            Part::Path | Part::Name | Part::File if self.scheme.is_socket() => None,
            Part::Name => handle.decoded_name()?,
            Part::File => Some(handle.decoded_path()).filter(|path| !path.is_empty()),
            Part::Path if matches!(handle.path(), "" | "/") => None,
            // Behind a host the `/` only separates; without one the path is that of a file.
            Part::Path if handle.hosts().is_empty() => Some(handle.decoded_path()),
            Part::Path => Some(handle.path_decoded().replacen('/', "", 1).into()),
            Part::Host | Part::Port | Part::Param => None,
        };
        Ok((word, text))
    }

    fn param(&self, word: usize) -> Option<&str> {
        let params = self.params.get(..self.handle.query().len())?;
        let index = params.iter().position(|at| usize::from(*at) == word)?;
        self.handle.param_at(index)
    }

    /// Puts parts that stand in the query, as libpq allows them, into their places.
    fn move_parts(&mut self) -> Result<(), HandleError> {
        let mut builder = self.handle.to_builder();
        for (at, word) in self.grammar.all_words().iter().enumerate() {
            if word.part() == Part::Param || self.scheme.is_socket() && word.part().is_path() {
                continue;
            }
            let Some(value) = self.param(at) else { continue };
            builder = move_part(builder, &self.handle, word, value)?;
        }
        let taken = |name: &str| {
            let word = self.grammar.word(name);
            word.is_some_and(|word| {
                word.part() != Part::Param && !(self.scheme.is_socket() && word.part().is_path())
            })
        };
        self.rebuild(builder.without_params(taken))?;
        self.params = words_of_params(&self.handle, self.grammar, self.scheme)?.0;
        Ok(())
    }

    fn rebuild(&mut self, builder: HandleBuilder) -> Result<(), HandleError> {
        let built = builder.build()?;
        self.handle = match self.handle.origin() {
            Some(origin) => built.with_origin(origin.clone()),
            None => built,
        };
        Ok(())
    }

    fn check_hosts(&self) -> Result<(), HandleError> {
        let hosts = self.handle.hosts();
        if self.scheme.is_socket() {
            let path = self.handle.path_decoded();
            if !hosts.is_empty() || path.len() < 2 || !path.starts_with('/') || path.contains('\0')
            {
                return Err(HandleError::new("the handle names no socket").with_help(
                    "write the path of the socket after `://`, as in `:///run/x.sock`",
                ));
            }
            return Ok(());
        }
        match (self.grammar.host_count(), hosts) {
            (Hosts::None, _) => self.check_fixed_host(),
            (Hosts::One | Hosts::Several, []) => Err(HandleError::new("the handle has no host")),
            // Of a service with schemes for sockets the others need a host.
            (Hosts::Optional, []) if self.grammar.schemes().iter().any(Scheme::is_socket) => {
                Err(HandleError::new("the handle has no host"))
            }
            (Hosts::One | Hosts::Optional, [_, _, ..]) => {
                Err(HandleError::new("the handle names several hosts").with_help("name one"))
            }
            (count, hosts)
                if hosts.iter().any(Host::is_socket) && !self.takes_socket_host(count) =>
            {
                Err(HandleError::new("the host is a path")
                    .with_help("write a host name or an address"))
            }
            (Hosts::Several, hosts) => check_different(hosts, self.scheme.default_port()),
            _ => Ok(()),
        }
    }

    /// A socket may stand in the place of a host that may be absent, or of one that the query may
    /// name, as in `?host=/run/postgresql`, unless it has schemes of its own.
    fn takes_socket_host(&self, hosts: Hosts) -> bool {
        let in_query = || self.grammar.part(Part::Host).is_some_and(Word::stands_in_query);
        (hosts == Hosts::Optional || in_query())
            && !self.grammar.schemes().iter().any(Scheme::is_socket)
    }

    /// Without a word for the host there is one that the adapter has in mind: that of its example.
    fn check_fixed_host(&self) -> Result<(), HandleError> {
        let hosts = self.handle.hosts();
        if hosts.is_empty() {
            return Ok(());
        }
        let name = self.grammar.name();
        let example = Handle::parse(self.grammar.example())?;
        let port = |host: &Host| host.port().or(self.scheme.default_port());
        let is_fixed = |host: &Host| {
            let same = |it: &Host| it.name() == host.name() && port(it) == port(host);
            example.hosts().iter().any(same)
        };
        if hosts.iter().all(is_fixed) {
            return Ok(());
        }
        Err(match example.hosts() {
            [] => HandleError::new("the handle has a host")
                .with_help(ours!("leave it out: {name} takes none")),
            [host, ..] => HandleError::new("the handle names another host")
                .with_help(ours!("{name} has one host, `{host}`")),
        })
    }

    /// A part that the grammar has no word for means nothing.
    fn check_parts(&self) -> Result<(), HandleError> {
        let handle = &self.handle;
        let has = |part: Part| self.grammar.part(part).is_some();
        let has_path = || self.grammar.all_words().iter().any(|word| word.part().is_path());
        let fixed = self.grammar.host_count() == Hosts::None;
        let (user, password) = (handle.username().is_some(), handle.password().is_some());
        let stray = if user && !has(Part::Username) {
            Some("user name")
        } else if password && !has(Part::Password) {
            Some("password")
        } else if handle.port().is_some() && !has(Part::Port) && !fixed {
            Some("port")
        } else if !matches!(handle.path(), "" | "/") && !self.scheme.is_socket() && !has_path() {
            Some("path")
        } else {
            None
        };
        if let Some(part) = stray {
            // A key may stand in the place of the user name, or in that of the password.
            let is_misplaced =
                user && !password && has(Part::Password) || password && has(Part::Username);
            let help = if is_misplaced && matches!(part, "user name" | "password") {
                ours!("write it as in `{}`", self.grammar.example())
            } else {
                ours!("leave it out: {} takes none", self.grammar.name())
            };
            return Err(HandleError::new(ours!("the handle has a {part}")).with_help(help));
        }
        if self.grammar.login_rule() == Login::Together && user != password {
            let message = if user {
                "the handle has a user name and no password"
            } else {
                "the handle has a password and no user name"
            };
            return Err(HandleError::new(message).with_help("write both or none"));
        }
        Ok(())
    }

    /// Whether the handle carries something that nobody else should read.
    fn has_credentials(&self) -> bool {
        let (user, password) = (self.handle.username(), self.handle.password());
        let is_secret = |(at, word): (usize, &Word)| {
            let secret = word.kind() == Kind::Secret || word.subject() == About::Credential;
            secret && self.param(at).is_some()
        };
        user.is_some()
            || password.is_some()
            || self.grammar.all_words().iter().enumerate().any(is_secret)
    }

    fn check_encryption(&mut self) -> Result<(), HandleError> {
        let word = self.grammar.tls_word_at();
        let said = match word {
            Some((at, word, values)) => said(self.scheme, word, values, self.param(at)),
            None if self.scheme.is_tls() => Said::On,
            None => Said::Nothing,
        };
        self.encrypted = said == Said::On;
        let rule = self.grammar.unencrypted_rule();
        if self.encrypted || rule == Unencrypted::Own {
            return Ok(());
        }
        let mut schemes = self.grammar.schemes().iter();
        if let (true, Some((_, word, values))) = (self.scheme.is_tls(), word)
            && schemes.any(|scheme| !scheme.is_tls())
        {
            let (name, off) = (word.name(), values.off);
            return Err(HandleError::new(ours!("the scheme says TLS, and `{name}` says {off}"))
                .with_help(ours!("leave `{name}` out, or write a scheme without TLS")));
        }
        let tls_scheme = self.grammar.schemes().iter().find(|scheme| scheme.is_tls());
        // Most handles have no use for the words.
        let secure = || match (tls_scheme, word) {
            (Some(_), Some((_, word, _))) if self.scheme.is_tls() => {
                ours!("leave `{}` out", word.name())
            }
            (Some(scheme), _) => ours!("write `{}://`", scheme.name()),
            (None, Some((_, word, values))) => ours!("write `{}={}`", word.name(), values.on),
            (None, None) => ours!("name a host of this machine"),
        };
        let words = self.grammar.all_words().iter().enumerate();
        let mut files = words.filter(|(_, w)| matches!(w.subject(), About::Ca | About::TlsFile));
        if let Some((_, file)) = files.find(|(at, _)| self.param(*at).is_some()) {
            let file = file.name();
            return Err(HandleError::new(ours!("the handle has `{file}` but no TLS to use it in"))
                .with_help(ours!("{}, or leave `{file}` out", secure())));
        }
        if self.handle.is_loopback() {
            return Ok(());
        }
        let help = match (rule, word) {
            (Unencrypted::Loopback, _) => {
                ours!("{}; unencrypted is for a fake server on this machine", secure())
            }
            _ if said == Said::Off || !self.has_credentials() => return Ok(()),
            (_, Some((_, word, values))) => {
                ours!("{}, or `{}={}` if that is meant", secure(), word.name(), values.off)
            }
            (_, None) => secure(),
        };
        let message = "the credential would be sent unencrypted to another machine";
        Err(HandleError::insecure(message, help))
    }

    /// Where only the word asks for TLS it is that of the scheme with TLS, whose port is another.
    fn take_tls_scheme(&mut self) -> Result<(), HandleError> {
        let grammar = self.grammar;
        let is_own = grammar.unencrypted_rule() == Unencrypted::Own || grammar.is_mail();
        if !self.encrypted || self.scheme.is_tls() || is_own {
            return Ok(());
        }
        let Some(scheme) = grammar.scheme(&format!("{}s", self.scheme.name())) else {
            return Ok(());
        };
        self.scheme = scheme;
        self.rebuild(self.handle.to_builder().scheme(scheme.name()))
    }
}

/// Reads a handle by a grammar alone, every word as the derive would have it read, and gives it as
/// an adapter would keep it.
///
/// # Errors
///
/// As those of an adapter that has no rules but its grammar's.
#[cfg(feature = "_record")]
pub(crate) fn check(handle: &Handle, grammar: &Grammar) -> Result<Handle, HandleError> {
    // A path is no text to a system where it holds a NUL.
    let read = |word: &Word, text: &str| {
        let is_path = word.kind() == Kind::File;
        (word.kind().accepts(text) && !(is_path && text.contains('\0'))).then_some(())
    };
    let mut reader = Reader::new(handle, grammar)?;
    for word in grammar.all_words() {
        match word.part() {
            Part::Host if reader.host().is_none() && grammar.host_count() == Hosts::One => {
                return Err(HandleError::new("the handle has no host"));
            }
            Part::Host => {}
            Part::Port => reader.skip(),
            _ if word.is_required() || word.default_value().is_some() => reader.next_by(read)?,
            _ => drop(reader.optional_by(read)?),
        }
    }
    Ok(reader.handle())
}

/// What scheme and word for TLS say together.
pub(crate) fn said(scheme: &Scheme, word: &Word, values: TlsWord, value: Option<&str>) -> Said {
    let kind = word.kind();
    match value.map(|value| kind.rank(value)) {
        Some(rank) if rank == kind.rank(values.off) => Said::Off,
        Some(rank) if rank >= kind.rank(values.on) => Said::On,
        _ if scheme.is_tls() => Said::On,
        _ => Said::Nothing,
    }
}

impl Word {
    /// What the query of a handle says by one of its names.
    pub(crate) fn param_of<'h>(&self, handle: &'h Handle) -> Option<&'h str> {
        let (_, value) = handle.query().find(|(name, _)| self.is_called(name))?;
        Some(value)
    }
}

/// Refuses a scheme that is not one of an adapter's. The one place that looks at it.
pub(crate) fn require_scheme(
    handle: &Handle,
    grammar: &Grammar,
) -> Result<&'static Scheme, HandleError> {
    match grammar.scheme(handle.scheme()) {
        Some(scheme) => Ok(scheme),
        None => Err(HandleError::scheme(handle, grammar.name(), grammar.scheme_names())),
    }
}

/// For each parameter its word, and whether one of them is a part of the handle.
fn words_of_params(
    handle: &Handle,
    grammar: &Grammar,
    scheme: &Scheme,
) -> Result<([u16; MOST], bool), HandleError> {
    let words = grammar.all_words();
    let mut params = [0; MOST];
    let mut moves = false;
    for (index, (name, value)) in handle.query().enumerate() {
        let known = words.iter().position(|it| it.stands_in_query() && it.is_called(name));
        let Some(at) = known else { return Err(unknown(grammar, name)) };
        let word = &words[at];
        moves |= word.part() != Part::Param && !(scheme.is_socket() && word.part().is_path());
        // No grammar has as many words.
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        let earlier = params[..index].iter().position(|earlier| *earlier == at);
        if earlier.is_some_and(|earlier| handle.param_at(earlier) != Some(value)) {
            return Err(HandleError::parameter(
                ours!("the parameter `{}` is given twice, by two names", word.name()),
                "keep one of the two",
            ));
        }
        params[index] = at;
    }
    Ok((params, moves))
}

fn unknown(grammar: &Grammar, name: &str) -> HandleError {
    let known: Vec<&'static str> =
        grammar.all_words().iter().filter(|word| word.stands_in_query()).map(Word::name).collect();
    HandleError::unknown_parameter(name, &known)
}

fn parse<T>(
    word: &Word,
    text: &str,
    read: impl Fn(&Word, &str) -> Option<T>,
) -> Result<T, HandleError> {
    let with_unit = match word.bare_unit() {
        Some(unit) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("{text}{}", unit.symbol()))
        }
        _ => None,
    };
    let text = with_unit.as_deref().unwrap_or(text);
    let value = read(word, text).filter(|_| word.is_within(text));
    value.ok_or_else(|| bad_value(word))
}

/// What is wrong with a word's value, wherever it stands.
pub(crate) fn bad_value(word: &Word) -> HandleError {
    let expected = ours!("expected {}", word.expected());
    match word.part() {
        Part::Param => HandleError::parameter(
            ours!("the parameter `{}` has a bad value", word.name()),
            expected,
        ),
        part => HandleError::new(ours!("the {} is not {}", part.noun(), word.expected()))
            .with_help(expected),
    }
}

fn missing(word: &Word, grammar: &Grammar) -> HandleError {
    match word.part() {
        Part::Param => HandleError::parameter(
            ours!("the parameter `{}` is missing", word.name()),
            ours!("add `{}=...` behind the `?`", word.name()),
        ),
        part => HandleError::new(ours!("the handle has no {}", part.noun()))
            .with_help(ours!("write it as in `{}`", grammar.example())),
    }
}

fn check_different(hosts: &[Host], port: Option<u16>) -> Result<(), HandleError> {
    let same = |a: &Host, b: &Host| a.name() == b.name() && a.port().or(port) == b.port().or(port);
    for (at, host) in hosts.iter().enumerate() {
        if hosts[..at].iter().any(|earlier| same(earlier, host)) {
            return Err(
                HandleError::new("the same server is named twice").with_help("name each once")
            );
        }
    }
    Ok(())
}

/// Sets one part from the query; what the handle says itself must not be something else.
fn move_part(
    builder: HandleBuilder,
    handle: &Handle,
    word: &Word,
    value: &str,
) -> Result<HandleBuilder, HandleError> {
    let contradiction = || {
        HandleError::new(ours!(
            "the parameter `{}` contradicts the {} of the handle",
            word.name(),
            word.part().noun()
        ))
        .with_help("keep one of the two")
    };
    let agrees = |own: Option<&str>| own.is_none_or(|own| own == value);
    match word.part() {
        Part::Host => {
            let hosts: Vec<&str> = value.split(',').collect();
            let own: Vec<&str> = handle.hosts().iter().map(Host::name).collect();
            // A socket is on this machine too.
            let is_socket = value.starts_with('/') && handle.is_loopback();
            if own.is_empty() || own == hosts || is_socket {
                let port = handle.port();
                Ok(hosts.into_iter().fold(builder.without_hosts(), |builder, host| {
                    let builder = builder.host(host);
                    match port {
                        Some(port) => builder.port(port),
                        None => builder,
                    }
                }))
            } else {
                Err(contradiction())
            }
        }
        Part::Port => {
            // One for all hosts, or one for each.
            let ports = value.split(',').map(|port| port.parse().ok().filter(|port| *port > 0));
            let Some(ports) = ports.collect::<Option<Vec<u16>>>() else {
                return Err(HandleError::parameter(
                    ours!("the parameter `{}` has a bad value", word.name()),
                    "expected a port from 1 to 65535",
                ));
            };
            let mut own = handle.hosts().iter().map(Host::port);
            match ports.as_slice() {
                ports if own.clone().all(|port| port.is_none()) => Ok(builder.ports(ports)),
                [port] if own.all(|own| own == Some(*port)) => Ok(builder),
                _ => Err(contradiction()),
            }
        }
        Part::Username if agrees(handle.username()) => Ok(builder.username(value)),
        Part::Password if agrees(handle.password().map(crate::Secret::expose)) => {
            Ok(builder.password(value))
        }
        Part::Path | Part::Name | Part::File if agrees(handle.name()?.as_deref()) => {
            Ok(builder.name(value))
        }
        _ => Err(contradiction()),
    }
}
