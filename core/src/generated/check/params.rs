use super::fail;
use super::own::add_expected;
use crate::adapter::grammar::{About, Grammar, Part, Word};
use crate::adapter::value::{Kind, find_word};
use crate::handle::text::Text;

/// One of the app's own defaults is for a parameter that the adapter has; of an enum, one of its
/// variants.
#[track_caller]
pub const fn check_param_name(adapter: &str, grammar: &Grammar, name: &str) {
    // The type that should have named its schemes has an error of its own.
    if grammar.schemes().is_empty() {
        return;
    }
    let text = Text::of("`").add(adapter).add("` has no parameter `").add(name).add("`");
    let Some(word) = find(grammar, name, None) else {
        fail(&match nearest(grammar, name) {
            Some(near) => {
                text.add("\nhelp: a parameter with a similar name exists: `").add(near).add("`")
            }
            None => add_names(&text.add("\nhelp: its parameters are "), grammar),
        })
    };
    let text = Text::of("`").add(name).add("` is no parameter for an app to choose: ");
    if !matches!(word.part(), Part::Param) {
        let help = "\nhelp: where a resource is and who asks is for the deploy to say";
        fail(&text.add("it is a part of the handle").add(help));
    }
    let is_file = matches!(word.kind(), Kind::File);
    if matches!(word.kind(), Kind::Secret)
        || matches!(word.subject(), About::Credential) && !is_file
    {
        let help = "\nhelp: remove it: what is in the code is in every copy of it";
        fail(&text.add("it holds a credential").add(help));
    }
}

/// The value is one that the parameter takes. A name that is none has been reported.
#[track_caller]
pub const fn check_param_value(grammar: &Grammar, name: &str, value: &str) {
    if let Some(word) = find(grammar, name, Some(value)) {
        if let (About::Tls(tls), Kind::Words(words)) = (word.subject(), word.kind())
            && let (Some(rank), Some(on)) = (find_word(words, value), find_word(words, tls.on))
            && rank < on
        {
            let text = Text::of("with `").add(value).add("` the connection may be unencrypted");
            fail(&text.add("\nhelp: only the deploy can say that, in the handle or beside it"));
        }
        return;
    }
    let Some(word) = find(grammar, name, None) else { return };
    let text = Text::of("`").add(value).add("` is no value of the parameter `").add(word.name());
    fail(&add_word(&text.add("`\nhelp: expected "), word));
}

/// What [`Word::expected`] says, in a constant.
const fn add_word(text: &Text, word: &Word) -> Text {
    match (word.kind(), word.max_value()) {
        (Kind::Integer { min, max }, Some(own)) => {
            let max = match i128::from_str_radix(own, 10) {
                Ok(own) => own,
                Err(_) => max,
            };
            add_expected(text, Kind::Integer { min, max })
        }
        (kind, Some(max)) => add_expected(text, kind).add(", at most `").add(max).add("`"),
        (kind, None) => add_expected(text, kind),
    }
}

/// The word of this name, of a variant's too; with a value, one that takes it.
const fn find(grammar: &Grammar, name: &str, value: Option<&str>) -> Option<&'static Word> {
    let (words, variants) = (grammar.all_words(), grammar.all_variants());
    let mut at = 0;
    while at < words.len() {
        if words[at].is_called(name) {
            match value {
                Some(value) if !words[at].accepts(value) => {}
                _ => return Some(&words[at]),
            }
        }
        at += 1;
    }
    let mut at = 0;
    while at < variants.len() {
        if let Some(word) = find(variants[at], name, value) {
            return Some(word);
        }
        at += 1;
    }
    None
}

/// The name of the parameter that was probably meant.
const fn nearest(grammar: &Grammar, name: &str) -> Option<&'static str> {
    let (words, variants) = (grammar.all_words(), grammar.all_variants());
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        if matches!(word.part(), Part::Param) {
            if is_near(word.name(), name) {
                return Some(word.name());
            }
            let mut other = 0;
            while other < word.listed_names().len() {
                if is_near(word.listed_names()[other], name) {
                    return Some(word.name());
                }
                other += 1;
            }
        }
        at += 1;
    }
    let mut at = 0;
    while at < variants.len() {
        if let Some(near) = nearest(variants[at], name) {
            return Some(near);
        }
        at += 1;
    }
    None
}

/// Adds "`tls`, `timeout`", those of variants too.
const fn add_names(text: &Text, grammar: &Grammar) -> Text {
    let mut text = *text;
    let mut count = 0;
    let (words, variants) = (grammar.all_words(), grammar.all_variants());
    let mut at = 0;
    while at < words.len() {
        if matches!(words[at].part(), Part::Param) {
            let comma = if count > 0 { ", `" } else { "`" };
            text = text.add(comma).add(words[at].name()).add("`");
            count += 1;
        }
        at += 1;
    }
    let mut at = 0;
    while at < variants.len() {
        let comma = if at > 0 { "; of " } else { "of " };
        text = add_names(&text.add(comma).add(variants[at].name()).add(" "), variants[at]);
        at += 1;
    }
    if count == 0 && variants.is_empty() { text.add("none") } else { text }
}

