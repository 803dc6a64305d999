//! The one table of what a handle of an adapter may say. `#[derive(Adapter)]` writes it from the
//! struct.
//!
//! Everything here can be built and looked up while compiling: the derive checks defaults with it.

use super::server::Server;
use super::value::{Kind, Unit};
use crate::spelling::{as_variable, parse_duration, same_name};

/// What the handles of one adapter may say: the table that parsing, the other sources, reports and
/// documentation are made from.
///
/// `#[derive(Adapter)]` writes it. By hand it is made from a name, schemes and an example:
///
/// ```
/// use backing_services::{Grammar, Scheme};
///
/// const TICKER: Grammar =
///     Grammar::new("Ticker", &[Scheme::new("ticker").port(7070)], "ticker://localhost:7070");
/// assert_eq!(TICKER.scheme("ticker").and_then(|scheme| scheme.default_port()), Some(7070));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grammar {
    name: &'static str,
    schemes: &'static [Scheme],
    example: &'static str,
    bindings: &'static [&'static str],
    others: &'static [&'static str],
    words: &'static [Word],
    hosts: Hosts,
    login: Login,
    unencrypted: Unencrypted,
    api: bool,
    mail: bool,
    place: Option<&'static str>,
    server: Local,
    variants: &'static [&'static Grammar],
}

/// What a developer's machine runs. Two grammars that differ in nothing else say the same.
#[derive(Clone, Copy, Debug)]
struct Local(Option<&'static Server>);

impl PartialEq for Local {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Local {}

/// One scheme of a [`Grammar`], and what it says by itself.
///
/// ```
/// use backing_services::Scheme;
///
/// const SECURE: Scheme = Scheme::new("rediss").port(6379).tls();
/// assert!(SECURE.is_tls() && !SECURE.is_socket());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheme {
    name: &'static str,
    port: Option<u16>,
    tls: bool,
    socket: bool,
    tls_ports: &'static [u16],
}

impl Scheme {
    /// A scheme, in lower case, without a default port, without TLS, with a host.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert_eq!(Scheme::new("nats").name(), "nats");
    /// ```
    pub const fn new(name: &'static str) -> Self {
        Self { name, port: None, tls: false, socket: false, tls_ports: &[] }
    }

    /// Sets the port of a handle that names none.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert_eq!(Scheme::new("nats").port(4222).default_port(), Some(4222));
    /// ```
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The scheme says that TLS is used.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert!(Scheme::new("amqps").tls().is_tls());
    /// ```
    #[must_use]
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// The handle names a Unix socket by its path.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert!(Scheme::new("redis+unix").socket().is_socket());
    /// ```
    #[must_use]
    pub const fn socket(mut self) -> Self {
        self.socket = true;
        self
    }

    /// Ports on which servers speak TLS from the first byte. They choose this scheme for a handle
    /// that is assembled from parts and says nothing else.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// const SECURE: Scheme = Scheme::new("rediss").tls().tls_ports(&[6380]);
    /// ```
    #[must_use]
    pub const fn tls_ports(mut self, ports: &'static [u16]) -> Self {
        self.tls_ports = ports;
        self
    }

    /// The scheme, in lower case.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert_eq!(Scheme::new("s3").name(), "s3");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The port of a handle that names none.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert_eq!(Scheme::new("s3").default_port(), None);
    /// ```
    pub const fn default_port(&self) -> Option<u16> {
        self.port
    }

    /// Whether the scheme says that TLS is used.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert!(!Scheme::new("nats").is_tls());
    /// ```
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether the handle names a Unix socket by its path.
    ///
    /// ```
    /// # use backing_services::Scheme;
    /// assert!(!Scheme::new("nats").is_socket());
    /// ```
    pub const fn is_socket(&self) -> bool {
        self.socket
    }

    pub(crate) const fn listed_tls_ports(&self) -> &'static [u16] {
        self.tls_ports
    }

    pub(crate) fn speaks_tls_on(&self, port: u16) -> bool {
        self.tls && (self.port == Some(port) || self.tls_ports.contains(&port))
    }
}

