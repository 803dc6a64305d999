//! The output of the derive in hostile surroundings: that this file compiles is most of the test.

#![deny(warnings, missing_docs, unreachable_pub)]
#![forbid(unsafe_code)]

use backing_services::{
    Adapter, BackingServices as _, ClientError, Environment, Handle, HandleError,
};

/// An adapter without a server: its client is the host.
#[derive(Clone, Debug)]
pub struct Host(String);

impl Adapter for Host {
    const NAME: &'static str = "host";
    const SCHEMES: &'static [&'static str] = &["host"];
    const EXAMPLE: &'static str = "host://localhost";
    type Client = String;

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        Ok(Self(handle.host().unwrap_or_default().to_owned()))
    }

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.0.clone())
    }

    async fn ping(_: &String) -> Result<(), ClientError> {
        Ok(())
    }
}

fn set<const N: usize>(pairs: [(&str, &str); N]) -> Environment {
    Environment::from_pairs(pairs)
}

/// No name is in scope but those of the language itself.
pub mod without_prelude {
    #![no_implicit_prelude]

    use super::Host;

    /// Names that the output might mean, all of them other things here.
    #[allow(dead_code, reason = "they only stand in the way")]
    mod names {
        pub(super) struct Option;
        pub(super) struct Result;
        pub(super) struct Vec;
        pub(super) struct String;
        pub(super) trait Send {}
        pub(super) trait Sync {}
        pub(super) trait Sized {}
        pub(super) trait Clone {}
        pub(super) trait Future {}
        pub(super) trait Adapter {}
        pub(super) trait BackingServices {}
        pub(super) struct Task;
        pub(super) struct Scope;
        pub(super) struct Loader;
        pub(super) struct Client;
        pub(super) struct Clients;
        pub(super) struct Service;
        pub(super) struct Nested;
        pub(super) struct Field;
        pub(super) struct Table;
        pub(super) struct Infallible;
        pub(super) fn join() {}
        pub(super) const TABLE: () = ();
        pub(super) mod core {}
        pub(super) mod std {}
        pub(super) mod backing_services {}
    }
    #[allow(unused_imports, reason = "they only stand in the way")]
    use self::names::*;
    #[allow(unused_macros, reason = "they only stand in the way")]
    macro_rules! include_str {
        () => {};
    }

    /// Every kind of field.
    #[derive(::backing_services::BackingServices)]
    #[services(prefix = "P_", clients = "Attached")]
    pub struct Services {
        /// Required.
        pub db: Host,
        /// Optional.
        pub jobs: ::core::option::Option<Host>,
        /// With a default.
        #[service(default = "host://cache")]
        pub cache: Host,
        /// Nested.
        #[service(nested)]
        pub reports: Reports,
        /// Nested and optional.
        #[service(nested)]
        pub eu: ::std::option::Option<Reports>,
        /// A setting.
        #[setting]
        pub port: ::core::primitive::u16,
        /// An optional setting.
        #[setting]
        pub level: ::std::option::Option<::core::primitive::u16>,
    }

    /// Nested.
    #[derive(::backing_services::BackingServices)]
    pub struct Reports {
        /// Required.
        pub warehouse: Host,
    }
}

#[tokio::test]
async fn without_prelude() {
    let environment = set([
        ("P_DB_URL", "host://db"),
        ("P_REPORTS_WAREHOUSE_URL", "host://warehouse"),
        ("P_PORT", "80"),
    ]);
    let services = without_prelude::Services::load(&environment).unwrap();
    assert_eq!((services.port, services.level), (80, None));
    let clients: without_prelude::Attached = services.connect().await.unwrap();
    assert_eq!((clients.db.as_str(), clients.cache.as_str()), ("db", "cache"));
    assert_eq!(clients.reports.warehouse, "warehouse");
    assert!(clients.jobs.is_none() && clients.eu.is_none());
}

/// The crate under another name, or inside another one.
pub mod renamed {
    /// Where a framework might put it.
    pub mod framework {
        pub use backing_services as services;
    }

    /// By a path of this crate.
    #[derive(framework::services::BackingServices)]
    #[services(crate = "framework::services")]
    pub struct Relative {
        /// Required.
        #[service(default = "host://a")]
        pub a: super::Host,
    }

    /// By an absolute path.
    #[derive(framework::services::BackingServices)]
    #[services(crate = "crate::renamed::framework::services")]
    pub struct Absolute {
        /// Nested.
        #[service(nested)]
        pub inner: Relative,
        /// Optional.
        pub b: Option<super::Host>,
    }
}

#[tokio::test]
async fn renamed() {
    let services = renamed::Absolute::load(&set([])).unwrap();
    assert_eq!(services.connect_inner().await.unwrap().a, "a");
    assert_eq!(services.connect_b().await.unwrap(), None);
}

