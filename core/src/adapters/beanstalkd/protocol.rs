//! The text of the protocol: commands into bytes, bytes into replies. No input or output here.
//!
//! <https://github.com/beanstalkd/beanstalkd/blob/master/doc/protocol.txt>

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::Refused::Malformed;
use super::error::BeanstalkdError;

/// The longest line that the server sends: a word and the name of a tube.
const MAX_LINE: usize = 256;
/// The figures of a server, and its list of more tubes than anybody has.
pub(super) const MAX_FIGURES: usize = 16 << 20;

/// The name of a tube, checked: it can be written into a command as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Tube(Arc<str>);

impl Tube {
    pub(super) fn new(name: &str) -> Result<Self, BeanstalkdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-+/;.$_()".contains(&byte);
        if !(1..=200).contains(&name.len()) || name.starts_with('-') || !name.bytes().all(allowed) {
            return Err(BeanstalkdError::BadTube);
        }
        Ok(Self(name.into()))
    }

    /// Where a new connection puts, and what it watches.
    pub(super) fn default_tube() -> Self {
        Self("default".into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A duration as the protocol counts: in whole seconds, rounded up.
pub(super) fn seconds(duration: Duration) -> u32 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[derive(Clone, Copy)]
pub(super) enum Command<'a> {
    Put {
        priority: u32,
        delay: u32,
        ttr: u32,
        body: &'a [u8],
    },
    Use(&'a Tube),
    Watch(&'a Tube),
    Ignore(&'a Tube),
    Reserve {
        seconds: u32,
    },
    ReserveJob(u64),
    Delete(u64),
    Release {
        id: u64,
        priority: u32,
        delay: u32,
    },
    Bury {
        id: u64,
        priority: u32,
    },
    Touch(u64),
    Kick(u32),
    KickJob(u64),
    Peek(u64),
    PeekReady,
    PeekDelayed,
    PeekBuried,
    Pause {
        tube: &'a Tube,
        seconds: u32,
    },
    Stats,
    StatsJob(u64),
    StatsTube(&'a Tube),
    ListTubes,
    /// The cheapest question.
    ListTubeUsed,
}

impl Command<'_> {
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Put { priority, delay, ttr, body } => {
                out.reserve(body.len() + 64);
                let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
                line(out, "put", None, &[priority.into(), delay.into(), ttr.into(), size]);
                out.extend_from_slice(body);
                out.extend_from_slice(b"\r\n");
            }
            Self::Use(tube) => line(out, "use", Some(tube), &[]),
            Self::Watch(tube) => line(out, "watch", Some(tube), &[]),
            Self::Ignore(tube) => line(out, "ignore", Some(tube), &[]),
            Self::Reserve { seconds } => {
                line(out, "reserve-with-timeout", None, &[seconds.into()]);
            }
            Self::ReserveJob(id) => line(out, "reserve-job", None, &[id]),
            Self::Delete(id) => line(out, "delete", None, &[id]),
            Self::Release { id, priority, delay } => {
                line(out, "release", None, &[id, priority.into(), delay.into()]);
            }
            Self::Bury { id, priority } => line(out, "bury", None, &[id, priority.into()]),
            Self::Touch(id) => line(out, "touch", None, &[id]),
            Self::Kick(bound) => line(out, "kick", None, &[bound.into()]),
            Self::KickJob(id) => line(out, "kick-job", None, &[id]),
            Self::Peek(id) => line(out, "peek", None, &[id]),
            Self::PeekReady => line(out, "peek-ready", None, &[]),
            Self::PeekDelayed => line(out, "peek-delayed", None, &[]),
            Self::PeekBuried => line(out, "peek-buried", None, &[]),
            Self::Pause { tube, seconds } => {
                line(out, "pause-tube", Some(tube), &[seconds.into()]);
            }
            Self::Stats => line(out, "stats", None, &[]),
            Self::StatsJob(id) => line(out, "stats-job", None, &[id]),
            Self::StatsTube(tube) => line(out, "stats-tube", Some(tube), &[]),
            Self::ListTubes => line(out, "list-tubes", None, &[]),
            Self::ListTubeUsed => line(out, "list-tube-used", None, &[]),
        }
    }

    pub(super) fn body_len(self) -> usize {
        match self {
            Self::Put { body, .. } => body.len(),
            _ => 0,
        }
    }

    /// The longest body that an answer may have, where `job` is that of a job.
    pub(super) fn longest_answer(self, job: usize) -> usize {
        match self {
            Self::Reserve { .. }
            | Self::ReserveJob(_)
            | Self::Peek(_)
            | Self::PeekReady
            | Self::PeekDelayed
            | Self::PeekBuried => job,
            Self::Stats | Self::StatsJob(_) | Self::StatsTube(_) | Self::ListTubes => MAX_FIGURES,
            _ => 0,
        }
    }

    /// Whether the server may keep everything behind it waiting.
    pub(super) fn blocks(self) -> bool {
        matches!(self, Self::Reserve { seconds: 1.. })
    }
}

/// By hand: with the formatting of std a command runs nearly a tenth more instructions.
fn line(out: &mut Vec<u8>, word: &str, tube: Option<&Tube>, numbers: &[u64]) {
    out.extend_from_slice(word.as_bytes());
    if let Some(tube) = tube {
        out.push(b' ');
        out.extend_from_slice(tube.as_str().as_bytes());
    }
    for number in numbers {
        out.push(b' ');
        let (mut digits, mut start, mut rest) = ([0; 20], 20, *number);
        while start == 20 || rest > 0 {
            let [digit, ..] = (rest % 10).to_le_bytes();
            start -= 1;
            digits[start] = b'0' + digit;
            rest /= 10;
        }
        out.extend_from_slice(&digits[start..]);
    }
    out.extend_from_slice(b"\r\n");
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum Reply {
    Inserted(u64),
    /// With the id in answer to a put.
    Buried(Option<u64>),
    Using,
    Watching,
    Reserved {
        id: u64,
        body: Vec<u8>,
    },
    Found {
        id: u64,
        body: Vec<u8>,
    },
    Ok(Vec<u8>),
    Deleted,
    Released,
    Touched,
    /// With the count in answer to a kick of several.
    Kicked(Option<u64>),
    Paused,
    NotFound,
    NotIgnored,
    TimedOut,
    DeadlineSoon,
    JobTooBig,
    Draining,
    ExpectedCrlf,
    OutOfMemory,
    InternalError,
    BadFormat,
    UnknownCommand,
}

/// Why a reply is not taken.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// It is none of this protocol.
    Malformed,
    /// Its body is longer than asked for.
    TooLong,
}

/// The first reply in `bytes` and its length, or `None` while it is not complete. Its body may have
/// `longest` bytes.
pub(super) fn parse(bytes: &[u8], longest: usize) -> Result<Option<(Reply, usize)>, Refused> {
    let head = &bytes[..bytes.len().min(MAX_LINE)];
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() < MAX_LINE { Ok(None) } else { Err(Malformed) };
    };
    let line = head[..end].strip_suffix(b"\r").ok_or(Malformed)?;
    let start = end + 1;
    let mut words = line.split(|byte| *byte == b' ');
    let word = words.next().unwrap_or_default();
    let [first, second] = [words.next(), words.next()];
    if words.next().is_some() {
        return Err(Malformed);
    }
    // The body of `size` bytes behind the line.
    let body = |size: Option<&[u8]>| -> Result<Option<(Vec<u8>, usize)>, Refused> {
        let size = usize::try_from(number(size)?).unwrap_or(usize::MAX);
        if size > longest {
            return Err(Refused::TooLong);
        }
        match bytes.get(start..start + size + 2) {
            None => Ok(None),
            Some(found) if found.ends_with(b"\r\n") => {
                Ok(Some((found[..size].to_vec(), start + size + 2)))
            }
            Some(_) => Err(Malformed),
        }
    };
    let reply = match (word, first, second) {
        (b"RESERVED", Some(_), Some(_)) => {
            let id = number(first)?;
            return Ok(body(second)?.map(|(body, end)| (Reply::Reserved { id, body }, end)));
        }
        (b"FOUND", Some(_), Some(_)) => {
            let id = number(first)?;
            return Ok(body(second)?.map(|(body, end)| (Reply::Found { id, body }, end)));
        }
        (b"OK", Some(_), None) => {
            return Ok(body(first)?.map(|(body, end)| (Reply::Ok(body), end)));
        }
        (b"INSERTED", Some(_), None) => Reply::Inserted(number(first)?),
        (b"BURIED", Some(_), None) => Reply::Buried(Some(number(first)?)),
        (b"KICKED", Some(_), None) => Reply::Kicked(Some(number(first)?)),
        (b"USING", Some(_), None) => Reply::Using,
        (b"WATCHING", Some(_), None) => Reply::Watching,
        (_, None, _) => bare(word)?,
        _ => return Err(Malformed),
    };
    Ok(Some((reply, start)))
}

/// A reply of one word.
fn bare(word: &[u8]) -> Result<Reply, Refused> {
    Ok(match word {
        b"BURIED" => Reply::Buried(None),
        b"DELETED" => Reply::Deleted,
        b"RELEASED" => Reply::Released,
        b"TOUCHED" => Reply::Touched,
        b"KICKED" => Reply::Kicked(None),
        b"PAUSED" => Reply::Paused,
        b"NOT_FOUND" => Reply::NotFound,
        b"NOT_IGNORED" => Reply::NotIgnored,
        b"TIMED_OUT" => Reply::TimedOut,
        b"DEADLINE_SOON" => Reply::DeadlineSoon,
        b"JOB_TOO_BIG" => Reply::JobTooBig,
        b"DRAINING" => Reply::Draining,
        b"EXPECTED_CRLF" => Reply::ExpectedCrlf,
        b"OUT_OF_MEMORY" => Reply::OutOfMemory,
        b"INTERNAL_ERROR" => Reply::InternalError,
        b"BAD_FORMAT" => Reply::BadFormat,
        b"UNKNOWN_COMMAND" => Reply::UnknownCommand,
        _ => return Err(Malformed),
    })
}

fn number(word: Option<&[u8]>) -> Result<u64, Refused> {
    let digits = word.filter(|word| !word.is_empty()).ok_or(Malformed)?;
    let number = digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    });
    number.ok_or(Malformed)
}

