//! Every adapter against the real server it is for. `tests/run.sh` installs the servers.
#![cfg(feature = "live")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[macro_use]
mod conformance;

mod example;
mod beanstalkd;
mod files;
mod in_use;
mod mail;
mod memcached;
mod mysql;
mod postgres;
mod nats;
mod quickstart;
mod rds;
mod seven_steps;
mod smtp;
mod sql;
mod together;
