use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::mask::base64;
use super::*;
use crate::adapter::grammar::{Grammar, Scheme};
use crate::adapter::{Adapter, Connect};
use crate::backing::BackingServices;
use crate::handle::Handle;

/// An app's own adapter, which fails with the texts that a test gives it.
#[derive(Clone)]
struct Own {
    handle: Handle,
    error: ClientError,
}

impl Adapter for Own {
    const GRAMMAR: &'static Grammar =
        &Grammar::new("Own", &[Scheme::new("own")], "own://localhost");

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        let whole =
            format!("{:?} {}", handle.password().map(crate::Secret::expose), handle.expose_url());
        Err(HandleError::new(whole).with_help("the server refused the password"))
    }

    fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Connect for Own {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Err(self.error.clone())
    }
}

#[derive(crate::BackingServices)]
struct Services {
    own: Own,
    other: Option<Own>,
    #[service(nested)]
    inner: Option<Inner>,
}

#[derive(crate::BackingServices)]
struct Inner {
    one: Own,
    two: Option<Own>,
}

fn handle(password: &str) -> Handle {
    let handle = Handle::builder("own").host("db.example").username("shop").password(password);
    handle.path("/T0/hook").param("options", "-c statement_timeout=hunter2").build().unwrap()
}

fn connect(services: &Services) -> ConnectError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(services.connect()).err().unwrap()
}

fn failure(handle: &Handle, error: ClientError) -> Failure {
    let own = Own { handle: handle.clone(), error };
    connect(&Services { own, other: None, inner: None }).failures()[0].clone()
}

/// What is reported of a text that a driver or a server wrote.
fn reported(handle: &Handle, said: &str) -> String {
    failure(handle, ClientError::new(said.to_owned())).cause().to_owned()
}

/// Passwords that are words of our own messages, that have no word boundary around them, and that
/// every formatter writes in another way.
const NASTY: [&str; 14] = [
    "refused",
    "server",
    "password",
    "connection",
    "a",
    "\"",
    "p\"w\n",
    "pä/ss+word",
    "100%25",
    "%2f%252F",
    "\\\\x41\\n",
    "it's <b>&amp; so",
    "\u{1f511} kéy\u{0}\t",
    "aaaaaaaa",
];

/// Every spelling of a secret that a formatter gives it, made without the code under test.
fn spellings(secret: &str) -> Vec<String> {
    const SOME: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'/').add(b'@');
    let unquoted = |text: &str| text[1..text.len() - 1].to_owned();
    let encoded = |set| utf8_percent_encode(secret, set).to_string();
    let all_bytes = secret.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let utf16 =
        secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect::<Vec<_>>().concat();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    vec![
        secret.to_owned(),
        unquoted(&format!("{secret:?}")),
        unquoted(&serde_json::to_string(secret).unwrap()),
        utf16,
        encoded(NON_ALPHANUMERIC),
        encoded(NON_ALPHANUMERIC).to_lowercase().replace("%2f", "/"),
        encoded(SOME),
        encoded(NON_ALPHANUMERIC).replace("%20", "+"),
        all_bytes.to_uppercase(),
        all_bytes,
        secret.as_bytes().escape_ascii().to_string(),
        xml,
    ]
}

/// The same of what `Basic` and `PLAIN` authentication send.
fn base64_spellings(secret: &str) -> Vec<String> {
    let sent = [secret.to_owned(), format!("shop:{secret}"), format!("\0shop\0{secret}")];
    let texts = sent.iter().flat_map(|text| {
        let text = base64(text.as_bytes());
        let padding = "=".repeat((4 - text.len() % 4) % 4);
        let url_safe = text.replace('+', "-").replace('/', "_");
        [format!("{text}{padding}"), format!("{url_safe}{padding}"), text, url_safe]
    });
    texts.collect()
}

