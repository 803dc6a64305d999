#[cfg(feature = "tls")]
use std::path::Path;

use backing_services::{Adapter, Connect, Handle, HandleBuilder};

use crate::servers::Server;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// An adapter, the server it is for, and how to use it.
///
/// Two types and [`start`](Subject::start) are enough for an adapter whose handle needs no more
/// than host and port. Each of the other methods is one more thing that an adapter can do.
///
/// ```
/// # use std::io::Write as _;
/// # use backing_services::{Adapter, ClientError, Connect, Handle};
/// use backing_services::HandleBuilder;
/// use backing_services_conformance::{Scripted, Subject, suite};
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("qotd"), example = "qotd://user:password@localhost", port = 17, unencrypted = "refused")]
/// # struct Qotd {
/// #     #[handle]
/// #     handle: Handle,
/// # }
/// # impl Connect for Qotd {
/// #     type Client = Self;
/// #     async fn connect(&self) -> Result<Self, ClientError> {
/// #         Ok(self.clone())
/// #     }
/// # }
///
/// struct OnQotd;
///
/// impl Subject for OnQotd {
///     type Adapter = Qotd;
///     type Server = Scripted;
///
///     fn start() -> Scripted {
///         Scripted::start(|mut stream: std::net::TcpStream| stream.write_all(b"Keep it simple."))
///     }
///
///     fn handle(scheme: &str) -> HandleBuilder {
///         Handle::builder(scheme).username("ada").password("p@ss")
///     }
///
///     fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
///         let handle = Handle::builder("qotd").username("ada").password("wrong");
///         Some((handle, "authentication failed"))
///     }
/// }
///
/// suite!(OnQotd);
/// # fn main() {}
/// ```
pub trait Subject {
    /// What is tested.
    type Adapter: Adapter + Connect;
    /// The server it is for.
    type Server: Server;

    /// Whether the client trusts the CA certificates of `SSL_CERT_FILE` and those of no handle. Its
    /// tests then run in a process of their own each, with a file of its own for that, which
    /// `tls_handle` fills: see `trusted_file`.
    const TRUSTS_THE_ENVIRONMENT: bool = false;

    /// What cannot be held because of the driver: each names a test, which then has to fail as
    /// written down, so that a driver that has learned it is noticed.
    const LIMITS: &'static [Limit] = &[];

    /// A server without TLS.
    fn start() -> Self::Server;

    /// A server with TLS; `None` if the client has none, and then it takes no credential either.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    fn start_with_tls(_: &Tls) -> Option<Self::Server> {
        None
    }

    /// The scheme for the server without TLS: the first of the adapter's, unless another is.
    fn plain_scheme() -> &'static str {
        Self::Adapter::GRAMMAR.schemes()[0].name()
    }

    /// Which of the two servers a scheme is for.
    fn reaches(_scheme: &str) -> Reaches {
        Reaches::Plain
    }

    /// A handle for the server without TLS, yet without host and port.
    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme)
    }

    /// The handle with its host and port; no port for a host that is not there.
    fn at(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
        let builder = builder.host(host);
        match port {
            Some(port) => builder.port(port),
            None => builder,
        }
    }

    /// A handle for the server with TLS that trusts the CA certificate of this file only and
    /// verifies the host's name.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    fn tls_handle(scheme: &str, _: &Self::Server, _ca: &Path) -> HandleBuilder {
        Self::handle(scheme)
    }

    /// A handle with a wrong password, and what the failure then says; `None` for a service that
    /// knows no passwords.
    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        None
    }

    /// What a ping says of a server that has been killed.
    fn dead() -> &'static str {
        "connection refused"
    }

    /// Whether closing one clone of the client ends all of them, which takes a [`Connect::close`] of
    /// the adapter's own. Otherwise every clone answers until the last is dropped.
    fn ends() -> bool {
        false
    }

    /// Writes and reads real data. A ping, unless an adapter says more.
    ///
    /// # Errors
    ///
    /// What the client says, or what was read instead.
    #[expect(async_fn_in_trait, reason = "each test waits for it on its own thread")]
    async fn use_it(client: &<Self::Adapter as Connect>::Client) -> Result<(), String> {
        Self::Adapter::ping(client).await.map_err(|error| error.to_string())
    }
}

/// A test that an adapter does not pass because of its driver.
///
/// ```
/// use backing_services_conformance::Limit;
///
/// const LIMITS: &[Limit] = &[Limit {
///     test: "one_connection",
///     driver: "chatter 0.3.1",
///     upstream: "https://example.com/chatter/issues/12",
///     seen: "2 connections",
/// }];
/// assert_eq!(LIMITS[0].test, "one_connection");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The name of the test, or `hostile_servers/` and the name of the case.
    pub test: &'static str,
    /// The crate and its version.
    pub driver: &'static str,
    /// Where its authors have been told, or the line of its source.
    pub upstream: &'static str,
    /// What the failed test says.
    pub seen: &'static str,
}

/// Which server a scheme is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaches {
    /// The one without TLS.
    Plain,
    /// The one with TLS.
    Tls,
    /// Another service behind the same field, with tests of its own.
    Elsewhere,
}
