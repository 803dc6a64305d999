use crate::{Flood, Once, Then, limits, name, step, walk};

/// `depth` arrays or maps of one entry, each in the one before.
fn nested(opening: &str, depth: usize) -> Vec<u8> {
    opening.repeat(depth).into_bytes()
}

#[test]
fn redis() {
    let lies = || {
        vec![
            ("an array of 4294967295", Once(b"*4294967295\r\n".to_vec())),
            ("an array of 2^63-1", Once(b"*9223372036854775807\r\n".to_vec())),
            ("an array of -5", Once(b"*-5\r\n".to_vec())),
            ("a text of 2^63-1", Once(b"$9223372036854775807\r\n".to_vec())),
            ("a text of 1 GB", Then(b"$1000000000\r\n".to_vec(), b"A".to_vec())),
            ("a map of 2^31-1", Once(b"%2147483647\r\n".to_vec())),
            ("nested arrays", Once(nested("*1\r\n", 200_000))),
            ("arrays nested without an end", Flood(nested("*1\r\n", 1))),
            ("attributes nested without an end", Flood(nested("|1\r\n+a\r\n", 1))),
            ("arrays of nothing", Then(b"*1000000\r\n".to_vec(), b"*0\r\n".to_vec())),
            ("a number without an end", Then(b":".to_vec(), b"1".to_vec())),
            ("a big number without an end", Then(b"(".to_vec(), b"1".to_vec())),
            ("pushes without an end", Flood(b">2\r\n+a\r\n+b\r\n".to_vec())),
        ]
    };
    walk(
        name!(redis),
        "REDIS_URL redis://localhost:PORT?connect_timeout=500ms",
        vec![
            step("first command", true, "+OK\r\n+OK\r\n", lies()),
            step("ping", true, "+PONG\r\n", vec![]),
        ],
        &[
            // It buffers as much as a text is said to have.
            limits(
                "redis 1.8.1",
                "src/parser.rs",
                "of memory or nothing",
                &["first command/a text of 1 GB"],
            ),
            // It parses such a line anew with each read.
            limits(
                "redis 1.8.1",
                "src/parser.rs",
                "left behind or took or of memory or nothing",
                &[
                    "first command/a number without an end",
                    "first command/a big number without an end",
                ],
            ),
        ]
        .concat(),
    );
}

#[test]
fn memcached() {
    walk(
        name!(memcached),
        "MEMCACHED_URL memcached://localhost:PORT?connect_timeout=500ms",
        vec![step(
            "version",
            true,
            "VERSION 1.6.18\r\n",
            vec![
                ("a value of 2^64-1", Once(b"VALUE k 0 18446744073709551615\r\n".to_vec())),
                ("a value of 1 GB", Then(b"VALUE k 0 1000000000\r\n".to_vec(), b"A".to_vec())),
                ("values without an end", Flood(b"VALUE k 0 1\r\nx\r\n".to_vec())),
                ("a version without an end", Then(b"VERSION ".to_vec(), b"1".to_vec())),
                ("errors without an end", Flood(b"ERROR\r\n".to_vec())),
            ],
        )],
        &[],
    );
}
