//! A struct each of whose fields is a variable, as `envy` reads it.
//!
//! `serde` ends at the first error. To find them all each value is read alone, and what is missing
//! is found by filling in, one after another, the fields that are.

use std::fmt::Display;

use serde_core::de::value::{SeqDeserializer, StrDeserializer};
use serde_core::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, VariantAccess,
    Visitor,
};
use serde_core::forward_to_deserialize_any;

use super::deserializer::Text;
use super::expected::Expected;

/// What is wrong with one field.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It has neither a value nor a default.
    Missing(&'static str),
    /// Its value is not of its type.
    Wrong(String, Expected),
    /// The struct has no such field, and says that it must.
    Unknown(String),
    /// Two names of one field have a value.
    Twice(&'static str),
    /// The app's own code refuses the whole.
    Refused,
}

/// The names of a struct's fields, in its code's spelling, other names included. A type that reads
/// any name has none.
pub(crate) fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Whatever becomes of it: the type has told its names before.
    drop(T::deserialize(Names(&mut names)));
    names
}

/// One field of a struct that is flattened.
pub struct Named {
    /// Its name, in the code's spelling.
    pub name: &'static str,
    /// The other names that it is read by.
    pub aliases: Vec<&'static str>,
    /// Whether reading fails without it.
    pub required: bool,
}

/// The fields of a struct. Where the app's own code refuses what is no value of any deploy, a
/// required field may not be known as one, and another name stands as a field of its own.
pub(crate) fn fields<T: DeserializeOwned>() -> Vec<Named> {
    let faults = read::<T>(&[], &[]).err().unwrap_or_default();
    let is_missing =
        |name: &str| faults.iter().any(|fault| matches!(fault, Fault::Missing(it) if *it == name));
    let mut fields: Vec<Named> = Vec::new();
    for name in names::<T>() {
        // The names of one field stand one behind the other.
        if let Some(last) = fields.last_mut()
            && let Some(first) = shared_by::<T>(last.name, name)
        {
            last.aliases.push(name);
            if first == *name {
                last.aliases.pop();
                last.aliases.insert(0, std::mem::replace(&mut last.name, name));
            }
        } else {
            fields.push(Named { name, aliases: Vec::new(), required: false });
        }
    }
    for field in &mut fields {
        field.required = is_missing(field.name);
    }
    fields
}

/// The field that both names stand for.
fn shared_by<T: DeserializeOwned>(a: &str, b: &str) -> Option<&'static str> {
    match T::deserialize(Struct::of(&[(a, Source::Filler), (b, Source::Filler)])) {
        Err(Refusal::Twice(name)) => Some(name),
        Ok(_) | Err(_) => None,
    }
}

