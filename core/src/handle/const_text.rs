//! A text that can be built while compiling, so that a bad default and a bad variable are reported
//! in the same words.

/// More than the longest message; what does not fit is cut, never a panic.
const CAPACITY: usize = 640;

#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    pub(crate) const fn of(text: &str) -> Self {
        Self::new().add(text)
    }

    #[must_use]
    pub(crate) const fn add(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        if self.len + text.len() > CAPACITY {
            return self;
        }
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    /// Adds `%XX` for one byte.
    #[must_use]
    pub(crate) const fn add_escape(self, byte: u8) -> Self {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let pair = [b'%', HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]];
        match str::from_utf8(&pair) {
            Ok(text) => self.add(text),
            Err(_) => self,
        }
    }

    /// Adds one printable ASCII character.
    #[must_use]
    pub(crate) const fn add_ascii(self, byte: u8) -> Self {
        match str::from_utf8(&[byte]) {
            Ok(text) => self.add(text),
            Err(_) => self,
        }
    }

    /// Adds a number in decimal.
    #[must_use]
    pub(crate) const fn add_number(self, number: i128) -> Self {
        let text = if number < 0 { self.add("-") } else { self };
        let (digits, first) = digits(number.unsigned_abs());
        match str::from_utf8(digits.split_at(first).1) {
            Ok(digits) => text.add(digits),
            Err(_) => text,
        }
    }

    pub(crate) const fn as_str(&self) -> &str {
        // Only whole `str`s were added, so this cannot fail.
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

/// A number in decimal, at the end of the array, and where it begins there.
#[allow(clippy::cast_possible_truncation, reason = "a digit is below ten")]
pub(crate) const fn digits(mut number: u128) -> ([u8; 39], usize) {
    let mut digits = [0; 39];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return (digits, first);
        }
    }
}
