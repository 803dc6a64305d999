//! The JSON of a record, as the table that the app has.

use serde::Deserialize;

use super::fault::RecordError;
use crate::adapter::grammar::{
    About, Grammar, Hosts, Login, Part, Scheme, TlsWord, Unencrypted, Word,
};
use crate::adapter::server::Server;
use crate::adapter::value::{Kind as Form, Unit};
use crate::generated::{IsolationOf, Shared};
use crate::table::{Field, Kind, Table};

/// The table of a struct. What it is made of stays until the program ends: a command reads one.
pub(super) fn table(whole: Whole) -> Result<&'static Table, RecordError> {
    let adapters: Option<Vec<_>> = whole
        .adapters
        .into_iter()
        .map(|adapter| Some((text(adapter.id), adapter.grammar.leak()?)))
        .collect();
    let table = adapters.and_then(|adapters| whole.of.leak(&adapters));
    table.ok_or_else(RecordError::damaged)
}

fn text(text: String) -> &'static str {
    text.leak()
}

fn pairs(all: Vec<(String, String)>) -> &'static [(&'static str, &'static str)] {
    all.into_iter().map(|(one, other)| (text(one), text(other))).collect::<Vec<_>>().leak()
}

fn texts(all: Vec<String>) -> &'static [&'static str] {
    all.into_iter().map(text).collect::<Vec<_>>().leak()
}

#[derive(Deserialize)]
pub(super) struct Whole {
    /// The version of this crate that the app was built with.
    #[serde(rename = "crate")]
    pub(super) version: String,
    #[serde(rename = "struct")]
    pub(super) of: StructOf,
    adapters: Vec<AdapterOf>,
}

impl Whole {
    pub(super) fn read(json: &str) -> Result<Self, RecordError> {
        serde_json::from_str(json).map_err(|_| RecordError::damaged())
    }
}

#[derive(Deserialize)]
pub(super) struct StructOf {
    pub(super) name: String,
    pub(super) id: String,
    fields: Vec<FieldOf>,
}

