//! One compiled binary, never rebuilt, on one resource after the other: it says the same, and the
//! data is where the variable points.

use std::path::Path;
use std::time::Duration;

use backing_services::Sqlite;
use backing_services_conformance::Ca;
use backing_services_tests::servers::{MariaDb, Postfix, PostgreSql, S3Server};

use crate::blobs;
use crate::example::{self, url};
use crate::http_api::connect;
use crate::mysql::OnMariaDb;
use crate::postgres::OnPostgreSql;

fn run(name: &str, folder: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = example::command(name);
    command.current_dir(folder).envs(variables.iter().copied());
    example::stdout(&command.output().unwrap())
}

/// Runs the quickstart. Gives what it says it is attached to, and the number of its order.
fn order(folder: &Path, database: &str, mail: &str) -> (String, String) {
    let said = run("quickstart", folder, &[("DATABASE_URL", database), ("MAIL_URL", mail)]);
    let lines: Vec<_> = said.lines().collect();
    let [attached, written, sent] = lines[..] else { panic!("three lines: {said}") };
    let attached = attached.strip_prefix("attached: ").expect(&said);
    let number = written.strip_prefix("order ").and_then(|line| line.strip_suffix(" is written"));
    let number = number.expect(&said);
    assert!(number.parse::<u64>().is_ok(), "{said}");
    // What follows is the provider's own answer.
    assert!(sent.starts_with("the receipt is sent: "), "{said}");
    (attached.to_owned(), number.to_owned())
}

/// The files of a folder and of those in it.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&entry.path()).iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_mariadb_to_postgresql_to_sqlite() {
    let built = example::built("quickstart");
    let folder = tempfile::tempdir().unwrap();
    let (maria, postgres) = (MariaDb::start(), PostgreSql::start());

    let (attached, on_maria) =
        order(folder.path(), &url::<OnMariaDb>("mysql", &maria), "file:outbox");
    let port = maria.port();
    assert_eq!(
        attached,
        format!("Sql(MySql(mysql://localhost:{port}/shop)) and Mail(file:outbox)")
    );

    let (attached, on_postgres) =
        order(folder.path(), &url::<OnPostgreSql>("postgres", &postgres), "file:outbox");
    let port = postgres.port();
    let expected = format!("Sql(Postgres(postgres://localhost:{port}/shop)) and Mail(file:outbox)");
    assert_eq!(attached, expected);
    assert_eq!(files(folder.path()).len(), 2, "the two receipts, and no database");

    let (attached, on_sqlite) = order(folder.path(), "sqlite:shop.db?mode=rwc", "file:outbox");
    assert_eq!(attached, "Sql(Sqlite(sqlite:shop.db)) and Mail(file:outbox)");

    // Each has its own order and no other's.
    let orders = "SELECT number, customer, item FROM orders";
    let row = |number: &str| format!("{number}\tada@example.com\tan analytical engine\n");
    assert_eq!(maria.sql(orders), row(&on_maria));
    assert_eq!(postgres.sql(orders), row(&on_postgres));
    let file = format!("sqlite://{}/shop.db?mode=ro", folder.path().display());
    let sqlite = connect::<Sqlite>(&file).await;
    let found: Vec<(i64, String, String)> =
        sqlx::query_as(orders).fetch_all(&sqlite).await.unwrap();
    let [(number, customer, item)] = &found[..] else { panic!("one order: {found:?}") };
    assert_eq!(format!("{number}\t{customer}\t{item}\n"), row(&on_sqlite));
    assert_eq!(example::built("quickstart"), built, "nothing was rebuilt");
}

