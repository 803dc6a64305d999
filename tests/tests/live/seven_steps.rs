//! A compiled shop, never rebuilt and never restarted, moves from one database server to another in seven steps, while
//! a customer goes on ordering.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backing_services_conformance::free_port;
use backing_services_tests::servers::MariaDb;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::example::{self, Running, url};
use crate::mysql::OnMariaDb;

/// The deploy: one process, whose config is a file.
struct Deploy {
    port: u16,
    folder: TempDir,
    running: Running,
}

impl Deploy {
    fn start(config: &str) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join(".env"), config).unwrap();
        let mut command = example::command("maintenance");
        command.env("LISTEN", format!("127.0.0.1:{port}")).current_dir(folder.path());
        Self { port, folder, running: Running::start(command) }
    }

    /// Changes the config, of which the process learns by itself.
    fn release(&self, config: &str) {
        let next = self.folder.path().join(".env.next");
        std::fs::write(&next, config).unwrap();
        std::fs::rename(next, self.folder.path().join(".env")).unwrap();
    }

    async fn answers(&self) -> (u16, String) {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/orders", self.port)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn becomes_closed(&self) {
        let closed = async {
            while self.answers().await != (503, "maintenance\n".to_owned()) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), closed).await.expect("the shop closes");
    }

    /// For as long as a change takes.
    async fn stays_closed(&self) {
        for _ in 0..100 {
            assert_eq!(self.answers().await, (503, "maintenance\n".to_owned()));
            sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Orders one thing after the other until told to stop, each again until it is taken. Gives their
/// count.
fn customer(port: u16, done: Arc<AtomicBool>) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let client = reqwest::Client::new();
        let mut taken = 0;
        while !done.load(Ordering::SeqCst) {
            let number = taken + 1;
            let url = format!("http://127.0.0.1:{port}/orders/{number}");
            let answer = client.put(url).body(format!("item {number}")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                taken = number;
            }
            sleep(Duration::from_millis(2)).await;
        }
        taken
    })
}

async fn orders_of(server: &MariaDb, more_than: u64) -> u64 {
    let enough = async {
        loop {
            let count = server.sql("SELECT count(*) FROM orders").trim().parse().unwrap();
            if count > more_than {
                return count;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), enough).await.expect("orders arrive")
}

const ORDERS: &str = "SELECT number, item FROM orders ORDER BY number";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_replaced_and_no_order_is_lost() {
    let built = example::built("maintenance");
    let old = MariaDb::start();
    let at = |server: &MariaDb| format!("DATABASE_URL={}\n", url::<OnMariaDb>("mysql", server));
    let shop = Deploy::start(&at(&old));
    let done = Arc::new(AtomicBool::new(false));
    let customer = customer(shop.port, Arc::clone(&done));
    orders_of(&old, 20).await;

    // 1. Provision a new database.
    let new = MariaDb::start();
    // 2. Enter maintenance mode.
    shop.release(&(at(&old) + "MAINTENANCE=true\n"));
    shop.becomes_closed().await;
    let before = old.sql(ORDERS);
    // 3. Dump the old database.
    let dump = old.dump();
    // 4. Load it into the new one.
    new.load(&dump);
    // 5. Detach the old one, by clearing the variable. The shop is closed for that reason alone.
    shop.release("DATABASE_URL=\n");
    shop.stays_closed().await;
    // 6. Attach the new one, by setting it.
    shop.release(&(at(&new) + "MAINTENANCE=true\n"));
    shop.stays_closed().await;
    // 7. Leave maintenance mode.
    shop.release(&at(&new));
    let moved = before.lines().count() as u64;
    orders_of(&new, moved + 20).await;

    done.store(true, Ordering::SeqCst);
    let taken = customer.await.unwrap();
    let numbers = new.sql("SELECT number FROM orders ORDER BY number, item");
    let numbers: Vec<u64> = numbers.lines().map(|line| line.parse().unwrap()).collect();
    let all: Vec<u64> = (1..=taken).collect();
    assert_eq!(numbers, all, "every order is there, none twice");
    assert_eq!(shop.answers().await, (200, format!("{taken} orders\n")));
    assert!(new.sql(ORDERS).starts_with(&before), "what was ordered before has not changed");
    assert_eq!(old.sql(ORDERS), before, "the old database is untouched");
    assert_eq!(example::built("maintenance"), built, "nothing was rebuilt");
    shop.running.stop();
}
