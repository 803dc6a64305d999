//! What stands beside a handle, or in place of one: `DB_PASSWORD`, `DB_SSLMODE`, an entry of a
//! service binding. Each name is used, or it is a problem, or it is listed with the reason.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::names::{FieldNames, Hit, Names, Place, is_null};
use super::{Origin, Unreadable, tls};
use crate::adapter::grammar::{About, Grammar, Hosts, Part, Word};
use crate::adapter::value::Kind;
use crate::error::ProblemKind;
use crate::handle::Handle;
use crate::spelling::{read_bool, same_name};

/// Everything beside one handle, weighed.
pub(super) struct Beside<'e, 'n> {
    pub(super) field: &'n FieldNames<'e>,
    pub(super) grammar: &'static Grammar,
    pub(super) source: Source,
    pub(super) words: Vec<Said<'e>>,
    pub(super) tls: Vec<TlsAsked>,
    pub(super) problems: Vec<Unreadable>,
    /// Whether a name says the host, and its value cannot.
    pub(super) bad_place: bool,
    pub(super) notes: Vec<Note>,
}

/// One word of the grammar that has a value.
pub(super) struct Said<'e> {
    pub(super) word: &'static Word,
    pub(super) name: String,
    pub(super) text: Cow<'e, str>,
    pub(super) depth: usize,
}

/// What one name asks of TLS.
pub(super) struct TlsAsked {
    pub(super) name: String,
    pub(super) ask: Ask,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Ask {
    Off,
    On,
    Verified,
    /// A value of the adapter's own word.
    Exactly(String),
}

/// A name that is not used, and why.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) name: String,
    pub(crate) why: Why,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// Nobody reads it.
    Nobody,
    /// It is passed over for this reason.
    Because(&'static str),
}

/// Where the names come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Variables,
    /// Entries of a service binding or credentials of a service; these names are the platform's
    /// own.
    Platform {
        own: &'static [&'static str],
    },
}

/// What says where another service is, at the end of a name.
const PLACES: &[&str] = &[
    "URL",
    "URI",
    "DSN",
    "HOST",
    "HOSTNAME",
    "SERVER",
    "ADDR",
    "ADDRESS",
    "HOSTS",
    "SERVERS",
    "NODES",
    "ADDRESSES",
];
/// Stems that an app's own address, not a service, is called by.
const OWN_STEMS: &[&str] = &[
    "APP", "API", "SERVER", "WEB", "SITE", "BASE", "PUBLIC", "FRONTEND", "BACKEND", "HOST", "AUTH",
    "ADMIN",
];
/// Names of groups of Redis servers.
pub(super) const TOPOLOGIES: &[&str] = &["SENTINEL", "SENTINELS", "CLUSTER_NODES"];
pub(super) const SWITCHED_OFF: &str = "TLS is switched off";
/// Stems of official images: what tunes there tunes the server.
const IMAGES: &[&str] = &["POSTGRES", "POSTGRESQL", "MYSQL", "MARIADB"];

impl<'e, 'n> Beside<'e, 'n> {
    pub(super) fn weigh(
        field: &'n FieldNames<'e>,
        names: &Names<'e>,
        grammar: &'static Grammar,
        source: Source,
        handle: Option<&Handle>,
        hits: &[&Hit<'e>],
    ) -> Self {
        let mut beside = Self {
            field,
            grammar,
            source,
            words: Vec::new(),
            tls: Vec::new(),
            problems: Vec::new(),
            bad_place: false,
            notes: Vec::new(),
        };
        if hits.is_empty() {
            return beside;
        }
        let longer = beside.longer_stems(hits);
        let mut left = Vec::new();
        for hit in hits {
            beside.take(names, handle, hit, &longer, &mut left);
        }
        beside.agree();
        // Whether there is TLS at all decides what becomes of its certificates.
        let is_first =
            |hit: &&Hit<'_>| tls::name(hit.word()).is_some() && !is_certificate(hit.word());
        let (first, then): (Vec<_>, Vec<_>) = left.into_iter().partition(is_first);
        for hit in first.into_iter().chain(then) {
            beside.judge(handle, hit);
        }
        beside.leave_certificates();
        beside
    }

    /// Whether what is there makes a whole handle.
    pub(super) fn makes_handle(&self, depth: usize) -> bool {
        let has_host = self.grammar.part(Part::Host).is_some();
        let suffices = |said: &Said<'_>| {
            said.depth == depth
                && match said.word.part() {
                    Part::Host => true,
                    Part::File => !has_host,
                    Part::Param => said.word.name() == "socket",
                    Part::Username | Part::Password => self.grammar.fixed_place().is_some(),
                    _ => false,
                }
        };
        self.words.iter().any(suffices)
    }

