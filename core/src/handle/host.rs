use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::grammar::{self, Fault, Span};

/// One host of a [`Handle`](crate::Handle).
///
/// ```
/// use backing_services::Handle;
///
/// let handle = Handle::parse("memcached://cache.example:11212")?;
/// let host = &handle.hosts()[0];
/// assert_eq!(host.name(), "cache.example");
/// assert_eq!(host.port(), Some(11212));
/// assert_eq!(host.to_string(), "cache.example:11212");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// An adapter keeps it beside the handle that it came from.
    name: Arc<str>,
    port: Option<u16>,
}

impl Host {
    /// `text` has passed the grammar.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let (name, port) = Self::split(text);
        if is_plain(name) {
            return Ok(Self { name: name.into(), port });
        }
        if name.contains('%') {
            // A percent-encoded host is the path of a Unix socket and nothing else.
            let path = percent_decode_str(name).decode_utf8().map_err(|_| Fault::Host)?;
            if !path.starts_with('/') {
                return Err(Fault::Host);
            }
            return Ok(Self { name: path.into(), port });
        }
        if is_number(name) {
            return Err(Fault::Number);
        }
        let name = match url::Host::parse(name).map_err(|_| Fault::Host)? {
            url::Host::Domain(name) => name,
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        };
        Ok(Self { name: name.into(), port })
    }

    /// The name of a bucket is no name of a machine: `2024` is no address, and upper case counts.
    pub(super) fn bucket(text: &str) -> Result<Self, Fault> {
        let (name, port) = Self::split(text);
        if name.contains('%') {
            return Err(Fault::Host);
        }
        Ok(Self { name: name.into(), port })
    }

    /// `text` has passed the grammar.
    fn split(text: &str) -> (&str, Option<u16>) {
        let (name, port) = grammar::split_port(text.as_bytes(), Span { start: 0, end: text.len() });
        (name.of(text), port.and_then(|span| grammar::parse_port(text.as_bytes(), span)))
    }

    #[allow(dead_code, reason = "some adapters have a host that their handle does not name")]
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), port: None }
    }

    /// The name in lower case (an international one as Punycode), an address without brackets, or
    /// the path of a Unix socket.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("nats://LOCALHOST,[::1]")?.hosts()[1].name(), "::1");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port as written.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("nats://localhost")?.hosts()[0].port(), None);
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The same host with a port filled in where none is written.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::parse("mysql://[::1]/db")?;
    /// assert_eq!(handle.hosts()[0].or_port(3306).to_string(), "[::1]:3306");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    #[must_use]
    pub fn or_port(&self, default: u16) -> Self {
        Self { name: Arc::clone(&self.name), port: self.port.or(Some(default)) }
    }

    /// Whether the host is this machine: `localhost`, a loopback address or a socket. A name below
    /// `localhost` may lead anywhere.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert!(Handle::parse("nats://[::1]")?.hosts()[0].is_loopback());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn is_loopback(&self) -> bool {
        if let Ok(address) = self.name.parse::<IpAddr>() {
            return address.to_canonical().is_loopback();
        }
        // Any other name, also one below `localhost`, is asked of a resolver, which may answer
        // anything.
        &*self.name == "localhost" || self.is_socket()
    }

    /// Whether it is the path of a Unix socket.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert!(Handle::parse("postgres://%2Frun%2Fpostgresql/app")?.hosts()[0].is_socket());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn is_socket(&self) -> bool {
        self.name.starts_with('/')
    }
}

/// Whether what looks like a number is no address of four decimal parts: resolvers take `127.1`,
/// `0x7f.1` and `010.0.0.1` for addresses, each for another one than most people would.
fn is_number(name: &str) -> bool {
    // Nothing else can be one.
    if !name.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex = last.len() > 1 && last[..2].eq_ignore_ascii_case("0x");
    let is_digits = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits || is_hex) && name.parse::<Ipv4Addr>().is_err()
}

/// A name that `url` would give back unchanged: nothing international in it, no upper case, and no
/// number at its end that could make it an address.
fn is_plain(name: &str) -> bool {
    // The first byte of the last label, once the name is read to its end.
    let mut first = None;
    for (at, byte) in name.bytes().enumerate() {
        match (byte, first) {
            (b'.', Some(_)) => first = None,
            (b'a'..=b'z' | b'0'..=b'9' | b'-', Some(_)) => {}
            (b'a'..=b'z' | b'0'..=b'9' | b'-', None) => {
                if name[at..].starts_with("xn--") {
                    return false;
                }
                first = Some(byte);
            }
            _ => return false,
        }
    }
    first.is_some_and(|byte| byte.is_ascii_lowercase())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(f, "[{}]:{port}", self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
            None if self.name.contains(':') => write!(f, "[{}]", self.name),
            None => f.write_str(&self.name),
        }
    }
}
