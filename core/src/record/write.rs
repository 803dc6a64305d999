//! The record of a struct, written while the app is compiled.

use super::out::Out;
use super::{HEADER, MARKER, VERSION, WORD, checksum};
use crate::adapter::grammar::{About, Grammar, Hosts, Login, Part, Scheme, Unencrypted, Word};
use crate::adapter::server::Server;
use crate::adapter::value::Kind as Form;

/// A part of a record. The derives write what they know as text.
///
/// Rust shortens the names of traits and types in its messages where no variant has the same.
#[derive(Clone, Copy)]
pub enum Json {
    Text(&'static str),
    All(&'static [Self]),
    /// Before all else of a struct, its adapters: of each its path and name, and its grammar.
    Adapters(&'static [(&'static str, &'static [Self])]),
    /// The place of one of these among the adapters of the record.
    At(usize),
    /// What is written by hand.
    Form(Form),
    WholeGrammar(&'static Grammar),
    Words(&'static [Word]),
    LocalServer(&'static Server),
}

/// How many adapters structs name: a record has no more of them.
pub const fn count_adapters(json: &[Json]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < json.len() {
        count += match json[at] {
            Json::Adapters(list) => list.len(),
            Json::All(inner) => count_adapters(inner),
            _ => 0,
        };
        at += 1;
    }
    count
}

/// The length of a struct's record. `N` is its number of adapters.
pub const fn record_len<const N: usize>(json: &'static [Json]) -> usize {
    let mut out = Out::counting();
    write::<N>(&mut out, json);
    HEADER + out.len().next_multiple_of(WORD)
}

/// A struct's record, of that length.
pub const fn record<const N: usize, const LEN: usize>(json: &'static [Json]) -> [u8; LEN] {
    let mut record = [b' '; LEN];
    fill::<N>(&mut record, json);
    record
}

/// Fills spaces.
#[allow(clippy::cast_possible_truncation, reason = "a record of 4 GB compiles nowhere")]
const fn fill<const N: usize>(record: &mut [u8], json: &'static [Json]) {
    write::<N>(&mut Out::into(record, HEADER), json);
    let (header, json) = record.split_at_mut(HEADER);
    let mut out = Out::into(header, 0);
    out.put(&MARKER);
    out.put(&VERSION.to_le_bytes());
    out.put(&(json.len() as u32).to_le_bytes());
    out.put(&checksum(json).to_le_bytes());
}

/// The record of a struct of up to 100 services, made at run time.
#[cfg(feature = "_record")]
pub(super) fn record_now(json: &'static [Json]) -> Vec<u8> {
    let mut record = vec![b' '; record_len::<100>(json)];
    fill::<100>(&mut record, json);
    record
}

/// The adapters of a record, each once.
struct Adapters<const N: usize> {
    all: [(&'static str, &'static [Json]); N],
    len: usize,
}

impl<const N: usize> Adapters<N> {
    /// The place of an adapter. One that is written by hand has no name to be known by.
    const fn place(&mut self, id: &'static str, json: &'static [Json]) -> usize {
        let mut at = 0;
        while at < self.len && !id.is_empty() {
            if is_same(self.all[at].0.as_bytes(), id.as_bytes()) {
                return at;
            }
            at += 1;
        }
        self.all[self.len] = (id, json);
        self.len += 1;
        self.len - 1
    }
}

const fn is_same(mut a: &[u8], mut b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // From the end: the paths of types begin alike.
    while let (Some((rest, word)), Some((other_rest, other))) =
        (a.split_last_chunk::<16>(), b.split_last_chunk::<16>())
    {
        if u128::from_le_bytes(*word) != u128::from_le_bytes(*other) {
            return false;
        }
        (a, b) = (rest, other_rest);
    }
    let mut at = a.len();
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return false;
        }
    }
    true
}

const fn write<const N: usize>(out: &mut Out<'_>, json: &'static [Json]) {
    let mut adapters = Adapters::<N> { all: [("", &[]); N], len: 0 };
    out.raw(concat!("{\"crate\":\"", env!("CARGO_PKG_VERSION"), "\",\"struct\":"));
    write_all(out, json, &mut adapters);
    out.raw(",\"adapters\":[");
    let mut at = 0;
    while at < adapters.len {
        let (id, json) = adapters.all[at];
        out.raw(if at == 0 { "{\"id\":\"" } else { ",{\"id\":\"" });
        out.raw(id);
        out.raw("\",\"grammar\":");
        // No grammar names an adapter.
        write_all(out, json, &mut Adapters::<0> { all: [], len: 0 });
        out.raw("}");
        at += 1;
    }
    out.raw("]}");
}

const fn write_all<const N: usize>(
    out: &mut Out<'_>,
    json: &'static [Json],
    adapters: &mut Adapters<N>,
) {
    let mut places = [0; N];
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            Json::Text(text) => out.raw(text),
            Json::All(inner) => write_all(out, inner, adapters),
            Json::Adapters(list) => {
                let mut own = 0;
                while own < list.len() {
                    let (id, json) = list[own];
                    places[own] = adapters.place(id, json);
                    own += 1;
                }
            }
            Json::At(own) => out.number(places[own] as i128),
            Json::Form(form) => write_form(out, form),
            Json::WholeGrammar(grammar) => write_grammar(out, grammar),
            Json::Words(words) => write_words(out, words),
            Json::LocalServer(server) => write_server(out, server),
        }
        at += 1;
    }
}

/// The form of a value, as text where that is known.
pub const fn json_of_form(form: Form, written: Option<&'static str>) -> Json {
    match written {
        Some(text) => Json::Text(text),
        None => Json::Form(form),
    }
}

/// How many hosts a handle has.
pub const fn json_of_hosts(hosts: Hosts) -> Json {
    Json::Text(match hosts {
        Hosts::None => "\"none\"",
        Hosts::One => "\"one\"",
        Hosts::Optional => "\"optional\"",
        Hosts::Several => "\"several\"",
    })
}

/// The word for the port, which a host may bring along.
pub const fn json_of_port(takes_port: bool, in_query: bool) -> Json {
    Json::Text(match (takes_port, in_query) {
        (false, _) => "",
        (true, false) => ",{\"form\":\"u16\",\"name\":\"port\",\"part\":\"port\"}",
        (true, true) => ",{\"form\":\"u16\",\"name\":\"port\",\"part\":\"port\",\"in_query\":true}",
    })
}

const fn write_grammar(out: &mut Out<'_>, grammar: &'static Grammar) {
    out.raw("{\"name\":");
    out.text(grammar.name());
    out.entry("example", grammar.example());
    write_schemes(out, grammar.schemes());
    out.entries("bindings", grammar.listed_bindings());
    out.entries("others", grammar.listed_others());
    if let Json::Text(hosts) = json_of_hosts(grammar.host_count()) {
        out.key("hosts");
        out.raw(hosts);
    }
    out.flag("login_together", matches!(grammar.login_rule(), Login::Together));
    match grammar.unencrypted_rule() {
        Unencrypted::Own => {}
        Unencrypted::Refused => out.entry("unencrypted", "refused"),
        Unencrypted::Loopback => out.entry("unencrypted", "loopback"),
    }
    out.flag("api", grammar.is_api());
    out.flag("mail", grammar.is_mail());
    out.some("place", grammar.fixed_place());
    if let Some(server) = grammar.own_server() {
        out.key("server");
        write_server(out, server);
    }
    out.key("words");
    out.raw("[");
    write_words(out, grammar.all_words());
    out.raw("]");
    out.raw(",\"variants\":[");
    let variants = grammar.all_variants();
    let mut at = 0;
    while at < variants.len() {
        out.raw(",");
        write_grammar(out, variants[at]);
        at += 1;
    }
    out.raw("]}");
}

const fn write_server(out: &mut Out<'_>, server: &Server) {
    out.raw("{\"handle\":");
    out.text(server.handle);
    out.some("image", server.image);
    out.key("port");
    out.number(server.port as i128);
    if let Some(page) = server.page {
        out.key("page");
        out.number(page as i128);
    }
    out.entries("build", server.build);
    out.pairs("environment", server.environment);
    out.entries("command", server.command);
    out.entry("health", server.health);
    out.some("volume", server.volume);
    out.some("addon", server.addon);
    if let Some((kind, outputs)) = server.score {
        out.entry("score", kind);
        out.pairs("score_outputs", outputs);
    }
    out.raw("}");
}

const fn write_schemes(out: &mut Out<'_>, schemes: &[Scheme]) {
    out.key("schemes");
    out.raw("[");
    let mut at = 0;
    while at < schemes.len() {
        out.raw(if at == 0 { "{\"name\":" } else { ",{\"name\":" });
        let scheme = &schemes[at];
        out.text(scheme.name());
        if let Some(port) = scheme.default_port() {
            out.key("port");
            out.number(port as i128);
        }
        out.flag("tls", scheme.is_tls());
        out.flag("socket", scheme.is_socket());
        let ports = scheme.listed_tls_ports();
        let mut port = 0;
        while port < ports.len() {
            out.raw(if port == 0 { ",\"tls_ports\":[" } else { "," });
            out.number(ports[port] as i128);
            port += 1;
        }
        out.raw(if port == 0 { "}" } else { "]}" });
        at += 1;
    }
    out.raw("]");
}

/// The first comma of a list is left out by [`Out`].
const fn write_words(out: &mut Out<'_>, words: &[Word]) {
    let mut at = 0;
    while at < words.len() {
        out.raw(",");
        write_word(out, &words[at]);
        at += 1;
    }
}

const fn write_word(out: &mut Out<'_>, word: &Word) {
    out.raw("{");
    write_form(out, word.kind());
    out.entry("name", word.name());
    out.entries("names", word.listed_names());
    let part = match word.part() {
        Part::Host => "host",
        Part::Port => "port",
        Part::Username => "username",
        Part::Password => "password",
        Part::Path => "path",
        Part::Name => "name",
        Part::File => "file",
        Part::Param => "",
    };
    if !part.is_empty() {
        out.entry("part", part);
        out.flag("in_query", word.stands_in_query());
    }
    out.some("default", word.default_value());
    out.some("max", word.max_value());
    out.flag("required", word.is_required());
    match word.bare_unit() {
        None => {}
        Some(unit) => out.entry("bare", unit.symbol()),
    }
    out.flag("only", word.has_only_own_names());
    match word.subject() {
        About::Other => {}
        About::Tuning => out.entry("about", "tuning"),
        About::Ca => out.entry("about", "ca"),
        About::TlsFile => out.entry("about", "tls_file"),
        About::Credential => out.entry("about", "credential"),
        About::Tls(values) => {
            out.key("tls");
            out.texts(&[values.off, values.on, values.verified]);
        }
    }
    if !word.described().is_empty() {
        out.entry("meaning", word.described());
    }
    out.raw("}");
}

const fn write_form(out: &mut Out<'_>, form: Form) {
    let end = match form {
        Form::Text => "\"form\":\"text\"",
        Form::Secret => "\"form\":\"secret\"",
        Form::File => "\"form\":\"file\"",
        Form::Bool => "\"form\":\"bool\"",
        Form::Char => "\"form\":\"char\"",
        Form::Float => "\"form\":\"float\"",
        Form::Duration => "\"form\":\"duration\"",
        Form::Other(expected) => {
            out.raw("\"expected\":");
            out.text(expected);
            return;
        }
        Form::Integer { min, max } => {
            // As strings: few readers of JSON take numbers of this size.
            out.raw("\"integer\":[\"");
            out.number(min);
            out.raw("\",\"");
            out.number(max);
            "\"]"
        }
        Form::Words(words) => {
            out.raw("\"words\":[");
            let mut at = 0;
            while at < words.len() {
                out.raw(",");
                out.texts(words[at]);
                at += 1;
            }
            "]"
        }
    };
    out.raw(end);
}