    /// The stems of other services below this one: `REDIS_CACHE` beside `REDIS_CACHE_HOST`.
    fn longer_stems(&self, hits: &[&Hit<'e>]) -> Vec<String> {
        if self.source != Source::Variables {
            return Vec::new();
        }
        let stem_of = |hit: &&Hit<'e>| {
            let word = hit.word();
            let (stem, place) = word.rsplit_once('_')?;
            let is_place = PLACES.contains(&place) && !stem.is_empty();
            let is_ours = self.grammar.word(word).is_some()
                || tls::begins(stem)
                || TOPOLOGIES.contains(&word);
            let is_set = hit.raw().is_some_and(|value| !value.is_empty());
            (is_place && !is_ours && is_set && !is_service_link(hit)).then(|| format!("{stem}_"))
        };
        hits.iter().filter_map(stem_of).collect()
    }

    fn take<'h>(
        &mut self,
        names: &Names<'e>,
        handle: Option<&Handle>,
        hit: &'h Hit<'e>,
        longer: &[String],
        left: &mut Vec<&'h Hit<'e>>,
    ) {
        let word = hit.word();
        if let Source::Platform { own } = self.source
            && own.iter().any(|it| same_name(it, word))
            && self.known(word).is_none()
        {
            return self.note(hit, Why::Because("the platform's own"));
        }
        if self.source == Source::Variables {
            if is_service_link(hit) {
                return self.note(hit, Why::Because("a service link of Kubernetes"));
            }
            if names.is_declared(&hit.name) {
                return;
            }
            if self.field.ignored.contains(&&*hit.name) {
                return self.note(hit, Why::Because("the field ignores it"));
            }
            if longer.iter().any(|stem| word.starts_with(stem.as_str())) {
                return self.note(hit, Why::Because("another service's"));
            }
            if !self.grammar.is_api() && OWN_STEMS.contains(&self.field.stem()) {
                return self.note(hit, Why::Because("the name may be the app's own"));
            }
        }
        if self.grammar.is_others(word) {
            return self.note(hit, Why::Nobody);
        }
        let Some(known) = self.known(word) else {
            left.push(hit);
            return;
        };
        let beside_place =
            known.part().is_place() && handle.is_some_and(|handle| !handle.hosts().is_empty());
        if beside_place {
            return self.note(hit, Why::Because("the handle names its host"));
        }
        let text = match self.text(hit) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            Err(unreadable) => {
                self.bad_place |= known.part() == Part::Host;
                return self.problems.push(unreadable);
            }
        };
        if self.field_is_image() && known.subject() == About::Tuning {
            return self.note(hit, Why::Because("it tunes the server of that image"));
        }
        if self.grammar.is_mail() && known.part() == Part::Host && text.contains('@') {
            return self.note(hit, Why::Because("an address of mail"));
        }
        if is_quoted(&text) {
            self.bad_place |= known.part() == Part::Host;
            return self.refuse(
                hit,
                ProblemKind::Handle,
                "stands in quotes",
                "write it without them: what reads a file of variables may keep the quotes",
            );
        }
        if let About::Tls(_) = known.subject() {
            left.push(hit);
            return;
        }
        if self.fits(hit, known, &text) {
            self.words.push(Said {
                word: known,
                name: hit.name.clone().into_owned(),
                text,
                depth: hit.depth(),
            });
        }
    }

    /// The word of this name. A service that may be anything on the web has few of them.
    fn known(&self, name: &str) -> Option<&'static Word> {
        let word = self.grammar.word(name).or_else(|| self.hosts_word(name))?;
        if !self.grammar.is_api() || self.source != Source::Variables {
            return Some(word);
        }
        let is_login =
            ["USER", "USERNAME", "PASSWORD", "PASS"].iter().any(|it| same_name(it, name));
        let is_full = word.part() == Part::Param && same_name(word.name(), name);
        let is_own = word.own_names().any(|own| same_name(own, name));
        let is_place = word.part().is_place() && !OWN_STEMS.contains(&self.field.stem());
        let part = matches!(word.part(), Part::Username | Part::Password);
        (part && (is_login || is_own) || is_full || is_place).then_some(word)
    }

    /// The word for the host, by a name in the plural where several are allowed.
    fn hosts_word(&self, name: &str) -> Option<&'static Word> {
        let several = self.grammar.host_count() == Hosts::Several;
        self.grammar.part(Part::Host).filter(|_| several && is_plural(name))
    }

    /// Whether every name that speaks of TLS asks for none.
    pub(super) fn is_unencrypted(&self) -> bool {
        let own = self.grammar.tls_word();
        let is_off = |asked: &TlsAsked| match &asked.ask {
            Ask::Off => true,
            Ask::Exactly(value) => own.is_some_and(|(word, values)| {
                word.kind().rank(value) == word.kind().rank(values.off)
            }),
            Ask::On | Ask::Verified => false,
        };
        !self.tls.is_empty() && self.tls.iter().all(is_off)
    }

    /// `REDIS_TLS_ENABLED=false` beside `REDIS_TLS_CA`: what templates set for the other case is of
    /// no use.
    fn leave_certificates(&mut self) {
        if self.source != Source::Variables || !self.is_unencrypted() {
            return;
        }
        let is_file = |said: &Said<'_>| matches!(said.word.subject(), About::Ca | About::TlsFile);
        let (files, words) = std::mem::take(&mut self.words).into_iter().partition(is_file);
        self.words = words;
        let why = || Why::Because(SWITCHED_OFF);
        let files: Vec<Said<'_>> = files;
        self.notes.extend(files.into_iter().map(|said| Note { name: said.name, why: why() }));
    }

    /// The value; none where an empty one stands, or what Laravel writes for one.
    pub(super) fn text(&self, hit: &Hit<'e>) -> Result<Option<Cow<'e, str>>, Unreadable> {
        let is_null = |text: &str| self.source == Source::Variables && is_null(text);
        Ok(hit.text()?.filter(|text| !text.is_empty() && !is_null(text)))
    }

    /// Whether the value has the form of the word; if not, what becomes of it.
    fn fits(&mut self, hit: &Hit<'e>, word: &'static Word, text: &str) -> bool {
        let several = self.grammar.host_count() == Hosts::Several;
        match word.part() {
            Part::Host => match host_fault(text, several) {
                None => true,
                Some((message, help)) => {
                    self.bad_place = true;
                    self.refuse(hit, ProblemKind::Handle, message, help);
                    false
                }
            },
            Part::Port => match text.trim().parse::<u16>() {
                Ok(port) if port > 0 => true,
                _ => {
                    let (message, help) = ("is not a port", "set it to a number from 1 to 65535");
                    self.refuse(hit, ProblemKind::Handle, message, help);
                    false
                }
            },
            _ if word.accepts(text) => true,
            Part::Param if word.subject() == About::Tuning => {
                let why = if word.kind() == Kind::Duration {
                    "a bare number has no unit: write `30s`"
                } else {
                    "its value has not the form of the parameter"
                };
                self.note(hit, Why::Because(why));
                false
            }
            _ => {
                let help = format!("expected {}", word.expected());
                self.refuse(hit, ProblemKind::Parameter, "has a bad value", help);
                false
            }
        }
    }

    /// Two names of one word that are both set must say the same.
    fn agree(&mut self) {
        let mut at = 0;
        while at < self.words.len() {
            let (earlier, later) = self.words.split_at(at);
            let said = &later[0];
            let twin = earlier.iter().find(|it| std::ptr::eq(it.word, said.word));
            let Some(twin) = twin else {
                at += 1;
                continue;
            };
            let wins = twin.depth < said.depth;
            if !same_value(said.word, &twin.text, &said.text) && !wins {
                self.problems.push(Unreadable::conflict(
                    &twin.name,
                    &said.name,
                    "they disagree, and only one can be right",
                ));
            }
            self.words.remove(at);
        }
    }

    fn field_is_image(&self) -> bool {
        self.source == Source::Variables && IMAGES.contains(&self.field.stem())
    }

    pub(super) fn note(&mut self, hit: &Hit<'e>, why: Why) {
        self.notes.push(Note { name: hit.name.clone().into_owned(), why });
    }

    pub(super) fn refuse(
        &mut self,
        hit: &Hit<'e>,
        kind: ProblemKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let name = &hit.name;
        let message = format!("`{name}` {}", message.into());
        let origin = match &hit.place {
            Place::Layer { layer, entry, .. } => {
                layer.origin(name.clone().into_owned().into(), *entry)
            }
            Place::Credential(_) => Origin::Credential { name: (&**name).into() },
            Place::Bound(_) => Origin::Default,
        };
        let origin = (self.source == Source::Variables).then_some(origin);
        self.problems.push(Unreadable { kind, origin, message, help: help.into() });
    }
}

