//! Names of variables: what an environment can hold, and how a field's name becomes one.

use syn::LitStr;

use crate::errors::Errors;

/// A whole name, as `env` and `alias` give it.
pub(crate) fn variable(errors: &Errors, text: &LitStr) -> String {
    let name = text.value();
    if name.is_empty() {
        errors.on(text, "a variable name cannot be empty", "name one, such as `DATABASE_URL`");
    } else {
        check(errors, text, &name, "variable name");
    }
    name
}

/// The beginning of a name. Empty is allowed: then nothing goes before it.
pub(crate) fn prefix(errors: &Errors, text: &LitStr) -> String {
    let name = text.value();
    check(errors, text, &name, "prefix");
    name
}

fn check(errors: &Errors, text: &LitStr, name: &str, what: &str) {
    let held = match name.chars().find(|c| *c == '=' || c.is_whitespace() || c.is_control()) {
        None => return,
        Some('=') => "a `=`",
        Some('\0') => "a NUL",
        Some(' ') => "a space",
        Some(c) if c.is_whitespace() => "white space",
        Some(_) => "a control character",
    };
    errors.on(text, format!("a {what} cannot hold {held}"), "use letters, digits and `_`");
}

/// `DB_URL` for `db`, `DATABASE_URL` for `database_url`.
pub(crate) fn of_service(field: &str) -> String {
    let mut name = field.to_uppercase();
    if !name.ends_with("URL") {
        name.push_str("_URL");
    }
    name
}

/// `PORT` for `port`.
pub(crate) fn of_setting(field: &str) -> String {
    field.to_uppercase()
}

/// `REPORTS_` for `reports`.
pub(crate) fn of_nested(field: &str) -> String {
    format!("{}_", field.to_uppercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn derived_names() {
        assert_eq!(super::of_service("db"), "DB_URL");
        assert_eq!(super::of_service("database_url"), "DATABASE_URL");
        assert_eq!(super::of_service("url"), "URL");
        assert_eq!(super::of_setting("port"), "PORT");
        assert_eq!(super::of_nested("reports"), "REPORTS_");
    }
}
