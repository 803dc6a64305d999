//! The harness itself: every server starts, speaks its protocol, dies and comes back.

#![cfg(feature = "live")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use backing_services_conformance::{Ca, Scripted, Server as _, Tls, free_port};
use backing_services_tests::servers::{
    FakeServer, MariaDb, Memcached, Postfix, PostgreSql, Response,
};

const SOON: Duration = Duration::from_secs(10);

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

fn assert_refuses(port: u16) {
    let error = TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

fn localhost(ca: &Ca) -> Tls {
    ca.issue(&["localhost", "127.0.0.1"])
}

/// A line goes out, a reply comes back: over TCP, or over TLS by way of `openssl`.
struct Dialogue<R, W> {
    from: BufReader<R>,
    to: W,
}

impl Dialogue<TcpStream, TcpStream> {
    fn tcp(port: u16) -> Self {
        let stream = connect(port);
        Self { from: BufReader::new(stream.try_clone().unwrap()), to: stream }
    }
}

impl<R: Read, W: Write> Dialogue<R, W> {
    fn say(&mut self, line: &str) -> String {
        self.to.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        assert_ne!(line, "", "the server hung up");
        line
    }

    /// A reply of SMTP: its last line has a space after the code.
    fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line();
            reply += &line;
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    fn send_mail(&mut self, to: &str, subject: &str) {
        assert_code(&self.say("MAIL FROM:<shop@shop.test>"), "250");
        assert_code(&self.say(&format!("RCPT TO:<{to}>")), "250");
        assert_code(&self.say("DATA"), "354");
        assert_code(&self.say(&format!("Subject: {subject}\r\n\r\nFrom the harness.\r\n.")), "250");
        assert_code(&self.say("QUIT"), "221");
    }
}

fn assert_code(reply: &str, code: &str) {
    assert!(reply.starts_with(code), "{reply}");
}

/// A client that checks the server's certificate and name; dropped, it hangs up.
struct Openssl {
    child: Child,
    dialogue: Dialogue<ChildStdout, ChildStdin>,
}

impl Openssl {
    fn connect(port: u16, ca: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_quiet", "-verify_return_error"])
            .args(["-verify_hostname", "localhost", "-connect", &format!("127.0.0.1:{port}")])
            .arg("-CAfile")
            .arg(ca)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        let to = child.stdin.take().unwrap();
        Self { child, dialogue: Dialogue { from, to } }
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The argument of `AUTH PLAIN`.
fn credentials(server: &Postfix, password: &str) -> String {
    let mut encoder = Command::new("base64")
        .arg("--wrap=0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let plain = format!("\0{}\0{password}", server.user());
    encoder.stdin.take().unwrap().write_all(plain.as_bytes()).unwrap();
    String::from_utf8(encoder.wait_with_output().unwrap().stdout).unwrap()
}

fn mariadb(server: &MariaDb, arguments: &[&str], statement: &str) -> Output {
    Command::new("mariadb")
        .args(["--no-defaults", "--protocol=TCP", "--batch", "--skip-column-names"])
        .args(arguments)
        .args(["--user", server.user(), &format!("--password={}", server.password())])
        .args(["--port", &server.port().to_string(), "--execute", statement, server.database()])
        .output()
        .unwrap()
}

#[track_caller]
fn answer(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_port_is_given_once_and_nothing_listens_on_it() {
    let mut ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
    ports.iter().copied().for_each(assert_refuses);
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 50);
}

#[test]
fn a_silent_server_accepts_and_says_nothing() {
    let mut server = Scripted::silent();
    let mut stream = connect(server.port());
    stream.write_all(b"hello?\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");

    server.kill();
    assert_refuses(server.port());
    stream.set_read_timeout(Some(SOON)).unwrap();
    assert!(!matches!(stream.read(&mut [0]), Ok(1..)), "the connection ended");

    server.restart();
    connect(server.port());
}

#[test]
fn memcached_lives_dies_and_comes_back() {
    let mut server = Memcached::start();
    let beside = Memcached::start();
    let port = server.port();
    assert_ne!(port, beside.port());
    for port in [port, beside.port()] {
        assert!(Dialogue::tcp(port).say("version").starts_with("VERSION "));
    }

    server.kill();
    assert_refuses(port);
    server.restart();
    assert_eq!(server.port(), port);
    assert!(Dialogue::tcp(port).say("version").starts_with("VERSION "));

    drop(server);
    assert_refuses(port);
    let another = Memcached::start_on(port);
    assert!(Dialogue::tcp(another.port()).say("version").starts_with("VERSION "));
}

#[test]
fn mariadb_lives_dies_and_comes_back_with_its_data() {
    let mut server = MariaDb::start();
    let beside = MariaDb::start();
    let host = ["--host=127.0.0.1"];
    answer(mariadb(&server, &host, "CREATE TABLE orders (id INT); INSERT INTO orders VALUES (7)"));
    assert_eq!(answer(mariadb(&beside, &host, "SHOW TABLES")), "");
    assert_eq!(beside.sql("SELECT CURRENT_USER(), DATABASE()"), "root@localhost\tshop\n");

    server.kill();
    assert_refuses(server.port());
    server.restart();
    assert_eq!(answer(mariadb(&server, &host, "SELECT id FROM orders")), "7\n");
}

#[test]
fn mariadb_speaks_tls_and_insists_on_it() {
    let ca = Ca::new("the shop's CA");
    let tls = localhost(&ca);
    let mut server = MariaDb::with_tls(&tls);
    let trusted = format!("--ssl-ca={}", tls.ca().display());
    let verified = ["--host=localhost", "--ssl-verify-server-cert", &trusted];
    let cipher = "SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS \
                  WHERE VARIABLE_NAME = 'Ssl_cipher'";
    assert_eq!(answer(mariadb(&server, &verified, cipher)), "1\n");

    let clear = mariadb(&server, &["--host=127.0.0.1", "--skip-ssl"], "SELECT 1");
    assert!(!clear.status.success());

    let other = localhost(&Ca::new("someone else"));
    let other = format!("--ssl-ca={}", other.ca().display());
    let distrusted = ["--host=localhost", "--ssl-verify-server-cert", &other];
    assert!(!mariadb(&server, &distrusted, "SELECT 1").status.success());

    // The server has a copy of its files.
    drop(ca);
    server.restart();
    assert_eq!(answer(mariadb(&server, &verified, cipher)), "1\n");
}

#[test]
fn mariadb_can_present_the_name_of_another_host() {
    let tls = Ca::new("the shop's CA").issue(&["db.example.com"]);
    let server = MariaDb::with_tls(&tls);
    let ca = format!("--ssl-ca={}", tls.ca().display());
    let strict = ["--host=localhost", "--ssl-verify-server-cert", &ca];
    assert!(!mariadb(&server, &strict, "SELECT 1").status.success());
    assert!(mariadb(&server, &["--host=localhost", "--ssl", &ca], "SELECT 1").status.success());
}

fn psql(server: &PostgreSql, settings: &str, statement: &str) -> Output {
    let (user, database, port) = (server.user(), server.database(), server.port());
    Command::new("psql")
        .args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", statement])
        .arg(format!("user={user} dbname={database} port={port} {settings}"))
        .env("PGPASSWORD", server.password())
        .output()
        .unwrap()
}

#[test]
fn postgresql_lives_dies_and_comes_back_with_its_data() {
    let mut server = PostgreSql::start();
    let beside = PostgreSql::start();
    let host = "host=127.0.0.1";
    answer(psql(&server, host, "CREATE TABLE orders (id INT)"));
    assert_eq!(
        answer(psql(&beside, host, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")),
        "0\n"
    );
    assert_eq!(beside.sql("SELECT current_user, current_database()"), "postgres\tshop\n");
    let socket = format!("host={}", server.socket().display());
    assert_eq!(answer(psql(&server, &socket, "SELECT current_user")), "shop\n");
    let wrong = format!("{socket} password=wrong");
    assert!(!psql(&server, &wrong, "SELECT 1").status.success());

    for round in 1..=3 {
        answer(psql(&server, host, &format!("INSERT INTO orders VALUES ({round})")));
        // One who is connected dies with the server, and is not in the way of the next.
        let mut sleeper = Command::new("psql")
            .args(["--no-psqlrc", "--command", "SELECT pg_sleep(60)"])
            .arg(format!("host=127.0.0.1 user=shop dbname=shop port={}", server.port()))
            .env("PGPASSWORD", server.password())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'";
        while server.sql(sleeps) != "1\n" {
            sleep(Duration::from_millis(10));
        }
        server.kill();
        assert_refuses(server.port());
        assert!(!sleeper.wait().unwrap().success());
        server.restart();
        assert_eq!(
            answer(psql(&server, host, "SELECT count(*) FROM orders")),
            format!("{round}\n")
        );
    }
}

#[test]
fn postgresql_speaks_tls_and_insists_on_it() {
    let ca = Ca::new("the shop's CA");
    let tls = localhost(&ca);
    let mut server = PostgreSql::with_tls(&tls);
    let verified = format!("host=localhost sslmode=verify-full sslrootcert={}", tls.ca().display());
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(answer(psql(&server, &verified, encrypted)), "t\n");
    assert!(!psql(&server, "host=127.0.0.1 sslmode=disable", "SELECT 1").status.success());

    let other = localhost(&Ca::new("someone else"));
    let distrusted =
        format!("host=localhost sslmode=verify-full sslrootcert={}", other.ca().display());
    assert!(!psql(&server, &distrusted, "SELECT 1").status.success());

    // The server has a copy of its files.
    drop(ca);
    server.restart();
    assert_eq!(answer(psql(&server, &verified, encrypted)), "t\n");

    let strict = PostgreSql::with_client_certificates(&tls);
    assert!(!psql(&strict, &verified, "SELECT 1").status.success());
}

#[test]
fn postfix_lives_dies_and_comes_back_with_its_mail() {
    let mut server = Postfix::start();
    let beside = Postfix::start();
    for round in ["first", "second"] {
        let mut smtp = Dialogue::tcp(server.port());
        assert_code(&smtp.reply(), "220");
        let capabilities = smtp.say("EHLO shop.test");
        assert!(!capabilities.contains("STARTTLS"), "{capabilities}");
        assert!(!capabilities.contains("AUTH"), "{capabilities}");
        smtp.send_mail(&format!("{round}@example.com"), round);
        let mail = server.wait_for_mail(&format!("{round}@example.com"), SOON);
        assert_eq!(mail.len(), 1);
        assert!(mail[0].contains(&format!("Subject: {round}\n")), "{}", mail[0]);
        assert!(mail[0].ends_with("\n\nFrom the harness.\n"), "{}", mail[0]);

        server.kill();
        assert_refuses(server.port());
        server.restart();
    }
    assert_eq!(server.mailbox("first@example.com").len(), 1);
    assert_eq!(server.mailbox("nobody@example.com").len(), 0);
    assert_eq!(beside.mailbox("first@example.com").len(), 0);
}

#[test]
fn postfix_takes_mail_from_its_user_only() {
    let server = Postfix::with_plain_auth();
    let mut smtp = Dialogue::tcp(server.port());
    assert_code(&smtp.reply(), "220");
    assert!(smtp.say("EHLO shop.test").contains("AUTH PLAIN LOGIN"));
    assert_code(&smtp.say("MAIL FROM:<shop@shop.test>"), "250");
    assert_code(&smtp.say("RCPT TO:<customer@example.com>"), "554");
    assert_code(&smtp.say("RSET"), "250");
    let wrong = credentials(&server, "wrong");
    assert_code(&smtp.say(&format!("AUTH PLAIN {wrong}")), "535");
    let right = credentials(&server, server.password());
    assert_code(&smtp.say(&format!("AUTH PLAIN {right}")), "235");
    smtp.send_mail("customer@example.com", "hello");
    assert_eq!(server.wait_for_mail("customer@example.com", SOON).len(), 1);
}

#[test]
fn postfix_keeps_two_equal_messages_apart() {
    let server = Postfix::start();
    for number in 1..=2 {
        let mut smtp = Dialogue::tcp(server.port());
        assert_code(&smtp.reply(), "220");
        assert_code(&smtp.say("EHLO shop.test"), "250");
        smtp.send_mail("customer@example.com", "hello");
        let start = Instant::now();
        while server.mailbox("customer@example.com").len() < number {
            assert!(start.elapsed() < SOON, "message {number} was not delivered");
            sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn postfix_logs_in_only_over_tls() {
    let tls = localhost(&Ca::new("the shop's CA"));
    let mut server = Postfix::with_auth(&tls);
    let login = format!("AUTH PLAIN {}", credentials(&server, server.password()));

    let mut clear = Dialogue::tcp(server.port());
    assert_code(&clear.reply(), "220");
    let capabilities = clear.say("EHLO shop.test");
    assert!(capabilities.contains("STARTTLS"), "{capabilities}");
    assert!(!capabilities.contains("AUTH"), "{capabilities}");
    assert_code(&clear.say("MAIL FROM:<shop@shop.test>"), "530");

    for round in ["first", "second"] {
        let mut starttls = Openssl::connect(server.port(), &tls.ca(), &["-starttls", "smtp"]);
        let mut implicit = Openssl::connect(server.tls_port(), &tls.ca(), &[]);
        assert_code(&implicit.dialogue.reply(), "220");

        for (name, client) in [("starttls", &mut starttls), ("implicit", &mut implicit)] {
            let smtp = &mut client.dialogue;
            assert!(smtp.say("EHLO shop.test").contains("AUTH PLAIN LOGIN"));
            assert_code(&smtp.say(&login), "235");
            let to = format!("{name}-{round}@example.com");
            smtp.send_mail(&to, "hello");
            assert_eq!(server.wait_for_mail(&to, SOON).len(), 1);
        }
        server.restart();
    }
}

#[test]
fn postfix_takes_mail_from_everyone_over_tls() {
    let tls = localhost(&Ca::new("the shop's CA"));
    let server = Postfix::with_tls(&tls);
    let mut client = Openssl::connect(server.tls_port(), &tls.ca(), &[]);
    assert_code(&client.dialogue.reply(), "220");
    assert_code(&client.dialogue.say("EHLO shop.test"), "250");
    client.dialogue.send_mail("customer@example.com", "hello");
    assert_eq!(server.wait_for_mail("customer@example.com", SOON).len(), 1);

    let other = localhost(&Ca::new("someone else"));
    let mut distrusting = Openssl::connect(server.tls_port(), &other.ca(), &[]);
    let mut greeting = String::new();
    distrusting.dialogue.from.read_to_string(&mut greeting).unwrap();
    assert_eq!(greeting, "");
}

#[test]
fn the_stand_in_keeps_what_it_is_sent_dies_and_comes_back() {
    let mut server = FakeServer::start(|request| {
        let text = format!("{} bytes for {}", request.body().len(), request.uri());
        Response::new(text.into())
    });
    let ask = |port: u16| {
        let mut stream = connect(port);
        let head = "POST /a?b=c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        stream.write_all(format!("{head}Content-Length: 5\r\n\r\nhello").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(server.port()).ends_with("\r\n\r\n5 bytes for /a?b=c"));

    let mut open = connect(server.port());
    server.kill();
    assert_refuses(server.port());
    assert_eq!(open.read(&mut [0]).unwrap_or(0), 0, "the connection is cut");

    server.restart();
    assert!(ask(server.port()).starts_with("HTTP/1.1 200 OK\r\n"));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body().as_ref(), b"hello");
}
