//! JSON that constants write.

use crate::handle::const_text::digits;

/// Sixteen times the same byte.
const fn each(byte: u8) -> u128 {
    u128::from_le_bytes([byte; 16])
}

/// Takes text in. Without a place to put it, it counts.
pub(super) struct Out<'b> {
    place: Option<&'b mut [u8]>,
    len: usize,
    /// Whether a list has just begun.
    first: bool,
}

impl<'b> Out<'b> {
    pub(super) const fn counting() -> Self {
        Self { place: None, len: 0, first: false }
    }

    /// Writes behind what stands there already.
    pub(super) const fn into(bytes: &'b mut [u8], len: usize) -> Self {
        let (_, place) = bytes.split_at_mut(len);
        Self { place: Some(place), len, first: false }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// JSON as it is, but for the comma before the first item of a list: no writer of an item knows
    /// whether it is that one.
    pub(super) const fn raw(&mut self, text: &str) {
        let text = text.as_bytes();
        match text {
            [b',', rest @ ..] if self.first => self.put(rest),
            _ => self.put(text),
        }
        if let [.., last] = text {
            self.first = *last == b'[';
        }
    }

    pub(super) const fn put(&mut self, text: &[u8]) {
        if let Some(place) = self.place.take() {
            let (place, rest) = place.split_at_mut(text.len());
            place.copy_from_slice(text);
            self.place = Some(rest);
        }
        self.len += text.len();
    }

    /// A string, in quotes.
    pub(super) const fn text(&mut self, text: &str) {
        self.raw("\"");
        let bytes = text.as_bytes();
        if is_plain(bytes) {
            self.put(bytes);
        } else {
            self.escaped(bytes);
        }
        self.raw("\"");
    }

    const fn escaped(&mut self, text: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            match byte {
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                b'\n' => self.raw("\\n"),
                0..0x20 => {
                    self.raw("\\u00");
                    self.put(&[HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]);
                }
                _ => self.put(&[byte]),
            }
            at += 1;
        }
    }

    /// `,"key":`
    pub(super) const fn key(&mut self, key: &str) {
        self.raw(",\"");
        self.raw(key);
        self.raw("\":");
    }

    /// `,"key":"text"`
    pub(super) const fn entry(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// The same where there is a text.
    pub(super) const fn some(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.entry(key, text);
        }
    }

    /// `,"key":true` where it is.
    pub(super) const fn flag(&mut self, key: &str, is: bool) {
        if is {
            self.key(key);
            self.raw("true");
        }
    }

    /// `,"key":["a","b"]` where there are any.
    pub(super) const fn entries(&mut self, key: &str, texts: &[&str]) {
        if !texts.is_empty() {
            self.key(key);
            self.texts(texts);
        }
    }

    /// `,"key":[["a","b"],["c","d"]]` where there are any.
    pub(super) const fn pairs(&mut self, key: &str, pairs: &[(&str, &str)]) {
        let mut at = 0;
        while at < pairs.len() {
            if at == 0 {
                self.key(key);
                self.raw("[");
            }
            let (one, other) = pairs[at];
            self.raw(",");
            self.texts(&[one, other]);
            at += 1;
        }
        self.raw(if at == 0 { "" } else { "]" });
    }

    /// `["a","b"]`
    pub(super) const fn texts(&mut self, texts: &[&str]) {
        let mut at = 0;
        while at < texts.len() {
            self.raw(if at == 0 { "[" } else { "," });
            self.text(texts[at]);
            at += 1;
        }
        self.raw(if at == 0 { "[]" } else { "]" });
    }

    /// A number in decimal.
    pub(super) const fn number(&mut self, number: i128) {
        if number < 0 {
            self.raw("-");
        }
        let (digits, first) = digits(number.unsigned_abs());
        self.put(digits.split_at(first).1);
    }
}

/// Whether nothing of it needs an escape. Sixteen bytes at a time: a constant takes as long for
/// each step as a program for thousands.
const fn is_plain(mut text: &[u8]) -> bool {
    while let Some((chunk, rest)) = text.split_first_chunk::<16>() {
        if !is_plain_chunk(u128::from_le_bytes(*chunk)) {
            return false;
        }
        text = rest;
    }
    let mut last = [b'a'; 16];
    last.split_at_mut(text.len()).0.copy_from_slice(text);
    is_plain_chunk(u128::from_le_bytes(last))
}

/// Whether no byte is a quote, a backslash or below the space.
const fn is_plain_chunk(chunk: u128) -> bool {
    let high = each(0x80);
    let (quote, backslash) = (chunk ^ each(b'"'), chunk ^ each(b'\\'));
    let found = quote.wrapping_sub(each(1)) & !quote
        | backslash.wrapping_sub(each(1)) & !backslash
        | chunk.wrapping_sub(each(b' ')) & !chunk;
    found & high == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_json() {
        let long = "a text of more than sixteen bytes with \u{e4} and \u{1f600} in it";
        for text in ["", "plain", "\"", "a\\b", "two\nlines", "\u{1}", "\u{1f}\u{7f}", long] {
            for text in [text.to_owned(), format!("{long}{text}"), format!("{text}{long}")] {
                let mut counted = Out::counting();
                counted.text(&text);
                let mut bytes = vec![0; counted.len()];
                Out::into(&mut bytes, 0).text(&text);
                assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
            }
        }
    }

    #[test]
    fn numbers() {
        for number in [0, 7, -1, i128::MIN, i128::MAX] {
            let mut bytes = [b' '; 64];
            let mut out = Out::into(&mut bytes, 0);
            out.number(number);
            assert_eq!(str::from_utf8(&bytes).unwrap().trim(), number.to_string());
        }
    }
}
