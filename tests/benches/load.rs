//! What loading costs: six handles and two settings, set in an environment of some size.
//!
//! `cargo bench --bench load`
//!
//! First a table: what is the least that a load can cost, and what ours costs in relation to it,
//! the two sides interleaved in one process. The floor is one snapshot of the process, which every
//! load needs that misses no variable, and the same struct by hand: `var`, `Url::parse`, a look at
//! the scheme, the parts decoded and owned, the numbers parsed. It knows no parameter, no TLS, no
//! other source, and reports the first mistake alone. Then what long handles cost until they are
//! refused.
//!
//! The comparison with other crates is Criterion's. By hand means there what an app without any
//! crate for it writes: `std::env::var`, `url::Url::parse`, a look at the scheme, `FromStr`. The
//! other crates give the same struct with their own means: `Url` fields, no look at the scheme.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]
#![allow(clippy::disallowed_methods, reason = "this is what it is compared with")]
#![allow(dead_code, reason = "only the loading of the fields counts")]

use std::env;
use std::ffi::OsString;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use backing_services::{BackingServices, Environment, Mail, Memcached, MySql, Smtp, Sql, Sqlite};
use criterion::{Criterion, criterion_group};
use url::Url;

const VARIABLES: [(&str, &str); 8] = [
    ("DATABASE_URL", "mysql://shop:p%40ssword@db.example:3307/orders?ssl-mode=required"),
    ("REPORTS_URL", "mysql://reports:p%23ssword@reports.example/reports"),
    ("STOCK_URL", "sqlite:///var/lib/shop/stock.db?mode=rwc"),
    ("MAIL_URL", "submission://shop:p%40ssword@mail.example"),
    ("RELAY_URL", "smtp://relay.example:2525"),
    ("CACHE_URL", "memcached://cache.example:11211"),
    ("PORT", "8080"),
    ("WORKERS", "16"),
];

/// How many variables a process has in all. A container has some ten to thirty, with Kubernetes'
/// service links easily a hundred.
const ALL: usize = 40;

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: Sql,
    reports: MySql,
    stock: Sqlite,
    mail: Mail,
    relay: Smtp,
    cache: Memcached,
    #[setting]
    port: u16,
    #[setting]
    workers: usize,
}

mod by_hand {
    use std::env;
    use std::error::Error;
    use std::str::FromStr;

    use url::Url;

    pub(super) struct Services {
        database: Url,
        reports: Url,
        stock: Url,
        mail: Url,
        relay: Url,
        cache: Url,
        port: u16,
        workers: usize,
    }

    impl Services {
        pub(super) fn from_env() -> Result<Self, Box<dyn Error>> {
            Ok(Self {
                database: handle("DATABASE_URL", &["mysql", "mariadb", "sqlite"])?,
                reports: handle("REPORTS_URL", &["mysql", "mariadb"])?,
                stock: handle("STOCK_URL", &["sqlite"])?,
                mail: handle("MAIL_URL", &["smtp", "smtps", "submission", "submissions"])?,
                relay: handle("RELAY_URL", &["smtp", "smtps", "submission", "submissions"])?,
                cache: handle("CACHE_URL", &["memcached"])?,
                port: setting("PORT")?,
                workers: setting("WORKERS")?,
            })
        }
    }

    pub(super) fn handle(name: &str, schemes: &[&str]) -> Result<Url, Box<dyn Error>> {
        let value = env::var(name).map_err(|error| format!("{name}: {error}"))?;
        let url = Url::parse(&value).map_err(|error| format!("{name}: {error}"))?;
        if schemes.contains(&url.scheme()) {
            Ok(url)
        } else {
            Err(format!("{name}: wrong scheme").into())
        }
    }

    pub(super) fn setting<T: FromStr<Err: Error>>(name: &str) -> Result<T, Box<dyn Error>> {
        let value = env::var(name).map_err(|error| format!("{name}: {error}"))?;
        Ok(value.parse().map_err(|error| format!("{name}: {error}"))?)
    }
}

/// The same struct with what an app needs of each handle, owned.
mod floor {
    use std::borrow::Cow;
    use std::env;
    use std::error::Error;
    use std::hint::black_box;

    use percent_encoding::percent_decode_str;

    use super::by_hand::{self, setting};

    pub(super) struct Services {
        database: Parts,
        reports: Parts,
        stock: Parts,
        mail: Parts,
        relay: Parts,
        cache: Parts,
        port: u16,
        workers: usize,
    }

    struct Parts {
        host: String,
        port: Option<u16>,
        username: String,
        password: Option<String>,
        path: String,
        params: Vec<(String, String)>,
    }

