use crate::environment::Environment;
use crate::error::{ConnectError, Failure, LoadError};
use crate::generated;
use crate::manifest::Manifest;

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

    #[doc(hidden)]
    const TABLE: &'static generated::Table;

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
        generated::load(environment)
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
        generated::from_env()
    }

    /// Makes all clients at the same time and proves that each answers. Each has 10 seconds unless
    /// its handle says otherwise; what may pass by itself is tried again within them.
    ///
    /// # Errors
    ///
    /// Every resource that did not connect, each with its root cause.
    fn connect(&self) -> impl Future<Output = Result<Self::Clients, ConnectError>> + Send {
        generated::connect(self)
    }

    #[doc(hidden)]
    fn __load(loader: &mut generated::Loader<'_>) -> Option<Self>;

    #[doc(hidden)]
    fn __connect(
        &self,
        scope: &generated::Scope<'_>,
    ) -> impl Future<Output = Result<Self::Clients, Vec<Failure>>> + Send;

    #[doc(hidden)]
    fn __ping(
        clients: &Self::Clients,
        scope: &generated::Scope<'_>,
    ) -> impl Future<Output = Result<(), Vec<Failure>>> + Send;

    #[doc(hidden)]
    fn __close(
        clients: Self::Clients,
        scope: &generated::Scope<'_>,
    ) -> impl Future<Output = ()> + Send;
}
