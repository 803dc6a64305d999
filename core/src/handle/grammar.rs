//! The strict grammar of a handle, checked on the text itself before any parser or driver sees it.
//!
//! Everything here is `const`: the derive checks a `default` with the same code while compiling.
//!
//! ```text
//! handle    = scheme "://" [ username [ ":" password ] "@" ] host [ ":" port ] *( "," host [ ":" port ] )
//!             [ "/" path ] [ "?" key "=" value *( "&" key "=" value ) ]
//!           / embedded ":" path [ "?" ... ]                     embedded = "sqlite" / "file" / "memory"
//! ```

use super::text::Text;

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

#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A part of a handle, as named in messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Username,
    Password,
    Host,
    Path,
    Query,
}

impl Part {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Username => "user name",
            Self::Password => "password",
            Self::Host => "host",
            Self::Path => "path",
            Self::Query => "parameters",
        }
    }
}

/// The one rule that a text breaks. It holds no text of the handle but the offending byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    Empty,
    SurroundingSpace,
    Unexpanded { open: &'static str },
    NoScheme,
    NoSlashes,
    Fragment { before_at: bool },
    DelimiterBeforeAt { byte: u8 },
    SecondAt,
    AtAfterHost { part: Part },
    Character { part: Part, byte: u8 },
    Percent { part: Part },
    NotUtf8 { part: Part },
    NoHost,
    EmptyHost,
    BareIpv6,
    Host,
    Port,
    Parameter,
    RepeatedParameter,
}

impl Fault {
    /// What is wrong.
    pub(crate) const fn message(self) -> Text {
        match self {
            Self::Empty => Text::of("the handle is empty"),
            Self::SurroundingSpace => Text::of("white space stands before or after the handle"),
            Self::Unexpanded { open } => {
                Text::of("an unexpanded `").add(open).add("` stands in the handle")
            }
            Self::NoScheme => Text::of("the handle has no `scheme://`"),
            Self::NoSlashes => Text::of("the scheme is not followed by `://`"),
            Self::Fragment { before_at: true } => Text::of("a `#` stands before the `@`"),
            Self::Fragment { before_at: false } => Text::of("a `#` stands in the handle"),
            Self::DelimiterBeforeAt { byte } => {
                Text::of("a `").add_ascii(byte).add("` stands before the `@`")
            }
            Self::SecondAt => Text::of("more than one `@` stands before the host"),
            Self::AtAfterHost { part } => Text::of("an `@` stands in the ").add(part.name()),
            Self::Character { part, byte } => {
                name_byte(Text::new(), byte).add(" stands in the ").add(part.name())
            }
            Self::Percent { part } => Text::of("a `%` without two hex digits stands in the ").add(part.name()),
            Self::NotUtf8 { part } => Text::of("the percent-encoded ").add(part.name()).add(" is not UTF-8"),
            Self::NoHost => Text::of("the handle has no host"),
            Self::EmptyHost => Text::of("a host in the handle is empty"),
            Self::BareIpv6 => Text::of("the host has more than one `:`"),
            Self::Host => Text::of("the host is not a valid name or address"),
            Self::Port => Text::of("the port is not a number from 1 to 65535"),
            Self::Parameter => Text::of("a parameter is not of the form `name=value`"),
            Self::RepeatedParameter => Text::of("the same parameter is given twice"),
        }
    }

    /// What would be right; empty where an example says it best.
    pub(crate) const fn help(self) -> Text {
        match self {
            Self::Empty | Self::NoScheme | Self::NoSlashes | Self::NoHost => Text::new(),
            Self::SurroundingSpace => Text::of("remove it; only one newline at the very end is allowed"),
            Self::Unexpanded { .. } => {
                Text::of("let the shell or the platform expand it, or write `%24` for a literal `$`")
            }
            Self::Fragment { before_at: true } => Text::of("in a user name or password write it `%23`"),
            Self::Fragment { before_at: false } => Text::of("a handle has no fragment: write it `%23`"),
            Self::DelimiterBeforeAt { byte } => Text::of("in a user name or password write it `")
                .add_escape(byte)
                .add("`; an `@` after the host is written `%40`"),
            Self::SecondAt => Text::of("in a user name or password write it `%40`"),
            Self::AtAfterHost { .. } => Text::of("write it `%40`; a bare `@` stands only before the host"),
            Self::Character { part, byte } => match byte {
                0x80.. => Text::of("percent-encode each byte of its UTF-8 form"),
                b'+' => Text::of("write `%20` for a space or `%2B` for a plus sign"),
                _ if matches!(part, Part::Host) => Text::of("remove it"),
                _ => Text::of("write it `").add_escape(byte).add("`"),
            },
            Self::Percent { .. } => Text::of("write a literal `%` as `%25`"),
            Self::NotUtf8 { .. } => Text::of("percent-encode the bytes of its UTF-8 form"),
            Self::EmptyHost => Text::of("write hosts as `a:1,b:2`, without an empty one"),
            Self::BareIpv6 => Text::of("write an IPv6 address in brackets: `[::1]`"),
            Self::Host => Text::of("use a DNS name, an IPv4 address or an IPv6 address in brackets"),
            Self::Port => Text::of("write a port from 1 to 65535 after the `:`, or leave both out"),
            Self::Parameter => Text::of("write parameters as `?name=value&other=value`"),
            Self::RepeatedParameter => Text::of("keep one of the two"),
        }
    }
}

