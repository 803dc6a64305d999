//! The forms that values have: known to a constant, so that a default is checked while compiling,
//! and read at run time by the same rules.

use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;
use crate::spelling::{DURATION, parse_duration, read_bool, same_name};
use crate::suggest;

/// What a field of an adapter can hold: a type whose values a constant can check and a reader can
/// read.
///
/// Numbers, `bool`, `char`, `String`, [`Secret`], [`PathBuf`], [`Duration`], and enums of words
/// that [derive](macro@crate::Word) it.
///
/// ```
/// use backing_services::{Kind, Value};
///
/// /// A port that need not be privileged.
/// struct HighPort(u16);
///
/// impl Value for HighPort {
///     const KIND: Kind = Kind::Integer { min: 1024, max: 65535 };
///
///     fn read(text: &str) -> Option<Self> {
///         u16::read(text).filter(|port| *port >= 1024).map(Self)
///     }
/// }
///
/// assert_eq!(HighPort::read("8080").map(|port| port.0), Some(8080));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a handle",
    label = "expected a number, `bool`, `char`, `String`, `Secret`, `PathBuf`, `Duration` or an enum of words",
    note = "an enum of words derives `backing_services::Word`; any other type implements `backing_services::Value`"
)]
pub trait Value: Sized {
    /// The form of a value.
    const KIND: Kind;

    /// That the type is a value at all: the one thing about a bad field that rustc reports.
    #[doc(hidden)]
    const __IS: bool = true;

    /// The form, as the record of an app has it, where it is known as text.
    #[doc(hidden)]
    const __WRITTEN: Option<&'static str> = None;

    /// Reads a value; `None` where the text has not the form.
    fn read(text: &str) -> Option<Self>;
}

/// The form of a value.
///
/// ```
/// use backing_services::Kind;
///
/// assert!(Kind::of::<u16>().accepts("8080") && !Kind::of::<u16>().accepts("80a"));
/// assert_eq!(Kind::of::<u16>().expected(), "a whole number from 0 to 65535");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text, which no message shows.
    Secret,
    /// The path of a file or folder.
    File,
    /// `true` or `false`, and what people write for them.
    Bool,
    /// One character.
    Char,
    /// A whole number between these two.
    Integer {
        /// The least.
        min: i128,
        /// The greatest.
        max: i128,
    },
    /// A number with or without a fraction.
    Float,
    /// A duration such as `500ms`, `5s`, `2m` or `1h`.
    Duration,
    /// One of these words, each with the words that mean the same.
    Words(&'static [&'static [&'static str]]),
    /// Something else, and how to write it: "a region such as `us1`".
    Other(&'static str),
}

/// A server that a parameter names, because the host of the handle names something else. Reports
/// show it without its path.
pub(crate) const SERVER: Kind = Kind::Other("a server such as `https://minio.example:9000`");

/// The unit of a bare number.
///
/// ```
/// use backing_services::Unit;
///
/// assert_eq!(Unit::Seconds.symbol(), "s");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
}

impl Unit {
    /// As it is written behind the number.
    ///
    /// ```
    /// # use backing_services::Unit;
    /// assert_eq!(Unit::Milliseconds.symbol(), "ms");
    /// ```
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }
}

impl Kind {
    /// The form that a type reads.
    ///
    /// ```
    /// # use backing_services::Kind;
    /// assert_eq!(Kind::of::<bool>(), Kind::Bool);
    /// ```
    pub const fn of<T: Value>() -> Self {
        T::KIND
    }

    /// Whether a text has the form. What [`Other`](Self::Other) accepts is not known.
    ///
    /// ```
    /// # use backing_services::Kind;
    /// assert!(Kind::Duration.accepts("5s") && !Kind::Duration.accepts("5"));
    /// ```
    pub const fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Text | Self::Secret | Self::Other(_) => true,
            Self::File => !text.is_empty(),
            Self::Bool => read_bool(text).is_some(),
            Self::Char => is_one_char(text),
            Self::Integer { min, max } => match i128::from_str_radix(text, 10) {
                Ok(number) => *min <= number && number <= *max,
                Err(_) => false,
            },
            Self::Float => is_float(text),
            Self::Duration => parse_duration(text).is_some(),
            Self::Words(words) => find_word(words, text).is_some(),
        }
    }

    /// What to write, in words: it follows "expected".
    ///
    /// ```
    /// # use backing_services::Kind;
    /// assert_eq!(Kind::Bool.expected(), "`true` or `false`");
    /// ```
    pub fn expected(&self) -> String {
        match self {
            Self::Text | Self::Secret => "text".to_owned(),
            Self::File => "the path of a file".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Char => "one character".to_owned(),
            Self::Integer { min, max } if *max > i128::from(u32::MAX) => {
                format!("a whole number{}", if *min > 0 { " above zero" } else { "" })
            }
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Float => "a number".to_owned(),
            Self::Duration => DURATION.to_owned(),
            Self::Words(words) => {
                let words: Vec<_> = words.iter().filter_map(|same| same.first().copied()).collect();
                suggest::list(&words)
            }
            Self::Other(expected) => (*expected).to_owned(),
        }
    }

    /// The place of a word among those of the form; the safest is the last.
    pub(crate) fn rank(&self, text: &str) -> Option<usize> {
        match self {
            Self::Words(words) => find_word(words, text),
            _ => None,
        }
    }
}

