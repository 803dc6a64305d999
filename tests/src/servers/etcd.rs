//! etcd.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;

use backing_services_conformance::free_port;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{folder, program};

/// A member of an etcd.
#[derive(Debug)]
pub struct Etcd {
    daemon: Daemon,
    _folder: TempDir,
}

impl Etcd {
    /// An empty store of one member on a free port.
    pub fn start() -> Self {
        let mut member = Self::member(0, &[free_port()]);
        member.daemon.start();
        member
    }

    /// An empty store of three members. It answers as long as two of them are there.
    pub fn cluster() -> [Self; 3] {
        let peers = [free_port(), free_port(), free_port()];
        let mut members = [0, 1, 2].map(|number| Self::member(number, &peers));
        // Each is there when it has found another one.
        thread::scope(|scope| {
            for member in &mut members {
                scope.spawn(move || member.daemon.start());
            }
        });
        members
    }

    /// One of those that find each other on the ports `peers`.
    fn member(number: usize, peers: &[u16]) -> Self {
        let folder = folder("etcd");
        let port = free_port();
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let (name, client, peer) = (format!("m{number}"), url(port), url(peers[number]));
        let data = folder.path().join("data").display().to_string();
        let cluster: Vec<_> =
            peers.iter().enumerate().map(|(n, peer)| format!("m{n}={}", url(*peer))).collect();
        let cluster = cluster.join(",");
        let arguments = [
            ["--name", &name],
            ["--data-dir", &data],
            ["--listen-client-urls", &client],
            ["--advertise-client-urls", &client],
            ["--listen-peer-urls", &peer],
            ["--initial-advertise-peer-urls", &peer],
            ["--initial-cluster", &cluster],
        ];
        let daemon = Daemon {
            name: "etcd",
            program: program::find("etcd", "etcd-server"),
            arguments: arguments.as_flattened().iter().map(Into::into).collect(),
            port,
            log: folder.path().join("log"),
            answers,
            child: None,
        };
        Self { daemon, _folder: folder }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// Ends it at once. Returns when its port refuses connections.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Ends it and starts it again on the same port, with all keys.
    pub fn restart(&mut self) {
        self.daemon.restart();
    }

    /// Sets a key.
    pub fn put(&self, key: &str, value: &str) {
        self.call("kv/put", &format!(r#"{{"key":"{}","value":"{}"}}"#, base64(key), base64(value)));
    }

    /// How many keys begin with a prefix.
    pub fn count(&self, prefix: &str) -> usize {
        let end = format!("{prefix}\u{7f}");
        let (key, end) = (base64(prefix), base64(&end));
        let body = format!(r#"{{"key":"{key}","range_end":"{end}","count_only":true}}"#);
        let answer = self.call("kv/range", &body);
        let count = answer.split_once(r#""count":""#).and_then(|(_, rest)| rest.split_once('"'));
        count.map_or(0, |(count, _)| count.parse().expect("a count"))
    }

    /// Forgets the history of all keys, so that no watch can begin in it.
    pub fn compact(&self) {
        let answer = self.call("kv/range", &format!(r#"{{"key":"{}"}}"#, base64("none")));
        let revision =
            answer.split_once(r#""revision":""#).and_then(|(_, rest)| rest.split_once('"'));
        let revision = revision.expect("a revision").0;
        self.call("kv/compaction", &format!(r#"{{"revision":"{revision}","physical":true}}"#));
    }

    fn call(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).expect("etcd");
        let length = body.len();
        let head = format!("POST /v3/{path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(head.as_bytes()).expect("a call");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
        answer
    }
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn answers(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.contains(r#""health":"true""#))
}