const fn name_byte(text: Text, byte: u8) -> Text {
    match byte {
        b'\n' => text.add("a newline"),
        b'\r' => text.add("a carriage return"),
        b'\t' => text.add("a tab"),
        b' ' => text.add("a space"),
        0..=0x1f | 0x7f => text.add("a control character"),
        0x80.. => text.add("a character outside ASCII"),
        _ => text.add("an unescaped `").add_ascii(byte).add("`"),
    }
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
    let bytes = text.as_bytes();
    let len = bytes.len();
    if len == 0 {
        return Err(Fault::Empty);
    }
    if is_space(bytes[0]) || is_space(bytes[len - 1]) {
        return Err(Fault::SurroundingSpace);
    }
    if find_pair(bytes, b'$', b'{') {
        return Err(Fault::Unexpanded { open: "${...}" });
    }
    if find_pair(bytes, b'$', b'(') {
        return Err(Fault::Unexpanded { open: "$(...)" });
    }

    let scheme = match scan_scheme(bytes) {
        Some(end) => Span { start: 0, end },
        None => return Err(Fault::NoScheme),
    };
    let rest = scheme.end + 1;
    let has_authority = starts_with(bytes, rest, b"//");
    let embedded = is_embedded(bytes, scheme.end);
    if !has_authority && !embedded {
        // `h:3306` and `u:p@h` have no scheme at all; `mysql:/h` has lost a slash.
        let slash = rest < len && bytes[rest] == b'/';
        return Err(if slash { Fault::NoSlashes } else { Fault::NoScheme });
    }

    let authority = if has_authority { rest + 2 } else { rest };
    let authority_end = if has_authority { find_any(bytes, authority, b"/?#") } else { authority };
    let last_at = find_last(bytes, authority, b'@');
    let hash = find_any(bytes, authority, b"#");
    if hash < len {
        let before_at = match last_at {
            Some(at) => at > hash,
            None => false,
        };
        return Err(Fault::Fragment { before_at });
    }
    let path_end = find_any(bytes, authority_end, b"?");

    let mut username = None;
    let mut password = None;
    let mut hosts = Span { start: authority, end: authority_end };
    if let Some(at) = last_at {
        let first_at = find_any(bytes, authority, b"@");
        if at >= authority_end {
            // Either the password holds an unescaped delimiter or the `@` stands behind the host.
            return Err(if first_at < authority_end || !has_authority {
                Fault::AtAfterHost { part: if at < path_end { Part::Path } else { Part::Query } }
            } else {
                Fault::DelimiterBeforeAt { byte: bytes[authority_end] }
            });
        }
        if first_at != at {
            return Err(Fault::SecondAt);
        }
        let colon = find_any(bytes, authority, b":");
        let username_end = if colon < at { colon } else { at };
        username = Some(Span { start: authority, end: username_end });
        if colon < at {
            password = Some(Span { start: colon + 1, end: at });
        }
        hosts = Span { start: at + 1, end: authority_end };
    }

    if let Some(span) = username
        && let Err(fault) = check(bytes, span, Part::Username)
    {
        return Err(fault);
    }
    if let Some(span) = password
        && let Err(fault) = check(bytes, span, Part::Password)
    {
        return Err(fault);
    }
    let path = Span { start: authority_end, end: path_end };
    let has_query = path_end < len;
    if hosts.is_empty() {
        // A socket handle names its resource in the path or in a parameter.
        if has_authority && path.is_empty() && path_end + 1 >= len {
            return Err(Fault::NoHost);
        }
    } else if let Err(fault) = check_hosts(bytes, hosts) {
        return Err(fault);
    }
    if let Err(fault) = check(bytes, path, Part::Path) {
        return Err(fault);
    }
    let query = if has_query { Some(Span { start: path_end + 1, end: len }) } else { None };
    if let Some(span) = query
        && let Err(fault) = check(bytes, span, Part::Query)
    {
        return Err(fault);
    }
    Ok(Spans { scheme, username, password, hosts, path, query })
}

/// The end of the scheme, if the text starts with one and a `:`.
const fn scan_scheme(bytes: &[u8]) -> Option<usize> {
    if !bytes[0].is_ascii_alphabetic() {
        return None;
    }
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b':' => return Some(at),
            b'+' | b'-' | b'.' => {}
            byte if byte.is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    None
}

