//! The compiled quickstart, never rebuilt, on several sets of resources.

use std::process::{Command, Output};
use std::time::Duration;

use backing_services_tests::servers::{MariaDb, Postfix, PostgreSql};

use crate::conformance::Subject;
use crate::{mysql, postgres};

fn quickstart() -> Command {
    crate::example::command("quickstart")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn with_nothing_set_it_runs_on_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = stdout(&quickstart().current_dir(&folder).output().unwrap());
    assert!(
        text.starts_with("attached: Sql(Sqlite(sqlite:shop.db)) and Mail(file:outbox)\n"),
        "{text}"
    );
    assert!(folder.path().join("shop.db").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("outbox")).unwrap().count(), 1);
}

#[test]
fn the_same_binary_runs_on_servers() {
    let (db, mail) = (MariaDb::start(), Postfix::start());
    let url = mysql::OnMariaDb::handle("mysql").host("localhost").port(db.port()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = quickstart()
        .current_dir(&folder)
        .env("DATABASE_URL", url.expose_url())
        .env("MAIL_URL", format!("smtp://localhost:{}", mail.port()))
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(text.contains("Sql(MySql(mysql://localhost:"), "{text}");
    assert_eq!(db.sql("SELECT count(*) FROM orders").trim(), "1");

    let other = PostgreSql::start();
    let url = postgres::OnPostgreSql::handle("postgres").host("localhost").port(other.port());
    let output = quickstart()
        .current_dir(&folder)
        .env("DATABASE_URL", url.build().unwrap().expose_url())
        .env("MAIL_URL", format!("smtp://localhost:{}", mail.port()))
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(text.contains("Sql(Postgres(postgres://localhost:"), "{text}");
    assert_eq!(other.sql("SELECT count(*) FROM orders WHERE item LIKE 'an %'").trim(), "1");

    let inbox = mail.wait_for_mail("ada@example.com", Duration::from_secs(20));
    assert!(inbox[0].contains("Thank you for ordering"), "{}", inbox[0]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing was written beside them");
}

/// `fn main() -> Result<(), ..>` prints the report.
#[test]
fn a_wrong_environment_is_a_readable_report() {
    let output = quickstart()
        .env("DATABASE_URL", "redis://shop:hunter2@db.example/shop")
        .env("MAIL_URL", "smtp://shop:hun#ter2@mail.example")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "Error: 2 problems in the environment of `Services`

  DATABASE_URL: Services::db, SQL
      the scheme `redis` is not one of SQL
      help: expected `mysql://`, `mariadb://`, `mysql2://`, `postgres://`, `postgresql://` or `sqlite://`, for example mysql://user:password@localhost:3306/database

  MAIL_URL: Services::mail, Mail
      a `#` stands before the `@`
      help: in a user name or password write it `%23`
"
    );
}
