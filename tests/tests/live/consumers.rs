//! A consumer that follows its resource: no job is lost while the password rotates, or the broker.
//! It is the consumer of `RabbitMq`'s page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use backing_services::{Attached, BackingServices, Change, Changes, Environment};
use backing_services_tests::servers::RabbitMq;
use futures_util::StreamExt as _;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep};

use crate::attached::{Mount, becomes, is_left, quick};

#[derive(BackingServices)]
struct Services {
    #[service(env = "IT_URL")]
    jobs: backing_services::RabbitMq,
    #[service(default = "sqlite::memory:")]
    other: backing_services::Sqlite,
}

include!("../../../core/doc/consumer.rs");

/// How many times each job was done, by its number.
static DONE: Mutex<BTreeMap<u64, usize>> = Mutex::new(BTreeMap::new());

async fn do_job(job: &[u8]) {
    sleep(Duration::from_millis(1)).await;
    let number = u64::from_be_bytes(job.try_into().unwrap());
    *DONE.lock().unwrap().entry(number).or_default() += 1;
}

/// A job, by one snapshot of the clients. An error where the broker did not say that it has it.
async fn publish(clients: Arc<ServicesClients>, number: u64) -> lapin::Result<()> {
    let channel = clients.jobs.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("jobs".into(), durable, FieldTable::default()).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let (options, job) = (BasicPublishOptions::default(), number.to_be_bytes());
    let confirm =
        channel.basic_publish("".into(), "jobs".into(), options, &job, persistent).await?;
    assert!(confirm.await?.is_ack());
    channel.close(200, "OK".into()).await
}

/// An app that publishes and consumes.
struct App {
    services: Attached<Services>,
    is_over: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
    publishing: JoinHandle<BTreeSet<u64>>,
    consumer: JoinHandle<()>,
    changes: Changes,
}

impl App {
    /// One whose jobs have the numbers from `first` on.
    async fn start(environment: Environment, first: u64) -> Self {
        let services = quick::<Services>().start(environment).await.unwrap();
        let changes = services.changes();
        let consumer = tokio::spawn(consume(services.clone()));
        let (is_over, published) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let publishing = tokio::spawn({
            let (services, is_over) = (services.clone(), Arc::clone(&is_over));
            let published = Arc::clone(&published);
            async move {
                let mut jobs = BTreeSet::new();
                while !is_over.load(Ordering::Relaxed) {
                    let number = first + published.load(Ordering::Relaxed);
                    publish(services.clients(), number).await.expect("no request fails");
                    jobs.insert(number);
                    published.fetch_add(1, Ordering::Relaxed);
                }
                jobs
            }
        });
        Self { services, is_over, published, publishing, consumer, changes }
    }

    /// Waits until some more were published.
    async fn goes_on(&self) -> u64 {
        let (before, started) = (self.published.load(Ordering::Relaxed), Instant::now());
        while self.published.load(Ordering::Relaxed) < before + 20 {
            assert!(started.elapsed() < Duration::from_secs(20), "stuck at {before}");
            sleep(Duration::from_millis(5)).await;
        }
        self.published.load(Ordering::Relaxed)
    }

    /// Swaps the handle, and waits until nobody uses the old client. What was published before it was
    /// written, until its client was there, and right after.
    async fn swap(&self, mount: &Mount, url: &str) -> [Range<u64>; 3] {
        let generation = self.services.generation();
        let old = Arc::downgrade(&self.services.clients());
        let start = self.published.load(Ordering::Relaxed);
        let before = self.goes_on().await;
        mount.swap(url);
        becomes(&self.services, generation + 1).await;
        let during = self.published.load(Ordering::Relaxed);
        let after = self.goes_on().await;
        let started = Instant::now();
        while old.strong_count() > 0 {
            assert!(started.elapsed() < Duration::from_secs(9), "the consumer stays");
            sleep(Duration::from_millis(20)).await;
        }
        [start..before, before..during, during..after]
    }

    /// Every job that was published is done.
    async fn end(mut self) -> (usize, usize) {
        self.is_over.store(true, Ordering::Relaxed);
        let jobs = self.publishing.await.unwrap();
        let started = Instant::now();
        let missing = || {
            let done = DONE.lock().unwrap();
            jobs.iter().filter(|job| !done.contains_key(job)).copied().collect::<Vec<_>>()
        };
        while !missing().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(20), "never done: {:?}", missing());
            sleep(Duration::from_millis(20)).await;
        }
        let started = Instant::now();
        assert!(self.services.shutdown(Duration::from_secs(10)).await.is_empty());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        self.consumer.await.unwrap();
        while let Some(change) = self.changes.next().await {
            assert!(change.cut().is_empty() && change.error().is_none(), "{change}");
        }
        let done = DONE.lock().unwrap();
        (jobs.len(), jobs.iter().filter(|job| done[job] > 1).count())
    }
}

fn say(what: &str, phases: &[[Range<u64>; 3]], (jobs, twice): (usize, usize)) {
    let count = |phase: usize| -> u64 {
        phases.iter().map(|swap| swap[phase].end - swap[phase].start).sum()
    };
    let [before, during, after] = [count(0), count(1), count(2)];
    assert!(before > 0 && during > 0 && after > 0, "{phases:?}");
    println!(
        "{what}: {jobs} jobs, all done, {twice} twice; {before} before, {during} during and {after} \
         right after {} swaps",
        phases.len()
    );
}

/// The broker learns the new password first: what is connected stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_rotates() {
    let server = RabbitMq::start();
    let url = |password: &str| {
        format!("amqp://shop:{password}@localhost:{}/{}", server.port(), server.vhost())
    };
    server.set_password("shop", "p0");
    let mount = Mount::new(&url("p0"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    let other = |n: usize| format!("OTHER_URL=sqlite::memory:?max_connections={n}");
    std::fs::write(&file, other(1)).unwrap();
    let app = App::start(mount.environment().with_dotenv(&file), 0).await;

    // The old client of another resource does not wait for the consumer.
    let old = Arc::downgrade(&app.services.clients());
    std::fs::write(&file, other(2)).unwrap();
    becomes(&app.services, 2).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(old.strong_count(), 0, "the consumer took the new clients");

    let mut phases = Vec::new();
    for n in 1..=3 {
        let password = format!("p{n}");
        server.set_password("shop", &password);
        phases.push(app.swap(&mount, &url(&password)).await);
    }
    say("passwords", &phases, app.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_rotates() {
    let servers = [RabbitMq::start(), RabbitMq::start()];
    let url = |n: usize| crate::attached::url::<crate::rabbitmq::OnRabbitMq>(&servers[n % 2]);
    let mount = Mount::new(&url(0));
    let app = App::start(mount.environment(), 1 << 32).await;
    let mut phases = Vec::new();
    for n in 1..=3 {
        phases.push(app.swap(&mount, &url(n)).await);
        is_left(servers[(n + 1) % 2].port()).await;
    }
    say("brokers", &phases, app.end().await);
}
