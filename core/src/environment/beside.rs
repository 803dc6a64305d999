//! What stands beside a handle, or in place of one: `DB_PASSWORD`, `DB_SSLMODE`, an entry of a
//! service binding. Each name is used, or it is a problem, or it is listed with the reason.

use std::borrow::Cow;
use std::ffi::OsStr;

use super::names::{FieldNames, Hit, Names, Place, is_null};
use super::{Origin, Unreadable, family, tls};
use crate::adapter::grammar::{About, Grammar, Hosts, Part, TlsWord, Word};
use crate::adapter::value::Kind;
use crate::error::ProblemKind;
use crate::handle::Handle;
use crate::spelling::{as_variable, read_bool, same_name};
use crate::suggest;

/// Everything beside one handle, weighed.
pub(super) struct Beside<'e, 'n> {
    field: &'n FieldNames<'e>,
    pub(super) grammar: &'static Grammar,
    source: Source,
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

/// What a credential is called, at the end of a name.
const CREDENTIALS: &[&str] =
    &["PASSWORD", "PASS", "PASSWD", "PWD", "TOKEN", "SECRET", "AUTH", "APIKEY", "CREDENTIALS"];
/// What stands before the credential of another account.
const ACCOUNTS: &[&str] = &[
    "ROOT",
    "ADMIN",
    "REPLICATION",
    "REPLICA",
    "READONLY",
    "REST",
    "SUPERUSER",
    "OWNER",
    "MASTER",
    "BACKUP",
    "MONITORING",
    "EXPORTER",
    "SENTINEL",
    "MIGRATION",
    "ACCESS",
    "REFRESH",
    "SIGNING",
    "WEBHOOK",
    "CLIENT",
    "API",
    "JWT",
    "REGISTER",
    "SERVICE",
    "HEALTH",
];
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
const TOPOLOGIES: &[&str] = &["SENTINEL", "SENTINELS", "CLUSTER_NODES"];
const SWITCHED_OFF: &str = "TLS is switched off";
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
        left.sort_by_key(|hit| tls::name(hit.word()).is_none() || is_certificate(hit.word()));
        for hit in left {
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

    /// `REDIS_SERVERS`, where there is one host and nothing else names it: it would be missed
    /// without a word.
    fn is_only_hosts(&mut self, handle: Option<&Handle>, hit: &Hit<'e>) -> bool {
        let has_host = self.grammar.part(Part::Host).is_some();
        let is_said = self.words.iter().any(|said| said.word.part() == Part::Host);
        if self.source != Source::Variables
            || handle.is_some()
            || !has_host
            || is_said
            || !is_plural(hit.word())
        {
            return false;
        }
        self.bad_place = true;
        let name = self.grammar.name();
        let message = format!("names hosts in a form that {name} has not");
        let help = format!("name one, as `{}_HOST`", self.field.stem());
        self.refuse(hit, ProblemKind::Handle, message, help);
        true
    }

    /// `DB_SCHEME=mariadb`: part of the place, where no handle names it.
    fn is_scheme(&mut self, handle: Option<&Handle>, hit: &Hit<'e>, text: &str) -> bool {
        if !tls::is_scheme_name(hit.word()) || self.grammar.is_mail() && tls::speaks(text) {
            return false;
        }
        let text = text.to_ascii_lowercase();
        let known = crate::list::known_scheme(&text).filter(|it| !it.starts_with("http"));
        let other = known.or(family::of_value(&text).map(|family| family.scheme));
        let is_transport = ["tcp", "tls", "ssl"].contains(&text.as_str());
        match other {
            _ if handle.is_some() => self.note(hit, Why::Because("the handle names its scheme")),
            _ if is_transport || self.grammar.scheme(&text).is_some() => {}
            Some(other) => {
                let name = self.grammar.name();
                let schemes: Vec<_> = self.grammar.scheme_names().collect();
                let message = format!("names the scheme `{other}`, which is not one of {name}");
                let help = format!("expected {}", suggest::list(&schemes));
                self.refuse(hit, ProblemKind::Scheme, message, help);
            }
            None => self.note(hit, Why::Nobody),
        }
        true
    }

    /// Whether every name that speaks of TLS asks for none.
    fn is_unencrypted(&self) -> bool {
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

    /// `REDIS_TLS_CERT=/certs/client.pem`: a certificate of the client's own, which this client
    /// does not take.
    fn is_client_certificate(&mut self, hit: &Hit<'e>, text: &str) -> bool {
        let is_file = text.contains('/')
            || text.starts_with("-----BEGIN")
            || [".pem", ".crt", ".cert", ".key"].iter().any(|end| text.ends_with(end));
        if !is_certificate(hit.word()) || !is_file {
            return false;
        }
        if self.is_unencrypted() {
            self.note(hit, Why::Because(SWITCHED_OFF));
            return true;
        }
        let name = self.grammar.name();
        let message = format!("names a certificate of the client's, and that of {name} takes none");
        let help = "clear it, or add `ignore` to the field if it is somebody else's";
        self.refuse(hit, ProblemKind::Parameter, message, help);
        true
    }

    /// The value; none where an empty one stands, or what Laravel writes for one.
    fn text(&self, hit: &Hit<'e>) -> Result<Option<Cow<'e, str>>, Unreadable> {
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

    /// A name that is no word of the grammar.
    fn judge(&mut self, handle: Option<&Handle>, hit: &Hit<'e>) {
        let text = match self.text(hit) {
            Ok(Some(text)) => text,
            Ok(None) => return,
            // Nobody needs the value of a name that nobody reads.
            Err(_) => return self.note(hit, Why::Nobody),
        };
        if self.is_family(hit, &text) || self.is_scheme(handle, hit, &text) {
            return;
        }
        if self.grammar.is_api() && self.source == Source::Variables {
            return self.judge_api(handle, hit);
        }
        if self.is_client_certificate(hit, &text) || self.is_tls(handle, hit, &text) {
            return;
        }
        if self.is_topology(hit, &text) || self.is_only_hosts(handle, hit) {
            return;
        }
        if self.is_credential(handle, hit, &text) || self.is_slip(handle, hit) {
            return;
        }
        self.note(hit, Why::Nobody);
    }

    /// Of an API whose header nobody knows, a token beside it cannot be sent.
    fn judge_api(&mut self, handle: Option<&Handle>, hit: &Hit<'e>) {
        let is_token = ["TOKEN", "API_KEY", "API_TOKEN"].contains(&hit.word());
        let carries = handle.is_some_and(|handle| {
            handle.username().is_some()
                || handle.password().is_some()
                || handle.query().iter().any(|(name, _)| name == "auth")
        });
        let is_login =
            |said: &Said<'_>| matches!(said.word.part(), Part::Username | Part::Password);
        if !is_token || carries || self.words.iter().any(is_login) {
            return self.note(hit, Why::Nobody);
        }
        self.refuse(
            hit,
            ProblemKind::Conflict,
            "is set, and the handle carries no credential",
            "write it into the handle, as in `https://:TOKEN@host` or with `auth=header:NAME`; if \
             it is somebody else's, add `ignore` to the field",
        );
    }

    /// `DB_CONNECTION=pgsql`: the kind of database that a tool names.
    fn is_family(&mut self, hit: &Hit<'e>, text: &str) -> bool {
        let word = hit.word();
        if self.grammar.is_mail() && family::sends_nothing(word, text) {
            self.note(hit, Why::Because("it asks to send nothing, and this field does send"));
            return true;
        }
        if self.grammar.is_mail() && family::sends_mail(word, text) {
            return true;
        }
        let schemes = || self.grammar.scheme_names();
        if !family::is_name(word) || !family::is_database(schemes()) {
            return false;
        }
        match family::of_value(text) {
            Some(family) if !schemes().any(|scheme| scheme == family.scheme) => {
                let name = self.grammar.name();
                let message = format!("names {}, and the handle is one of {name}", family.name);
                let help = format!("clear it, or attach {}", family.name);
                self.refuse(hit, ProblemKind::Conflict, message, help);
            }
            Some(_) => {}
            None => self.note(hit, Why::Nobody),
        }
        true
    }

    fn is_tls(&mut self, handle: Option<&Handle>, hit: &Hit<'e>, text: &str) -> bool {
        let word = hit.word();
        if self.grammar.is_mail() {
            return self.is_mail_tls(handle, hit, text);
        }
        let own = self.grammar.tls_word();
        let exactly = |values: &(&'static Word, TlsWord)| values.0.kind().rank(text).is_some();
        let is_own_name = own.is_some_and(|(own, _)| own.is_called(word));
        let name = match (tls::name(word), is_own_name) {
            (Some(name), _) => name,
            (None, true) => tls::Name { verifies: false, inverted: false },
            (None, false) if tls::begins(word) => {
                if self.is_unencrypted() {
                    self.note(hit, Why::Because(SWITCHED_OFF));
                } else {
                    self.leave_unknown_tls(hit, text);
                }
                return true;
            }
            (None, false) => return false,
        };
        if own.is_some_and(|own| exactly(&own)) && !name.verifies && !name.inverted {
            self.asks(hit, Ask::Exactly(text.to_owned()));
            return true;
        }
        let switch = if name.verifies { tls::verification(text) } else { tls::switch(text) };
        let Some(on) = switch else {
            let help = self.tls_help();
            self.refuse(hit, ProblemKind::Parameter, "has a bad value", help);
            return true;
        };
        match (name.verifies, name.inverted, on) {
            (false, false, true) => self.asks(hit, Ask::On),
            (false, false, false) | (false, true, true) => self.asks(hit, Ask::Off),
            (true, false, true) => self.asks(hit, Ask::Verified),
            (false | true, true, false) => {
                self.note(hit, Why::Because("met: TLS is as the handle says"));
            }
            (true, false, false) | (true, true, true) => {
                self.note(hit, Why::Because("a certificate is verified all the same"));
            }
        }
        true
    }

    fn is_mail_tls(&mut self, handle: Option<&Handle>, hit: &Hit<'e>, text: &str) -> bool {
        let word = hit.word();
        let said = |part: Part| self.words.iter().find(|said| said.word.part() == part);
        let port = handle.and_then(Handle::port);
        let port = port.or_else(|| said(Part::Port)?.text.trim().parse().ok());
        match tls::mail(word, text, port) {
            Some(Ok(tls::Mail::Nothing)) => {
                self.note(hit, Why::Because("it says nothing of TLS for mail"));
            }
            Some(Ok(tls::Mail::Off)) => self.asks(hit, Ask::Off),
            Some(Ok(tls::Mail::Opportunistic)) => {
                self.asks(hit, Ask::Exactly("opportunistic".to_owned()));
            }
            Some(Ok(tls::Mail::StartTls)) => self.asks(hit, Ask::On),
            Some(Ok(tls::Mail::Implicit)) => self.asks(hit, Ask::Exactly("implicit".to_owned())),
            Some(Err(())) => {
                let help = "expected `tls`, `ssl`, `true`, `false` or `none`";
                self.refuse(hit, ProblemKind::Parameter, "has a bad value", help);
            }
            None if tls::name(word).is_some_and(|name| name.verifies || name.inverted) => {
                self.note(hit, Why::Because("a certificate is verified all the same"));
            }
            None if tls::begins(word) => self.leave_unknown_tls(hit, text),
            None => return false,
        }
        true
    }

    /// A word about TLS that nobody knows is fine only where it switches something off.
    fn leave_unknown_tls(&mut self, hit: &Hit<'e>, text: &str) {
        if tls::switch(text) != Some(false) {
            let help = self.tls_help();
            let message = "speaks of TLS in a word that is not known";
            self.refuse(hit, ProblemKind::Parameter, message, help);
        }
    }

    fn tls_help(&self) -> String {
        let stem = self.field.stem();
        match self.grammar.tls_word() {
            Some((word, _)) => {
                let name = as_variable(word.name());
                format!("say it by `{stem}_{name}`: {}", word.kind().expected())
            }
            None => "clear it, or add `ignore` to the field if it is somebody else's".to_owned(),
        }
    }

    fn asks(&mut self, hit: &Hit<'e>, ask: Ask) {
        self.tls.push(TlsAsked { name: hit.name.clone().into_owned(), ask });
    }

    /// A group of servers that this client does not know how to find.
    fn is_topology(&mut self, hit: &Hit<'e>, text: &str) -> bool {
        let is_redis = self.grammar.scheme("redis").is_some();
        let word = hit.word();
        let names = TOPOLOGIES.contains(&word)
            || word == "CLUSTER_ENABLED" && tls::switch(text) == Some(true);
        if !is_redis || !names {
            return false;
        }
        self.refuse(
            hit,
            ProblemKind::Handle,
            "asks for a topology that the client does not speak",
            "name the primary's address, or that of a proxy in front of the group, as the host",
        );
        true
    }

    /// A name that ends as a credential does, while the service has none.
    fn is_credential(&mut self, handle: Option<&Handle>, hit: &Hit<'e>, text: &str) -> bool {
        let word = hit.word();
        let mut parts = word.rsplit(['_', '-']);
        let last = parts.next().unwrap_or_default().to_ascii_uppercase();
        let before = parts.next();
        let is_long = parts.next().is_some();
        let is_anothers =
            before.is_some_and(|before| ACCOUNTS.iter().any(|it| before.eq_ignore_ascii_case(it)));
        let is_switch = tls::switch(text).is_some();
        if !CREDENTIALS.contains(&last.as_str())
            || is_long
            || is_anothers
            || is_switch
            || self.has_credential(handle)
            || !self.grammar.takes_credentials()
        {
            return false;
        }
        let word = self.grammar.part(Part::Password).or_else(|| self.grammar.part(Part::Username));
        let right = word.map_or("PASSWORD", Word::usual_name).to_ascii_uppercase();
        let stem = self.field.stem();
        let help = format!(
            "if it is this service's, call it `{stem}_{right}`; if not, add `ignore` to the field"
        );
        let message = "looks like its password, which nothing else says";
        self.refuse(hit, ProblemKind::Conflict, message, help);
        true
    }

    fn has_credential(&self, handle: Option<&Handle>) -> bool {
        let by_password = self.grammar.part(Part::Password).is_some();
        let in_handle = handle.is_some_and(|handle| {
            handle.password().is_some() || !by_password && handle.username().is_some()
        });
        let part = if by_password { Part::Password } else { Part::Username };
        in_handle || self.words.iter().any(|said| said.word.part() == part)
    }

    /// One letter away from a word that nothing says.
    fn is_slip(&mut self, handle: Option<&Handle>, hit: &Hit<'e>) -> bool {
        let word = hit.word();
        // `SSLMOD` is near to `ssl-mode` too.
        let bare = |text: &str| text.replace(['-', '_'], "");
        let bare_word = bare(word);
        let has_digit = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
        let is_plural = |a: &str, b: &str| {
            a.len() == b.len() + 1
                && a.ends_with(['s', 'S'])
                && a[..b.len()].eq_ignore_ascii_case(b)
        };
        let says = |word: &Word| {
            let by_handle = handle.is_some_and(|handle| match word.part() {
                Part::Host | Part::Port => true,
                Part::Username => handle.username().is_some(),
                Part::Password => handle.password().is_some(),
                Part::Path | Part::Name | Part::File => !matches!(handle.path(), "" | "/"),
                Part::Param => word.param_of(handle).is_some() || !self.tls.is_empty(),
            });
            by_handle || self.words.iter().any(|said| std::ptr::eq(said.word, word))
        };
        let counts = |word: &&Word| {
            word.part() != Part::Port
                && (word.part() != Part::Param || matches!(word.subject(), About::Tls(_)))
        };
        for known in self.grammar.all_words().iter().filter(counts) {
            let near = known.all_names().find(|name| {
                name.len() >= 4
                    && word.len() >= 4
                    && suggest::one_edit_apart(&bare_word, &bare(name))
                    && !has_digit(word)
                    && !is_plural(word, name)
                    && !is_plural(name, word)
            });
            let Some(near) = near.filter(|_| !says(known)) else { continue };
            let stem = self.field.stem();
            let near = as_variable(near);
            let help = format!(
                "did you mean `{stem}_{near}`? If it is somebody else's, add `ignore` to the field"
            );
            let message = format!("is no word of {}", self.grammar.name());
            self.refuse(hit, ProblemKind::Conflict, message, help);
            return true;
        }
        false
    }

    fn field_is_image(&self) -> bool {
        self.source == Source::Variables && IMAGES.contains(&self.field.stem())
    }

    fn note(&mut self, hit: &Hit<'e>, why: Why) {
        self.notes.push(Note { name: hit.name.clone().into_owned(), why });
    }

    fn refuse(
        &mut self,
        hit: &Hit<'e>,
        kind: ProblemKind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let name = &hit.name;
        let message = format!("`{name}` {}", message.into());
        let origin = match &hit.place {
            Place::Layer { layer, entry, .. } => layer.origin(name, entry),
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

fn is_plural(name: &str) -> bool {
    ["SERVERS", "HOSTS", "ADDRESSES", "NODES"].iter().any(|it| same_name(it, name))
}

/// Whether the name is that of a certificate of the client's, or of its key.
fn is_certificate(name: &str) -> bool {
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
