//! What an adapter is: the traits, the grammar of its handles, and what reads a handle by it.

#[allow(missing_docs, reason = "nobody but the derives names it")]
pub(crate) mod fields;
pub(crate) mod grammar;
mod page;
#[cfg(feature = "_pem")]
pub(crate) mod pem;
#[allow(missing_docs, reason = "nobody but the derives names it")]
pub(crate) mod reader;
pub(crate) mod server;
mod shown;
pub(crate) mod tls;
#[cfg(any(feature = "memcached", feature = "nats", feature = "redis"))]
pub(crate) mod tls_client;
pub(crate) mod value;

use std::time::Duration;

pub(crate) use self::fields::CONNECT_TIMEOUT;
use self::grammar::{Grammar, Word};
use self::reader::Reader;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::record::Json;

/// How the handles of one service are read: a grammar, and what a handle of it means.
///
/// The adapters of this crate are the types in [`adapters`](crate::adapters), one cargo feature
/// each. For a service of its own an app [derives](macro@crate::Adapter) the trait, writes
/// [`Connect`], and uses the type as a field like any other. A field needs both.
///
/// By hand it is for a handle that no grammar can say:
///
/// ```
/// use backing_services::{
///     Adapter, BackingServices, ClientError, Connect, Environment, Grammar, Handle, HandleError,
///     Scheme,
/// };
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
///     const GRAMMAR: &'static Grammar =
///         &Grammar::new("Ticker", &[Scheme::new("ticker").port(7070)], "ticker://localhost:7070");
///
///     fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
///         handle.params::<()>()?; // it takes none: refuse every one
///         let host = handle.host().ok_or_else(|| HandleError::new("the handle has no host"))?;
///         let address = (host.to_owned(), handle.port().unwrap_or(7070));
///         Ok(Self { address, handle: handle.clone() })
///     }
///
///     fn handle(&self) -> &Handle {
///         &self.handle
///     }
/// }
///
/// impl Connect for Ticker {
///     type Client = Arc<TcpStream>;
///
///     async fn connect(&self) -> Result<Self::Client, ClientError> {
///         let stream = TcpStream::connect(&self.address).map_err(ClientError::caused_by)?;
///         Ok(Arc::new(stream))
///     }
///
///     async fn ping(client: &Self::Client) -> Result<(), ClientError> {
///         client.peer_addr().map(drop).map_err(ClientError::caused_by)
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
    /// What a handle may say.
    const GRAMMAR: &'static Grammar;

    /// That the type is an adapter at all: the one thing about a bad field that rustc reports.
    #[doc(hidden)]
    const __IS: bool = true;

    /// The type's path and name, by which constants tell two types apart. Empty in an
    /// implementation by hand.
    #[doc(hidden)]
    const __ID: &'static str = "";

    /// The grammar, as the record of an app has it.
    #[doc(hidden)]
    const __JSON: &'static [Json] = &[Json::WholeGrammar(Self::GRAMMAR)];

    /// Reads a handle whose syntax has been checked. No network.
    ///
    /// # Errors
    ///
    /// When the scheme, a part or a parameter of the handle means nothing to the adapter.
    fn from_handle(handle: &Handle) -> Result<Self, HandleError>;

    /// The handle that it was read from: masking, `Debug` and reports stand on it.
    fn handle(&self) -> &Handle;

    /// Whether everything it talks to is on this machine, for
    /// [`Environment::only_loopback`](crate::Environment::only_loopback). By default whether every
    /// host of the handle is.
    fn is_loopback(&self) -> bool {
        self.handle().is_loopback()
    }

    /// How long connecting may take, all attempts together. By default 10 seconds.
    fn connect_timeout(&self) -> Duration {
        CONNECT_TIMEOUT
    }
}

