use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Debug};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroI8, NonZeroU16, NonZeroU128};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::form::{expected, read, shows};
use crate::Secret;

#[derive(Debug, PartialEq, Deserialize)]
struct Port(u16);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Production,
    #[serde(alias = "pre-production")]
    Staging,
    VerifyIdentity,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Single {
    Only,
}

/// Two names that are the same but for their case.
#[derive(Debug, PartialEq, Deserialize)]
enum Case {
    #[serde(rename = "a")]
    Small,
    #[serde(rename = "A")]
    Large,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Lenient {
    Known,
    #[serde(other)]
    Other,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Output {
    Off,
    File(PathBuf),
    Syslog { host: String, port: u16 },
    Pair(u8, u8),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    File(String),
    Host(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Tagged {
    File { path: String },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number { number: u16 },
    Text(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    key: String,
    #[serde(default)]
    level: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair(u8, String);

#[derive(Debug, PartialEq, Deserialize)]
struct Marker;

/// A type whose error repeats the value.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Even(String);

impl TryFrom<String> for Even {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len().is_multiple_of(2) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is odd: {text}"))
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "u16")]
struct High(u16);

impl TryFrom<u16> for High {
    type Error = String;

    fn try_from(port: u16) -> Result<Self, String> {
        if port > 1023 { Ok(Self(port)) } else { Err(format!("{port} is low")) }
    }
}

mod upper {
    use super::{Deserialize, Deserializer, de};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        let text = String::deserialize(from)?;
        if text.chars().all(char::is_alphabetic) {
            return Ok(text.to_uppercase());
        }
        Err(de::Error::invalid_value(de::Unexpected::Str(&text), &text.as_str()))
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Upper(#[serde(with = "upper")] String);

/// A type of which the visitor, and not only the error, repeats the value.
#[derive(Debug, PartialEq)]
struct Own;

impl<'de> Deserialize<'de> for Own {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wants;

        impl Visitor<'_> for Wants {
            type Value = Own;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("struct Own with 1 element")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Own, E> {
                match text {
                    "own" => Ok(Own),
                    "length" => Err(E::invalid_length(text.len(), &self)),
                    _ => Err(E::unknown_field(text, &["own"])),
                }
            }
        }

        deserializer.deserialize_any(Wants)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Generic<T>(Option<T>);

fn reads<T: DeserializeOwned + Debug + PartialEq>(cases: &[(&str, T)]) {
    for (text, value) in cases {
        match read::<T>(text) {
            Ok(read) => assert_eq!(&read, value, "{text:?}"),
            Err(error) => panic!("{text:?}: {error}"),
        }
    }
}

fn refuses<T: DeserializeOwned + Debug>(cases: &[(&str, &str)]) {
    for (text, message) in cases {
        match read::<T>(text) {
            Ok(value) => panic!("{text:?} is {value:?}"),
            Err(error) => assert_eq!(&error.to_string(), message, "{text:?}"),
        }
    }
}

#[test]
fn numbers() {
    reads::<u8>(&[("0", 0), (" 255\n", 255)]);
    reads::<u16>(&[("8080", 8080), ("+1", 1), ("007", 7)]);
    reads::<u32>(&[("4294967295", u32::MAX)]);
    reads::<u64>(&[("18446744073709551615", u64::MAX)]);
    reads::<u128>(&[("340282366920938463463374607431768211455", u128::MAX)]);
    reads::<usize>(&[("1", 1)]);
    reads::<i8>(&[("-128", -128)]);
    reads::<i16>(&[("-1", -1)]);
    reads::<i32>(&[("-1", -1)]);
    reads::<i64>(&[("-9223372036854775808", i64::MIN)]);
    reads::<i128>(&[("-170141183460469231731687303715884105728", i128::MIN)]);
    reads::<isize>(&[("-1", -1)]);
    reads::<f32>(&[("0.5", 0.5)]);
    reads::<f64>(&[(" -1e3 ", -1000.0), ("2", 2.0)]);
    reads::<NonZeroU16>(&[("1", NonZeroU16::MIN)]);
    reads::<Port>(&[("80", Port(80))]);
    reads::<High>(&[("8080", High(8080))]);
    reads::<Option<u16>>(&[("80", Some(80))]);
    reads::<Generic<Port>>(&[("80", Generic(Some(Port(80))))]);

    let port = "expected a whole number from 0 to 65535";
    refuses::<u8>(&[("256", "expected a whole number from 0 to 255")]);
    refuses::<u16>(&[("-1", port), ("80a", port), ("", port), ("65536", port), ("8 0", port)]);
    refuses::<Port>(&[("http", port)]);
    refuses::<Option<u16>>(&[("http", port)]);
    refuses::<u32>(&[("x", "expected a whole number from 0 to 4294967295")]);
    refuses::<u64>(&[("x", "expected a whole number from 0 to 18446744073709551615")]);
    refuses::<i8>(&[("128", "expected a whole number from -128 to 127")]);
    refuses::<i128>(&[(
        "x",
        "expected a whole number from -170141183460469231731687303715884105728 \
         to 170141183460469231731687303715884105727",
    )]);
    refuses::<f32>(&[("1e39", "expected a number"), ("x", "expected a number")]);
    refuses::<f64>(&[("NaN", "expected a number"), ("inf", "expected a number")]);
    let nonzero = "expected a whole number from 1 to 65535";
    refuses::<NonZeroU16>(&[("0", nonzero), ("x", nonzero)]);
    refuses::<NonZeroI8>(&[("0", "expected a whole number from -128 to 127, but not 0")]);
    refuses::<NonZeroU128>(&[(
        "0",
        "expected a whole number from 1 to 340282366920938463463374607431768211455",
    )]);
    refuses::<High>(&[("80", "the app refuses this value"), ("x", port)]);
}

#[test]
fn bools() {
    for text in ["1", "yes", "on", "true", "y", "t", "YES", "True", " on\n"] {
        reads::<bool>(&[(text, true)]);
    }
    for text in ["0", "no", "off", "false", "n", "f", "OFF", "False", "\tno"] {
        reads::<bool>(&[(text, false)]);
    }
    let message = "expected `true` or `false`";
    refuses::<bool>(&[("", message), ("2", message), ("tru", message), ("yes no", message)]);
}

#[test]
fn texts() {
    reads::<String>(&[(" a, b ", " a, b ".to_owned()), ("", String::new())]);
    reads::<String>(&[("[1]", "[1]".to_owned()), ("{}", "{}".to_owned())]);
    reads::<Secret>(&[(" k3y\n", Secret::new(" k3y\n"))]);
    reads::<char>(&[("ä", 'ä'), (" ", ' ')]);
    reads::<PathBuf>(&[("/a b ", PathBuf::from("/a b "))]);
    reads::<Box<str>>(&[("a", "a".into())]);
    reads::<Even>(&[("ab", Even("ab".to_owned()))]);
    reads::<Upper>(&[("ab", Upper("AB".to_owned()))]);
    reads::<Own>(&[("own", Own)]);
    reads::<IpAddr>(&[("127.0.0.1", IpAddr::from([127, 0, 0, 1]))]);
    reads::<Ipv6Addr>(&[(" ::1\n", Ipv6Addr::LOCALHOST)]);
    reads::<SocketAddr>(&[("127.0.0.1:80", SocketAddr::from(([127, 0, 0, 1], 80)))]);

    let character = "expected one character";
    refuses::<char>(&[("ab", character), ("", character)]);
    refuses::<IpAddr>(&[("localhost", "expected an IP address such as `127.0.0.1`")]);
    refuses::<Ipv6Addr>(&[("1", "expected an IPv6 address such as `::1`")]);
    refuses::<SocketAddr>(&[("1", "expected a socket address such as `127.0.0.1:8080`")]);
    let refused = "the app refuses this value";
    refuses::<Even>(&[("a", refused)]);
    refuses::<Upper>(&[("1", refused)]);
    refuses::<Own>(&[("a", refused), ("length", refused)]);
}

#[test]
fn names() {
    for text in ["verify-identity", "VERIFY_IDENTITY", " Verify-Identity\n"] {
        reads::<Mode>(&[(text, Mode::VerifyIdentity)]);
    }
    reads::<Mode>(&[("PRE_PRODUCTION", Mode::Staging)]);
    reads::<Case>(&[("a", Case::Small), ("A", Case::Large)]);
    reads::<Lenient>(&[("KNOWN", Lenient::Known), ("x", Lenient::Other)]);
    reads::<Output>(&[("OFF", Output::Off)]);

    let names = "expected one of `production`, `pre-production`, `staging` or `verify-identity`";
    refuses::<Mode>(&[("prod", names), ("", names), ("\"production\"", names)]);
    refuses::<Single>(&[("x", "expected `only`")]);
    refuses::<Case>(&[("b", "expected one of `a` or `A`")]);
    refuses::<Output>(&[
        ("x", "expected one of `off`, `file`, `syslog` or `pair`"),
        ("File", "expected JSON: an object with `file`"),
        ("syslog", "expected JSON: an object with `syslog`"),
        ("pair", "expected JSON: an object with `pair`"),
    ]);
}

#[test]
fn durations() {
    reads::<Duration>(&[
        ("500ms", Duration::from_millis(500)),
        (" 5s\n", Duration::from_secs(5)),
        ("2m", Duration::from_mins(2)),
        ("1h", Duration::from_hours(1)),
    ]);
    let message = "expected a duration such as `500ms`, `5s`, `2m` or `1h`, above zero";
    refuses::<Duration>(&[("5", message), ("0s", message), ("{\"secs\":1}", message)]);
}

#[test]
#[cfg(feature = "json")]
fn lists() {
    let texts = |items: &[&str]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    reads::<Vec<String>>(&[
        ("a, b,", texts(&["a", "b"])),
        (" ,, a b ,", texts(&["a b"])),
        ("a,[b", texts(&["a", "[b"])),
        ("", Vec::new()),
        (" [\"a,b\", \" c\"]\n", texts(&["a,b", " c"])),
    ]);
    reads::<BTreeSet<u16>>(&[("2,1,2", BTreeSet::from([1, 2])), ("[1]", BTreeSet::from([1]))]);
    reads::<Vec<bool>>(&[("yes, 0", vec![true, false])]);
    reads::<Vec<Duration>>(&[("1s,1m", vec![Duration::from_secs(1), Duration::from_mins(1)])]);
    reads::<Vec<Mode>>(&[("STAGING, production", vec![Mode::Staging, Mode::Production])]);
    reads::<Vec<Option<char>>>(&[("a", vec![Some('a')])]);
    reads::<(u8, String)>(&[("1, a", (1, "a".to_owned())), ("[1,\"a\"]", (1, "a".to_owned()))]);
    reads::<[u8; 3]>(&[("1,2,3", [1, 2, 3])]);
    reads::<Pair>(&[("1,a", Pair(1, "a".to_owned()))]);
    reads::<Vec<Vec<u8>>>(&[("[[1], []]", vec![vec![1], vec![]])]);
    reads::<Option<Vec<u8>>>(&[("1", Some(vec![1]))]);

    refuses::<Vec<u8>>(&[
        ("1,,x", "expected a whole number from 0 to 255 (item 2 of the list)"),
        ("[1", "expected JSON: a list (it breaks off at line 1, column 2)"),
        ("[x]", "expected JSON: a list (it is malformed at line 1, column 2)"),
        ("[1] 2", "expected JSON: a list (it is malformed at line 1, column 5)"),
        ("[256]", "expected JSON: a list (it has the wrong shape at line 1, column 4)"),
    ]);
    refuses::<Vec<Even>>(&[("ab,c", "the app refuses this value (item 2 of the list)")]);
    let pair = "expected a list of 2 items, with commas between";
    refuses::<(u8, String)>(&[("1", pair), ("1,2,3", pair)]);
    refuses::<(u8, u8)>(&[("1,x", "expected a whole number from 0 to 255 (item 2 of the list)")]);
    refuses::<[u8; 1]>(&[("", "expected a list of one item")]);
    // Commas within an item would not be told from those between items.
    let list = "expected JSON: a list";
    refuses::<Vec<Vec<u8>>>(&[("1,2", list)]);
    refuses::<Vec<Account>>(&[("{\"key\":\"a\",\"level\":1}", list)]);
    refuses::<Vec<Output>>(&[("off,file", list), ("off,{\"file\":\"a\"}", list)]);
    refuses::<Vec<Untagged>>(&[("{\"number\":1}", list)]);
}

#[test]
#[cfg(feature = "json")]
fn json() {
    let account = |level| Account { key: "a".to_owned(), level };
    reads::<Account>(&[
        ("{\"key\":\"a\"}", account(0)),
        (" {\"key\": \"a\",\n\"level\": 1}\n", account(1)),
    ]);
    reads::<BTreeMap<String, u8>>(&[("{\"a\":1}", BTreeMap::from([("a".to_owned(), 1)]))]);
    reads::<Output>(&[
        ("{\"file\":\"/a\"}", Output::File(PathBuf::from("/a"))),
        (
            " {\"syslog\":{\"host\":\"a\",\"port\":1}}",
            Output::Syslog { host: "a".to_owned(), port: 1 },
        ),
        ("{\"pair\":[1,2]}", Output::Pair(1, 2)),
    ]);
    reads::<Vec<Output>>(&[("[\"off\"]", vec![Output::Off])]);
    reads::<Tagged>(&[(
        "{\"type\":\"file\",\"path\":\"a\"}",
        Tagged::File { path: "a".to_owned() },
    )]);
    reads::<Untagged>(&[
        ("{\"number\":1}", Untagged::Number { number: 1 }),
        ("1", Untagged::Text("1".to_owned())),
    ]);
    reads::<serde_json::Value>(&[("[1]", serde_json::json!([1]))]);
    reads::<Marker>(&[("null", Marker)]);
    reads::<()>(&[("null", ())]);

    refuses::<Account>(&[
        ("", "expected JSON: an object (it breaks off at line 1, column 1)"),
        ("key", "expected JSON: an object (it is malformed at line 1, column 1)"),
        ("{\"key\":\"", "expected JSON: an object (it breaks off at line 1, column 8)"),
        ("{\"key\":1}", "expected JSON: an object (it has the wrong shape at line 1, column 8)"),
        ("{\n\"no\":1}", "expected JSON: an object (it has the wrong shape at line 2, column 4)"),
        ("[\"a\"]", "expected JSON: an object (it has the wrong shape at line 1, column 1)"),
        ("{\"key\":\"a\"}}", "expected JSON: an object (it is malformed at line 1, column 12)"),
    ]);
    refuses::<Output>(&[(
        "{\"file\":1}",
        "expected JSON: an object (it has the wrong shape at line 1, column 9)",
    )]);
    refuses::<serde_json::Value>(&[("{", "expected JSON (it breaks off at line 1, column 1)")]);
    refuses::<Untagged>(&[("{}", "the app refuses this value")]);
    refuses::<Tagged>(&[("file", "the app refuses this value")]);
    refuses::<Marker>(&[("x", "expected JSON: `null` (it is malformed at line 1, column 1)")]);
    // No place is taken from the message of the app, since it may be of the value.
    let place = "{\"a\":\"an at line 4111 column 1111\"}";
    refuses::<HashMap<String, Even>>(&[(
        place,
        "expected JSON: an object (it has the wrong shape)",
    )]);
}

#[test]
fn what_to_write() {
    assert_eq!(expected::<u16>(), "a whole number from 0 to 65535");
    assert_eq!(expected::<Option<Port>>(), "a whole number from 0 to 65535");
    assert_eq!(expected::<NonZeroU16>(), "a whole number from 1 to 65535");
    assert_eq!(expected::<std::num::Saturating<u8>>(), "a whole number from 0 to 255");
    assert_eq!(expected::<f32>(), "a number");
    assert_eq!(expected::<bool>(), "`true` or `false`");
    assert_eq!(expected::<char>(), "one character");
    assert_eq!(expected::<Secret>(), "text");
    assert_eq!(expected::<Even>(), "text");
    assert_eq!(expected::<PathBuf>(), "a path");
    assert_eq!(expected::<SocketAddr>(), "a socket address such as `127.0.0.1:8080`");
    assert_eq!(
        expected::<Duration>(),
        "a duration such as `500ms`, `5s`, `2m` or `1h`, above zero"
    );
    assert_eq!(expected::<Case>(), "one of `a` or `A`");
    assert_eq!(expected::<Single>(), "`only`");
    assert_eq!(expected::<Output>(), "`off` or JSON: an object with `file`, `syslog` or `pair`");
    assert_eq!(expected::<Target>(), "JSON: an object with `file` or `host`");
    assert_eq!(expected::<Vec<String>>(), "a list such as `a,b`");
    assert_eq!(expected::<Vec<Case>>(), "a list such as `a,b`, each item one of `a` or `A`");
    assert_eq!(
        expected::<BTreeSet<u8>>(),
        "a list such as `a,b`, each item a whole number from 0 to 255"
    );
    assert_eq!(expected::<(u8, u8)>(), "a list of 2 items, with commas between");
    assert_eq!(expected::<Pair>(), "a list of 2 items, with commas between");
    assert_eq!(expected::<Vec<Vec<u8>>>(), "JSON: a list");
    assert_eq!(expected::<Vec<Account>>(), "JSON: a list");
    assert_eq!(expected::<Vec<Output>>(), "JSON: a list");
    assert_eq!(expected::<Account>(), "JSON: an object");
    assert_eq!(expected::<HashMap<String, u8>>(), "JSON: an object");
    assert_eq!(expected::<Marker>(), "JSON: `null`");
    assert_eq!(expected::<Untagged>(), "text or JSON");
}

#[test]
fn what_shows() {
    assert!(shows::<u16>() && shows::<i128>() && shows::<f64>() && shows::<NonZeroU16>());
    assert!(shows::<bool>() && shows::<Duration>() && shows::<Port>() && shows::<High>());
    assert!(shows::<Mode>() && shows::<Single>() && shows::<Option<Mode>>());
    assert!(shows::<Vec<u16>>() && shows::<Vec<Mode>>());

    assert!(!shows::<String>() && !shows::<Secret>() && !shows::<char>() && !shows::<Even>());
    assert!(!shows::<PathBuf>() && !shows::<IpAddr>() && !shows::<Own>() && !shows::<Upper>());
    assert!(!shows::<Option<String>>() && !shows::<Vec<String>>() && !shows::<(u8, String)>());
    assert!(!shows::<Account>() && !shows::<HashMap<u8, u8>>() && !shows::<Vec<Account>>());
    assert!(!shows::<Output>() && !shows::<Target>() && !shows::<Vec<Target>>());
    assert!(!shows::<Tagged>() && !shows::<Untagged>() && !shows::<Marker>());
    // Any text is one of its values.
    assert!(!shows::<Lenient>());
}

/// Where one of these would be in an error, so would a password.
fn hides<T: DeserializeOwned>(texts: &[&str]) {
    for text in texts {
        let Err(error) = read::<T>(text) else { panic!("{text:?} is read") };
        let shown = format!("{error} {error:?} {error:#?}");
        for marker in ["hunter2", "hunter", "4111", "BEGIN", "ünter"] {
            assert!(!shown.contains(marker), "{text:?}: {shown}");
        }
        for whole in [format!("{text:?}"), serde_json::to_string(text).unwrap()] {
            assert!(!shown.contains(&whole), "{text:?}: {shown}");
        }
    }
}

#[test]
fn no_error_repeats_a_value() {
    let any =
        ["hunter2", "41110hunter2", "hunter2\n\"4111\"", "h\u{fc}nter2", "[\"hunter2", "-4111x"];
    hides::<u8>(&any);
    hides::<u8>(&["4111"]);
    hides::<i16>(&["41111"]);
    hides::<u64>(&any);
    hides::<i128>(&any);
    hides::<f32>(&any);
    hides::<NonZeroU16>(&any);
    hides::<bool>(&any);
    hides::<char>(&any);
    hides::<Duration>(&any);
    hides::<IpAddr>(&any);
    hides::<SocketAddr>(&any);
    hides::<Mode>(&any);
    hides::<Option<Mode>>(&any);
    hides::<Single>(&any);
    hides::<Output>(&any);
    hides::<Tagged>(&any);
    hides::<Own>(&any);
    hides::<Upper>(&["hunter2"]);
    hides::<Even>(&["hunter2", "4111x"]);
    hides::<High>(&["411"]);
    hides::<Generic<High>>(&["411", "hunter2"]);
    hides::<Marker>(&any);

    let items = ["1,hunter2", "hunter2,1", "hunter2", "[\"hunter2\"]", "[[\"hunter2\"]]"];
    hides::<Vec<u8>>(&items);
    hides::<Vec<Vec<u8>>>(&items);
    hides::<Vec<Vec<Mode>>>(&items);
    hides::<BTreeSet<Mode>>(&items);
    hides::<Vec<Account>>(&items[..4]);
    hides::<Vec<HashMap<String, u8>>>(&items);
    hides::<(u8, u8)>(&items);
    hides::<[u8; 2]>(&items);
    hides::<Pair>(&["hunter2", "hunter2,1", "1,hunter2,hunter2", "[\"hunter2\",1]"]);
    hides::<Vec<Even>>(&["ab,hunter2", "[\"hunter2\"]"]);

    let objects = [
        "hunter2",
        "\"hunter2\"",
        "[\"hunter2\"]",
        "{\"hunter2\"",
        "{\"hunter2\":\"hunter2\"}",
        "{\"hunter2\":4111411141114111}",
        "{\"key\":[\"hunter2\"]}",
        "{\"key\":{\"hunter2\":1}}",
        "{\"key\":hunter2}",
        "{\"key\":\"a\",\"level\":\"hunter2\"}",
        "{\"key\":\"a\",\"level\":4111}",
        "{\"key\":\"a\",\"hunter2\":1}",
        "{\"key\":\"hunter2\",\"key\":\"hunter2\"}",
        "{\"key\":\"-----BEGIN\nhunter2...",
        "{\"key\":\"-----BEGIN\nhunter2...\"}",
        "{\"key\":\"-----BEGIN\\nhunter2...",
        "{\"key\":\"-----BEGIN\\nhunter2...\"",
        "{\"key\":\"hunter2\"} hunter2",
        "{\"file\":{\"hunter2\":1}}",
        "{\"file\":4111}",
        "{\"syslog\":{\"host\":\"hunter2\",\"port\":\"hunter2\"}}",
        "{\"pair\":[\"hunter2\",1]}",
        "{\"type\":\"hunter2\"}",
    ];
    hides::<Account>(&objects);
    hides::<Option<Account>>(&objects);
    hides::<HashMap<String, u8>>(&objects);
    hides::<HashMap<u8, Account>>(&objects);
    hides::<Output>(&objects);
    hides::<Tagged>(&objects);
    hides::<Vec<Account>>(&objects);
    hides::<HashMap<String, Even>>(&[
        "{\"a\":\"hunter2\"}",
        "{\"a\":\"hunter22 at line 4111 column 4111\"}",
    ]);
    hides::<Untagged>(&["{\"number\":\"hunter2\"}", "[\"hunter2\"]", "{\"hunter2\""]);
}
