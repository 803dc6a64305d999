//! What a broker sends, looked at before `lapin` reads it: a frame longer than its buffer stops it
//! for ever, and tables inside tables take the stack of its thread, which ends the process.

use std::io;

use crate::error::{ClientError, FailureKind, TLS_ONLY, ours};

/// Type, channel and length, which stand before a frame's payload; one byte stands behind it.
const HEAD: usize = 7;
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
/// `AMQP` and a version, from a broker that wants another one: it has no length.
const PROTOCOL: u8 = b'A';
/// An alert of TLS, and its version.
const TLS_ALERT: [u8; 2] = [0x15, 3];
const START: [u8; 4] = [0, 10, 0, 10];
const TUNE: [u8; 4] = [0, 10, 0, 30];
/// Where `TUNE` proposes heartbeats.
const TUNE_HEARTBEAT: std::ops::Range<usize> = 10..12;
/// The methods with a table that only a client sends, by the last bytes of class and method:
/// `start-ok`, `exchange.declare`, `.bind`, `.unbind`, `queue.declare`, `.bind`, `.unbind`,
/// `basic.consume`.
const OF_CLIENTS: [(u8, u8); 8] =
    [(10, 11), (40, 10), (40, 30), (40, 40), (50, 10), (50, 20), (50, 50), (60, 20)];
/// How many tables and arrays may stand inside each other; the broker's own headers need three.
const DEEPEST: usize = 32;

/// What is taken from a broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a frame.
    pub(super) frame: u32,
    /// Heartbeats are left out, also if the broker proposes them: `lapin` would follow it.
    pub(super) no_heartbeats: bool,
    /// How the client authenticates: a broker that does not know the mechanism ends the connection
    /// without a word.
    pub(super) mechanism: &'static str,
}

/// Follows the frames of one connection.
pub(super) struct Guard {
    limits: Limits,
    head: [u8; HEAD],
    /// Bytes of the head that are there.
    filled: usize,
    /// Bytes of the frame that are to come behind its head.
    left: usize,
    /// The payload so far, of a frame that may hold a table.
    payload: Vec<u8>,
}