const fn is_embedded(bytes: &[u8], scheme_end: usize) -> bool {
    let scheme = bytes.split_at(scheme_end).0;
    let mut at = 0;
    while at < EMBEDDED.len() {
        if scheme.eq_ignore_ascii_case(EMBEDDED[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// Every character of a part is one that the part may hold bare, or a whole percent escape.
const fn check(bytes: &[u8], span: Span, part: Part) -> Result<(), Fault> {
    let mut at = span.start;
    while at < span.end {
        let byte = bytes[at];
        if byte == b'%' {
            let whole = at + 2 < span.end
                && bytes[at + 1].is_ascii_hexdigit()
                && bytes[at + 2].is_ascii_hexdigit();
            if !whole {
                return Err(Fault::Percent { part });
            }
            at += 3;
            continue;
        }
        if !may_stand_bare(byte, part) {
            return Err(Fault::Character { part, byte });
        }
        at += 1;
    }
    Ok(())
}

/// RFC 3986, narrowed: what drivers read differently is never bare. Outside user name and password,
/// where look-alikes cost hours, characters beyond ASCII are taken as their UTF-8 form.
const fn may_stand_bare(byte: u8, part: Part) -> bool {
    match byte {
        b'-' | b'.' | b'_' | b'~' => true,
        _ if byte.is_ascii_alphanumeric() => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => !matches!(part, Part::Host),
        b'+' => !matches!(part, Part::Host | Part::Query),
        b':' | b'/' => matches!(part, Part::Path | Part::Query),
        b'?' => matches!(part, Part::Query),
        0x80.. => !matches!(part, Part::Username | Part::Password),
        _ => false,
    }
}

const fn check_hosts(bytes: &[u8], hosts: Span) -> Result<(), Fault> {
    let mut start = hosts.start;
    loop {
        let mut end = start;
        while end < hosts.end && bytes[end] != b',' {
            end += 1;
        }
        if let Err(fault) = check_host(bytes, Span { start, end }) {
            return Err(fault);
        }
        if end == hosts.end {
            return Ok(());
        }
        start = end + 1;
    }
}

const fn check_host(bytes: &[u8], span: Span) -> Result<(), Fault> {
    let (name, port) = split_port(bytes, span);
    if name.is_empty() {
        return Err(Fault::EmptyHost);
    }
    if bytes[name.start] == b'[' {
        if bytes[name.end - 1] != b']' {
            return Err(Fault::Host);
        }
    } else {
        let mut at = name.start;
        while at < name.end {
            if bytes[at] == b':' {
                return Err(Fault::BareIpv6);
            }
            at += 1;
        }
        if let Err(fault) = check(bytes, name, Part::Host) {
            return Err(fault);
        }
    }
    match port {
        Some(port) => match parse_port(bytes, port) {
            Some(_) => Ok(()),
            None => Err(Fault::Port),
        },
        None => Ok(()),
    }
}

/// Splits `host:port`; the last `:` counts, so that a bare IPv6 address is noticed.
pub(crate) const fn split_port(bytes: &[u8], span: Span) -> (Span, Option<Span>) {
    let mut at = span.end;
    while at > span.start {
        at -= 1;
        match bytes[at] {
            b']' => break,
            b':' => {
                let name = Span { start: span.start, end: at };
                return (name, Some(Span { start: at + 1, end: span.end }));
            }
            _ => {}
        }
    }
    (span, None)
}

pub(crate) const fn parse_port(bytes: &[u8], span: Span) -> Option<u16> {
    if span.end - span.start > 5 {
        return None;
    }
    let mut port = 0u32;
    let mut at = span.start;
    while at < span.end {
        if !bytes[at].is_ascii_digit() {
            return None;
        }
        port = port * 10 + (bytes[at] - b'0') as u32;
        at += 1;
    }
    if port == 0 || port > 65535 { None } else { Some(port as u16) }
}

const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

const fn starts_with(bytes: &[u8], at: usize, prefix: &[u8]) -> bool {
    let mut offset = 0;
    while offset < prefix.len() {
        if at + offset >= bytes.len() || bytes[at + offset] != prefix[offset] {
            return false;
        }
        offset += 1;
    }
    true
}

/// The first position from `at` that holds one of `wanted`, or the length.
const fn find_any(bytes: &[u8], mut at: usize, wanted: &[u8]) -> usize {
    while at < bytes.len() {
        let mut one = 0;
        while one < wanted.len() {
            if bytes[at] == wanted[one] {
                return at;
            }
            one += 1;
        }
        at += 1;
    }
    at
}

const fn find_last(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let mut at = bytes.len();
    while at > from {
        at -= 1;
        if bytes[at] == wanted {
            return Some(at);
        }
    }
    None
}

const fn find_pair(bytes: &[u8], first: u8, second: u8) -> bool {
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at] == first && bytes[at + 1] == second {
            return true;
        }
        at += 1;
    }
    false
}
