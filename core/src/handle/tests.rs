use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> HandleError {
    match Handle::parse(text) {
        Ok(handle) => panic!("{text} was taken as {handle}"),
        Err(error) => error,
    }
}

/// Every trap that parsers and drivers let through, with the one answer it gets here.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn traps() {
    const NO_SCHEME: &str = "the handle has no `scheme://`";
    for (text, message, help) in [
        (
            "mysql://u:1#ss@h:3306/db",
            "a `#` stands before the `@`",
            "in a user name or password write it `%23`",
        ),
        (
            "mysql://u:12?ss@h/db",
            "a `?` stands before the `@`",
            "in a user name or password write it `%3F`; an `@` after the host is written `%40`",
        ),
        (
            "mysql://u:12/ss@h/db",
            "a `/` stands before the `@`",
            "in a user name or password write it `%2F`; an `@` after the host is written `%40`",
        ),
        (
            "mysql://u:p@ss@h/db",
            "more than one `@` stands before the host",
            "in a user name or password write it `%40`",
        ),
        (
            "mysql://u:p@h/d@b",
            "an `@` stands in the path",
            "write it `%40`; a bare `@` stands only before the host",
        ),
        (
            "mysql://u:p@h/db?a=@",
            "an `@` stands in the parameters",
            "write it `%40`; a bare `@` stands only before the host",
        ),
        (
            "sqlite:a@b.db",
            "an `@` stands in the path",
            "write it `%40`; a bare `@` stands only before the host",
        ),
        (
            "mysql://u:p%ss@h/db",
            "a `%` without two hex digits stands in the password",
            "write a literal `%` as `%25`",
        ),
        (
            "mysql://u:p%zz@h/db",
            "a `%` without two hex digits stands in the password",
            "write a literal `%` as `%25`",
        ),
        (
            "mysql://u:p%2@h/db",
            "a `%` without two hex digits stands in the password",
            "write a literal `%` as `%25`",
        ),
        (
            "mysql://u:p%FF@h/db",
            "the percent-encoded password is not UTF-8",
            "percent-encode the bytes of its UTF-8 form",
        ),
        ("mysql://u:p\nw@h/db", "a newline stands in the password", "write it `%0A`"),
        ("mysql://u:p\tw@h/db", "a tab stands in the password", "write it `%09`"),
        ("mysql://u:p w@h/db", "a space stands in the password", "write it `%20`"),
        (
            "mysql://u:p:w@h/db",
            "a character that must be percent-encoded stands in the password",
            "write `%` and the two hex digits of its code, as `%23` for `#`",
        ),
        (
            "mysql://u:p[w@h/db",
            "a character that must be percent-encoded stands in the password",
            "write `%` and the two hex digits of its code, as `%23` for `#`",
        ),
        (
            "https://u:p\\w@h/db",
            "a character that must be percent-encoded stands in the password",
            "write `%` and the two hex digits of its code, as `%23` for `#`",
        ),
        (
            "mysql://u:pä@h/db",
            "a character outside ASCII stands in the password",
            "percent-encode each byte of its UTF-8 form",
        ),
        (
            " mysql://h/db",
            "white space stands before or after the handle",
            "remove it; only one newline at the very end is allowed",
        ),
        (
            "mysql://h/db ",
            "white space stands before or after the handle",
            "remove it; only one newline at the very end is allowed",
        ),
        (
            "mysql://h/db\n\n",
            "white space stands before or after the handle",
            "remove it; only one newline at the very end is allowed",
        ),
        ("", "the handle is empty", ""),
        ("u:p@h/db", NO_SCHEME, ""),
        ("h:3306", NO_SCHEME, ""),
        ("localhost", NO_SCHEME, ""),
        ("//h/db", NO_SCHEME, ""),
        ("1sql://h/db", NO_SCHEME, ""),
        ("mysql:/h/db", "the scheme is not followed by `://`", ""),
        (
            "jdbc:mysql://h/db?user=u",
            "the handle is a JDBC address",
            "write it without `jdbc:`, with user name and password before the host; variables such \
             as `X_USERNAME` and `X_PASSWORD` beside `X_URL` may stay",
        ),
        (
            "\"mysql://u:p@h/db\"",
            "the handle stands in quotes",
            "write it without them: what reads a file of variables may keep the quotes",
        ),
        ("mysql://", "the handle has no host", ""),
        ("mysql://u:p@", "the handle has no host", ""),
        (
            "mysql://:3306/db",
            "a host in the handle is empty",
            "write hosts as `a:1,b:2`, without an empty one",
        ),
        (
            "mysql://a,,b/db",
            "a host in the handle is empty",
            "write hosts as `a:1,b:2`, without an empty one",
        ),
        (
            "postgres://u:p@${HOST}/db",
            "an unexpanded `${...}` stands in the handle",
            "let the shell or the platform expand it, or write `%24` for a literal `$`",
        ),
        (
            "postgres://u:p@$(HOST)/db",
            "an unexpanded `$(...)` stands in the handle",
            "let the shell or the platform expand it, or write `%24` for a literal `$`",
        ),
        (
            "mysql://h:99999/db",
            "the port is not a number from 1 to 65535",
            "write a port from 1 to 65535 after the `:`, or leave both out",
        ),
        (
            "mysql://h:0/db",
            "the port is not a number from 1 to 65535",
            "write a port from 1 to 65535 after the `:`, or leave both out",
        ),
        (
            "mysql://h:/db",
            "the port is not a number from 1 to 65535",
            "write a port from 1 to 65535 after the `:`, or leave both out",
        ),
        (
            "mysql://u:hunter2",
            "the port is not a number from 1 to 65535",
            "write a port from 1 to 65535 after the `:`, or leave both out",
        ),
        (
            "mysql://::1/db",
            "the host has more than one `:`",
            "write an IPv6 address in brackets: `[::1]`",
        ),
        (
            "mysql://[::1/db",
            "the host is not a valid name or address",
            "use a DNS name, an IPv4 address or an IPv6 address in brackets",
        ),
        (
            "mysql://1.2.3.4.5/db",
            "the host is a number",
            "use a DNS name, or an IPv4 address of four decimal numbers without leading zeros",
        ),
        (
            "mysql://h%20x/db",
            "the host is not a valid name or address",
            "use a DNS name, an IPv4 address or an IPv6 address in brackets",
        ),
        ("mysql://h!x/db", "an unescaped `!` stands in the host", "remove it"),
        (
            "mysql://h/db#top",
            "a `#` stands in the handle",
            "a handle has no fragment: write it `%23`",
        ),
        ("mysql://h/db?a=1&a=2", "the same parameter is given twice", "keep one of the two"),
        (
            "mysql://h/db?ssl-mode",
            "a parameter is not of the form `name=value`",
            "write parameters as `?name=value&other=value`",
        ),
        (
            "mysql://h/db?a=1&&b=2",
            "a parameter is not of the form `name=value`",
            "write parameters as `?name=value&other=value`",
        ),
        (
            "mysql://h/db?a=b+c",
            "a character that must be percent-encoded stands in the parameters",
            "write `%20` for a space or `%2B` for a plus sign",
        ),
        (
            "mysql://h/{db}",
            "a character that must be percent-encoded stands in the path",
            "write `%` and the two hex digits of its code, as `%23` for `#`",
        ),
    ] {
        let error = refused(text);
        assert_eq!((error.message(), error.help()), (message, help), "{text:?}");
    }
}

