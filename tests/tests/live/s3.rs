use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use backing_services::{
    Adapter as _, BackingServices, Connect as _, Environment, FailureKind, Handle, HandleBuilder,
    S3,
};
use backing_services_conformance::{Scripted, Server as _, Subject, Tls, free_port};
use backing_services_tests::servers::{FakeServer, Response, S3Server};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::multipart::MultipartStore;
use object_store::path::Path as Name;
use object_store::signer::{Method, Signer};
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

pub(crate) struct OnS3;

/// For the server in clear text, yet without its port.
pub(crate) fn handle(secret: &str) -> HandleBuilder {
    Handle::builder("s3").username(S3Server::key()).password(secret)
}

pub(crate) fn at(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
    let endpoint = match port {
        Some(port) => format!("http://{host}:{port}"),
        None => format!("https://{host}"),
    };
    builder.host(S3Server::bucket()).param("endpoint", endpoint)
}

pub(crate) fn tls_handle(port: u16, ca: &Path) -> HandleBuilder {
    handle(S3Server::secret())
        .host(S3Server::bucket())
        .param("endpoint", format!("https://localhost:{port}"))
        .param("tls_ca", ca.to_str().unwrap())
}

/// Writes, reads and lists, in one request and in parts.
pub(crate) async fn use_store(store: &dyn ObjectStore) -> Result<(), object_store::Error> {
    let (small, large) = (Name::from("grüße/🦀 & + %"), Name::from("grüße/large"));
    store.put(&small, "grüße 🦀".into()).await?;
    assert_eq!(store.get(&small).await?.bytes().await?, "grüße 🦀");

    let mut upload = WriteMultipart::new(store.put_multipart(&large).await?);
    let part: Vec<u8> = (0..=255).cycle().take(6 << 20).collect();
    upload.write(&part);
    upload.write(b"the end");
    upload.finish().await?;
    let read = store.get(&large).await?.bytes().await?;
    assert!(read.len() == part.len() + 7 && read.ends_with(b"the end"), "{} bytes", read.len());

    let found: Vec<_> = store.list(Some(&Name::from("grüße"))).try_collect().await?;
    let mut found: Vec<_> = found.into_iter().map(|object| object.location).collect();
    found.sort();
    let mut written = vec![small.clone(), large.clone()];
    written.sort();
    assert_eq!(found, written);
    for name in [small, large] {
        store.delete(&name).await?;
    }
    Ok(())
}

impl Subject for OnS3 {
    type Adapter = S3;
    type Server = S3Server;

