//! What rustls says, in words: its own texts show the names of its types. They are read as texts,
//! because each driver wraps them in its own way, and a core without TLS has no rustls.

use super::Message;

/// What a text of rustls means and what may mend it, if it is one.
pub(super) fn in_words(text: &str) -> Option<(Message, &'static str)> {
    if let Some(reason) = text.strip_prefix("invalid peer certificate: ") {
        let (reason, help) = certificate(reason);
        return Some((
            Message::from("the server's certificate does not verify: ").with(&reason),
            help,
        ));
    }
    if let Some(alert) = text.strip_prefix("received fatal alert: ") {
        return Some(self::alert(alert));
    }
    if let Some(why) = text.strip_prefix("peer is incompatible: ") {
        let cause = Message::from("the two sides do not agree on TLS: ");
        return Some(match why {
            "ServerDoesNotSupportTls12Or13" => {
                (cause.with(&"the server is too old".into()), VERSIONS)
            }
            why => (cause.said(&plain(why)), ""),
        });
    }
    let broken = Message::from("the server does not keep to TLS: ");
    if let Some(why) = text.strip_prefix("peer misbehaved: ") {
        return Some((broken.said(&plain(why)), ""));
    }
    let unexpected =
        ["received unexpected message: got", "received unexpected handshake message: got"];
    if unexpected.iter().any(|begin| text.starts_with(begin)) {
        return Some((broken.said(&plain(text)), ""));
    }
    if text == "peer sent no certificates" {
        return Some(("the server sent no certificate".into(), ""));
    }
    if text.starts_with("keys may not be consistent") {
        return Some((
            "the client certificate and its private key do not belong together".into(),
            "name the key that the certificate was made with",
        ));
    }
    None
}

/// What to say of a server that lets in clients alone that have a certificate.
pub(crate) const CLIENT_CERTIFICATE: &str = "the server asks for a client certificate";

const VERSIONS: &str = "it has to speak TLS 1.2 or 1.3";

/// Why a certificate does not verify.
fn certificate(reason: &str) -> (Message, &'static str) {
    let (cause, help) = if reason.contains("CaUsedAsEndEntity") {
        (
            "it is made for a CA, as `openssl req -x509` does by default",
            "make one for a server: `openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem \
             -out cert.pem -days 365 -subj /CN=HOST -addext subjectAltName=DNS:HOST -addext \
             basicConstraints=critical,CA:FALSE`, and name `cert.pem` as the CA certificate",
        )
    } else if reason == "UnknownIssuer" {
        ("the CA that signed it is not trusted", "name the certificate of that CA in the handle")
    } else if reason.starts_with("NotValidForName") {
        ("it is made for another host", OTHER_HOST)
    } else if let Some(names) = reason.strip_prefix("certificate not valid for name ") {
        // "localhost"; certificate is only valid for DnsName("other.example")
        let names = plain(names).replace("; certificate is ", ", ");
        return (Message::from("it is not valid for ").said(&names), OTHER_HOST);
    } else if reason == "Expired" || reason.starts_with("certificate expired") {
        ("it has expired", "the server needs a new certificate")
    } else if reason.starts_with("NotValidYet") || reason.starts_with("certificate not valid yet") {
        ("it is not valid yet", "is the clock of this machine right?")
    } else if reason == "Revoked" {
        ("its CA has revoked it", "the server needs a new certificate")
    } else {
        return (Message::default().said(&plain(reason)), "");
    };
    (cause.into(), help)
}

const OTHER_HOST: &str = "use the host name that the certificate was made for";

/// What the server says as it ends TLS: <https://www.rfc-editor.org/rfc/rfc8446#section-6.2>.
fn alert(alert: &str) -> (Message, &'static str) {
    match alert {
        "CertificateRequired" => (
            CLIENT_CERTIFICATE.into(),
            "name one and its key in the handle, if the table of the adapter has words for them",
        ),
        // Some say this also of a client that sent none.
        "NoCertificate"
        | "BadCertificate"
        | "UnsupportedCertificate"
        | "CertificateRevoked"
        | "CertificateExpired"
        | "CertificateUnknown"
        | "UnknownCA"
        | "AccessDenied" => (
            Message::from("the server asks for a client certificate that it trusts: ")
                .said(&plain(alert)),
            "name one, and its key, that a CA has signed which the server trusts",
        ),
        "HandshakeFailure" | "InsufficientSecurity" => (
            "the server takes no cipher of the client's, or asks for a client certificate".into(),
            "the server's log says which",
        ),
        "ProtocolVersion" => ("the server takes no version of TLS that is secure".into(), VERSIONS),
        "UnrecognisedName" => {
            ("the server has no certificate for this host name".into(), "use a name that it has")
        }
        alert => (Message::from("the server ended TLS: ").said(&plain(alert)), ""),
    }
}

