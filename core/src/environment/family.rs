//! `DB_CONNECTION=pgsql`: names by which tools know a kind of database or of mail.

/// A kind of service: its name in messages, the first scheme of its handles, and what tools call
/// it.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) scheme: &'static str,
    words: &'static [&'static str],
}

/// The names of variables that hold such a word.
const NAMES: &[&str] = &[
    "CONNECTION",
    "DRIVER",
    "DIALECT",
    "ADAPTER",
    "TYPE",
    "ENGINE",
    "CLIENT",
    "BACKEND",
    "VENDOR",
];

/// The databases that people's tools name, ours or not.
const FAMILIES: &[Family] = &[
    Family {
        name: "MySQL",
        scheme: "mysql",
        words: &[
            "mysql",
            "mariadb",
            "pdo_mysql",
            "mysqli",
            "mysql2",
            "pymysql",
            "mysqlclient",
            "mysql+pymysql",
            "django.db.backends.mysql",
            "mysqldb",
            "mysql_innodb",
        ],
    },
    Family {
        name: "PostgreSQL",
        scheme: "postgres",
        words: &[
            "postgres",
            "postgresql",
            "pgsql",
            "pg",
            "pdo_pgsql",
            "psycopg2",
            "psycopg",
            "asyncpg",
            "postgresql+psycopg2",
            "postgresql+asyncpg",
            "postgresdb",
            "django.db.backends.postgresql",
            "django.db.backends.postgresql_psycopg2",
        ],
    },
    Family {
        name: "SQLite",
        scheme: "sqlite",
        words: &["sqlite", "sqlite3", "pdo_sqlite", "better-sqlite3", "django.db.backends.sqlite3"],
    },
    Family {
        name: "SQL Server",
        scheme: "sqlserver",
        words: &["sqlsrv", "mssql", "sqlserver", "pdo_sqlsrv", "dblib"],
    },
    Family { name: "Oracle", scheme: "oracle", words: &["oracle", "oci", "oci8"] },
    Family { name: "MongoDB", scheme: "mongodb", words: &["mongodb", "mongo"] },
];

pub(super) fn is_name(word: &str) -> bool {
    NAMES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// The kind that a value names.
pub(super) fn of_value(value: &str) -> Option<&'static Family> {
    let known = |family: &&Family| family.words.iter().any(|it| it.eq_ignore_ascii_case(value));
    FAMILIES.iter().find(known)
}

/// Whether a service of these schemes is one of the kinds at all.
pub(super) fn is_database(schemes: impl Iterator<Item = &'static str>) -> bool {
    let mut schemes = schemes;
    schemes.any(|scheme| FAMILIES.iter().any(|family| family.scheme == scheme))
}

const MAILERS: &[&str] = &["MAILER", "DRIVER", "TRANSPORT", "BACKEND"];

/// `MAILER=smtp`: what is done anyway.
pub(super) fn sends_mail(word: &str, value: &str) -> bool {
    MAILERS.iter().any(|name| word.eq_ignore_ascii_case(name))
        && value.split('.').any(|part| part.eq_ignore_ascii_case("smtp"))
}

/// `MAILER=log`: what tools write where no mail shall be sent.
pub(super) fn sends_nothing(word: &str, value: &str) -> bool {
    const NOWHERE: &[&str] =
        &["log", "array", "console", "file", "locmem", "null", "dummy", "noop", "filebased"];
    let last = value.rsplit('.').find(|part| !part.eq_ignore_ascii_case("EmailBackend"));
    let value = last.unwrap_or(value);
    MAILERS.iter().any(|name| word.eq_ignore_ascii_case(name))
        && NOWHERE.iter().any(|it| it.eq_ignore_ascii_case(value))
}
