//! `host[:port]` and lists of it.

use super::bytes::find_within;
use super::chars::check;
use super::fault::Fault;
use super::part::{Part, Span, tri};

pub(super) const fn check_hosts(bytes: &[u8], hosts: Span) -> Result<(), Fault> {
    let mut start = hosts.start;
    loop {
        let end = find_within(bytes, start, hosts.end, b',');
        tri!(check_host(bytes, Span { start, end }));
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
    } else if let Err(fault) = check(bytes, name, Part::Host) {
        let has_colon = find_within(bytes, name.start, name.end, b':') < name.end;
        return Err(if has_colon { Fault::BareIpv6 } else { fault });
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

/// From 1 to 65535, in digits.
pub(crate) const fn parse_port(bytes: &[u8], span: Span) -> Option<u16> {
    let mut port = 0_u16;
    let mut at = span.start;
    while at < span.end {
        if !bytes[at].is_ascii_digit() {
            return None;
        }
        port = match port.checked_mul(10) {
            Some(port) => port,
            None => return None,
        };
        port = match port.checked_add((bytes[at] - b'0') as u16) {
            Some(port) => port,
            None => return None,
        };
        at += 1;
    }
    if port == 0 { None } else { Some(port) }
}
