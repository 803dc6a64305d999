use super::fail;
use crate::adapter::grammar::{Grammar, Scheme};
use crate::handle::const_text::Text;
use crate::handle::grammar;

/// The `default` of a service parses and has one of the adapter's schemes.
#[track_caller]
pub const fn check_default(adapter: &str, grammar: &Grammar, handle: &str) {
    let subject = Text::of("the default of `").add(adapter).add("`");
    check_handle(&subject, grammar.schemes(), grammar.example(), handle);
}

#[track_caller]
pub(super) const fn check_handle(subject: &Text, schemes: &[Scheme], example: &str, handle: &str) {
    match grammar::scan(handle) {
        Ok(spans) => {
            let scheme = handle.split_at(spans.scheme.end).0;
            if !is_one_of(scheme, schemes) {
                fail(&refused_scheme(subject, scheme, schemes));
            }
        }
        Err(fault) => {
            let help = fault.help();
            let text = subject.add(" is no handle: ").add(fault.message().as_str()).add("\nhelp: ");
            fail(&if help.as_str().is_empty() {
                text.add("write one such as `").add(example).add("`")
            } else {
                text.add(help.as_str())
            });
        }
    }
}

/// "... has scheme `postgres`, expected `mysql://` or `mariadb://`".
pub(super) const fn refused_scheme(subject: &Text, scheme: &str, schemes: &[Scheme]) -> Text {
    add_schemes(&subject.add(" has scheme `").add(scheme).add("`, expected "), schemes)
}

/// Adds "`mysql://`, `mariadb://` or `mysql2://`".
pub(super) const fn add_schemes(text: &Text, schemes: &[Scheme]) -> Text {
    let mut text = *text;
    let mut at = 0;
    while at < schemes.len() {
        text = text.add(match at {
            0 => "`",
            _ if at + 1 == schemes.len() => "://` or `",
            _ => "://`, `",
        });
        text = text.add(schemes[at].name());
        at += 1;
    }
    if at > 0 { text.add("://`") } else { text }
}

pub(super) const fn is_one_of(scheme: &str, schemes: &[Scheme]) -> bool {
    // The type that should have named them has an error of its own.
    if schemes.is_empty() {
        return true;
    }
    let mut at = 0;
    while at < schemes.len() {
        if scheme.eq_ignore_ascii_case(schemes[at].name()) {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const MYSQL: Grammar = Grammar::new(
        "MySQL",
        &[Scheme::new("mysql"), Scheme::new("mariadb")],
        "mysql://user:password@localhost/app",
    );

    #[test]
    fn good_defaults_pass() {
        check_default("MySql", &MYSQL, "mysql://localhost/app");
        check_default("MySql", &MYSQL, "MariaDB://localhost/app");
    }

    #[test]
    #[should_panic = "the default of `MySql` has scheme `postgres`, expected `mysql://` or `mariadb://`"]
    fn a_wrong_scheme() {
        check_default("MySql", &MYSQL, "postgres://localhost/app");
    }

    #[test]
    #[should_panic = "the default of `MySql` is no handle: the handle has no `scheme://`\nhelp: write one such as `mysql://user"]
    fn no_scheme() {
        check_default("MySql", &MYSQL, "localhost:3306");
    }
}