/// The words of what is named by types, without the types that enclose others: of
/// `Other(OtherError(BadDer))` it is "bad der", and of `DnsName("a.example")` it is "`a.example`".
fn plain(text: &str) -> String {
    let mut words = String::new();
    let (mut name, mut quoted) = (String::new(), false);
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() && !quoted {
            name.push(character);
            continue;
        }
        if character != '(' {
            push_words(&mut words, &name);
        }
        name.clear();
        match character {
            '(' | ')' | '{' | '}' if !quoted => {}
            '"' => {
                quoted = !quoted;
                words.push('`');
            }
            _ => words.push(character),
        }
    }
    words.trim_end().to_owned()
}

/// `UnknownCA` is "unknown ca".
fn push_words(words: &mut String, name: &str) {
    let mut last = '_';
    for character in name.chars() {
        if character.is_uppercase() && last.is_lowercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
        last = character;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        in_words(text).unwrap_or_else(|| panic!("{text}")).0.as_str().to_owned()
    }

    #[test]
    fn why_a_certificate_does_not_verify() {
        for (reason, words) in [
            ("UnknownIssuer", "the CA that signed it is not trusted"),
            (
                "certificate not valid for name \"localhost\"; certificate is only valid for \
                 DnsName(\"a.example\"), IpAddress(10.0.0.1) or DnsName(\"*.b.example\")",
                "it is not valid for `localhost`, only valid for `a.example`, 10.0.0.1 or \
                 `*.b.example`",
            ),
            (
                "certificate not valid for name \"Localhost\"; certificate is not valid for any \
                 names (according to its subjectAltName extension)",
                "it is not valid for `Localhost`, not valid for any names according to its subject \
                 alt name extension",
            ),
            (
                "certificate expired: verification time 1764160000 (UNIX), but certificate is not \
                 valid after 1764150000 (10000 seconds ago)",
                "it has expired",
            ),
            ("NotValidYet", "it is not valid yet"),
            ("BadEncoding", "bad encoding"),
            ("Other(OtherError(UnsupportedCertVersion))", "unsupported cert version"),
        ] {
            let words = format!("the server's certificate does not verify: {words}");
            assert_eq!(shown(&format!("invalid peer certificate: {reason}")), words);
        }
    }

    #[test]
    fn what_ends_a_handshake() {
        for (text, words) in [
            (
                "received fatal alert: CertificateRequired",
                "the server asks for a client certificate",
            ),
            (
                "received fatal alert: UnknownCA",
                "the server asks for a client certificate that it trusts: unknown ca",
            ),
            ("received fatal alert: InternalError", "the server ended TLS: internal error"),
            ("received fatal alert: Unknown(200)", "the server ended TLS: 200"),
            (
                "peer is incompatible: NoCipherSuitesInCommon",
                "the two sides do not agree on TLS: no cipher suites in common",
            ),
            (
                "peer misbehaved: SelectedUnofferedKxGroup",
                "the server does not keep to TLS: selected unoffered kx group",
            ),
            (
                "received unexpected message: got ApplicationData when expecting Handshake",
                "the server does not keep to TLS: received unexpected message: got application \
                 data when expecting handshake",
            ),
        ] {
            assert_eq!(shown(text), words);
        }
        assert!(in_words("it rains").is_none());
    }

    /// Whatever number the server sends.
    #[cfg(feature = "_tls")]
    #[test]
    fn every_alert_is_in_words() {
        for number in 0..=u8::MAX {
            let alert = rustls::Error::AlertReceived(number.into());
            let shown = shown(&alert.to_string());
            let mut pairs = shown.chars().zip(shown.chars().skip(1));
            assert!(
                !pairs.any(|(a, b)| a.is_lowercase() && (b.is_uppercase() || b == '(')),
                "{shown}"
            );
        }
    }
}
