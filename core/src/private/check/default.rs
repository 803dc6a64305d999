use super::fail;
use crate::handle::grammar;
use crate::handle::text::Text;

/// The `default` of a service parses and has one of the adapter's schemes.
#[track_caller]
pub const fn check_default(adapter: &str, schemes: &[&str], example: &str, handle: &str) {
    check_handle(&Text::of("the default of `").add(adapter).add("`"), schemes, example, handle);
}

#[track_caller]
pub(super) const fn check_handle(subject: &Text, schemes: &[&str], example: &str, handle: &str) {
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
pub(super) const fn refused_scheme(subject: &Text, scheme: &str, schemes: &[&str]) -> Text {
    subject.add(" has scheme `").add(scheme).add("`, expected ").add_list(schemes, "://")
}

pub(super) const fn is_one_of(scheme: &str, schemes: &[&str]) -> bool {
    // The type that should have named them has an error of its own.
    if schemes.is_empty() {
        return true;
    }
    let mut at = 0;
    while at < schemes.len() {
        if scheme.eq_ignore_ascii_case(schemes[at]) {
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
    fn good_defaults_pass() {
        check_default("MySql", &["mysql", "mariadb"], "", "mysql://localhost/app");
        check_default("MySql", &["mysql", "mariadb"], "", "MariaDB://localhost/app");
    }

    #[test]
    #[should_panic = "the default of `MySql` has scheme `postgres`, expected `mysql://` or `mariadb://`"]
    fn a_wrong_scheme() {
        check_default("MySql", &["mysql", "mariadb"], "", "postgres://localhost/app");
    }

    #[test]
    #[should_panic = "the default of `MySql` is no handle: the handle has no `scheme://`\nhelp: write one such as `mysql://x`"]
    fn no_scheme() {
        check_default("MySql", &["mysql"], "mysql://x", "localhost:3306");
    }
}
