//! The derives of [`backing-services`], which re-exports it: depend on that crate.
//!
//! [`backing-services`]: https://docs.rs/backing-services

#![forbid(unsafe_code)]

mod adapter;
mod attr;
mod errors;
mod json;
mod near;
mod services;
#[cfg(feature = "testing")]
mod test;
mod types;

use proc_macro::TokenStream;
use syn::DeriveInput;

/// Turns a struct into everything one deploy attaches: a field a service.
///
/// A field's type is an adapter such as `MySql`, or an `Option` of one for a service that may be
/// detached. With `#[service(nested)]` it is another struct that derives, or an `Option` of one,
/// which is `None` when not one of its variables is set. With `#[setting]` it is a plain value,
/// with `#[setting(flatten)]` a struct of them.
///
/// | where | key | meaning |
/// |---|---|---|
/// | `#[services]` | `prefix = "..."` | goes before every variable name that is derived from a field's |
/// | `#[services]` | `clients = "..."` | names the generated struct of clients, `<Struct>Clients` by default; `clients(name = "...", derive(...), attr(...))` also passes derives and attributes on to it |
/// | `#[services]` | `example = "..."` | a file, from the folder of `Cargo.toml`, that must name every variable, each handle with a scheme that its field takes; checked while compiling, again after every edit of the file. What need not be set may be commented out. The fields of a `flatten`ed struct are not looked for: `serde` tells their names at run time alone, so compare the file with `Manifest::env_example` in a test |
/// | `#[services]` | `embed = ...` | `false`: the program holds no record of what the struct declares, and cannot be checked from outside |
/// | `#[services]` | `crate = "..."` | the path of `backing_services`, where it has another name or comes through another crate |
/// | `#[service]` | `env = "..."` | the variable, literally |
/// | `#[service]` | `alias = "..."` | another variable, read when the first is not set; may be repeated |
/// | `#[service]` | `shared` | the variable in `env` takes no prefix, and other `shared` fields of the same type may read it, nested ones too: one handle, one client |
/// | `#[service]` | `default = "..."` | the handle when no variable is set; its syntax and scheme are checked while compiling |
/// | `#[service]` | `params(...)` | the app's own defaults for parameters of the handle, such as `params(max_connections = 50, "ssl-mode" = "verify_ca")`; names and values are checked while compiling; what the deploy says wins |
/// | `#[service]` | `nested` | the type derives `BackingServices` too |
/// | `#[service]` | `prefix = "..."` | goes before every variable name inside a nested struct; by default the struct's prefix, the field's name and `_` |
/// | `#[service]` | `binding = "..."` | the name in platform bindings, where it differs from the field's |
/// | `#[service]` | `ignore("...")` | a variable beside the handle that is somebody else's, in full, and no part of it; one or several, may be repeated |
/// | `#[service]` | `ready = ...` | `false`: whether the app is ready does not depend on the service |
/// | `#[service]` | `client = ...` | the type of the client by name, as the struct of clients then has it; a type that is not the adapter's client is an error |
/// | `#[service]` | `attr(...)` | attributes for the field in the struct of clients; may be repeated |
/// | `#[setting]` | `env = "..."` | the variable, literally |
/// | `#[setting]` | `alias = "..."` | another variable, read when the first is not set; may be repeated |
/// | `#[setting]` | `default = "..."` | the value when no variable is set; checked while compiling for numbers, `bool`, `char`, `Duration`, paths and enums that derive `Word` |
/// | `#[setting]` | `flatten` | the type derives `serde::Deserialize`, and each of its fields is a variable: the field's name in upper case, as `envy` reads it |
/// | `#[setting]` | `prefix = "..."` | goes before every variable name of a flattened struct; by default the struct's prefix |
///
/// Without `env`, the variable of a service is the struct's prefix, the field's name in upper case
/// and `_URL`, which is not doubled where the name ends in `url`; the variable of a setting is the
/// same without `_URL`, and none that every machine has, such as `HOME`. No variable may be read
/// twice, also not through an alias, a nested struct or as the `X_FILE` of an `X`, unless all that
/// read it are `shared`.
///
/// # What it makes
///
/// - the implementation of the trait `BackingServices`: `load`, `from_env`, `connect`, `manifest`
/// - `<Struct>Clients`, as visible as the struct: the client of each service under its field's
///   name. It is `Clone`, and its `Debug` shows nothing of a client but whether it is attached
/// - `ping` of the clients asks all at the same time whether their resource answers, and reports
///   like `connect`; `close` ends all at the same time, within a limit
/// - `connect_<field>()` for each service, as visible as the field: that client alone
///
/// # Examples
///
/// ```
#[doc = include_str!("../doc/adapter.rs")]
/// use std::time::Duration;
///
/// use backing_services::{BackingServices, Environment};
///
/// /// What the shop consumes over the network.
/// #[derive(BackingServices)]
/// #[services(prefix = "SHOP_")]
/// struct Services {
///     /// Orders and customers.
///     #[service(env = "DATABASE_URL", alias = "CLEARDB_DATABASE_URL", params(max_connections = 50))]
///     db: MySql,
///     /// `SHOP_CACHE_URL`
///     #[service(default = "mysql://localhost/cache", ready = false, ignore("SHOP_CACHE_SSL"))]
///     cache: MySql,
///     /// `SHOP_JOBS_URL`: absent or empty, there are no jobs.
///     jobs: Option<MySql>,
///     /// `SHOP_PORT`
///     #[setting(default = "8080", alias = "PORT")]
///     port: u16,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let config = Services::load(&Environment::from_pairs([("DATABASE_URL", "mysql://db")]))?;
/// assert_eq!(config.port, 8080);
///
/// let clients: ServicesClients = config.connect().await?;
/// assert!(clients.jobs.is_none());
/// assert_eq!(format!("{clients:?}"), "ServicesClients { db: .., cache: .., jobs: detached }");
///
/// clients.ping().await?; // all answer
/// clients.close(Duration::from_secs(5)).await;
///
/// let db: MySqlPool = config.connect_db().await?; // one alone
/// # let _ = db;
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
/// let config = Services::load(&Environment::from_pairs([("EU_DATABASE_URL", "mysql://db")]))?;
/// assert_eq!(config.eu.workers, 2);
///
/// let Attached { eu, us } = config.connect().await?;
/// assert!(us.is_none());
/// # let _ = eu.db;
/// # Ok(())
/// # }
/// ```
///
/// Two modules that know nothing of each other read one database. It is connected once, and both have clones
/// of its client:
///
/// ```
#[doc = include_str!("../doc/adapter.rs")]
/// use backing_services::BackingServices;
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[service(nested)]
///     orders: Orders,
///     #[service(nested)]
///     billing: Billing,
/// }
///
/// #[derive(BackingServices)]
/// struct Orders {
///     #[service(env = "DATABASE_URL", shared)]
///     db: MySql,
/// }
///
/// #[derive(BackingServices)]
/// struct Billing {
///     #[service(env = "DATABASE_URL", shared)]
///     db: MySql,
///     mail: Option<MySql>, // BILLING_MAIL_URL
/// }
/// ```
///
/// A struct that `envy` has read so far moves in as it is. Its problems stand in the same report:
///
/// ```
/// use backing_services::{BackingServices, Environment};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Config {
///     port: u16,
///     #[serde(default)]
///     hosts: Vec<String>,
/// }
///
/// #[derive(BackingServices)]
/// struct Services {
///     /// `APP_PORT` and `APP_HOSTS`
///     #[setting(flatten, prefix = "APP_")]
///     config: Config,
/// }
///
/// let environment = Environment::from_pairs([("APP_PORT", "8080"), ("APP_HOSTS", "a, b")]);
/// let Services { config } = Services::load(&environment)?;
/// assert_eq!((config.port, config.hosts.len()), (8080, 2));
///
/// let report = Services::load(&Environment::from_pairs([("APP_PORT", "80a")])).err().unwrap();
/// assert_eq!(report.problems()[0].variable(), "APP_PORT");
/// # Ok::<(), backing_services::LoadError>(())
/// ```
///
/// The struct of clients as the state of a web framework, such as axum with its derive `FromRef`. It has to see
/// the types of the fields by name, each once; of several of one type `attr(from_ref(skip))` takes the others
/// out.
///
/// ```
#[doc = include_str!("../doc/adapter.rs")]
/// # use backing_services::BackingServices;
/// # use std::hash::Hash as FromRef;
/// # impl FromRef for MySqlPool { fn hash<H: std::hash::Hasher>(&self, _: &mut H) {} }
/// #[derive(BackingServices)]
/// #[services(clients(name = "App", derive(FromRef)))]
/// struct Services {
///     #[service(client = MySqlPool, attr(doc = "Extracted as `State<MySqlPool>`."))]
///     db: MySql,
/// }
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

