//! One struct lists what an app consumes over the network: databases, mail, caches. The derive
//! turns it into loading from the environment that is checked while compiling, and into typed
//! clients that have answered.
//!
//! The code does not know a local MySQL from Amazon RDS: only the *handle* differs, a URL with
//! credentials in an environment variable. Setting the variable attaches a resource, clearing it
//! detaches it.
//!
//! The [book](book) is read in order: [the first five minutes](book::first_five_minutes), [a web
//! app](book::web_app), [handles](book::handles), [settings](book::settings), [platforms], [your own
//! adapter](book::your_own_adapter), [tests](book::tests), [operations](book::operations), [rotation],
//! [troubleshooting](book::troubleshooting).
//!
//! # Five minutes
//!
//! ```toml
//! [dependencies]
//! backing-services = { version = "0.1", features = ["mail", "memcached", "mysql", "sql"] }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
#![cfg_attr(
    all(feature = "mail", feature = "memcached", feature = "mysql", feature = "sql"),
    doc = "```no_run"
)]
#![cfg_attr(
    not(all(feature = "mail", feature = "memcached", feature = "mysql", feature = "sql")),
    doc = "```ignore"
)]
//! use backing_services::drivers::sqlx;
//! use backing_services::{BackingServices, Mail, Memcached, MySql, Sql};
//!
//! /// What the shop consumes over the network.
//! #[derive(BackingServices)]
//! struct Services {
//!     /// Orders and customers.
//!     #[service(env = "DATABASE_URL")]
//!     db: MySql,
//!     mail: Mail, // MAIL_URL
//!     #[service(default = "memcached://localhost:11211")]
//!     cache: Memcached, // CACHE_URL
//!     archive: Option<Sql>, // ARCHIVE_URL; absent or empty: detached
//!     #[service(nested)]
//!     reports: Reports, // REPORTS_DB_URL
//!     #[setting(default = "8080")]
//!     port: u16, // PORT, any type that serde can read
//! }
//!
//! #[derive(BackingServices)]
//! struct Reports {
//!     db: MySql,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), backing_services::Error> {
//!     let services = Services::from_env()?; // no network; every problem at once
//!     let clients = services.connect().await?; // all at the same time; each has answered
//!
//!     let pool: &sqlx::MySqlPool = &clients.db;
//!     println!("{pool:?} serves port {}", services.port);
//!     let mail = services.connect_mail().await?; // or one alone
//!     Ok(())
//! }
//! ```
//!
//! - [`load`](trait@BackingServices#method.load) reads, parses and validates every field. No network.
//! - [`connect`](BackingServices::connect) makes all clients at the same time and proves that each answers:
//!   the struct `ServicesClients`, with one client a field. `connect_<field>()` makes one alone. The clients can be
//!   asked whether they answer, `ping()`, and ended in order, `close(limit)`.
//! - [`manifest`](BackingServices::manifest) lists what the struct declares.
//!
//! # Attributes
//!
//! | on | keys |
//! |---|---|
//! | the struct, `#[services(...)]` | `prefix`, `clients`, `example`, `embed`, `crate` |
//! | a service, `#[service(...)]` | `env`, `alias`, `default`, `nested`, `prefix`, `shared`, `params`, `ignore`, `ready`, `client`, `attr`, `binding` |
//! | a plain value, `#[setting(...)]` | `env`, `alias`, `default`, `flatten`, `prefix` |
//! | an adapter of your own, `#[adapter(...)]` | `schemes`, `example`, `name`, `port`, `bindings`, `unencrypted`, `check`, `debug` and more |
//! | its field, `#[handle(...)]` | `username`, `password`, `host`, `port`, `path`, `name`, `file`, `param`, `flatten`, `names`, `default` and more |
//!
//! [The derive of services](macro@BackingServices) and [that of adapters](macro@Adapter) explain
//! each. A field of type `Option<...>` is one that need not be attached.
//!
//! # The environment
//!
//! [`Environment`] is a snapshot: of the process, of pairs in a test, with or without a `.env` file. For a service
//! whose variable is `DB_URL` the first of these that is set and not empty counts:
//!
//! 1. `DB_URL` (or `DB_URI`), else each `alias` in turn
//! 2. `DB_URL_FILE`, the path of a file that holds the handle
//! 3. `$CREDENTIALS_DIRECTORY/DB_URL`, a systemd credential
//! 4. parts: `DB_HOST`, `DB_PORT`, `DB_USER`, `DB_PASSWORD`, `DB_NAME` ...
//! 5. a Kubernetes service binding or a Cloud Foundry service of the field's name or kind
//! 6. the same as 1 to 4 in the `.env` file, when there is one
//! 7. the field's `default`
//!
//! What a handle can say, a name beside it can say too: `DB_PASSWORD`, `DB_SSLMODE=verify-full`, `CACHE_TLS=none`,
//! an entry of the binding. Nothing that is set is ignored: a name behind `DB_` is used, or it is a problem, or
//! [`Environment::explain`] lists it. Two sources that exclude each other are an error. [`platforms`] has a page
//! for each platform.
//!
//! A [`Handle`] is read by one strict grammar before any driver sees it. What is unknown or ambiguous is an
//! error: a parameter that nobody knows, an unescaped `#` or `@` in a password, the scheme of another service.
//!
//! ```
//! use backing_services::{BackingServices, Environment};
//!
//! #[derive(BackingServices)]
//! struct Settings {
//!     #[setting(default = "8080")]
//!     port: u16,
//!     #[setting]
//!     greeting: Option<String>,
//! }
//!
//! let settings = Settings::load(&Environment::from_pairs([("GREETING", "hello")]))?;
//! assert_eq!((settings.port, settings.greeting.as_deref()), (8080, Some("hello")));
//! # Ok::<(), backing_services::LoadError>(())
//! ```
//!
//! # Errors
//!
//! [`LoadError`] holds all [`Problem`]s of all fields, [`ConnectError`] all [`Failure`]s with the root cause of
//! each, [`Error`] either of them for `?` in `main`. `Display` and `Debug` are the same readable report. No
//! byte of a user name, a password, a token or a parameter shows in any of them, nor in a `Debug` of an adapter.
//!
//! # Before the app starts
//!
//! With the feature `cli`, `backing_services::cli::run::<Services>()` gives a binary the commands of
//! `backing-services`: `myapp services check --env-file prod.env` reads a file of variables, the files of a
//! Kubernetes deploy or a service of a Compose file as the app would, and prints the same report.
//!
//! # What the struct declares
//!
//! [`Manifest`] gives it to tools and people: a `.env.example`, which the key `example` holds against the struct, a
//! Markdown table, JSON and a JSON Schema, a [`Picture`] of the deploy and its resources, a `compose.yaml` that starts
//! them on a developer's machine, Heroku's `app.json`, a workload of Score.
//!
//! # Features
//!
//! One an adapter, none on by default.
//!
//! | feature | type | client |
//! |---|---|---|
//! | `mysql` | `MySql` | `sqlx::MySqlPool` |
//! | `postgres` | `Postgres` | `sqlx::PgPool` |
//! | `sqlite` | `Sqlite` | `sqlx::SqlitePool` |
//! | `sql` | `Sql`: any of the above that is on | `sqlx::AnyPool` |
//! | `redis` | `Redis` | `redis::aio::ConnectionManager` |
//! | `memcached` | `Memcached` | `MemcachedClient`, of this crate |
//! | `couchdb` | `CouchDb` | a `couch_rs::database::Database` |
//! | `rabbitmq` | `RabbitMq` | a `lapin::Connection` that recovers |
//! | `beanstalkd` | `Beanstalkd` | `BeanstalkdClient`, of this crate |
//! | `nats` | `Nats` | `async_nats::Client` |
//! | `smtp` | `Smtp` | `lettre::AsyncSmtpTransport` |
//! | `mail` | `Mail`: SMTP, Postmark, a folder or memory | a `lettre::AsyncTransport` |
//! | `postmark` | `Postmark` | a `postmark::Client` |
//! | `s3` | `S3` | `object_store::aws::AmazonS3` |
//! | `blobs` | `Blobs`: S3, a folder or memory | `Arc<dyn object_store::ObjectStore>` |
//! | `newrelic` | `NewRelic` | OpenTelemetry tracer, meter and logger providers |
//! | `otlp` | `Otlp`: any OpenTelemetry collector | the same providers |
//! | `loggly` | `Loggly` | `LogglyClient`: batched JSON events, a `tracing` layer |
//! | `http-api` | `HttpApi`: any API over HTTP | an `HttpClient` on `reqwest` |
//! | `twitter` | `Twitter`: the API of X | an `HttpClient` on `reqwest` |
//! | `googlemaps` | `GoogleMaps` | an `HttpClient` on `reqwest` |
//! | `lastfm` | `LastFm` | a `LastFmClient` on `reqwest` |
//!
//! Each of them includes `json`: settings that are maps or structs, `VCAP_SERVICES`, the [`Picture`] of a [`Manifest`] and
//! its forms for tools. An app that has adapters of its own alone builds without it, and switches it on where it wants
//! one of these.
//!
//! `cli` gives the app's own binary commands that check an environment without starting the app:
//! [`check`, `explain`, `diff`, `wait`, `ping`](#before-the-app-starts).
//!
//! The modules of [`adapters`] say what a handle of each may hold, and when TLS is used. [`drivers`] has the crates
//! of the clients, so that an app needs no version of its own.
//!
//! Beside them there are `attached`, for an app that follows its environment without a restart, `etcd`, a store of
//! variables, and `testing`, for tests of an app each of which has its services for itself.
//!
//! # Adapters of your own
//!
//! A service that is not in the table takes a few lines: the derive says what a handle means, the app how to
//! connect. The field is then like any other.
//!
//! ```
//! use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle, Secret};
//!
//! #[derive(Adapter, Clone)]
//! #[adapter(schemes("twilio"), example = "twilio://SID:TOKEN@api.twilio.com?region=us1", port = 443)]
//! struct Twilio {
//!     #[handle]
//!     handle: Handle, // so that a failure names its variable
//!     #[handle(username)]
//!     account: Secret,
//!     #[handle(password)]
//!     token: Secret,
//!     #[handle(host)]
//!     host: String,
//!     #[handle(port)]
//!     port: u16,
//!     #[handle(param = "region", default = "us1")]
//!     region: String,
//! }
//!
//! # #[derive(Clone)]
//! # struct Messages;
//! # impl Messages {
//! #     fn new(_: String, _: &str, _: &str) -> Self { Self }
//! # }
//! impl Connect for Twilio {
//!     type Client = Messages;
//!
//!     async fn connect(&self) -> Result<Messages, ClientError> {
//!         let base = format!("https://{}:{}/{}", self.host, self.port, self.region);
//!         Ok(Messages::new(base, self.account.expose(), self.token.expose()))
//!     }
//! }
//!
//! #[derive(BackingServices)]
//! struct Services {
//!     sms: Twilio, // SMS_URL
//! }
//! ```
//!
//! On an enum of adapters, `enum Alerts { Mail(Smtp), Chat(Slack) }`, it makes a field that takes any of them: the
//! scheme chooses, and the client is an enum too. [The derive](macro@Adapter) explains both; a type with rules of its
//! own implements the trait [`Adapter`] by hand.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The derives name the crate by its path, in here as in an app.
extern crate self as backing_services;

