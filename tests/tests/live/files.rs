//! The embedded defaults, which have no server: the same promises where they make sense.

use backing_services::{BackingServices, Connect as _, Environment, Mail, Sql, Sqlite};
use lettre::AsyncTransport as _;

#[derive(BackingServices)]
struct Services {
    db: Option<Sqlite>,
    any: Option<Sql>,
    mail: Option<Mail>,
}

fn load(pairs: &[(&str, &str)]) -> Services {
    Services::load(&Environment::from_pairs(pairs.iter().copied())).unwrap()
}

#[tokio::test]
async fn one_database_two_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my shop.db");
    let url = format!("sqlite://{}", path.display().to_string().replace(' ', "%20"));

    let missing = load(&[("DB_URL", &url), ("ANY_URL", &url)]).connect().await.unwrap_err();
    for failure in missing.failures() {
        assert_eq!(failure.cause(), "the database file cannot be opened");
        assert!(failure.help().contains("?mode=rwc"), "{failure:?}");
    }
    assert_eq!(missing.failures().len(), 2);

    let created = format!("{url}?mode=rwc");
    let clients = load(&[("DB_URL", &created), ("ANY_URL", &created)]).connect().await.unwrap();
    let (db, any) = (clients.db.unwrap(), clients.any.unwrap());
    crate::sql::write_and_read(&any).await.unwrap();
    let (word,): (String,) = sqlx::query_as("SELECT word FROM words").fetch_one(&db).await.unwrap();
    assert_eq!(word, "grüße 🦀");

    let read_only = format!("{url}?mode=ro");
    let clients = load(&[("DB_URL", &read_only)]).connect().await.unwrap();
    let refused = sqlx::query("DELETE FROM words").execute(&clients.db.unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");

    Sqlite::close(db.clone()).await;
    assert_eq!(Sqlite::ping(&db).await.unwrap_err().to_string(), "the pool is closed");
}

#[tokio::test]
async fn in_memory() {
    let clients = load(&[("DB_URL", "sqlite::memory:"), ("ANY_URL", "sqlite::memory:")])
        .connect()
        .await
        .unwrap();
    let any = clients.any.unwrap();
    crate::sql::write_and_read(&any).await.unwrap();
    Sql::ping(&any).await.unwrap();
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM words").fetch_one(&any).await.unwrap();
    assert_eq!(count, 1, "a ping leaves the database alone");
    Sqlite::ping(&clients.db.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to have a header of one").unwrap();
    let url = format!("sqlite://{}", path.display());
    let report = load(&[("DB_URL", &url)]).connect().await;
    let cause = match report {
        Err(report) => report.failures()[0].cause().to_owned(),
        Ok(clients) => Sqlite::ping(&clients.db.unwrap()).await.unwrap_err().to_string(),
    };
    assert_eq!(cause, "the file is not a database");
}

#[tokio::test]
async fn mail_that_goes_nowhere() {
    for url in ["memory:", "null://null"] {
        let mail = load(&[("MAIL_URL", url)]).connect().await.unwrap().mail.unwrap();
        Mail::ping(&mail).await.unwrap();
        mail.send(crate::smtp::message("ada@example.com")).await.unwrap();
        let sent = mail.clone().sent();
        assert_eq!(sent.len(), 1, "{url}");
        assert_eq!(sent[0].envelope.to()[0].to_string(), "ada@example.com");
        let other = load(&[("MAIL_URL", url)]).connect().await.unwrap().mail.unwrap();
        assert!(other.sent().is_empty(), "{url}: another client has memory of its own");
    }
}

#[tokio::test]
async fn an_outbox_that_disappears() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/outbox", folder.path().display());
    let mail = load(&[("MAIL_URL", &url)]).connect().await.unwrap().mail.unwrap();
    Mail::ping(&mail).await.unwrap();
    std::fs::remove_dir(folder.path().join("outbox")).unwrap();
    let error = Mail::ping(&mail).await.unwrap_err().to_string();
    assert_eq!(error, "the folder cannot be written: there is no such file");
}
