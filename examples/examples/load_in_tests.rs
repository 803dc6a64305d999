//! Loading from pairs: the tests of an app set no process environment, so they run at the same
//! time.
//!
//! `cargo test -p examples --example load_in_tests` runs the tests below.

use backing_services::{BackingServices, Environment, Mail, Sql};

/// What the app attaches.
#[derive(BackingServices, Debug)]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: Sql,
    mail: Mail,
    #[setting(default = "8080")]
    port: u16,
}

fn main() {
    // Everything an environment lacks, in one report.
    let staging = Environment::from_pairs([
        ("DATABASE_ULR", "mysql://shop:secret@db.example/shop"),
        ("MAIL_URL", "submissions://shop:s#cret@mail.example"),
        ("PORT", "eighty"),
    ]);
    match Services::load(&staging) {
        Ok(services) => println!("{services:?} listens on {}", services.port),
        Err(report) => println!("{report}"),
    }
}

#[cfg(test)]
mod tests {
    use backing_services::{Problem, ProblemKind};

    use super::*;

    #[test]
    fn loads_from_pairs() {
        let environment = Environment::from_pairs([
            ("DATABASE_URL", "mysql://shop:secret@localhost/test"),
            ("MAIL_URL", "file:outbox"),
        ]);
        let services = Services::load(&environment).unwrap();
        assert_eq!(services.port, 8080);
        assert_eq!(format!("{:?}", services.mail), "Mail(file:outbox)");
    }

    #[test]
    fn tells_every_problem() {
        let report = Services::load(&Environment::default()).unwrap_err();
        let kinds: Vec<_> = report.problems().iter().map(Problem::kind).collect();
        assert_eq!(kinds, [ProblemKind::Missing, ProblemKind::Missing]);
    }
}
