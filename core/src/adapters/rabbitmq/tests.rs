use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapin::auth::AuthProvider as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::frames::tests::{frame, nested, start, tune};
use super::*;
use crate::error::ProblemKind;

fn parse(text: &str) -> Result<RabbitMq, HandleError> {
    RabbitMq::from_handle(&Handle::parse(text)?)
}

fn taken(text: &str) -> RabbitMq {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_path_is_the_virtual_host() {
    for (text, vhost) in [
        ("amqp://localhost", "/"),
        ("amqp://localhost?heartbeat=5", "/"),
        ("amqp://localhost/", ""),
        ("amqp://localhost/?heartbeat=5", ""),
        ("amqp://localhost/%2f", "/"),
        ("amqp://localhost/%2F", "/"),
        ("amqp://localhost/shop", "shop"),
        ("amqp://localhost/%2fshop", "/shop"),
        ("amqp://localhost/my%20shop", "my shop"),
        ("amqp://localhost/?tls=required", ""),
        ("amqp://localhost?tls=required", "/"),
    ] {
        assert_eq!(taken(text).uri().vhost, vhost, "{text}");
    }
    let long = format!("amqp://localhost/{}", "v".repeat(256));
    let refused = parse(&long).unwrap_err();
    assert_eq!(refused.message(), "the name of the virtual host is longer than 255 bytes");
    assert!(parse(&long[..long.len() - 1]).is_ok());
}

#[test]
fn scheme_and_parameters() {
    let query = |text: &str| taken(text).uri().query;
    let default = query("amqp://localhost");
    assert_eq!((default.heartbeat, default.channel_max), (Some(10), None));
    assert_eq!(default.frame_max, Some(131_072));
    let own = query("amqp://localhost/%2f?heartbeat=42&frame_max=8192&channel_max=9");
    assert_eq!((own.heartbeat, own.channel_max), (Some(42), Some(10)));
    assert_eq!(query("amqp://localhost?channel_max=0").channel_max, Some(0));
    assert_eq!(own.frame_max, Some(8192));
    assert_eq!(query("amqp://localhost?frame_max=0").frame_max, Some(1 << 20));
    for (text, shown) in [
        ("amqp://localhost", "RabbitMq(amqp://localhost:5672)"),
        ("amqps://u:p@mq.example/shop", "RabbitMq(amqps://mq.example:5671/shop)"),
        ("amqp://u:p@mq.example?tls=required", "RabbitMq(amqps://mq.example:5671)"),
        ("amqp://u:p@mq.example:5672/a?ssl=required", "RabbitMq(amqps://mq.example:5672/a)"),
        ("amqp://a.example;amqp://b.example", "RabbitMq(amqp://a.example:5672,b.example:5672)"),
    ] {
        let rabbit = taken(text);
        assert_eq!(format!("{rabbit:?}"), shown, "{text}");
        assert_eq!(rabbit.encryption.is_on(), shown.contains("amqps"), "{text}");
    }
}

/// As the list of handles that platforms write has them.
#[test]
fn what_platforms_write() {
    let cloud = taken("amqps://shop:secret@hawk.rmq.cloudamqp.com/shop");
    assert!(cloud.encryption.is_on());
    let Login::Plain(user, password) = cloud.login() else { panic!("no user") };
    assert_eq!((user.as_str(), password.expose()), ("shop", "secret"));
    let refused = parse("amqp://shop:secret@hawk.rmq.cloudamqp.com/shop").unwrap_err();
    assert_eq!(refused.kind(), ProblemKind::Insecure);
    assert_eq!(refused.help(), "write `amqps://`, or `tls=none` if that is meant");

    let named = "amqps://myhost?cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem\
                 &verify=verify_peer&server_name_indication=myhost";
    let named = taken(named);
    assert_eq!(named.server_name.as_deref(), Some("myhost"));
    assert_eq!(named.cacertfile.as_deref(), Some("/ca.pem".as_ref()));
    assert_eq!(named.certfile.as_deref(), Some("/c.pem".as_ref()));
    assert_eq!(named.keyfile.as_deref(), Some("/k.pem".as_ref()));

    let external = "amqps://h.example/?auth_mechanism=external&certfile=/c.pem&keyfile=/k.pem";
    let login = taken(external).login();
    assert_eq!(login.mechanism().as_str(), "EXTERNAL");
    assert_eq!(login.auth_starter().unwrap().as_bytes(), b"");

    let tuned =
        taken("amqp://localhost/%2f?heartbeat=42&frame_max=131072&connection_timeout=30000");
    assert_eq!(tuned.connect_timeout(), Duration::from_secs(30));
    let quiet = taken("amqps://h.example/?heartbeat=0");
    assert_eq!((quiet.uri().query.heartbeat, quiet.uri().vhost.as_str()), (Some(0), ""));

    let two = taken("amqp://a.example;amqp://b.example").target().unwrap();
    let brokers: Vec<_> = two.brokers.iter().map(Host::to_string).collect();
    assert_eq!(brokers, ["a.example:5672", "b.example:5672"]);
}

#[test]
fn a_timeout_has_one_unit_a_name() {
    let timeout = |text: &str| taken(text).connect_timeout();
    assert_eq!(timeout("amqp://localhost"), Duration::from_secs(10));
    assert_eq!(timeout("amqp://localhost?connect_timeout=2s"), Duration::from_secs(2));
    let milliseconds = "amqp://localhost?connection_timeout=2500";
    assert_eq!(timeout(milliseconds), Duration::from_millis(2500));
}

#[test]
fn a_password_leaves_the_machine_unencrypted_only_if_that_is_meant() {
    assert!(parse("amqp://u:p@localhost").is_ok());
    assert!(parse("amqp://u:p@mq.example?tls=none").is_ok());
    assert!(parse("amqps://u:p@mq.example").is_ok());
    assert!(parse("amqp://mq.example").is_ok());
    for text in [
        "amqp://u:p@mq.example",
        "amqp://u:p@localhost,mq.example",
        "amqps://u:p@localhost?verify=verify_none",
        "amqps://u:p@localhost?server_name_indication=disable",
    ] {
        assert_eq!(parse(text).unwrap_err().kind(), ProblemKind::Insecure, "{text}");
    }
}

#[test]
fn refuses_what_means_nothing() {
    for (text, message) in [
        ("amqp:///shop", "the handle has no host"),
        ("amqp://a,a:5672", "the same server is named twice"),
        ("amqp://localhost/a/b", "the path has more than one segment"),
        ("amqp://u@localhost", "the handle has a user name and no password"),
        ("amqp://:p@localhost", "the handle has a password and no user name"),
        ("amqp://u:a%00b@localhost", "a zero byte stands in the user name or password"),
        ("amqp://localhost?heartbeat=10s", "the parameter `heartbeat` has a bad value"),
        ("amqp://localhost?channel_max=65536", "the parameter `channel_max` has a bad value"),
        ("amqp://localhost?frame_max=4095", "the parameter `frame_max` has a bad value"),
        ("amqp://localhost?frame_max=1048577", "the parameter `frame_max` has a bad value"),
        ("amqp://localhost?connect_timeout=5", "the parameter `connect_timeout` has a bad value"),
        ("amqp://localhost?connect_timeout=25h", "the parameter `connect_timeout` has a bad value"),
        (
            "amqp://localhost?connection_timeout=86400001",
            "the parameter `connection_timeout` has a bad value",
        ),
        (
            "amqp://localhost?connect_timeout=5s&connection_timeout=5000",
            "both `connect_timeout` and `connection_timeout` are given",
        ),
        ("amqps://localhost?tls=none", "the scheme says TLS, and `tls` says none"),
        ("amqps://localhost?verify=no", "the parameter `verify` has a bad value"),
        ("amqps://localhost?certfile=c.pem", "only one of `certfile` and `keyfile` is given"),
        (
            "amqp://localhost?cacertfile=ca.pem",
            "the handle has `cacertfile` but no TLS to use it in",
        ),
        ("amqp://localhost?verify=verify_peer", "the handle has `verify` but no TLS to use it in"),
        (
            "amqp://localhost?server_name_indication=a",
            "the handle has `server_name_indication` but no TLS to use it in",
        ),
        (
            "amqps://localhost?server_name_indication=a%20b",
            "the parameter `server_name_indication` has a bad value",
        ),
        (
            "amqps://localhost?auth_mechanism=external",
            "`auth_mechanism=external` has no client certificate",
        ),
        (
            "amqps://u:p@localhost?auth_mechanism=external&certfile=c&keyfile=k",
            "the handle has a user name that nothing sends",
        ),
        ("amqp://localhost?hearbeat=5", "unknown parameter `hearbeat`"),
        ("mysql://h", "the scheme `mysql` is not one of RabbitMQ"),
    ] {
        assert_eq!(parse(text).unwrap_err().message(), message, "{text}");
    }
}

#[tokio::test]
async fn files_that_are_none() {
    let url = "amqps://localhost:1?cacertfile=/no/such/file";
    let error = taken(url).connect().await.unwrap_err();
    let text = "the file that `cacertfile` names cannot be read: there is no such file";
    assert_eq!(error.to_string(), text);
}

/// A broker made for a test: how it greets, what it proposes, and how far it goes.
#[derive(Clone)]
struct Broker {
    properties: Vec<u8>,
    tune: (u32, u16),
    /// How many methods it answers before it falls silent.
    answers: usize,
    /// What clients sent, by class and method.
    heard: Option<mpsc::UnboundedSender<Vec<u8>>>,
    /// The connections that are open.
    open: Arc<AtomicUsize>,
}

impl Broker {
    fn new() -> Self {
        let open = Arc::new(AtomicUsize::new(0));
        Self { properties: nested(1), tune: (131_072, 60), answers: usize::MAX, heard: None, open }
    }

    /// Listens on a port of this machine.
    async fn listen(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let broker = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let broker = broker.clone();
                tokio::spawn(async move {
                    broker.open.fetch_add(1, Ordering::SeqCst);
                    let _ = broker.talk(stream).await;
                    broker.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        port
    }

    async fn talk(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.read_exact(&mut [0; 8]).await?;
        stream.write_all(&start(&self.properties)).await?;
        let mut answered = 0;
        loop {
            let mut head = [0; 7];
            stream.read_exact(&mut head).await?;
            let length = u32::from_be_bytes(head[3..].try_into().unwrap());
            let mut payload = vec![0; length as usize + 1];
            stream.read_exact(&mut payload).await?;
            if head[0] != 1 || answered == self.answers {
                continue;
            }
            let mut reply = match payload[..4] {
                [_, 10, _, 11] => tune(self.tune.0, self.tune.1),
                [_, 10, _, 40] => frame(1, &[0, 10, 0, 41, 0]),
                [_, 10, _, 50] => frame(1, &[0, 10, 0, 51]),
                [_, 20, _, 10] => frame(1, &[0, 20, 0, 11, 0, 0, 0, 0]),
                [_, 20, _, 40] => frame(1, &[0, 20, 0, 41]),
                [_, 85, _, 10] => frame(1, &[0, 85, 0, 11]),
                _ => Vec::new(),
            };
            if let Some(heard) = &self.heard {
                let _ = heard.send(payload);
            }
            if !reply.is_empty() {
                answered += 1;
                reply[1..3].copy_from_slice(&head[1..3]);
                stream.write_all(&reply).await?;
            }
        }
    }
}

#[tokio::test]
async fn what_is_agreed_upon_with_the_broker() {
    let (heard, mut words) = mpsc::unbounded_channel();
    let broker = Broker { tune: (0, 60), heard: Some(heard), ..Broker::new() };
    let port = broker.listen().await;
    let url = format!("amqp://localhost:{port}?heartbeat=0&frame_max=65536&name=the%20shop");
    let client = taken(&url).connect().await.unwrap();
    RabbitMq::ping(&client).await.unwrap();
    RabbitMq::close(client).await;
    let mut methods = std::collections::HashMap::new();
    while let Ok(payload) = words.try_recv() {
        methods.insert(payload[..4].to_vec(), payload[4..].to_vec());
    }
    let start_ok = String::from_utf8_lossy(&methods[&[0, 10, 0, 11][..]]).into_owned();
    assert!(start_ok.contains("the shop") && start_ok.contains("\0guest\0guest"), "{start_ok}");
    // No channels more than the broker has, no frame longer than ours, no heartbeats.
    assert_eq!(methods[&[0, 10, 0, 31][..]][..8], [7, 255, 0, 1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn tables_inside_tables_end_the_connection_alone() {
    for (depth, taken_too) in [(32, true), (33, false), (15_000, false)] {
        let broker = Broker { properties: nested(depth), ..Broker::new() };
        let port = broker.listen().await;
        let connected = taken(&format!("amqp://localhost:{port}")).connect().await;
        assert_eq!(connected.is_ok(), taken_too, "{depth}");
        if let Err(error) = connected {
            let text = "the broker sent tables inside tables, more than are taken";
            assert_eq!(error.to_string(), text);
        }
    }
}

/// What the driver's parser says of it shows nowhere.
#[tokio::test]
async fn a_table_that_is_none() {
    let properties = vec![0, 0, 0, 3, 1, b'a', b'?'];
    let port = Broker { properties, ..Broker::new() }.listen().await;
    let error = taken(&format!("amqp://localhost:{port}")).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server does not speak AMQP 0-9-1");
}

#[tokio::test]
async fn a_server_that_speaks_something_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
            tokio::spawn(async move { stream.read(&mut [0; 100]).await });
        }
    });
    let error = taken(&format!("amqp://localhost:{port}")).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "the server does not speak AMQP 0-9-1");
    assert_eq!(error.kind(), crate::FailureKind::Protocol);
}

/// The first has nobody at its port, the second says nothing.
#[tokio::test]
async fn the_first_broker_that_lets_the_client_in() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let broker = Broker::new();
    let port = broker.listen().await;
    let url = format!(
        "amqp://localhost:{dead},localhost:{silent_port},localhost:{port}?connect_timeout=1500ms"
    );
    let client = taken(&url).connect().await.unwrap();
    RabbitMq::ping(&client).await.unwrap();
    RabbitMq::close(client).await;
    let url = format!("amqp://localhost:{dead},localhost:{silent_port}?connect_timeout=300ms");
    let error = taken(&url).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "connection refused");
}

