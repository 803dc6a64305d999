//! Resource handles: one strict grammar, parsed before any driver sees the text.

mod builder;
pub(crate) mod const_text;
mod error;
pub(crate) mod grammar;
mod host;
mod list;
mod origin;
pub(crate) mod params;

pub use self::builder::HandleBuilder;
pub use self::error::HandleError;
pub use self::host::Host;
pub use self::origin::Origin;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_core::de::DeserializeOwned;

use self::grammar::{Fault, Marks, Part, Span};
use crate::secret::Secret;
use crate::spelling::is_plain_word;

/// How many hosts and how many parameters a handle may have: more than anybody needs, and few
/// enough to compare each with each.
pub(crate) const MOST: usize = 64;

/// A resource handle: the URL that locates a resource and carries its credentials.
///
/// Parsing is strict. What the `url` crate or a driver would read as something else than its author
/// meant is an error that says how to write it: an unescaped `#`, `/`, `?` or `@` in a password, a
/// fragment, a `%` without two hex digits, white space, an unexpanded `${...}`, a port out of
/// range.
///
/// `Debug` and `Display` are redacted: they show scheme, host and port, and no byte of the user
/// name, the password, the path or a parameter's value. Only [`expose_url`](Handle::expose_url)
/// gives the whole text.
///
/// ```
/// use backing_services::Handle;
///
/// let handle = Handle::parse("mysql://shop:p%40ss@db.example:3307/orders?ssl-mode=required")?;
/// assert_eq!(handle.scheme(), "mysql");
/// assert_eq!(handle.host(), Some("db.example"));
/// assert_eq!(handle.port(), Some(3307));
/// assert_eq!(handle.username(), Some("shop"));
/// assert_eq!(handle.password().map(|p| p.expose()), Some("p@ss"));
/// assert_eq!(handle.path(), "/orders");
/// assert_eq!(handle.to_string(), "mysql://***:***@db.example:3307/***?ssl-mode=***");
///
/// let error = Handle::parse("mysql://shop:p#ss@db.example/orders").unwrap_err();
/// assert_eq!(error.to_string(), "a `#` stands before the `@`: in a user name or password write it `%23`");
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    parsed: Arc<Parsed>,
    origin: Option<Origin>,
}

/// Two handles are the same where they say the same, wherever they came from.
impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parsed, &other.parsed)
            || self.parsed.url.expose() == other.parsed.url.expose()
    }
}

impl Eq for Handle {}

struct Parsed {
    url: Secret,
    scheme: Span,
    /// The scheme in lower case, where it is written otherwise.
    lower_scheme: Option<String>,
    username: Option<Text>,
    password: Option<Secret>,
    hosts: Hosts,
    path: Span,
    params: Vec<(Text, Text)>,
}

/// A part that most handles hold as it is.
enum Text {
    Written(Span),
    Decoded(String),
}

impl Text {
    fn new(text: &str, marks: &Marks, span: Span, part: Part) -> Result<Self, Fault> {
        let written = span.of(text);
        if marks.may_escape(span) && has_escapes(written) {
            return decode(written, part).map(Self::Decoded);
        }
        Ok(Self::Written(span))
    }

    fn of<'t>(&'t self, text: &'t str) -> &'t str {
        match self {
            Self::Written(span) => span.of(text),
            Self::Decoded(decoded) => decoded,
        }
    }
}

/// Most handles have one.
enum Hosts {
    None,
    One(Host),
    Several(Vec<Host>),
}

impl Deref for Hosts {
    type Target = [Host];

    fn deref(&self) -> &[Host] {
        match self {
            Self::None => &[],
            Self::One(host) => slice::from_ref(host),
            Self::Several(hosts) => hosts,
        }
    }
}

