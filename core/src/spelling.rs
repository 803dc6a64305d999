//! How single values and names are spelled: durations, booleans, names in any case and with any
//! joint.

use std::time::Duration;

pub(crate) const DURATION: &str = "a duration such as `500ms`, `5s`, `2m` or `1h`, above zero";

/// More than a century: adding what is longer to the time of the clock may panic.
const LONGEST_SECONDS: u64 = u32::MAX as u64;

/// A whole number and its unit; a bare number would be read as seconds by some and milliseconds by
/// others.
pub(crate) const fn parse_duration(text: &str) -> Option<Duration> {
    let bytes = text.as_bytes();
    let mut digits = 0;
    while digits < bytes.len() && bytes[digits].is_ascii_digit() {
        digits += 1;
    }
    let (number, unit) = text.split_at(digits);
    // Zero means "none" to some drivers and "for ever" to others.
    let number = match u64::from_str_radix(number, 10) {
        Ok(number) if number > 0 => number,
        _ => return None,
    };
    let milliseconds = match unit.as_bytes() {
        b"ms" => Some(number),
        b"s" => number.checked_mul(1000),
        b"m" => number.checked_mul(60 * 1000),
        b"h" => number.checked_mul(3600 * 1000),
        _ => None,
    };
    match milliseconds {
        Some(milliseconds) if milliseconds / 1000 <= LONGEST_SECONDS => {
            Some(Duration::from_millis(milliseconds))
        }
        _ => None,
    }
}

/// `true 1 yes on` and `false 0 no off`, in any case.
pub(crate) const fn read_bool(text: &str) -> Option<bool> {
    const TRUE: &[&str] = &["true", "1", "yes", "on", "t", "y"];
    const FALSE: &[&str] = &["false", "0", "no", "off", "f", "n"];
    let mut at = 0;
    while at < TRUE.len() {
        if text.eq_ignore_ascii_case(TRUE[at]) {
            return Some(true);
        }
        if text.eq_ignore_ascii_case(FALSE[at]) {
            return Some(false);
        }
        at += 1;
    }
    None
}

/// A name as the end of a variable: `ssl-mode` is the `SSL_MODE` of `DB_SSL_MODE`.
pub(crate) fn as_variable(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// Whether two names are the same without regard to case, `-`, `_` and `.`.
pub(crate) const fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    loop {
        while i < a.len() && is_joint(a[i]) {
            i += 1;
        }
        while j < b.len() && is_joint(b[j]) {
            j += 1;
        }
        if i == a.len() || j == b.len() {
            return i == a.len() && j == b.len();
        }
        if !a[i].eq_ignore_ascii_case(&b[j]) {
            return false;
        }
        i += 1;
        j += 1;
    }
}

const fn is_joint(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

/// Whether the name of a parameter may be shown: what has not the form of one may be half of a
/// secret that was cut in two.
pub(crate) fn is_plain_word(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
}