/// Of a broker that falls silent, at whatever point, no connection stays when it was given up.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_of_a_broker_that_fell_silent() {
    for answers in 0..4 {
        let broker = Broker { answers, ..Broker::new() };
        let port = broker.listen().await;
        let rabbit = taken(&format!("amqp://localhost:{port}?connect_timeout=1s"));
        for _ in 0..3 {
            let attempt = async { RabbitMq::ping(&rabbit.connect().await?).await };
            assert!(timeout(Duration::from_millis(300), attempt).await.is_err(), "{answers}");
        }
        let mut open = 3;
        for _ in 0..100 {
            sleep(Duration::from_millis(100)).await;
            open = broker.open.load(Ordering::SeqCst);
            if open == 0 {
                break;
            }
        }
        assert_eq!(open, 0, "{answers}");
    }
}

/// The threads of `lapin` may outlive the runtime: an app most often ends after an attempt that
/// failed, or with what it is connected to.
#[test]
fn nothing_panics_when_the_runtime_ends() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name().is_some_and(|name| name.starts_with("lapin")) {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        usual(panic);
    }));
    for wait in [0, 10, 1300, 1400] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = runtime.block_on(async {
            let port = Broker::new().listen().await;
            taken(&format!("amqp://localhost:{port}")).connect().await.unwrap()
        });
        runtime.block_on(async {
            let port = Broker { properties: nested(33), ..Broker::new() }.listen().await;
            let rabbit = taken(&format!("amqp://localhost:{port}"));
            for _ in 0..100 {
                rabbit.connect().await.unwrap_err();
            }
            sleep(Duration::from_millis(wait)).await;
        });
        drop(runtime);
        drop(client);
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}

