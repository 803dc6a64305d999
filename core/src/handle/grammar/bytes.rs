//! Searching bytes while compiling, where iterators are not to be had.

use super::part::Span;

pub(super) const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

pub(super) const fn starts_with(bytes: &[u8], at: usize, prefix: &[u8]) -> bool {
    let mut offset = 0;
    while offset < prefix.len() {
        if at + offset >= bytes.len() || bytes[at + offset] != prefix[offset] {
            return false;
        }
        offset += 1;
    }
    true
}

/// Whether the bytes begin with a word in lower case, in any case.
pub(super) const fn starts_with_word(bytes: &[u8], word: &[u8]) -> bool {
    let mut at = 0;
    while at < word.len() {
        if at >= bytes.len() || !bytes[at].eq_ignore_ascii_case(&word[at]) {
            return false;
        }
        at += 1;
    }
    true
}

/// The first position from `at` that holds `wanted`, or the length.
pub(super) const fn find(bytes: &[u8], at: usize, wanted: u8) -> usize {
    find_within(bytes, at, bytes.len(), wanted)
}

/// The first position from `at` that holds `wanted`, or the end.
pub(super) const fn find_within(bytes: &[u8], mut at: usize, end: usize, wanted: u8) -> usize {
    while at < end && bytes[at] != wanted {
        at += 1;
    }
    at
}

/// Where the bytes that divide a handle stand, found in one pass. One that is not there stands at
/// the end.
pub(crate) struct Marks {
    /// The first `:`, `#` and `?`.
    pub(super) colon: usize,
    pub(super) hash: usize,
    pub(super) question: usize,
    /// The first and the second `@`.
    pub(super) at: usize,
    pub(super) second_at: usize,
    /// The first `${` or `$(`, in the form in which a message shows it.
    pub(super) expansion: Option<&'static str>,
    /// Whether a `,` or `;` is there, without which the handle is no list.
    pub(crate) has_separator: bool,
    /// From the first `%` to behind the last.
    escapes: Span,
}

impl Marks {
    pub(crate) const fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let end = bytes.len();
        let mut marks = Self {
            colon: end,
            hash: end,
            question: end,
            at: end,
            second_at: end,
            expansion: None,
            has_separator: false,
            escapes: Span { start: end, end },
        };
        let mut at = 0;
        while at < end {
            if MARKS[bytes[at] as usize] {
                marks.add(bytes, at);
            }
            at += 1;
        }
        marks
    }

    /// Whether an escape may stand there: most handles have none, or one in the password.
    pub(crate) const fn may_escape(&self, span: Span) -> bool {
        span.start < self.escapes.end && self.escapes.start < span.end
    }

    const fn add(&mut self, bytes: &[u8], at: usize) {
        let end = bytes.len();
        match bytes[at] {
            b',' | b';' => self.has_separator = true,
            b'%' => {
                let start = if self.escapes.is_empty() { at } else { self.escapes.start };
                self.escapes = Span { start, end: at + 1 };
            }
            b':' if self.colon == end => self.colon = at,
            b'#' if self.hash == end => self.hash = at,
            b'?' if self.question == end => self.question = at,
            b'@' if self.at == end => self.at = at,
            b'@' if self.second_at == end => self.second_at = at,
            b'$' if self.expansion.is_none() && at + 1 < end => {
                self.expansion = match bytes[at + 1] {
                    b'{' => Some("${...}"),
                    b'(' => Some("$(...)"),
                    _ => None,
                }
            }
            _ => {}
        }
    }
}

/// Whether a byte is one of those that are looked for.
const MARKS: [bool; 256] = {
    let mut table = [false; 256];
    let wanted = b":#?@$,;%";
    let mut at = 0;
    while at < wanted.len() {
        table[wanted[at] as usize] = true;
        at += 1;
    }
    table
};
