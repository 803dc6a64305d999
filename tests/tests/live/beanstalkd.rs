use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backing_services::adapters::beanstalkd::{
    BeanstalkdClient, BeanstalkdError, Consumer, JobState, PutOptions,
};
use backing_services::{
    BackingServices, Beanstalkd, Connect as _, Environment, Handle, HandleBuilder,
};
use backing_services_conformance::{Scripted, Subject};
use backing_services_tests::servers;
use tokio::time::{sleep, timeout};

pub(crate) struct OnBeanstalkd;

impl Subject for OnBeanstalkd {
    type Adapter = Beanstalkd;
    type Server = servers::Beanstalkd;

    fn start() -> servers::Beanstalkd {
        servers::Beanstalkd::start()
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        None
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &BeanstalkdClient) -> Result<(), String> {
        put_and_take(client).await.map_err(|error| error.to_string())
    }
}

/// Every byte there is, and what ends lines in the protocol.
async fn put_and_take(client: &BeanstalkdClient) -> Result<(), BeanstalkdError> {
    let body: Vec<u8> = (0..=255).chain(*b"\r\nput 0 0 1 1\r\nx\r\n").collect();
    let id = client.put(&body).await?;
    let job = client.consumer().reserve().await?;
    assert_eq!((job.id(), job.body()), (id, &body[..]));
    job.delete().await
}

backing_services_conformance::suite!(OnBeanstalkd);

#[derive(BackingServices)]
struct Services {
    queue: Beanstalkd,
}

async fn client(server: &servers::Beanstalkd, rest: &str) -> BeanstalkdClient {
    let url = format!("beanstalkd://localhost:{}{rest}", server.port());
    let services = Services::load(&Environment::from_pairs([("QUEUE_URL", url)])).unwrap();
    services.connect_queue().await.unwrap()
}

const SECOND: Duration = Duration::from_secs(1);
/// Long enough for a machine under load, short enough for a test that fails.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_life_of_a_job() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "/mails?ttr=90s").await;
    let consumer = queue.consumer();

    let id = queue.put_with("late", PutOptions::new().priority(7).delay(SECOND)).await.unwrap();
    let stats = queue.stats_job(id).await.unwrap();
    assert_eq!((stats.tube.as_str(), stats.state), ("mails", JobState::Delayed));
    assert_eq!((stats.priority, stats.ttr), (7, Duration::from_secs(90)));
    assert_eq!(queue.peek_delayed().await.unwrap().unwrap().id, id);
    assert!(consumer.reserve_timeout(Duration::ZERO).await.unwrap().is_none());
    let job = consumer.reserve().await.unwrap();
    assert_eq!((job.id(), job.body()), (id, &b"late"[..]));

    job.release(9, Duration::from_secs(100)).await.unwrap();
    assert_eq!(queue.stats_job(id).await.unwrap().priority, 9);
    queue.kick_job(id).await.unwrap();
    assert_eq!(queue.peek_ready().await.unwrap().unwrap().body, b"late");

    let job = consumer.reserve().await.unwrap();
    job.touch().await.unwrap();
    job.bury(3).await.unwrap();
    assert_eq!(queue.peek_buried().await.unwrap().unwrap().id, id);
    assert_eq!(queue.kick(10).await.unwrap(), 1);

    let job = queue.reserve_job(id).await.unwrap();
    assert!(matches!(queue.reserve_job(id).await, Err(BeanstalkdError::NotFound)));
    assert!(matches!(queue.kick_job(id).await, Err(BeanstalkdError::NotFound)));
    assert_eq!(queue.stats_job(id).await.unwrap().state, JobState::Reserved);
    job.delete().await.unwrap();
    assert!(matches!(queue.stats_job(id).await, Err(BeanstalkdError::NotFound)));
    assert!(matches!(queue.delete(id).await, Err(BeanstalkdError::NotFound)));
    assert_eq!(queue.peek(id).await.unwrap(), None);

    let stats = queue.stats_tube().await.unwrap();
    assert_eq!((stats.get("name"), stats.number("total-jobs")), (Some("mails"), Some(1)));
    assert_eq!(queue.stats().await.unwrap().number("max-job-size"), Some(65535));
    assert_eq!(queue.list_tubes().await.unwrap(), ["default", "mails"]);

    queue.put("paused").await.unwrap();
    queue.pause(Duration::from_secs(100)).await.unwrap();
    assert!(consumer.reserve_timeout(Duration::ZERO).await.unwrap().is_none());
}