/// The variable of a field, without a prefix: `HTTP_PORT` for `http_port`.
pub(crate) fn variable(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// Reads a struct from the values of its fields, each under a name of the struct's. What is in
/// `broken` has a value that could not be had, which has been reported.
pub(crate) fn read<T: DeserializeOwned>(
    values: &[(&str, &str)],
    broken: &[&'static str],
) -> Result<T, Vec<Fault>> {
    let all: Vec<_> = values.iter().map(|(name, text)| (*name, Source::Text(text))).collect();
    if broken.is_empty()
        && let Ok(value) = T::deserialize(Struct::of(&all))
    {
        return Ok(value);
    }
    let mut faults = Vec::new();
    let mut filled: Vec<(&str, Source<'_>)> =
        broken.iter().map(|name| (*name, Source::Filler)).collect();
    for (name, text) in values {
        match T::deserialize(Struct::of(&[(name, Source::Text(text))])) {
            Err(Refusal::Value(field, expected)) => {
                filled.push((name, Source::Filler));
                faults.push(Fault::Wrong(field, expected));
            }
            Err(Refusal::Unknown(name)) => faults.push(Fault::Unknown(name)),
            // That others are missing is no wonder.
            Ok(_) | Err(_) => filled.push((name, Source::Text(text))),
        }
    }
    loop {
        match T::deserialize(Struct::of(&filled)) {
            Err(Refusal::Missing(name)) if filled.iter().all(|(other, _)| *other != name) => {
                filled.push((name, Source::Filler));
                faults.push(Fault::Missing(name));
            }
            Err(Refusal::Twice(name)) => {
                faults.push(Fault::Twice(name));
                break;
            }
            Err(_) if faults.is_empty() && broken.is_empty() => {
                faults.push(Fault::Refused);
                break;
            }
            // A field that cannot be filled in hides what is missing behind it.
            Ok(_) | Err(_) => break,
        }
    }
    Err(faults)
}

/// How reading ended, without any byte of a value.
#[derive(Debug)]
enum Refusal {
    Missing(&'static str),
    Value(String, Expected),
    Unknown(String),
    Twice(&'static str),
    Other,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the app refuses the values")
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: Display>(_: T) -> Self {
        Self::Other
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(name.to_owned())
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Twice(name)
    }
}

/// Asks for the names of the fields alone.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refusal> {
        Err(Refusal::Other)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refusal> {
        *self.0 = names;
        Err(Refusal::Other)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Where the value of a field comes from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Text(&'a str),
    /// Anything of its type.
    Filler,
}

/// Fields and their values.
struct Struct<'a> {
    entries: std::slice::Iter<'a, (&'a str, Source<'a>)>,
    next: Option<(&'a str, Source<'a>)>,
}

impl<'a> Struct<'a> {
    fn of(entries: &'a [(&'a str, Source<'a>)]) -> Self {
        Self { entries: entries.iter(), next: None }
    }
}

impl<'de> Deserializer<'de> for Struct<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Struct<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        self.next = self.entries.next().copied();
        let Some((name, _)) = self.next else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let Some((name, source)) = self.next.take() else { return Err(Refusal::Other) };
        let value = match source {
            Source::Text(text) => seed.deserialize(Text::new(text)),
            Source::Filler => return seed.deserialize(Filler),
        };
        value.map_err(|expected| Refusal::Value(name.to_owned(), expected))
    }
}

/// Something of every type: small, not zero, and empty where that is possible.
#[derive(Clone, Copy)]
struct Filler;

macro_rules! fill {
    ($($method:ident $visit:ident $value:expr,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Filler {
    type Error = Refusal;

    fill! {
        deserialize_any visit_str "a",
        deserialize_bool visit_bool false,
        deserialize_i8 visit_i8 1,
        deserialize_i16 visit_i16 1,
        deserialize_i32 visit_i32 1,
        deserialize_i64 visit_i64 1,
        deserialize_i128 visit_i128 1,
        deserialize_u8 visit_u8 1,
        deserialize_u16 visit_u16 1,
        deserialize_u32 visit_u32 1,
        deserialize_u64 visit_u64 1,
        deserialize_u128 visit_u128 1,
        deserialize_f32 visit_f32 1.0,
        deserialize_f64 visit_f64 1.0,
        deserialize_char visit_char 'a',
        deserialize_str visit_str "a",
        deserialize_string visit_str "a",
        deserialize_bytes visit_bytes b"a",
        deserialize_byte_buf visit_bytes b"a",
        deserialize_seq visit_seq nothing(0),
        deserialize_map visit_map Struct::of(&[]),
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_seq(nothing(len))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_seq(nothing(len))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_seq(nothing(names.len()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_enum(FillerVariant(variants.first().copied().unwrap_or_default()))
    }

    forward_to_deserialize_any! { identifier ignored_any }
}

impl de::IntoDeserializer<'_, Refusal> for Filler {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// So many fillers.
fn nothing(len: usize) -> SeqDeserializer<std::iter::RepeatN<Filler>, Refusal> {
    SeqDeserializer::new(std::iter::repeat_n(Filler, len))
}

/// The first variant of an enum.
struct FillerVariant(&'static str);

impl<'de> EnumAccess<'de> for FillerVariant {
    type Error = Refusal;
    type Variant = Filler;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Filler), Refusal> {
        Ok((seed.deserialize(StrDeserializer::<Refusal>::new(self.0))?, Filler))
    }
}

impl<'de> VariantAccess<'de> for Filler {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_seq(nothing(len))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_seq(nothing(names.len()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Low,
        High,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Limits {
        port: u16,
        hosts: Vec<String>,
        level: Level,
        pause: Duration,
        name: Option<String>,
        #[serde(default)]
        retries: u8,
    }

    fn faults<T: DeserializeOwned + std::fmt::Debug>(values: &[(&str, &str)]) -> Vec<String> {
        let faults = read::<T>(values, &[]).expect_err("it must be refused");
        let text = |fault: &Fault| match fault {
            Fault::Wrong(name, expected) => format!("{name}: {expected}"),
            other => format!("{other:?}"),
        };
        faults.iter().map(text).collect()
    }

    #[test]
    fn every_field_by_its_name() {
        assert_eq!(names::<Limits>(), ["port", "hosts", "level", "pause", "name", "retries"]);
        let values =
            [("port", "80"), ("hosts", "a, b"), ("level", "HIGH"), ("pause", "5s"), ("name", "n")];
        let limits = read::<Limits>(&values, &[]).expect("all are right");
        let expected = Limits {
            port: 80,
            hosts: vec!["a".to_owned(), "b".to_owned()],
            level: Level::High,
            pause: Duration::from_secs(5),
            name: Some("n".to_owned()),
            retries: 0,
        };
        assert_eq!(limits, expected);
    }

    #[test]
    fn names_of_one_field() {
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only its names count")]
        struct Web {
            #[serde(alias = "PORT", alias = "listen_port")]
            http_port: u16,
            #[serde(default, rename = "web-host", alias = "a_host")]
            host: String,
            timeout: Option<u8>,
        }

        let fields = fields::<Web>();
        let fields: Vec<_> =
            fields.iter().map(|it| (it.name, it.aliases.as_slice(), it.required)).collect();
        let expected: [(&str, &[&str], bool); 3] = [
            ("http_port", &["PORT", "listen_port"], true),
            ("web-host", &["a_host"], false),
            ("timeout", &[], false),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn everything_at_once() {
        let values = [("port", "80a"), ("level", "middle"), ("retries", "-1")];
        let expected = [
            "port: expected a whole number from 0 to 65535",
            "level: expected one of `low` or `high`",
            "retries: expected a whole number from 0 to 255",
            "Missing(\"hosts\")",
            "Missing(\"pause\")",
        ];
        assert_eq!(faults::<Limits>(&values), expected);
    }

    #[test]
    fn what_could_not_be_had_is_not_missing() {
        let faults = read::<Limits>(&[("level", "low")], &["port", "hosts", "pause"]);
        assert!(faults.expect_err("no port").is_empty());
    }

    #[test]
    fn a_struct_that_knows_its_fields() {
        #[derive(Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        struct Strict {
            #[serde(alias = "http_port")]
            _port: u16,
        }

        assert_eq!(faults::<Strict>(&[("_port", "1"), ("prot", "2")]), ["Unknown(\"prot\")"]);
        assert_eq!(faults::<Strict>(&[("_port", "1"), ("http_port", "2")]), ["Twice(\"_port\")"]);
    }

    #[test]
    fn a_refusal_of_the_whole_shows_nothing() {
        #[derive(Deserialize, Debug)]
        #[serde(try_from = "Limits")]
        struct Checked;

        impl TryFrom<Limits> for Checked {
            type Error = String;

            fn try_from(limits: Limits) -> Result<Self, String> {
                Err(format!("{limits:?} is wrong"))
            }
        }

        let values = [("port", "80"), ("hosts", "secret"), ("level", "low"), ("pause", "5s")];
        assert_eq!(faults::<Checked>(&values), ["Refused"]);
        assert_eq!(names::<Checked>().len(), 6);
    }

    #[test]
    fn any_names() {
        type Any = std::collections::BTreeMap<String, u8>;
        assert_eq!(names::<Any>(), [""; 0]);
        assert_eq!(
            read::<Any>(&[("a", "1")], &[]).expect("numbers"),
            Any::from([("a".to_owned(), 1)])
        );
        assert_eq!(faults::<Any>(&[("a", "x")]), ["a: expected a whole number from 0 to 255"]);
    }
}
