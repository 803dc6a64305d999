//! What the README says, held against the code.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backing_services::{
    Adapter, BackingServices, Environment, Handle, Mail, Memcached, MySql, Sql,
};

const README: &str = include_str!("../../README.md");

#[rustfmt::skip]
#[expect(dead_code, reason = "only its loading counts")]
mod shop {
    use super::*;

// As in the README:
/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders and customers.
    #[service(env = "DATABASE_URL")]
    db: MySql,
    mail: Mail, // MAIL_URL
    #[service(default = "memcached://localhost:11211")]
    cache: Memcached, // CACHE_URL
    archive: Option<Sql>, // ARCHIVE_URL; absent or empty: detached
    #[service(nested)]
    reports: Reports, // REPORTS_DB_URL
    #[setting(default = "8080")]
    port: u16, // PORT, any type that serde can read
}

#[derive(BackingServices)]
struct Reports {
    db: MySql,
}
// Until here.

    pub(super) fn report(environment: &Environment) -> String {
        Services::load(environment).err().expect("a report").to_string()
    }
}

/// The first code block of a language behind a heading.
fn block<'a>(heading: &str, language: &str) -> &'a str {
    let section = README.split_once(&format!("\n## {heading}\n")).expect(heading).1;
    let block = section.split_once(&format!("\n```{language}\n")).expect(language).1;
    block.split_once("\n```\n").expect("the end of the block").0
}

#[test]
fn the_broken_environment_gives_the_report() {
    let structs = include_str!("readme.rs").split_once("// As in the README:\n").unwrap().1;
    let structs = structs.split_once("// Until here.").unwrap().0;
    assert!(
        README.contains(structs.trim()),
        "the structs of this test are not those of the README"
    );

    let lines = block("A broken environment", "env").lines();
    let pairs: Vec<_> = lines.map(|line| line.split_once('=').expect("NAME=value")).collect();
    let report = shop::report(&Environment::from_pairs(pairs));
    assert_eq!(block("A broken environment", "text"), report.trim_end());
}

#[test]
fn the_wrong_struct_gives_the_compile_error() {
    let shown = block("A wrong struct", "text");
    let case = shown.split_once("--> ").expect("a place").1.split_once(".rs:").expect("a file").0;
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(case);
    let recorded = fs::read_to_string(case.with_extension("stderr")).expect("the recorded error");
    assert_eq!(shown, recorded.trim_end());

    let source = fs::read_to_string(case.with_extension("rs")).expect("the case");
    let code = block("A wrong struct", "rust,compile_fail");
    assert!(source.contains(code), "the code of the README is not that of the case");
}

/// What a row of the table of adapters says.
struct Row {
    name: String,
    feature: String,
    schemes: Vec<String>,
    /// Empty where the table has words instead.
    ports: Vec<u16>,
    /// Its name and version, or nothing.
    driver: String,
}

fn rows() -> Vec<Row> {
    let table = README.split_once("| type | feature |").expect("the table").1;
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let code = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, feature, schemes, ports, _client, driver, _server] = cells[..] else {
                panic!("a row has seven cells: {line}")
            };
            Row {
                name: code(name).concat(),
                feature: code(feature).concat(),
                schemes: code(schemes),
                ports: ports.split(' ').filter_map(|port| port.parse().ok()).collect(),
                driver: driver.to_owned(),
            }
        })
        .collect()
}

/// The version that Cargo.lock has of a driver is the one that was tested.
#[test]
fn the_drivers_have_the_versions_of_the_lock() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let rows = rows();
    let drivers: BTreeSet<_> = rows.iter().map(|row| row.driver.as_str()).collect();
    for driver in drivers.into_iter().filter(|driver| !driver.is_empty()) {
        let (name, version) = driver.split_once(' ').expect("a name and a version");
        let package = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&package), "Cargo.lock has another version than {driver}");
    }
    let without = rows.iter().filter(|row| row.driver.is_empty()).map(|row| &*row.name);
    assert_eq!(without.collect::<Vec<_>>(), ["Memcached", "Beanstalkd"]);
}

