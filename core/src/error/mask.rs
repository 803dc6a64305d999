//! Masking of secrets in what somebody else wrote, in every spelling that drivers, servers and
//! formatters give them.

use std::collections::HashSet;
use std::fmt::Write;

/// A secret of fewer characters is masked only where it stands as a word, so that user `a` does not
/// punch holes into the text.
const SHORT: usize = 4;

/// More than any message that people read. What stands behind it is dropped, so that a server
/// cannot keep the process busy with the search.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// As many bytes as the longest spelling of one character has: four in hexadecimal, such as `\xf0`.
const LONGEST_SPELLING: usize = 16;

/// As many bytes as one character has in UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// What every spelling of a character but the plain one begins with.
const ESCAPES: [char; 4] = ['%', '\\', '&', '+'];

/// What a message must not repeat.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Each secret and its forms in Base64.
    texts: HashSet<String>,
    /// The length of the one message that they are for, where it is known.
    message: Option<usize>,
}

impl Secrets {
    /// For this message and no other: a secret that is longer cannot stand in it, and is not kept.
    pub(crate) fn of(message: &str) -> Self {
        let is_whole = message.len() <= LONGEST_MESSAGE;
        Self { texts: HashSet::new(), message: is_whole.then_some(message.len()) }
    }

    /// Whether a secret of this length may stand in the message, in which each of its characters
    /// takes a byte at least.
    fn may_hold(&self, secret: usize) -> bool {
        self.message.is_none_or(|message| secret / LONGEST_CHARACTER <= message)
    }

    /// Adds a secret.
    #[must_use]
    pub(crate) fn with(mut self, secret: &str) -> Self {
        if !secret.is_empty() && self.may_hold(secret.len()) {
            self.add_base64(secret);
            self.texts.insert(secret.to_owned());
        }
        self
    }

    /// Adds a secret, and the parts of it that a server takes for values of their own: of
    /// `-c statement_timeout=hunter2` it repeats `hunter2`.
    #[must_use]
    pub(crate) fn with_words(self, secret: &str) -> Self {
        let is_separator =
            |c: char| c.is_whitespace() || matches!(c, '=' | ',' | ';' | '\'' | '"' | '\\');
        let values = secret.split_whitespace().flat_map(|word| [Some(word), after_equals(word)]);
        let words = secret.split(is_separator).map(Some).chain(values).flatten();
        words.filter(|word| word.chars().count() >= SHORT).fold(self.with(secret), Self::with)
    }

    /// Adds what basic authentication and SASL's `PLAIN` send of a login.
    #[must_use]
    pub(crate) fn with_login(mut self, user: &str, password: &str) -> Self {
        if !self.may_hold(user.len() + password.len()) {
            return self;
        }
        self.add_base64(&format!("{user}:{password}"));
        self.add_base64(&format!("\0{user}\0{password}"));
        self.add_base64(&format!("{user}\0{user}\0{password}"));
        self
    }

    fn add_base64(&mut self, secret: &str) {
        let standard = base64(secret.as_bytes());
        let url_safe = standard.replace('+', "-").replace('/', "_");
        let padding = &"=="[..(4 - standard.len() % 4) % 4];
        for text in [standard, url_safe] {
            self.texts.insert(format!("{text}{padding}"));
            self.texts.insert(text);
        }
    }

    /// Replaces each secret in a message.
    pub(crate) fn mask(&self, message: &str) -> String {
        let end = message.floor_char_boundary(LONGEST_MESSAGE);
        let is_cut = end < message.len();
        let message = &message[..end];
        let secrets: Vec<_> =
            self.texts.iter().map(|text| (text, text.chars().count() < SHORT)).collect();
        // Secrets may overlap: what is left of one beside the mask of another would show a part of
        // it.
        let (mut masked, mut covered) = (String::with_capacity(message.len()), 0);
        for (start, character) in message.char_indices() {
            for (secret, is_short) in &secrets {
                // Most places are no beginning, which the first character tells.
                if (secret.starts_with(character) || ESCAPES.contains(&character))
                    && let Some(end) = end_of(secret, message, start, is_cut)
                    && (!is_short || is_word(message, start, end))
                {
                    if start >= covered {
                        masked.push_str("***");
                    }
                    covered = covered.max(end);
                }
            }
            if start >= covered {
                masked.push(character);
            }
        }
        masked
    }
}

