//! Round trips a second through the client that each adapter hands out, and through the bare
//! driver, set up as its own documentation says, to the same server.
//!
//! `cargo bench --bench round_trips [names of adapters]`
//!
//! One call after the other on one thread, so that nothing hides what a call costs. The two sides
//! take turns in short rounds, so that whatever else the machine does concerns both; the ratio is
//! the median of those of all the pairs of rounds. Where buffers and connections lie is chance, and
//! makes the same code a few hundredths faster or slower in one process than in another: there are
//! several, and the table has the middle one and how far they lie apart. A ratio below 0.97 is
//! marked with `!`.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]

mod assets;
mod databases;
mod http_apis;
mod mail;
mod queues;
mod stores;
mod telemetry;

use std::env;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use backing_services::{Adapter, Connect, Handle, HandleBuilder};
use tokio::runtime::{self, Runtime};

const ROUND: Duration = Duration::from_millis(20);
/// In rounds.
const WARM_UP: u32 = 10;
/// Even, because the side that begins changes with each.
const PAIRS: u32 = 40;
/// Odd, so that one is in the middle.
const PROCESSES: usize = 5;
const AIM: f64 = 0.97;
/// glibc gives the end of a thread's heap back to the system as soon as so much of it is free, and
/// asks for it anew: whether a side's buffers lie there is chance, and made flushes, whose
/// compression takes 300 kB, 10 % faster or slower from run to run. It is read at the start.
const HELD_MEMORY: (&str, &str) = ("MALLOC_TRIM_THRESHOLD_", "268435456");
/// Comes before the name of what one process compares.
const ONE: &str = "--one";

macro_rules! adapters {
    ($($name:literal: $bench:path,)*) => {
        const ADAPTERS: &[&str] = &[$($name),*];

        fn run(adapter: &str, runtime: &Runtime) {
            match adapter {
                $($name => runtime.block_on($bench()),)*
                other => panic!("no adapter is called {other}"),
            }
        }
    };
}

adapters! {
    "MySql": databases::mysql,
    "Postgres": databases::postgres,
    "Sqlite": databases::sqlite,
    "Sql": databases::sql,
    "CouchDb": databases::couchdb,
    "Redis": stores::redis,
    "Memcached": stores::memcached,
    "RabbitMq": queues::rabbitmq,
    "Beanstalkd": queues::beanstalkd,
    "Nats": queues::nats,
    "Smtp": mail::smtp,
    "Mail": mail::mail,
    "Postmark": mail::postmark,
    "S3": assets::s3,
    "Blobs": assets::blobs,
    "HttpApi": http_apis::http_api,
    "Twitter": http_apis::twitter,
    "GoogleMaps": http_apis::google_maps,
    "LastFm": http_apis::last_fm,
    "NewRelic": telemetry::new_relic,
    "Otlp": telemetry::otlp,
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [one, adapter] = &arguments[..]
        && one == ONE
    {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        return run(adapter, &runtime.expect("a runtime"));
    }
    // Those with a dash are not names.
    let names: Vec<_> = arguments.iter().filter(|name| !name.starts_with('-')).collect();
    for name in &names {
        let is_one = ADAPTERS.iter().any(|adapter| name.eq_ignore_ascii_case(adapter));
        assert!(is_one, "no adapter is called {name}");
    }
    println!("| adapter | round trip | ours, a second | bare, a second | ratio | from | to |");
    println!("|---|---|---|---|---|---|---|");
    for adapter in ADAPTERS {
        if names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(adapter)) {
            show(adapter);
        }
    }
}

/// Prints a row of the table.
fn show(adapter: &str) {
    let mut found: Vec<_> = (0..PROCESSES).map(|_| in_a_process(adapter)).collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, row) = &found[PROCESSES / 2];
    let mark = if *ratio < AIM { " !" } else { "" };
    let (from, to) = (found[0].0, found[PROCESSES - 1].0);
    println!("| `{adapter}` | {row} | {ratio:.2}{mark} | {from:.2} | {to:.2} |");
}

/// The ratio, and the columns before it.
fn in_a_process(adapter: &str) -> (f64, String) {
    let (name, value) = HELD_MEMORY;
    let mut again = Command::new(env::current_exe().expect("this program"));
    let again = again.args([ONE, adapter]).env(name, value).stderr(Stdio::inherit());
    let output = again.output().expect("a run");
    assert!(output.status.success(), "{adapter}: {}", output.status);
    let shown = String::from_utf8(output.stdout).expect("text");
    let line = shown.lines().next_back().expect("a line");
    let (ratio, row) = line.split_once(' ').expect("a ratio and a row");
    (ratio.parse().expect("a ratio"), row.to_owned())
}

/// One way to make the same round trip.
struct Side<C> {
    call: C,
    took: Duration,
}

impl<C: AsyncFnMut()> Side<C> {
    /// How many calls make a round.
    async fn warm_up(&mut self) -> u32 {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < ROUND * WARM_UP {
            (self.call)().await;
            calls += 1;
        }
        (calls / WARM_UP).max(1)
    }

    async fn round(&mut self, calls: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            (self.call)().await;
        }
        let took = start.elapsed();
        self.took += took;
        took
    }

    fn a_second(&self, calls: u32) -> f64 {
        f64::from(calls) / self.took.as_secs_f64()
    }
}

/// Prints the ratio, and the columns of the table before it.
async fn compare(round_trip: &str, ours: impl AsyncFnMut(), bare: impl AsyncFnMut()) {
    let mut ours = Side { call: ours, took: Duration::ZERO };
    let mut bare = Side { call: bare, took: Duration::ZERO };
    let calls = ours.warm_up().await.min(bare.warm_up().await);
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        let (ours, bare) = if pair % 2 == 0 {
            let ours = ours.round(calls).await;
            (ours, bare.round(calls).await)
        } else {
            let bare = bare.round(calls).await;
            (ours.round(calls).await, bare)
        };
        ratios.push(bare.as_secs_f64() / ours.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    println!(
        "{ratio} {round_trip} | {:.0} | {:.0}",
        ours.a_second(calls * PAIRS),
        bare.a_second(calls * PAIRS)
    );
}

/// The client, as an app gets it.
async fn connect<A: Adapter + Connect>(handle: &Handle) -> A::Client {
    let adapter = A::from_handle(handle).expect("a meaning");
    adapter.connect().await.expect("a client")
}

/// On this machine. As an address: looking up a name is not what is compared.
fn handle(
    scheme: &str,
    port: u16,
    complete: impl FnOnce(HandleBuilder) -> HandleBuilder,
) -> Handle {
    let builder = Handle::builder(scheme).host("127.0.0.1").port(port);
    complete(builder).build().expect("a handle")
}
