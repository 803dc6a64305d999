#![allow(dead_code, reason = "nobody connects what is declared here")]
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::read::Record;
use super::write::record_now;
use super::{HEADER, Json, MARKER, WORD, checksum, known, parse, read};
use crate::{
    Adapter, BackingServices, ClientError, Connect, Environment, Handle, Host, Secret, Server,
};

const SERVER: Server = Server::new("chat://127.0.0.1:{port}")
    .image("docker.io/example/chat:2", 7070)
    .page(8080)
    .build(&["RUN true"])
    .environment(&[("ROOMS", "3"), ("TOKEN", "{password}")])
    .command(&["chatd", "--verbose"])
    .health("chat-cli ping")
    .volume("/var/lib/chat")
    .addon("chat");

#[derive(Adapter, Clone)]
#[adapter(
    schemes("chat", "chats" = tls),
    example = "chats://:token@chat.example?room=tea",
    port = 7070,
    tls_ports(7443),
    bindings("irc"),
    others("AUTH"),
    unencrypted = "refused",
    server = SERVER,
)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: Host,
    /// What it is "asked" for,
    /// in two lines.
    #[handle(password)]
    token: Option<Secret>,
    #[handle(param = "room", names("ROOM_NAME", "CHANNEL"))]
    room: Option<String>,
    #[handle(param = "timeout", default = "5s", max = "1m", bare = "s", tuning)]
    timeout: std::time::Duration,
    #[handle(flatten)]
    tls: crate::Tls,
}

impl Connect for Chat {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        let _ = (&self.host, &self.token, &self.room, &self.timeout, &self.tls);
        Ok(())
    }
}

#[derive(Adapter, Clone)]
enum Either {
    Chat(Chat),
}

/// Everything that a field can be.
#[derive(BackingServices)]
struct Services {
    /// Where people "talk".
    #[service(
        env = "TALK_URL",
        alias = "CHAT_URL",
        binding = "talk",
        ignore("TALK_COLOUR"),
        params(room = "tea"),
        ready = false
    )]
    talk: Chat,
    #[service(default = "chat://localhost")]
    other: Chat,
    either: Option<Either>,
    #[setting(default = "8080")]
    port: u16,
    #[setting]
    names: Option<Vec<String>>,
    #[service(nested, prefix = "IN_")]
    inner: Option<Inner>,
}

#[derive(BackingServices)]
struct Inner {
    #[service(env = "SHARED_URL", shared)]
    chat: Chat,
}

fn record<S: BackingServices>() -> Record {
    Record::of_bytes(&record_now(S::__JSON), None).unwrap()
}

/// The same table, as far as anybody looks at it.
#[test]
fn the_table_comes_back() {
    use crate::table::{Kind, Table};

    fn same(one: &Table, other: &Table) {
        assert_eq!((one.name, one.fields.len()), (other.name, other.fields.len()));
        for (one, other) in one.fields.iter().zip(other.fields) {
            assert_eq!((one.name, one.doc), (other.name, other.doc));
            match (&one.kind, &other.kind) {
                (
                    Kind::Resource {
                        variables,
                        binding,
                        grammar,
                        id,
                        required,
                        default,
                        shared,
                        params,
                        ignored,
                        ready,
                        ..
                    },
                    Kind::Resource {
                        variables: variables2,
                        binding: binding2,
                        grammar: grammar2,
                        id: id2,
                        required: required2,
                        default: default2,
                        shared: shared2,
                        params: params2,
                        ignored: ignored2,
                        ready: ready2,
                        ..
                    },
                ) => {
                    assert_eq!((variables, binding, grammar), (variables2, binding2, grammar2));
                    assert_eq!((id, required, default), (id2, required2, default2));
                    assert_eq!((shared, params), (shared2, params2));
                    assert_eq!((ignored, ready), (ignored2, ready2));
                }
                (
                    Kind::Setting { variables, required, default, ty },
                    Kind::Setting {
                        variables: variables2,
                        required: required2,
                        default: default2,
                        ty: ty2,
                    },
                ) => {
                    let other = (variables2, required2, default2, ty2);
                    assert_eq!((variables, required, default, ty), other);
                }
                (
                    Kind::Nested { prefix, optional, table },
                    Kind::Nested { prefix: prefix2, optional: optional2, table: table2 },
                ) => {
                    assert_eq!((prefix, optional), (prefix2, optional2));
                    same(table, table2);
                }
                _ => panic!("`{}` is another kind of field", one.name),
            }
        }
    }
    let table = record::<Services>().table;
    same(Services::TABLE, table);
    // It is no part of what a grammar is compared by.
    let servers = |table: &Table| match table.fields[0].kind {
        Kind::Resource { grammar, .. } => format!("{:?}", grammar.own_server()),
        _ => String::new(),
    };
    assert_eq!(servers(table), format!("{:?}", Some(SERVER)));
}