fn assert_masked(secret: &str) {
    let handle = handle(secret);
    // Lower case is another secret where a letter is not written in hexadecimal.
    let is_lower = secret.to_lowercase() == secret;
    for (index, spelling) in spellings(secret).iter().chain(&base64_spellings(secret)).enumerate() {
        if index == 5 && !is_lower {
            continue;
        }
        let masked = handle.mask(&format!("§{spelling}§ is wrong"), Own::GRAMMAR);
        assert_eq!(masked, "§***§ is wrong", "{secret:?} as {spelling}");
    }
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (text, encoded) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
        ("\u{7ff}\u{fff}>?", "37/gv78+Pw"),
    ] {
        assert_eq!(base64(text.as_bytes()), encoded, "{text}");
    }
}

#[test]
fn a_secret_is_masked_in_every_spelling() {
    for secret in NASTY {
        assert_masked(secret);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_password_is_masked_in_every_spelling(secret in "[ -~äß€\u{1f511}]{4,40}") {
        assert_masked(&secret);
    }
}

#[test]
fn an_own_adapter_may_say_what_it_likes() {
    for secret in NASTY.into_iter().filter(|secret| *secret != "\"") {
        let handle = handle(secret);
        let said = format!("{secret:?} {}", handle.expose_url());
        let error = ClientError::new(said.clone()).with_help(said);
        let failure = failure(&handle, error);
        assert_eq!(failure.cause(), "\"***\" ***", "{secret:?}");
        assert_eq!(failure.help(), "\"***\" ***", "{secret:?}");
        let error = Own::from_handle(&handle).err().unwrap().masked(&handle, Own::GRAMMAR);
        assert_eq!(error.message(), "Some(\"***\") ***");
    }
}

#[test]
fn our_own_words_are_not_masked() {
    for secret in NASTY {
        let handle = handle(secret);
        let shown =
            |error: ClientError| error.masked(|text| handle.mask(text, Own::GRAMMAR)).shortened();
        let refused = ClientError::caused_by(io::Error::from(ErrorKind::ConnectionRefused));
        let refused = shown(refused);
        assert_eq!(refused.to_string(), "connection refused");
        assert_eq!(refused.help(), "is the server running, and are host and port right?");

        let literal = Message::from("the server refused a connection without password");
        let said = literal.then(format_args!(" (1): ")).said(secret).then(format_args!("."));
        let cause = shown(ClientError::new(said)).to_string();
        assert_eq!(cause, "the server refused a connection without password (1): ***.");

        let error = Own::from_handle(&handle).err().unwrap().masked(&handle, Own::GRAMMAR);
        assert_eq!(error.help(), "the server refused the password");
    }
    let unknown = Handle::parse("own://u:name@h?nam=1").unwrap();
    let error = HandleError::unknown_parameter(unknown.query().next().unwrap().0, &["name"])
        .masked(&unknown, Own::GRAMMAR);
    assert_eq!(error.to_string(), "unknown parameter `nam`: did you mean `name`?");
    let error =
        HandleError::scheme(&unknown, "name", ["name"].into_iter()).masked(&unknown, Own::GRAMMAR);
    assert_eq!(error.to_string(), "the scheme is not one of name: expected `name://`");
}

#[test]
fn values_and_their_words_are_masked() {
    let handle = handle("p4ssword");
    for (said, shown) in [
        (
            "invalid value for \"statement_timeout\": \"hunter2\"",
            "invalid value for \"***\": \"***\"",
        ),
        ("-c statement_timeout=hunter2", "***"),
        ("-c%20statement_timeout%3dhunter2", "***"),
        ("xhunter2x p4ssword9", "x***x ***9"),
        ("user shop, shopper and shop:p4ssword", "user ***, ***per and ***:***"),
        ("the hook and T0", "the hook and T0"),
    ] {
        assert_eq!(reported(&handle, said), shown);
    }
    let options = Handle::parse("own://h?options=-c%20a%3D'b%5C%20long'").unwrap();
    assert_eq!(reported(&options, "bad: long, 'b long' and -c"), "bad: ***, 'b *** and -c");
}

#[test]
fn overlapping_secrets_leave_nothing() {
    let handle = Handle::parse("own://shopuser:userpass@h?a=passport").unwrap();
    assert_eq!(reported(&handle, "(shopuserpassport)"), "(***)");
    assert_eq!(reported(&handle, "shopuseruserpass"), "******");
}

#[test]
fn a_short_secret_is_masked_as_a_word() {
    let handle = handle("ab");
    assert_eq!(reported(&handle, "ab, cab, 'ab' and %61b"), "***, cab, '***' and ***");
}

#[test]
fn the_whole_handle_is_masked() {
    for text in ["own://h/T0/token", "own://u:p@h/T0/token", "file:T0/token", "own://h?a=bcde"] {
        let handle = Handle::parse(text).unwrap();
        assert_eq!(reported(&handle, &format!("no {text}!")), "no ***!");
        assert_eq!(reported(&handle, &text.replace(':', "%3A").replace('/', "%2f")), "***");
    }
    let bare = Handle::parse("memory:").unwrap();
    assert_eq!(reported(&bare, "out of memory: 1 byte"), "out of memory: 1 byte");
}

#[test]
fn what_a_server_says_is_bounded() {
    let handle = handle("p4ssword");
    let long = "ä".repeat(200);
    assert_eq!(reported(&handle, &long), long);
    assert_eq!(reported(&handle, &format!("{long}ä")), format!("{long}..."));
    assert_eq!(reported(&handle, " a\r\nb\u{1b}[31m\u{202e}c\n"), "a  b [31m c");
    // A secret is masked before the text is cut.
    let cut = format!("{}p4ssword", "ä".repeat(197));
    assert_eq!(reported(&handle, &cut), cut.replace("p4ssword", "***"));
    let ours = "o".repeat(300).leak();
    assert_eq!(failure(&handle, ClientError::new(&*ours)).cause(), ours);
    // The search ends somewhere, perhaps in a secret.
    let endless = "p".repeat(5000);
    let handle = self::handle(&endless);
    assert_eq!(reported(&handle, &format!("{endless}{endless}")), "***");
    assert_eq!(reported(&handle, &format!("x{endless}")), "x***");
}

#[test]
fn each_constructor_has_its_kind() {
    for (error, kind, transient) in [
        (ClientError::new("x"), FailureKind::Other, false),
        (ClientError::transient("x"), FailureKind::Busy, true),
        (ClientError::of(FailureKind::Refused, "x"), FailureKind::Refused, true),
        (ClientError::of(FailureKind::UnknownHost, "x"), FailureKind::UnknownHost, true),
        (ClientError::of(FailureKind::Timeout, "x"), FailureKind::Timeout, true),
        (ClientError::of(FailureKind::Authentication, "x"), FailureKind::Authentication, false),
        (ClientError::of(FailureKind::NotAllowed, "x"), FailureKind::NotAllowed, false),
        (ClientError::of(FailureKind::NotFound, "x"), FailureKind::NotFound, false),
        (ClientError::of(FailureKind::Tls, "x"), FailureKind::Tls, false),
        (ClientError::of(FailureKind::Busy, "x"), FailureKind::Busy, true),
        (ClientError::of(FailureKind::Protocol, "x"), FailureKind::Protocol, false),
        (ClientError::of(FailureKind::Other, "x"), FailureKind::Other, false),
        (ClientError::transient("x").with_kind(FailureKind::Tls), FailureKind::Tls, true),
        (ClientError::new("x").with_kind(FailureKind::Busy), FailureKind::Busy, false),
        (ClientError::no_answer(Duration::from_secs(1)), FailureKind::Timeout, true),
    ] {
        assert_eq!((error.kind(), error.is_transient()), (kind, transient));
    }
}

#[test]
fn a_root_cause_decides_the_kind() {
    let text = |text: &str| -> Box<dyn StdError> { text.into() };
    let io = |kind: ErrorKind| -> Box<dyn StdError> { Box::new(io::Error::from(kind)) };
    let own = ClientError::of(FailureKind::NotAllowed, "no").with_help("ask");
    for (error, kind, transient, shown) in [
        (io(ErrorKind::ConnectionRefused), FailureKind::Refused, true, "connection refused"),
        (io(ErrorKind::HostUnreachable), FailureKind::Refused, true, "the host is unreachable"),
        (
            io(ErrorKind::NetworkUnreachable),
            FailureKind::Refused,
            true,
            "the network is unreachable",
        ),
        (io(ErrorKind::NotFound), FailureKind::NotFound, true, "there is no such file or socket"),
        (io(ErrorKind::PermissionDenied), FailureKind::NotAllowed, false, "permission denied"),
        (io(ErrorKind::TimedOut), FailureKind::Timeout, true, "no answer in time"),
        (
            io(ErrorKind::ConnectionReset),
            FailureKind::Protocol,
            true,
            "the server closed the connection",
        ),
        (
            io(ErrorKind::UnexpectedEof),
            FailureKind::Protocol,
            true,
            "the connection ended before the server answered",
        ),
        (io(ErrorKind::InvalidData), FailureKind::Other, false, "invalid data"),
        (
            Box::new(io::Error::other("failed to lookup address information: System error")),
            FailureKind::UnknownHost,
            true,
            "unknown host: System error",
        ),
        (
            text("invalid peer certificate: UnknownIssuer"),
            FailureKind::Tls,
            false,
            "the server's certificate does not verify: the CA that signed it is not trusted",
        ),
        (
            text("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"),
            FailureKind::Tls,
            false,
            "the server's certificate does not verify: it is made for a CA, as `openssl req -x509` \
             does by default",
        ),
        (
            text("received corrupt message of type InvalidContentType"),
            FailureKind::Tls,
            false,
            "the server speaks no TLS on this port",
        ),
        (
            text("invalid HTTP version parsed"),
            FailureKind::Protocol,
            false,
            "the server does not answer in HTTP",
        ),
        (
            text("received fatal alert: CertificateRequired"),
            FailureKind::Tls,
            false,
            "the server asks for a client certificate",
        ),
        (text("it rains"), FailureKind::Other, false, "it rains"),
        (Box::new(io::Error::other(own)), FailureKind::NotAllowed, false, "no"),
        (Box::new(HandleError::new("a").with_help("b")), FailureKind::Other, false, "a: b"),
    ] {
        let cause = ClientError::root_cause(&*error);
        assert_eq!((cause.kind(), cause.is_transient()), (kind, transient), "{shown}");
        assert_eq!(cause.to_string(), shown);
    }
}

#[test]
fn a_failure_tells_its_kind() {
    let handle = handle("p4ssword");
    let error = ClientError::of(FailureKind::Authentication, "the password is wrong");
    let failed = failure(&handle, error);
    assert_eq!((failed.kind(), failed.is_transient()), (FailureKind::Authentication, false));
    // Tried for a moment, and still worth another attempt.
    let handle = self::handle("refused");
    let refused = ClientError::caused_by(io::Error::from(ErrorKind::ConnectionRefused));
    let failed = failure(&handle, refused);
    assert_eq!((failed.kind(), failed.is_transient()), (FailureKind::Refused, true));
    assert_eq!(failed.cause(), "connection refused");
    assert!(failed.attempts() > 1);
}

#[test]
fn what_is_detached_is_not_counted() {
    let own = Own { handle: handle("p4ssword"), error: ClientError::new("it is down") };
    let first_line = |error: ConnectError| error.to_string().lines().next().unwrap().to_owned();
    let mut services = Services { own: own.clone(), other: None, inner: None };
    let report = connect(&services);
    assert_eq!(first_line(report), "1 of 1 resource of `Services` did not connect");
    services.inner = Some(Inner { one: own.clone(), two: None });
    let report = connect(&services);
    assert_eq!(first_line(report), "2 of 2 resources of `Services` did not connect");
    services.other = Some(own.clone());
    services.inner = Some(Inner { one: own.clone(), two: Some(own) });
    let report = connect(&services);
    assert_eq!(first_line(report), "4 of 4 resources of `Services` did not connect");
}

#[test]
fn the_place_in_the_source_of_a_driver_is_left_out() {
    let cause = |text: &str| ClientError::root_cause(&std::io::Error::other(text)).to_string();
    assert_eq!(cause("Packet empty (sqlx_mysql::connection::stream:162)"), "Packet empty");
    assert_eq!(cause("no method 99 (pg::message:84) (pg::stream:12)"), "no method 99");
    for kept in ["see (a::b)", "refused (code 12:1)", "(a::b:1) and more"] {
        assert_eq!(cause(kept), kept);
    }
}
