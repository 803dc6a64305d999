//! Jobs that are put, reserved and deleted, a second, over one connection to a real beanstalkd.
//!
//! `cargo bench --bench beanstalkd`
//!
//! By hand means one command after the other on a `TcpStream`, each waiting for its answer.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot go on ends")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use backing_services::adapters::beanstalkd::{BeanstalkdClient, BeanstalkdError, Consumer};
use backing_services::{Adapter as _, Beanstalkd, Connect as _, Handle};
use backing_services_tests::servers;

const JOBS: u32 = 20_000;
const ROUNDS: usize = 5;
const BODY: [u8; 100] = [b'x'; 100];

fn main() {
    let server = servers::Beanstalkd::in_memory();
    println!("put, reserve and delete of a job of {} bytes, one connection:", BODY.len());
    report("by hand, one after the other", || by_hand(server.port()).expect("the server answers"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for tasks in [1, 10, 100, 1000] {
        report(&format!("{tasks} tasks"), || runtime.block_on(client(server.port(), tasks)));
    }
}

/// The best of some rounds: the others were disturbed.
fn report(what: &str, round: impl Fn() -> Duration) {
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    println!("{what:>30}: {:>8.0} a second", f64::from(JOBS) / best.as_secs_f64());
}

fn by_hand(port: u16) -> io::Result<Duration> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port))?);
    stream.get_ref().set_nodelay(true)?;
    let mut put = format!("put 1024 0 60 {}\r\n", BODY.len()).into_bytes();
    put.extend_from_slice(&BODY);
    put.extend_from_slice(b"\r\n");
    let (mut line, mut body) = (String::new(), [0; BODY.len() + 2]);
    let start = Instant::now();
    for _ in 0..JOBS {
        ask(&mut stream, &put, &mut line)?;
        ask(&mut stream, b"reserve-with-timeout 0\r\n", &mut line)?;
        stream.read_exact(&mut body)?;
        let id = line.split(' ').nth(1).unwrap_or_default();
        let delete = format!("delete {id}\r\n");
        ask(&mut stream, delete.as_bytes(), &mut line)?;
        assert_eq!(line, "DELETED\r\n");
    }
    Ok(start.elapsed())
}

fn ask(stream: &mut BufReader<TcpStream>, command: &[u8], line: &mut String) -> io::Result<()> {
    stream.get_mut().write_all(command)?;
    line.clear();
    stream.read_line(line).map(drop)
}

async fn client(port: u16, tasks: u32) -> Duration {
    let handle = Handle::parse(&format!("beanstalkd://127.0.0.1:{port}")).expect("a handle");
    let adapter = Beanstalkd::from_handle(&handle).expect("a meaning");
    let client = adapter.connect().await.expect("a connection");
    let consumer = client.consumer();
    let before = total(&client).await;
    let start = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| tokio::spawn(work(client.clone(), consumer.clone(), JOBS / tasks)))
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("the server answers");
    }
    let elapsed = start.elapsed();
    assert_eq!(total(&client).await, before, "one connection did it all");
    Beanstalkd::close(client).await;
    elapsed
}

async fn work(
    client: BeanstalkdClient,
    consumer: Consumer,
    jobs: u32,
) -> Result<(), BeanstalkdError> {
    for _ in 0..jobs {
        client.put(BODY).await?;
        consumer.reserve().await?.delete().await?;
    }
    Ok(())
}

async fn total(client: &BeanstalkdClient) -> Option<u64> {
    client.stats().await.expect("figures").number("total-connections")
}