/// Attaches a service that this crate does not know: the derive reads the handle, the app says how
/// to connect.
///
/// # On a struct
///
/// Each field takes one part of the handle, and the app implements `Connect`: `connect`, and if it
/// likes `ping` and `close`. The struct is the table of what its handles may say: its fields in
/// their order, their doc comments and their attributes are what is parsed, refused, suggested,
/// explained and documented, in the URL as in variables beside it.
///
/// | where | key | meaning |
/// |---|---|---|
/// | `#[adapter]` | `schemes("...")` | the schemes it takes, in lower case, the preferred one first; required. `"chats" = tls` says TLS, `"chat+unix" = socket` that the path is that of a Unix socket, `"http" = 80` has a port of its own, `"chats" = tls(7071)` both |
/// | `#[adapter]` | `example = "..."` | a handle that shows the form; its syntax and scheme are checked while compiling; required |
/// | `#[adapter]` | `name = "..."` | the name of the service in messages, by default that of the type |
/// | `#[adapter]` | `port = ...` | the port of a handle that has none |
/// | `#[adapter]` | `tls_ports(...)` | further ports on which servers speak TLS: of a handle that is assembled from parts they choose the scheme with TLS |
/// | `#[adapter]` | `bindings("...")` | names by which platforms know the service, beside its schemes |
/// | `#[adapter]` | `others("...")` | names beside the variable that are known to be somebody else's, without what goes before them: `AUTH` of `CHAT_AUTH` |
/// | `#[adapter]` | `place = "..."` | the handle of a hosted service without its credential: then a credential beside it is enough |
/// | `#[adapter]` | `server = ...` | a constant of type `Server`: what a developer's machine runs for it, which `Manifest::compose` starts |
/// | `#[adapter]` | `login = "..."` | `together`: user name and password are both there or none |
/// | `#[adapter]` | `unencrypted = "..."` | `refused`: a handle that would send a credential to another machine without TLS is refused, unless the word for TLS says that it is meant; `loopback`: whatever the handle says, and without a credential too |
/// | `#[adapter]` | `api` | the service is any address on the web, so that names such as `API_TOKEN` beside its variable say nothing of it |
/// | `#[adapter]` | `mail` | the words for TLS beside it are those of mail, where `false` never means unencrypted |
/// | `#[adapter]` | `check` | `fn check(&self) -> Result<(), HandleError>` of the type holds the rules between fields; it is called with every handle |
/// | `#[adapter]` | `loopback` | `fn loopback(&self) -> bool` of the type says whether all it talks to is on this machine, where the hosts of the handle do not |
/// | `#[adapter]` | `debug` | implements `Debug`, which shows scheme, host, port and the name in the path, and nothing else |
/// | `#[adapter]` | `client = "..."` | on an enum: names the generated enum of clients, `<Enum>Client` by default |
/// | `#[adapter]` | `no_client` | on an enum: there is no such enum, and the app implements `Connect` |
/// | `#[adapter]` | `crate = "..."` | the path of `backing_services`, where it has another name or comes through another crate |
/// | `#[handle]` | `username` | the user name, decoded: `String`, `Secret` or an `Option` of one |
/// | `#[handle]` | `password` | the password, decoded: `Secret` or `Option<Secret>` |
/// | `#[handle]` | `host` | the host: `String`, `Host`, an `Option` of one, or `Vec<Host>` for a handle with several; a `Host` has its port with it |
/// | `#[handle]` | `port` | the port: `u16` or `Option<u16>` |
/// | `#[handle]` | `path` | the path in segments, decoded and without the `/` that ends the host; a handle without a host keeps it: `String`, `Secret`, `PathBuf`, a number or an `Option` of one |
/// | `#[handle]` | `name` | the same as one name, such as a database: a `/` in it belongs to the name |
/// | `#[handle]` | `file` | the same as the path of a file or folder of this machine |
/// | `#[handle]` | `param = "..."` | a parameter behind the `?`, of a type that implements `Value`: a number, `bool`, `char`, `String`, `Secret`, `PathBuf`, `Duration`, an enum that derives `Word`; an `Option` for one that may be absent |
/// | `#[handle]` | `flatten` | the parameters of a struct that derives `Parameters`, such as `Tls` |
/// | `#[handle]` | `names("...")` | other names of the part or parameter, at every source; case, `-` and `_` make no difference |
/// | `#[handle]` | `only` | these names are all: not those that the part has everywhere, such as `USER` and `PASSWORD` |
/// | `#[handle]` | `in_query` | a part that may stand behind the `?` too, by its names |
/// | `#[handle]` | `default = "..."` | the value of a parameter that is absent; checked while compiling |
/// | `#[handle]` | `max = "..."` | the greatest value of a number or a duration |
/// | `#[handle]` | `bare = "..."` | `s` or `ms`: the unit of a number without one, where users of the service are used to it |
/// | `#[handle]` | `tuning` | it tunes the client, and cannot make it talk to somebody else |
/// | `#[handle]` | `tls("...")` | it is the word for TLS; these of its values are unencrypted, encrypted, and encrypted with a verified certificate: `tls("disable", "require", "verify-full")` |
/// | `#[handle]` | `ca` | it names a file of CA certificates |
/// | `#[handle]` | `tls_file` | it names another file of TLS: a certificate or key of the client's own |
/// | `#[handle]` | `credential` | it holds a credential, or names a file that does |
///
/// `#[handle]` alone takes the whole `Handle`, and every adapter has such a field: failures name by
/// it the variable, alias, file or line that the handle came from, and secrets are masked by it.
///
/// A part that no field takes is refused when a handle has it, and so is an unknown parameter. A
/// part that a field needs must be there, unless the field is an `Option`. Without a field for the
/// host, a handle has none. A parameter `connect_timeout` of type `Duration` or `Option<Duration>`
/// is the time limit for connecting, else 10 seconds.
///
/// What `connect` and `ping` repeat of user name, password and parameters is masked in reports, and
/// so is a path that is a `Secret`. A derived `Debug` shows a `String`, but no byte of a `Secret`:
/// where the user name or the path is a token make it one, or let the key `debug` write the
/// `Debug`.
///
/// ```
/// use std::time::Duration;
///
/// use backing_services::{
///     Adapter, BackingServices, ClientError, Connect, Environment, Handle, HandleError, Secret, Tls, Word,
/// };
///
/// /// Sends text messages.
/// #[derive(Adapter, Clone)]
/// #[adapter(
///     name = "Twilio",
///     schemes("twilio" = tls, "twilio+http" = 80),
///     port = 443,
///     tls_ports(8443),
///     example = "twilio://SID:TOKEN@api.twilio.com?region=us1",
///     bindings("twilio"),
///     others("NUMBER"),
///     place = "twilio://api.twilio.com",
///     login = "together",
///     unencrypted = "refused",
///     check,
///     debug
/// )]
/// struct Twilio {
///     #[handle]
///     handle: Handle,
///     /// The account.
///     #[handle(username, names("SID", "ACCOUNT_SID"))]
///     account: Secret,
///     /// Its token.
///     #[handle(password, names("AUTH_TOKEN", "TOKEN"))]
///     token: Secret,
///     /// The server.
///     #[handle(host)]
///     host: String,
///     /// Its port.
///     #[handle(port)]
///     port: u16,
///     /// The data centre.
///     #[handle(param = "region", names("EDGE"), default = "us1", tuning)]
///     region: Region,
///     /// For connecting.
///     #[handle(param = "connect_timeout", default = "5s", max = "24h", bare = "s", tuning)]
///     connect_timeout: Duration,
///     #[handle(flatten)]
///     tls: Tls,
/// }
///
/// #[derive(Word, Clone, Copy, PartialEq, Debug)]
/// enum Region {
///     Us1,
///     Ie1,
/// }
///
/// impl Twilio {
///     fn check(&self) -> Result<(), HandleError> {
///         match self.region {
///             Region::Ie1 if self.port == 8443 => Err(HandleError::new("`ie1` has no such port")),
///             _ => Ok(()),
///         }
///     }
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
///         let _authorization = (self.account.expose(), self.token.expose());
///         let scheme = if self.tls.is_on() { "https" } else { "http" };
///         Ok(Messages { base: format!("{scheme}://{}:{}/{:?}", self.host, self.port, self.region) })
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
/// let config = Services::load(&environment)?;
/// assert_eq!(format!("{:?}", config.sms), "Twilio(twilio://api.twilio.com:443)");
/// let clients = config.connect().await?;
/// assert_eq!(clients.sms.base, "https://api.twilio.com:443/Us1");
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
/// Each variant holds one adapter, and the scheme of the handle chooses: a field that takes any of
/// them. No two may take the same scheme. The name is the enum's or that of the key `name`, the
/// example that of the first variant. The client is a generated enum `<Enum>Client` with the same
/// variants, as visible as the enum; it is `Clone`, and its `Debug` shows nothing of a client.
///
/// ```
/// # use backing_services::{BackingServices, ClientError, Connect, Environment, Handle};
/// use backing_services::Adapter;
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("smtp"), example = "smtp://localhost")]
/// # struct Smtp { #[handle] handle: Handle, #[handle(host)] host: String }
/// # impl Connect for Smtp {
/// #     type Client = String;
/// #     async fn connect(&self) -> Result<String, ClientError> { Ok(self.host.clone()) }
/// # }
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("slack"), example = "slack://hooks.slack.com/T0/B0/token")]
/// # struct Slack {
/// #     #[handle] handle: Handle,
/// #     #[handle(host)] host: String,
/// #     #[handle(path)] hook: backing_services::Secret,
/// # }
/// # impl Connect for Slack {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), ClientError> { let _ = (&self.host, &self.hook); Ok(()) }
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
/// Each field is a parameter with the keys of `#[handle]` that [`Adapter`](macro@Adapter) lists, or
/// another such struct.
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
/// A variant is written in lower case with `_` between its words; `#[word("verify-full", "full")]`
/// names other spellings, the preferred one first. Case, `-` and `_` make no difference.
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

#[doc = include_str!("test/doc.md")]
#[cfg(feature = "testing")]
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    test::test(attribute.into(), &item.into()).into()
}