#[tokio::test]
async fn several_tubes() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "/a").await;
    let [b, c] = [queue.tube("b").unwrap(), queue.tube("c").unwrap()];
    // One connection, and each put finds its tube.
    for round in 0..50 {
        for (tube, name) in [(&queue, "a"), (&b, "b"), (&c, "c")] {
            tube.put(format!("{name}{round}")).await.unwrap();
        }
    }
    let (consumer, other) = (queue.consumer(), c.consumer());
    consumer.watch("b").unwrap();
    assert_eq!(consumer.watched(), ["a", "b"]);
    let mut taken = BTreeMap::<u8, u32>::new();
    for _ in 0..50 {
        for consumer in [&consumer, &consumer, &other] {
            let job = consumer.reserve_timeout(Duration::ZERO).await.unwrap().unwrap();
            assert_eq!(job.body()[0] == b'c', consumer.watched() == ["c"]);
            *taken.entry(job.body()[0]).or_default() += 1;
            job.delete().await.unwrap();
        }
    }
    assert_eq!(taken, BTreeMap::from([(b'a', 50), (b'b', 50), (b'c', 50)]));

    consumer.ignore("a").unwrap();
    queue.put("nobody takes it").await.unwrap();
    assert!(consumer.reserve_timeout(Duration::ZERO).await.unwrap().is_none());
    assert!(matches!(consumer.ignore("b"), Err(BeanstalkdError::LastTube)));
    assert!(matches!(consumer.watch("no tube"), Err(BeanstalkdError::BadTube)));

    // Also one that is waiting already follows.
    let waiting = tokio::spawn({
        let consumer = consumer.clone();
        async move { consumer.reserve().await.unwrap().body().to_vec() }
    });
    until_waiting(&queue, 1).await;
    consumer.watch("a").unwrap();
    let body = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(body, b"nobody takes it");
}

/// Returns when `count` connections wait for a job.
async fn until_waiting(queue: &BeanstalkdClient, count: u64) {
    let waiting = async {
        while queue.stats().await.unwrap().number("current-waiting") != Some(count) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("somebody waits");
}

#[tokio::test]
async fn bodies_up_to_the_limit_and_beyond() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "").await;
    let body = |size: usize| -> Vec<u8> { (0..=255).rev().cycle().take(size).collect() };
    for size in [0, 1, 4096, 65_534, 65_535] {
        queue.put(body(size)).await.unwrap();
        let job = queue.consumer().reserve().await.unwrap();
        assert_eq!(job.body(), body(size));
        job.delete().await.unwrap();
    }
    // What is refused does not disturb what is behind it.
    let (big, small) = tokio::join!(queue.put(body(65_536)), queue.put("small"));
    assert!(matches!(big, Err(BeanstalkdError::JobTooBig)), "{big:?}");
    assert_eq!(queue.consumer().reserve().await.unwrap().id(), small.unwrap());
}

/// Whatever waits, a job in hand is within reach, and other tasks go on.
#[tokio::test]
async fn a_job_is_within_reach_while_its_consumer_waits() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "").await;
    let consumer = queue.consumer();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let consumer = consumer.clone();
            tokio::spawn(async move { consumer.reserve().await })
        })
        .collect();
    until_waiting(&queue, 1).await;
    queue.put("one").await.unwrap();
    queue.put("two").await.unwrap();
    let mut jobs = Vec::new();
    let mut others = Vec::new();
    for task in waiting {
        // The first two in line.
        if jobs.len() < 2 {
            jobs.push(timeout(PATIENCE, task).await.unwrap().unwrap().unwrap());
        } else {
            others.push(task);
        }
    }
    until_waiting(&queue, 1).await;
    let connections = queue.stats().await.unwrap().number("current-connections").unwrap();
    assert!(connections <= 4, "{connections} connections for 18 waiting tasks and 2 jobs");
    let started = Instant::now();
    for job in jobs {
        job.touch().await.unwrap();
        job.delete().await.unwrap();
    }
    assert!(started.elapsed() < SECOND, "{:?}", started.elapsed());
    for _ in &others {
        queue.put("rest").await.unwrap();
    }
    for task in others {
        timeout(PATIENCE, task).await.unwrap().unwrap().unwrap().delete().await.unwrap();
    }
    assert_eq!(queue.stats().await.unwrap().number("current-jobs-reserved"), Some(0));
}

