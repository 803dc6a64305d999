//! `DB_SSL=true`, `REDIS_TLS_ENABLED=1`, `MAIL_ENCRYPTION=tls`: what names beside a handle say of
//! its TLS.

use crate::spelling::read_bool;

/// The words that a name about TLS is made of.
const TLS: &[&str] = &["TLS", "SSL", "STARTTLS", "SECURE", "OPENSSL"];
const SWITCHES: &[&str] =
    &["USE", "ENABLED", "ENABLE", "REQUIRED", "REQUIRE", "FORCE", "MODE", "AUTO", "KIND"];
const INVERTED: &[&str] = &["DISABLED", "DISABLE", "NO", "SKIP", "IGNORE", "UNSAFE"];
const VERIFYING: &[&str] = &[
    "VERIFY",
    "VERIFICATION",
    "REJECT",
    "UNAUTHORIZED",
    "CHECK",
    "VALIDATE",
    "REQS",
    "CERTS",
    "CERT",
    "PEER",
    "NAME",
    "SERVER",
    "CA",
    "FULL",
    "IDENTITY",
    "HOSTNAME",
];
const TRUSTING: &[&str] = &["INSECURE", "SELFSIGNED", "ALLOW", "ACCEPT", "TRUST"];
/// Of the words above, those that speak of TLS by themselves.
const TELLING: &[&str] = &[
    "TLS",
    "SSL",
    "STARTTLS",
    "SECURE",
    "OPENSSL",
    "VERIFY",
    "VERIFICATION",
    "UNAUTHORIZED",
    "INSECURE",
    "SELFSIGNED",
];

/// What a name says, apart from its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name {
    /// Whether it is about verifying the certificate, not about encrypting.
    pub(super) verifies: bool,
    /// Whether `true` asks for less.
    pub(super) inverted: bool,
}

/// The meaning of a name that is made of such words only, with or without `_`.
pub(super) fn name(word: &str) -> Option<Name> {
    let letters = letters(word);
    if letters == "ENCRYPTION" {
        return Some(Name { verifies: false, inverted: false });
    }
    let words = split(&letters)?;
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    has(TELLING).then(|| Name {
        verifies: has(VERIFYING) || has(TRUSTING),
        inverted: has(INVERTED) || has(TRUSTING),
    })
}

/// A name without the joints between its words.
fn letters(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The words that the letters are made of, if they are made of words.
fn split(letters: &str) -> Option<Vec<&'static str>> {
    if letters.is_empty() {
        return Some(Vec::new());
    }
    // Longer names than any that people use are not taken apart.
    if letters.len() > 40 {
        return None;
    }
    let lists = [TLS, SWITCHES, INVERTED, VERIFYING, TRUSTING];
    for word in lists.into_iter().flatten() {
        if let Some(rest) = letters.strip_prefix(word)
            && let Some(mut words) = split(rest)
        {
            words.push(word);
            return Some(words);
        }
    }
    None
}

/// A name that begins with a word for TLS and is none that is known.
pub(super) fn begins(word: &str) -> bool {
    let first = word.split(['_', '-']).next().unwrap_or_default();
    ["SSL", "TLS", "STARTTLS"].iter().any(|tls| first.eq_ignore_ascii_case(tls))
}

/// `true 1 yes on required` and `false 0 no off disabled`.
pub(super) fn switch(value: &str) -> Option<bool> {
    let value = value.trim();
    if ["required", "require", "enabled", "enable"].iter().any(|it| value.eq_ignore_ascii_case(it))
    {
        return Some(true);
    }
    if ["disabled", "disable"].iter().any(|it| value.eq_ignore_ascii_case(it)) {
        return Some(false);
    }
    read_bool(value)
}

/// `none` and `CERT_NONE` of a name about verification; `required` is a switch.
pub(super) fn verification(value: &str) -> Option<bool> {
    let value = value.trim();
    let value = value.strip_prefix("CERT_").unwrap_or(value);
    match switch(value) {
        None if value.eq_ignore_ascii_case("none") => Some(false),
        None if value.eq_ignore_ascii_case("peer") => Some(true),
        None if value.eq_ignore_ascii_case("optional") => Some(false),
        switch => switch,
    }
}

/// What a name of mail asks for, from the least safe to the safest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mail {
    /// Nothing is said.
    Nothing,
    /// Unencrypted.
    Off,
    /// TLS if the server has it.
    Opportunistic,
    /// STARTTLS, required.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// Names of mail that speak of TLS in some values only.
const BY_VALUE: &[&str] = &["SCHEME", "SECURITY"];
/// Those that `true` does not make TLS from the first byte, though they do not name STARTTLS.
const LATER: &[&str] = &["SECUREENABLED"];

