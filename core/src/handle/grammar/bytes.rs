//! Searching bytes while compiling, where iterators are not to be had.

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
pub(super) const fn find(bytes: &[u8], mut at: usize, wanted: u8) -> usize {
    while at < bytes.len() && bytes[at] != wanted {
        at += 1;
    }
    at
}

/// The first position from `at` that holds one of `wanted`, or the length.
pub(super) const fn find_any(bytes: &[u8], mut at: usize, wanted: &[u8]) -> usize {
    while at < bytes.len() {
        let mut one = 0;
        while one < wanted.len() {
            if bytes[at] == wanted[one] {
                return at;
            }
            one += 1;
        }
        at += 1;
    }
    at
}

/// The first `${` or `$(`, in the form in which a message shows it.
pub(super) const fn find_expansion(bytes: &[u8]) -> Option<&'static str> {
    let mut at = find(bytes, 0, b'$');
    while at + 1 < bytes.len() {
        match bytes[at + 1] {
            b'{' => return Some("${...}"),
            b'(' => return Some("$(...)"),
            _ => at = find(bytes, at + 1, b'$'),
        }
    }
    None
}
