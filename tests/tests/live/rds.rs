//! Databases as Amazon RDS has them: verified TLS, and the CA certificates of all regions in one
//! bundle.
//!
//! `sqlx` trusts the public CAs beside those of the bundle; no test can show a certificate of one.

use std::path::{Path, PathBuf};

use backing_services::{Adapter, Connect, Handle, MySql, Postgres, Sql};
use backing_services_conformance::{Ca, Server, Subject, Tls};
use backing_services_tests::servers::{MariaDb, PostgreSql};

use crate::{mysql, postgres};

/// A CA of each region, the server's own in the middle.
struct Regions {
    before: Ca,
    own: Ca,
    after: Ca,
}

impl Regions {
    fn new() -> Self {
        let region = |name: &str| Ca::new(&format!("RDS {name} Root CA"));
        Self { before: region("af-south-1"), own: region("eu-west-1"), after: region("us-west-2") }
    }

    /// The bundle as it is downloaded; `with_own` is false for one of before the server's own came.
    fn bundle(&self, folder: &Path, with_own: bool) -> PathBuf {
        let mut cas = vec![&self.before];
        if with_own {
            cas.push(&self.own);
        }
        cas.push(&self.after);
        let pem = cas
            .into_iter()
            .map(|ca| std::fs::read_to_string(ca.issue(&["localhost"]).ca()).unwrap());
        let bundle: Vec<_> = pem.collect();
        let path = folder.join(format!("bundle-{with_own}.pem"));
        std::fs::write(&path, bundle.join("\n")).unwrap();
        path
    }
}

async fn connect<A: Adapter + Connect>(handle: &Handle) -> Result<(), String> {
    let adapter = A::from_handle(handle).map_err(|error| error.to_string())?;
    let client = adapter.connect().await.map_err(|error| error.to_string())?;
    A::ping(&client).await.map_err(|error| error.to_string())?;
    A::close(client).await;
    Ok(())
}

async fn verifies<A: Adapter + Connect, S: Server>(
    start: fn(&Tls) -> S,
    handle: fn(&S, &Path) -> Handle,
) {
    let (regions, folder) = (Regions::new(), tempfile::tempdir().unwrap());
    let (bundle, old) = (regions.bundle(folder.path(), true), regions.bundle(folder.path(), false));

    let server = start(&regions.own.issue(&["localhost"]));
    connect::<A>(&handle(&server, &bundle)).await.unwrap();
    let unknown = connect::<A>(&handle(&server, &old)).await.unwrap_err();
    assert!(unknown.contains("the CA that signed it is not trusted"), "{unknown}");

    let elsewhere = start(&regions.own.issue(&["name.eu-west-1.rds.amazonaws.com"]));
    let other_host = connect::<A>(&handle(&elsewhere, &bundle)).await.unwrap_err();
    assert!(other_host.contains("it is not valid for `"), "{other_host}");

    // The names are the same: it is the key that does not fit.
    let impostor = start(&Ca::new("RDS eu-west-1 Root CA").issue(&["localhost"]));
    let impostor = connect::<A>(&handle(&impostor, &bundle)).await.unwrap_err();
    assert!(impostor.contains("certificate does not verify"), "{impostor}");
}

fn mariadb(server: &MariaDb, bundle: &Path) -> Handle {
    mysql::OnMariaDb::tls_handle("mysql", server, bundle).build().unwrap()
}

fn postgresql(server: &PostgreSql, bundle: &Path) -> Handle {
    postgres::OnPostgreSql::tls_handle("postgres", server, bundle).build().unwrap()
}

#[tokio::test]
async fn mysql_verifies() {
    verifies::<MySql, _>(MariaDb::with_tls, mariadb).await;
}

#[tokio::test]
async fn postgres_verifies() {
    verifies::<Postgres, _>(PostgreSql::with_tls, postgresql).await;
}

#[tokio::test]
async fn sql_verifies_mysql() {
    verifies::<Sql, _>(MariaDb::with_tls, mariadb).await;
}

#[tokio::test]
async fn sql_verifies_postgres() {
    verifies::<Sql, _>(PostgreSql::with_tls, postgresql).await;
}