    impl Services {
        pub(super) fn from_env() -> Result<Self, Box<dyn Error>> {
            let all: Vec<_> = env::vars_os().collect();
            black_box(all);
            Ok(Self {
                database: handle("DATABASE_URL", &["mysql", "mariadb", "sqlite"])?,
                reports: handle("REPORTS_URL", &["mysql", "mariadb"])?,
                stock: handle("STOCK_URL", &["sqlite"])?,
                mail: handle("MAIL_URL", &["smtp", "smtps", "submission", "submissions"])?,
                relay: handle("RELAY_URL", &["smtp", "smtps", "submission", "submissions"])?,
                cache: handle("CACHE_URL", &["memcached"])?,
                port: setting("PORT")?,
                workers: setting("WORKERS")?,
            })
        }
    }

    fn handle(name: &str, schemes: &[&str]) -> Result<Parts, Box<dyn Error>> {
        let url = by_hand::handle(name, schemes)?;
        let decoded = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
        Ok(Parts {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
            username: decoded(url.username())?,
            password: url.password().map(decoded).transpose()?,
            path: decoded(url.path())?,
            params: url.query_pairs().into_owned().collect(),
        })
    }
}

mod with_serde {
    use super::Url;

    /// For envy and figment.
    #[derive(serde::Deserialize)]
    pub(super) struct Services {
        database_url: Url,
        reports_url: Url,
        stock_url: Url,
        mail_url: Url,
        relay_url: Url,
        cache_url: Url,
        port: u16,
        workers: usize,
    }
}

mod with_envconfig {
    use envconfig::Envconfig;

    use super::Url;

    #[derive(Envconfig)]
    pub(super) struct Services {
        #[envconfig(from = "DATABASE_URL")]
        database_url: Url,
        #[envconfig(from = "REPORTS_URL")]
        reports_url: Url,
        #[envconfig(from = "STOCK_URL")]
        stock_url: Url,
        #[envconfig(from = "MAIL_URL")]
        mail_url: Url,
        #[envconfig(from = "RELAY_URL")]
        relay_url: Url,
        #[envconfig(from = "CACHE_URL")]
        cache_url: Url,
        #[envconfig(from = "PORT")]
        port: u16,
        #[envconfig(from = "WORKERS")]
        workers: usize,
    }
}

mod with_confique {
    use super::Url;

    #[derive(confique::Config)]
    pub(super) struct Services {
        #[config(env = "DATABASE_URL")]
        database_url: Url,
        #[config(env = "REPORTS_URL")]
        reports_url: Url,
        #[config(env = "STOCK_URL")]
        stock_url: Url,
        #[config(env = "MAIL_URL")]
        mail_url: Url,
        #[config(env = "RELAY_URL")]
        relay_url: Url,
        #[config(env = "CACHE_URL")]
        cache_url: Url,
        #[config(env = "PORT")]
        port: u16,
        #[config(env = "WORKERS")]
        workers: usize,
    }
}

mod with_conf {
    use super::Url;

    #[derive(conf::Conf)]
    pub(super) struct Services {
        #[arg(env)]
        database_url: Url,
        #[arg(env)]
        reports_url: Url,
        #[arg(env)]
        stock_url: Url,
        #[arg(env)]
        mail_url: Url,
        #[arg(env)]
        relay_url: Url,
        #[arg(env)]
        cache_url: Url,
        #[arg(env)]
        port: u16,
        #[arg(env)]
        workers: usize,
    }
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| black_box(by_hand::Services::from_env().expect("a good environment")));
    });
    group.bench_function("backing-services", |bencher| {
        bencher.iter(|| black_box(Services::from_env().expect("a good environment")));
    });
    group.bench_function("envy", |bencher| {
        bencher.iter(|| {
            black_box(envy::from_env::<with_serde::Services>().expect("a good environment"))
        });
    });
    group.bench_function("envconfig", |bencher| {
        use envconfig::Envconfig as _;
        bencher.iter(|| {
            black_box(with_envconfig::Services::init_from_env().expect("a good environment"))
        });
    });
    group.bench_function("confique", |bencher| {
        use confique::Config as _;
        bencher.iter(|| {
            black_box(with_confique::Services::builder().env().load().expect("a good environment"))
        });
    });
    group.bench_function("conf", |bencher| {
        use conf::Conf as _;
        bencher.iter(|| {
            let services = with_conf::Services::try_parse_from(["shop"], env::vars_os());
            black_box(services.map_err(|error| error.to_string()).expect("a good environment"))
        });
    });
    group.bench_function("figment", |bencher| {
        use figment::Figment;
        use figment::providers::Env;
        bencher.iter(|| {
            let services = Figment::from(Env::raw()).extract::<with_serde::Services>();
            black_box(services.map_err(|error| error.to_string()).expect("a good environment"))
        });
    });
    group.finish();
}

