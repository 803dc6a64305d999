//! Every adapter against the real server it is for. `tests/run.sh` installs the servers.
#![cfg(feature = "live")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod attached;
mod beanstalkd;
mod blobs;
mod collector;
mod couchdb;
mod databases;
mod databases_fail_over;
mod databases_in_use;
mod databases_silent;
mod example;
mod examples;
mod files;
mod fleet;
mod googlemaps;
mod health;
mod http_api;
mod in_use;
mod lastfm;
mod load;
mod loggly;
mod mail;
mod memcached;
mod mysql;
mod nats;
mod newrelic;
mod otlp;
mod picture;
mod poolers;
mod postgres;
mod postmark;
mod quickstart;
mod rabbitmq;
mod rds;
mod redis;
mod s3;
mod seven_steps;
mod shop;
mod shutdown;
mod smtp;
mod sql;
mod status_page;
mod swaps;
mod together;
mod twitter;
