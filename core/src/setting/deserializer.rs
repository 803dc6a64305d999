//! A text as `serde` reads it.

use std::str::Split;

use serde_core::de::value::{SeqDeserializer, StrDeserializer};
use serde_core::de::{
    DeserializeSeed, Deserializer, EnumAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_core::forward_to_deserialize_any;

use super::expected::Expected;
use super::json::{self, Shape};
use super::words;
use crate::spelling::{DURATION, parse_duration, same_name};

pub(super) struct Text<'a> {
    text: &'a str,
    /// Of a list with commas. It can be neither a list nor JSON, whose commas are not told apart.
    is_item: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, is_item: false }
    }

    fn json<V: Visitor<'a>>(self, shape: Shape, visitor: V) -> Result<V::Value, Expected> {
        if self.is_item {
            return Err(Expected::json_list());
        }
        json::read(self.text, shape, visitor)
    }

    /// Items, of which there must be a certain number in a tuple.
    fn list<V: Visitor<'a>>(self, count: Option<usize>, visitor: V) -> Result<V::Value, Expected> {
        if self.is_item || self.text.trim_start().starts_with('[') {
            return self.json(Shape::List, visitor);
        }
        match count {
            Some(count) if Items::of(self.text).count() != count => {
                Err(Expected::new(words::items(count)))
            }
            _ => visitor.visit_seq(Items::of(self.text)),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
            match self.text.trim().parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Expected::new(words::of_number(&visitor, stringify!($type)))),
            }
        }
    )*};
}

macro_rules! floats {
    ($($method:ident $visit:ident $type:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
            // What is no number or has no end would pass every check of a range, or none.
            match self.text.trim().parse::<$type>() {
                Ok(number) if number.is_finite() => visitor.$visit(number),
                _ => Err(Expected::new(words::NUMBER)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Expected;

    /// The type takes several kinds of values: only a text that looks like JSON is read as that.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        if self.text.trim_start().starts_with(['{', '[']) {
            return self.json(Shape::Any, visitor);
        }
        visitor.visit_borrowed_str(self.text)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        let is =
            |words: &[&str]| words.iter().any(|word| self.text.trim().eq_ignore_ascii_case(word));
        if is(&["true", "t", "yes", "y", "on", "1"]) {
            visitor.visit_bool(true)
        } else if is(&["false", "f", "no", "n", "off", "0"]) {
            visitor.visit_bool(false)
        } else {
            Err(Expected::new(words::BOOL))
        }
    }

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
    }

    floats! {
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        let mut characters = self.text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => visitor.visit_char(character),
            _ => Err(Expected::new(words::CHARACTER)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        match words::of_address(&visitor) {
            Some(words) => visitor
                .visit_borrowed_str(self.text.trim())
                .map_err(|error: Expected| error.or(Some(words))),
            None => visitor.visit_borrowed_str(self.text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        visitor.visit_borrowed_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        self.deserialize_bytes(visitor)
    }

    /// A variable that is not set is never read, so that there is a value.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        self.json(Shape::Null, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Expected> {
        self.json(Shape::Null, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Expected> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        self.list(None, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Expected> {
        self.list(Some(len), visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Expected> {
        self.list(Some(len), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Expected> {
        self.json(Shape::Object, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Expected> {
        if !is_duration(name, fields) {
            return self.json(Shape::Object, visitor);
        }
        let duration = parse_duration(self.text.trim()).ok_or_else(|| Expected::new(DURATION))?;
        let parts = [duration.as_secs(), u64::from(duration.subsec_nanos())];
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Expected> {
        let text = self.text.trim();
        if text.starts_with('{') {
            return self.json(Shape::Variant, visitor);
        }
        let same = variants.iter().find(|variant| **variant == text);
        let known = same.or_else(|| variants.iter().find(|variant| same_name(variant, text)));
        let known = known.copied();
        let variant = Variant { name: known.unwrap_or(text), known, is_item: self.is_item };
        match known {
            Some(_) => visitor.visit_enum(variant),
            // One of the variants may stand for every other name.
            None => visitor.visit_enum(variant).map_err(|_| Expected::new(words::one_of(variants))),
        }
    }

    forward_to_deserialize_any! { identifier ignored_any }
}

/// The shape in which `serde` asks for a `std::time::Duration`.
pub(super) fn is_duration(name: &str, fields: &[&str]) -> bool {
    name == "Duration" && fields == ["secs", "nanos"]
}

/// The items between commas, trimmed, without those that are empty.
struct Items<'a> {
    rest: Split<'a, char>,
    /// How many there were.
    index: usize,
}

impl<'a> Items<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text.split(','), index: 0 }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let item = self.rest.by_ref().map(str::trim).find(|item| !item.is_empty())?;
        self.index += 1;
        Some(item)
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Expected;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Expected> {
        let Some(text) = self.next() else { return Ok(None) };
        let item = seed.deserialize(Text { text, is_item: true });
        item.map(Some).map_err(|error| error.of_item(self.index))
    }
}

/// The bare name of a variant.
struct Variant<'a> {
    name: &'a str,
    /// The name as it is in the code, and nothing else, since errors show it.
    known: Option<&'static str>,
    is_item: bool,
}

impl Variant<'_> {
    fn without_data<T>(&self) -> Result<T, Expected> {
        Err(match self.known {
            Some(_) if self.is_item => Expected::json_list(),
            Some(name) => Expected::new(words::object_with(&[name])),
            None => Expected::refused(),
        })
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Expected;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Expected> {
        Ok((seed.deserialize(StrDeserializer::new(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Expected;

    fn unit_variant(self) -> Result<(), Expected> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Expected> {
        self.without_data()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Expected> {
        self.without_data()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Expected> {
        self.without_data()
    }
}