impl Handle {
    /// Parses a handle. One newline at the very end is dropped, because files end in one. A list of
    /// whole addresses, `nats://a,nats://b` or `amqp://a;amqp://b`, is read as `nats://a,b` where
    /// they differ in nothing but their hosts.
    ///
    /// # Errors
    ///
    /// The first rule of the grammar that the text breaks, with the repair. The error holds no byte
    /// of the user name, the password, the path or a parameter's value.
    ///
    /// ```
    /// use backing_services::Handle;
    ///
    /// assert!(Handle::parse("memcached://10.0.0.1,10.0.0.2:11212").is_ok());
    /// assert!(Handle::parse("sqlite::memory:").is_ok());
    /// assert!(Handle::parse("shop:secret@db.example").is_err()); // no scheme
    /// ```
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let text = grammar::without_final_newline(text);
        Parsed::of(text)
            .map(|parsed| Self { parsed: Arc::new(parsed), origin: None })
            .map_err(HandleError::syntax)
    }

    /// The scheme, in lower case.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("MySQL://localhost")?.scheme(), "mysql");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn scheme(&self) -> &str {
        let Parsed { url, scheme, lower_scheme, .. } = &*self.parsed;
        lower_scheme.as_deref().unwrap_or_else(|| scheme.of(url.expose()))
    }

    /// The first host: a name in lower case, or an address without brackets; of `s3` the bucket, as
    /// it is written. `None` for a socket or a file.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("mysql://[::1]:3306/db")?.host(), Some("::1"));
    /// assert_eq!(Handle::parse("mysql://shop@/db?socket=/run/mysqld.sock")?.host(), None);
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn host(&self) -> Option<&str> {
        self.parsed.hosts.first().map(Host::name)
    }

    /// All hosts, in the order written. Most adapters take one.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::parse("memcached://a:11211,b")?;
    /// let ports: Vec<_> = handle.hosts().iter().map(|host| host.port()).collect();
    /// assert_eq!(ports, [Some(11211), None]);
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn hosts(&self) -> &[Host] {
        &self.parsed.hosts
    }

    /// The port of the first host as written; no default is filled in.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("mysql://localhost/db")?.port(), None);
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn port(&self) -> Option<u16> {
        self.parsed.hosts.first().and_then(Host::port)
    }

    /// The user name, decoded. An empty one is `None`.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("mysql://a%40b@localhost/db")?.username(), Some("a@b"));
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn username(&self) -> Option<&str> {
        self.parsed.username.as_ref().map(|username| username.of(self.expose_url()))
    }

    /// The password, decoded. An empty one is `None`.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// let handle = Handle::parse("mysql://shop:1%2323@localhost/db")?;
    /// assert_eq!(handle.password().map(|p| p.expose()), Some("1#23"));
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn password(&self) -> Option<&Secret> {
        self.parsed.password.as_ref()
    }

    /// The path as written, with its leading `/` and still percent-encoded.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("amqp://localhost/%2f")?.path(), "/%2f");
    /// assert_eq!(Handle::parse("sqlite:shop.db")?.path(), "shop.db");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn path(&self) -> &str {
        self.parsed.path.of(self.parsed.url.expose())
    }

    /// The path, percent-decoded.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("sqlite:///var/my%20shop.db")?.path_decoded(), "/var/my shop.db");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn path_decoded(&self) -> String {
        self.decoded_path().into_owned()
    }

    /// The path, percent-decoded. `parse` has checked that it is UTF-8.
    pub(crate) fn decoded_path(&self) -> Cow<'_, str> {
        decoded(self.path())
    }

    /// The path as one decoded name, without its leading `/`: a database, a tube. `None` when
    /// empty.
    ///
    /// # Errors
    ///
    /// When the path has several segments.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("mysql://localhost/my%20shop")?.name()?.as_deref(), Some("my shop"));
    /// assert_eq!(Handle::parse("mysql://localhost/")?.name()?, None);
    /// assert!(Handle::parse("mysql://localhost/a/b")?.name().is_err());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn name(&self) -> Result<Option<String>, HandleError> {
        Ok(self.decoded_name()?.map(Cow::into_owned))
    }

    pub(crate) fn decoded_name(&self) -> Result<Option<Cow<'_, str>>, HandleError> {
        let name = self.path().strip_prefix('/').unwrap_or(self.path());
        if name.contains('/') {
            return Err(HandleError::new("the path has more than one segment").with_help(
                "write a single name after the host; a `/` inside it is written `%2F`",
            ));
        }
        Ok((!name.is_empty()).then(|| decoded(name)))
    }

    /// The parameters behind the `?`, as any `serde` struct. Its fields are the parameters that
    /// exist: one that the struct does not have is an error that suggests the nearest name.
    ///
    /// Numbers, booleans, strings, [`Secret`], enums (case and `-`/`_` do not matter), `Option`,
    /// newtypes and [`Duration`](std::time::Duration) (`500ms`, `5s`, `2m`, `1h`) are understood. A
    /// tuple of structs shares the parameters; `()` takes none.
    ///
    /// # Errors
    ///
    /// An unknown or missing parameter or a value of the wrong form; the value is never shown.
    ///
    /// ```
    /// use backing_services::Handle;
    /// use std::time::Duration;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Params {
    ///     connect_timeout: Option<Duration>,
    /// }
    ///
    /// let params: Params = Handle::parse("chat://localhost?connect_timeout=5s")?.params()?;
    /// assert_eq!(params.connect_timeout, Some(Duration::from_secs(5)));
    ///
    /// let error = Handle::parse("chat://localhost?conect_timeout=5s")?.params::<Params>().err().unwrap();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "unknown parameter `conect_timeout`: did you mean `connect_timeout`?"
    /// );
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn params<T: DeserializeOwned>(&self) -> Result<T, HandleError> {
        params::deserialize(self.query())
    }

    /// The parameters, decoded, in the order written.
    pub(crate) fn query(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        let Parsed { url, params, .. } = &*self.parsed;
        params.iter().map(|(name, value)| (name.of(url.expose()), value.of(url.expose())))
    }

    /// The value of a parameter, decoded.
    pub(crate) fn param_at(&self, index: usize) -> Option<&str> {
        let (_, value) = self.parsed.params.get(index)?;
        Some(value.of(self.expose_url()))
    }

    /// The whole handle, with every credential, in the form it was parsed from; of a list of
    /// addresses what they share stands there once. For drivers only.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert_eq!(Handle::parse("redis://:secret@localhost\n")?.expose_url(), "redis://:secret@localhost");
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn expose_url(&self) -> &str {
        self.parsed.url.expose()
    }

    /// Where the handle came from, when it was loaded from an [`Environment`](crate::Environment).
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert!(Handle::parse("mysql://localhost")?.origin().is_none());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    pub(crate) fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Whether every host is this machine: a loopback name or address, a socket or a file.
    ///
    /// ```
    /// # use backing_services::Handle;
    /// assert!(Handle::parse("mysql://127.0.0.1/db")?.is_loopback());
    /// assert!(!Handle::parse("mysql://db.example/db")?.is_loopback());
    /// # Ok::<(), backing_services::HandleError>(())
    /// ```
    pub fn is_loopback(&self) -> bool {
        self.parsed.hosts.iter().all(Host::is_loopback)
    }

    /// The scheme, if showing it cannot show a secret.
    pub(crate) fn known_scheme(&self) -> Option<&'static str> {
        crate::list::known_scheme(self.scheme())
    }
}