/// One word of a [`Grammar`]: a part of the handle or a parameter, its names at every source, its
/// form and its meaning.
///
/// ```
/// use backing_services::{Kind, Part, Word};
///
/// const REGION: Word = Word::new("region", Part::Param, Kind::Text).meaning("The data centre.");
/// assert!(REGION.is_called("REGION"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    name: &'static str,
    names: &'static [&'static str],
    part: Part,
    kind: Kind,
    default: Option<&'static str>,
    max: Option<&'static str>,
    meaning: &'static str,
    about: About,
    required: bool,
    bare: Option<Unit>,
    query: bool,
    only: bool,
}

/// Where a [`Word`] stands in a handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Part {
    /// A host, or several.
    Host,
    /// The port of the host.
    Port,
    /// The user name, or a key in its place.
    Username,
    /// The password, or a key in its place.
    Password,
    /// The path as it stands, in segments.
    Path,
    /// The path as one name: a database, a virtual host. A `/` in it belongs to the name.
    Name,
    /// The path of a file or folder of this machine.
    File,
    /// A parameter behind the `?`.
    Param,
}

/// What a [`Word`] is about, which decides how strictly other sources read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum About {
    /// Anything else.
    Other,
    /// It tunes the client and cannot make it talk to somebody else.
    Tuning,
    /// It is the word for TLS. Its values, from the least safe to the safest, are those of its
    /// [`Kind`].
    Tls(TlsWord),
    /// A file of CA certificates to trust.
    Ca,
    /// A file of TLS: the client's own certificate or key.
    TlsFile,
    /// It holds a credential, or names a file that does.
    Credential,
}

/// What the values of an adapter's word for TLS mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TlsWord {
    /// Unencrypted, and meant.
    pub off: &'static str,
    /// Encrypted at least.
    pub on: &'static str,
    /// Encrypted, and the server's certificate verified.
    pub verified: &'static str,
}

/// How many hosts a handle has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Hosts {
    /// None: the resource is a file, or the place is fixed.
    None,
    /// One.
    One,
    /// One, or a socket instead of it.
    Optional,
    /// One or more.
    Several,
}

/// Which of user name and password go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Login {
    /// Each as its field says.
    Free,
    /// Both or none.
    Together,
}

/// What becomes of a credential that nothing encrypts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unencrypted {
    /// The adapter has rules of its own, in its `check`.
    Own,
    /// Refused towards another machine, unless the word for TLS says that it is meant.
    Refused,
    /// Anything unencrypted is refused towards another machine, whatever the handle says: the
    /// service is somebody else's, and only a fake server has no TLS.
    Loopback,
}

impl Word {
    /// A word that need not be there and has one name.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("region", Part::Param, Kind::Text).name(), "region");
    /// ```
    pub const fn new(name: &'static str, part: Part, kind: Kind) -> Self {
        Self {
            name,
            names: &[],
            part,
            kind,
            default: None,
            max: None,
            meaning: "",
            about: About::Other,
            required: false,
            bare: None,
            query: matches!(part, Part::Param),
            only: false,
        }
    }

