//! `#[derive(Adapter)]`: services of an app's own, as fields like any other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use backing_services::{
    Adapter, BackingServices, ClientError, Connect, Environment, Handle, HandleError, Host, Kind,
    Problem, ProblemKind, Secret, Value, Word,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Everything that a struct can take.
#[derive(Adapter, Clone)]
#[adapter(
    name = "Twilio",
    schemes("twilio", "twilio+http"),
    example = "twilio://SID:TOKEN@api.twilio.com?region=us1",
    port = 443,
    debug
)]
struct Twilio {
    #[handle]
    handle: Handle,
    #[handle(username)]
    account: String,
    #[handle(password)]
    token: Secret,
    #[handle(host)]
    host: String,
    #[handle(port)]
    port: u16,
    #[handle(path)]
    service: Option<String>,
    #[handle(param = "region", default = "us1")]
    region: String,
    #[handle(param = "edge")]
    edge: Option<Edge>,
    #[handle(param = "retries", default = "3")]
    retries: u8,
    #[handle(param = "connect_timeout", default = "4s")]
    connect_timeout: Duration,
}

#[derive(Word, Clone, Debug, PartialEq)]
enum Edge {
    Dublin,
    Ashburn,
}

impl Connect for Twilio {
    type Client = Arc<Mutex<TcpStream>>;

    async fn connect(&self) -> Result<Self::Client, ClientError> {
        let address = (self.host.as_str(), self.port);
        let mut stream = TcpStream::connect(address).await.map_err(ClientError::caused_by)?;
        let login = format!("{} {}\n", self.account, self.token.expose());
        stream.write_all(login.as_bytes()).await.map_err(ClientError::caused_by)?;
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).await.map_err(ClientError::caused_by)?;
        if &answer == b"ok\n" {
            Ok(Arc::new(Mutex::new(stream)))
        } else {
            Err(ClientError::new(format!(
                "{} with {} is refused",
                self.account,
                self.token.expose()
            )))
        }
    }

    async fn ping(client: &Self::Client) -> Result<(), ClientError> {
        let mut stream = client.lock().await;
        stream.write_all(b"ping\n").await.map_err(ClientError::caused_by)?;
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).await.map(drop).map_err(ClientError::caused_by)
    }
}

/// No field for the host.
#[derive(Adapter, Clone, Debug)]
#[adapter(schemes("pager"), example = "pager://key@pager.example")]
struct Pager {
    #[handle]
    handle: Handle,
    #[handle(username)]
    key: Secret,
    #[handle(param = "token")]
    token: Option<Secret>,
}

impl Connect for Pager {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        let token = self.token.as_ref().map(Secret::expose).unwrap_or_default();
        let message = format!("`{}` is not a key, nor is `{token}`", self.key.expose());
        Err(ClientError::new(message).with_help(format!("not {}", self.key.expose())))
    }
}

/// Several hosts, each with its port.
#[derive(Adapter, Clone, Debug)]
#[adapter(schemes("ring"), example = "ring://a,b", port = 7000)]
struct Ring {
    #[handle]
    handle: Handle,
    #[handle(host)]
    hosts: Vec<Host>,
    #[handle(param = "connect_timeout")]
    connect_timeout: Option<Duration>,
}

impl Connect for Ring {
    type Client = Vec<String>;

    async fn connect(&self) -> Result<Vec<String>, ClientError> {
        assert_eq!(self.hosts.len(), self.handle.hosts().len());
        Ok(self.hosts.iter().map(ToString::to_string).collect())
    }
}

#[derive(Adapter, Clone)]
#[adapter(schemes("file"), example = "file:outbox", debug)]
struct Folder {
    #[handle]
    _handle: Handle,
    #[handle(path)]
    path: String,
}

/// A path that is a token.
#[derive(Adapter, Clone, Debug)]
#[adapter(schemes("hook"), example = "hook://hooks.example/T0/token")]
struct Hook {
    #[handle]
    _handle: Handle,
    #[handle(path)]
    path: Secret,
}

impl Connect for Hook {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Err(ClientError::new(format!("there is no `/{}`", self.path.expose())))
    }
}