/// Whether two texts of one word mean the same.
pub(super) fn same_value(word: &Word, a: &str, b: &str) -> bool {
    a == b
        || match word.kind() {
            Kind::Words(_) => word.kind().rank(a) == word.kind().rank(b),
            Kind::Integer { .. } => {
                matches!((a.parse::<i128>(), b.parse::<i128>()), (Ok(a), Ok(b)) if a == b)
            }
            Kind::Bool => read_bool(a).is_some() && read_bool(a) == read_bool(b),
            _ => word.part() == Part::Host && a.eq_ignore_ascii_case(b),
        }
}

pub(super) fn is_plural(name: &str) -> bool {
    ["SERVERS", "HOSTS", "ADDRESSES", "NODES"].iter().any(|it| same_name(it, name))
}

/// Whether the name is that of a certificate of the client's, or of its key.
pub(super) fn is_certificate(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "CERT",
        "CERT_FILE",
        "CERT_PATH",
        "CLIENT_CERT",
        "CLIENT_KEY",
        "SSL_CERT",
        "SSL_KEY",
        "SSL_CERT_PATH",
        "SSL_KEY_PATH",
        "TLS_CERT",
        "TLS_KEY",
        "TLS_CERT_PATH",
        "TLS_KEY_PATH",
        "TLS_CLIENT_CERT",
        "TLS_CLIENT_KEY",
    ];
    NAMES.iter().any(|it| same_name(it, name))
}