#[test]
fn parts() {
    let handle = Handle::parse("MySQL://u%40x:p%2f@DB.Example:3307/my%20db?a=1&b=%26\r\n").unwrap();
    assert_eq!(handle.scheme(), "mysql");
    assert_eq!((handle.host(), handle.port()), (Some("db.example"), Some(3307)));
    assert_eq!(handle.username(), Some("u@x"));
    assert_eq!(handle.password().map(Secret::expose), Some("p/"));
    assert_eq!((handle.path(), handle.path_decoded().as_str()), ("/my%20db", "/my db"));
    assert!(handle.query().eq([("a", "1"), ("b", "&")]));
}

#[test]
fn forms_that_are_taken() {
    for text in [
        "mysql://u@/db?socket=/run/m.sock",
        "sqlite:shop.db",
        "sqlite:///var/shop.db?mode=rwc",
        "sqlite::memory:",
        "sqlite://:memory:",
        "mysql://h/db?ssl={\"rejectUnauthorized\":true}",
        "memory:",
        "memory://",
        "file:out/box",
        "mysql://my_db:3306/db",
        "mysql://[2001:db8::1]:3306/db",
        "mysql://bücher.example/db",
        "mongodb://a:27017,b:27017/db",
        "postgres://u:p@%2Frun%2Fpostgresql/db",
        "https://:token@api.example/2/",
        "redis+unix:///run/redis.sock",
        "mysql://h/db?",
    ] {
        assert!(Handle::parse(text).is_ok(), "{text}: {}", refused(text));
    }
    assert_eq!(Handle::parse("postgres://%2Frun%2Fpg/db").unwrap().host(), Some("/run/pg"));
    for number in ["0x7f.1", "127.1", "010.0.0.1", "6379", "0x7f000001", "2130706433"] {
        let refused = Handle::parse(&format!("redis://{number}")).unwrap_err();
        assert_eq!(refused.message(), "the host is a number", "{number}");
    }
}