fn is_true<A: Adapter + std::fmt::Debug>(row: &Row) {
    let Row { name, feature, schemes, ports, .. } = row;
    let own: Vec<_> = A::GRAMMAR.schemes().iter().map(backing_services::Scheme::name).collect();
    assert_eq!(*schemes, own, "the schemes of {name}");
    let rest = A::GRAMMAR.example().split_once(':').expect("a handle").1;
    for scheme in schemes {
        // A folder has no user.
        let handle = Handle::parse(&format!("{scheme}:{rest}"));
        let handle = handle.or_else(|_| Handle::parse(&format!("{scheme}:name")));
        let shown = handle.unwrap().to_string();
        assert!(shown.starts_with(scheme), "`{scheme}` is not in the list of core/src/list.rs");
    }
    assert!(!ports.is_empty() || feature != "smtp", "{name} has ports");
    // One port for all schemes, or one each.
    for (index, port) in ports.iter().enumerate() {
        let schemes = if ports.len() == 1 { &own[..] } else { &own[index..=index] };
        for scheme in schemes {
            // Some must have a token or a name, others must not.
            let forms = ["host.example", "token@host.example", "host.example/name"];
            let adapter = forms.iter().find_map(|rest| {
                let handle = Handle::parse(&format!("{scheme}://{rest}")).ok()?;
                A::from_handle(&handle).ok()
            });
            let shown = format!("{:?}", adapter.expect("a handle of a host"));
            assert!(
                shown.contains(&format!("host.example:{port}")),
                "{name}: {port} is not in {shown}"
            );
        }
    }
}

macro_rules! all {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
        fn holds(row: &Row) {
            match row.name.as_str() {
                $(stringify!($adapter) => is_true::<backing_services::$adapter>(row),)*
                other => panic!("core/src/list.rs has no adapter `{other}`"),
            }
        }

        const ADAPTERS: &[&str] = &[$(stringify!($adapter)),*];
    };
}

backing_services::__each_adapter!(all);

#[test]
fn the_table_lists_the_adapters() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ADAPTERS, "the table of the README, and core/src/list.rs");
    for row in &rows {
        holds(row);
        let feature = row.feature.replace('-', "");
        assert_eq!(feature, row.name.to_lowercase(), "a feature is named as its module");
    }

    let core = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core");
    let manifest = fs::read_to_string(core.join("Cargo.toml")).unwrap();
    let features = manifest.split_once("[features]\n").unwrap().1;
    let features = features.lines().take_while(|line| !line.starts_with('['));
    // Those of adapters have a module; what else an app may switch on has its own section.
    let has_module = |name: &&str| {
        let module = core.join("src/adapters").join(name.replace('-', "_"));
        module.is_dir() || module.with_extension("rs").is_file()
    };
    let features: BTreeSet<_> = features
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .filter(|name| *name != "default" && !name.starts_with(['_', '#']))
        .filter(has_module)
        .collect();
    let listed: BTreeSet<_> = rows.iter().map(|row| row.feature.as_str()).collect();
    assert_eq!(listed, features, "the features of the table, and those of core/Cargo.toml");
}

/// What it does not know it would read by the grammar alone.
#[test]
fn the_command_has_every_adapter() {
    let cli = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../cli/Cargo.toml");
    let manifest = fs::read_to_string(cli).unwrap();
    for row in rows() {
        let feature = format!("\"{}\"", row.feature);
        assert!(manifest.contains(&feature), "cli/Cargo.toml lacks {feature}");
    }
}

/// A registry shows it without the repository beside it.
#[test]
fn it_stands_alone() {
    let links = README.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links {
        assert!(link.starts_with("https://") || link.starts_with('#'), "`{link}` leads nowhere");
    }
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/examples");
    for name in ["datastores", "shop_axum", "shop_actix", "maintenance", "fleet", "own_adapter"] {
        assert!(README.contains(&format!("`{name}`")), "{name}");
        assert!(examples.join(name).with_extension("rs").is_file(), "there is no example {name}");
    }
}

/// Whoever gets a package gets its licences.
#[test]
fn each_package_that_is_published_has_its_licences() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let mut published = 0;
    for member in members.split('"').skip(1).step_by(2) {
        let folder = root.join(member);
        if fs::read_to_string(folder.join("Cargo.toml")).unwrap().contains("publish = false") {
            continue;
        }
        published += 1;
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let own = fs::read_to_string(folder.join(licence)).expect(member);
            assert_eq!(own, fs::read_to_string(root.join(licence)).unwrap(), "{member}");
        }
    }
    assert!(published >= 3, "{published}");
}
