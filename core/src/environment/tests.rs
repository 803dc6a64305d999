mod dotenv;

use std::fs;

use super::*;
use crate::adapter::grammar::{Grammar, Part, Scheme, Word};
use crate::adapter::value::Kind;
use crate::error::{Problem, ProblemKind};
use crate::generated::{IsolationOf, Shared};
use crate::table::{self, Field, OfAdapter, Table};

fn resolve(environment: &Environment, names: &[&'static str]) -> Option<(String, String)> {
    let found = environment.setting(names, "").ok().unwrap()?;
    Some((found.value.into_owned(), found.origin.to_string()))
}

fn problem(environment: &Environment, names: &[&'static str]) -> Unreadable {
    environment.setting(names, "").err().unwrap()
}

/// A server as most are, with one field for it.
static DB: Grammar =
    Grammar::new("DB", &[Scheme::new("mysql").port(3306)], "mysql://h/db").words(&[
        Word::new("host", Part::Host, Kind::Text),
        Word::new("port", Part::Port, Kind::of::<u16>()),
        Word::new("user", Part::Username, Kind::Text),
        Word::new("password", Part::Password, Kind::Secret),
        Word::new("database", Part::Name, Kind::Text),
    ]);
static ONE: Table = Table {
    name: "S",
    fields: &[Field {
        name: "db",
        doc: "",
        kind: table::Kind::service(
            &["DB_URL"],
            OfAdapter { grammar: &DB, id: "", isolated: <IsolationOf<()> as Shared>::ISOLATED },
        ),
    }],
};

fn resolution(environment: &Environment) -> Resolution {
    Resolver::new(environment, &ONE).resolve(0)
}

fn broken(environment: &Environment) -> Vec<Problem> {
    static ROOT: Table = Table { name: "S", fields: &[] };
    Resolver::new(environment, &ROOT).problems(&ROOT)
}

#[test]
fn an_empty_variable_is_unset() {
    let environment = Environment::from_pairs([("DB_URL", ""), ("OLD_URL", "b")]);
    assert_eq!(resolve(&environment, &["DB_URL"]), None);
    assert_eq!(resolve(&environment, &["DB_URL", "OLD_URL"]), Some(("b".into(), "OLD_URL".into())));
}

#[test]
fn the_variable_wins_over_its_aliases_in_turn() {
    let environment = Environment::from_pairs([("A", "1"), ("B", "2"), ("C", "3")]);
    assert_eq!(resolve(&environment, &["A", "B"]).unwrap().0, "1");
    assert_eq!(resolve(&environment, &["X", "C", "B"]).unwrap().0, "3");
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let from = |path: &Path| Environment::from_pairs([("DB_URL_FILE", path.to_str().unwrap())]);
    fs::write(&path, "mysql://h/db\n").unwrap();
    let found = resolve(&from(&path), &["DB_URL"]).unwrap();
    assert_eq!(found, ("mysql://h/db".into(), "DB_URL (from the file in DB_URL_FILE)".into()));

    fs::write(&path, "\n").unwrap();
    assert_eq!(resolve(&from(&path), &["DB_URL"]), None, "an empty file is unset");

    for (bytes, message) in [
        (b"\xff\xfe".to_vec(), "the file that `DB_URL_FILE` names is not UTF-8"),
        (
            vec![b'x'; 1024 * 1024 + 1],
            "the file that `DB_URL_FILE` names cannot be read: it is larger than 1024 KiB",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(problem(&from(&path), &["DB_URL"]).message, message);
    }
    let folder_error = problem(&from(folder.path()), &["DB_URL"]);
    assert_eq!(
        folder_error.message,
        "the file that `DB_URL_FILE` names cannot be read: it is not a regular file"
    );
    let missing = problem(&from(&folder.path().join("none")), &["DB_URL"]);
    assert_eq!(
        missing.message,
        "the file that `DB_URL_FILE` names cannot be read: there is no such file"
    );

    let handle = Environment::from_pairs([("DB_URL_FILE", "mysql://u:hunter2@h/db")]);
    let mistaken = problem(&handle, &["DB_URL"]);
    assert_eq!(mistaken.help, "`DB_URL_FILE` takes the path of a file: put a handle into `DB_URL`");
    assert!(!mistaken.message.contains("hunter2"));
}

#[test]
fn a_variable_beside_its_file_is_a_conflict() {
    let environment = Environment::from_pairs([("DB_URL", "a"), ("DB_URL_FILE", "/b")]);
    let conflict = problem(&environment, &["DB_URL"]);
    assert_eq!(conflict.kind, ProblemKind::Conflict);
    assert_eq!(conflict.message, "`DB_URL` and `DB_URL_FILE` are both set");
}

#[test]
fn dotenv_comes_last_and_knows_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    fs::write(
        &path,
        "\u{feff}# the shop\n\nexport DB_URL=mysql://h/db # local\nPORT='80\n80'\n\nCACHE_URL=memcached://c\nEMPTY=\n",
    )
    .unwrap();
    let shown = path.display().to_string();
    let environment =
        Environment::from_pairs([("CACHE_URL", "process"), ("EMPTY", "")]).with_dotenv(&path);
    assert_eq!(
        resolve(&environment, &["DB_URL"]),
        Some(("mysql://h/db".into(), format!("DB_URL (from {shown}, line 3)")))
    );
    assert_eq!(resolve(&environment, &["CACHE_URL"]), Some(("process".into(), "CACHE_URL".into())));
    assert_eq!(
        resolve(&environment, &["PORT"]),
        Some(("80\n80".into(), format!("PORT (from {shown}, line 4)")))
    );
    assert_eq!(resolve(&environment, &["EMPTY"]), None);
    assert!(broken(&environment).is_empty());
    let emptied = Environment::from_pairs([("CACHE_URL", "")]).with_dotenv(&path);
    assert_eq!(
        resolve(&emptied, &["CACHE_URL"]).unwrap().1,
        format!("CACHE_URL (from {shown}, line 7)")
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_told() {
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![b'x', 0xff]);
    let environment = Environment::of(vec![("DB_URL".into(), value)]);
    assert_eq!(problem(&environment, &["DB_URL"]).message, "is not Unicode");
}
