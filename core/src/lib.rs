//! TODO crate docs
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapter;
pub mod adapters;
mod backing;
mod environment;
mod error;
mod handle;
mod manifest;
mod near;
#[doc(hidden)]
pub mod private;
mod secret;

pub use backing_services_derive::BackingServices;

pub use self::adapter::Adapter;
pub use self::backing::BackingServices;
pub use self::environment::{Environment, Origin};
pub use self::error::{
    ClientError, ConnectError, Error, Failure, HandleError, LoadError, Problem, ProblemKind,
};
pub use self::handle::{Handle, HandleBuilder, Host};
pub use self::manifest::{Manifest, Resource, Setting};
pub use self::secret::Secret;

// By name and each under its own `cfg`: rustc then answers a missing one with the feature that gates it.
#[cfg(feature = "mail")]
pub use self::adapters::mail::Mail;
#[cfg(feature = "memcached")]
pub use self::adapters::memcached::Memcached;
#[cfg(feature = "mysql")]
pub use self::adapters::mysql::MySql;
#[cfg(feature = "smtp")]
pub use self::adapters::smtp::Smtp;
#[cfg(feature = "sql")]
pub use self::adapters::sql::Sql;
#[cfg(feature = "sqlite")]
pub use self::adapters::sqlite::Sqlite;
