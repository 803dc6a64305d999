use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backing_services::{BackingServices as _, Environment};
use backing_services_conformance::hostile::garbage;
use backing_services_conformance::{Scripted, Server as _};
use tokio::task::JoinSet;

use crate::{Flood, Once, Services, Then, limits, name, say, step, walk};

#[test]
fn nats() {
    let info = |more: &str| {
        format!(
            "INFO {{\"server_id\":\"x\",\"server_name\":\"x\",\"version\":\"2.10.0\",\"go\":\"1\",\
             \"host\":\"localhost\",\"port\":4222,\"headers\":true,\"max_payload\":1048576,\
             \"proto\":1,\"client_id\":1{more}}}\r\n"
        )
        .into_bytes()
    };
    let urls = format!(",\"connect_urls\":[{}\"a:1\"]", "\"localhost:1\",".repeat(100_000));
    let deep = format!(",\"nonce\":{}", "[".repeat(100_000));
    walk(
        name!(nats),
        "NATS_URL nats://localhost:PORT?connect_timeout=500ms",
        vec![
            step(
                "INFO",
                false,
                info(""),
                vec![
                    ("one without an end", Then(b"INFO {\"version\":\"".to_vec(), b"A".to_vec())),
                    ("nested JSON", Once(info(&deep))),
                    ("100000 other servers", Once(info(&urls))),
                    (
                        "the largest of messages",
                        Once(info(",\"max_payload\":18446744073709551615")),
                    ),
                    ("a message before it", Once(b"MSG a 1 2\r\nhi\r\n".to_vec())),
                ],
            ),
            step(
                "CONNECT",
                true,
                "PONG\r\n",
                vec![
                    (
                        "a message of 2^64-1",
                        Then(b"MSG a 1 18446744073709551615\r\n".to_vec(), b"A".to_vec()),
                    ),
                    ("a message of 1 GB", Then(b"MSG a 1 1000000000\r\n".to_vec(), b"A".to_vec())),
                    ("headers longer than the message", Once(b"HMSG a 1 99 2\r\nhi\r\n".to_vec())),
                    ("errors without an end", Flood(b"-ERR 'no'\r\n".to_vec())),
                    ("pings without an end", Flood(b"PING\r\n".to_vec())),
                    ("a line without an end", Then(b"MSG ".to_vec(), b"A".to_vec())),
                ],
            ),
            step("ping", true, "PONG\r\n", vec![]),
        ],
        &[
            // It makes room for as much as a message is said to have.
            limits(
                "async-nats 0.51.0",
                "src/connection.rs",
                "of memory or nothing",
                &["CONNECT/a message of 1 GB"],
            ),
            // It answers each, and comes to nothing else, also when the client is gone.
            limits(
                "async-nats 0.51.0",
                "src/lib.rs",
                "took or left behind or SIGKILL or nothing",
                &[
                    "INFO/the answer for ever",
                    "CONNECT/a line without an end",
                    "CONNECT/a message of 2^64-1",
                    "CONNECT/errors without an end",
                    "CONNECT/pings without an end",
                    "CONNECT/the answer for ever",
                ],
            ),
        ]
        .concat(),
    );
}

/// A frame of AMQP on this channel.
fn frame(channel: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[1, 0, channel], &length[..], payload, &[0xce]].concat()
}

/// The first frame of a broker, with a table of what it is.
fn start(table: &[u8]) -> Vec<u8> {
    let mechanisms = b"\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US";
    frame(0, &[b"\x00\x0a\x00\x0a\x00\x09", table, &mechanisms[..]].concat())
}

/// Fields with their length before them.
fn table(fields: &[u8]) -> Vec<u8> {
    [&u32::try_from(fields.len()).unwrap().to_be_bytes()[..], fields].concat()
}

fn tune(channels: u16, length: u32, heartbeat: u16) -> Vec<u8> {
    let limits =
        [&channels.to_be_bytes()[..], &length.to_be_bytes(), &heartbeat.to_be_bytes()].concat();
    frame(0, &[&b"\x00\x0a\x00\x1e"[..], &limits].concat())
}

const OPEN_OK: &[u8] = b"\x00\x0a\x00\x29\x00";