// First, because the list is a macro.
#[macro_use]
mod list;

mod adapter;
pub mod adapters;
#[cfg(feature = "attached")]
mod attached;
mod backing;
#[allow(dead_code, reason = "some adapters leave further attempts to their driver")]
mod backoff;
// Pages, and nothing that an app would build.
#[cfg(any(doc, doctest, test))]
pub mod book;
#[cfg(feature = "cli")]
pub mod cli;
mod concurrent;
pub mod drivers;
mod environment;
mod error;
mod explain;
mod file;
mod generated;
mod handle;
mod manifest;
pub mod platforms;
#[cfg(feature = "attached")]
#[doc = include_str!("attached/rotation.md")]
pub mod rotation {}
pub mod record;
mod secret;
mod setting;
mod spelling;
mod suggest;
mod table;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "testing")]
pub use backing_services_derive::test;
pub use backing_services_derive::{Adapter, BackingServices, Parameters, Word};

/// What the derives write calls to. Not public API: it changes with any release.
#[doc(hidden)]
pub mod __private {
    pub use crate::generated::*;
}

pub use self::adapter::grammar::{
    About, Grammar, Hosts, Login, Part, Scheme, TlsWord, Unencrypted, Word,
};
pub use self::adapter::server::Server;
pub use self::adapter::tls::{Tls, read_certificates};
pub use self::adapter::value::{Kind, Unit, Value};
pub use self::adapter::{Adapter, Connect, Parameters};
#[cfg(feature = "etcd")]
pub use self::attached::Etcd;
#[cfg(feature = "attached")]
pub use self::attached::{
    Answer as HealthAnswer, Attached, Builder as AttachedBuilder, Change, Changes, Health, Source,
    Status as HealthStatus, Turn,
};
pub use self::backing::BackingServices;
pub use self::environment::Environment;
pub use self::error::{
    ClientError, ConnectError, Error, Failure, FailureKind, HandleError, LoadError, Problem,
    ProblemKind,
};
pub use self::explain::Explanation;
pub use self::handle::{Handle, HandleBuilder, Host, Origin};
#[cfg(feature = "json")]
pub use self::manifest::{Compose, Format, Picture, UnknownFormat};
pub use self::manifest::{Manifest, Resource, Setting};
pub use self::secret::Secret;

/// By name and each under its own `cfg`: rustc then answers a missing one with the feature that
/// gates it.
macro_rules! reexports {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {$(
        #[cfg($cfg)]
        pub use self::adapters::$module::$adapter;
    )*};
}

__each_adapter!(reexports);

// The code of the README compiles.
#[cfg(all(
    doctest,
    feature = "attached",
    feature = "cli",
    feature = "mail",
    feature = "memcached",
    feature = "mysql",
    feature = "sql"
))]
#[doc = include_str!("../../README.md")]
mod readme {}