    /// Adds other names, which every source knows too. Case, `-` and `_` make no difference.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const CA: Word = Word::new("tls_ca", Part::Param, Kind::File).names(&["SSL_CA"]);
    /// assert!(CA.is_called("sslCa"));
    /// ```
    #[must_use]
    pub const fn names(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    /// Sets the value of a word that is not there.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const RETRIES: Word = Word::new("retries", Part::Param, Kind::of::<u8>()).default("2");
    /// ```
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Sets the greatest value of a duration or a whole number: beyond it a driver fails, or does
    /// what nobody meant.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const LIMIT: Word = Word::new("timeout", Part::Param, Kind::Duration).max("24h");
    /// assert!(LIMIT.accepts("5s") && !LIMIT.accepts("25h"));
    /// ```
    #[must_use]
    pub const fn max(mut self, max: &'static str) -> Self {
        self.max = Some(max);
        self
    }

    /// Says what it is for, in one sentence or a few.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const TTR: Word = Word::new("ttr", Part::Param, Kind::Duration).meaning("The time to run.");
    /// ```
    #[must_use]
    pub const fn meaning(mut self, meaning: &'static str) -> Self {
        self.meaning = meaning;
        self
    }

    /// Says what it is about.
    ///
    /// ```
    /// # use backing_services::{About, Kind, Part, Word};
    /// const TTR: Word = Word::new("ttr", Part::Param, Kind::Duration).about(About::Tuning);
    /// ```
    #[must_use]
    pub const fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// A handle without it is refused.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert!(Word::new("region", Part::Param, Kind::Text).required().is_required());
    /// ```
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The unit of a bare number in the query of a handle, where others have settled it: a
    /// `connect_timeout=10` of PostgreSQL is seconds.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Unit, Word};
    /// const LIMIT: Word = Word::new("connect_timeout", Part::Param, Kind::Duration).bare(Unit::Seconds);
    /// ```
    #[must_use]
    pub const fn bare(mut self, unit: Unit) -> Self {
        self.bare = Some(unit);
        self
    }

    /// A part that may stand in the query too, as in `?host=/run/postgresql`. Of several hosts that
    /// may, each may be the path of a Unix socket.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const HOST: Word = Word::new("host", Part::Host, Kind::Text).in_query();
    /// ```
    #[must_use]
    pub const fn in_query(mut self) -> Self {
        self.query = true;
        self
    }

    /// Its own names are all that it has: those that every server's part has are not among them.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const BUCKET: Word = Word::new("bucket", Part::Host, Kind::Text).only();
    /// assert!(!BUCKET.is_called("HOST"));
    /// ```
    #[must_use]
    pub const fn only(mut self) -> Self {
        self.only = true;
        self
    }

    /// The name that messages and documentation use.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).name(), "ttr");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Every name, in the spelling of the grammar, those that all servers share included.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let common: &[&'static str] = if self.only { &[] } else { self.part.common_names() };
        let common = common.iter().copied();
        std::iter::once(self.name).chain(self.names.iter().copied()).chain(common)
    }

    /// Its other names as they are listed, for constants.
    pub(crate) const fn listed_names(&self) -> &'static [&'static str] {
        self.names
    }

    /// The name that people write behind a stem.
    pub(crate) fn usual_name(&self) -> &'static str {
        match (self.only, self.part.common_names(), self.names) {
            (false, [common, ..], _) | (_, _, [common, ..]) => common,
            _ => self.name,
        }
    }

    /// The names that its adapter gives it, its own first.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.iter().copied().chain(std::iter::once(self.name))
    }

    /// The names that its adapter gives it beside the first.
    pub(crate) fn other_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (first, names) = (self.name, self.names);
        names.iter().copied().filter(move |name| !same_name(name, first))
    }

    /// Where it stands in the handle.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).part(), Part::Param);
    /// ```
    pub const fn part(&self) -> Part {
        self.part
    }

    /// The form of its value.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert!(Word::new("ttr", Part::Param, Kind::Duration).kind().accepts("30s"));
    /// ```
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a text has the form of its value, and is not beyond the greatest.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert!(!Word::new("ttr", Part::Param, Kind::Duration).accepts("30"));
    /// ```
    pub const fn accepts(&self, text: &str) -> bool {
        self.is_within(text) && self.kind.accepts(text)
    }

    /// Whether a value of the form is not above the greatest.
    pub(crate) const fn is_within(&self, text: &str) -> bool {
        let Some(max) = self.max else { return true };
        if matches!(self.kind, Kind::Duration) {
            return match (parse_duration(text), parse_duration(max)) {
                (Some(duration), Some(max)) => duration.as_millis() <= max.as_millis(),
                (duration, _) => duration.is_none(),
            };
        }
        match (i128::from_str_radix(text, 10), i128::from_str_radix(max, 10)) {
            (Ok(number), Ok(max)) => number <= max,
            _ => true,
        }
    }

    /// What to write, in words: it follows "expected".
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// const RETRIES: Word = Word::new("retries", Part::Param, Kind::of::<u8>()).max("9");
    /// assert_eq!(RETRIES.expected(), "a whole number from 0 to 9");
    /// ```
    pub fn expected(&self) -> String {
        match (self.kind, self.max) {
            (Kind::Integer { min, max }, Some(own)) => {
                Kind::Integer { min, max: own.parse().unwrap_or(max) }.expected()
            }
            (kind, Some(max)) => format!("{}, at most `{max}`", kind.expected()),
            (kind, None) => kind.expected(),
        }
    }

    /// Its value where it is not there.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).default_value(), None);
    /// ```
    pub const fn default_value(&self) -> Option<&'static str> {
        self.default
    }

    /// What it is for: the doc comment of its field.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).described(), "");
    /// ```
    pub const fn described(&self) -> &'static str {
        self.meaning
    }

    /// Whether a handle without it is refused.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert!(!Word::new("ttr", Part::Param, Kind::Duration).is_required());
    /// ```
    pub const fn is_required(&self) -> bool {
        self.required
    }

    /// What it is about.
    ///
    /// ```
    /// # use backing_services::{About, Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).subject(), About::Other);
    /// ```
    pub const fn subject(&self) -> About {
        self.about
    }

    /// The greatest value, where there is one.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert_eq!(Word::new("ttr", Part::Param, Kind::Duration).max_value(), None);
    /// ```
    pub const fn max_value(&self) -> Option<&'static str> {
        self.max
    }

    pub(crate) const fn bare_unit(&self) -> Option<Unit> {
        self.bare
    }

    pub(crate) const fn has_only_own_names(&self) -> bool {
        self.only
    }

    pub(crate) const fn stands_in_query(&self) -> bool {
        self.query
    }

    /// Whether this is one of its names, without regard to case, `-` and `_`.
    ///
    /// ```
    /// # use backing_services::{Kind, Part, Word};
    /// assert!(Word::new("ssl-mode", Part::Param, Kind::Text).is_called("SSL_MODE"));
    /// ```
    pub const fn is_called(&self, name: &str) -> bool {
        if same_name(self.name, name) || contains(self.names, name) {
            return true;
        }
        !self.only && contains(self.part.common_names(), name)
    }
}

