//! Settings that a line of words cannot hold.

#[cfg(feature = "json")]
use serde_core::de::Deserializer;
use serde_core::de::Visitor;
#[cfg(feature = "json")]
use serde_json::error::Category;

use super::expected::Expected;

/// What the text is asked for.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Any,
    Null,
    List,
    Object,
    /// An enum of which a variant holds data.
    Variant,
}

impl Shape {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Any => "JSON",
            Self::Null => "JSON: `null`",
            Self::List => "JSON: a list",
            Self::Object | Self::Variant => "JSON: an object",
        }
    }
}

/// The one way to `serde_json`.
#[cfg(feature = "json")]
pub(super) fn read<'de, V: Visitor<'de>>(
    text: &'de str,
    shape: Shape,
    visitor: V,
) -> Result<V::Value, Expected> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = match shape {
        Shape::Any => json.deserialize_any(visitor),
        Shape::Null => json.deserialize_unit(visitor),
        Shape::List => json.deserialize_seq(visitor),
        // That of a struct would take a list of its fields too.
        Shape::Object => json.deserialize_map(visitor),
        // Neither the name nor the variants matter to JSON.
        Shape::Variant => json.deserialize_enum("", &[], visitor),
    };
    let value = value.and_then(|value| json.end().map(|()| value));
    value.map_err(|error| malformed(text, shape, &error))
}

#[cfg(not(feature = "json"))]
const FEATURE: &str = "build it with the feature `json` of `backing-services`";

/// In a build without the feature.
#[cfg(not(feature = "json"))]
pub(super) fn read<'de, V: Visitor<'de>>(
    _: &'de str,
    shape: Shape,
    _: V,
) -> Result<V::Value, Expected> {
    Err(Expected::new(format!("{}, and this app is built without it: {FEATURE}", shape.words())))
}

/// The message of the error repeats values, so only its place and kind are kept.
#[cfg(feature = "json")]
fn malformed(text: &str, shape: Shape, error: &serde_json::Error) -> Expected {
    let fault = match error.classify() {
        Category::Eof => "it breaks off",
        Category::Data => "it has the wrong shape",
        Category::Syntax | Category::Io => "it is malformed",
    };
    let (line, column) = (error.line(), error.column());
    let at = if is_within(text, line, column) {
        // The first column is the one before which nothing was read.
        format!(" at line {line}, column {}", column.max(1))
    } else {
        String::new()
    };
    Expected::new(format!("{} ({fault}{at})", shape.words()))
}

/// `serde_json` takes a place off the end of the app's own message, where it may be of the value.
#[cfg(feature = "json")]
fn is_within(text: &str, line: usize, column: usize) -> bool {
    let line = line.checked_sub(1).and_then(|before| text.split('\n').nth(before));
    line.is_some_and(|line| column <= line.len() + 1)
}