impl Guard {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, head: [0; HEAD], filled: 0, left: 0, payload: Vec::new() }
    }

    /// Looks at what has arrived. `lapin` reads a frame when its last byte is there, so an error
    /// comes in time.
    pub(super) fn look(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let wanted = if self.filled < HEAD { HEAD - self.filled } else { self.left };
            let (now, later) = bytes.split_at_mut(wanted.min(bytes.len()));
            bytes = later;
            if self.filled < HEAD {
                self.head[self.filled..self.filled + now.len()].copy_from_slice(now);
                self.filled += now.len();
                if self.filled == HEAD {
                    self.begin()?;
                }
            } else {
                self.go_on(now)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> io::Result<()> {
        let [kind, _, _, length @ ..] = self.head;
        self.payload.clear();
        match kind {
            METHOD | HEADER | BODY | HEARTBEAT => {
                // Before the two sides have agreed on a length the broker may send what is usual.
                let longest = self.limits.frame.max(DEFAULT_FRAME);
                let length = u32::from_be_bytes(length);
                if length > longest {
                    return Err(strange("the broker sent a frame that is longer than agreed"));
                }
                self.left = length as usize + 1;
                Ok(())
            }
            PROTOCOL => {
                self.left = 1;
                Ok(())
            }
            _ if self.head.starts_with(&TLS_ALERT) => {
                let cause = ClientError::of(FailureKind::Tls, TLS_ONLY);
                let help = "write `amqps://`, or add `tls=required`";
                Err(io::Error::other(cause.with_help(help)))
            }
            _ => Err(strange("the server does not speak AMQP 0-9-1")),
        }
    }

    fn go_on(&mut self, now: &mut [u8]) -> io::Result<()> {
        let kind = self.head[0];
        if matches!(kind, METHOD | HEADER) {
            let start = self.payload.len();
            let length = now.len().min(self.left - 1);
            self.payload.extend_from_slice(&now[..length]);
            if self.limits.no_heartbeats && kind == METHOD && self.payload.starts_with(&TUNE) {
                for at in TUNE_HEARTBEAT.filter(|at| (start..start + length).contains(at)) {
                    now[at - start] = 0;
                }
            }
        }
        self.left -= now.len();
        if self.left > 0 {
            return Ok(());
        }
        self.filled = 0;
        match kind {
            METHOD => check_method(&self.payload, self.limits.mechanism),
            HEADER => check_header(&self.payload),
            _ => Ok(()),
        }
    }
}

/// What brokers allow where nobody says otherwise.
pub(super) const DEFAULT_FRAME: u32 = 128 << 10;

fn check_method(payload: &[u8], mechanism: &str) -> io::Result<()> {
    if payload.starts_with(&START) {
        // Two bytes of a version, a table, and the mechanisms.
        let table = payload.get(6..);
        check_table(table)?;
        return match table.and_then(mechanisms) {
            Some(offered)
                if !offered.split(|byte| *byte == b' ').any(|it| it == mechanism.as_bytes()) =>
            {
                Err(not_offered(mechanism))
            }
            _ => Ok(()),
        };
    }
    match payload {
        [0, class, 0, method, ..] if OF_CLIENTS.contains(&(*class, *method)) => {
            Err(strange("the broker sent what only a client sends"))
        }
        _ => Ok(()),
    }
}

/// What stands behind a table, to its length.
fn mechanisms(table: &[u8]) -> Option<&[u8]> {
    let rest = table.get(4 + number(table, 0)?..)?;
    rest.get(4..4 + number(rest, 0)?)
}

fn not_offered(mechanism: &str) -> io::Error {
    let cause = ours!("authentication failed: the broker does not offer the mechanism {mechanism}");
    let cause = ClientError::of(FailureKind::Authentication, cause);
    io::Error::other(match mechanism {
        "EXTERNAL" => cause.with_help("enable its plugin `rabbitmq_auth_mechanism_ssl`"),
        _ => cause,
    })
}

/// Class, weight, length of the body, flags, and as these say a type, an encoding and the table.
fn check_header(payload: &[u8]) -> io::Result<()> {
    let Some([high, _]) = payload.get(12..14) else { return Ok(()) };
    let mut rest = payload.get(14..);
    for flag in [0x80, 0x40] {
        if high & flag != 0 {
            rest = rest.and_then(|rest| rest.get(1 + usize::from(*rest.first()?)..));
        }
    }
    if high & 0x20 == 0 { Ok(()) } else { check_table(rest) }
}

fn check_table(table: Option<&[u8]>) -> io::Result<()> {
    if table.and_then(is_too_deep).unwrap_or(false) {
        return Err(strange("the broker sent tables inside tables, more than are taken"));
    }
    Ok(())
}

/// Whether a table holds more tables and arrays inside each other than are taken; `None` where it
/// is malformed, which `lapin` notices at the same byte.
fn is_too_deep(bytes: &[u8]) -> Option<bool> {
    let number = |at: usize| number(bytes, at);
    let mut at = 4;
    // The end of each, and whether its entries have names.
    let mut open = vec![(at + number(0)?, true)];
    loop {
        while open.last().is_some_and(|(end, _)| at >= *end) {
            open.pop();
        }
        let Some(&(end, has_names)) = open.last() else { return Some(false) };
        if has_names {
            at += 1 + usize::from(*bytes.get(at)?);
        }
        let kind = *bytes.get(at)?;
        at += 1;
        match kind {
            b'V' => {}
            b't' | b'b' | b'B' => at += 1,
            b's' | b'U' | b'u' => at += 2,
            b'I' | b'i' | b'f' => at += 4,
            b'D' => at += 5,
            b'L' | b'l' | b'T' | b'd' => at += 8,
            b'S' | b'x' => at += 4 + number(at)?,
            b'F' | b'A' => {
                let inner = at + 4 + number(at)?;
                if inner > end {
                    return None;
                }
                if open.len() == DEEPEST {
                    return Some(true);
                }
                at += 4;
                open.push((inner, kind == b'F'));
            }
            _ => return None,
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(bytes)).ok()
}

fn strange(what: &'static str) -> io::Error {
    let cause = ClientError::of(FailureKind::Protocol, what);
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits =
        Limits { frame: DEFAULT_FRAME, no_heartbeats: false, mechanism: "PLAIN" };

    pub(in super::super) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![kind, 0, 0];
        frame.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(payload);
        frame.push(0xce);
        frame
    }

    fn long(bytes: &[u8]) -> Vec<u8> {
        let mut long = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        long.extend_from_slice(bytes);
        long
    }

    /// A table with others inside, so many in all.
    pub(in super::super) fn nested(depth: usize) -> Vec<u8> {
        (1..depth).fold(long(&[]), |inner, _| long(&[b"\x01aF".to_vec(), inner].concat()))
    }

    /// The first method of a broker, with these properties.
    pub(in super::super) fn start(table: &[u8]) -> Vec<u8> {
        let rest = [long(b"PLAIN EXTERNAL"), long(b"en_US")].concat();
        frame(METHOD, &[&START[..], &[0, 9], table, &rest].concat())
    }

    pub(in super::super) fn tune(frame_max: u32, heartbeat: u16) -> Vec<u8> {
        let (frame_max, heartbeat) = (frame_max.to_be_bytes(), heartbeat.to_be_bytes());
        frame(METHOD, &[&TUNE[..], &[7, 255], &frame_max, &heartbeat].concat())
    }

    fn look(bytes: &[u8], cut: usize) -> Result<Vec<u8>, String> {
        let mut guard = Guard::new(LIMITS);
        let mut bytes = bytes.to_vec();
        let looked = bytes.chunks_mut(cut).try_for_each(|bytes| guard.look(bytes));
        looked.map(|()| bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_broker_sends_passes() {
        let header = |flags: [u8; 2], rest: &[u8]| {
            frame(HEADER, &[&[0, 60, 0, 0][..], &[0; 8], &flags, rest].concat())
        };
        let array =
            [b"\x01aA".to_vec(), long(&[b"F".to_vec(), nested(1), b"tVx".to_vec()].concat())]
                .concat();
        let all = [
            start(&nested(DEEPEST)),
            tune(0, 60),
            frame(BODY, &[0xce; 300]),
            frame(HEARTBEAT, &[]),
            header([0x10, 0], &[2]),
            header([0xe0, 0], &[b"\x01a\x02bc".to_vec(), long(&array)].concat()),
            b"AMQP\0\0\x09\x01".to_vec(),
            start(&nested(1)),
        ]
        .concat();
        for cut in [1, 2, 3, 7, 8, 100, all.len()] {
            assert_eq!(look(&all, cut).as_ref(), Ok(&all), "{cut}");
        }
    }

    #[test]
    fn what_would_stop_the_driver_is_refused() {
        let header = [&[0, 60, 0, 0][..], &[0; 8], &[0xa0, 0], b"\x02ab", &nested(DEEPEST + 1)];
        for (bytes, message) in [
            (
                start(&nested(DEEPEST + 1)),
                "the broker sent tables inside tables, more than are taken",
            ),
            (
                frame(HEADER, &header.concat()),
                "the broker sent tables inside tables, more than are taken",
            ),
            (frame(METHOD, &[0, 50, 0, 10, 0, 0, 0]), "the broker sent what only a client sends"),
            (
                vec![BODY, 0, 1, 0xff, 0xff, 0xff, 0xff],
                "the broker sent a frame that is longer than agreed",
            ),
            (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "the server does not speak AMQP 0-9-1"),
        ] {
            for cut in [1, 5, bytes.len()] {
                assert_eq!(look(&bytes, cut), Err(message.to_owned()), "{cut}");
            }
        }
    }

    #[test]
    fn a_mechanism_that_is_not_offered() {
        for (mechanism, offered) in [("PLAIN", true), ("EXTERNAL", true), ("EXTERN", false)] {
            let mut guard = Guard::new(Limits { mechanism, ..LIMITS });
            let looked = guard.look(&mut start(&nested(2)));
            assert_eq!(looked.is_ok(), offered, "{mechanism}");
        }
    }

    #[test]
    fn heartbeats_are_left_out() {
        let sent = [start(&nested(1)), tune(4096, 60), tune(4096, 600)].concat();
        let left = [start(&nested(1)), tune(4096, 0), tune(4096, 0)].concat();
        for cut in [1, 3, 17, sent.len()] {
            let mut guard = Guard::new(Limits { no_heartbeats: true, ..LIMITS });
            let mut bytes = sent.clone();
            bytes.chunks_mut(cut).for_each(|bytes| guard.look(bytes).unwrap());
            assert_eq!(bytes, left, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(
            kind in prop_oneof![Just(METHOD), Just(HEADER), any::<u8>()],
            payload in proptest::collection::vec(prop_oneof![0_u8..12, any::<u8>()], 0..80),
            cut in 1_usize..20,
        ) {
            let _ = look(&frame(kind, &payload), cut);
            let _ = look(&payload, cut);
            let _ = is_too_deep(&payload);
        }
    }
}