const fn contains(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same_name(names[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

impl Part {
    /// The names that every server's parts have where people write them one by one.
    const fn common_names(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS"],
            Self::Port => &["PORT", "PORT_NUMBER", "HOST_PORT"],
            Self::Username => &["USER", "USERNAME"],
            Self::Password => &["PASSWORD", "PASS", "PASSWD", "PWD"],
            Self::Name => &["NAME", "DATABASE", "DB", "DBNAME", "DB_NAME", "DATABASE_NAME"],
            Self::Path | Self::File => &["PATH"],
            Self::Param => &[],
        }
    }

    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Port => "port",
            Self::Username => "user name",
            Self::Password => "password",
            Self::Path | Self::Name | Self::File => "path",
            Self::Param => "parameter",
        }
    }

    /// Whether it says where the resource is, which beside a handle is the handle's own.
    pub(crate) const fn is_place(self) -> bool {
        matches!(self, Self::Host | Self::Port)
    }

    pub(crate) const fn is_path(self) -> bool {
        matches!(self, Self::Path | Self::Name | Self::File)
    }
}

impl Grammar {
    /// A grammar with a name for messages, its schemes (the preferred one first) and an example.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost");
    /// assert_eq!(CHAT.name(), "Chat");
    /// ```
    pub const fn new(
        name: &'static str,
        schemes: &'static [Scheme],
        example: &'static str,
    ) -> Self {
        Self {
            name,
            schemes,
            example,
            bindings: &[],
            others: &[],
            words: &[],
            hosts: Hosts::One,
            login: Login::Free,
            unencrypted: Unencrypted::Own,
            api: false,
            mail: false,
            place: None,
            server: Local(None),
            variants: &[],
        }
    }

    /// Sets the words, parts and parameters, in the order of the documentation.
    ///
    /// ```
    /// # use backing_services::{Grammar, Kind, Part, Scheme, Word};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost")
    ///     .words(&[Word::new("room", Part::Param, Kind::Text)]);
    /// assert_eq!(CHAT.all_words().len(), 1);
    /// ```
    #[must_use]
    pub const fn words(mut self, words: &'static [Word]) -> Self {
        self.words = words;
        self
    }

