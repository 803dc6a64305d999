//! What a type would read, found by letting it ask and giving it nothing.

use std::cell::RefCell;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, SeqAccess, VariantAccess, Visitor,
};

use super::deserializer::is_duration;
use super::expected::Expected;
use super::json::Shape;
use super::words;
use crate::spelling::DURATION;

pub(super) struct Probed {
    pub(super) words: String,
    pub(super) shows: bool,
}

pub(super) fn probe<T: DeserializeOwned>() -> Probed {
    let seen = ask::<T>("");
    let Probed { words, shows } = match seen.kind {
        Kind::Unknown => Probed { words: words::UNKNOWN.to_owned(), shows: false },
        Kind::Plain { words, shows } => Probed { words, shows },
        Kind::Json(_) if seen.is_list => {
            return Probed { words: Shape::List.words().to_owned(), shows: false };
        }
        Kind::Json(words) => Probed { words, shows: false },
        Kind::Enum { variants, takes } => {
            let (units, data): (Vec<_>, Vec<_>) = variants.iter().copied().partition(|variant| {
                matches!(ask::<T>(variant).kind, Kind::Enum { takes: true, .. })
            });
            if seen.is_list && !data.is_empty() {
                return Probed { words: Shape::List.words().to_owned(), shows: false };
            }
            let words = match (units.as_slice(), data.as_slice()) {
                (units, []) => words::one_of(units),
                ([], data) => words::object_with(data),
                (units, data) => {
                    format!("{} or {}", words::one_of(units), words::object_with(data))
                }
            };
            // A type that takes also a name that it does not know may be given anything.
            Probed { words, shows: data.is_empty() && !takes }
        }
    };
    match (seen.is_list, words.as_str()) {
        (false, _) => Probed { words, shows },
        (true, words::TEXT) => Probed { words: LIST.to_owned(), shows },
        (true, item) => Probed { words: format!("{LIST}, each item {item}"), shows },
    }
}

const LIST: &str = "a list such as `a,b`";

/// Deserializes what can only fail, and returns what was asked for on the way. An enum gets
/// `variant`.
fn ask<T: DeserializeOwned>(variant: &str) -> Seen {
    let seen = RefCell::default();
    // Whatever becomes of it: a type is free to make do with an error.
    drop(T::deserialize(Probe { seen: &seen, variant, is_item: false }));
    seen.into_inner()
}

#[derive(Default)]
struct Seen {
    kind: Kind,
    is_list: bool,
}

#[derive(Default)]
enum Kind {
    #[default]
    Unknown,
    Plain {
        words: String,
        shows: bool,
    },
    Enum {
        variants: &'static [&'static str],
        /// Whether the variant is one, and holds no data.
        takes: bool,
    },
    /// Also what may be written with commas, but not within a list.
    Json(String),
}

#[derive(Clone, Copy)]
struct Probe<'a> {
    seen: &'a RefCell<Seen>,
    variant: &'a str,
    is_item: bool,
}

impl Probe<'_> {
    fn record(&self, kind: Kind) {
        self.seen.borrow_mut().kind = kind;
    }

    fn plain<T>(self, words: impl Into<String>, shows: bool) -> Result<T, Expected> {
        self.record(Kind::Plain { words: words.into(), shows });
        Err(Expected::refused())
    }

    fn json<T>(self, words: impl Into<String>) -> Result<T, Expected> {
        self.record(Kind::Json(words.into()));
        Err(Expected::refused())
    }
}

macro_rules! numbers {
    ($($method:ident $type:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
            self.plain(words::of_number(&visitor, stringify!($type)), true)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
            self.plain(words::of(&visitor).unwrap_or_else(|| words::TEXT.to_owned()), false)
        }
    )*};
}

macro_rules! anything {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Expected> {
            self.plain(words::ANY, false)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Expected;

    numbers! {
        deserialize_u8 u8,
        deserialize_u16 u16,
        deserialize_u32 u32,
        deserialize_u64 u64,
        deserialize_u128 u128,
        deserialize_i8 i8,
        deserialize_i16 i16,
        deserialize_i32 i32,
        deserialize_i64 i64,
        deserialize_i128 i128,
        deserialize_f32 f32,
        deserialize_f64 f64,
    }

    texts! { deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf }

    anything! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_bool<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Expected> {
        self.plain(words::BOOL, true)
    }

    fn deserialize_char<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Expected> {
        self.plain(words::CHARACTER, false)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Expected> {
        self.json(Shape::Null.words())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _: V,
    ) -> Result<V::Value, Expected> {
        self.json(Shape::Null.words())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Expected> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        if self.is_item {
            return self.json(Shape::List.words());
        }
        self.seen.borrow_mut().is_list = true;
        visitor.visit_seq(Probe { is_item: true, ..self })
    }

    /// Only the first item could be asked for, so that nothing is known of the others.
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, _: V) -> Result<V::Value, Expected> {
        self.json(words::items(len))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        _: V,
    ) -> Result<V::Value, Expected> {
        self.json(words::items(len))
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Expected> {
        self.json(Shape::Object.words())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Expected> {
        if is_duration(name, fields) {
            self.plain(DURATION, true)
        } else {
            self.json(Shape::Object.words())
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Expected> {
        self.record(Kind::Enum { variants, takes: false });
        visitor.visit_enum(self)
    }
}

impl<'de> SeqAccess<'de> for Probe<'_> {
    type Error = Expected;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Expected> {
        seed.deserialize(*self).map(Some)
    }
}

impl<'de> EnumAccess<'de> for Probe<'_> {
    type Error = Expected;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Expected> {
        Ok((seed.deserialize(StrDeserializer::new(self.variant))?, self))
    }
}

impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Expected;

    fn unit_variant(self) -> Result<(), Expected> {
        if let Kind::Enum { takes, .. } = &mut self.seen.borrow_mut().kind {
            *takes = true;
        }
        Err(Expected::refused())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Expected> {
        Err(Expected::refused())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Expected> {
        Err(Expected::refused())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Expected> {
        Err(Expected::refused())
    }
}
