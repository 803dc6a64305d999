use std::time::Duration;

use crate::concurrent::Work;
use crate::environment::Environment;
use crate::error::{ConnectError, Failures, LoadError};
use crate::generated::{self, Derived, Loader, Output, Outputs, Scope};
use crate::manifest::Manifest;
use crate::record::Json;
use crate::table::Table;

/// One struct: everything that one deploy attaches. Derived, never written by hand.
///
/// See [the derive](macro@crate::BackingServices) for its attributes. It also writes the clients
/// struct (`<Struct>Clients`, with the methods `ping` and `close`) and one inherent method a field,
/// `connect_<field>()`.
///
/// ```
/// use backing_services::{BackingServices, Environment};
/// # use backing_services::{Adapter, ClientError, Connect, Handle, Host};
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("chat"), example = "chat://localhost")]
/// # struct Chat { #[handle] handle: Handle, #[handle(host)] host: Host }
/// # impl Connect for Chat {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), ClientError> { Ok(()) }
/// # }
///
/// #[derive(BackingServices)]
/// struct Services {
///     alerts: Chat,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), backing_services::Error> {
/// let services = Services::load(&Environment::from_pairs([("ALERTS_URL", "chat://localhost")]))?;
/// let clients: ServicesClients = services.connect().await?;
/// # let () = clients.alerts;
/// clients.ping().await?; // at any later time
/// clients.close(std::time::Duration::from_secs(5)).await; // at the end
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not derive `BackingServices`",
    label = "a `nested` field takes a struct with `#[derive(BackingServices)]`",
    note = "a single service takes no `nested`; a plain value takes `#[setting]`"
)]
pub trait BackingServices: Sized + Send + Sync {
    /// The typed clients, one a field: `<Struct>Clients`.
    type Clients: Clone + Send + Sync + 'static;

    /// What [`connect_each`](Self::connect_each) gives: a struct with the fields of the clients, each
    /// `Result<Client, ConnectError>`.
    type Results: Send;

    #[doc(hidden)]
    const TABLE: &'static Table;

    /// The same, as the record of the app has it.
    #[doc(hidden)]
    const __JSON: &'static [Json] = &[];

    /// That the type derives: the one thing about a bad nested field that rustc reports.
    #[doc(hidden)]
    const __IS: bool = true;

    /// What the struct declares, nested structs included. Reads nothing.
    ///
    /// ```
    /// # use backing_services::{BackingServices, Environment};
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     #[setting(default = "8080")]
    ///     port: u16,
    /// }
    ///
    /// let manifest = Services::manifest();
    /// assert_eq!(manifest.settings()[0].variable(), "PORT");
    /// ```
    fn manifest() -> Manifest {
        Manifest::new(Self::TABLE)
    }

    /// Reads, parses and validates every field. No network.
    ///
    /// # Errors
    ///
    /// All problems of all fields at once, nested ones and settings included; no secret in any of
    /// them.
    ///
    /// ```
    /// # use backing_services::{BackingServices, Environment};
    /// # #[derive(BackingServices)]
    /// # struct Services {
    /// #     #[setting]
    /// #     port: u16,
    /// #     #[setting]
    /// #     workers: u8,
    /// # }
    /// let error = Services::load(&Environment::from_pairs([("PORT", "80a")])).err().unwrap();
    /// assert_eq!(error.problems().len(), 2); // PORT is no number, WORKERS is not set
    /// ```
    fn load(environment: &Environment) -> Result<Self, LoadError> {
        let result = generated::load(environment);
        // Every test of a load is one of the record too.
        #[cfg(all(test, feature = "_record"))]
        assert_eq!(crate::record::compare_with_record(environment, &result), Ok(()));
        result
    }

    /// [`load`](BackingServices::load) from the process environment.
    ///
    /// # Errors
    ///
    /// As `load`.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)]
    /// # struct Services {
    /// #     #[setting(default = "8080")]
    /// #     port: u16,
    /// # }
    /// let services = Services::from_env()?;
    /// # Ok::<(), backing_services::LoadError>(())
    /// ```
    fn from_env() -> Result<Self, LoadError> {
        Self::load(&Environment::process())
    }

    /// Makes all clients at the same time and proves that each answers. Each has 10 seconds unless
    /// its handle says otherwise with `connect_timeout`; what may pass by itself is tried again
    /// within them. A port that refuses and a name that is unknown are tried for 0.7 seconds, and
    /// as long as `connect_timeout` says where the handle or the app has one.
    ///
    /// What is attached is said in the log: an event of `tracing` a resource, at INFO.
    ///
    /// # Errors
    ///
    /// Every resource that did not connect, each with its root cause.
    fn connect(&self) -> impl Future<Output = Result<Self::Clients, ConnectError>> + Send {
        generated::connect(self)
    }

