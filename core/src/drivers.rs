//! The crates whose clients the adapters hand out, each under the features that use it: an app that
//! names them from here needs no version of its own, and cannot have another one.
//!
//! ```
//! # #[cfg(feature = "mysql")]
//! use backing_services::drivers::sqlx;
//!
//! # #[cfg(feature = "mysql")]
//! async fn orders(db: &sqlx::MySqlPool) -> Result<i64, sqlx::Error> {
//!     sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(db).await
//! }
//! ```

#[cfg(feature = "nats")]
pub use async_nats;
#[cfg(feature = "couchdb")]
pub use couch_rs;
#[cfg(feature = "rabbitmq")]
pub use lapin;
#[cfg(feature = "smtp")]
pub use lettre;
#[cfg(feature = "s3")]
pub use object_store;
#[cfg(feature = "_otlp")]
pub use opentelemetry;
#[cfg(feature = "_otlp")]
pub use opentelemetry_sdk;
#[cfg(feature = "postmark")]
pub use postmark;
#[cfg(feature = "redis")]
pub use redis;
#[cfg(feature = "http-api")]
pub use reqwest;
#[cfg(feature = "_sqlx")]
pub use sqlx;
#[cfg(feature = "loggly")]
pub use tracing;