impl Connect for Folder {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

#[derive(Adapter, Clone, Debug)]
#[adapter(name = "alerts")]
enum Alerts {
    Text(Twilio),
    Page(Pager),
    Ring(Ring),
}

#[derive(BackingServices)]
struct Services {
    sms: Twilio,
    #[service(alias = "OLD_ALERTS_URL")]
    alerts: Option<Alerts>,
    #[service(default = "ring://a:1,b")]
    ring: Ring,
    hook: Option<Hook>,
}

fn parse<A: Adapter>(text: &str) -> Result<A, HandleError> {
    A::from_handle(&Handle::parse(text)?)
}

/// Answers each connection, `ok` to the account `AC1` alone; returns its port.
async fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 64];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    let good = bytes.starts_with(b"AC1 ") || bytes[..read] == *b"ping\n";
                    let _ = stream.write_all(if good { b"ok\n" } else { b"no\n" }).await;
                }
            });
        }
    });
    port
}

#[test]
fn every_part_fills_its_field() {
    let text = "twilio://AC%401:t0k%23en@API.twilio.com:8443/my%20service?region=ie1&edge=DUBLIN&retries=5";
    let twilio: Twilio = parse(text).unwrap();
    assert_eq!(twilio.account, "AC@1");
    assert_eq!(twilio.token.expose(), "t0k#en");
    assert_eq!((twilio.host.as_str(), twilio.port), ("api.twilio.com", 8443));
    assert_eq!(twilio.service.as_deref(), Some("my service"));
    assert_eq!((twilio.region.as_str(), twilio.retries), ("ie1", 5));
    assert_eq!(twilio.edge, Some(Edge::Dublin));
    assert_eq!(twilio.handle.expose_url(), text);

    // Without a host the path is that of a file.
    for (text, path) in [("file:out/box", "out/box"), ("file:///var/my%20box", "/var/my box")] {
        assert_eq!(parse::<Folder>(text).unwrap().path, path);
    }
    assert!(parse::<Folder>("file:///").is_err());
}

#[test]
fn what_is_absent_is_filled_in() {
    let twilio: Twilio = parse("twilio://AC1:t@h").unwrap();
    assert_eq!((twilio.port, twilio.service, twilio.region.as_str()), (443, None, "us1"));
    assert_eq!((twilio.edge, twilio.retries), (None, 3));
    assert_eq!(twilio.connect_timeout, Duration::from_secs(4));
    assert_eq!(
        Adapter::connect_timeout(&parse::<Twilio>("twilio://a:b@h?connect_timeout=1m").unwrap()),
        Duration::from_mins(1)
    );
    let ring: Ring = parse("ring://a:1,[::1]").unwrap();
    let hosts: Vec<_> = ring.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["a:1", "[::1]:7000"]);
    assert_eq!(ring.connect_timeout(), Duration::from_secs(10));
    let ring: Alerts = parse("ring://a?connect_timeout=2s").unwrap();
    assert_eq!(ring.connect_timeout(), Duration::from_secs(2));
}

#[test]
fn what_means_nothing_or_is_missing_is_refused() {
    for (text, error) in [
        (
            "twilio://:t@h",
            "the handle has no user name: write it as in `twilio://SID:TOKEN@api.twilio.com?region=us1`",
        ),
        (
            "twilio://AC1@h",
            "the handle has no password: write it as in `twilio://SID:TOKEN@api.twilio.com?region=us1`",
        ),
        ("twilio://AC1:t@/x", "the handle has no host"),
        ("twilio://AC1:t@a,b", "the handle names several hosts: name one"),
        ("twilio://AC1:t@%2Frun%2Fx", "the host is a path: write a host name or an address"),
        ("twilio://AC1:t@h?regoin=us1", "unknown parameter `regoin`: did you mean `region`?"),
        (
            "twilio://AC1:t@h?retries=many",
            "the parameter `retries` has a bad value: expected a whole number from 0 to 255",
        ),
        (
            "twilio://AC1:t@h?edge=paris",
            "the parameter `edge` has a bad value: expected `dublin` or `ashburn`",
        ),
        (
            "twilio://AC1:t@h?connect_timeout=5",
            "the parameter `connect_timeout` has a bad value: expected a duration such as `500ms`, \
             `5s`, `2m` or `1h`, above zero",
        ),
        ("pager://h", "the scheme is not one of Twilio: expected `twilio://` or `twilio+http://`"),
    ] {
        assert_eq!(parse::<Twilio>(text).err().unwrap().to_string(), error, "{text}");
    }
    for (text, error) in [
        (
            "pager://key:p@pager.example",
            "the handle has a password: write it as in `pager://key@pager.example`",
        ),
        (
            "pager://key@pager.example:1",
            "the handle names another host: Pager has one host, `pager.example`",
        ),
        ("pager://key@h:1", "the handle names another host: Pager has one host, `pager.example`"),
        ("pager://key@pager.example/x", "the handle has a path: leave it out: Pager takes none"),
        ("pager://key@pager.example?x=y", "unknown parameter `x`: the parameters are `token`"),
    ] {
        assert_eq!(parse::<Pager>(text).err().unwrap().to_string(), error, "{text}");
        // An enum says what its variant says.
        assert_eq!(parse::<Alerts>(text).err().unwrap().to_string(), error, "{text}");
    }
    assert!(parse::<Pager>("pager://key@pager.example/").is_ok());
    assert!(parse::<Pager>("pager://key@/").is_ok());
    let error = parse::<Ring>("ring://u@a").unwrap_err().to_string();
    assert_eq!(error, "the handle has a user name: leave it out: Ring takes none");
    let error = parse::<Ring>("ring:///x").unwrap_err().to_string();
    assert_eq!(error, "the handle has no host");
}

