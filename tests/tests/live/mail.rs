use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backing_services::adapters::mail::{MailError, MailTransport};
use backing_services::{BackingServices, Connect as _, Environment, HandleBuilder, Mail};
use backing_services_conformance::{Ca, Limit, Reaches, Subject, Tls};
use backing_services_tests::servers::Postfix;
use lettre::AsyncTransport;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::in_use::InUse;
use crate::smtp::{self, FLOODS, PASSWORD, USER, message};

pub(crate) struct OnPostfix;

impl Subject for OnPostfix {
    type Adapter = Mail;
    type Server = Postfix;

    const LIMITS: &[Limit] = &[
        FLOODS[0],
        FLOODS[1],
        FLOODS[2],
        Limit {
            test: "hostile_servers/a drip",
            driver: "lettre 0.11.23",
            upstream: "src/transport/smtp/client/async_connection.rs:360",
            seen: "left behind or nothing",
        },
        Limit {
            test: "hostile_servers/a record of TLS without its end",
            driver: "lettre 0.11.23",
            upstream: "src/transport/smtp/client/async_connection.rs:360",
            seen: "left behind or nothing",
        },
    ];

    fn start() -> Postfix {
        smtp::OnPostfix::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<Postfix> {
        smtp::OnPostfix::start_with_tls(tls)
    }

    fn reaches(scheme: &str) -> Reaches {
        match scheme {
            "postmark" | "file" | "memory" | "null" => Reaches::Elsewhere,
            _ => smtp::OnPostfix::reaches(scheme),
        }
    }

    fn tls_handle(scheme: &str, server: &Postfix, ca: &Path) -> HandleBuilder {
        smtp::OnPostfix::tls_handle(scheme, server, ca)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        smtp::OnPostfix::handle(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        smtp::OnPostfix::wrong_password()
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &MailTransport) -> Result<(), String> {
        client.send(message("ada@example.com")).await.map(drop).map_err(|error| error.to_string())
    }
}

backing_services_conformance::suite!(OnPostfix);

#[derive(BackingServices)]
struct Services {
    mail: Mail,
}

async fn connect(url: &str) -> MailTransport {
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)])).unwrap();
    services.connect_mail().await.unwrap()
}

/// The app: it knows no provider.
async fn send_receipt(mail: &MailTransport) -> Result<String, MailError> {
    mail.send(message("ada@example.com")).await
}

/// Swapping the provider is a change of handle: a relay with STARTTLS and a login, Postmark's SMTP,
/// which takes its token as both user and password, and a folder.
#[tokio::test]
async fn one_code_many_providers() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let relay = Postfix::with_auth(&certificate);
    let (ca, port) = (certificate.ca(), relay.port());
    let folder = tempfile::tempdir().unwrap();
    let submission = smtp::OnPostfix::tls_handle("submission", &relay, &ca).build().unwrap();
    for url in [
        submission.expose_url().to_owned(),
        format!("postmark://{}@localhost:{port}?tls_ca={}", relay.token(), ca.display()),
        format!("file://{}/out/box", folder.path().display()),
    ] {
        send_receipt(&connect(&url).await).await.unwrap();
    }
    let start = Instant::now();
    while relay.mailbox("ada@example.com").len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "not delivered");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let inbox = relay.mailbox("ada@example.com");
    assert_eq!(inbox.len(), 2);
    // What Postfix writes for a message that came by STARTTLS and a login.
    assert!(inbox.iter().all(|message| message.contains("with ESMTPSA")), "{}", inbox[0]);

    let outbox: Vec<_> =
        std::fs::read_dir(folder.path().join("out/box")).unwrap().map(Result::unwrap).collect();
    assert_eq!(outbox.len(), 1, "a probe is left in the outbox");
    assert_eq!(outbox[0].path().extension().unwrap(), "eml");
    for text in [&inbox[0], &inbox[1], &std::fs::read_to_string(outbox[0].path()).unwrap()] {
        assert!(text.contains("after a lone dot"), "{text}");
    }
}

/// Postmark over SMTP, with a fake server on this machine: the token is user name and password.
#[tokio::test]
async fn postmark() {
    // The harness's server knows one user, whose name is not the password: the token is refused,
    // and the failure shows that it was sent as both.
    let server = Postfix::with_plain_auth();
    let url = format!("postmark://{USER}@localhost:{}?tls=none", server.port());
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)])).unwrap();
    let report = services.connect_mail().await.unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!(failure.cause(), "authentication failed: the user name or the password is wrong");
    assert!(!report.to_string().contains(PASSWORD) && !report.to_string().contains(USER));
}

