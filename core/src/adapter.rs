use std::time::Duration;

use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::parts::Parts;

/// One scheme adapter: gives a [`Handle`] its meaning and makes the client for it.
///
/// The adapters of this crate are the types in [`adapters`](crate::adapters), one cargo feature each.
/// For a service of its own an app [derives](macro@crate::Adapter) the trait, which leaves it [`Connect`] to write, and
/// uses the type as a field like any other.
///
/// By hand it is for a handle with rules of its own:
///
/// ```
/// use backing_services::{Adapter, BackingServices, ClientError, Environment, Handle, HandleError};
/// use std::net::TcpStream;
/// use std::sync::Arc;
///
/// /// Our own line protocol.
/// #[derive(Clone)]
/// struct Ticker {
///     handle: Handle,
///     address: (String, u16),
/// }
///
/// impl Adapter for Ticker {
///     const NAME: &'static str = "Ticker";
///     const SCHEMES: &'static [&'static str] = &["ticker"];
///     const EXAMPLE: &'static str = "ticker://localhost:7070";
///     type Client = Arc<TcpStream>;
///
///     fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
///         handle.params::<()>()?; // it takes none: refuse every one
///         let host = handle.host().ok_or_else(|| HandleError::new("the handle has no host"))?;
///         let address = (host.to_owned(), handle.port().unwrap_or(7070));
///         Ok(Self { address, handle: handle.clone() })
///     }
///
///     async fn connect(&self) -> Result<Self::Client, ClientError> {
///         let stream = TcpStream::connect(&self.address).map_err(ClientError::caused_by)?;
///         Ok(Arc::new(stream))
///     }
///
///     async fn ping(client: &Self::Client) -> Result<(), ClientError> {
///         client.peer_addr().map(drop).map_err(ClientError::caused_by)
///     }
///
///     fn handle(&self) -> Option<&Handle> {
///         Some(&self.handle)
///     }
/// }
///
/// #[derive(BackingServices)]
/// struct Services {
///     quotes: Ticker,
/// }
///
/// let services = Services::load(&Environment::from_pairs([("QUOTES_URL", "ticker://localhost")]))?;
/// assert_eq!(services.quotes.address.1, 7070);
/// # Ok::<(), backing_services::LoadError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a backing service",
    label = "expected an adapter such as `MySql`, `Smtp` or `Memcached`",
    note = "use an adapter of `backing_services`; each is behind the cargo feature of its name: `MySql` needs `features = [\"mysql\"]`",
    note = "a plain value such as a port takes `#[setting]`, a struct that derives `BackingServices` takes `#[service(nested)]`",
    note = "for a service of your own, derive or implement `backing_services::Adapter`"
)]
pub trait Adapter: Clone + Send + Sync + Sized + 'static {
    /// The name of the service in messages, such as `MySQL`.
    const NAME: &'static str;
    /// The schemes it takes, in lower case, the preferred one first.
    const SCHEMES: &'static [&'static str];
    /// A handle that shows the form, such as `mysql://user:password@localhost:3306/database`.
    const EXAMPLE: &'static str;
    /// What a handle can be put together from where a platform hands out no URL, and by which names platforms
    /// know the service. By default those of a server: host, port, user, password, name.
    const PARTS: Parts = Parts::server();
    /// That the type is an adapter at all: the one thing about a bad field that rustc reports.
    #[doc(hidden)]
    const __IS: bool = true;
    /// What the app talks through. Cloning it is cheap and shares the connection or pool.
    type Client: Clone + Send + Sync + 'static;

    /// Reads a handle whose syntax has been checked. No network.
    ///
    /// # Errors
    ///
    /// When the scheme, a part or a parameter of the handle means nothing to the adapter.
    fn from_handle(handle: &Handle) -> Result<Self, HandleError>;

    /// Makes the client: one attempt. The time limit and repeated attempts are the caller's.
    ///
    /// # Errors
    ///
    /// The root cause: [`ClientError::transient`] for what may pass by itself.
    fn connect(&self) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;

    /// Proves that the resource answers.
    ///
    /// # Errors
    ///
    /// The root cause.
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send;

    /// Ends the client in order, as far as its protocol has such an end. By default it is dropped.
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send {
        async move { drop(client) }
    }

    /// The handle it was read from, so that a failure can say where it came from. By default unknown.
    fn handle(&self) -> Option<&Handle> {
        None
    }

    /// Hides what a cause repeats of the handle's secrets.
    #[doc(hidden)]
    fn __masked(&self, error: ClientError) -> ClientError {
        match self.handle() {
            Some(handle) => error.masked(|text| handle.mask(text)),
            None => error,
        }
    }

    /// Whether everything it talks to is on this machine, for
    /// [`Environment::only_loopback`](crate::Environment::only_loopback). By default whether every host of the
    /// handle is.
    fn is_loopback(&self, handle: &Handle) -> bool {
        handle.is_loopback()
    }

    /// How long connecting may take, all attempts together. By default 10 seconds.
    fn connect_timeout(&self) -> Duration {
        crate::adapters::CONNECT_TIMEOUT
    }
}

/// What a type that derives [`Adapter`](macro@crate::Adapter) leaves to the app: how its client is made,
/// and how it is asked whether it answers.
///
/// ```
/// use backing_services::{Adapter, ClientError, Connect, Handle, Secret};
/// use std::sync::Arc;
/// use tokio::net::TcpStream;
///
/// #[derive(Adapter, Clone)]
/// #[adapter(schemes("ticker"), example = "ticker://:token@localhost:7070", port = 7070)]
/// struct Ticker {
///     #[handle]
///     handle: Handle,
///     #[handle(password)]
///     token: Secret,
///     #[handle(host)]
///     host: String,
///     #[handle(port)]
///     port: u16,
/// }
///
/// impl Connect for Ticker {
///     type Client = Arc<TcpStream>;
///
///     async fn connect(&self) -> Result<Self::Client, ClientError> {
///         let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
///         // ... say self.token.expose()
///         stream.map(Arc::new).map_err(ClientError::caused_by)
///     }
/// }
/// ```
///
/// [`Adapter`] has the same functions. Where both traits are in scope, a call says which one it means:
/// `Connect::connect(&ticker)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to connect",
    label = "a type that derives `Adapter` implements `Connect`",
    note = "add\nimpl backing_services::Connect for {Self} {{\n    type Client = /* what the app talks through */;\n    async fn connect(&self) -> Result<Self::Client, backing_services::ClientError> {{ /* ... */ }}\n}}"
)]
pub trait Connect: Sized {
    /// That the type implements it at all: the one thing about a type without that rustc reports.
    #[doc(hidden)]
    const __IS: bool = true;
    /// What the app talks through. Cloning it is cheap and shares the connection or pool.
    type Client: Clone + Send + Sync + 'static;

    /// Makes the client: one attempt. The time limit and repeated attempts are the caller's.
    ///
    /// # Errors
    ///
    /// The root cause: [`ClientError::transient`] for what may pass by itself. What it repeats of the
    /// handle's user name, password or parameters is masked.
    fn connect(&self) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;

    /// Proves that the resource answers. By default a client that could be made is one that answers.
    ///
    /// # Errors
    ///
    /// The root cause.
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send {
        let _ = client;
        std::future::ready(Ok(()))
    }

    /// Ends the client in order. By default it is dropped.
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send {
        async move { drop(client) }
    }
}