/// A default that only its type can read: a constant knows no more than that it is text.
#[test]
fn a_bad_default_is_told_where_it_counts() {
    #[derive(Clone, Debug)]
    struct Room;

    impl Value for Room {
        const KIND: Kind = Kind::Other("the name of a room");

        fn read(text: &str) -> Option<Self> {
            text.starts_with('#').then_some(Self)
        }
    }

    #[derive(Adapter, Clone, Debug)]
    #[adapter(schemes("chat"), example = "chat://h")]
    struct Chat {
        #[handle]
        _handle: Handle,
        #[handle(host)]
        _host: String,
        #[handle(param = "room", default = "lobby")]
        _room: Room,
    }

    impl Connect for Chat {
        type Client = ();

        async fn connect(&self) -> Result<(), ClientError> {
            Ok(())
        }
    }

    assert!(parse::<Chat>("chat://h?room=%23a").is_ok());
    assert_eq!(
        parse::<Chat>("chat://h").unwrap_err().to_string(),
        "the default of the parameter `room` is wrong: expected the name of a room"
    );
}

#[test]
fn the_enum_speaks_for_its_variants() {
    assert_eq!(Alerts::GRAMMAR.name(), "alerts");
    let schemes: Vec<_> =
        Alerts::GRAMMAR.schemes().iter().map(backing_services::Scheme::name).collect();
    assert_eq!(schemes, ["twilio", "twilio+http", "pager", "ring"]);
    assert_eq!(Alerts::GRAMMAR.example(), Twilio::GRAMMAR.example());
    let variants = [Twilio::GRAMMAR, Pager::GRAMMAR, Ring::GRAMMAR];
    let names = variants.map(backing_services::Grammar::name);
    let own: Vec<_> = Alerts::GRAMMAR.all_variants().iter().map(|it| it.name()).collect();
    assert_eq!(own, names);
    let manifest = Services::manifest();
    let alerts = &manifest.resources()[1];
    assert_eq!((alerts.adapter(), alerts.schemes()), ("alerts", schemes.as_slice()));
    let error = parse::<Alerts>("smtp://h").unwrap_err().to_string();
    assert_eq!(
        error,
        "the scheme `smtp` is not one of alerts: expected `twilio://`, `twilio+http://`, `pager://` or `ring://`"
    );
    for text in ["ring://a", "pager://a@/"] {
        assert_eq!(parse::<Alerts>(text).unwrap().handle().expose_url(), text);
    }
}

#[test]
fn no_secret_shows() {
    let folder: Folder = parse("file:///s3cret").unwrap();
    assert_eq!(format!("{folder:?}"), "Folder(file:)");
    let twilio: Alerts = parse("twilio://AC-s3cret:s3cret@h?region=s3cret").unwrap();
    assert_eq!(format!("{twilio:?}"), "Text(Twilio(twilio://h:443))");
    let pager: Alerts = parse("pager://s3cret@pager.example?token=s3cret").unwrap();
    assert_eq!(
        format!("{pager:?}"),
        "Page(Pager { handle: Handle(***://***@pager.example?token=***), key: Secret(***), \
         token: Some(Secret(***)) })"
    );
}

#[tokio::test]
async fn a_struct_attaches() {
    let port = serve().await;
    let environment = Environment::from_pairs([
        ("SMS_URL", format!("twilio://AC1:t0ken@127.0.0.1:{port}")),
        ("ALERTS_URL", "ring://x".to_owned()),
    ]);
    let services = Services::load(&environment).unwrap();
    let clients = services.connect().await.unwrap();
    <Twilio as Connect>::ping(&clients.sms).await.unwrap();
    assert_eq!(clients.ring, ["a:1", "b:7000"]);
    let alerts = clients.alerts.unwrap();
    assert_eq!(format!("{:?}", alerts.clone()), "AlertsClient::Ring(..)");
    let AlertsClient::Ring(hosts) = alerts else { panic!("another variant") };
    assert_eq!(hosts, ["x:7000"]);
}

