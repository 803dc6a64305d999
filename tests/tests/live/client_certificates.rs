//! A server that lets in clients alone that have a certificate. With TLS 1.3 it says so behind the
//! handshake, when the client has begun to write, and closes: each adapter has to read it
//! nevertheless, also on a busy machine.

use std::time::Duration;

use backing_services::{
    Adapter as _, BackingServices, Connect as _, Environment, FailureKind, HttpApi, Memcached,
    Nats, RabbitMq, Redis, S3, Smtp,
};
use backing_services_conformance::{Ca, Subject as _};
use backing_services_tests::servers::{self, TlsFront};

use crate::nats::OnNats;

#[derive(BackingServices)]
struct Services {
    api: HttpApi,
    cache: Memcached,
    bus: Nats,
    jobs: RabbitMq,
    redis: Redis,
    files: S3,
    mail: Smtp,
}

/// How often each connects: what is lost is lost in some attempts.
const ATTEMPTS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_is_asked_for() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let front = TlsFront::with_client_certificates(&certificate, 1);
    let (ca, port) = (certificate.ca(), front.port());
    let set = |variable: &str, start: &str, end: &str| {
        let more = format!("ca={}&connect_timeout=3s", ca.display());
        (variable.to_owned(), format!("{start}localhost:{port}{end}{more}"))
    };
    let environment = Environment::from_pairs([
        set("API_URL", "https://:token@", "/?ping=me&"),
        set("CACHE_URL", "memcacheds://", "?"),
        set("BUS_URL", "tls://", "?tls_first=true&"),
        set("JOBS_URL", "amqps://", "?"),
        set("REDIS_URL", "rediss://", "?"),
        set("FILES_URL", "s3://k:s@bucket?region=r&endpoint=https://", "&"),
        set("MAIL_URL", "smtps://", "?"),
    ]);
    let services = Services::load(&environment).unwrap();
    for _ in 0..ATTEMPTS {
        let report = services.connect().await.unwrap_err();
        for failure in report.failures() {
            assert_eq!(failure.cause(), "the server asks for a client certificate", "{report}");
            assert_eq!(failure.kind(), FailureKind::Tls, "{report}");
            assert!(failure.elapsed() < Duration::from_secs(2), "{report}");
        }
        assert_eq!(report.failures().len(), 7, "{report}");
        let help = "set `tls-auth-clients` of the server to `optional` or `no`";
        assert!(report.to_string().contains(help), "{report}");
    }
}

/// NATS begins TLS behind its greeting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_asks_for_a_client_certificate() {
    let certificate = Ca::new("right").issue(&["localhost"]);
    let server = servers::Nats::with_client_certificates(&certificate);
    let handle = OnNats::tls_handle("tls", &server, &certificate.ca()).build().unwrap();
    let bus = Nats::from_handle(&handle).unwrap();
    for _ in 0..ATTEMPTS {
        let refused = bus.connect().await.unwrap_err();
        let refused = refused.to_string();
        assert!(refused.starts_with("the server asks for a client certificate"), "{refused}");
    }
}
