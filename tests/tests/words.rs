//! Every word of every grammar means the same at every source: behind the `?` of a handle, in a
//! variable, in the file that a variable names, in a systemd credential, in a Kubernetes service
//! binding and in a Cloud Foundry service. The test walks the grammars, so a new adapter and a new
//! word are covered as they are added.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use backing_services::{
    About, Adapter, BackingServices, Environment, Grammar, Handle, Kind, LoadError, Part, Word,
};
use serde_json::json;

/// What loading comes to: the handle that the adapter keeps, or what is reported.
type Outcome = Result<String, String>;

/// A value that a word of this form takes, with every character that something could trip over.
fn sample(word: &Word) -> String {
    match (word.kind(), word.subject()) {
        (Kind::Words(_), About::Tls(values)) => values.on.to_owned(),
        (Kind::Words(words), _) => words.last().unwrap()[0].to_owned(),
        (Kind::Text | Kind::Secret, _) if word.part() == Part::Password => "p@ss:w/?#&ö%41".into(),
        (Kind::Text, _) if word.part() == Part::Host => "localhost".into(),
        (Kind::Text | Kind::Secret, _) => "word1".into(),
        (Kind::File, _) => "/tmp/a file.pem".into(),
        (Kind::Bool, _) => "true".into(),
        (Kind::Char, _) => "x".into(),
        (Kind::Integer { .. }, _) => "7".into(),
        (Kind::Float, _) => "1.5".into(),
        (Kind::Duration, _) => "7s".into(),
        _ => word.default_value().unwrap_or("word1").to_owned(),
    }
}

/// The example of a grammar without what need not be there.
fn base(grammar: &Grammar) -> Handle {
    let example = Handle::parse(grammar.example()).unwrap();
    let required = |part: Part| {
        grammar.all_words().iter().any(|word| word.part() == part && word.is_required())
    };
    let mut builder = Handle::builder(example.scheme());
    for host in example.hosts() {
        builder = builder.host(host.name());
    }
    if let (Some(user), true) = (example.username(), required(Part::Username)) {
        builder = builder.username(user);
    }
    if let (Some(password), true) = (example.password(), required(Part::Password)) {
        builder = builder.password(password.expose());
    }
    if required(Part::Path) || required(Part::Name) || required(Part::File) {
        builder = builder.path(example.path_decoded());
    }
    builder.build().unwrap()
}

/// One word, through one source, beside the base handle.
struct Case<'a> {
    base: &'a str,
    name: String,
    value: &'a str,
}