#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "it has the keys of the format")]
struct FieldOf {
    name: String,
    #[serde(default)]
    doc: String,
    adapter: Option<usize>,
    setting: Option<String>,
    flatten: Option<String>,
    nested: Option<Box<StructOf>>,
    #[serde(default)]
    variables: Vec<String>,
    binding: Option<String>,
    #[serde(default)]
    required: bool,
    default: Option<String>,
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    params: Vec<(String, String)>,
    #[serde(default)]
    ignored: Vec<String>,
    #[serde(default)]
    unready: bool,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct AdapterOf {
    id: String,
    grammar: GrammarOf,
}

#[derive(Deserialize)]
struct GrammarOf {
    name: String,
    #[serde(default)]
    example: String,
    #[serde(default)]
    schemes: Vec<SchemeOf>,
    #[serde(default)]
    bindings: Vec<String>,
    #[serde(default)]
    others: Vec<String>,
    hosts: Option<HostsOf>,
    #[serde(default)]
    login_together: bool,
    unencrypted: Option<UnencryptedOf>,
    #[serde(default)]
    api: bool,
    #[serde(default)]
    mail: bool,
    place: Option<String>,
    server: Option<ServerOf>,
    #[serde(default)]
    words: Vec<WordOf>,
    #[serde(default)]
    variants: Vec<GrammarOf>,
}

#[derive(Deserialize)]
struct ServerOf {
    handle: String,
    image: Option<String>,
    #[serde(default)]
    port: u16,
    page: Option<u16>,
    #[serde(default)]
    build: Vec<String>,
    #[serde(default)]
    environment: Vec<(String, String)>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    health: String,
    volume: Option<String>,
    addon: Option<String>,
    score: Option<String>,
    #[serde(default)]
    score_outputs: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct SchemeOf {
    name: String,
    port: Option<u16>,
    #[serde(default)]
    tls: bool,
    #[serde(default)]
    socket: bool,
    #[serde(default)]
    tls_ports: Vec<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum HostsOf {
    None,
    One,
    Optional,
    Several,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnencryptedOf {
    Refused,
    Loopback,
}

#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "it has the keys of the format")]
struct WordOf {
    name: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    part: PartOf,
    #[serde(default)]
    in_query: bool,
    form: Option<String>,
    integer: Option<(String, String)>,
    words: Option<Vec<Vec<String>>>,
    expected: Option<String>,
    default: Option<String>,
    max: Option<String>,
    #[serde(default)]
    required: bool,
    bare: Option<UnitOf>,
    #[serde(default)]
    only: bool,
    about: Option<AboutOf>,
    tls: Option<(String, String, String)>,
    #[serde(default)]
    meaning: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum PartOf {
    Host,
    Port,
    Username,
    Password,
    Path,
    Name,
    File,
    #[default]
    Param,
}

#[derive(Deserialize)]
enum UnitOf {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AboutOf {
    Tuning,
    Ca,
    TlsFile,
    Credential,
}

type Adapters = [(&'static str, &'static Grammar)];

impl StructOf {
    /// The ids of the structs that are nested in it.
    pub(super) fn nested(&self, ids: &mut Vec<String>) {
        for inner in self.fields.iter().filter_map(|field| field.nested.as_ref()) {
            ids.push(inner.id.clone());
            inner.nested(ids);
        }
    }

    fn leak(self, adapters: &Adapters) -> Option<&'static Table> {
        let fields: Option<Vec<Field>> =
            self.fields.into_iter().map(|field| field.field(adapters)).collect();
        let table = Table { name: text(self.name), fields: fields?.leak() };
        Some(Box::leak(Box::new(table)))
    }
}

impl FieldOf {
    fn field(self, adapters: &Adapters) -> Option<Field> {
        let (name, doc) = (text(self.name), text(self.doc));
        let variables = texts(self.variables);
        let default = self.default.map(text);
        let is_named = variables.first().is_some_and(|name| !name.is_empty());
        let kind = if let Some(place) = self.adapter {
            let (id, grammar) = *adapters.get(place).filter(|_| is_named)?;
            Kind::Resource {
                variables,
                binding: self.binding.map(text),
                grammar,
                id,
                required: self.required,
                default,
                shared: self.shared,
                params: pairs(self.params),
                ignored: texts(self.ignored),
                ready: !self.unready,
                // Tests have the types.
                isolated: <IsolationOf<()> as Shared>::ISOLATED,
            }
        } else if let Some(ty) = self.setting.filter(|_| is_named) {
            Kind::Setting { variables, required: self.required, default, ty: text(ty) }
        } else if let Some(prefix) = self.flatten {
            Kind::Flatten { prefix: text(prefix), names: || &[], fields: Vec::new }
        } else {
            let table = self.nested?.leak(adapters)?;
            Kind::Nested { prefix: text(self.prefix), optional: self.optional, table }
        };
        Some(Field { name, doc, kind })
    }
}

impl GrammarOf {
    fn leak(self) -> Option<&'static Grammar> {
        let variants: Option<Vec<_>> = self.variants.into_iter().map(Self::leak).collect();
        let variants: &'static [&'static Grammar] = variants?.leak();
        let schemes = if self.schemes.is_empty() {
            variants.iter().flat_map(|variant| variant.schemes()).copied().collect()
        } else {
            self.schemes.into_iter().map(SchemeOf::scheme).collect::<Vec<_>>()
        };
        let example = match variants.first() {
            Some(first) if self.example.is_empty() => first.example(),
            _ => text(self.example),
        };
        let words: Option<Vec<_>> = self.words.into_iter().map(WordOf::word).collect();
        let mut grammar = Grammar::new(text(self.name), schemes.leak(), example)
            .bindings(texts(self.bindings))
            .others(texts(self.others))
            .words(words?.leak())
            .variants(variants);
        match self.hosts {
            Some(HostsOf::None) => grammar = grammar.hosts(Hosts::None),
            Some(HostsOf::Optional) => grammar = grammar.hosts(Hosts::Optional),
            Some(HostsOf::Several) => grammar = grammar.hosts(Hosts::Several),
            Some(HostsOf::One) | None => {}
        }
        if self.login_together {
            grammar = grammar.login(Login::Together);
        }
        match self.unencrypted {
            Some(UnencryptedOf::Refused) => grammar = grammar.unencrypted(Unencrypted::Refused),
            Some(UnencryptedOf::Loopback) => grammar = grammar.unencrypted(Unencrypted::Loopback),
            None => {}
        }
        if self.api {
            grammar = grammar.api();
        }
        if self.mail {
            grammar = grammar.mail();
        }
        if let Some(place) = self.place {
            grammar = grammar.place(text(place));
        }
        if let Some(server) = self.server {
            grammar = grammar.server(server.leak());
        }
        Some(Box::leak(Box::new(grammar)))
    }
}

impl ServerOf {
    fn leak(self) -> &'static Server {
        let mut server = Server::new(text(self.handle))
            .build(texts(self.build))
            .environment(pairs(self.environment))
            .command(texts(self.command))
            .health(text(self.health));
        server.image = self.image.map(text);
        server.port = self.port;
        server.page = self.page;
        server.volume = self.volume.map(text);
        server.addon = self.addon.map(text);
        server.score = self.score.map(|kind| (text(kind), pairs(self.score_outputs)));
        Box::leak(Box::new(server))
    }
}

impl SchemeOf {
    fn scheme(self) -> Scheme {
        let mut scheme = Scheme::new(text(self.name)).tls_ports(self.tls_ports.leak());
        if let Some(port) = self.port {
            scheme = scheme.port(port);
        }
        if self.tls {
            scheme = scheme.tls();
        }
        if self.socket {
            scheme = scheme.socket();
        }
        scheme
    }
}

impl WordOf {
    fn word(mut self) -> Option<Word> {
        let part = match self.part {
            PartOf::Host => Part::Host,
            PartOf::Port => Part::Port,
            PartOf::Username => Part::Username,
            PartOf::Password => Part::Password,
            PartOf::Path => Part::Path,
            PartOf::Name => Part::Name,
            PartOf::File => Part::File,
            PartOf::Param => Part::Param,
        };
        let form = self.form()?;
        let mut word = Word::new(text(self.name), part, form)
            .names(texts(self.names))
            .meaning(text(self.meaning));
        if self.in_query {
            word = word.in_query();
        }
        if let Some(default) = self.default {
            word = word.default(text(default));
        }
        if let Some(max) = self.max {
            word = word.max(text(max));
        }
        if self.required {
            word = word.required();
        }
        if self.only {
            word = word.only();
        }
        word = match self.bare {
            Some(UnitOf::Seconds) => word.bare(Unit::Seconds),
            Some(UnitOf::Milliseconds) => word.bare(Unit::Milliseconds),
            None => word,
        };
        Some(match (self.tls, self.about) {
            (Some((off, on, verified)), _) => word.about(About::Tls(TlsWord {
                off: text(off),
                on: text(on),
                verified: text(verified),
            })),
            (None, Some(AboutOf::Tuning)) => word.about(About::Tuning),
            (None, Some(AboutOf::Ca)) => word.about(About::Ca),
            (None, Some(AboutOf::TlsFile)) => word.about(About::TlsFile),
            (None, Some(AboutOf::Credential)) => word.about(About::Credential),
            (None, None) => word,
        })
    }

    fn form(&mut self) -> Option<Form> {
        macro_rules! named {
            ($name:expr, $($type:ident)*) => {
                match $name {
                    "text" => Form::Text,
                    "secret" => Form::Secret,
                    "file" => Form::File,
                    "bool" => Form::Bool,
                    "char" => Form::Char,
                    "float" => Form::Float,
                    "duration" => Form::Duration,
                    $(stringify!($type) => Form::of::<$type>(),)*
                    _ => return None,
                }
            };
        }
        use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};

        if let Some(name) = &self.form {
            return Some(named!(
                name.as_str(),
                u8 u16 u32 u64 usize i8 i16 i32 i64 isize NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize
            ));
        }
        if let Some((min, max)) = &self.integer {
            return Some(Form::Integer { min: min.parse().ok()?, max: max.parse().ok()? });
        }
        if let Some(words) = self.words.take() {
            let words: Vec<_> = words.into_iter().map(texts).collect();
            return Some(Form::Words(words.leak()));
        }
        self.expected.take().map(|expected| Form::Other(text(expected)))
    }
}