impl Parsed {
    fn of(text: &str) -> Result<Self, Fault> {
        let marks = Marks::of(text);
        if marks.has_separator
            && let Cow::Owned(joined) = list::join(text)?
        {
            return Self::new(&joined, &Marks::of(&joined));
        }
        Self::new(text, &marks)
    }

    fn new(text: &str, marks: &Marks) -> Result<Self, Fault> {
        let spans = grammar::scan_by(text, marks)?;
        let is_there = |span: &Span| !span.is_empty();
        let scheme = spans.scheme.of(text);
        let is_upper = scheme.bytes().any(|byte| byte.is_ascii_uppercase());
        let lower_scheme = is_upper.then(|| scheme.to_ascii_lowercase());
        let username = spans.username.filter(is_there);
        let username =
            username.map(|span| Text::new(text, marks, span, Part::Username)).transpose()?;
        let password = spans.password.filter(is_there);
        let password = password.map(|span| decode(span.of(text), Part::Password)).transpose()?;
        let password = password.map(Secret::new);
        let host = if scheme.eq_ignore_ascii_case("s3") { Host::bucket } else { Host::parse };
        let hosts = match spans.hosts.of(text) {
            "" => Hosts::None,
            all if marks.has_separator && all.as_bytes().contains(&b',') => {
                let mut hosts = Vec::with_capacity(count(all, b',', Part::Host)?);
                for one in all.split(',') {
                    hosts.push(host(one)?);
                }
                Hosts::Several(hosts)
            }
            one => Hosts::One(host(one)?),
        };
        if marks.may_escape(spans.path) {
            check_utf8(spans.path.of(text), Part::Path)?;
        }
        let params = match spans.query {
            Some(query) => split_params(text, marks, query)?,
            None => Vec::new(),
        };
        Ok(Self {
            url: Secret::new(text),
            scheme: spans.scheme,
            lower_scheme,
            username,
            password,
            hosts,
            path: spans.path,
            params,
        })
    }
}