/// The longest name that is compared.
const LONGEST: usize = 32;

/// One letter in three is too many, too few, wrong, or has changed places with its neighbour.
const fn is_near(name: &str, word: &str) -> bool {
    let (a, b) = (Folded::of(name), Folded::of(word));
    if a.len > LONGEST || b.len > LONGEST {
        return false;
    }
    // `rows[i][j]`: from the first `i` letters of `a` to the first `j` of `b`.
    let mut rows = [[0; LONGEST + 1]; LONGEST + 1];
    let mut i = 0;
    while i <= a.len {
        let mut j = 0;
        while j <= b.len {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let differs = a.letters[i - 1] != b.letters[j - 1];
                let mut least = rows[i - 1][j - 1] + if differs { 1 } else { 0 };
                least = min(least, min(rows[i - 1][j], rows[i][j - 1]) + 1);
                let swapped = i > 1
                    && j > 1
                    && a.letters[i - 1] == b.letters[j - 2]
                    && a.letters[i - 2] == b.letters[j - 1];
                if swapped { min(least, rows[i - 2][j - 2] + 1) } else { least }
            };
            j += 1;
        }
        i += 1;
    }
    rows[a.len][b.len] <= a.len / 3
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// A name in lower case, without `-`, `_` and `.`.
struct Folded {
    letters: [u8; LONGEST],
    /// More than there is room for if the name is too long.
    len: usize,
}

impl Folded {
    const fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut folded = Self { letters: [0; LONGEST], len: 0 };
        let mut at = 0;
        while at < bytes.len() {
            if !matches!(bytes[at], b'-' | b'_' | b'.') {
                if folded.len < LONGEST {
                    folded.letters[folded.len] = bytes[at].to_ascii_lowercase();
                }
                folded.len += 1;
            }
            at += 1;
        }
        folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::grammar::{Scheme, TlsWord};

    const WORDS: &[Word] = &[
        Word::new("database", Part::Name, Kind::Text),
        Word::new("max_connections", Part::Param, Kind::Integer { min: 1, max: 65_535 })
            .max("10000"),
        Word::new("timeout", Part::Param, Kind::Duration).max("24h"),
        Word::new("token", Part::Param, Kind::Secret),
        Word::new("ssl-mode", Part::Param, Kind::Words(&[&["disable"], &["require"], &["verify"]]))
            .names(&["tls"])
            .about(About::Tls(TlsWord { off: "disable", on: "require", verified: "verify" })),
    ];
    const CHAT: Grammar =
        Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost").words(WORDS);
    const BLOG: Grammar = Grammar::new("Blog", &[Scheme::new("blog")], "blog://localhost")
        .words(&[Word::new("max_connections", Part::Param, Kind::Bool)]);
    const EITHER: Grammar =
        Grammar::new("Either", &[Scheme::new("chat"), Scheme::new("blog")], "chat://localhost")
            .variants(&[&CHAT, &BLOG]);

    #[test]
    fn what_is_right_passes() {
        for grammar in [&CHAT, &EITHER] {
            for (name, value) in
                [("max_connections", "50"), ("sslMode", "require"), ("tls", "VERIFY")]
            {
                check_param_name("Chat", grammar, name);
                check_param_value(grammar, name, value);
            }
        }
        check_param_value(&EITHER, "max_connections", "true");
    }

    #[test]
    #[should_panic = "`Chat` has no parameter `max_conections`\nhelp: a parameter with a similar name exists: `max_connections`"]
    fn a_slip() {
        check_param_name("Chat", &CHAT, "max_conections");
    }

    #[test]
    #[should_panic = "`Either` has no parameter `pool`\nhelp: its parameters are of Chat `max_connections`, `timeout`, `token`, `ssl-mode`; of Blog `max_connections`"]
    fn another_name() {
        check_param_name("Either", &EITHER, "pool");
    }

    #[test]
    #[should_panic = "`database` is no parameter for an app to choose: it is a part of the handle"]
    fn a_part() {
        check_param_name("Chat", &CHAT, "database");
    }

    #[test]
    #[should_panic = "`token` is no parameter for an app to choose: it holds a credential"]
    fn a_credential() {
        check_param_name("Chat", &CHAT, "token");
    }

    #[test]
    #[should_panic = "`many` is no value of the parameter `max_connections`\nhelp: expected a whole number from 1 to 10000"]
    fn another_value() {
        check_param_value(&CHAT, "max_connections", "many");
    }

    #[test]
    #[should_panic = "`25h` is no value of the parameter `timeout`\nhelp: expected a duration such as `500ms`, `5s`, `2m` or `1h`, above zero, at most `24h`"]
    fn too_much() {
        check_param_value(&CHAT, "timeout", "24h");
        check_param_value(&CHAT, "timeout", "25h");
    }

    #[test]
    #[should_panic = "with `disable` the connection may be unencrypted\nhelp: only the deploy can say that"]
    fn without_tls() {
        check_param_value(&CHAT, "tls", "disable");
    }
}
