//! Writes the structs that `tests/environments.rs` loads: one for each set of services that an
//! environment of `data/environments.txt` names. By hand it would be thousands of lines.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const DATA: &str = "data/environments.txt";

/// A field: the stem of its names, its kind and the variable of its handle.
type Service = (String, String, String);

#[expect(clippy::disallowed_methods, reason = "a build script is told its folder so")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DATA}");
    let code = code(&fs::read_to_string(DATA)?)?;
    let folder = env::var_os("OUT_DIR").ok_or("cargo names no folder")?;
    fs::write(Path::new(&folder).join("environments.rs"), code)?;
    Ok(())
}

/// All structs, the number of the struct of each environment, and a function that loads by number.
fn code(data: &str) -> Result<String, Box<dyn Error>> {
    let mut numbers = BTreeMap::new();
    let mut sets = Vec::new();
    for block in data.split("\n## ").skip(1) {
        let next = numbers.len();
        sets.push(*numbers.entry(services(block)?).or_insert(next));
    }
    let mut code = "use backing_services::__private::compare_with_record;\nuse backing_services::{\n    BackingServices, CouchDb, Environment, HttpApi, \
                    LoadError, Mail, Memcached, MySql, Nats, Postgres, RabbitMq, Redis,\n    \
                    S3, Sqlite,\n};\n"
        .to_owned();
    let mut arms = String::new();
    for (set, number) in &numbers {
        writeln!(code, "\n#[derive(BackingServices)]\nstruct Set{number} {{")?;
        let mut names = BTreeSet::new();
        for (stem, kind, variable) in set {
            let mut name = field(stem);
            while !names.insert(name.clone()) {
                name.push('x');
            }
            writeln!(code, "    #[service(env = \"{variable}\")]")?;
            writeln!(code, "    {name}: Option<{}>,", adapter(kind)?)?;
        }
        writeln!(code, "}}")?;
        writeln!(arms, "        {number} => check(environment, Set{number}::load(environment)),")?;
    }
    let load = "fn load(set: usize, environment: &Environment) -> Result<(), LoadError>";
    writeln!(
        code,
        "\n/// The struct of each environment, in the order of the file.\n\
         pub(super) const SETS: [usize; {}] = {sets:?};\n\n\
         fn check<S: BackingServices>(\n    environment: &Environment,\n    \
         loaded: Result<S, LoadError>,\n) -> Result<(), LoadError> {{\n    \
         compare_with_record(environment, &loaded).unwrap();\n    loaded.map(drop)\n}}\n\n\
         pub(super) {load} {{\n    match set {{\n{arms}        \
         _ => panic!(\"there is no set {{set}}\"),\n    }}\n}}",
        sets.len()
    )?;
    Ok(code)
}

/// What the line `# services: STEM kind, STEM kind` of a block names, in one order for equal sets.
fn services(block: &str) -> Result<BTreeSet<Service>, Box<dyn Error>> {
    let line = block.lines().find_map(|line| line.strip_prefix("# services: "));
    let sets = |name: &str| {
        block.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    };
    line.ok_or("an environment without services")?
        .split(", ")
        .map(|service| {
            let (stem, kind) = service.split_once(' ').ok_or("a service without a kind")?;
            let (url, dsn) = (format!("{stem}_URL"), format!("{stem}_DSN"));
            // `STEM_URI` is read for `STEM_URL` anyway; `STEM_DSN` only where a struct names it.
            let variable = if sets(&dsn) && !sets(&url) { dsn } else { url };
            Ok((stem.to_owned(), kind.to_owned(), variable))
        })
        .collect()
}

/// `APP__DATABASE_` as `app_database`. Were a stem a keyword, rustc would say so.
fn field(stem: &str) -> String {
    let words: Vec<_> = stem.split('_').filter(|word| !word.is_empty()).collect();
    words.join("_").to_lowercase()
}

fn adapter(kind: &str) -> Result<&'static str, Box<dyn Error>> {
    Ok(match kind {
        "couchdb" => "CouchDb",
        "http" => "HttpApi",
        "memcached" => "Memcached",
        "mysql" => "MySql",
        "nats" => "Nats",
        "postgres" => "Postgres",
        "rabbitmq" => "RabbitMq",
        "redis" => "Redis",
        "s3" => "S3",
        "smtp" => "Mail",
        "sqlite" => "Sqlite",
        _ => return Err(format!("no adapter for the kind {kind}").into()),
    })
}