type Source = fn(&Case<'_>, &std::path::Path) -> Environment;

/// The sources, each with the environment that it lays out in a folder.
const SOURCES: &[(&str, Source)] = &[
    ("a variable", |case, _| {
        Environment::from_pairs([("X_URL", case.base), (&format!("X_{}", case.name), case.value)])
    }),
    ("the file of a variable", |case, folder| {
        let path = folder.join("value");
        fs::write(&path, format!("{}\n", case.value)).unwrap();
        let name = format!("X_{}_FILE", case.name);
        Environment::from_pairs([("X_URL", case.base), (&name, path.to_str().unwrap())])
    }),
    ("a credential", |case, folder| {
        fs::write(folder.join(format!("X_{}", case.name)), format!("{}\n", case.value)).unwrap();
        Environment::from_pairs([
            ("X_URL", case.base),
            ("CREDENTIALS_DIRECTORY", folder.to_str().unwrap()),
        ])
    }),
    ("a service binding", |case, folder| {
        let binding = folder.join("x");
        fs::create_dir_all(&binding).unwrap();
        let entries = [("type", "x"), ("uri", case.base), (&case.name, case.value)];
        for (name, text) in entries {
            fs::write(binding.join(name), format!("{text}\n")).unwrap();
        }
        Environment::from_pairs([("SERVICE_BINDING_ROOT", folder.to_str().unwrap())])
    }),
    ("a Cloud Foundry service", |case, _| {
        let credentials = json!({ "uri": case.base, &case.name: case.value });
        let services = json!({ "user-provided": [{ "name": "x", "credentials": credentials }] });
        Environment::from_pairs([("VCAP_SERVICES", services.to_string())])
    }),
];

/// Words whose name stands for another one where it is no parameter: `RABBITMQ_NAME` is the virtual
/// host, as `DB_NAME` is the database.
const ONLY_IN_QUERIES: &[(&str, &str)] = &[("RabbitMQ", "name")];

/// The names of a word that stand for themselves at every source.
fn names(word: &Word) -> Vec<String> {
    let upper = word.name().to_ascii_uppercase().replace(['-', '.'], "_");
    vec![upper]
}

fn walk(grammar: &'static Grammar, load: &dyn Fn(&Environment) -> Outcome) -> usize {
    let mut tried = 0;
    let base = base(grammar);
    for word in grammar.all_words() {
        // Beside a handle the place is the handle's own.
        if matches!(word.part(), Part::Host | Part::Port) {
            continue;
        }
        let value = sample(word);
        // What another name of a binding says is the platform's own.
        for name in names(word) {
            let case = Case { base: base.expose_url(), name, value: &value };
            let outcomes: Vec<(&str, Outcome)> = SOURCES
                .iter()
                .map(|(source, lay_out)| {
                    let folder = tempfile::tempdir().unwrap();
                    (*source, load(&lay_out(&case, folder.path())))
                })
                .collect();
            let (_, first) = &outcomes[0];
            // Of an API that may be anything on the web, a variable such as `API_PATH` is the app's
            // own.
            let is_path = matches!(word.part(), Part::Path | Part::Name | Part::File);
            let is_apps = is_path && grammar.schemes()[0].name() == "https";
            for (source, outcome) in &outcomes {
                let is_bound = source.contains("service");
                // A problem names the entry, the variable, or that which names its file.
                let stripped = |why: &String| why.replace("_FILE`", "`").replace("`X_", "`");
                let (outcome, first) = (
                    outcome.clone().map_err(|why| stripped(&why)),
                    first.clone().map_err(|why| stripped(&why)),
                );
                if !(is_apps && is_bound) {
                    assert_eq!(outcome, first, "{}: `{}` in {source}", grammar.name(), case.name);
                }
            }
            let is_vhost = ONLY_IN_QUERIES.contains(&(grammar.name(), word.name()));
            if word.part() == Part::Param && !is_vhost {
                let query = base.expose_url().contains('?');
                let encoded = Handle::builder("x").host("h").param(word.name(), &*value);
                let encoded = encoded.build().unwrap();
                let param = encoded.expose_url().split_once('?').unwrap().1.to_owned();
                let url = format!("{}{}{param}", case.base, if query { '&' } else { '?' });
                let by_query = load(&Environment::from_pairs([("X_URL", url)]));
                // What the scheme says already need not be said again.
                let is_met = |query: &str, first: &str| {
                    matches!(word.subject(), About::Tls(_))
                        && query.replace(&format!("?{param}"), "") == first
                };
                let same = match (&by_query, first) {
                    (Ok(query), Ok(first)) => query == first || is_met(query, first),
                    // The one names the parameter and the other the variable.
                    (Err(_), Err(_)) => true,
                    _ => false,
                };
                assert!(same, "{}: `{}`: {by_query:?}, {first:?}", grammar.name(), case.name);
            }
            tried += 1;
        }
    }
    tried
}

fn outcome<A: Adapter>(loaded: Result<A, LoadError>) -> Outcome {
    match loaded {
        Ok(adapter) => Ok(adapter.handle().expose_url().to_owned()),
        Err(error) => {
            let problems = error.problems().iter();
            Err(problems.map(backing_services::Problem::message).collect::<Vec<_>>().join("; "))
        }
    }
}

macro_rules! walk_all {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {$(
        #[test]
        fn $module() {
            #[derive(BackingServices)]
            struct One {
                x: backing_services::$adapter,
            }

            let load = |environment: &Environment| {
                outcome(One::load(environment).map(|one| one.x))
            };
            let grammar = <backing_services::$adapter as Adapter>::GRAMMAR;
            let tried = match grammar.all_variants() {
                [] => walk(grammar, &load),
                variants => variants.iter().map(|variant| walk(variant, &load)).sum(),
            };
            assert!(tried > 0, "{} has no words", grammar.name());
        }
    )*};
}

backing_services::__each_adapter!(walk_all);