impl BeanstalkdError {
    /// What a reply that is not the expected one means.
    pub(super) fn from_reply(reply: &Reply) -> Self {
        match reply {
            Reply::NotFound => Self::NotFound,
            Reply::JobTooBig => Self::JobTooBig,
            Reply::Draining => Self::Draining,
            Reply::OutOfMemory => Self::OutOfMemory,
            Reply::Buried(Some(id)) => Self::Buried(*id),
            Reply::ExpectedCrlf => Self::ExpectedCrlf,
            Reply::BadFormat => Self::BadFormat,
            Reply::UnknownCommand => Self::UnknownCommand,
            Reply::InternalError => Self::InternalError,
            _ => Self::Unexpected,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::str;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn encoded(command: Command<'_>) -> String {
        let mut out = Vec::new();
        command.encode(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn commands_are_those_of_the_protocol() {
        let tube = Tube::new("a/b;$_().+-9").unwrap();
        for (command, text) in [
            (
                Command::Put { priority: 1, delay: 2, ttr: 3, body: b"a\r\nb" },
                "put 1 2 3 4\r\na\r\nb\r\n",
            ),
            (Command::Use(&tube), "use a/b;$_().+-9\r\n"),
            (Command::Reserve { seconds: 0 }, "reserve-with-timeout 0\r\n"),
            (Command::Release { id: 7, priority: 8, delay: 9 }, "release 7 8 9\r\n"),
            (Command::Bury { id: 7, priority: 8 }, "bury 7 8\r\n"),
            (Command::Pause { tube: &tube, seconds: 5 }, "pause-tube a/b;$_().+-9 5\r\n"),
            (Command::StatsJob(u64::MAX), "stats-job 18446744073709551615\r\n"),
        ] {
            assert_eq!(encoded(command), text);
        }
        assert!(Command::Reserve { seconds: 1 }.blocks());
        assert!(!Command::Reserve { seconds: 0 }.blocks());
    }

    #[test]
    fn a_tube_cannot_smuggle_a_command_in() {
        let long = "x".repeat(201);
        for name in ["", "-a", "a b", "a\r\ndelete 1", "ä", "a\0", long.as_str()] {
            assert!(Tube::new(name).is_err(), "{name:?}");
        }
        assert!(Tube::new(&long[1..]).is_ok());
    }

    #[test]
    fn durations_are_rounded_up() {
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_mins(1)), 60);
        assert_eq!(seconds(Duration::MAX), u32::MAX);
    }

    #[test]
    fn replies_are_read() {
        for (text, reply) in [
            ("INSERTED 5\r\n", Reply::Inserted(5)),
            ("BURIED 5\r\n", Reply::Buried(Some(5))),
            ("BURIED\r\n", Reply::Buried(None)),
            ("KICKED\r\n", Reply::Kicked(None)),
            ("KICKED 0\r\n", Reply::Kicked(Some(0))),
            ("USING a\r\n", Reply::Using),
            ("WATCHING 2\r\n", Reply::Watching),
            ("RESERVED 1 0\r\n\r\n", Reply::Reserved { id: 1, body: Vec::new() }),
            ("FOUND 1 2\r\n\r\n\r\n", Reply::Found { id: 1, body: b"\r\n".to_vec() }),
            ("OK 3\r\nabc\r\n", Reply::Ok(b"abc".to_vec())),
            ("DEADLINE_SOON\r\n", Reply::DeadlineSoon),
            ("JOB_TOO_BIG\r\n", Reply::JobTooBig),
            ("EXPECTED_CRLF\r\n", Reply::ExpectedCrlf),
        ] {
            assert_eq!(parse(text.as_bytes(), 3), Ok(Some((reply, text.len()))), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "INSERTED\r\n",
            "INSERTED x\r\n",
            "INSERTED +1\r\n",
            "INSERTED 99999999999999999999\r\n",
            "RESERVED 1\r\n",
            "RESERVED 1 2 3\r\n",
            "RESERVED 1 1\r\nabc",
            "DELETED 1\r\n",
            "deleted\r\n",
            "\r\n",
            "\u{e4}\r\n",
        ] {
            assert_eq!(parse(text.as_bytes(), 1), Err(Malformed), "{text:?}");
        }
        assert_eq!(parse(&[b'a'; 256], 1), Err(Malformed));
        assert_eq!(parse(b"\xff\r\n", 1), Err(Malformed));
        for text in ["OK 2\r\n", "RESERVED 1 18446744073709551615\r\n", "FOUND 1 2\r\nab\r\n"] {
            assert_eq!(parse(text.as_bytes(), 1), Err(Refused::TooLong), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn replies_survive_any_body_and_any_cut(
            bodies in vec(vec(any::<u8>(), 0..300), 1..8),
            cuts in vec(1_usize..40, 1..20),
        ) {
            let mut stream = Vec::new();
            for (id, body) in bodies.iter().enumerate() {
                write!(stream, "RESERVED {id} {}\r\n", body.len()).unwrap();
                stream.extend_from_slice(body);
                stream.extend_from_slice(b"\r\nDELETED\r\n");
            }
            let (mut buffer, mut rest, mut read) = (Vec::new(), &stream[..], Vec::new());
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                buffer.extend_from_slice(now);
                rest = later;
                while let Some((reply, length)) = parse(&buffer, 300).unwrap() {
                    buffer.drain(..length);
                    if let Reply::Reserved { id, body } = reply {
                        prop_assert_eq!(usize::try_from(id).unwrap(), read.len());
                        read.push(body);
                    } else {
                        prop_assert_eq!(reply, Reply::Deleted);
                    }
                }
            }
            prop_assert!(buffer.is_empty());
            prop_assert_eq!(read, bodies);
        }

        #[test]
        fn nothing_panics(bytes in vec(any::<u8>(), 0..600)) {
            if let Ok(Some((_, length))) = parse(&bytes, 600) {
                prop_assert!(length <= bytes.len());
            }
        }

        #[test]
        fn a_put_is_as_long_as_it_says(body in vec(any::<u8>(), 0..600)) {
            let mut out = Vec::new();
            Command::Put { priority: 0, delay: 0, ttr: 1, body: &body }.encode(&mut out);
            let end = out.windows(2).position(|pair| pair == b"\r\n").unwrap();
            let size = str::from_utf8(&out[..end]).unwrap().rsplit(' ').next().unwrap();
            prop_assert_eq!(size.parse::<usize>().unwrap(), body.len());
            prop_assert_eq!(&out[end + 2..out.len() - 2], &body[..]);
            prop_assert!(out.ends_with(b"\r\n"));
        }
    }
}
