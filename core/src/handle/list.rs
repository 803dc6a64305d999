//! Lists as other tools write them, `nats://a:4222,nats://b:4222` and `amqp://a;amqp://b`, brought
//! into the one form of the grammar, `nats://a:4222,b:4222`.

use std::borrow::Cow;

use super::grammar::Fault;

/// One address of a list.
#[derive(Clone, Copy)]
struct Address<'a> {
    scheme: &'a str,
    /// With its `@`; empty where there is none.
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
    /// With its `?`.
    query: &'a str,
}

/// The text with what the addresses share once. What is no list is given back as it is, which it is
/// without a `,` or `;`.
pub(super) fn join(text: &str) -> Result<Cow<'_, str>, Fault> {
    let is_list = scheme(text).is_some_and(|scheme| slashes(&text[scheme.len() + 3..]).is_some());
    let addresses = if is_list { split(text) } else { Vec::new() };
    let (Some((first, others)), Some(last)) = (addresses.split_first(), addresses.last()) else {
        return Ok(text.into());
    };
    let Some(part) = difference(first, others, last.query) else {
        let hosts: Vec<_> = addresses.iter().map(|address| address.hosts).collect();
        let Address { scheme, login, path, .. } = first;
        return Ok(format!("{scheme}://{login}{}{path}{}", hosts.join(","), last.query).into());
    };
    // A path or the value of a parameter may hold an address.
    let is_one = !(first.path.is_empty() && first.query.is_empty())
        && others.iter().all(|other| other.login.is_empty());
    if is_one { Ok(text.into()) } else { Err(Fault::Difference { part }) }
}

/// In what the addresses differ that a handle has once. Parameters may stand behind the last alone.
fn difference(first: &Address<'_>, others: &[Address<'_>], query: &str) -> Option<&'static str> {
    let differ = |differs: fn(&Address<'_>, &Address<'_>) -> bool| {
        others.iter().any(|other| differs(first, other))
    };
    let has_own = |address: &Address<'_>| !matches!(address.query, "") && address.query != query;
    if differ(|first, other| !first.scheme.eq_ignore_ascii_case(other.scheme)) {
        Some("scheme")
    } else if differ(|first, other| first.login != other.login) {
        Some("user name or password")
    } else if differ(|first, other| first.path != other.path) {
        Some("path")
    } else if has_own(first) || others.iter().any(has_own) {
        Some("parameters")
    } else {
        None
    }
}

/// The addresses: one begins wherever a `scheme://` follows a `,` or `;`.
fn split(text: &str) -> Vec<Address<'_>> {
    let (mut start, mut at, mut addresses) = (0, 0, Vec::new());
    for piece in text.split_inclusive([',', ';']) {
        let address = piece.trim_ascii_start();
        if at > 0 && scheme(address).is_some() {
            addresses.extend(Address::read(text[start..at - 1].trim_ascii_end()));
            start = at + piece.len() - address.len();
        }
        at += piece.len();
    }
    addresses.extend(Address::read(&text[start..]));
    addresses
}

/// Where the first `://` stands. The search for one byte takes less than that for three, and few
/// handles have many colons.
fn slashes(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut colons = (0..bytes.len()).filter(|at| bytes[*at] == b':');
    colons.find(|at| bytes[*at..].starts_with(b"://"))
}

/// The scheme that a text begins with, if it does.
fn scheme(text: &str) -> Option<&str> {
    let scheme = &text[..slashes(text)?];
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (begins && scheme.bytes().all(fits)).then_some(scheme)
}

impl<'a> Address<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let scheme = scheme(text)?;
        let rest = &text[scheme.len() + 3..];
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let (path, query) = tail.split_at(tail.find('?').unwrap_or(tail.len()));
        Some(Self { scheme, login, hosts, path, query })
    }
}