macro_rules! each_comes_back {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
        #[test]
        fn the_grammar_of_each_adapter_comes_back() {
            $(
                #[cfg($cfg)]
                {
                    type It = crate::$adapter;
                    const JSON: &[Json] = &[
                        Json::Adapters(&[(<It as Adapter>::__ID, <It as Adapter>::__JSON)]),
                        Json::Text(r#"{"name":"S","id":"S","fields":[{"name":"f","adapter":"#),
                        Json::At(0),
                        Json::Text(r#","variables":["F_URL"]}]}"#),
                    ];
                    let record = Record::of_bytes(&record_now(JSON), None).unwrap();
                    let crate::table::Kind::Resource { grammar, id, .. } = record.table.fields[0].kind
                    else { panic!() };
                    let own = <It as Adapter>::GRAMMAR;
                    assert_eq!(grammar, own);
                    let servers = [grammar, own].map(|it| format!("{:?}", it.local_server()));
                    assert_eq!(servers[0], servers[1]);
                    assert!(known::Known::find(id, grammar).is_some(), "{id}");
                }
            )*
        }
    };
}

__each_adapter!(each_comes_back);

#[test]
fn an_adapter_stands_once_and_a_struct_without_values() {
    let bytes = record_now(Services::__JSON);
    let json: serde_json::Value = serde_json::from_slice(&bytes[HEADER..]).unwrap();
    assert_eq!(json["adapters"].as_array().unwrap().len(), 2);
    assert_eq!(json["struct"]["fields"][0]["adapter"], json["struct"]["fields"][1]["adapter"]);
    let id = json["struct"]["id"].as_str().unwrap();
    assert_eq!(id, concat!(module_path!(), "::Services"));
}

#[test]
fn what_is_read_by_the_grammar_alone_is_reported_alike() {
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("TALK_URL", "chat://localhost")],
        &[("TALK_URL", "chat://:t0ken@chat.example")],
        &[("TALK_URL", "chat://:t0ken@chat.example"), ("TALK_TLS", "none")],
        &[("TALK_URL", "chats://:t0ken@chat.example?timeout=2h")],
        &[("TALK_URL", "chats://:t0ken@chat.example?timeout=20&timeot=1")],
        &[("TALK_HOST", "chat.example"), ("TALK_PASSWORD", "x"), ("TALK_PORT", "7443")],
        &[("TALK_URL", "chat:///x"), ("PORT", "80a"), ("EITHER_URL", "chat://user@a")],
        &[("CHAT_URL", "chat://localhost"), ("SHARED_URL", "smtp://h"), ("PROT", "1")],
    ];
    for case in cases {
        let environment = Environment::from_pairs(case.iter().copied());
        let by_types = Services::load(&environment).err().map(|error| error.to_string());
        let by_record = read::load(record::<Services>().table, &environment).err();
        assert_eq!(by_types, by_record.map(|error| error.to_string()), "{case:?}");
        let explained = read::explain(record::<Services>().table, &environment).to_string();
        assert_eq!(environment.explain::<Services>().to_string(), explained);
    }
}

#[test]
fn what_is_not_checked_is_said() {
    let notes = record::<Services>().notes();
    assert_eq!(
        notes[0],
        "`Services::talk`: its adapter is the app's own: further rules in the app's code are not applied"
    );
}

/// Of an app with fewer features an enum has fewer variants.
#[cfg(all(feature = "redis", feature = "memcached"))]
#[test]
fn an_enum_of_our_adapters_is_checked_as_they_are() {
    #[derive(Adapter, Clone)]
    enum Cache {
        Redis(crate::Redis),
        Memcached(crate::Memcached),
    }

    #[derive(BackingServices)]
    struct App {
        cache: Cache,
    }

    assert_eq!(record::<App>().notes(), Vec::<String>::new());
    // A rule of the adapter's code.
    let environment = Environment::from_pairs([("CACHE_URL", "redis://user@localhost")]);
    assert!(App::load(&environment).is_err());
}