/// Postmark takes mail over SMTP too, with its token as user and as password: so does the fake
/// server, a Postfix with TLS and such a user.
#[test]
fn from_postfix_to_postmark_to_a_folder() {
    let built = example::built("quickstart");
    let folder = tempfile::tempdir().unwrap();
    let certificate = Ca::new("right").issue(&["localhost"]);
    let (relay, postmark) = (Postfix::start(), Postfix::with_auth(&certificate));
    let database = "sqlite:shop.db?mode=rwc";

    let to_relay = format!("smtp://localhost:{}", relay.port());
    let (attached, by_relay) = order(folder.path(), database, &to_relay);
    assert_eq!(attached, format!("Sql(Sqlite(sqlite:shop.db)) and Mail(Smtp({to_relay}))"));

    let (token, port) = (postmark.token(), postmark.port());
    let to_postmark =
        format!("postmark://{token}@localhost:{port}?tls_ca={}", certificate.ca().display());
    let (attached, by_postmark) = order(folder.path(), database, &to_postmark);
    let expected =
        format!("Sql(Sqlite(sqlite:shop.db)) and Mail(Smtp(postmark://localhost:{port}))");
    assert_eq!(attached, expected);
    assert_eq!(files(folder.path()), ["shop.db"], "no message but over the network");

    let (attached, by_file) = order(folder.path(), database, "file:outbox");
    assert_eq!(attached, "Sql(Sqlite(sqlite:shop.db)) and Mail(file:outbox)");

    let patience = Duration::from_secs(20);
    let relayed = relay.wait_for_mail("ada@example.com", patience);
    let posted = postmark.wait_for_mail("ada@example.com", patience);
    let outbox = files(&folder.path().join("outbox"));
    assert_eq!((relayed.len(), posted.len(), outbox.len()), (1, 1, 1));
    let filed = std::fs::read_to_string(folder.path().join("outbox").join(&outbox[0])).unwrap();
    for (receipt, number) in [(&relayed[0], by_relay), (&posted[0], by_postmark), (&filed, by_file)]
    {
        assert!(receipt.contains(&format!("Subject: Your order {number}")), "{receipt}");
        assert!(receipt.contains("Thank you for ordering an analytical engine."), "{receipt}");
    }
    assert!(posted[0].contains("with ESMTPSA"), "by TLS and a login: {}", posted[0]);
    assert_eq!(example::built("quickstart"), built, "nothing was rebuilt");
}

#[test]
fn from_s3_to_a_folder_to_memory() {
    let built = example::built("blobs");
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start();
    let film: Vec<u8> = (0..7).flat_map(|minute| vec![minute; 1 << 20]).collect();
    let upload = |handle: &str| run("blobs", folder.path(), &[("UPLOADS_URL", handle)]);
    let rest = |said: &str| said.split_once('\n').unwrap().1.to_owned();

    let on_s3 = upload(&url::<blobs::OnS3>("s3", &server));
    let attached = format!(
        "attached: Blobs(s3://shop at http://localhost:{}, under some/where)\n",
        server.port()
    );
    assert!(on_s3.starts_with(&attached), "{on_s3}");
    assert_eq!(
        rest(&on_s3),
        "films/tour.bin: 7340032 bytes\n\
         invoices/7.txt: 6 bytes\n\
         the invoice says EUR 12\n\
         minute 3 of the film begins with [3, 3, 3, 3]\n"
    );
    assert_eq!(server.stored("some/where/invoices/7.txt").unwrap(), b"EUR 12");
    assert!(server.stored("some/where/films/tour.bin").unwrap() == film, "it was sent in parts");
    assert_eq!(files(folder.path()), [""; 0], "nothing but in the bucket");

    let in_folder = upload("file:uploads");
    assert!(in_folder.starts_with("attached: Blobs(file:uploads)\n"), "{in_folder}");
    assert_eq!(rest(&in_folder), rest(&on_s3));
    let there = ["uploads/films/tour.bin", "uploads/invoices/7.txt"];
    assert_eq!(files(folder.path()), there);
    assert!(std::fs::read(folder.path().join(there[0])).unwrap() == film);
    assert_eq!(std::fs::read(folder.path().join(there[1])).unwrap(), b"EUR 12");

    std::fs::remove_dir_all(folder.path().join("uploads")).unwrap();
    let in_memory = upload("memory:");
    assert!(in_memory.starts_with("attached: Blobs(memory:)\n"), "{in_memory}");
    assert_eq!(rest(&in_memory), rest(&on_s3));
    assert_eq!(files(folder.path()), [""; 0], "nothing but in memory");
    assert_eq!(example::built("blobs"), built, "nothing was rebuilt");
}
