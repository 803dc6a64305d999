//! The output of the derive in hostile surroundings: that this file compiles is most of the test.

#![deny(warnings, missing_docs, unreachable_pub)]
#![forbid(unsafe_code)]

use backing_services::{
    Adapter, BackingServices as _, ClientError, Connect, Environment, Grammar, Handle, HandleError,
    Scheme,
};

/// An adapter without a server: its client is the host.
#[derive(Clone, Debug)]
pub struct Host(Handle);

impl Adapter for Host {
    const GRAMMAR: &'static Grammar =
        &Grammar::new("host", &[Scheme::new("host")], "host://localhost");

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        Ok(Self(handle.clone()))
    }

    fn handle(&self) -> &Handle {
        &self.0
    }
}

impl Connect for Host {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.0.host().unwrap_or_default().to_owned())
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
        pub(super) trait Connect {}
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

    /// The keys that share, preset, name and pass on.
    #[derive(::backing_services::BackingServices)]
    #[services(clients(name = "App", derive(::core::cmp::PartialEq), attr(doc = "Compared.")))]
    pub struct Keys {
        /// Shared.
        #[service(env = "SHARED_URL", shared, client = ::std::string::String, attr(doc = "More."))]
        pub one: Host,
        /// Shared and optional.
        #[service(env = "SHARED_URL", shared, client = ::std::string::String)]
        pub two: ::core::option::Option<Host>,
        /// Not asked, and beside what is not its own.
        #[service(ready = false, ignore("LAST_SSL", "LAST_TLS"))]
        pub last: Host,
        /// Checked while compiling.
        #[setting(default = "8080", alias = "HTTP_PORT")]
        pub port: ::core::primitive::u16,
        /// Settings.
        #[setting(flatten, prefix = "K_")]
        pub flat: Flat,
    }

    /// Settings.
    #[derive(::serde::Deserialize)]
    pub struct Flat {
        /// One.
        pub level: ::core::primitive::u8,
    }

    /// Every part of a handle.
    #[derive(::backing_services::Adapter, ::core::clone::Clone)]
    #[adapter(schemes("own"), example = "own://u:p@h/x?a=b", port = 1, debug)]
    pub struct Own {
        #[handle]
        handle: ::backing_services::Handle,
        #[handle(username)]
        user: ::std::string::String,
        #[handle(password)]
        password: ::core::option::Option<::backing_services::Secret>,
        #[handle(host)]
        hosts: ::std::vec::Vec<::backing_services::Host>,
        #[handle(port)]
        port: ::core::primitive::u16,
        #[handle(path)]
        path: ::core::option::Option<::std::string::String>,
        #[handle(param = "a", default = "1")]
        param: ::core::primitive::u8,
        #[handle(param = "connect_timeout", default = "1s")]
        limit: ::core::time::Duration,
    }

    impl ::backing_services::Connect for Own {
        type Client = ::std::string::String;

        async fn connect(
            &self,
        ) -> ::core::result::Result<::std::string::String, ::backing_services::ClientError>
        {
            ::core::result::Result::Ok(::std::format!(
                "{} {} {:?} {} {:?} {} {:?}",
                self.user,
                self.password.is_some(),
                self.hosts,
                self.port,
                self.path,
                self.param,
                self.limit
            ))
        }
    }

    /// Without the parts that most have.
    #[derive(::backing_services::Adapter, ::core::clone::Clone, ::core::fmt::Debug)]
    #[adapter(schemes("less"), example = "less://h")]
    pub struct Less {
        #[handle]
        handle: ::backing_services::Handle,
        #[handle(username)]
        user: ::core::option::Option<::backing_services::Secret>,
        #[handle(param = "a")]
        param: ::core::option::Option<::core::primitive::u8>,
    }

    impl ::backing_services::Connect for Less {
        type Client = ();

        async fn connect(&self) -> ::core::result::Result<(), ::backing_services::ClientError> {
            let _ = (&self.handle, &self.user, self.param);
            ::core::result::Result::Ok(())
        }
    }

    /// Any of them.
    #[derive(::backing_services::Adapter, ::core::clone::Clone)]
    #[adapter(client = "Attachment")]
    pub enum Any {
        /// A name that the language itself has.
        Some(Own),
        /// Another.
        None(Less),
        /// By hand.
        Ok(Host),
    }
}

