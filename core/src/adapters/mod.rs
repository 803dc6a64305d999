//! The adapters: one module, one cargo feature and one type a service, none on by default.
//!
//! Every module has the same shape: security and providers, the struct that is the table of what a
//! handle may say, [`Connect`](crate::Connect), the driver's errors, tests. [`list.rs`](self) has
//! one line for each.

#[cfg(any(feature = "loggly", feature = "_otlp"))]
#[allow(dead_code, reason = "each service uses some of it")]
mod background;
#[allow(dead_code, reason = "each adapter uses some of it")]
pub(crate) mod ending;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod handover;
#[cfg(feature = "_http")]
#[allow(dead_code, reason = "each service uses some of it")]
pub(crate) mod http_client;
#[cfg(any(feature = "memcached", feature = "nats", feature = "redis"))]
#[allow(dead_code, reason = "each adapter uses some of it")]
mod one_sided_tls;
#[cfg(feature = "_sqlx")]
#[allow(dead_code, reason = "each database uses some of it")]
pub(crate) mod pool;
#[allow(dead_code, reason = "each adapter uses some of it")]
mod refused;
#[cfg(any(feature = "_sqlx", feature = "memcached"))]
mod room;

#[cfg(any(feature = "blobs", feature = "mail"))]
pub mod folder;
#[cfg(feature = "_otlp")]
pub mod telemetry;

/// The modules of the list.
macro_rules! modules {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {$(
        #[cfg($cfg)]
        pub mod $module;
    )*};
}

crate::__each_adapter!(modules);

#[cfg(all(feature = "sql", not(any(feature = "mysql", feature = "postgres", feature = "sqlite"))))]
compile_error!(
    "the feature `sql` is for any database that is compiled in: switch on `mysql`, `postgres` or `sqlite` beside it"
);

#[allow(unused_imports, reason = "each adapter uses some of it")]
pub(crate) use crate::adapter::CONNECT_TIMEOUT;