    /// Names by which platforms and tools know the service, beside its schemes: the `type` of a
    /// service binding, the label or a tag of a Cloud Foundry service.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost")
    ///     .bindings(&["slack"]);
    /// ```
    #[must_use]
    pub const fn bindings(mut self, kinds: &'static [&'static str]) -> Self {
        self.bindings = kinds;
        self
    }

    /// Names beside a handle that are known to be somebody else's.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost")
    ///     .others(&["AUTH"]);
    /// ```
    #[must_use]
    pub const fn others(mut self, names: &'static [&'static str]) -> Self {
        self.others = names;
        self
    }

    /// Says how many hosts a handle has; one by default.
    ///
    /// ```
    /// # use backing_services::{Grammar, Hosts, Scheme};
    /// const BUS: Grammar = Grammar::new("Bus", &[Scheme::new("bus")], "bus://a,b").hosts(Hosts::Several);
    /// ```
    #[must_use]
    pub const fn hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Says which of user name and password go together.
    ///
    /// ```
    /// # use backing_services::{Grammar, Login, Scheme};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://u:p@localhost")
    ///     .login(Login::Together);
    /// ```
    #[must_use]
    pub const fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Says what becomes of a credential that nothing encrypts.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme, Unencrypted};
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://u:p@localhost")
    ///     .unencrypted(Unencrypted::Refused);
    /// ```
    #[must_use]
    pub const fn unencrypted(mut self, rule: Unencrypted) -> Self {
        self.unencrypted = rule;
        self
    }

    /// The service is any address on the web: the names beside its variable say nothing of it.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const API: Grammar = Grammar::new("API", &[Scheme::new("https")], "https://api.example").api();
    /// ```
    #[must_use]
    pub const fn api(mut self) -> Self {
        self.api = true;
        self
    }

    /// The words for TLS are those of mail, where `false` never means unencrypted.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const MAIL: Grammar = Grammar::new("Mail", &[Scheme::new("smtp")], "smtp://localhost").mail();
    /// ```
    #[must_use]
    pub const fn mail(mut self) -> Self {
        self.mail = true;
        self
    }

    /// The handle of a hosted service without credentials: with it a credential is enough.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// const SMS: Grammar = Grammar::new("SMS", &[Scheme::new("sms")], "sms://KEY@api.sms.example")
    ///     .place("sms://api.sms.example");
    /// ```
    #[must_use]
    pub const fn place(mut self, handle: &'static str) -> Self {
        self.place = Some(handle);
        self
    }

    /// Names the server that a developer's machine runs for it.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme, Server};
    /// const SERVER: Server =
    ///     Server::new("chat://127.0.0.1:{port}").image("docker.io/example/chat:2", 7070);
    /// const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost")
    ///     .server(&SERVER);
    /// ```
    #[must_use]
    pub const fn server(mut self, server: &'static Server) -> Self {
        self.server = Local(Some(server));
        self
    }

    /// The grammars of an enum's variants, of which the scheme chooses one.
    #[doc(hidden)]
    #[must_use]
    pub const fn variants(mut self, variants: &'static [&'static Grammar]) -> Self {
        self.variants = variants;
        self
    }

    /// The name of the service in messages, such as `MySQL`.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert_eq!(CHAT.name(), "Chat");
    /// ```
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The schemes, the preferred one first.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert_eq!(CHAT.schemes().len(), 1);
    /// ```
    pub const fn schemes(&self) -> &'static [Scheme] {
        self.schemes
    }

    /// A handle that shows the form.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert_eq!(CHAT.example(), "chat://a");
    /// ```
    pub const fn example(&self) -> &'static str {
        self.example
    }

    /// The words of the handle, those of an enum's variants not included.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert!(CHAT.all_words().is_empty());
    /// ```
    pub const fn all_words(&self) -> &'static [Word] {
        self.words
    }

    /// What the scheme of this name says, if it is one of these.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert!(CHAT.scheme("smtp").is_none());
    /// ```
    pub fn scheme(&self, name: &str) -> Option<&'static Scheme> {
        self.schemes.iter().find(|scheme| scheme.name == name)
    }

    /// The names of the schemes.
    pub(crate) fn scheme_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.schemes.iter().map(|scheme| scheme.name)
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> + use<> {
        let own = self.scheme_names().chain(self.bindings.iter().copied());
        own.chain(self.variants.iter().flat_map(|variant| variant.bindings.iter().copied()))
    }

    pub(crate) const fn listed_bindings(&self) -> &'static [&'static str] {
        self.bindings
    }

    pub(crate) const fn listed_others(&self) -> &'static [&'static str] {
        self.others
    }

    pub(crate) fn is_others(&self, name: &str) -> bool {
        contains(self.others, name)
    }

    pub(crate) const fn host_count(&self) -> Hosts {
        self.hosts
    }

    pub(crate) const fn login_rule(&self) -> Login {
        self.login
    }

    pub(crate) const fn unencrypted_rule(&self) -> Unencrypted {
        self.unencrypted
    }

    pub(crate) const fn is_api(&self) -> bool {
        self.api
    }

    pub(crate) const fn is_mail(&self) -> bool {
        self.mail
    }

    /// Whether the service is somebody else's to run: another company's API, or the mail.
    #[cfg(feature = "attached")]
    pub(crate) const fn is_elsewhere(&self) -> bool {
        self.is_api() || self.is_mail()
    }

    pub(crate) const fn fixed_place(&self) -> Option<&'static str> {
        self.place
    }

    /// The grammars of the variants of an enum of adapters; none otherwise.
    ///
    /// ```
    /// # use backing_services::{Grammar, Scheme};
    /// # const CHAT: Grammar = Grammar::new("Chat", &[Scheme::new("chat")], "chat://a");
    /// assert!(CHAT.all_variants().is_empty());
    /// ```
    pub const fn all_variants(&self) -> &'static [&'static Grammar] {
        self.variants
    }

    /// The server that stands in this grammar itself.
    pub(crate) const fn own_server(&self) -> Option<&'static Server> {
        self.server.0
    }

    /// The server of this grammar, or of the first variant that has one with an image.
    #[cfg(feature = "json")]
    pub(crate) fn local_server(&self) -> Option<&'static Server> {
        let servers = || self.variants.iter().filter_map(|variant| variant.local_server());
        self.server
            .0
            .or_else(|| servers().find(|it| it.image.is_some()))
            .or_else(|| servers().next())
    }

    /// The grammar that reads handles of this scheme: that of the variant which has it, else this
    /// one.
    pub(crate) fn of_scheme(&self, scheme: &str) -> &Self {
        let mut variants = self.variants.iter();
        match variants.find(|variant| variant.scheme(scheme).is_some()) {
            Some(variant) => variant.of_scheme(scheme),
            None => self,
        }
    }

    /// The first word of this name.
    pub(crate) fn word(&self, name: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.is_called(name))
    }

    /// The word for TLS, where there is one.
    pub(crate) fn tls_word(&self) -> Option<(&'static Word, TlsWord)> {
        self.tls_word_at().map(|(_, word, values)| (word, values))
    }

    /// The same, with its place among the words.
    pub(crate) fn tls_word_at(&self) -> Option<(usize, &'static Word, TlsWord)> {
        self.words.iter().enumerate().find_map(|(at, word)| match word.about {
            About::Tls(values) => Some((at, word, values)),
            _ => None,
        })
    }

    /// The word for a part of the handle.
    pub(crate) fn part(&self, part: Part) -> Option<&'static Word> {
        self.words.iter().find(|word| word.part == part)
    }

    /// The variable beside one that holds a handle that says what the word for TLS says:
    /// `CACHE_TLS` beside `CACHE_URL`.
    pub(crate) fn tls_variable(&self, variable: &str) -> Option<(TlsWord, String)> {
        let mut own = std::iter::once(self).chain(self.variants.iter().copied());
        let (word, values) = own.find_map(Grammar::tls_word)?;
        let stem = variable.strip_suffix("_URL").unwrap_or(variable);
        let name = as_variable(word.name);
        (!stem.is_empty()).then(|| (values, format!("{stem}_{name}")))
    }

    /// Whether a handle may carry a credential.
    pub(crate) fn takes_credentials(&self) -> bool {
        let is_credential = |word: &Word| matches!(word.part, Part::Username | Part::Password);
        self.words.iter().any(is_credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_every_spelling() {
        for name in ["ssl-mode", "SSL_MODE", "sslmode", "sslMode", "SSLMODE"] {
            assert!(same_name("ssl-mode", name), "{name}");
        }
        for name in ["ssl-mod", "ssl-modes", "", "-"] {
            assert!(!same_name("ssl-mode", name), "{name}");
        }
    }
}
