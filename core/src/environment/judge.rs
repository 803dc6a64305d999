//! What becomes of a name beside a handle that is no word of its grammar: it speaks of TLS, it looks
//! like a credential or a slip, or nobody reads it.

use super::beside::{
    Ask, Beside, SWITCHED_OFF, Said, Source, TOPOLOGIES, TlsAsked, Why, is_certificate, is_plural,
};
use super::names::Hit;
use super::{family, tls};
use crate::adapter::grammar::{About, Part, TlsWord, Word};
use crate::error::ProblemKind;
use crate::handle::Handle;
use crate::spelling::as_variable;
use crate::suggest;

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

impl<'e> Beside<'e, '_> {
    /// A name that is no word of the grammar.
    pub(super) fn judge(&mut self, handle: Option<&Handle>, hit: &Hit<'e>) {
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
                || handle.query().any(|(name, _)| name == "auth")
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
}
