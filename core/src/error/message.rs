use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// How much is shown of what a driver or a server said, in characters.
const SHOWN: usize = 200;

/// A text for people that knows which parts of it somebody else wrote: secrets are masked in those
/// alone. Masked in this crate's or an app's fixed words, a password such as `refused` would be
/// told by the hole in "connection refused".
///
/// A literal is trusted; every other text may repeat what a driver or a server said.
#[derive(Clone, Default)]
pub struct Message {
    text: String,
    /// The parts of `text` that somebody else wrote, in order.
    said: Vec<Range<usize>>,
}

#[allow(dead_code, reason = "each adapter uses some of it")]
impl Message {
    /// Words of this crate. What is formatted into them must be fixed as well: a number, a code, a
    /// word from a list.
    pub(crate) fn ours(words: fmt::Arguments<'_>) -> Self {
        Self { text: words.to_string(), said: Vec::new() }
    }

    /// Adds what a driver, a server or the handle says.
    #[must_use]
    pub(crate) fn said(mut self, foreign: &str) -> Self {
        let start = self.text.len();
        self.text.push_str(foreign);
        self.said.push(start..self.text.len());
        self
    }

    /// Adds words of this crate, as [`ours`](Self::ours).
    #[must_use]
    pub(crate) fn then(mut self, words: fmt::Arguments<'_>) -> Self {
        self.text.push_str(&words.to_string());
        self
    }

    /// Adds another message.
    #[must_use]
    pub(crate) fn with(mut self, other: &Self) -> Self {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.said.extend(other.said.iter().map(|said| start + said.start..start + said.end));
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Masks what somebody else wrote, and only that.
    #[must_use]
    pub(crate) fn masked(&self, mask: impl Fn(&str) -> String) -> Self {
        self.masked_by(&mask)
    }

    fn masked_by(&self, mask: &dyn Fn(&str) -> String) -> Self {
        let mut masked = Self::default();
        let mut end = 0;
        for said in &self.said {
            masked.text.push_str(&self.text[end..said.start]);
            masked = masked.said(&mask(&self.text[said.clone()]));
            end = said.end;
        }
        masked.text.push_str(&self.text[end..]);
        masked
    }

    /// Bounds what somebody else wrote: to one line of printable characters. Masking comes first,
    /// because what is left of a secret that was cut in two is no longer recognised.
    #[must_use]
    pub(crate) fn shortened(&self) -> Self {
        self.masked(shorten)
    }
}

fn shorten(said: &str) -> String {
    let mut shown = String::new();
    for (count, character) in said.trim().chars().enumerate() {
        if count == SHOWN {
            shown.push_str("...");
            break;
        }
        shown.push(if is_printable(character) { character } else { ' ' });
    }
    shown
}

/// No control character, and none that is invisible or turns the direction of a line.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl From<&'static str> for Message {
    fn from(literal: &'static str) -> Self {
        Self { text: literal.to_owned(), said: Vec::new() }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::default().said(&text)
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::default().said(text)
    }
}

impl From<Box<str>> for Message {
    fn from(text: Box<str>) -> Self {
        Self::default().said(&text)
    }
}

impl From<Cow<'_, str>> for Message {
    fn from(text: Cow<'_, str>) -> Self {
        Self::default().said(&text)
    }
}

/// The same words say the same, whoever wrote them.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Message {}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
