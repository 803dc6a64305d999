use backing_services_conformance::Limit;

use crate::{Flood, Lie, Once, Step, Then, limits, name, step, walk};

fn steps(honest: &str) -> Vec<Step> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let with = |rest: &str| format!("{head}{rest}").into_bytes();
    let chunked = |rest: &str| with(&format!("transfer-encoding: chunked\r\n\r\n{rest}"));
    let answer = with(&format!("content-length: {}\r\n\r\n{honest}", honest.len()));
    vec![step(
        "request",
        true,
        answer,
        vec![
            ("headers without an end", Then(with(""), b"x-more: of the same\r\n".to_vec())),
            ("a header without an end", Then(with("x-more: "), b"A".to_vec())),
            ("a status without an end", Then(b"HTTP/1.1 200 ".to_vec(), b"O".to_vec())),
            ("more answers to come", Flood(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())),
            (
                "a body of 2^64-1",
                Then(with("content-length: 18446744073709551615\r\n\r\n"), b" ".to_vec()),
            ),
            ("two lengths", Once(with("content-length: 2\r\ncontent-length: 3\r\n\r\n{}"))),
            ("a chunk of 2^64-1", Then(chunked("ffffffffffffffff\r\n"), b" ".to_vec())),
            ("a length of a chunk without an end", Then(chunked(""), b"0".to_vec())),
            ("an extension of a chunk without an end", Then(chunked("1;"), b"a".to_vec())),
            ("trailers without an end", Then(chunked("2\r\n{}\r\n0\r\n"), b"x: y\r\n".to_vec())),
            ("nested JSON", Then(with("\r\n"), b"[".to_vec())),
        ],
    )]
}

/// What hyper reads without a bound, and goes on reading when nobody waits for it any more.
fn endless() -> Vec<Limit> {
    let busy = "took or left behind or SIGKILL or nothing";
    [
        limits(
            "hyper 1.12.0",
            "src/proto/h1/role.rs:1040",
            busy,
            &["request/more answers to come"],
        ),
        limits(
            "hyper 1.12.0",
            "src/proto/h1/decode.rs",
            busy,
            &["request/a length of a chunk without an end"],
        ),
    ]
    .concat()
}

#[test]
fn http_api() {
    let url = "HTTP_API_URL http://:token@localhost:PORT/v1?connect_timeout=500ms";
    walk(name!(http_api), url, steps("{}"), &endless());
}

#[test]
fn couchdb() {
    let url = "COUCHDB_URL couchdb://shop:secret@localhost:PORT/shop?connect_timeout=500ms";
    walk(name!(couchdb), url, steps(r#"{"db_name":"shop"}"#), &endless());
}

#[test]
fn otlp() {
    let url = "OTLP_URL http://localhost:PORT?connect_timeout=500ms";
    let mut steps = steps("{}");
    // What the other two show holds here or not, as fast as the machine is.
    let is_steady = |lie: &(&str, Lie)| lie.0 != "a length of a chunk without an end";
    steps[0].lies.retain(is_steady);
    walk(name!(otlp), url, steps, &endless()[..1]);
}