#[tokio::test]
async fn own_without_prelude() {
    use without_prelude::{Any, Attachment};
    let handle = Handle::parse("own://u:p@h/x?a=2").unwrap();
    let any = Any::from_handle(&handle).unwrap();
    let Attachment::Some(text) = any.connect().await.unwrap() else { panic!("another") };
    assert!(text.starts_with("u true "), "{text}");
    let Any::Some(own) = any else { panic!("another") };
    assert_eq!(format!("{own:?}"), "Own(own://h:1)");
    let any = Any::from_handle(&Handle::parse("less://h").unwrap()).unwrap();
    assert!(matches!(any.connect().await.unwrap(), Attachment::None(())));
}

#[tokio::test]
async fn keys_without_prelude() {
    let environment =
        set([("SHARED_URL", "host://one"), ("LAST_URL", "host://last"), ("K_LEVEL", "3")]);
    let keys = without_prelude::Keys::load(&environment).unwrap();
    assert_eq!((keys.port, keys.flat.level), (8080, 3));
    let clients: without_prelude::App = keys.connect().await.unwrap();
    assert!(clients == clients.clone() && clients.two.as_ref() == Some(&clients.one));
    clients.ping().await.unwrap();
    clients.close(std::time::Duration::from_secs(1)).await;
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

/// An adapter by a path of this crate, and one by an absolute path.
pub mod renamed_adapter {
    use super::renamed::framework;

    /// By a path of this crate.
    #[derive(framework::services::Adapter, Clone, Debug)]
    #[adapter(schemes("own"), example = "own://h", crate = "framework::services")]
    pub struct Own {
        #[handle]
        handle: framework::services::Handle,
        #[handle(host)]
        host: String,
    }

    impl framework::services::Connect for Own {
        type Client = String;

        async fn connect(&self) -> Result<String, framework::services::ClientError> {
            assert_eq!(self.handle.host(), Some(self.host.as_str()));
            Ok(self.host.clone())
        }
    }

    /// By an absolute path.
    #[derive(framework::services::Adapter, Clone, Debug)]
    #[adapter(crate = "crate::renamed::framework::services")]
    pub enum Any {
        /// One of them.
        Own(Own),
    }
}

#[tokio::test]
async fn renamed_adapter() {
    let handle = Handle::parse("own://h").unwrap();
    let any = renamed_adapter::Any::from_handle(&handle).unwrap();
    let renamed_adapter::AnyClient::Own(host) = any.connect().await.unwrap();
    assert_eq!(host, "h");
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

/// An adapter through a `macro_rules`.
macro_rules! declare_adapter {
    ($(#[$attribute:meta])* $vis:vis $name:ident $any:ident $scheme:literal { $($part:ident $field:ident: $ty:ty,)* } $param:literal $last:ident: $last_type:ty = $default:literal) => {
        $(#[$attribute])*
        #[derive(backing_services::Adapter, Clone)]
        #[adapter(schemes($scheme), example = "macro://h")]
        $vis struct $name {
            #[handle]
            whole: backing_services::Handle,
            $(#[handle($part)] $field: $ty,)*
            #[handle(param = $param, default = $default)]
            $last: $last_type,
        }

        impl backing_services::Connect for $name {
            type Client = String;

            async fn connect(&self) -> Result<String, ClientError> {
                assert_eq!(self.whole.scheme(), $scheme);
                Ok(format!("{:?} {}", ($(&self.$field,)*), self.$last))
            }
        }

        $(#[$attribute])*
        #[derive(backing_services::Adapter, Clone)]
        $vis enum $any {
            /// It.
            One($name),
        }
    };
}

declare_adapter! {
    /// From a macro.
    pub OwnFromMacro AnyFromMacro "macro" { host a: String, port b: Option<u16>, password r#type: std::option::Option<backing_services::Secret>, }
    "level" reader: u8 = "3"
}

#[tokio::test]
async fn an_adapter_from_a_macro() {
    let any = AnyFromMacro::from_handle(&Handle::parse("macro://:p@h:7").unwrap()).unwrap();
    let AnyFromMacroClient::One(text) = any.connect().await.unwrap();
    assert_eq!(text, r#"("h", Some(7), Some(Secret(***))) 3"#);
}

/// Raw identifiers in an adapter.
#[derive(backing_services::Adapter, Clone)]
#[adapter(schemes("raw"), example = "raw://h")]
#[allow(non_camel_case_types, reason = "that is the point")]
pub struct r#move {
    #[handle]
    r#use: Handle,
    #[handle(host)]
    r#type: String,
    #[handle(param = "fn")]
    r#fn: Option<u8>,
}

impl backing_services::Connect for r#move {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(format!("{} {} {:?}", self.r#use.scheme(), self.r#type, self.r#fn))
    }
}

/// Raw, and so is the name that is made of it.
#[derive(backing_services::Adapter, Clone)]
#[adapter(client = "r#while")]
#[allow(non_camel_case_types, reason = "that is the point")]
pub enum r#loop {
    /// A keyword.
    r#move(r#move),
}

#[tokio::test]
async fn raw_identifiers_in_an_adapter() {
    assert_eq!((r#move::GRAMMAR.name(), r#loop::GRAMMAR.name()), ("move", "loop"));
    let any = r#loop::from_handle(&Handle::parse("raw://h?fn=1").unwrap()).unwrap();
    let client = any.connect().await.unwrap();
    assert_eq!(format!("{client:?}"), "while::move(..)");
    let r#while::r#move(text) = client;
    assert_eq!(text, "raw h Some(1)");
}

/// Fields with the names of what the output works with.
#[derive(backing_services::Adapter, Clone)]
#[adapter(schemes("names"), example = "names://h")]
#[allow(non_snake_case, reason = "that is the point")]
pub struct AdapterNames {
    #[handle]
    reader: Handle,
    #[handle(host)]
    handle: String,
    #[handle(username)]
    client: Option<String>,
    #[handle(password)]
    field_0: Option<backing_services::Secret>,
    #[handle(port)]
    error: Option<u16>,
    #[handle(path)]
    inner: Option<String>,
    #[handle(param = "a")]
    f: Option<u8>,
    #[handle(param = "b")]
    core: Option<u8>,
    #[handle(param = "c")]
    Some: Option<u8>,
}

impl backing_services::Connect for AdapterNames {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        let Self { reader, handle, client, field_0, error, inner, f, core, Some: some } = self;
        let numbers = [f, core, some];
        Ok(format!("{reader} {handle} {client:?} {field_0:?} {error:?} {inner:?} {numbers:?}"))
    }
}

#[tokio::test]
async fn an_adapter_inside_a_function() {
    #[derive(backing_services::Adapter, Clone)]
    enum Any {
        Names(AdapterNames),
        Local(Local),
    }

    #[derive(backing_services::Adapter, Clone)]
    #[adapter(schemes("local"), example = "local://h")]
    struct Local {
        #[handle]
        _handle: Handle,
        #[handle(host)]
        host: String,
    }

    impl backing_services::Connect for Local {
        type Client = String;

        async fn connect(&self) -> Result<String, ClientError> {
            Ok(self.host.clone())
        }
    }

    for (text, expected) in [
        ("local://h", "h"),
        ("names://h:2?b=1", "***://h:2?b=*** h None None Some(2) None [None, Some(1), None]"),
    ] {
        let any = Any::from_handle(&Handle::parse(text).unwrap()).unwrap();
        let (AnyClient::Names(text) | AnyClient::Local(text)) = any.connect().await.unwrap();
        assert_eq!(text, expected);
    }
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
    struct Hidden(backing_services::Handle);

    #[derive(Clone)]
    struct HiddenClient(&'static str);

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Low,
    }

    impl backing_services::Adapter for Hidden {
        const GRAMMAR: &'static backing_services::Grammar = &backing_services::Grammar::new(
            "hidden",
            &[backing_services::Scheme::new("hidden")],
            "hidden://localhost",
        );

        fn from_handle(
            handle: &backing_services::Handle,
        ) -> Result<Self, backing_services::HandleError> {
            Ok(Self(handle.clone()))
        }

        fn handle(&self) -> &backing_services::Handle {
            &self.0
        }
    }

    impl backing_services::Connect for Hidden {
        type Client = HiddenClient;

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
        ($name:ident $any:ident) => {
            #[derive(backing_services::BackingServices)]
            struct $name {
                db: super::Host,
                any: Option<$any>,
            }

            #[derive(backing_services::Adapter, Clone)]
            enum $any {
                One(super::Host),
            }
        };
    }
    declare!(FromMacro Any);

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