/// How a service is talked to: what an app writes for a service of its own, beside deriving
/// [`Adapter`].
///
/// ```
/// use backing_services::{Adapter, ClientError, Connect, Handle, Host, Secret};
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
///     host: Host,
/// }
///
/// impl Connect for Ticker {
///     type Client = Arc<TcpStream>;
///
///     async fn connect(&self) -> Result<Self::Client, ClientError> {
///         let stream = TcpStream::connect(self.host.to_string()).await;
///         // ... say self.token.expose()
///         stream.map(Arc::new).map_err(ClientError::caused_by)
///     }
/// }
/// ```
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

    /// Whether a client that [`connect`](Self::connect) returns has proven already that the
    /// resource answers: a handshake with a login was answered. By default it has not, and a
    /// [`ping`](Self::ping) follows at the cost of one more round trip.
    ///
    /// ```
    /// use backing_services::{Adapter, ClientError, Connect, Handle, Host};
    ///
    /// #[derive(Adapter, Clone)]
    /// #[adapter(schemes("chat"), example = "chat://localhost:6667", port = 6667)]
    /// struct Chat {
    ///     #[handle]
    ///     handle: Handle,
    ///     #[handle(host)]
    ///     host: Host,
    /// }
    ///
    /// impl Connect for Chat {
    ///     type Client = ();
    ///     const PROVEN: bool = true; // the server has sent its greeting
    ///
    ///     async fn connect(&self) -> Result<(), ClientError> {
    ///         // ... reads the greeting
    ///         Ok(())
    ///     }
    /// }
    /// # assert!(Chat::PROVEN);
    /// ```
    const PROVEN: bool = false;

    /// Whether a shutdown closes it after all others, as it does telemetry, to which the others
    /// still report. By default it does not.
    ///
    /// ```
    /// # #[cfg(feature = "newrelic")] {
    /// use backing_services::{Connect, NewRelic};
    ///
    /// assert!(NewRelic::CLOSES_LAST);
    /// # }
    /// ```
    const CLOSES_LAST: bool = false;

    /// Makes the client: one attempt. The time limit and repeated attempts are the caller's.
    ///
    /// # Errors
    ///
    /// The root cause: [`ClientError::transient`] for what may pass by itself. What it repeats of
    /// the handle's user name, password or parameters is masked.
    fn connect(&self) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;

    /// Proves that the resource answers. By default a client that could be made is one that
    /// answers.
    ///
    /// # Errors
    ///
    /// The root cause.
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send {
        let _ = client;
        std::future::ready(Ok(()))
    }

    /// The version of the server, where its protocol tells it: what the command `ping` shows beside
    /// the answer. By default it is not known.
    ///
    /// ```
    /// use backing_services::{Adapter, ClientError, Connect, Handle, Host};
    ///
    /// #[derive(Adapter, Clone)]
    /// #[adapter(schemes("chat"), example = "chat://localhost:6667", port = 6667)]
    /// struct Chat {
    ///     #[handle]
    ///     handle: Handle,
    ///     #[handle(host)]
    ///     host: Host,
    /// }
    ///
    /// impl Connect for Chat {
    ///     type Client = String; // what the server said in its greeting
    ///
    ///     async fn connect(&self) -> Result<String, ClientError> {
    ///         Ok("chatd 2.1".to_owned())
    ///     }
    ///
    ///     async fn version(greeting: &String) -> Option<String> {
    ///         Some(greeting.clone())
    ///     }
    /// }
    /// ```
    fn version(client: &Self::Client) -> impl Future<Output = Option<String>> + Send {
        let _ = client;
        std::future::ready(None)
    }

    /// Whether it has no connection to spare: a [`ping`](Self::ping) would wait for one, or take the
    /// last that is free. A health check leaves such a client alone and warns. By default it never
    /// is, as fits a client that shares one connection or opens as many as it needs.
    ///
    /// ```
    /// use backing_services::{Adapter, ClientError, Connect, Handle, Host};
    /// use std::sync::Arc;
    /// use tokio::sync::Semaphore;
    ///
    /// #[derive(Adapter, Clone)]
    /// #[adapter(schemes("chat"), example = "chat://localhost:6667", port = 6667)]
    /// struct Chat {
    ///     #[handle]
    ///     handle: Handle,
    ///     #[handle(host)]
    ///     host: Host,
    /// }
    ///
    /// impl Connect for Chat {
    ///     type Client = Arc<Semaphore>; // a permit for each connection of the pool
    ///
    ///     async fn connect(&self) -> Result<Arc<Semaphore>, ClientError> {
    ///         Ok(Arc::new(Semaphore::new(10)))
    ///     }
    ///
    ///     fn is_busy(pool: &Arc<Semaphore>) -> bool {
    ///         pool.available_permits() == 0
    ///     }
    /// }
    /// # assert!(Chat::is_busy(&Arc::new(Semaphore::new(0))));
    /// ```
    fn is_busy(client: &Self::Client) -> bool {
        let _ = client;
        false
    }

    /// Ends the client in order, as far as its protocol has such an end. By default it is dropped.
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send {
        async move { drop(client) }
    }
}

/// A struct of parameters that adapters `flatten` into theirs: TLS files, a pool, timeouts. It is
/// no adapter, because it has no client.
///
/// ```
/// use backing_services::{Adapter, Handle, Host, Parameters};
///
/// #[derive(Parameters, Clone)]
/// struct Retries {
///     /// How many more attempts a call may have.
///     #[handle(param = "retries", default = "2", tuning)]
///     count: u8,
/// }
///
/// #[derive(Adapter, Clone)]
/// #[adapter(schemes("chat"), example = "chat://localhost?retries=3")]
/// struct Chat {
///     #[handle]
///     handle: Handle,
///     #[handle(host)]
///     host: Host,
///     #[handle(flatten)]
///     retries: Retries,
/// }
/// # impl backing_services::Connect for Chat {
/// #     type Client = ();
/// #     async fn connect(&self) -> Result<(), backing_services::ClientError> { Ok(()) }
/// # }
///
/// let chat = Chat::from_handle(&Handle::parse("chat://localhost")?)?;
/// assert_eq!(chat.retries.count, 2);
/// # Ok::<(), backing_services::HandleError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no parameters",
    label = "a `flatten` field takes a struct that derives `backing_services::Parameters`"
)]
pub trait Parameters: Sized {
    /// Its words, in the order in which they are read.
    const WORDS: &'static [Word];

    /// The words, as the record of an app has them.
    #[doc(hidden)]
    const __JSON: &'static [Json] = &[Json::Words(Self::WORDS)];

    /// Takes its words from the reader, in that order.
    ///
    /// # Errors
    ///
    /// One is missing, or has not its form.
    #[doc(hidden)]
    fn read(reader: &mut Reader<'_>) -> Result<Self, HandleError>;

    /// How long connecting may take, where one of its words is `connect_timeout`.
    #[doc(hidden)]
    fn connect_timeout(&self) -> Option<Duration> {
        None
    }
}
