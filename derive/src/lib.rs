//! The derives of [`backing-services`], which re-exports it: depend on that crate.
//!
//! [`backing-services`]: https://docs.rs/backing-services

#![forbid(unsafe_code)]

mod adapter;
mod attr;
mod errors;
mod near;
mod services;
mod types;

use proc_macro::TokenStream;
use syn::DeriveInput;

/// Turns a struct into everything one deploy attaches: a field a service.
///
/// A field's type is an adapter such as `MySql`, or an `Option` of one for a service that may be
/// detached. With `#[service(nested)]` it is another struct that derives, or an `Option` of one, which is
/// `None` when not one of its variables is set. With `#[setting]` it is a plain value.
///
/// | where | key | meaning |
/// |---|---|---|
/// | `#[services]` | `prefix = "..."` | goes before every variable name that is derived from a field's |
/// | `#[services]` | `clients = "..."` | names the generated struct of clients, `<Struct>Clients` by default |
/// | `#[services]` | `example = "..."` | a file, from the folder of `Cargo.toml`, that must name every variable, each handle with a scheme that its field takes; checked while compiling, again after every edit of the file. What need not be set may be commented out |
/// | `#[services]` | `crate = "..."` | the path of `backing_services`, where it has another name or comes through another crate |
/// | `#[service]` | `env = "..."` | the variable, literally |
/// | `#[service]` | `alias = "..."` | another variable, read when the first is not set; may be repeated |
/// | `#[service]` | `default = "..."` | the handle when no variable is set; its syntax and scheme are checked while compiling |
/// | `#[service]` | `nested` | the type derives `BackingServices` too |
/// | `#[service]` | `prefix = "..."` | goes before every variable name inside a nested struct; by default the struct's prefix, the field's name and `_` |
/// | `#[service]` | `binding = "..."` | the name in platform bindings, where it differs from the field's |
/// | `#[setting]` | `env = "..."` | the variable, literally |
/// | `#[setting]` | `default = "..."` | the value when the variable is not set |
///
/// Without `env`, the variable of a service is the struct's prefix, the field's name in upper case and
/// `_URL`, which is not doubled where the name ends in `url`; the variable of a setting is the same
/// without `_URL`. No variable may be read twice, also not through an alias, a nested struct or as the
/// `X_FILE` of an `X`.
///
/// # What it makes
///
/// - the implementation of the trait `BackingServices`: `load`, `from_env`, `connect`, `manifest`
/// - `<Struct>Clients`, as visible as the struct: the client of each service under its field's name.
///   It is `Clone`, and its `Debug` shows nothing of a client
/// - `connect_<field>()` for each service, as visible as the field: that client alone
///
/// # Examples
///
/// ```
#[doc = include_str!("../doc/adapter.rs")]
/// use backing_services::{BackingServices, Environment};
///
/// /// What the shop consumes over the network.
/// #[derive(BackingServices)]
/// #[services(prefix = "SHOP_")]
/// struct Services {
///     /// Orders and customers.
///     #[service(env = "DATABASE_URL", alias = "CLEARDB_DATABASE_URL")]
///     db: MySql,
///     /// `SHOP_CACHE_URL`
///     #[service(default = "mysql://localhost/cache")]
///     cache: MySql,
///     /// `SHOP_JOBS_URL`: absent or empty, there are no jobs.
///     jobs: Option<MySql>,
///     /// `SHOP_PORT`
///     #[setting(default = "8080")]
///     port: u16,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let services = Services::load(&Environment::from_pairs([("DATABASE_URL", "mysql://db")]))?;
/// assert_eq!(services.port, 8080);
///
/// let clients: ServicesClients = services.connect().await?;
/// assert!(clients.jobs.is_none());
/// let db = services.connect_db().await?;
/// # let _ = (clients.db, clients.cache, db);
/// # Ok(())
/// # }
/// ```
///
/// A struct of services inside another, here twice:
///
/// ```
#[doc = include_str!("../doc/adapter.rs")]
/// use backing_services::{BackingServices, Environment};
///
/// #[derive(BackingServices)]
/// #[services(clients = "Attached")]
/// struct Services {
///     /// `EU_DATABASE_URL` and `EU_WORKERS`
///     #[service(nested)]
///     eu: Region,
///     /// `AMERICA_DATABASE_URL` and `AMERICA_WORKERS`
///     #[service(nested, prefix = "AMERICA_")]
///     us: Option<Region>,
/// }
///
/// #[derive(BackingServices)]
/// struct Region {
///     #[service(env = "DATABASE_URL", binding = "orders-db")]
///     db: MySql,
///     #[setting(env = "WORKERS", default = "2")]
///     workers: u8,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let services = Services::load(&Environment::from_pairs([("EU_DATABASE_URL", "mysql://db")]))?;
/// assert_eq!(services.eu.workers, 2);
///
/// let Attached { eu, us } = services.connect().await?;
/// assert!(us.is_none());
/// # let _ = eu.db;
/// # Ok(())
/// # }
/// ```
///
/// The crate under another name, and an example file that is held to the struct:
///
/// ```
/// # extern crate backing_services as attached;
/// # mod adapters {
#[doc = include_str!("../doc/adapter.rs")]
/// # }
/// # use adapters::MySql;
/// #[derive(attached::BackingServices)]
/// #[services(crate = "attached", example = "doc/.env.example")]
/// struct Services {
///     db: MySql,
/// }
/// ```
#[proc_macro_derive(BackingServices, attributes(services, service, setting))]
pub fn backing_services(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    services::derive(&input).into()
}