fn is_quoted(text: &str) -> bool {
    let mut chars = text.chars();
    matches!((chars.next(), chars.next_back()), (Some(a @ ('"' | '\'')), Some(b)) if a == b)
}

/// `DB_PORT=tcp://10.0.0.11:3306`, `DB_SERVICE_HOST`, `DB_PORT_3306_TCP_ADDR`: Kubernetes sets them
/// for every service that it knows.
fn is_service_link(hit: &Hit<'_>) -> bool {
    let starts = |value: &OsStr, text: &str| value.as_encoded_bytes().starts_with(text.as_bytes());
    let is_address = |value: &OsStr| {
        starts(value, "tcp://") || starts(value, "udp://") || starts(value, "sctp://")
    };
    let word = hit.rest();
    let port = word.strip_prefix("PORT");
    match port {
        Some("") => hit.raw().is_some_and(is_address),
        Some(rest) => {
            let digits = rest.strip_prefix('_').unwrap_or_default();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            end > 0 && ["_TCP", "_UDP", "_SCTP"].iter().any(|it| digits[end..].starts_with(it))
        }
        None => {
            word == "SERVICE_HOST" || word == "SERVICE_PORT" || word.starts_with("SERVICE_PORT_")
        }
    }
}

/// What is wrong with a host, or several, each with or without a port.
fn host_fault(text: &str, several: bool) -> Option<(&'static str, &'static str)> {
    if text.contains("://") {
        return Some((
            "holds a whole handle or an address with a scheme",
            "put a handle into the variable that ends in `_URL`, or write the host alone",
        ));
    }
    let text = text.trim();
    let hosts: Vec<_> = text.split([',', ' ', ';']).filter(|host| !host.is_empty()).collect();
    if hosts.len() > 1 && !several {
        return Some(("names several hosts", "name one"));
    }
    let is_fit = |host: &&str| {
        let bare = host.strip_prefix('[').and_then(|rest| rest.split(']').next());
        let is_v6 = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
        host.starts_with('/')
            || is_v6(host)
            || bare.is_some_and(is_v6)
            || host.matches(':').count() <= 1
                && host.split_once(':').is_none_or(|(name, port)| {
                    !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
                })
    };
    if !hosts.iter().all(is_fit) {
        return Some((
            "is not a host with one port",
            "write `host` or `host:port`; several are separated by commas where the service has \
             several",
        ));
    }
    None
}