/// A bucket is no machine: digits are no address, and upper case is told from lower.
#[test]
fn buckets_are_kept_as_written() {
    for name in ["20240101", "Uploads", "a.b.2024"] {
        let handle = Handle::parse(&format!("s3://K:S@{name}:1/x")).unwrap();
        assert_eq!((handle.host(), handle.port()), (Some(name), Some(1)));
        assert!(Handle::parse(&format!("s3://%2Frun%2F{name}")).is_err());
    }
    assert!(Handle::parse("redis://20240101").is_err());
}

/// Whole addresses in a list, as other tools write them.
#[test]
fn lists_of_addresses() {
    for (text, joined) in [
        ("nats://a:4222,nats://b:4222", "nats://a:4222,b:4222"),
        ("nats://a:4222 , nats://b,\n  nats://[::1]", "nats://a:4222,b,[::1]"),
        ("nats://u:p@a,nats://u:p@b?name=x", "nats://u:p@a,b?name=x"),
        ("nats://a,b:1,nats://c", "nats://a,b:1,c"),
        ("amqp://a.example;amqp://b.example", "amqp://a.example,b.example"),
        (
            "amqp://u:p;q@a/%2f?heartbeat=5;AMQP://u:p;q@b/%2f?heartbeat=5\n",
            "amqp://u:p;q@a,b/%2f?heartbeat=5",
        ),
        ("redis://a,redis://b", "redis://a,b"),
    ] {
        let handle = Handle::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(handle.expose_url(), joined, "{text}");
    }
    for (text, part) in [
        ("nats://u:p@a,nats://u:q@b", "user name or password"),
        ("nats://u:p@a,nats://b", "user name or password"),
        ("nats://a,nats://u:p@b", "user name or password"),
        ("amqp://u:p@a/x;amqp://v:p@b/x", "user name or password"),
        ("amqp://a;amqp://b/x", "path"),
        ("amqp://u:p@a/x;amqp://u:p@b/y", "path"),
        ("amqp://u:p@a?heartbeat=5;amqp://u:p@b?heartbeat=6", "parameters"),
        ("nats://a,tls://b", "scheme"),
    ] {
        let message = format!("the addresses of the list differ in their {part}");
        assert_eq!(refused(text).message(), message, "{text}");
    }
}

/// What has been one handle stays that one.
#[test]
fn an_address_inside_a_handle_makes_no_list() {
    for text in [
        "https://proxy.example/a,https://b.example/c",
        "https://h/?to=a,https://b",
        "https://h/?to=https://b",
        "https://h/https://b",
        "https://h/?to=a;http://b&also=c,https://d/e",
        "x://u:a,b;c@h,i/d,e;f?a=b,c;d",
    ] {
        assert_eq!(Handle::parse(text).unwrap().expose_url(), text);
    }
    for text in
        ["nats://a, b", "nats://a;b", "nats://,nats://b", "nats://a,nats://", " nats://a,nats://b"]
    {
        refused(text);
    }
}