/// Attaches a service that this crate does not know: the derive reads the handle, the app says how to
/// connect.
///
/// # On a struct
///
/// Each field takes one part of the handle, and the app implements `Connect`: `connect`, and if it likes
/// `ping` and `close`.
///
/// | where | key | meaning |
/// |---|---|---|
/// | `#[adapter]` | `schemes("...")` | the schemes it takes, in lower case, the preferred one first; required |
/// | `#[adapter]` | `example = "..."` | a handle that shows the form; its syntax and scheme are checked while compiling; required |
/// | `#[adapter]` | `name = "..."` | the name of the service in messages, by default that of the type |
/// | `#[adapter]` | `port = ...` | the port of a handle that has none |
/// | `#[adapter]` | `debug` | implements `Debug`, which shows scheme, host and port and nothing else; the first two need the field of the whole handle |
/// | `#[adapter]` | `client = "..."` | on an enum: names the generated enum of clients, `<Enum>Client` by default |
/// | `#[adapter]` | `crate = "..."` | the path of `backing_services`, where it has another name or comes through another crate |
/// | `#[handle]` | `username` | the user name, decoded: `String`, `Secret` or an `Option` of one |
/// | `#[handle]` | `password` | the password, decoded: `Secret` or `Option<Secret>` |
/// | `#[handle]` | `host` | the host: `String`, `Host`, an `Option` of one, or `Vec<Host>` for a handle with several; a `Host` has its port with it |
/// | `#[handle]` | `port` | the port: `u16` or `Option<u16>` |
/// | `#[handle]` | `path` | the path, decoded and without the `/` that ends the host; a handle without a host keeps it: `String`, `Secret` or an `Option` of one |
/// | `#[handle]` | `param = "..."` | a parameter, of any type that `serde` can read; `Option` for one that may be absent |
/// | `#[handle]` | `default = "..."` | the value of a parameter that is absent; checked while compiling for numbers, `bool` and `Duration`, else with the first handle |
///
/// `#[handle]` alone takes the whole `Handle`. With it a failure names the very variable, alias, file or line that the
/// handle came from, and the host; without it, the variable that the field is named after. Give every adapter such a
/// field.
///
/// A part that no field takes is refused when a handle has it, and so is an unknown parameter. A part that a
/// field needs must be there, unless the field is an `Option`. Without a field for the host, a handle has that of the
/// example or none. A parameter `connect_timeout` of type `Duration` or `Option<Duration>` is the time limit for
/// connecting, else 10 seconds.
///
/// What `connect` and `ping` repeat of user name, password and parameters is masked in reports, and so is a path that is
/// a `Secret`. A derived `Debug` shows a `String`, but no byte of a `Secret`: where the user name or the path is a token
/// make it one, or let the key `debug` write the `Debug`.
///
/// ```
/// use std::time::Duration;
///
/// use backing_services::{Adapter, BackingServices, ClientError, Connect, Environment, Handle, Secret};
///
/// #[derive(Adapter, Clone)]
/// #[adapter(
///     name = "Twilio",
///     schemes("twilio"),
///     example = "twilio://SID:TOKEN@api.twilio.com?region=us1",
///     port = 443,
///     debug
/// )]
/// struct Twilio {
///     #[handle]
///     handle: Handle,
///     #[handle(username)]
///     account: String,
///     #[handle(password)]
///     token: Secret,
///     #[handle(host)]
///     host: String,
///     #[handle(port)]
///     port: u16,
///     #[handle(param = "region", default = "us1")]
///     region: String,
///     #[handle(param = "connect_timeout", default = "5s")]
///     connect_timeout: Duration,
/// }
///
/// /// The ecosystem's client, or the app's own.
/// #[derive(Clone)]
/// struct Messages {
///     base: String,
/// }
///
/// impl Connect for Twilio {
///     type Client = Messages;
///
///     async fn connect(&self) -> Result<Messages, ClientError> {
///         let _authorization = (&self.account, self.token.expose());
///         Ok(Messages { base: format!("https://{}:{}/{}", self.host, self.port, self.region) })
///     }
/// }
///
/// #[derive(BackingServices)]
/// struct Services {
///     sms: Twilio, // SMS_URL
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let environment = Environment::from_pairs([("SMS_URL", "twilio://AC1:t0ken@api.twilio.com")]);
/// let services = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", services.sms), "Twilio(twilio://api.twilio.com:443)");
/// let clients = services.connect().await?;
/// assert_eq!(clients.sms.base, "https://api.twilio.com:443/us1");
///
/// let environment = Environment::from_pairs([("SMS_URL", "twilio://AC1:t0ken@api.twilio.com?regoin=ie1")]);
/// let report = Services::load(&environment).err().unwrap();
/// assert_eq!(report.problems()[0].help(), "did you mean `region`?");
/// # Ok(())
/// # }
/// ```
///
/// # On an enum
///
/// Each variant holds one adapter, and the scheme of the handle chooses: a field that takes any of them. No two may take
/// the same scheme. The name is the enum's or that of the key `name`, the example that of the first variant. The client is
/// a generated enum `<Enum>Client` with the same variants, as visible as the enum; it is `Clone`, and its `Debug`
/// shows nothing of a client.
///
/// ```
/// # use backing_services::{BackingServices, ClientError, Connect, Environment, Handle};
/// use backing_services::Adapter;
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("smtp"), example = "smtp://localhost")]
/// # struct Smtp { #[handle(host)] host: String }
/// # impl Connect for Smtp {
/// #     type Client = String;
/// #     async fn connect(&self) -> Result<String, ClientError> { Ok(self.host.clone()) }
/// # }
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("slack"), example = "slack://hooks.slack.com/T0/B0/token")]
/// # struct Slack { #[handle(path)] hook: backing_services::Secret }
/// # impl Connect for Slack {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), ClientError> { let _ = &self.hook; Ok(()) }
/// # }
///
/// #[derive(Adapter, Clone)]
/// enum Alerts {
///     Mail(Smtp),
///     Chat(Slack),
/// }
///
/// #[derive(BackingServices)]
/// struct Services {
///     alerts: Alerts, // ALERTS_URL
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let environment = Environment::from_pairs([("ALERTS_URL", "slack://hooks.slack.com/T0/B0/t0ken")]);
/// match Services::load(&environment)?.connect_alerts().await? {
///     AlertsClient::Mail(_transport) => unreachable!(),
///     AlertsClient::Chat(_hook) => println!("attached to a chat"),
/// }
/// # Ok(())
/// # }
/// ```
#[proc_macro_derive(Adapter, attributes(adapter, handle))]
pub fn adapter(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    adapter::derive(&input).into()
}

