//! Every adapter against the real server it is for. `tests/run.sh` installs the servers.
#![cfg(feature = "live")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
mod conformance;

mod beanstalkd;
mod example;
mod blobs;
mod couchdb;
mod files;
mod in_use;
mod googlemaps;
mod http_api;
mod lastfm;
mod mail;
mod memcached;
mod mysql;
mod nats;
mod postgres;
mod loggly;
mod mail;
mod memcached;
mod mysql;
mod newrelic;
mod postmark;
mod quickstart;
mod rds;
mod seven_steps;
mod redis;
mod s3;
mod rabbitmq;
mod smtp;
mod sql;
mod together;
mod twitter;
