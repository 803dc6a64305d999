use super::default::check_handle;
use super::fail;
use crate::handle::params::{DURATION, parse_duration};
use crate::handle::text::Text;

/// The `example` of an adapter parses and has one of its schemes.
#[track_caller]
pub const fn check_own_example(adapter: &str, schemes: &[&str], example: &str) {
    let [scheme, ..] = schemes else { return };
    let form = Text::of(scheme).add("://localhost");
    let subject = Text::of("the example of `").add(adapter).add("`");
    check_handle(&subject, schemes, form.as_str(), example);
}

/// The `default` of a parameter is a duration.
#[track_caller]
pub const fn check_duration(param: &str, default: &str) {
    if parse_duration(default).is_none() {
        let text = Text::of("the default of the parameter `").add(param).add("` is wrong");
        fail(&text.add("\nhelp: expected ").add(DURATION));
    }
}

/// No scheme of a variant is one of an earlier variant's.
#[track_caller]
pub const fn check_variant(adapter: &str, names: &[&str], schemes: &[&[&str]], index: usize) {
    let mut earlier = 0;
    while earlier < index {
        let mut at = 0;
        while at < schemes[index].len() {
            let scheme = schemes[index][at];
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

const fn contains(schemes: &[&str], scheme: &str) -> bool {
    let mut at = 0;
    while at < schemes.len() {
        if schemes[at].eq_ignore_ascii_case(scheme) {
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
        check_own_example("Chat", &["chat"], "chat://token@chat.example");
        check_duration("connect_timeout", "5s");
        check_variant("Alerts", &["A", "B"], &[&["a"], &["b", "c"]], 1);
    }

    #[test]
    #[should_panic = "the example of `Chat` has scheme `smtp`, expected `chat://`"]
    fn an_example_of_another() {
        check_own_example("Chat", &["chat"], "smtp://chat.example");
    }

    #[test]
    #[should_panic = "the scheme `c` has two variants: `Alerts::A` and `Alerts::B`"]
    fn a_scheme_that_is_taken() {
        check_variant("Alerts", &["A", "B"], &[&["a", "c"], &["b", "c"]], 1);
    }
}