/// Neither a connection nor a thread stays of brokers that fall silent, at whatever point: in a
/// process of its own, which has no others.
#[test]
fn no_thread_stays_of_a_broker_that_fell_silent() {
    let name = "adapters::rabbitmq::tests::twenty_attempts";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the one above"]
async fn twenty_attempts() {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    let here = || (count("/proc/self/task"), count("/proc/self/fd"));
    // The first connection of a process starts a thread that all share, and one of the runtime's
    // for blocking calls stays for a while.
    let port = Broker::new().listen().await;
    RabbitMq::close(taken(&format!("amqp://127.0.0.1:{port}")).connect().await.unwrap()).await;
    sleep(Duration::from_millis(200)).await;
    for answers in 0..4 {
        let broker = Broker { answers, ..Broker::new() };
        let port = broker.listen().await;
        let before = here();
        let rabbit = taken(&format!("amqp://127.0.0.1:{port}"));
        for _ in 0..20 {
            let attempt = async { RabbitMq::ping(&rabbit.connect().await?).await };
            assert!(timeout(Duration::from_millis(50), attempt).await.is_err(), "{answers}");
        }
        let start = std::time::Instant::now();
        while here() > before {
            let elapsed = start.elapsed();
            assert!(elapsed < Duration::from_secs(7), "{answers}: {before:?}, {:?}", here());
            sleep(Duration::from_millis(50)).await;
        }
    }
}
