use crate::{Flood, Once, Then, limits, name, step, walk};

/// What a driver does that reads on and never waits.
const BUSY: &str = "took or left behind or of memory or SIGKILL or nothing";

/// A message of PostgreSQL.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// One whose length is a lie.
fn long(kind: u8, length: u32) -> Vec<u8> {
    [&[kind], &length.to_be_bytes()[..]].concat()
}

#[test]
fn postgres() {
    let status = || message(b'S', b"server_version\x0015.4\x00");
    let notice = || message(b'N', b"SNOTICE\x00C00000\x00Mhello\x00\x00");
    let ready = message(b'Z', b"I");
    let key = message(b'K', &[0; 8]);
    let lengths = |kind: u8| {
        vec![
            ("a message of nothing", Once(long(kind, 0))),
            ("a message of 2 GB", Then(long(kind, 0x7fff_ffff), vec![0])),
            ("a message of 4 GB", Then(long(kind, 0xffff_ffff), vec![0])),
            ("notices without an end", Flood(notice())),
            ("parameters without an end", Flood(status())),
            ("an error without fields", Once(message(b'E', b"\x00"))),
            ("an error that is cut", Once(message(b'E', b"SFATAL"))),
        ]
    };
    let mut queries = lengths(b'T');
    queries.extend([
        ("65535 columns that are not there", Once(message(b'T', b"\xff\xff"))),
        ("a row of -1 columns", Once(message(b'D', b"\xff\xff"))),
        ("rows without an end", Flood(message(b'D', b"\x00\x01\x00\x00\x00\x011"))),
        ("ends without an end", Flood(message(b'C', b"SELECT 1\x00"))),
    ]);
    let mut startup = lengths(b'R');
    startup.extend([
        ("another method", Once(message(b'R', &[0, 0, 0, 99]))),
        ("no mechanism", Once(message(b'R', &[0, 0, 0, 10, 0]))),
        ("a mechanism that is cut", Once(message(b'R', b"\x00\x00\x00\x0aSCRAM"))),
    ]);
    walk(
        name!(postgres),
        "POSTGRES_URL postgres://shop:secret@localhost:PORT/shop?sslmode=disable\
         &connect_timeout=500ms",
        vec![
            step("startup", true, message(b'R', &[0, 0, 0, 3]), startup),
            step("password", true, message(b'R', &[0, 0, 0, 0]), lengths(b'R')),
            step(
                "parameters",
                false,
                [status(), key, ready].concat(),
                vec![
                    ("parameters without an end", Flood(status())),
                    ("a key of nothing", Once(message(b'K', b""))),
                    ("a state of nothing", Once(message(b'Z', b""))),
                ],
            ),
            step("query", true, "", queries),
        ],
        &[
            // It skips them without end, and no read of it waits.
            limits(
                "sqlx 0.9.0",
                "sqlx-postgres/src/connection/stream.rs",
                BUSY,
                &[
                    "startup/the answer for ever",
                    "startup/notices without an end",
                    "startup/parameters without an end",
                    "password/notices without an end",
                    "password/parameters without an end",
                    "password/the answer for ever",
                    "parameters/parameters without an end",
                ],
            ),
            // It makes room for as much as a message is said to have.
            limits(
                "sqlx 0.9.0",
                "sqlx-postgres/src/connection/stream.rs",
                "memory allocation of or of memory or took or nothing",
                &[
                    "startup/a message of 2 GB",
                    "startup/a message of 4 GB",
                    "password/a message of 2 GB",
                    "password/a message of 4 GB",
                ],
            ),
        ]
        .concat(),
    );
}

/// A packet of MySQL.
fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length[..3], &[number], body].concat()
}

#[test]
fn mysql() {
    let greeting = |data: u8| {
        let head = b"\x0a8.0.33\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x21\x02\x00\xff\x81";
        let tail =
            b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00";
        packet(0, &[&head[..], &[data], &tail[..]].concat())
    };
    let ok = |number| packet(number, &[0, 0, 0, 2, 0, 0, 0]);
    let lengths = |number: u8| {
        let full = [&[0xff, 0xff, 0xff, number][..], &vec![0; 0xff_ffff][..]].concat();
        vec![
            ("a packet of nothing", Once(packet(number, b""))),
            ("packets of 16 MB without an end", Flood(full)),
            ("an error without a text", Once(packet(number, b"\xff"))),
            ("an error that is cut", Once(packet(number, b"\xff\x15\x04#2"))),
        ]
    };
    let mut first = lengths(0);
    first.extend([
        ("a seed of 255", Once(greeting(255))),
        ("a version without an end", Once(packet(0, b"\x0a8.0.33"))),
        ("a version of the protocol of 9", Once(packet(0, b"\x093.23\x00"))),
    ]);
    let mut login = lengths(2);
    login.extend([
        ("another method", Once(packet(2, b"\xfeno_such_method\x00abc\x00"))),
        ("a method without a name", Once(packet(2, b"\xfe"))),
        ("more data without an end", Flood(packet(2, b"\x01\x04"))),
        ("an OK of 2^64-1 rows", Once(packet(2, &[[0, 0xfe].as_slice(), &[0xff; 8]].concat()))),
    ]);
    let mut query = lengths(1);
    query.extend([
        ("2^64-1 columns", Once(packet(1, &[[0xfe].as_slice(), &[0xff; 8]].concat()))),
        ("2^40 columns", Once(packet(1, &[0xfe, 0, 0, 0, 0, 0, 1, 0, 0]))),
        (
            "65535 columns without an end",
            Then(packet(1, &[0xfc, 0xff, 0xff]), packet(2, b"\x03def")),
        ),
        ("a text of 2^64-1", Then(packet(1, &[1]), packet(2, &[0xfe; 9]))),
    ]);
    walk(
        name!(mysql),
        "MYSQL_URL mysql://shop:secret@localhost:PORT/shop?ssl-mode=disabled&connect_timeout=500ms",
        vec![
            step("greeting", false, greeting(21), first),
            step("login", true, ok(2), login),
            step("query", true, ok(1), query),
            step("ping", true, ok(1), vec![]),
        ],
        &[
            // It reserves room for each before the first has come.
            limits(
                "sqlx 0.9.0",
                "sqlx-mysql/src/connection/executor.rs:438",
                "memory allocation of 72567767433232 bytes failed",
                &["query/2^40 columns"],
            ),
            // It joins them as long as they are full.
            limits(
                "sqlx 0.9.0",
                "sqlx-mysql/src/connection/stream.rs:152",
                "of memory or took or left behind or SIGKILL or nothing",
                &[
                    "greeting/packets of 16 MB without an end",
                    "login/packets of 16 MB without an end",
                    "query/packets of 16 MB without an end",
                ],
            ),
        ]
        .concat(),
    );
}