/// What a name and its value ask for; `None` where the name is none of mail's, `Err` where the
/// value is none that is known.
pub(super) fn mail(word: &str, value: &str, port: Option<u16>) -> Option<Result<Mail, ()>> {
    let letters = letters(word);
    let by_value = BY_VALUE.contains(&letters.as_str());
    if !by_value && name(word).is_none_or(|name| name.verifies || name.inverted) {
        return None;
    }
    // `SSL` and `SECURE` are TLS from the first byte; `TLS`, `STARTTLS` and `ENCRYPTION` are
    // STARTTLS.
    let named = letters.contains("TLS") || letters == "ENCRYPTION" || by_value;
    let implicit = !named && !LATER.contains(&letters.as_str());
    let asked = match value.trim().to_ascii_lowercase().as_str() {
        "tls" | "starttls" | "required" => Ok(Mail::StartTls),
        "ssl" | "smtps" | "wrapper" | "force_tls" | "implicit" => Ok(Mail::Implicit),
        "none" => Ok(Mail::Off),
        "null" | "(null)" | "" | "smtp" | "auto" => Ok(Mail::Nothing),
        "opportunistic" => Ok(Mail::Opportunistic),
        // Of `SCHEME` and `SECURITY` any other value is somebody else's.
        _ if by_value => return None,
        value => match switch(value) {
            Some(false) => Ok(Mail::Nothing),
            Some(true) if implicit && !matches!(port, Some(25 | 587 | 2525 | 2587)) => {
                Ok(Mail::Implicit)
            }
            Some(true) => Ok(Mail::StartTls),
            None => Err(()),
        },
    };
    // On this port everybody speaks TLS from the first byte.
    Some(asked.map(|asked| {
        if asked >= Mail::StartTls && port == Some(465) { Mail::Implicit } else { asked }
    }))
}

/// The scheme that a variable such as `DB_SCHEME` names, where it is no word of the grammar.
pub(super) fn is_scheme_name(word: &str) -> bool {
    word.eq_ignore_ascii_case("SCHEME")
}

/// Whether a value of mail's `SCHEME` speaks of TLS, which then is no scheme.
pub(super) fn speaks(value: &str) -> bool {
    matches!(mail("SCHEME", value, None), Some(Ok(said)) if said >= Mail::Off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_about_tls_are_made_of_words_about_tls() {
        let said = |verifies, inverted| Some(Name { verifies, inverted });
        for (word, expected) in [
            ("TLS", said(false, false)),
            ("USE_SSL", said(false, false)),
            ("SSL_ENABLED", said(false, false)),
            ("TLS_DISABLED", said(false, true)),
            ("DISABLE_SSL", said(false, true)),
            ("SSL_VERIFY", said(true, false)),
            ("SSL_REJECT_UNAUTHORIZED", said(true, false)),
            ("INSECURE_SKIP_TLS_VERIFY", said(true, true)),
            ("ALLOW_SELF_SIGNED", said(true, true)),
            ("SSL_CERT_REQS", said(true, false)),
            ("ENCRYPTION", said(false, false)),
            ("OPENSSL_VERIFY_MODE", said(true, false)),
            ("ENCRYPTION_KEY", None),
            ("DUMP_SKIP_SSL", None),
            ("TLS_POLICY", None),
            ("SERVER_NAME", None),
            ("NAME", None),
            ("MODE", None),
            ("CERT", None),
            ("USE", None),
            ("", None),
        ] {
            assert_eq!(name(word), expected, "{word}");
        }
    }

    #[test]
    fn mail_has_a_table_of_its_own() {
        for (word, value, port, expected) in [
            ("ENCRYPTION", "tls", None, Mail::StartTls),
            ("ENCRYPTION", "tls", Some(465), Mail::Implicit),
            ("ENCRYPTION", "ssl", None, Mail::Implicit),
            ("ENCRYPTION", "null", None, Mail::Nothing),
            ("USE_TLS", "True", Some(587), Mail::StartTls),
            ("USE_SSL", "False", None, Mail::Nothing),
            ("SECURE", "true", Some(587), Mail::StartTls),
            ("SECURE", "true", None, Mail::Implicit),
            ("SECURE", "false", None, Mail::Nothing),
            ("TLS", "none", None, Mail::Off),
            ("SCHEME", "smtps", None, Mail::Implicit),
            ("STARTTLS_AUTO", "true", None, Mail::StartTls),
            ("ENABLE_STARTTLS_AUTO", "true", Some(465), Mail::Implicit),
            ("SSL_ENABLED", "true", None, Mail::Implicit),
        ] {
            assert_eq!(mail(word, value, port), Some(Ok(expected)), "{word}={value}");
        }
        assert_eq!(mail("SCHEME", "https", None), None);
        assert_eq!(mail("FROM_NAME", "tls", None), None);
        assert_eq!(mail("USE_TLS", "perhaps", None), Some(Err(())));
    }
}