#[tokio::test]
async fn waiting_ends_in_time() {
    let server = servers::Beanstalkd::start();
    let consumer = client(&server, "").await.consumer();
    for limit in [Duration::from_millis(100), SECOND, Duration::from_millis(1500)] {
        let started = Instant::now();
        assert!(consumer.reserve_timeout(limit).await.unwrap().is_none());
        let waited = started.elapsed();
        assert!(waited >= limit && waited < limit + SECOND, "{waited:?} for {limit:?}");
    }
}

/// A future that is dropped, wherever it has got to, loses no job and mixes no answers up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_futures_lose_nothing() {
    const JOBS: u64 = 300;
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "").await;
    let consumer = queue.consumer();
    for id in 0..JOBS {
        queue.put_with(id.to_string(), PutOptions::new().priority(77)).await.unwrap();
    }
    for round in 0..1000 {
        let limit = Duration::from_micros(round % 300);
        // Some give up before, some while and some after the server has answered.
        let _ = timeout(limit, consumer.reserve()).await;
        let _ = timeout(limit, queue.put_with("", PutOptions::new().delay(PATIENCE * 60))).await;
        let _ = timeout(limit, queue.stats()).await;
    }
    // One that waits for a job which comes as it is dropped.
    let empty = queue.tube("empty").unwrap();
    let waits = empty.consumer();
    for round in 0..100 {
        let (_, id) = tokio::join!(
            timeout(Duration::from_micros(round * 20), waits.reserve()),
            empty.put("x")
        );
        let job = timeout(PATIENCE, waits.reserve()).await.unwrap().unwrap();
        assert_eq!(job.id(), id.unwrap());
        job.delete().await.unwrap();
    }
    let mut left = BTreeSet::new();
    while let Some(job) = consumer.reserve_timeout(SECOND).await.unwrap() {
        assert_eq!(queue.stats_job(job.id()).await.unwrap().priority, 77, "as it was put");
        left.insert(String::from_utf8_lossy(job.body()).parse::<u64>().unwrap());
        job.delete().await.unwrap();
    }
    assert_eq!(left.len() as u64, JOBS);
    assert_eq!(queue.stats().await.unwrap().number("current-jobs-reserved"), Some(0));
}

