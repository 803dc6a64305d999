//! The strict grammar of a handle, checked on the text itself before any parser or driver sees it.
//!
//! Everything here is `const`: the derive checks a `default` with the same code while compiling.
//!
//! ```text
//! handle    = scheme "://" [ username [ ":" password ] "@" ] host [ ":" port ] *( "," host [ ":" port ] )
//!             [ "/" path ] [ "?" key "=" value *( "&" key "=" value ) ]
//!           / embedded ":" [ "//" ] path [ "?" ... ]            embedded = "sqlite" / "file" / "memory"
//! ```

mod bytes;
mod chars;
mod fault;
mod hosts;
mod part;

pub(crate) use self::bytes::Marks;
use self::bytes::{find, find_within, is_space, starts_with, starts_with_word};
use self::chars::check;
pub(crate) use self::fault::Fault;
use self::hosts::check_hosts;
pub(crate) use self::hosts::{parse_port, split_port};
use self::part::tri;
pub(crate) use self::part::{Part, Span};

/// Schemes whose handles need no `//`: the resource is part of this machine.
const EMBEDDED: &[&str] = &["sqlite", "file", "memory"];

/// Where each part of a handle stands in its text, as byte offsets.
#[derive(Clone, Copy)]
pub(crate) struct Spans {
    pub(crate) scheme: Span,
    pub(crate) username: Option<Span>,
    pub(crate) password: Option<Span>,
    pub(crate) hosts: Span,
    pub(crate) path: Span,
    pub(crate) query: Option<Span>,
}

/// The text without the one newline that files end in.
pub(crate) const fn without_final_newline(text: &str) -> &str {
    let bytes = text.as_bytes();
    let end = match bytes {
        [.., b'\r', b'\n'] => bytes.len() - 2,
        [.., b'\n'] => bytes.len() - 1,
        _ => bytes.len(),
    };
    text.split_at(end).0
}

/// Splits a handle into its parts, or names the first rule it breaks.
pub(crate) const fn scan(text: &str) -> Result<Spans, Fault> {
    scan_by(text, &Marks::of(text))
}

/// The same, where the marks are known.
pub(crate) const fn scan_by(text: &str, marks: &Marks) -> Result<Spans, Fault> {
    let bytes = text.as_bytes();
    tri!(check_whole(bytes, marks));
    let scheme = tri!(scan_scheme(bytes, marks.colon));

    let rest = scheme.end + 1;
    let has_slashes = starts_with(bytes, rest, b"//");
    let authority = if has_slashes { rest + 2 } else { rest };
    let has_authority = has_slashes && !is_one_of(bytes.split_at(scheme.end).0, &["sqlite"]);
    if marks.hash < bytes.len() {
        return Err(Fault::Fragment { before_at: find(bytes, marks.hash, b'@') < bytes.len() });
    }
    let path_end = marks.question;
    let authority_end =
        if has_authority { find_within(bytes, authority, path_end, b'/') } else { authority };
    let span = Span { start: authority, end: authority_end };
    let (username, password, hosts) = tri!(scan_authority(bytes, span, marks));

    let path = Span { start: authority_end, end: path_end };
    if hosts.is_empty() {
        // A socket handle names its resource in the path or in a parameter; `memory://` has none.
        let is_embedded = is_one_of(bytes.split_at(scheme.end).0, EMBEDDED);
        if has_authority && !is_embedded && path.is_empty() && path_end + 1 >= bytes.len() {
            return Err(Fault::NoHost);
        }
    } else {
        tri!(check_hosts(bytes, hosts));
    }
    tri!(check(bytes, path, Part::Path));
    let query = if path_end < bytes.len() {
        let query = Span { start: path_end + 1, end: bytes.len() };
        tri!(check(bytes, query, Part::Query));
        Some(query)
    } else {
        None
    };
    Ok(Spans { scheme, username, password, hosts, path, query })
}

/// What does not depend on where it stands.
const fn check_whole(bytes: &[u8], marks: &Marks) -> Result<(), Fault> {
    match bytes {
        [] => Err(Fault::Empty),
        [first, ..] if is_space(*first) => Err(Fault::SurroundingSpace),
        [.., last] if is_space(*last) => Err(Fault::SurroundingSpace),
        [b'"' | b'\'', ..] => Err(Fault::Quotes),
        _ if starts_with_word(bytes, b"jdbc:") => Err(Fault::Jdbc),
        _ => match marks.expansion {
            Some(open) => Err(Fault::Unexpanded { open }),
            None => Ok(()),
        },
    }
}

/// The scheme, followed by `://` or, if embedded, by `:`.
const fn scan_scheme(bytes: &[u8], end: usize) -> Result<Span, Fault> {
    let mut at = 0;
    while at < end {
        let byte = bytes[at];
        let fits = byte.is_ascii_alphabetic()
            || at > 0 && (byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
        if !fits {
            return Err(Fault::NoScheme);
        }
        at += 1;
    }
    if end == 0 || end == bytes.len() {
        return Err(Fault::NoScheme);
    }
    if starts_with(bytes, end + 1, b"//") || is_one_of(bytes.split_at(end).0, EMBEDDED) {
        return Ok(Span { start: 0, end });
    }
    // `h:3306` and `u:p@h` have no scheme at all; `mysql:/h` has lost a slash.
    Err(if starts_with(bytes, end + 1, b"/") { Fault::NoSlashes } else { Fault::NoScheme })
}

const fn is_one_of(scheme: &[u8], schemes: &[&str]) -> bool {
    let mut at = 0;
    while at < schemes.len() {
        if scheme.eq_ignore_ascii_case(schemes[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

type Authority = (Option<Span>, Option<Span>, Span);

/// Splits `username:password@hosts`. An `@` further behind shows that a delimiter is not escaped.
const fn scan_authority(bytes: &[u8], span: Span, marks: &Marks) -> Result<Authority, Fault> {
    let at = marks.at;
    if at == bytes.len() {
        return Ok((None, None, span));
    }
    if at >= span.end {
        // Either the password holds the delimiter or the `@` stands behind the host.
        return Err(if span.is_empty() {
            Fault::AtAfterHost { part: if at < marks.question { Part::Path } else { Part::Query } }
        } else {
            Fault::DelimiterBeforeAt { byte: bytes[span.end] }
        });
    }
    let second = marks.second_at;
    if second < span.end {
        return Err(Fault::SecondAt);
    }
    if second < bytes.len() {
        return Err(Fault::AtAfterHost {
            part: if second < marks.question { Part::Path } else { Part::Query },
        });
    }
    let colon = find_within(bytes, span.start, at, b':');
    let has_password = colon < at;
    let username = Span { start: span.start, end: colon };
    tri!(check(bytes, username, Part::Username));
    let password = if has_password {
        let password = Span { start: colon + 1, end: at };
        tri!(check(bytes, password, Part::Password));
        Some(password)
    } else {
        None
    };
    Ok((Some(username), password, Span { start: at + 1, end: span.end }))
}
