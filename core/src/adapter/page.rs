//! A grammar in words: the list at the head of an adapter's page.

use std::fmt::Write as _;

use super::grammar::{Grammar, Scheme, Word};
use super::value::Kind;

/// As wide as a line of a comment may be, without the comment's own marks.
const WIDTH: usize = 94;

impl Grammar {
    /// What a handle may say, as a list in Markdown: schemes, parts and parameters with their other
    /// names, forms and defaults. Of an enum of adapters it has the list of each.
    ///
    /// ```
    /// # use backing_services::{Grammar, Kind, Part, Scheme, Word};
    /// const ROOM: Word = Word::new("room", Part::Param, Kind::Text).meaning("Where to speak.");
    /// const CHAT: Grammar =
    ///     Grammar::new("Chat", &[Scheme::new("chat").port(7070)], "chat://a").words(&[ROOM]);
    /// assert_eq!(CHAT.page(), "- schemes: `chat` (port 7070)\n- `room`: Where to speak.\n");
    /// ```
    pub fn page(&self) -> String {
        let mut page = String::new();
        if !self.all_variants().is_empty() {
            for variant in self.all_variants() {
                let _ = write!(page, "{}:\n\n{}\n", variant.name(), variant.page());
            }
            return page.trim_end().to_owned() + "\n";
        }
        let schemes: Vec<_> = self.schemes().iter().map(scheme).collect();
        item(&mut page, &format!("schemes: {}", schemes.join(", ")));
        for known in self.all_words() {
            item(&mut page, &word(known));
        }
        page
    }
}

fn scheme(scheme: &Scheme) -> String {
    let port = scheme.default_port().map(|port| format!("port {port}"));
    let tls = scheme.is_tls().then(|| "TLS".to_owned());
    let socket = scheme.is_socket().then(|| "a socket".to_owned());
    let says: Vec<_> = [tls, port, socket].into_iter().flatten().collect();
    match says[..] {
        [] => format!("`{}`", scheme.name()),
        _ => format!("`{}` ({})", scheme.name(), says.join(", ")),
    }
}

fn word(word: &Word) -> String {
    use super::grammar::Part;

    let mut text = match word.part() {
        Part::Param => format!("`{}`", word.name()),
        part => part.noun().to_owned(),
    };
    let meaning = word.described().trim_end_matches('.');
    if !meaning.is_empty() {
        let _ = write!(text, ": {meaning}.");
    }
    if let Kind::Words(_) = word.kind() {
        let _ = write!(text, " Either {}.", word.kind().expected());
    }
    if let Some(default) = word.default_value() {
        let _ = write!(text, " By default `{default}`.");
    }
    if word.is_required() {
        text.push_str(" Required.");
    }
    let others: Vec<_> = word.other_names().map(|name| format!("`{name}`")).collect();
    if !others.is_empty() {
        let _ = write!(text, " Also {}.", others.join(", "));
    }
    text
}

/// One item, with its further lines indented.
fn item(page: &mut String, text: &str) {
    let mut line = String::from("-");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            page.push_str(&line);
            page.push('\n');
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(word);
    }
    page.push_str(&line);
    page.push('\n');
}