#[test]
fn rabbitmq() {
    // A table in a table, each the only field of the one around it; as many arrays.
    let nested = |kind: u8, depth: usize| {
        let mut inner = Vec::new();
        for _ in 0..depth {
            let name: &[u8] = if kind == b'F' || inner.is_empty() { b"\x01a" } else { b"" };
            inner = [name, &[kind], &table(&inner)].concat();
        }
        if kind == b'A' { [b"\x01a".to_vec(), vec![b'A'], table(&inner)].concat() } else { inner }
    };
    let heartbeats = || Flood(b"\x08\x00\x00\x00\x00\x00\x00\xce".to_vec());
    walk(
        name!(rabbitmq),
        "RABBITMQ_URL amqp://shop:secret@localhost:PORT?connect_timeout=500ms",
        vec![
            step(
                "start",
                true,
                start(&table(b"")),
                vec![
                    ("a frame of 4 GB", Then(b"\x01\x00\x00\xff\xff\xff\xff".to_vec(), vec![0])),
                    ("a frame of 2 GB", Then(b"\x01\x00\x00\x7f\xff\xff\xff".to_vec(), vec![0])),
                    ("a table of 4 GB", Once(start(b"\xff\xff\xff\xff"))),
                    ("nested tables", Once(start(&table(&nested(b'F', 2_000))))),
                    ("nested arrays", Once(start(&table(&nested(b'A', 2_000))))),
                    ("another version", Once(b"AMQP\x00\x01\x00\x00".to_vec())),
                    (
                        "an unknown kind of frame",
                        Once(b"\x63\x00\x00\x00\x00\x00\x00\xce".to_vec()),
                    ),
                    ("heartbeats without an end", heartbeats()),
                ],
            ),
            step(
                "tune",
                true,
                tune(0, 131_072, 0),
                vec![
                    ("frames of nothing", Once(tune(1, 1, 1))),
                    ("the shortest heartbeat", Once(tune(u16::MAX, u32::MAX, 1))),
                    ("a challenge", Once(frame(0, b"\x00\x0a\x00\x14\xff\xff\xff\xff"))),
                    ("heartbeats without an end", heartbeats()),
                ],
            ),
            step(
                "open",
                true,
                frame(0, OPEN_OK),
                vec![
                    ("another method", Once(frame(0, b"\xff\xff\xff\xff"))),
                    ("a method too short", Once(frame(0, b"\x00"))),
                    ("a frame without its end", Once(vec![1, 0, 0, 0, 0, 0, 1, 0, 0])),
                ],
            ),
            step(
                "channel",
                true,
                frame(1, b"\x00\x14\x00\x0b\x00\x00\x00\x00"),
                vec![
                    ("a message nobody asked for", Once(frame(1, b"\x00\x3c\x00\x3c\x01a"))),
                    ("heartbeats without an end", heartbeats()),
                ],
            ),
        ],
        // It goes on reading a flood when the connection is dropped.
        &limits(
            "lapin 4.12.3",
            "src/io_loop.rs",
            "left behind or nothing",
            &[
                "start/heartbeats without an end",
                "tune/heartbeats without an end",
                "open/the answer for ever",
                "channel/the answer for ever",
                "channel/heartbeats without an end",
            ],
        ),
    );
}

/// `lapin` hears of the end of a connection from both of its sides at once, in any order.
#[test]
fn rabbitmq_lost_as_it_is_dropped() {
    let accepted = AtomicU64::new(0);
    let broker = Scripted::start(move |mut stream: TcpStream| {
        let mut heard = [0; 4096];
        for answer in [start(&table(b"")), tune(0, 131_072, 0), frame(0, OPEN_OK)] {
            if stream.read(&mut heard).is_err() || stream.write_all(&answer).is_err() {
                return;
            }
        }
        // A sleep would take longer than what it is to meet.
        let pause = Duration::from_micros(accepted.fetch_add(1, Ordering::Relaxed) % 40 * 25);
        let answered = Instant::now();
        while answered.elapsed() < pause {}
        say(stream, &garbage(512));
    });
    let url = format!("amqp://localhost:{}?connect_timeout=500ms", broker.port());
    let environment = Environment::from_pairs([("RABBITMQ_URL", url)]);
    let services = Arc::new(Services::load(&environment).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut apps = JoinSet::new();
        for _ in 0..8 {
            let services = Arc::clone(&services);
            apps.spawn(async move {
                for _ in 0..40 {
                    let _ = services.connect().await;
                }
            });
        }
        apps.join_all().await;
    });

    let left = || {
        let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names =
            threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
        names.filter(|name| name.starts_with("lapin-io-loop")).count()
    };
    let dropped = Instant::now();
    while left() > 0 {
        assert!(dropped.elapsed() < Duration::from_secs(10), "{} threads are left", left());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn beanstalkd() {
    walk(
        name!(beanstalkd),
        "BEANSTALKD_URL beanstalkd://localhost:PORT?connect_timeout=500ms",
        vec![step(
            "first command",
            true,
            "OK 14\r\n---\n- default\n\r\n",
            vec![
                ("a list of 2^64-1", Then(b"OK 18446744073709551615\r\n".to_vec(), b"A".to_vec())),
                ("a list of 4 GB", Then(b"OK 4294967295\r\n".to_vec(), b"- a\n".to_vec())),
                ("a list of -1", Once(b"OK -1\r\n".to_vec())),
                ("a job of 4 GB", Then(b"RESERVED 1 4294967295\r\n".to_vec(), b"A".to_vec())),
                ("errors without an end", Flood(b"INTERNAL_ERROR\r\n".to_vec())),
            ],
        )],
        &[],
    );
}
