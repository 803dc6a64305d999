//! The compiled quickstart as a newcomer meets it; `swaps` attaches other resources to it.

use std::process::Command;

use crate::example::stdout;

fn quickstart() -> Command {
    crate::example::command("quickstart")
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
