//! One report of everything, whatever is wrong.

use backing_services::{
    BackingServices, Environment, Mail, Memcached, MySql, ProblemKind, Smtp, Sql, Sqlite,
};

#[derive(BackingServices)]
#[expect(dead_code, reason = "it never loads")]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: MySql,
    archive: MySql,
    stock: Sql,
    ledger: Sqlite,
    mail: Mail,
    relay: Option<Smtp>,
    cache: Memcached,
    #[service(nested)]
    reports: Reports,
    #[setting]
    port: u16,
    #[setting]
    workers: Option<u8>,
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}

#[test]
fn ten_broken_variables_are_ten_problems_without_a_secret() {
    let environment = Environment::from_pairs([
        ("DATABASE_URL", "mysql://shop:s3cret-01#x@db.example/shop"),
        ("ARCHIVE_URL", "postgres://shop:s3cret-02@db.example/shop"),
        ("STOCK_URL", "mysql://shop:s3cret-03@db.example/shop?ssl-mod=required"),
        ("LEDGER_URL", "sqlite://s3cret-04@host/shop.db"),
        ("MAIL_URL", "smtp://shop:s3cret-05@mail.example?tls=opportunistic"),
        ("RELAY_URL", "smtp://shop:s3cret-06@mail.example:99999"),
        ("CACHE_URL", "memcached://shop:s3cret-07@cache.example"),
        ("REPORTS_DB_URL", "mysql://shop:s3cret-08@db.example/shop?ssl-mode=s3cret-09"),
        ("PORT", "s3cret-10"),
        ("WORKERS", "s3cret-11"),
    ]);
    let report = Services::load(&environment).err().map(|report| {
        assert_eq!(report.problems().len(), 10, "{report}");
        assert!(report.problems().iter().all(|problem| !problem.help().is_empty()), "{report}");
        assert!(report.problems().iter().any(|it| it.kind() == ProblemKind::Insecure), "{report}");
        format!("{report} {report:?} {:?}", report.problems())
    });
    let report = report.unwrap_or_default();
    assert!(report.starts_with("10 problems in the environment of `Services`\n"), "{report}");
    assert!(!report.contains("s3cret"), "{report}");
}