    fn start() -> S3Server {
        S3Server::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<S3Server> {
        Some(S3Server::with_tls(tls))
    }

    fn handle(_: &str) -> HandleBuilder {
        handle(S3Server::secret())
    }

    fn at(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
        at(builder, host, port)
    }

    fn tls_handle(_: &str, server: &S3Server, ca: &Path) -> HandleBuilder {
        tls_handle(server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        Some((handle("wrong"), "authentication failed: the secret is not that of the key"))
    }

    async fn use_it(client: &AmazonS3) -> Result<(), String> {
        use_store(client).await.map_err(|error| error.to_string())
    }
}

backing_services_conformance::suite!(OnS3);

#[derive(BackingServices)]
struct Services {
    uploads: S3,
}

fn load(handle: HandleBuilder) -> Services {
    let url = handle.build().unwrap();
    Services::load(&Environment::from_pairs([("UPLOADS_URL", url.expose_url())])).unwrap()
}

async fn cause(handle: HandleBuilder) -> String {
    let report = load(handle).connect_uploads().await.unwrap_err();
    assert_eq!(report.failures()[0].attempts(), 1, "{report}");
    report.failures()[0].cause().to_owned()
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let server = S3Server::start();
    let endpoint = format!("http://localhost:{}", server.port());
    let other =
        |bucket: &str| handle(S3Server::secret()).host(bucket).param("endpoint", endpoint.as_str());
    assert_eq!(cause(other("nowhere")).await, "there is no such bucket");
    let key = Handle::builder("s3").username("AKIAWRONG").password("secret");
    let said = cause(at(key, "localhost", Some(server.port()))).await;
    assert_eq!(said, "authentication failed: the server does not know the key (NotSignedUp)");
}

/// A server that answers, but is not S3.
#[tokio::test]
async fn another_server() {
    let server = FakeServer::start(|_| {
        let mut page = Response::new("<html>no such page</html>".into());
        *page.status_mut() = http_status(404);
        page
    });
    let said = cause(at(handle("secret"), "localhost", Some(server.port()))).await;
    assert_eq!(said, "the server answered 404 Not Found");
    let request = &server.requests()[0];
    assert_eq!(request.uri().path(), "/shop");
    assert!(request.uri().query().unwrap().contains("prefix=.backing-services-probe"));
    let signed = request.headers()["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIASHOP/"), "{signed}");
    assert!(signed.contains("/us-east-1/s3/aws4_request"), "{signed}");
}

fn http_status(code: u16) -> reqwest::StatusCode {
    reqwest::StatusCode::from_u16(code).unwrap()
}

/// A URL that a browser may use without a credential, with the bucket in the path and in the host
/// name.
#[tokio::test]
async fn signed_urls() {
    let server = S3Server::start();
    let browser = reqwest::Client::builder()
        .no_proxy()
        .resolve("shop.localhost", ([127, 0, 0, 1], server.port()).into())
        .build()
        .unwrap();
    for (path_style, host) in [("true", "localhost"), ("false", "shop.localhost")] {
        let handle = at(handle(S3Server::secret()), "localhost", Some(server.port()));
        let handle = handle.param("path_style", path_style).build().unwrap();
        let client = S3::from_handle(&handle).unwrap().connect().await.unwrap();
        let (name, soon) = (Name::from("in voice.txt"), Duration::from_mins(1));
        let put = client.signed_url(Method::PUT, &name, soon).await.unwrap();
        assert_eq!(put.host_str(), Some(host));
        let answer = browser.put(put).body("EUR 12").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(server.stored("in voice.txt").unwrap(), b"EUR 12");

        let mut get = client.signed_url(Method::GET, &name, soon).await.unwrap();
        let body = browser.get(get.clone()).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(body, "EUR 12");
        get.set_path(&get.path().replace("voice", "fringe"));
        let refused = browser.get(get).send().await.unwrap();
        assert_eq!(refused.status(), 403, "the signature is for another name");
    }
}

/// The server dies in the middle of an upload, with a client in use.
#[tokio::test]
async fn killed_while_in_use() {
    let mut server = S3Server::start();
    let handle = at(handle(S3Server::secret()), "localhost", Some(server.port()));
    let client = load(handle).connect_uploads().await.unwrap();
    let name = Name::from("large");
    let part = vec![b'x'; 5 << 20];
    let upload = client.create_multipart(&name).await.unwrap();
    let first = client.put_part(&name, &upload, 0, part.clone().into()).await.unwrap();
    client.put(&Name::from("acknowledged"), "kept".into()).await.unwrap();

    server.kill();
    let started = Instant::now();
    let lost = client.put_part(&name, &upload, 1, "the end".into()).await;
    lost.expect_err("nobody is there");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.restart();

    let kept = client.get(&Name::from("acknowledged")).await.unwrap().bytes().await.unwrap();
    assert_eq!(kept, "kept");
    let second = client.put_part(&name, &upload, 1, "the end".into()).await.unwrap();
    client.complete_multipart(&name, &upload, vec![first, second]).await.unwrap();
    let stored = server.stored("large").unwrap();
    assert!(stored.len() == part.len() + 7 && stored.ends_with(b"the end"));
}

/// A restart that is shorter than the client's own attempts is not noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_restart_is_not_noticed() {
    let mut server = S3Server::start();
    let handle = at(handle(S3Server::secret()), "localhost", Some(server.port()));
    let client = load(handle).connect_uploads().await.unwrap();
    server.restart();
    // The connection that the client keeps is cut.
    client.put(&Name::from("word"), "kept".into()).await.unwrap();
    assert_eq!(server.stored("word").unwrap(), b"kept");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there() {
    let (builder, port) = (handle("secret"), free_port());
    let report = load(at(builder.clone(), "localhost", Some(port))).connect_uploads().await;
    let (report, place) = (report.unwrap_err().to_string(), format!("http://localhost:{port}"));
    assert!(report.contains(&format!("S3 at shop at {place}\n")), "{report}");

    let handle = at(builder, "localhost", Some(port));
    let client = S3::from_handle(&handle.build().unwrap()).unwrap().connect().await.unwrap();
    let started = Instant::now();
    let error = S3::ping(&client).await.unwrap_err();
    assert_eq!(error.to_string(), "connection refused");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// Outside of AWS nobody answers who would have credentials for the machine. A process of its own
/// has an environment of its own, so the test starts itself again.
#[test]
fn without_credentials() {
    if let Ok(services) = Services::from_env() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let report = runtime.block_on(services.connect_uploads()).unwrap_err();
        let failure = &report.failures()[0];
        let begins = "there are no credentials, neither in the handle nor in the environment: ";
        assert!(failure.cause().starts_with(begins), "{report}");
        assert_eq!(failure.kind(), FailureKind::Authentication);
        assert!(failure.help().contains("anonymous=true"), "{report}");
        assert!(failure.elapsed() < Duration::from_secs(2), "{report}");
        return;
    }
    let silent = Scripted::silent();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "s3::without_credentials"])
        .env("UPLOADS_URL", "s3://shop?connect_timeout=2s")
        .env("AWS_METADATA_ENDPOINT", format!("http://127.0.0.1:{}", silent.port()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Without a key in the handle it is that of the process or of its container. A process of its own
/// has an environment of its own, so the test starts itself again.
#[test]
fn credentials_of_the_environment() {
    if let Ok(services) = Services::from_env() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async {
            let client = services.connect_uploads().await.unwrap();
            use_store(&client).await.unwrap();
            let url = client.signed_url(Method::GET, &"x".into(), Duration::from_mins(1)).await;
            let url = url.unwrap().to_string();
            assert!(url.contains("%2Feu-central-1%2F"), "the region is the environment's: {url}");
        });
    }

    let server = S3Server::start();
    let handle = at(Handle::builder("s3"), "localhost", Some(server.port())).build().unwrap();
    let (key, secret) = (S3Server::key(), S3Server::secret());
    let agent = FakeServer::start(move |request| {
        assert_eq!(request.headers()["authorization"], "of the container");
        Response::new(
            serde_json::json!({
                "AccessKeyId": key, "SecretAccessKey": secret, "Token": "session",
                "Expiration": "2099-01-01T00:00:00Z",
            })
            .to_string()
            .into(),
        )
    });
    let agent_url = format!("http://localhost:{}/credentials", agent.port());
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "of the container").unwrap();
    let process = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
    let container = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent_url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.path().to_str().unwrap()),
    ];
    for credentials in [process, container] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "s3::credentials_of_the_environment"])
            .env("UPLOADS_URL", handle.expose_url())
            // What is no credential does not redirect the client.
            .env("AWS_ENDPOINT_URL", "http://localhost:1")
            .env("AWS_BUCKET", "another")
            .env("AWS_REGION", "eu-central-1")
            .envs(credentials)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
    assert_eq!(agent.requests().len(), 1);
}
