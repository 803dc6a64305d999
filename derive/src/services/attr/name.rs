//! Names of variables: what an environment can hold, and how a field's name becomes one.

use syn::{Ident, LitStr};

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

/// Variables that a machine, a shell or a session sets for every process: a setting of the same
/// name would read theirs where the deploy sets none.
const MACHINE: &[&str] = &[
    "COMPUTERNAME",
    "DISPLAY",
    "EDITOR",
    "HOME",
    "HOSTNAME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "MAIL",
    "OLDPWD",
    "OS",
    "PAGER",
    "PATH",
    "PWD",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERNAME",
    "USERPROFILE",
    "VISUAL",
];

/// A setting that would read a variable of the machine's without saying so.
pub(crate) fn refuse_machine(errors: &Errors, field: &Ident, variable: &str) {
    if MACHINE.contains(&variable) {
        let message = format!("`{variable}` is a variable of the machine's own");
        let help = format!(
            "name another, such as `#[setting(env = \"APP_{variable}\")]`, or write \
             `env = \"{variable}\"` if that is meant"
        );
        errors.on(field, message, &help);
    }
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