/// A relay of the test's own that answers the end of its first message when it is told to, and
/// nothing that follows on that connection before.
struct Slow {
    port: u16,
    answer: Arc<Notify>,
    /// The bodies, in the order of their ends.
    arrived: Arc<Mutex<Vec<String>>>,
}

impl Slow {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, arrived) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
        let slow = Self { port, answer: Arc::clone(&answer), arrived: Arc::clone(&arrived) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, arrived) = (Arc::clone(&answer), Arc::clone(&arrived));
                tokio::spawn(async move {
                    // A client may go at any time.
                    let _ = Self::serve(BufReader::new(stream), &answer, &arrived).await;
                });
            }
        });
        slow
    }

    async fn serve(
        mut stream: BufReader<tokio::net::TcpStream>,
        answer: &Notify,
        arrived: &Mutex<Vec<String>>,
    ) -> std::io::Result<()> {
        stream.write_all(b"220 slow\r\n").await?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let reply: &[u8] = match line.get(..4) {
                Some("QUIT") => return stream.write_all(b"221 bye\r\n").await,
                Some("EHLO") => b"250-slow\r\n250 8BITMIME\r\n",
                Some("DATA") => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let mut body = String::new();
                    while !body.ends_with("\r\n.\r\n") {
                        if stream.read_line(&mut body).await? == 0 {
                            return Ok(());
                        }
                    }
                    let is_first = {
                        let mut arrived = arrived.lock().unwrap();
                        arrived.push(body);
                        arrived.len() == 1
                    };
                    if is_first {
                        answer.notified().await;
                    }
                    b"250 queued\r\n"
                }
                _ => b"250 fine\r\n",
            };
            stream.write_all(reply).await?;
            line.clear();
        }
        Ok(())
    }

    /// How many arrived for `to`.
    fn arrived(&self, to: &str) -> usize {
        self.arrived.lock().unwrap().iter().filter(|body| body.contains(to)).count()
    }
}

/// A relay that goes silent is given up, and its late answers are not taken for those to other
/// messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_relay_is_given_up() {
    let slow = Slow::start().await;
    let url = format!("smtp://localhost:{}?tls=none&timeout=1s", slow.port);
    let mail = connect(&url).await;
    let started = Instant::now();
    let error = mail.send(message("ada@example.com")).await.unwrap_err();
    assert!(
        matches!(error, MailError::Timeout(limit) if limit == Duration::from_secs(1)),
        "{error}"
    );
    assert_eq!(error.to_string(), "the server did not answer within 1s");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());

    slow.answer.notify_one();
    for n in 0..5 {
        let to = format!("grace{n}@example.com");
        assert_eq!(mail.send(message(&to)).await.unwrap(), "queued");
        assert_eq!(slow.arrived(&to), 1, "acknowledged, but not there");
        Mail::ping(&mail).await.unwrap();
    }
}

/// Nor when it was the app that lost patience: what was begun ends, or its connection does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_that_is_dropped_harms_no_other() {
    let slow = Slow::start().await;
    let mail = connect(&format!("smtp://localhost:{}?tls=none", slow.port)).await;
    let patience = Duration::from_millis(300);
    tokio::time::timeout(patience, mail.send(message("ada@example.com"))).await.unwrap_err();
    slow.answer.notify_one();
    for n in 0..5 {
        let to = format!("grace{n}@example.com");
        assert_eq!(mail.send(message(&to)).await.unwrap(), "queued");
        assert_eq!(slow.arrived(&to), 1, "acknowledged, but not there");
    }
    assert_eq!(slow.arrived("ada@example.com"), 1);
}

/// What Postfix acknowledged is delivered after it was killed and started again, and nobody
/// restarts the app.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_use() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let mut relay = Postfix::with_auth(&certificate);
    let handle = smtp::OnPostfix::tls_handle("submission", &relay, &certificate.ca());
    let mail = connect(handle.param("timeout", "5s").build().unwrap().expose_url()).await;
    let sending = InUse::start(move |name| {
        let mail = mail.clone();
        async move {
            let to = format!("{name}@example.com");
            let sent = mail.send(message(&to)).await;
            sent.map(|_| to).map_err(|error| error.to_string())
        }
    });
    for _ in 0..2 {
        sending.goes_on(15).await;
        relay.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        relay.restart();
    }
    sending.goes_on(15).await;
    for to in sending.end().await {
        relay.wait_for_mail(&to, Duration::from_mins(1));
    }
}
