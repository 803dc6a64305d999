//! What clients that follow their environment cost: a snapshot of them, against a clone of an `Arc`,
//! and a look at everything that was read.
//!
//! `cargo bench --bench attached`

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backing_services::{Attached, BackingServices, Environment, Mail, Sqlite};

/// How often an `Attached` looks, unless the app says otherwise.
const POLL: Duration = Duration::from_secs(5);
const LOOKS: u32 = 2000;

#[derive(BackingServices)]
struct Services {
    #[service(env = "DATABASE_URL")]
    db: Sqlite,
    mail: Mail,
    #[setting(default = "8080")]
    port: u16,
}

/// Nanoseconds a call, in the quickest of some rounds.
fn nanoseconds<T>(call: impl Fn() -> T) -> f64 {
    const CALLS: u32 = 100_000;
    let round = || {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        start.elapsed().as_secs_f64() / f64::from(CALLS) * 1e9
    };
    (0..200).map(|_| round()).min_by(f64::total_cmp).unwrap_or_default()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("tokio");
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("url");
    std::fs::write(&url, "sqlite::memory:").expect("a file");
    let environment = Environment::from_pairs([
        ("DATABASE_URL_FILE", url.to_str().expect("UTF-8")),
        ("MAIL_URL", "memory:"),
    ]);
    let services = runtime
        .block_on(Attached::<Services>::start(environment.with_dotenv(folder.path().join(".env"))))
        .expect("it starts");
    assert_eq!(services.services().port, 8080);
    let clients = services.clients();

    let clone = nanoseconds(|| Arc::clone(&clients));
    let snapshot = nanoseconds(|| services.clients());
    println!("| | |");
    println!("|---|---|");
    println!("| `Arc::clone` | {clone:.1} ns |");
    println!("| `clients()` | {snapshot:.1} ns, {:.1} ns more |", snapshot - clone);

    // A reload of what has not changed reads, loads and compares as a look does.

    let start = Instant::now();
    runtime.block_on(async {
        for _ in 0..LOOKS {
            services.reload().await.expect("nothing has changed");
        }
    });
    let look = start.elapsed() / LOOKS;
    let share = look.as_secs_f64() / POLL.as_secs_f64() * 100.0;
    println!("| a look at two resources and a setting | {look:.1?}, {share:.4} % of a core |");
    assert_eq!(services.generation(), 1);
    runtime.block_on(services.shutdown(Duration::from_secs(1)));
}
