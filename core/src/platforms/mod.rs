//! How each platform hands out handles: one page a platform, with a configuration that works and
//! what the struct sees of it.
//!
//! Every page is about this struct. Its code is the same everywhere, and so is the binary.
//!
//! ```
//! # #[cfg(all(feature = "mail", feature = "mysql", feature = "rabbitmq", feature = "redis", feature = "sql"))]
//! # {
//! use backing_services::{BackingServices, Mail, RabbitMq, Redis, Sql};
//!
//! #[derive(BackingServices)]
//! struct Shop {
//!     /// Under its own name, or under that of an add-on.
//!     #[service(alias = "DATABASE_URL", alias = "JAWSDB_URL")]
//!     db: Sql,
//!     #[service(alias = "MAILGUN_SMTP_URL")]
//!     mail: Mail,
//!     #[service(alias = "KV_URL")]
//!     cache: Option<Redis>,
//!     jobs: Option<RabbitMq>,
//! }
//! # }
//! ```
//!
//! The last block of a page is what [`Environment::explain`](crate::Environment::explain) prints
//! there: a handy first line in the log of a deploy.
//!
//! Previous: [settings](crate::book::settings) · Next: [your own
//! adapter](crate::book::your_own_adapter)

#[doc = include_str!("heroku.md")]
pub mod heroku {}

#[doc = include_str!("vercel.md")]
pub mod vercel {}

#[doc = include_str!("docker.md")]
pub mod docker {}

#[doc = include_str!("kubernetes.md")]
pub mod kubernetes {}

#[doc = include_str!("cloud_foundry.md")]
pub mod cloud_foundry {}

#[doc = include_str!("systemd.md")]
pub mod systemd {}

#[doc = include_str!("aspire.md")]
pub mod aspire {}