#[test]
fn a_long_list_takes_linear_time() {
    let long = "nats://a,".repeat(200_000);
    assert_eq!(
        refused(&format!("{long}nats://b")).message(),
        "more than 64 hosts stand in the handle"
    );
    refused(&format!("{}://{}", "a".repeat(500_000), "://".repeat(200_000)));
    refused(&format!("nats://{}", " ,".repeat(500_000)));
}

/// A file has no host.
#[test]
fn files_behind_two_slashes() {
    for (text, path) in [
        ("sqlite://a.db?mode=ro", "a.db"),
        ("sqlite://:memory:", ":memory:"),
        ("sqlite:///./a.db", "/./a.db"),
    ] {
        let handle = Handle::parse(text).unwrap();
        assert_eq!((handle.host(), handle.path()), (None, path), "{text}");
    }
}

#[test]
fn nothing_shows_in_debug_or_display() {
    for (text, shown) in [
        (
            "mysql://shop:hunter2@db.example:3307/orders?ssl-mode=required",
            "mysql://***:***@db.example:3307/***?ssl-mode=***",
        ),
        ("https://:hunter2@api.example/hunter2/2", "https://***:***@api.example/***"),
        ("postmark://hunter2@api.example", "postmark://***@api.example"),
        ("hunter2://a,[::1]:1/", "***://a,[::1]:1"),
        ("sqlite:hunter2.db", "sqlite:***"),
        ("smtp://h?Hunter2=x", "smtp://h?***=***"),
    ] {
        let handle = Handle::parse(text).unwrap();
        assert_eq!(handle.to_string(), shown);
        assert_eq!(format!("{handle:?}"), format!("Handle({shown})"));
    }
}

#[test]
fn loopback() {
    for text in [
        "mysql://localhost",
        "mysql://127.1.2.3",
        "mysql://[::1]",
        "mysql://[::ffff:127.0.0.1]",
        "sqlite:x",
        "nats://%2Frun%2Fx",
    ] {
        assert!(Handle::parse(text).unwrap().is_loopback(), "{text}");
    }
    for text in [
        "mysql://localhost.example",
        "mysql://10.0.0.1",
        "nats://localhost,b",
        // Whoever resolves these may answer anything.
        "mysql://db.localhost",
        "mysql://localhost.",
    ] {
        assert!(!Handle::parse(text).unwrap().is_loopback(), "{text}");
    }
}

mod params {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Own {
        #[serde(rename = "ssl-mode")]
        mode: Option<Mode>,
        verify: Option<bool>,
        token: Option<String>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Required,
        VerifyIdentity,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Shared {
        max_connections: Option<NonZeroU32>,
        connect_timeout: Option<Duration>,
    }

    fn both(query: &str) -> Result<(Own, Shared), HandleError> {
        Handle::parse(&format!("x://h?{query}")).unwrap().params()
    }

    #[test]
    fn values() {
        let (own, shared) =
            both("ssl-mode=VERIFY-IDENTITY&verify=true&token=a%26b&max_connections=5&connect_timeout=250ms").unwrap();
        assert_eq!(
            own,
            Own { mode: Some(Mode::VerifyIdentity), verify: Some(true), token: Some("a&b".into()) }
        );
        assert_eq!(shared.max_connections.map(NonZeroU32::get), Some(5));
        assert_eq!(shared.connect_timeout, Some(Duration::from_millis(250)));
        assert_eq!(both("").unwrap().0, Own { mode: None, verify: None, token: None });
        // What the clock cannot add would panic in whoever waits for so long.
        for (timeout, taken) in [
            ("1000000h", true),
            ("2000000h", false),
            ("99999999999s", false),
            ("18446744073709551615ms", false),
            ("18446744073709551615h", false),
        ] {
            assert_eq!(both(&format!("connect_timeout={timeout}")).is_ok(), taken, "{timeout}");
        }
    }