fn error(bytes: &[u8], name: Option<&str>) -> String {
    Record::of_bytes(bytes, name).err().unwrap().to_string()
}

#[test]
fn what_is_no_record() {
    let whole = record_now(Services::__JSON);
    assert!(
        error(b"ELF", None).starts_with("the program holds no record\nhelp: was it built with")
    );
    let mut newer = whole.clone();
    newer[MARKER.len()] = 2;
    assert!(error(&newer, None).starts_with("the record in the program has version 2, and 1 is"));
    for end in [HEADER - 1, HEADER, whole.len() - 1] {
        assert!(error(&whole[..end], None).starts_with("the record in the program is damaged"));
    }
    let mut wrong = whole.clone();
    wrong[HEADER + 20] ^= 1;
    assert!(error(&wrong, None).starts_with("the record in the program is damaged"));
    // One that is whole counts, wherever it stands.
    let among = [&wrong[..], b"x", &whole, &newer, &whole].concat();
    assert_eq!(Record::of_bytes(&among, None).unwrap().table.name, "Services");
}

#[test]
fn one_of_several() {
    #[derive(BackingServices)]
    struct Alone {
        #[setting]
        _port: Option<u16>,
    }

    let nested = [record_now(Inner::__JSON), record_now(Services::__JSON)].concat();
    assert_eq!(Record::of_bytes(&nested, None).unwrap().table.name, "Services");
    assert_eq!(Record::of_bytes(&nested, Some("Inner")).unwrap().table.name, "Inner");
    let two = [nested, record_now(Alone::__JSON)].concat();
    let path = concat!(module_path!(), "::Services");
    let text = error(&two, None);
    assert!(text.starts_with("the program holds the records of several structs: `"), "{text}");
    assert!(text.contains(path) && text.contains("--struct NAME") && !text.contains("Inner"));
    assert_eq!(Record::of_bytes(&two, Some(path)).unwrap().table.name, "Services");
    assert!(error(&two, Some("Other")).contains("Inner"));
}

/// A record of this JSON, as good as any.
fn sealed(json: &[u8]) -> Vec<u8> {
    let mut json = json.to_vec();
    json.resize(json.len().next_multiple_of(WORD), b' ');
    let length = u32::try_from(json.len()).unwrap().to_le_bytes();
    [&MARKER[..], &1_u32.to_le_bytes(), &length, &checksum(&json).to_le_bytes(), &json].concat()
}

proptest! {
    #[test]
    fn no_bytes_panic(
        before in proptest::collection::vec(any::<u8>(), 0..64),
        at in 0..1000_usize,
        cut in 0..4000_usize,
        byte: u8,
    ) {
        let mut bytes = record_now(Services::__JSON);
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        bytes.truncate(cut);
        let _ = Record::of_bytes(&[before, bytes].concat(), None);
    }

    /// What stands in it need not be what a derive wrote.
    #[test]
    fn no_json_panics(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), "[\\x20-\\x7e]{0,3}"), 1..4),
    ) {
        let record = record_now(Services::__JSON);
        let mut json = String::from_utf8(record[HEADER..].to_vec()).unwrap();
        for (at, text) in edits {
            let at = at.index(json.len());
            json.replace_range(at..=at, &text);
        }
        if let Ok(record) = Record::of_bytes(&sealed(json.as_bytes()), None) {
            let pairs = [("TALK_URL", "chats://:t0ken@chat.example?timeout=2h"), ("IN_X", "y")];
            let environment = Environment::from_pairs(pairs);
            let _ = read::load(record.table, &environment);
            let _ = read::explain(record.table, &environment).to_string();
            let _ = (record.notes(), crate::Manifest::new(record.table).json());
        }
    }
}

#[test]
fn only_json_is_read() {
    assert!(parse::Whole::read("[]").is_err());
    assert!(Record::of_bytes(&sealed(b"{}"), None).is_err());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Record::of_bytes(&sealed(deep.as_bytes()), None).is_err());
}
