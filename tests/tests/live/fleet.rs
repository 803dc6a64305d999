//! Eight processes of one compiled example read their variables from one etcd, and rotate under
//! load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backing_services_conformance::free_port;
use backing_services_tests::servers::{Etcd, PostgreSql};
use tokio::time::sleep;

use crate::example::{self, Running, url};
use crate::postgres::OnPostgreSql;

const PROCESSES: usize = 8;
const ROTATIONS: usize = 10;

async fn answer(client: &reqwest::Client, port: u16) -> Result<usize, String> {
    let answer = client.get(format!("http://127.0.0.1:{port}/now")).send().await;
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status();
    let text = answer.text().await.map_err(|error| error.to_string())?;
    match text.split_once(' ').map(|(generation, _)| generation.parse()) {
        Some(Ok(generation)) if status.is_success() => Ok(generation),
        _ => Err(format!("{status}: {text}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_rotate_ten_times_and_no_request_fails() {
    let servers = [PostgreSql::start(), PostgreSql::start()];
    let urls = [&servers[0], &servers[1]]
        .map(|server| url::<OnPostgreSql>("postgres", server) + "?max_connections=3");
    let mut etcd = Etcd::start();
    etcd.put("shop/DATABASE_URL", &urls[0]);
    let ports: Vec<u16> = (0..PROCESSES).map(|_| free_port()).collect();
    let fleet = ports.iter().map(|port| {
        let mut command = example::command("fleet");
        command
            .env("ETCD_URL", format!("etcd://127.0.0.1:{}/shop/", etcd.port()))
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .env("JITTER", "1s");
        Running::start(command)
    });
    let fleet: Vec<_> = fleet.collect();

    let (is_over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = ports
        .iter()
        .map(|&port| {
            let (is_over, done) = (Arc::clone(&is_over), Arc::clone(&done));
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                let mut failed = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    match answer(&client, port).await {
                        Ok(_) => drop(done.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => failed.push(error),
                    }
                    sleep(Duration::from_millis(5)).await;
                }
                failed
            })
        })
        .collect();

    let client = reqwest::Client::new();
    let mut at_once = 0;
    for rotation in 1..=ROTATIONS {
        // The store is away for a moment in the middle, and without its history.
        if rotation == ROTATIONS / 2 {
            etcd.kill();
            sleep(Duration::from_millis(500)).await;
            etcd.restart();
        }
        etcd.put("shop/DATABASE_URL", &urls[rotation % 2]);
        if rotation == ROTATIONS / 2 {
            etcd.compact();
        }
        let started = Instant::now();
        for &port in &ports {
            while answer(&client, port).await.unwrap() < rotation + 1 {
                assert!(started.elapsed() < Duration::from_mins(1), "{port} stays");
                at_once = at_once.max(etcd.count("shop/turns/"));
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
    is_over.store(true, Ordering::Relaxed);
    for load in load {
        assert_eq!(load.await.unwrap(), Vec::<String>::new());
    }
    let done = done.load(Ordering::Relaxed);
    println!(
        "{done} requests, {ROTATIONS} rotations of {PROCESSES} processes, 0 failed, at most {at_once} at once"
    );
    assert!(done > 1000, "{done}");
    assert!((1..=2).contains(&at_once), "{at_once} in transition at once");
    for process in fleet {
        process.stop();
    }
}