    #[test]
    fn mistakes_never_show_the_value() {
        for (query, message, help) in [
            ("ssl-mod=required", "unknown parameter `ssl-mod`", "did you mean `ssl-mode`?"),
            (
                "pool=5",
                "unknown parameter `pool`",
                "the parameters are `ssl-mode`, `verify`, `token`, `max_connections` or `connect_timeout`",
            ),
            (
                "Secret!=5",
                "an unknown parameter",
                "the parameters are `ssl-mode`, `verify`, `token`, `max_connections` or `connect_timeout`",
            ),
            (
                "ssl-mode=hunter2",
                "the parameter `ssl-mode` has a bad value",
                "expected `required` or `verify_identity`",
            ),
            (
                "verify=hunter2",
                "the parameter `verify` has a bad value",
                "expected `true` or `false`",
            ),
            (
                "max_connections=hunter2",
                "the parameter `max_connections` has a bad value",
                "expected a whole number",
            ),
            (
                "max_connections=0",
                "the parameter `max_connections` has a bad value",
                "expected a nonzero u32",
            ),
            (
                "connect_timeout=0s",
                "the parameter `connect_timeout` has a bad value",
                "expected a duration such as `500ms`, `5s`, `2m` or `1h`, above zero",
            ),
            (
                "connect_timeout=5",
                "the parameter `connect_timeout` has a bad value",
                "expected a duration such as `500ms`, `5s`, `2m` or `1h`, above zero",
            ),
        ] {
            let error = both(query).unwrap_err();
            assert_eq!((error.message(), error.help()), (message, help), "{query}");
        }
        let none = Handle::parse("x://h?a=1").unwrap().params::<()>().unwrap_err();
        assert_eq!(none.to_string(), "unknown parameter `a`: this handle takes no parameters");
    }
}

/// A word that shows in no message by chance.
const SECRET: &str = "zQ7~vX";

proptest! {
    #[test]
    fn built_from_parts_and_parsed_it_has_the_same_parts(
        username in any::<String>(),
        password in any::<String>(),
        name in any::<String>(),
        value in any::<String>(),
        port in 1u16..,
    ) {
        let handle = Handle::builder("mysql")
            .host("db.example")
            .port(port)
            .username(username.as_str())
            .password(password.as_str())
            .name(&name)
            .param("value", value.as_str())
            .build()
            .unwrap();
        let again = Handle::parse(handle.expose_url()).unwrap();
        prop_assert_eq!(again.username().unwrap_or_default(), &username);
        prop_assert_eq!(again.password().map(Secret::expose).unwrap_or_default(), &password);
        prop_assert_eq!(again.name().unwrap().unwrap_or_default(), name);
        prop_assert_eq!((again.host(), again.port()), (Some("db.example"), Some(port)));
        prop_assert!(again.query().eq([("value", value.as_str())]));
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
        if let Ok(handle) = Handle::parse(&text) {
            let _ = (handle.to_string(), handle.name(), handle.is_loopback());
        }
    }

    #[test]
    fn any_bytes_are_parsed_without_a_panic(bytes in any::<Vec<u8>>()) {
        let _ = Handle::parse(&String::from_utf8_lossy(&bytes));
    }

    /// Near-handles reach further into the grammar than noise does; a secret stands in every part
    /// that may hold one.
    #[test]
    fn a_broken_handle_never_shows_its_secret(
        scheme in "mysql:/{0,3}|[a-z:/]{0,6}",
        before in "[ -~\t\n]{0,3}",
        middle in "[:@/?#%& \n]{0,3}",
        after in "[@/?#%:\\[\\],=a-z0-9]{0,12}",
    ) {
        for text in [
            format!("{scheme}{before}{SECRET}{middle}@{after}"),
            format!("{scheme}u{middle}:{SECRET}{before}@h{after}"),
            format!("{SECRET}{middle}h{after}"),
            format!("{scheme}h/db?{before}token={SECRET}{middle}{after}"),
        ] {
            match Handle::parse(&text) {
                Ok(handle) if handle.hosts().iter().any(|host| host.name().contains(&SECRET.to_lowercase())) => {}
                Ok(handle) => prop_assert!(!format!("{handle:?}").contains(SECRET), "{}", handle),
                Err(error) => prop_assert!(!format!("{error:?}").contains(SECRET), "{}", error),
            }
        }
    }
}

/// What compiles a `default` and what loads a variable is one grammar.
const _: () =
    assert!(grammar::scan("mysql://u:p@h/db").is_ok() && grammar::scan("mysql://u:p#@h").is_err());
