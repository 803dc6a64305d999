//! Real servers, each on a free port of 127.0.0.1 and in a temporary folder of its own.
//!
//! Every server is a [`Server`] and has the same shape: `start` (and variants such as `with_tls`), `port`, `kill`
//! (SIGKILL: no goodbye to its clients) and `restart` (same port, same data). Each returns when it
//! is so: the server answers, or its port refuses. Dropping a server ends it and deletes its data,
//! and no server outlives the process that started it.
//!
//! A server that is not installed is a failing test that says what to run.

mod beanstalkd;
mod couchdb;
mod daemon;
mod data_folder;
mod etcd;
mod fake_server;
mod http_server;
mod mariadb;
mod memcached;
mod nats;
mod network;
mod pgbouncer;
mod postfix;
mod postgres;
pub(crate) mod program;
mod rabbitmq;
mod redis;
mod s3;
mod tls_front;

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use backing_services_conformance::Server;
use tempfile::TempDir;

pub use beanstalkd::Beanstalkd;
pub use couchdb::CouchDb;
pub use etcd::Etcd;
pub use fake_server::{FakeServer, Request, Response};
pub use mariadb::MariaDb;
pub use memcached::Memcached;
pub use nats::Nats;
pub use network::Network;
pub use pgbouncer::PgBouncer;
pub use postfix::Postfix;
pub use postgres::PostgreSql;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use s3::S3Server;
pub use tls_front::TlsFront;

macro_rules! server {
    ($($type:ty)*) => {$(
        impl Server for $type {
            fn port(&self) -> u16 {
                self.port()
            }

            fn kill(&mut self) {
                self.kill();
            }

            fn restart(&mut self) {
                self.restart();
            }
        }
    )*};
}

server!(
    Beanstalkd
    CouchDb
    Etcd
    MariaDb
    Memcached
    Nats
    PgBouncer
    Postfix
    PostgreSql
    RabbitMq
    Redis
    S3Server
    FakeServer
);

/// A server's folder, which servers that give up root can enter.
fn folder(server: &str) -> TempDir {
    let folder = TempDir::with_prefix(format!("backing-services-{server}-"))
        .expect("a temporary folder for the server");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("an open folder");
    folder
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// True while nothing listens on `port`.
fn refuses(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
}
