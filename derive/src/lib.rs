//! The derive of [`backing-services`], which re-exports it: depend on that crate.
//!
//! [`backing-services`]: https://docs.rs/backing-services

#![forbid(unsafe_code)]

mod attr;
mod check;
mod emit;
mod errors;
mod model;
mod near;
mod stand_in;
mod types;

use proc_macro::TokenStream;
use syn::DeriveInput;

use self::errors::Errors;
use self::model::Model;

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
    let errors = Errors::new();
    let model = Model::read(&errors, &input);
    check::check(&errors, &model);
    let mut output = errors.finish();
    output.extend(if output.is_empty() { emit::output(&model) } else { stand_in::output(&model) });
    output.into()
}