/// The place of a word; case, `-` and `_` make no difference.
pub(crate) const fn find_word(words: &[&[&str]], text: &str) -> Option<usize> {
    let mut at = 0;
    while at < words.len() {
        let mut other = 0;
        while other < words[at].len() {
            if same_name(words[at][other], text) {
                return Some(at);
            }
            other += 1;
        }
        at += 1;
    }
    None
}

const fn is_one_char(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        // A byte that continues a character begins with the bits 10.
        if bytes[at] & 0xc0 != 0x80 {
            count += 1;
        }
        at += 1;
    }
    count == 1
}

const fn is_float(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut digits, mut points, mut exponents) = (0, 0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'0'..=b'9' => digits += 1,
            b'.' if exponents == 0 => points += 1,
            b'e' | b'E' if digits > 0 => exponents += 1,
            b'+' | b'-' if at == 0 || matches!(bytes[at - 1], b'e' | b'E') => {}
            _ => return false,
        }
        at += 1;
    }
    digits > 0
        && points < 2
        && exponents < 2
        && (bytes[bytes.len() - 1].is_ascii_digit() || bytes[bytes.len() - 1] == b'.')
}

impl Value for String {
    const KIND: Kind = Kind::Text;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"text\"");

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Value for Secret {
    const KIND: Kind = Kind::Secret;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"secret\"");

    fn read(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Value for PathBuf {
    const KIND: Kind = Kind::File;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"file\"");

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| text.into())
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Bool;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"bool\"");

    fn read(text: &str) -> Option<Self> {
        read_bool(text)
    }
}

impl Value for char {
    const KIND: Kind = Kind::Char;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"char\"");

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Duration {
    const KIND: Kind = Kind::Duration;
    const __WRITTEN: Option<&'static str> = Some("\"form\":\"duration\"");

    fn read(text: &str) -> Option<Self> {
        parse_duration(text)
    }
}

macro_rules! integers {
    ($($type:ty: $min:expr, $max:expr;)*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::Integer { min: $min, max: $max };
            const __WRITTEN: Option<&'static str> = Some(concat!("\"form\":\"", stringify!($type), "\""));

            // Built where it is used: most types never are.
            #[inline]
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

#[allow(clippy::cast_lossless, reason = "`From` is not `const`, and every value fits")]
mod bounds {
    use super::{Kind, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize, Value};

    integers! {
        u8: u8::MIN as i128, u8::MAX as i128;
        u16: u16::MIN as i128, u16::MAX as i128;
        u32: u32::MIN as i128, u32::MAX as i128;
        u64: u64::MIN as i128, u64::MAX as i128;
        usize: usize::MIN as i128, usize::MAX as i128;
        i8: i8::MIN as i128, i8::MAX as i128;
        i16: i16::MIN as i128, i16::MAX as i128;
        i32: i32::MIN as i128, i32::MAX as i128;
        i64: i64::MIN as i128, i64::MAX as i128;
        isize: isize::MIN as i128, isize::MAX as i128;
        NonZeroU16: 1, u16::MAX as i128;
        NonZeroU32: 1, u32::MAX as i128;
        NonZeroU64: 1, u64::MAX as i128;
        NonZeroUsize: 1, usize::MAX as i128;
    }
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::Float;
            const __WRITTEN: Option<&'static str> = Some("\"form\":\"float\"");

            #[inline]
            fn read(text: &str) -> Option<Self> {
                if is_float(text) { text.parse().ok() } else { None }
            }
        }
    )*};
}

floats! { f32 f64 }

#[cfg(test)]
mod tests {
    use super::*;

    /// A default that a constant takes can be read, and what it refuses cannot.
    fn agree<T: Value>(texts: &[&str]) {
        for text in texts {
            assert_eq!(T::KIND.accepts(text), T::read(text).is_some(), "{:?}: {text}", T::KIND);
        }
    }

    #[test]
    fn a_constant_and_the_reader_agree() {
        let numbers = [
            "0",
            "1",
            "-1",
            "+1",
            "255",
            "256",
            "65536",
            "4294967296",
            "18446744073709551616",
            "",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "80a",
            "0x10",
            ".",
            "1.",
            ".5",
            "-",
            "e",
            "1e",
            "nan",
            "inf",
            "--1",
            "1e+5",
            "1e5.",
            "1.2.3",
        ];
        agree::<u8>(&numbers);
        agree::<u16>(&numbers);
        agree::<u32>(&numbers);
        agree::<u64>(&numbers);
        agree::<usize>(&numbers);
        agree::<i8>(&numbers);
        agree::<i16>(&numbers);
        agree::<i32>(&numbers);
        agree::<i64>(&numbers);
        agree::<NonZeroU32>(&numbers);
        agree::<f32>(&numbers);
        agree::<f64>(&numbers);
        agree::<bool>(&["true", "TRUE", "1", "yes", "On", "false", "0", "no", "off", "", "2"]);
        agree::<char>(&["", "a", "ä", "ab", "\u{1f600}", "a\u{308}"]);
        agree::<Duration>(&["5", "5s", "500ms", "2m", "1h", "0s", "", "s", "-5s", "9999999999h"]);
        agree::<PathBuf>(&["", "a", "/a b"]);
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("2m"), Some(Duration::from_mins(2)));
        assert_eq!(parse_duration("2d"), None);
    }
}
