//! An etcd that cannot be asked: the app serves with what it was told last, and follows when etcd is
//! there again.

use std::time::{Duration, Instant};

use backing_services::{Attached, BackingServices, Environment, Etcd, Handle};
use backing_services_tests::servers::{self, Network, PostgreSql};
use tokio::time::sleep;

use crate::attached::{quick, url};
use crate::load::{Load, routes};
use crate::postgres::OnPostgreSql;

#[derive(BackingServices)]
struct Services {
    #[service(env = "IT_URL")]
    it: backing_services::Postgres,
}

/// An app that hears of changes by the watch alone.
async fn start(ports: &[u16]) -> Attached<Services> {
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let handle = format!("etcd://{}/shop/?timeout=2s", hosts.join(","));
    let etcd = Etcd::new(&Handle::parse(&handle).unwrap()).unwrap().at_most(2);
    let builder = quick::<Services>().poll(Duration::from_hours(1)).source(etcd);
    builder.start(Environment::default()).await.unwrap()
}

/// How long it takes until a change is followed.
async fn follows(services: &Attached<Services>, generation: u64) -> Duration {
    let started = Instant::now();
    while services.generation() < generation {
        assert!(started.elapsed() < Duration::from_secs(90), "it stays {services:?}");
        sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// Asked to, too, the app stays with what it has, and says so within the time limits of the calls.
async fn stays(services: &Attached<Services>, limit: Duration) {
    let generation = services.generation();
    let started = Instant::now();
    assert!(services.reload().await.unwrap().changed().is_empty());
    assert!(started.elapsed() < limit, "{:?}", started.elapsed());
    assert_eq!(services.generation(), generation);
}

/// Nothing is closed and nothing comes: the watch finds out after a minute without a word, at the
/// latest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_to_etcd_falls_silent() {
    let databases = [PostgreSql::start(), PostgreSql::start()];
    let urls = [&databases[0], &databases[1]].map(url::<OnPostgreSql>);
    let etcd = servers::Etcd::start();
    let network = Network::to(etcd.port());
    etcd.put("shop/IT_URL", &urls[0]);
    let services = start(&[network.port()]).await;
    let load = Load::start(&services, routes!(Services, it: OnPostgreSql)).await;
    sleep(Duration::from_secs(1)).await;

    network.silence();
    etcd.put("shop/IT_URL", &urls[1]);
    stays(&services, Duration::from_secs(4)).await;
    sleep(Duration::from_secs(10)).await;
    network.speak();
    let took = follows(&services, 2).await;
    assert!(took < Duration::from_secs(65), "{took:?}");

    let done = load.end().await;
    println!("silence: {done} requests, 0 failed, followed {took:?} after the network was back");
}

/// One of three members is left. It answers that it has no leader, or not in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_has_no_quorum() {
    let databases = [PostgreSql::start(), PostgreSql::start()];
    let urls = [&databases[0], &databases[1]].map(url::<OnPostgreSql>);
    let mut members = servers::Etcd::cluster();
    members[0].put("shop/IT_URL", &urls[0]);
    let ports = members.each_ref().map(servers::Etcd::port);
    let services = start(&ports).await;
    let load = Load::start(&services, routes!(Services, it: OnPostgreSql)).await;

    members[1].kill();
    members[2].kill();
    stays(&services, Duration::from_secs(8)).await;
    sleep(Duration::from_secs(5)).await;
    stays(&services, Duration::from_secs(8)).await;
    members[1].restart();
    members[0].put("shop/IT_URL", &urls[1]);
    let took = follows(&services, 2).await;
    assert!(took < Duration::from_secs(20), "{took:?}");

    let done = load.end().await;
    println!("no quorum: {done} requests, 0 failed, followed {took:?} after the change");
}

/// The member that is watched is split from the others, which go on. In their place is another
/// etcd, whose history is longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_without_a_leader_is_left() {
    let databases = [PostgreSql::start(), PostgreSql::start()];
    let urls = [&databases[0], &databases[1]].map(url::<OnPostgreSql>);
    let (mut members, others) = (servers::Etcd::cluster(), servers::Etcd::start());
    members[0].put("shop/IT_URL", &urls[0]);
    for n in 0..50 {
        others.put("elsewhere", &n.to_string());
    }
    let services = start(&[members[0].port(), others.port()]).await;
    let load = Load::start(&services, routes!(Services, it: OnPostgreSql)).await;

    members[1].kill();
    members[2].kill();
    others.put("shop/IT_URL", &urls[1]);
    let took = follows(&services, 2).await;
    assert!(took < Duration::from_secs(40), "{took:?}");

    let done = load.end().await;
    println!("split: {done} requests, 0 failed, followed {took:?} after the split");
}
