//! The adapters: one module, one cargo feature and one type a service, none on by default.
//!
//! Every module has the same shape: the grammar of the handle as a table, the type, the parse, `connect`,
//! `ping`, `close`, tests. A new one touches its file, a feature in `Cargo.toml` and a line here.

#[cfg(any(feature = "loggly", feature = "newrelic"))]
mod background;
#[cfg(feature = "_http")]
#[allow(dead_code, reason = "each service uses some of it")]
mod http;
#[cfg(feature = "_sqlx")]
#[allow(dead_code, reason = "each database uses some of it")]
mod pool;
#[allow(dead_code, reason = "each adapter uses some of it")]
pub(crate) mod shared;

#[cfg(feature = "beanstalkd")]
pub mod beanstalkd;
#[cfg(feature = "blobs")]
pub mod blobs;
#[cfg(feature = "couchdb")]
pub mod couchdb;
#[cfg(feature = "googlemaps")]
pub mod googlemaps;
#[cfg(feature = "http-api")]
pub mod http_api;
#[cfg(feature = "lastfm")]
pub mod lastfm;
#[cfg(feature = "loggly")]
pub mod loggly;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(feature = "memcached")]
pub mod memcached;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "newrelic")]
pub mod newrelic;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postmark")]
pub mod postmark;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(all(feature = "sql", any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
pub mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "twitter")]
pub mod twitter;

#[cfg(all(feature = "sql", not(any(feature = "mysql", feature = "postgres", feature = "sqlite"))))]
compile_error!(
    "the feature `sql` is for any database that is compiled in: switch on `mysql`, `postgres` or `sqlite` beside it"
);

#[allow(unused_imports, reason = "each adapter uses some of it")]
pub(crate) use crate::adapter::CONNECT_TIMEOUT;