/// Replaces every secret in a message that somebody else wrote.
pub(crate) fn mask<'a>(message: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    secrets.into_iter().fold(Secrets::of(message), Secrets::with).mask(message)
}

fn after_equals(word: &str) -> Option<&str> {
    word.split_once('=').map(|(_, value)| value)
}

fn is_word(message: &str, start: usize, end: usize) -> bool {
    !message[..start].ends_with(char::is_alphanumeric)
        && !message[end..].starts_with(char::is_alphanumeric)
}

/// Where a secret ends that begins at `start`, with each of its characters in any spelling. In a
/// message that was cut a secret may be cut too.
fn end_of(secret: &str, message: &str, start: usize, is_cut: bool) -> Option<usize> {
    // A `%25` may be one encoded character or the first of three, so there may be several places to
    // go on.
    let mut places = vec![];
    let mut next = vec![start];
    for character in secret.chars() {
        std::mem::swap(&mut places, &mut next);
        next.clear();
        for &place in &places {
            for length in lengths(character, &message[place..]) {
                if !next.contains(&(place + length)) {
                    next.push(place + length);
                }
            }
        }
        if next.is_empty() {
            let at_the_end = |place: &usize| message.len() - place < LONGEST_SPELLING;
            return (is_cut && places.iter().any(at_the_end)).then_some(message.len());
        }
    }
    next.into_iter().max()
}

/// The lengths of the spellings of a character that a text begins with.
fn lengths(character: char, text: &str) -> impl Iterator<Item = usize> {
    let plain = text.starts_with(character).then_some(character.len_utf8());
    let spellings = match text.as_bytes().first() {
        Some(&first) if ESCAPES.contains(&char::from(first)) => spellings(character),
        _ => Vec::new(),
    };
    let begins_with = |spelling: &str| {
        let begin = text.as_bytes().get(..spelling.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(spelling.as_bytes()))
    };
    let found: Vec<_> = spellings.iter().filter(|it| begins_with(it)).map(String::len).collect();
    plain.into_iter().chain(found)
}

/// A character as URLs, forms, Rust's `{:?}`, JSON, byte strings, XML and HTML write it.
fn spellings(character: char) -> Vec<String> {
    let code = u32::from(character);
    let (mut percent, mut bytes, mut utf16) = (String::new(), String::new(), String::new());
    // Writing into a `String` cannot fail.
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(percent, "%{byte:02x}");
        let _ = write!(bytes, "\\x{byte:02x}");
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _ = write!(utf16, "\\u{unit:04x}");
    }
    let mut spellings = vec![
        percent,
        bytes,
        utf16,
        format!("\\u{{{code:x}}}"),
        format!("&#{code};"),
        format!("&#x{code:x};"),
    ];
    spellings.extend(match character {
        ' ' => Some("+".to_owned()),
        '\0' => Some("\\0".to_owned()),
        '\t' => Some("\\t".to_owned()),
        '\n' => Some("\\n".to_owned()),
        '\r' => Some("\\r".to_owned()),
        '\u{8}' => Some("\\b".to_owned()),
        '\u{c}' => Some("\\f".to_owned()),
        c if c.is_ascii_punctuation() => Some(format!("\\{c}")),
        _ => None,
    });
    let entity = match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&apos;"),
        _ => None,
    };
    spellings.extend(entity.map(str::to_owned));
    spellings
}

/// Base64 without padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=group.len() {
            let shift = 18 - 6 * digit;
            text.push(char::from(DIGITS[(bits >> shift & 63) as usize]));
        }
    }
    text
}