fn decode(text: &str, part: Part) -> Result<String, Fault> {
    if !has_escapes(text) {
        return Ok(text.to_owned());
    }
    // The grammar has let whole escapes through alone, so that the length is known.
    let escapes = text.bytes().filter(|byte| *byte == b'%').count();
    let mut bytes = Vec::with_capacity(text.len().saturating_sub(2 * escapes));
    bytes.extend(percent_decode_str(text));
    String::from_utf8(bytes).map_err(|_| Fault::NotUtf8 { part })
}

/// Most parts hold none, and are what they are.
fn has_escapes(text: &str) -> bool {
    text.as_bytes().contains(&b'%')
}

/// A part that is kept as it is written, once [`check_utf8`] has looked at it.
fn decoded(text: &str) -> Cow<'_, str> {
    if has_escapes(text) { percent_decode_str(text).decode_utf8_lossy() } else { text.into() }
}

/// Whether a part that is kept as it is written can be decoded.
fn check_utf8(text: &str, part: Part) -> Result<(), Fault> {
    if has_escapes(text) && percent_decode_str(text).decode_utf8().is_err() {
        return Err(Fault::NotUtf8 { part });
    }
    Ok(())
}

/// How many items the separators make of a text.
fn count(text: &str, separator: u8, part: Part) -> Result<usize, Fault> {
    let separators = text.bytes().filter(|byte| *byte == separator).count();
    if separators < MOST { Ok(separators + 1) } else { Err(Fault::TooMany { part }) }
}

fn split_params(text: &str, marks: &Marks, query: Span) -> Result<Vec<(Text, Text)>, Fault> {
    let mut params: Vec<(Text, Text)> = Vec::new();
    if query.is_empty() {
        return Ok(params);
    }
    params.reserve_exact(count(query.of(text), b'&', Part::Query)?);
    let mut start = query.start;
    for pair in query.of(text).split('&') {
        let (end, equals) = (start + pair.len(), pair.find('=').ok_or(Fault::Parameter)?);
        let name = Text::new(text, marks, Span { start, end: start + equals }, Part::Query)?;
        if equals == 0 {
            return Err(Fault::Parameter);
        }
        if params.iter().any(|(earlier, _)| earlier.of(text) == name.of(text)) {
            return Err(Fault::RepeatedParameter);
        }
        let value = Text::new(text, marks, Span { start: start + equals + 1, end }, Part::Query)?;
        params.push((name, value));
        start = end + 1;
    }
    Ok(params)
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parsed = &*self.parsed;
        f.write_str(self.known_scheme().unwrap_or("***"))?;
        f.write_str(if parsed.hosts.is_empty() { ":" } else { "://" })?;
        match (&parsed.username, &parsed.password) {
            (None, None) => {}
            (Some(_), None) => f.write_str("***@")?,
            (_, Some(_)) => f.write_str("***:***@")?,
        }
        for (index, host) in parsed.hosts.iter().enumerate() {
            write!(f, "{}{host}", if index > 0 { "," } else { "" })?;
        }
        match self.path() {
            "" | "/" => {}
            path if path.starts_with('/') => f.write_str("/***")?,
            _ => f.write_str("***")?,
        }
        for (index, (name, _)) in self.query().enumerate() {
            let separator = if index > 0 { '&' } else { '?' };
            write!(f, "{separator}{}=***", if is_plain_word(name) { name } else { "***" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

#[cfg(test)]
mod tests;