#[tokio::test]
async fn an_enum_attaches_what_the_scheme_says() {
    let port = serve().await;
    let url = format!("twilio+http://AC1:t0ken@localhost:{port}");
    let alerts: Alerts = parse(&url).unwrap();
    let client = alerts.connect().await.unwrap();
    Alerts::ping(&client).await.unwrap();
    assert!(matches!(client, AlertsClient::Text(_)));
    Alerts::close(client).await;
}

#[tokio::test]
async fn failures_name_where_the_handle_came_from() {
    let port = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sms");
    std::fs::write(&file, format!("twilio://AC-s3cret:s3cret@127.0.0.1:{port}\n")).unwrap();
    let environment = Environment::from_pairs([
        ("SMS_URL_FILE", file.display().to_string()),
        ("OLD_ALERTS_URL", "pager://s3cret-key@pager.example?token=s3cret-token".to_owned()),
        ("HOOK_URL", "hook://hooks.example/T0/s3cret".to_owned()),
    ]);
    let report = Services::load(&environment).unwrap().connect().await.unwrap_err();
    let [sms, alerts, hook] = report.failures() else { panic!("{report}") };

    assert_eq!((sms.variable(), sms.attempts()), ("SMS_URL", 1));
    let origin = sms.origin().unwrap().to_string();
    assert_eq!(origin, "SMS_URL (from the file in SMS_URL_FILE)");
    assert_eq!(sms.cause(), "*** with *** is refused");
    assert!(report.to_string().contains(&format!("Twilio at 127.0.0.1:{port}")), "{report}");

    assert_eq!(alerts.variable(), "OLD_ALERTS_URL");
    assert_eq!(alerts.origin().unwrap().to_string(), "OLD_ALERTS_URL");
    assert_eq!(alerts.cause(), "`***` is not a key, nor is `***`");
    assert_eq!(alerts.help(), "not ***");
    assert_eq!(hook.cause(), "there is no `***`");
    assert!(!format!("{report} {report:?}").contains("s3cret"), "{report}");

    let url = format!("twilio://AC2:t0ken@127.0.0.1:{port}");
    let environment = Environment::from_pairs([("SMS_URL", url.clone()), ("OLD_ALERTS_URL", url)]);
    let report = Services::load(&environment).unwrap().connect_alerts().await.unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!((failure.variable(), failure.adapter()), ("OLD_ALERTS_URL", "alerts"));
    assert_eq!(failure.cause(), "*** with *** is refused");
}

#[test]
fn problems_are_reported_with_all_others() {
    let environment = Environment::from_pairs([
        ("SMS_URL", "twilio://AC1@s3cret-host"),
        ("ALERTS_URL", "pager://s3cret-key@pager.example?tokn=s3cret"),
        ("RING_URL", "pager://s3cret"),
    ]);
    let report = Services::load(&environment).err().unwrap();
    let kinds: Vec<_> = report.problems().iter().map(Problem::kind).collect();
    assert_eq!(kinds, [ProblemKind::Handle, ProblemKind::Parameter, ProblemKind::Scheme]);
    assert_eq!(
        report.to_string(),
        "3 problems in the environment of `Services`\n\
         \n  SMS_URL: Services::sms, Twilio\
         \n      the handle has no password\
         \n      help: write it as in `twilio://SID:TOKEN@api.twilio.com?region=us1`\n\
         \n  ALERTS_URL: Services::alerts, alerts\
         \n      unknown parameter `tokn`\
         \n      help: did you mean `token`?\n\
         \n  RING_URL: Services::ring, Ring\
         \n      the scheme is not one of Ring\
         \n      help: expected `ring://`, for example ring://a,b"
    );
}

#[tokio::test]
async fn a_silent_server_ends_at_the_limit_of_the_handle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("twilio://AC1:t0ken@127.0.0.1:{port}?connect_timeout=200ms");
    let environment = Environment::from_pairs([("SMS_URL", url)]);
    let services = Services::load(&environment).unwrap();
    let report = services.connect_sms().await.unwrap_err();
    assert_eq!(report.failures()[0].cause(), "no answer within 200 ms");
}
