//! How a test gets each service of this crate for itself.

#[cfg(feature = "beanstalkd")]
mod beanstalkd;
#[cfg(feature = "blobs")]
mod blobs;
#[cfg(feature = "couchdb")]
mod couchdb;
#[cfg(any(feature = "blobs", feature = "mail"))]
mod folder;
#[cfg(any(feature = "blobs", feature = "mail", feature = "sqlite"))]
mod leftovers;
#[cfg(feature = "mail")]
mod mail;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "s3")]
mod objects;
#[cfg(feature = "_sqlx")]
#[allow(dead_code, reason = "of a database")]
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "s3")]
mod s3;
#[cfg(all(feature = "sql", any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
