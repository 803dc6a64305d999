//! Which characters may stand where.

use super::fault::Fault;
use super::part::{Part, Span};

/// Every character of a part is one that the part may hold bare, or a whole percent escape.
pub(super) const fn check(bytes: &[u8], span: Span, part: Part) -> Result<(), Fault> {
    let bit = bit(part);
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
        if BARE[byte as usize] & bit == 0 {
            return Err(Fault::Character { part, byte });
        }
        at += 1;
    }
    Ok(())
}

/// For each byte the parts of a handle in which it may stand unescaped, a bit each.
const BARE: [u8; 256] = {
    let parts = [Part::Username, Part::Password, Part::Host, Part::Path, Part::Query];
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut part = 0;
        while part < parts.len() {
            if may_stand_bare(byte, parts[part]) {
                table[byte as usize] |= bit(parts[part]);
            }
            part += 1;
        }
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    table
};

const fn bit(part: Part) -> u8 {
    1 << part as u8
}

/// RFC 3986, narrowed: what drivers read differently is never bare. Outside user name and password,
/// where look-alikes cost hours, characters beyond ASCII are taken as their UTF-8 form.
const fn may_stand_bare(byte: u8, part: Part) -> bool {
    match byte {
        b'-' | b'.' | b'_' | b'~' => true,
        _ if byte.is_ascii_alphanumeric() => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => {
            !matches!(part, Part::Host)
        }
        b'+' => !matches!(part, Part::Host | Part::Query),
        b':' | b'/' => matches!(part, Part::Path | Part::Query),
        // People write JSON bare: `?ssl={"rejectUnauthorized":true}`.
        b'?' | b'{' | b'}' | b'"' => matches!(part, Part::Query),
        0x80.. => !matches!(part, Part::Username | Part::Password),
        _ => false,
    }
}
