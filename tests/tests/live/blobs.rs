use std::path::Path;
use std::sync::Arc;

use backing_services::{BackingServices, Blobs, Connect as _, Environment, HandleBuilder};
use backing_services_conformance::{Reaches, Subject, Tls};
use backing_services_tests::servers::S3Server;
use futures_util::TryStreamExt;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::s3;

pub(crate) struct OnS3;

impl Subject for OnS3 {
    type Adapter = Blobs;
    type Server = S3Server;

    fn start() -> S3Server {
        S3Server::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<S3Server> {
        Some(S3Server::with_tls(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        match scheme {
            "s3" => Reaches::Plain,
            _ => Reaches::Elsewhere,
        }
    }

    fn handle(_: &str) -> HandleBuilder {
        s3::handle(S3Server::secret()).path("/some/where")
    }

    fn at(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
        s3::at(builder, host, port)
    }

    fn tls_handle(_: &str, server: &S3Server, ca: &Path) -> HandleBuilder {
        s3::tls_handle(server.port(), ca)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        Some((s3::handle("wrong"), "authentication failed: the secret is not that of the key"))
    }

    async fn use_it(client: &Arc<dyn ObjectStore>) -> Result<(), String> {
        s3::use_store(&**client).await.map_err(|error| error.to_string())
    }
}

backing_services_conformance::suite!(OnS3);

#[derive(BackingServices)]
struct Services {
    blobs: Blobs,
}

fn load(url: &str) -> Services {
    Services::load(&Environment::from_pairs([("BLOBS_URL", url)])).unwrap()
}

fn on(server: &S3Server, prefix: &str) -> String {
    let handle = s3::at(s3::handle(S3Server::secret()), "localhost", Some(server.port()));
    handle.path(prefix).build().unwrap().expose_url().to_owned()
}

/// Moving the objects to another place is a change of handle: the code below does not know which it
/// is.
#[tokio::test]
async fn one_code_many_places() {
    let server = S3Server::start();
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("new/blobs");
    for url in [
        on(&server, ""),
        on(&server, "/shop/uploads"),
        format!("file://{}", files.display()),
        "memory:".to_owned(),
    ] {
        let services = load(&url);
        let store = services.connect_blobs().await.unwrap();
        s3::use_store(&*store).await.unwrap();
        let invoice = Name::from("invoices/7.txt");
        store.put(&invoice, "EUR 12".into()).await.unwrap();

        // Another client of the same field sees what the first wrote.
        let other = services.connect_blobs().await.unwrap();
        assert_eq!(other.get(&invoice).await.unwrap().bytes().await.unwrap(), "EUR 12");
        let missing = other.get(&Name::from("invoices/8.txt")).await.unwrap_err();
        assert!(matches!(missing, object_store::Error::NotFound { .. }), "{missing}");
        let names: Vec<_> = other.list(None).map_ok(|it| it.location).try_collect().await.unwrap();
        assert_eq!(names.iter().filter(|name| **name == invoice).count(), 1, "{names:?}");
    }
    assert_eq!(server.stored("shop/uploads/invoices/7.txt").unwrap(), b"EUR 12");
    assert_eq!(std::fs::read(files.join("invoices/7.txt")).unwrap(), b"EUR 12");
}

/// What is under a prefix stays there, and so does a folder's.
#[tokio::test]
async fn no_name_leads_out() {
    let server = S3Server::start();
    load(&on(&server, ""))
        .connect_blobs()
        .await
        .unwrap()
        .put(&"outside".into(), "x".into())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outside"), "x").unwrap();
    for url in [on(&server, "/inner"), format!("file://{}/inner", folder.path().display())] {
        let store = load(&url).connect_blobs().await.unwrap();
        assert!(Name::parse("../outside").is_err());
        // The forgiving way to make a name escapes the dots.
        store.put(&Name::from("../outside"), "y".into()).await.unwrap();
        let names: Vec<_> = store.list(None).map_ok(|it| it.location).try_collect().await.unwrap();
        assert_eq!(names, [Name::from("../outside")]);
    }
    assert_eq!(server.stored("outside").unwrap(), b"x");
    assert_eq!(std::fs::read(folder.path().join("outside")).unwrap(), b"x");
}

#[tokio::test]
async fn memory_lives_as_long_as_its_field_or_a_client() {
    let name = Name::from("word");
    let services = load("memory:");
    services.connect_blobs().await.unwrap().put(&name, "x".into()).await.unwrap();
    let again = services.connect_blobs().await.unwrap();
    drop(services);
    assert_eq!(again.get(&name).await.unwrap().bytes().await.unwrap(), "x");
    Blobs::ping(&again).await.unwrap();
    assert!(load("memory:").connect_blobs().await.unwrap().get(&name).await.is_err());
}

/// Many health checks at a time do not disturb each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_of_a_folder_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = load(&format!("file://{}", folder.path().display())).connect_blobs().await.unwrap();
    let pings: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { Blobs::ping(&store).await })
        })
        .collect();
    for ping in pings {
        ping.await.unwrap().unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no probe is left");
}
