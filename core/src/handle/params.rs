//! The parameters of a handle as a `serde` struct. `serde_urlencoded` and friends drop unknown
//! names and repeat values in their errors; both are what this module is there to prevent.

use std::cell::RefCell;
use std::fmt::{self, Display};
use std::iter;

use serde_core::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde_core::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_core::forward_to_deserialize_any;

use super::error::HandleError;
use crate::error::{Message, mask};
use crate::spelling::{DURATION, parse_duration, read_bool};
use crate::suggest;

/// `pairs` are names and values, decoded.
pub(super) fn deserialize<'a, T: DeserializeOwned>(
    mut pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<T, HandleError> {
    let known = RefCell::new(Vec::new());
    let params = Params { pairs: pairs.clone(), known: &known };
    let value = T::deserialize(params).map_err(|error| error.0)?;
    let known = known.into_inner();
    if known.contains(&ANY) {
        return Ok(value);
    }
    match pairs.find(|(key, _)| !known.contains(key)) {
        Some((key, _)) => Err(HandleError::unknown_parameter(key, &known)),
        None => Ok(value),
    }
}

/// Noted as known by a map, which takes every name.
const ANY: &str = "*";

/// The parameters, of which each struct takes those it has a field for. A tuple of structs shares
/// them, so that adapters need not repeat the fields they have in common.
#[derive(Clone)]
struct Params<'a, I> {
    pairs: I,
    known: &'a RefCell<Vec<&'static str>>,
}

impl<'de, 'v, I: Iterator<Item = (&'v str, &'v str)> + Clone> Deserializer<'de> for Params<'_, I> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.known.borrow_mut().push(ANY);
        let value = |(key, value)| (Name(key), Value { name: Key::Any(key), value });
        let pairs = self.pairs.map(value);
        visitor.visit_map(MapDeserializer::new(pairs))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.known.borrow_mut().extend(fields);
        let pairs = self.pairs.filter_map(|(key, value)| {
            let name = fields.iter().find(|field| **field == key)?;
            Some((Name(name), Value { name: Key::Known(name), value }))
        });
        visitor.visit_map(MapDeserializer::new(pairs))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(iter::repeat_n(self, len)))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        newtype_struct seq tuple_struct map enum identifier ignored_any
    }
}

impl<'v, I> IntoDeserializer<'_, Error> for Params<'_, I>
where
    I: Iterator<Item = (&'v str, &'v str)> + Clone,
{
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Name<'a>(&'a str);

impl<'a> IntoDeserializer<'_, Error> for Name<'a> {
    type Deserializer = StrDeserializer<'a, Error>;

    fn into_deserializer(self) -> Self::Deserializer {
        self.0.into_deserializer()
    }
}

struct Value<'a> {
    name: Key<'a>,
    value: &'a str,
}

/// The name of a parameter: one that the adapter knows, or whatever the handle says.
#[derive(Clone, Copy)]
enum Key<'a> {
    Known(&'static str),
    Any(&'a str),
}

impl IntoDeserializer<'_, Error> for Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Value<'_> {
    /// That the value is not `expected`, which is fixed.
    fn error(&self, expected: &str) -> Error {
        self.refused(Message::ours(format_args!("expected {expected}")))
    }

    fn refused(&self, help: Message) -> Error {
        let message = match self.name {
            Key::Known(name) => {
                Message::ours(format_args!("the parameter `{name}` has a bad value"))
            }
            Key::Any(name) => {
                let message = Message::from("the parameter `").said(name);
                message.then(format_args!("` has a bad value"))
            }
        };
        Error(HandleError::parameter(message, help))
    }

    /// Names the parameter and makes sure that no visitor's message repeats the value.
    fn named(&self, error: &Error) -> Error {
        let expected = error.0.as_message().masked(|text| mask(text, [self.value]));
        self.refused(if expected.as_str().starts_with("expected ") {
            expected
        } else {
            Message::from("expected ").with(&expected)
        })
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty: $expected:literal,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value: $type = self.value.parse().map_err(|_| self.error($expected))?;
            visitor.$visit(value).map_err(|error| self.named(&error))
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.value).map_err(|error| self.named(&error))
    }

    parsed! {
        deserialize_u8 visit_u8 u8: "a whole number from 0 to 255",
        deserialize_u16 visit_u16 u16: "a whole number from 0 to 65535",
        deserialize_u32 visit_u32 u32: "a whole number",
        deserialize_u64 visit_u64 u64: "a whole number",
        deserialize_i8 visit_i8 i8: "a whole number from -128 to 127",
        deserialize_i16 visit_i16 i16: "a whole number from -32768 to 32767",
        deserialize_i32 visit_i32 i32: "a whole number",
        deserialize_i64 visit_i64 i64: "a whole number",
        deserialize_f32 visit_f32 f32: "a number",
        deserialize_f64 visit_f64 f64: "a number",
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = read_bool(self.value).ok_or_else(|| self.error("`true` or `false`"))?;
        visitor.visit_bool(value).map_err(|error| self.named(&error))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match variants.iter().find(|variant| same_word(variant, self.value)) {
            Some(variant) => {
                let variant: StrDeserializer<'_, Error> = (*variant).into_deserializer();
                visitor.visit_enum(variant).map_err(|error| self.named(&error))
            }
            None => Err(self.error(&suggest::list(variants))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The shape in which serde asks for a `std::time::Duration`.
        if name != "Duration" || fields != ["secs", "nanos"] {
            return self.deserialize_any(visitor);
        }
        let duration = parse_duration(self.value).ok_or_else(|| self.error(DURATION))?;
        let parts = [duration.as_secs(), u64::from(duration.subsec_nanos())];
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
        ignored_any
    }
}

/// `VERIFY_IDENTITY`, `verify-identity` and `verify_identity` are the same word.
fn same_word(a: &str, b: &str) -> bool {
    let fold = |byte: u8| {
        if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() }
    };
    a.len() == b.len() && a.bytes().map(fold).eq(b.bytes().map(fold))
}

/// An error that holds no value: serde's own constructors would put it into the text.
#[derive(Debug)]
struct Error(HandleError);

impl Error {
    /// What a type expects, which is fixed.
    fn expected(expected: fmt::Arguments<'_>) -> Self {
        Self(HandleError::new(Message::ours(expected)))
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self(HandleError::new(message.to_string()))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(format_args!("expected {expected}"))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(format_args!("expected {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::expected(format_args!("expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::expected(format_args!("expected {}", suggest::list(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self(HandleError::unknown_parameter(field, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(HandleError::parameter(
            Message::ours(format_args!("the parameter `{field}` is missing")),
            Message::ours(format_args!("add `{field}=...` behind the `?`")),
        ))
    }
}