    /// [`connect`](Self::connect) for a start beside servers that are still booting: a resource that
    /// is not there, is busy or does not answer is tried again until `limit`. Every three seconds
    /// the log says at WARN which are still missing, and why.
    ///
    /// What no waiting mends, such as a wrong password, ends it early: then the others have no more
    /// time than `connect` gives them.
    ///
    /// # Errors
    ///
    /// Every resource that did not connect, each with its root cause.
    ///
    /// ```no_run
    /// # use backing_services::BackingServices;
    /// # use std::time::Duration;
    /// # async fn start<S: BackingServices>() -> Result<S::Clients, backing_services::Error> {
    /// let services = S::from_env()?;
    /// let clients = services.connect_within(Duration::from_secs(60)).await?;
    /// # Ok(clients)
    /// # }
    /// ```
    fn connect_within(
        &self,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Clients, ConnectError>> + Send {
        generated::connect_within(self, limit)
    }

    /// [`connect`](Self::connect) for an app that starts with less: a struct with the fields of the
    /// clients, each a `Result` of its own.
    ///
    /// ```
    /// use backing_services::{BackingServices, Environment};
    /// # use backing_services::{Adapter, ClientError, Connect, Handle, Host};
    /// # #[derive(Adapter, Clone)]
    /// # #[adapter(schemes("chat"), example = "chat://localhost")]
    /// # struct Chat { #[handle] handle: Handle, #[handle(host)] host: Host }
    /// # impl Connect for Chat {
    /// #     type Client = ();
    /// #     async fn connect(&self) -> Result<(), ClientError> {
    /// #         match self.host.name() {
    /// #             "localhost" => Ok(()),
    /// #             _ => Err(ClientError::new("nobody is there")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     alerts: Chat,
    ///     gossip: Chat,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), backing_services::Error> {
    /// # let environment = Environment::from_pairs(
    /// #     [("ALERTS_URL", "chat://localhost"), ("GOSSIP_URL", "chat://elsewhere")]);
    /// let each = Services::load(&environment)?.connect_each().await;
    /// let alerts = each.alerts?; // the app cannot do without
    /// if let Err(report) = &each.gossip {
    ///     eprintln!("without gossip: {report}");
    /// }
    /// # let () = alerts;
    /// # assert!(each.gossip.is_err());
    /// # Ok(())
    /// # }
    /// ```
    fn connect_each(&self) -> impl Future<Output = Self::Results> + Send {
        generated::connect_each(self)
    }

    #[doc(hidden)]
    fn __load(loader: &mut Loader<'_>) -> Option<Self>;

    #[doc(hidden)]
    fn __start<'a>(&'a self, scope: &'a Scope<'a>) -> Vec<Work<'a, Output>>;

    #[doc(hidden)]
    fn __results(outputs: Outputs) -> Self::Results;

    #[doc(hidden)]
    fn __clients(outputs: Outputs) -> Option<Self::Clients>;

    #[doc(hidden)]
    fn __ping<'a>(
        clients: &'a Self::Clients,
        scope: &'a Scope<'a>,
    ) -> Vec<Work<'a, Result<(), Failures>>>;

    #[doc(hidden)]
    fn __close<'a>(clients: Self::Clients, scope: &'a Scope<'a>) -> Vec<Work<'a, ()>>;
}

impl<S: BackingServices> Derived for S {
    type Clients = S::Clients;
    type Results = S::Results;

    const TABLE: &'static Table = S::TABLE;
    const JSON: &'static [Json] = S::__JSON;

    fn load(loader: &mut Loader<'_>) -> Option<Self> {
        S::__load(loader)
    }

    fn start<'a>(&'a self, scope: &'a Scope<'a>) -> Vec<Work<'a, Output>> {
        self.__start(scope)
    }

    fn results(outputs: Outputs) -> S::Results {
        S::__results(outputs)
    }

    fn clients(outputs: Outputs) -> Option<S::Clients> {
        S::__clients(outputs)
    }

    fn ping<'a>(
        clients: &'a S::Clients,
        scope: &'a Scope<'a>,
    ) -> Vec<Work<'a, Result<(), Failures>>> {
        S::__ping(clients, scope)
    }

    fn close<'a>(clients: S::Clients, scope: &'a Scope<'a>) -> Vec<Work<'a, ()>> {
        S::__close(clients, scope)
    }
}
