//! The rules, in words.

use super::part::Part;
use crate::handle::text::Text;

/// The one rule that a text breaks. It holds no text of the handle but the offending byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    Empty,
    SurroundingSpace,
    Quotes,
    Jdbc,
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
    Number,
    TooMany { part: Part },
    Difference { part: &'static str },
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
            Self::Quotes => Text::of("the handle stands in quotes"),
            Self::Jdbc => Text::of("the handle is a JDBC address"),
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
            Self::Character { part: part @ Part::Host, byte } if byte.is_ascii_graphic() => {
                Text::of("an unescaped `").add_ascii(byte).add("` stands in the ").add(part.name())
            }
            Self::Character { part, byte } => name(byte).add(" stands in the ").add(part.name()),
            Self::Percent { part } => {
                Text::of("a `%` without two hex digits stands in the ").add(part.name())
            }
            Self::NotUtf8 { part } => {
                Text::of("the percent-encoded ").add(part.name()).add(" is not UTF-8")
            }
            Self::NoHost => Text::of("the handle has no host"),
            Self::EmptyHost => Text::of("a host in the handle is empty"),
            Self::BareIpv6 => Text::of("the host has more than one `:`"),
            Self::Host => Text::of("the host is not a valid name or address"),
            Self::Number => Text::of("the host is a number"),
            Self::TooMany { part } => {
                Text::of("more than 64 ").add(part.plural()).add(" stand in the handle")
            }
            Self::Difference { part } => {
                Text::of("the addresses of the list differ in their ").add(part)
            }
            Self::Port => Text::of("the port is not a number from 1 to 65535"),
            Self::Parameter => Text::of("a parameter is not of the form `name=value`"),
            Self::RepeatedParameter => Text::of("the same parameter is given twice"),
        }
    }

    /// What would be right; empty where an example says it best.
    pub(crate) const fn help(self) -> Text {
        match self {
            Self::Empty | Self::NoScheme | Self::NoSlashes | Self::NoHost => Text::new(),
            Self::SurroundingSpace => {
                Text::of("remove it; only one newline at the very end is allowed")
            }
            Self::Quotes => Text::of(
                "write it without them: what reads a file of variables may keep the quotes",
            ),
            Self::Jdbc => Text::of(
                "write it without `jdbc:`, with user name and password before the host; variables \
                 such as `X_USERNAME` and `X_PASSWORD` beside `X_URL` may stay",
            ),
            Self::Unexpanded { .. } => Text::of(
                "let the shell or the platform expand it, or write `%24` for a literal `$`",
            ),
            Self::Fragment { before_at: true } => {
                Text::of("in a user name or password write it `%23`")
            }
            Self::Fragment { before_at: false } => {
                Text::of("a handle has no fragment: write it `%23`")
            }
            Self::DelimiterBeforeAt { byte } => Text::of("in a user name or password write it `")
                .add_escape(byte)
                .add("`; an `@` after the host is written `%40`"),
            Self::SecondAt => Text::of("in a user name or password write it `%40`"),
            Self::AtAfterHost { .. } => {
                Text::of("write it `%40`; a bare `@` stands only before the host")
            }
            Self::Character { part, byte } => match byte {
                0x80.. => Text::of("percent-encode each byte of its UTF-8 form"),
                b'+' if matches!(part, Part::Query) => {
                    Text::of("write `%20` for a space or `%2B` for a plus sign")
                }
                _ if matches!(part, Part::Host) => Text::of("remove it"),
                b' ' => Text::of("write it `%20`"),
                0..=0x1f | 0x7f => Text::of("write it `").add_escape(byte).add("`"),
                _ => Text::of("write `%` and the two hex digits of its code, as `%23` for `#`"),
            },
            Self::Percent { .. } => Text::of("write a literal `%` as `%25`"),
            Self::NotUtf8 { .. } => Text::of("percent-encode the bytes of its UTF-8 form"),
            Self::EmptyHost => Text::of("write hosts as `a:1,b:2`, without an empty one"),
            Self::BareIpv6 => Text::of("write an IPv6 address in brackets: `[::1]`"),
            Self::Host => {
                Text::of("use a DNS name, an IPv4 address or an IPv6 address in brackets")
            }
            Self::Number => Text::of(
                "use a DNS name, or an IPv4 address of four decimal numbers without leading zeros",
            ),
            Self::TooMany { .. } => Text::of("a handle takes at most 64 of each"),
            Self::Difference { .. } => Text::of(
                "a handle has one of each and several hosts: write \
                 `scheme://user:password@a:1,b:2/path`",
            ),
            Self::Port => Text::of("write a port from 1 to 65535 after the `:`, or leave both out"),
            Self::Parameter => Text::of("write parameters as `?name=value&other=value`"),
            Self::RepeatedParameter => Text::of("keep one of the two"),
        }
    }
}

const fn name(byte: u8) -> Text {
    let text = Text::new();
    match byte {
        b'\n' => text.add("a newline"),
        b'\r' => text.add("a carriage return"),
        b'\t' => text.add("a tab"),
        b' ' => text.add("a space"),
        0..=0x1f | 0x7f => text.add("a control character"),
        0x80.. => text.add("a character outside ASCII"),
        // Any other may be a byte of the password.
        _ => text.add("a character that must be percent-encoded"),
    }
}
