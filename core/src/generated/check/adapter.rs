use super::default::check_handle;
use super::fail;
use crate::adapter::grammar::{Part, Scheme, Word};
use crate::adapter::value::{Kind, find_word};
use crate::handle::const_text::Text;

/// The `example` of an adapter parses and has one of its schemes.
#[track_caller]
pub const fn check_own_example(adapter: &str, schemes: &[Scheme], example: &str) {
    let [scheme, ..] = schemes else { return };
    let form = Text::of(scheme.name()).add("://localhost");
    let subject = Text::of("the example of `").add(adapter).add("`");
    check_handle(&subject, schemes, form.as_str(), example);
}

/// The `default` of a parameter has the form of its type, and is not above the greatest value.
#[track_caller]
pub const fn check_parameter(
    name: &'static str,
    kind: Kind,
    max: Option<&'static str>,
    default: &str,
) {
    let word = Word::new(name, Part::Param, kind);
    let word = if let Some(max) = max { word.max(max) } else { word };
    if !word.accepts(default) {
        let text = Text::of("the default of the parameter `").add(name).add("` is wrong");
        fail(&add_expected(&text.add("\nhelp: expected "), kind));
    }
}

/// What [`Kind::expected`] says, in a constant.
pub(super) const fn add_expected(text: &Text, kind: Kind) -> Text {
    match kind {
        Kind::Text | Kind::Secret => text.add("text"),
        Kind::File => text.add("the path of a file"),
        Kind::Bool => text.add("`true` or `false`"),
        Kind::Char => text.add("one character"),
        Kind::Integer { min, max } => {
            text.add("a whole number from ").add_number(min).add(" to ").add_number(max)
        }
        Kind::Float => text.add("a number"),
        Kind::Duration => text.add(crate::spelling::DURATION),
        Kind::Other(expected) => text.add(expected),
        Kind::Words(words) => {
            let mut text = *text;
            let mut at = 0;
            while at < words.len() {
                if at > 0 {
                    text = text.add(if at + 1 == words.len() { " or " } else { ", " });
                }
                if let [first, ..] = words[at] {
                    text = text.add("`").add(first).add("`");
                }
                at += 1;
            }
            text
        }
    }
}

/// The place of a word among those of an enum. Every default, and nearly every other, is written
/// as it stands there.
pub fn word_index(words: &[&[&str]], text: &str) -> Option<usize> {
    words.iter().position(|same| same.contains(&text)).or_else(|| find_word(words, text))
}

/// No scheme of a variant is one of an earlier variant's.
#[track_caller]
pub const fn check_variant(adapter: &str, names: &[&str], schemes: &[&[Scheme]], index: usize) {
    let mut earlier = 0;
    while earlier < index {
        let mut at = 0;
        while at < schemes[index].len() {
            let scheme = schemes[index][at].name();
            if contains(schemes[earlier], scheme) {
                let text = Text::of("the scheme `").add(scheme).add("` has two variants: `");
                let text = text.add(adapter).add("::").add(names[earlier]).add("` and `");
                let text = text.add(adapter).add("::").add(names[index]).add("`");
                fail(&text.add("\nhelp: the scheme chooses the variant: remove one of the two"));
            }
            at += 1;
        }
        earlier += 1;
    }
}

const fn contains(schemes: &[Scheme], scheme: &str) -> bool {
    let mut at = 0;
    while at < schemes.len() {
        if schemes[at].name().eq_ignore_ascii_case(scheme) {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_passes() {
        check_own_example("Chat", &[Scheme::new("chat")], "chat://token@chat.example");
        check_parameter("connect_timeout", Kind::Duration, Some("5s"), "5s");
        let (a, b) = ([Scheme::new("a")], [Scheme::new("b"), Scheme::new("c")]);
        check_variant("Alerts", &["A", "B"], &[&a, &b], 1);
    }

    #[test]
    #[should_panic = "the default of the parameter `retries` is wrong\nhelp: expected a whole number from 0 to 255"]
    fn a_default_of_another_form() {
        check_parameter("retries", Kind::of::<u8>(), None, "many");
    }

    #[test]
    #[should_panic = "the default of the parameter `retries` is wrong"]
    fn a_default_above_the_greatest() {
        check_parameter("retries", Kind::of::<u8>(), Some("9"), "10");
    }

    #[test]
    #[should_panic = "the example of `Chat` has scheme `smtp`, expected `chat://`"]
    fn an_example_of_another() {
        check_own_example("Chat", &[Scheme::new("chat")], "smtp://chat.example");
    }

    #[test]
    #[should_panic = "the scheme `c` has two variants: `Alerts::A` and `Alerts::B`"]
    fn a_scheme_that_is_taken() {
        let (a, b) = ([Scheme::new("a"), Scheme::new("c")], [Scheme::new("b"), Scheme::new("c")]);
        check_variant("Alerts", &["A", "B"], &[&a, &b], 1);
    }
}