/// Everything arrives through a `macro_rules`: types as invisible groups, names as fragments.
macro_rules! declare {
    ($(#[$attribute:meta])* $vis:vis $name:ident { $($variable:literal $field:ident: $ty:ty,)* } $default:literal $last:ident: $inner:ty) => {
        $(#[$attribute])*
        #[derive(backing_services::BackingServices)]
        $vis struct $name {
            $(
                #[doc = "A field."]
                #[service(env = $variable)]
                $vis $field: $ty,
            )*
            #[doc = "A field in a group of its own."]
            #[service(default = $default)]
            $vis with_default: $inner,
            #[doc = "A field in a group of its own."]
            $vis $last: Option<$inner>,
        }
    };
}

declare! {
    /// From a macro.
    pub FromMacro { "A" a: Host, "B" b: Option<Host>, "C" r#type: std::option::Option<self::Host>, }
    "host://d" scope: Host
}

#[tokio::test]
async fn from_a_macro() {
    let services = FromMacro::load(&set([("A", "host://a"), ("C", "host://c")])).unwrap();
    let clients = services.connect().await.unwrap();
    assert_eq!((clients.a.as_str(), clients.with_default.as_str()), ("a", "d"));
    assert_eq!((clients.b, clients.r#type.as_deref(), clients.scope), (None, Some("c"), None));
}

/// Raw identifiers everywhere.
#[derive(backing_services::BackingServices)]
#[services(clients = "r#async")]
#[allow(non_camel_case_types, reason = "that is the point")]
pub struct r#struct {
    /// A keyword.
    pub r#type: Host,
    /// A keyword.
    #[service(nested)]
    pub r#match: r#impl,
    /// A keyword.
    #[setting]
    pub r#loop: u8,
}

/// Raw, and so is the name that is made of it.
#[derive(backing_services::BackingServices)]
#[allow(non_camel_case_types, reason = "that is the point")]
pub struct r#impl {
    /// A keyword.
    pub r#fn: Host,
}

#[tokio::test]
async fn raw_identifiers() {
    let environment = set([("TYPE_URL", "host://a"), ("MATCH_FN_URL", "host://b"), ("LOOP", "3")]);
    let services = r#struct::load(&environment).unwrap();
    assert_eq!(services.r#loop, 3);
    let clients: r#async = services.connect().await.unwrap();
    assert_eq!(format!("{clients:?}"), "async { type: .., match: .. }");
    let inner: implClients = clients.r#match;
    assert_eq!((clients.r#type.as_str(), inner.r#fn.as_str()), ("a", "b"));
    assert_eq!(services.connect_type().await.unwrap(), "a");
    assert_eq!(r#struct::manifest().resources()[1].field(), "struct::match.fn");
}

#[tokio::test]
async fn a_struct_inside_a_function() {
    #[derive(backing_services::BackingServices)]
    struct Services {
        db: Host,
        #[service(nested)]
        inner: Inner,
    }

    #[derive(backing_services::BackingServices)]
    struct Inner {
        #[service(default = "host://b")]
        db: Host,
    }

    let services = Services::load(&set([("DB_URL", "host://a")])).unwrap();
    let ServicesClients { db, inner } = services.connect().await.unwrap();
    assert_eq!((db.as_str(), inner.db.as_str()), ("a", "b"));
}

/// Fields with the names of what the output works with.
#[derive(backing_services::BackingServices)]
#[allow(non_snake_case, reason = "that is the point")]
pub struct Names {
    /// A name.
    pub scope: Option<Host>,
    /// A name.
    pub self_: Option<Host>,
    /// A name.
    pub loader: Option<Host>,
    /// A name.
    pub tasks: Option<Host>,
    /// A name.
    pub task_0: Option<Host>,
    /// A name.
    pub field_0: Option<Host>,
    /// A name.
    pub scope_0: Option<Host>,
    /// A name.
    pub failures: Option<Host>,
    /// A name.
    pub root: Option<Host>,
    /// A name.
    pub inner: Option<Host>,
    /// A name.
    pub value: Option<Host>,
    /// A name.
    pub f: Option<Host>,
    /// A name.
    pub core: Option<Host>,
    /// A name.
    pub std: Option<Host>,
    /// A name.
    pub backing_services: Option<Host>,
    /// A name.
    pub Option: Option<Host>,
    /// A name.
    pub Some: Option<Host>,
    /// A name.
    pub None: Option<Host>,
    /// A name.
    pub Ok: Option<Host>,
    /// A name.
    pub name: Option<Host>,
    /// A name.
    pub fields: Option<Host>,
    /// A name.
    pub db_url: Option<Host>,
}

#[tokio::test]
async fn clashing_names() {
    let services = Names::load(&set([("SELF__URL", "host://a"), ("DB_URL", "host://b")])).unwrap();
    let clients = services.connect().await.unwrap();
    assert_eq!(clients.self_.as_deref(), Some("a"));
    assert_eq!(clients.db_url.as_deref(), Some("b"));
    assert_eq!(services.connect_self_().await.unwrap().as_deref(), Some("a"));
}

/// The same struct nested twice.
#[derive(backing_services::BackingServices)]
pub struct Regions {
    /// By its name.
    #[service(nested)]
    pub eu: without_prelude::Reports,
    /// By another name.
    #[service(nested, prefix = "AMERICA_")]
    pub us: without_prelude::Reports,
}

#[tokio::test]
async fn the_same_struct_twice() {
    let environment =
        set([("EU_WAREHOUSE_URL", "host://a"), ("AMERICA_WAREHOUSE_URL", "host://b")]);
    let clients = Regions::load(&environment).unwrap().connect().await.unwrap();
    assert_eq!((clients.eu.warehouse.as_str(), clients.us.warehouse.as_str()), ("a", "b"));
}

/// Private types in private fields of public structs.
pub mod private {
    use super::Host;

    /// Its fields are seen here only.
    #[derive(backing_services::BackingServices)]
    pub struct Services {
        #[service(default = "hidden://a")]
        hidden: Hidden,
        #[service(nested)]
        inner: Inner,
        #[setting(default = "low")]
        level: Level,
        #[service(default = "host://b")]
        pub(super) half: Host,
        #[service(default = "host://c")]
        pub(in crate::private) here: Host,
    }

    #[derive(backing_services::BackingServices)]
    struct Inner {
        #[service(default = "hidden://d")]
        hidden: Hidden,
    }

    #[derive(Clone)]
    struct Hidden;

    #[derive(Clone)]
    struct HiddenClient(&'static str);

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Low,
    }

    impl backing_services::Adapter for Hidden {
        const NAME: &'static str = "hidden";
        const SCHEMES: &'static [&'static str] = &["hidden"];
        const EXAMPLE: &'static str = "hidden://localhost";
        type Client = HiddenClient;

        fn from_handle(
            _: &backing_services::Handle,
        ) -> Result<Self, backing_services::HandleError> {
            Ok(Self)
        }

        async fn connect(&self) -> Result<HiddenClient, backing_services::ClientError> {
            Ok(HiddenClient("hidden"))
        }

        async fn ping(_: &HiddenClient) -> Result<(), backing_services::ClientError> {
            Ok(())
        }
    }

    /// What the fields hold.
    pub(super) async fn read(
        services: &Services,
    ) -> Result<[String; 3], backing_services::ConnectError> {
        let clients = backing_services::BackingServices::connect(services).await?;
        let Level::Low = services.level;
        let alone = services.connect_hidden().await?;
        let inner = services.connect_inner().await?;
        assert_eq!((alone.0, inner.hidden.0), (clients.hidden.0, clients.inner.hidden.0));
        Ok([clients.hidden.0.to_owned(), clients.half, clients.here])
    }
}

#[tokio::test]
async fn private_types() {
    let services = private::Services::load(&set([])).unwrap();
    assert_eq!(private::read(&services).await.unwrap(), ["hidden", "b", "c"]);
    assert_eq!(services.connect_half().await.unwrap(), "b");
}

/// A struct of settings alone has clients too: none.
#[derive(backing_services::BackingServices)]
pub struct Settings {
    /// A setting.
    #[setting(default = "1")]
    pub workers: u8,
}

#[tokio::test]
async fn settings_alone() {
    let services = Settings::load(&set([])).unwrap();
    assert_eq!(services.workers, 1);
    let SettingsClients {} = services.connect().await.unwrap();
}

/// Nothing that is generated and not used is a warning.
mod unused {
    #[derive(backing_services::BackingServices)]
    struct Services {
        db: super::Host,
        #[service(nested)]
        inner: Inner,
    }

    #[derive(backing_services::BackingServices)]
    struct Inner {
        jobs: Option<super::Host>,
    }

    // To rustc, names from a `macro_rules` of this crate are written here.
    macro_rules! declare {
        ($name:ident) => {
            #[derive(backing_services::BackingServices)]
            struct $name {
                db: super::Host,
            }
        };
    }
    declare!(FromMacro);

    pub(super) fn load() -> bool {
        use backing_services::BackingServices as _;
        let environment = super::set([]);
        Services::load(&environment).is_err() && FromMacro::load(&environment).is_err()
    }
}

#[test]
fn unused() {
    assert!(unused::load());
}

#[tokio::test]
async fn futures_move_between_threads() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let services = Regions::load(&set([])).err();
    assert_eq!(services.map(|error| error.problems().len()), Some(2));
    let services = Settings::load(&set([])).unwrap();
    let task = tokio::spawn(async move { send(services.connect()).await.is_ok() });
    assert!(task.await.unwrap());
    let services = private::Services::load(&set([])).unwrap();
    assert_eq!(
        tokio::spawn(async move { services.connect_half().await }).await.unwrap().unwrap(),
        "b"
    );
}