/// The halves of `from_env`.
fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parts");
    group.bench_function("snapshot of the process", |bencher| {
        bencher.iter(|| black_box(Environment::process()));
    });
    let process = Environment::process();
    group.bench_function("load from a snapshot", |bencher| {
        bencher.iter(|| black_box(Services::load(&process).expect("a good environment")));
    });
    group.bench_function("snapshot of pairs", |bencher| {
        bencher.iter(|| black_box(Environment::from_pairs(VARIABLES)));
    });
    group.finish();
}

/// How long a call takes: that of the quickest of some rounds.
fn quickest<T>(calls: u32, mut call: impl FnMut() -> T) -> Duration {
    let mut round = || {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(call());
        }
        start.elapsed() / calls
    };
    (0..20).map(|_| round()).min().unwrap_or_default()
}

/// Ours and the floor, in turns, so that whatever else the machine does concerns both. The ratio is
/// the median of those of all pairs of rounds.
fn against_the_floor() {
    const PAIRS: usize = 400;
    const LOADS: u32 = 50;
    fn round<T>(load: impl Fn() -> T) -> Duration {
        let start = Instant::now();
        for _ in 0..LOADS {
            black_box(load());
        }
        start.elapsed() / LOADS
    }
    let ours = || round(|| Services::from_env().expect("a good environment"));
    let floor = || round(|| floor::Services::from_env().expect("a good environment"));
    let mut rounds = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        rounds.push(if pair % 2 == 0 {
            let ours = ours();
            (ours, floor())
        } else {
            let floor = floor();
            (ours(), floor)
        });
    }
    let median = |of: &dyn Fn(&(Duration, Duration)) -> f64| {
        let mut all: Vec<_> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!("| a load of | ours | the floor | ratio |");
    println!("|---|---|---|---|");
    println!(
        "| six services and two settings among {ALL} variables | {:.1} µs | {:.1} µs | {:.2} |",
        median(&|(ours, _)| ours.as_secs_f64()) * 1e6,
        median(&|(_, floor)| floor.as_secs_f64()) * 1e6,
        median(&|(ours, floor)| ours.as_secs_f64() / floor.as_secs_f64()),
    );
}

/// What the work grows with: twice the text may take twice the time.
fn long_handles() {
    let list = |count: usize, separator: &str, item: &dyn Fn(usize) -> String| {
        (0..count).map(item).collect::<Vec<_>>().join(separator)
    };
    println!("\n| a handle that is refused | 64 kB | 1 MB |");
    println!("|---|---|---|");
    for (what, head, tail, separator, item) in [
        ("parameters", "mysql://h/db?", "", "&", &(|n| format!("p{n:06}=x")) as &dyn Fn(_) -> _),
        ("the same parameter", "mysql://h/db?", "", "&", &|_| "charset=x".to_owned()),
        ("hosts", "memcached://", "", ",", &|n| format!("host{n:05}")),
        ("addresses", "", "", ",", &|n| format!("nats://h{n:05}")),
        ("escapes in a password", "mysql://u:", "@h/db?x=y", "", &|_| "%40".to_owned()),
    ] {
        let took = [64 * 1024, 1024 * 1024].map(|length| {
            let count = length / (item(0).len() + separator.len());
            let url = format!("{head}{}{tail}", list(count, separator, item));
            let environment = Environment::from_pairs([("IT_URL", url.as_str())]);
            quickest(10, || assert!(Any::load(&environment).is_err(), "{what} are not refused"))
        });
        println!("| {what} | {:.3} ms | {:.3} ms |", millis(took[0]), millis(took[1]));
    }
}

/// Syntax is looked at before the scheme is, so one field does for the handles of all.
#[derive(BackingServices)]
struct Any {
    #[service(env = "IT_URL")]
    it: MySql,
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

criterion_group!(benches, load, parts);

/// Runs itself once more with the variables set: setting them here would be unsafe.
fn main() {
    const RUNS: &str = "LOAD_BENCH_RUNS";
    if env::var_os(RUNS).is_some() {
        against_the_floor();
        long_handles();
        benches();
        return Criterion::default().configure_from_args().final_summary();
    }
    let program = env::current_exe().expect("the path of this program");
    let mut own: Vec<_> = ["HOME", "PATH"]
        .iter()
        .filter_map(|name| Some((OsString::from(name), env::var_os(name)?)))
        .collect();
    // For the folder of Criterion.
    own.extend(env::vars_os().filter(|(name, _)| *name == "CARGO" || *name == "CARGO_TARGET_DIR"));
    let others = ALL - VARIABLES.len() - own.len() - 1;
    let others =
        (0..others).map(|n| (format!("OTHER_{n}_SERVICE_PORT"), format!("tcp://10.0.0.{n}:6379")));
    let status = Command::new(program)
        .args(env::args_os().skip(1))
        .env_clear()
        .envs(own)
        .envs(VARIABLES)
        .envs(others)
        .env(RUNS, "1")
        .status()
        .expect("the program runs again");
    std::process::exit(status.code().unwrap_or(1));
}