/// Whoever reads the answers, a caller that is alone or the task of the connection: each gets its
/// own, also beside one that leaves and one that is not polled for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_come_and_go_get_their_own_answers() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "").await;
    let callers = (0..4_u64).map(|caller| {
        let queue = queue.clone();
        tokio::spawn(async move {
            for round in 0..500 {
                let body = format!("{caller} {round}");
                let id = queue.put(&body).await.unwrap();
                let _ = timeout(Duration::from_micros(round % 150), queue.stats()).await;
                let mut kept = pin!(queue.list_tubes());
                let early = timeout(Duration::ZERO, kept.as_mut()).await;
                let found = queue.peek(id).await.unwrap().map(|job| job.body);
                assert_eq!(found, Some(body.into_bytes()));
                if round % 2 == 0 {
                    let tubes = match early {
                        Ok(tubes) => tubes,
                        Err(_) => kept.await,
                    };
                    assert_eq!(tubes.unwrap(), ["default"]);
                }
                queue.delete(id).await.unwrap();
                if round % 20 == caller {
                    // One of the others may be alone meanwhile.
                    sleep(Duration::from_millis(2)).await;
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        timeout(PATIENCE * 6, caller).await.expect("an answer got lost").unwrap();
    }
    assert_eq!(queue.stats().await.unwrap().number("current-jobs-ready"), Some(0));
}

#[tokio::test]
async fn a_dropped_job_is_given_back() {
    let server = servers::Beanstalkd::start();
    let queue = client(&server, "").await;
    let consumer = queue.consumer();
    let id = queue.put_with("x", PutOptions::new().priority(5)).await.unwrap();
    drop(consumer.reserve().await.unwrap());
    // The same for one that had to be waited for.
    let job = consumer.reserve().await.unwrap();
    job.delete().await.unwrap();
    let (job, again) = tokio::join!(consumer.reserve(), async {
        until_waiting(&queue, 1).await;
        queue.put_with("y", PutOptions::new().priority(6)).await.unwrap()
    });
    drop(job.unwrap());
    let job = timeout(PATIENCE, consumer.reserve()).await.unwrap().unwrap();
    assert!(again > id && job.id() == again);
    assert_eq!(queue.stats_job(again).await.unwrap().priority, 6);
}

/// The server gives a job out again when its time is over, here to the same connection: who had it
/// first can neither delete nor release what the second works on.
#[tokio::test]
async fn a_job_whose_time_is_over_belongs_to_the_next() {
    let server = servers::Beanstalkd::start();
    let (queue, watcher) = (client(&server, "?ttr=1s").await, client(&server, "").await);
    let consumer = queue.consumer();
    let id = queue.put("x").await.unwrap();
    let slow = consumer.reserve().await.unwrap();
    until_ready(&watcher, id).await;
    let next = consumer.reserve_timeout(Duration::ZERO).await.unwrap().unwrap();
    assert_eq!((slow.id(), next.id()), (id, id));
    assert!(matches!(slow.touch().await, Err(BeanstalkdError::NotFound)));
    assert!(matches!(slow.delete().await, Err(BeanstalkdError::NotFound)));
    assert_eq!(watcher.stats_job(id).await.unwrap().state, JobState::Reserved);
    next.delete().await.unwrap();

    let id = queue.put("y").await.unwrap();
    let slow = consumer.reserve().await.unwrap();
    until_ready(&watcher, id).await;
    assert!(matches!(slow.touch().await, Err(BeanstalkdError::NotFound)));
    slow.delete().await.expect("late, but nobody else has begun");

    // The same for a job that had to be waited for.
    let (slow, id) = tokio::join!(consumer.reserve(), async {
        until_waiting(&watcher, 1).await;
        queue.put("z").await.unwrap()
    });
    until_ready(&watcher, id).await;
    assert!(matches!(slow.unwrap().touch().await, Err(BeanstalkdError::NotFound)));
}

/// Returns when a job's time to run is over, though nobody uses the connection that has reserved
/// it.
async fn until_ready(watcher: &BeanstalkdClient, id: u64) {
    let started = Instant::now();
    while watcher.stats_job(id).await.unwrap().state != JobState::Ready {
        assert!(started.elapsed() < Duration::from_secs(10), "the job is reserved for ever");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_restart_loses_a_job_in_hand_to_the_next() {
    let mut server = servers::Beanstalkd::start();
    let queue = client(&server, "/mails").await;
    let consumer = queue.consumer();
    let id = queue.put("x").await.unwrap();
    let job = consumer.reserve().await.unwrap();
    server.restart();
    // The death of the connection may not have been noticed yet: then nobody can know.
    let error = job.delete().await.unwrap_err();
    assert!(
        matches!(error, BeanstalkdError::Lost | BeanstalkdError::Unknown(_)),
        "neither lost nor unknown: {error}"
    );
    let job = timeout(PATIENCE, consumer.reserve()).await.unwrap().unwrap();
    assert_eq!((job.id(), job.body()), (id, &b"x"[..]));
    job.delete().await.unwrap();

    let job = {
        queue.put("y").await.unwrap();
        consumer.reserve().await.unwrap()
    };
    server.kill();
    sleep(Duration::from_millis(100)).await;
    assert!(matches!(job.delete().await, Err(BeanstalkdError::Lost)));
}

#[tokio::test]
async fn a_server_that_stays_away_is_told_in_time() {
    let mut server = servers::Beanstalkd::start();
    let queue = client(&server, "?connect_timeout=500ms").await;
    let consumer = queue.consumer();
    let waiting = tokio::spawn({
        let consumer = consumer.clone();
        async move { consumer.reserve().await.map(|job| job.body().to_vec()) }
    });
    until_waiting(&queue, 1).await;
    server.kill();
    sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    let error = queue.put("x").await.unwrap_err();
    assert!(matches!(error, BeanstalkdError::Unreachable(_)), "{error}");
    assert!(matches!(consumer.reserve_timeout(SECOND).await, Ok(None) | Err(_)));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    // A server that accepts and says nothing.
    let silent = Scripted::silent_on(server.port());
    let error = queue.put("y").await.unwrap_err();
    assert!(matches!(error, BeanstalkdError::Unknown(_)), "{error}");
    drop(silent);

    server.restart();
    queue.put("z").await.unwrap();
    let body = timeout(PATIENCE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(body, b"z", "whoever waits goes on when the server is back");
}

/// A test's runtime ends with it, and the client may be a static.
#[test]
fn a_client_outlives_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = servers::Beanstalkd::start();
    let queue = runtime().block_on(client(&server, ""));
    let started = Instant::now();
    runtime().block_on(put_and_take(&queue)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn closing_ends_everything_in_order() {
    let server = servers::Beanstalkd::start();
    let watcher = client(&server, "").await;
    let queue = client(&server, "").await;
    let consumer = queue.consumer();
    let waiting = tokio::spawn({
        let consumer = consumer.clone();
        async move { consumer.reserve().await.map(|job| job.id()) }
    });
    until_waiting(&watcher, 1).await;
    let puts: Vec<_> = (0..500)
        .map(|id| {
            let tube = queue.tube("later").unwrap();
            tokio::spawn(async move { tube.put(id.to_string()).await })
        })
        .collect();
    tokio::task::yield_now().await;
    Beanstalkd::close(queue.clone()).await;
    assert!(matches!(waiting.await.unwrap(), Err(BeanstalkdError::Closed)));
    let mut done = 0;
    for put in puts {
        match put.await.unwrap() {
            Ok(_) => done += 1,
            Err(BeanstalkdError::Closed) => {}
            Err(error) => panic!("neither done nor refused: {error}"),
        }
    }
    let stored = watcher.tube("later").unwrap().stats_tube().await;
    let stored = stored.map_or(0, |stats| stats.number("total-jobs").unwrap());
    assert_eq!(stored, done, "what was acknowledged, and nothing else");
    assert!(matches!(queue.put("x").await, Err(BeanstalkdError::Closed)));
    assert!(matches!(consumer.reserve().await, Err(BeanstalkdError::Closed)));
    let alone = async {
        while watcher.stats().await.unwrap().number("current-connections") != Some(1) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, alone).await.expect("its connections are gone");
}

/// Producers and consumers at work while the server is killed and comes back, five times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_job_survives_restarts() {
    let mut server = servers::Beanstalkd::start();
    let queue = client(&server, "/work?ttr=5s").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (acknowledged, processed) = (shared(), shared());

    let producers: Vec<_> = (0..4_u64)
        .map(|producer| {
            let (queue, stop) = (queue.clone(), Arc::clone(&stop));
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                let mut number = producer;
                while !stop.load(Ordering::SeqCst) {
                    number += 4;
                    if queue.put(number.to_string()).await.is_ok() {
                        acknowledged.lock().unwrap().insert(number);
                    }
                }
            })
        })
        .collect();
    let consumer = queue.consumer();
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let (consumer, processed) = (consumer.clone(), Arc::clone(&processed));
            tokio::spawn(async move { process(&consumer, &processed).await })
        })
        .collect();

    for _ in 0..5 {
        sleep(Duration::from_millis(300)).await;
        server.kill();
        sleep(Duration::from_millis(50)).await;
        let before = acknowledged.lock().unwrap().len();
        server.restart();
        let more = async {
            while acknowledged.lock().unwrap().len() < before + 10 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, more).await.expect("the same client puts again");
    }
    stop.store(true, Ordering::SeqCst);
    for producer in producers {
        producer.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let all = async {
        while !acknowledged.is_subset(&processed.lock().unwrap()) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("every acknowledged job is processed");
    assert!(acknowledged.len() > 50);
    let emptied = async {
        loop {
            let stats = queue.stats_tube().await.unwrap();
            let left = ["ready", "reserved", "delayed", "buried"]
                .map(|state| stats.number(&format!("current-jobs-{state}")).unwrap());
            if left == [0; 4] {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, emptied).await.expect("nothing is left behind");
    consumers.iter().for_each(tokio::task::JoinHandle::abort);
}

fn shared() -> Arc<Mutex<BTreeSet<u64>>> {
    Arc::default()
}

async fn process(consumer: &Consumer, processed: &Mutex<BTreeSet<u64>>) {
    loop {
        let job = consumer.reserve().await.expect("it rides out the restarts");
        let number = String::from_utf8_lossy(job.body()).parse().unwrap();
        match job.delete().await {
            // Where it failed, somebody gets it or has it, or it was deleted and nobody told.
            Ok(())
            | Err(
                BeanstalkdError::Lost | BeanstalkdError::Unknown(_) | BeanstalkdError::NotFound,
            ) => {}
            Err(error) => panic!("{error}"),
        }
        processed.lock().unwrap().insert(number);
    }
}