/// A struct of parameters that adapters `flatten` into theirs.
///
/// Each field is a parameter with the keys of `#[handle]` that [`Adapter`](macro@Adapter) lists, or another such
/// struct.
///
/// ```
/// use backing_services::Parameters;
///
/// #[derive(Parameters, Clone)]
/// struct Retries {
///     /// How many more attempts a call may have.
///     #[handle(param = "retries", default = "2", tuning)]
///     count: u8,
/// }
/// assert_eq!(Retries::WORDS[0].described(), "How many more attempts a call may have.");
/// ```
#[proc_macro_derive(Parameters, attributes(parameters, handle))]
pub fn parameters(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    adapter::parameters::derive(&input).into()
}

/// An enum whose variants are words, for a parameter of an adapter.
///
/// A variant is written in lower case with `_` between its words; `#[word("verify-full", "full")]` names other
/// spellings, the preferred one first. Case, `-` and `_` make no difference.
///
/// ```
/// use backing_services::{Value, Word};
///
/// #[derive(Word, Clone, Copy, PartialEq, Debug)]
/// enum Protocol {
///     #[word("resp2", "2")]
///     Resp2,
///     #[word("resp3", "3")]
///     Resp3,
/// }
///
/// assert_eq!(Protocol::read("RESP3"), Some(Protocol::Resp3));
/// assert_eq!(Protocol::KIND.expected(), "`resp2` or `resp3`");
/// ```
#[proc_macro_derive(Word, attributes(word))]
pub fn word(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    adapter::word::derive(&input).into()
}
