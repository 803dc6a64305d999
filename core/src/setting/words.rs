//! What to write, for the one who writes it.

use serde_core::de;

use crate::spelling::DURATION;
use crate::suggest;

pub(super) const BOOL: &str = "`true` or `false`";
pub(super) const NUMBER: &str = "a number";
pub(super) const CHARACTER: &str = "one character";
pub(super) const TEXT: &str = "text";
/// Of a type that leaves it to the text what the text is.
pub(super) const ANY: &str = "text or JSON";
/// Of a type that reads nothing that could be named.
pub(super) const UNKNOWN: &str = "a value that the app takes";

/// Words for the visitors of `std`'s types, known by what they call themselves. All others may use
/// words that only a programmer understands, or that hold a value: they get none.
pub(super) fn of(expected: &dyn de::Expected) -> Option<String> {
    let name = expected.to_string();
    let words = match name.as_str() {
        "a boolean" => BOOL,
        "f32" | "f64" => NUMBER,
        "a character" => CHARACTER,
        "a string" | "byte array" => TEXT,
        "path string" => "a path",
        "struct Duration" => DURATION,
        other => return address(other).map(str::to_owned).or_else(|| whole_number(other)),
    };
    Some(words.to_owned())
}

/// As `of`, only of addresses: `serde` asks for a text and then parses it.
pub(super) fn of_address(expected: &dyn de::Expected) -> Option<String> {
    address(&expected.to_string()).map(str::to_owned)
}

fn address(name: &str) -> Option<&'static str> {
    Some(match name {
        "IP address" => "an IP address such as `127.0.0.1`",
        "IPv4 address" => "an IPv4 address such as `127.0.0.1`",
        "IPv6 address" => "an IPv6 address such as `::1`",
        "socket address" => "a socket address such as `127.0.0.1:8080`",
        "IPv4 socket address" => "an IPv4 socket address such as `127.0.0.1:8080`",
        "IPv6 socket address" => "an IPv6 socket address such as `[::1]:8080`",
        _ => return None,
    })
}

/// The range of `u16` or `a nonzero u16`.
fn whole_number(name: &str) -> Option<String> {
    macro_rules! range {
        ($name:expr, $($type:ident)*) => {
            match $name {
                $(stringify!($type) => ($type::MIN.to_string(), $type::MAX.to_string()),)*
                _ => return None,
            }
        };
    }

    let nonzero = name.strip_prefix("a nonzero ");
    let (min, max) = range!(
        nonzero.unwrap_or(name),
        u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize
    );
    Some(match nonzero {
        Some(_) if min == "0" => format!("a whole number from 1 to {max}"),
        Some(_) => format!("a whole number from {min} to {max}, but not 0"),
        None => format!("a whole number from {min} to {max}"),
    })
}

/// As `of` a visitor, else of the number that it asks for.
pub(super) fn of_number(expected: &dyn de::Expected, asked: &str) -> String {
    of(expected).or_else(|| whole_number(asked)).unwrap_or_else(|| NUMBER.to_owned())
}

/// "one of `a` or `b`".
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => UNKNOWN.to_owned(),
        [name] => format!("`{name}`"),
        names => format!("one of {}", suggest::list(names)),
    }
}

/// Of variants that hold data.
pub(super) fn object_with(names: &[&str]) -> String {
    format!("JSON: an object with {}", suggest::list(names))
}

pub(super) fn items(count: usize) -> String {
    match count {
        1 => "a list of one item".to_owned(),
        _ => format!("a list of {count} items, with commas between"),
    }
}
