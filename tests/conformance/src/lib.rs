//! What every adapter of [`backing_services`] promises, as tests that an app runs against its own
//! adapters, each with a server of the app's own.
//!
//! ```toml
//! [dev-dependencies]
//! backing-services-conformance = "0.1"
//! ```
//!
//! One line is the whole suite: the adapter, how to start its server, and, if a ping is too little,
//! how to use the client.
//!
//! ```
//! use std::io::Write as _;
//! use std::net::TcpStream;
//!
//! use backing_services::{Adapter, ClientError, Connect, Handle};
//! use backing_services_conformance::Scripted;
//! use tokio::io::AsyncReadExt as _;
//!
//! /// A QOTD server, which answers every connection with a quote.
//! #[derive(Adapter, Clone)]
//! #[adapter(schemes("qotd"), example = "qotd://localhost:17", port = 17)]
//! struct Qotd {
//!     #[handle]
//!     handle: Handle,
//!     #[handle(host)]
//!     host: String,
//!     #[handle(port)]
//!     port: u16,
//! }
//!
//! impl Connect for Qotd {
//!     type Client = Self;
//!
//!     async fn connect(&self) -> Result<Self, ClientError> {
//!         Ok(self.clone())
//!     }
//!
//!     async fn ping(client: &Self) -> Result<(), ClientError> {
//!         quote(client).await.map(drop)
//!     }
//! }
//!
//! async fn quote(client: &Qotd) -> Result<String, ClientError> {
//!     let address = (client.host.as_str(), client.port);
//!     let stream = tokio::net::TcpStream::connect(address).await;
//!     let mut quote = String::new();
//!     stream.map_err(ClientError::caused_by)?
//!         .take(512) // a hostile server would send for ever
//!         .read_to_string(&mut quote)
//!         .await
//!         .map_err(ClientError::caused_by)?;
//!     Ok(quote)
//! }
//!
//! fn server() -> Scripted {
//!     Scripted::start(|mut stream: TcpStream| stream.write_all(b"Keep it simple."))
//! }
//!
//! backing_services_conformance::suite!(Qotd, server);
//! # fn main() {}
//! ```
//!
//! An adapter with passwords, several schemes or TLS says so in a [`Subject`], and then
//! `suite!(OnQotd)` is the line. The tests stand in a module `conforms`, so that one module of the
//! app's tests has one suite. They need no runtime and no other crate of the app's.
//!
//! # What is tested
//!
//! | test | the promise |
//! |---|---|
//! | `round_trip`, `every_scheme` | a client of each scheme that the adapter takes is of use |
//! | `wrong_password` | is reported as that and not tried again; where there are no passwords, one is refused |
//! | `server_not_there`, `unknown_host` | are reported as that, within a second for a port that refuses |
//! | `killed_and_back_again` | the same client says that its server is gone, and finds it again |
//! | `cut_as_it_is_used` | a ping succeeds although the connection ends under it, as one does that a server closes for being idle |
//! | `silent_server` | `connect_timeout` holds for a server that accepts and says nothing |
//! | `silent_in_use` | a ping ends, also when the network drops everything |
//! | `made_in_another_runtime` | a ping ends, also when the runtime that connected stands still |
//! | `one_connection` | connecting costs the server one connection |
//! | `hostile_servers` | one that floods, drips, hangs up or talks nonsense costs bounded time and memory, and leaves nothing behind (on Linux) |
//! | `unknown_parameter` | is an error with the nearest name |
//! | `close` | a closed client does not answer, or every clone stands for itself |
//! | `tls_with_the_right_ca`, `tls_with_another_ca`, `tls_for_another_host` | certificates are verified (with the feature `tls`) |
//! | `tls_to_a_plain_server`, `no_tls_to_a_server_with_it` | TLS on one side only is reported as that |
//!
//! And every failure on the way is read: no report shows what a driver or Rust itself says.
//! What the driver of an adapter cannot do is written down in [`Subject::LIMITS`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

#[doc(hidden)]
pub mod behaviours;
#[cfg(target_os = "linux")]
pub mod hostile;
mod process;
mod servers;
mod subject;
#[cfg(feature = "tls")]
mod tls;

pub use self::process::in_process;
#[cfg(feature = "tls")]
pub use self::process::trusted_file;
pub use self::servers::{Proxy, Scripted, Server, free_port};
pub use self::subject::{Limit, Reaches, Subject};
#[cfg(feature = "tls")]
pub use self::tls::{Ca, Tls};

/// Makes the tests of one adapter, as a module `conforms`.
///
/// `suite!(Subject)` is for a type that implements [`Subject`], `suite!(Adapter, server)` for an
/// adapter whose handle needs no more than host and port, where `server` starts its [`Server`].
/// `suite!(Adapter, server, use_it)` names an async function of `&Client` beside, which writes and
/// reads real data and ends with a `Result<(), String>`.
///
/// ```
/// # use std::io::Write as _;
/// # use backing_services::{Adapter, ClientError, Connect, Handle};
/// # use backing_services_conformance::Scripted;
/// # #[derive(Adapter, Clone)]
/// # #[adapter(schemes("qotd"), example = "qotd://localhost:17", port = 17)]
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
/// async fn use_it(client: &Qotd) -> Result<(), String> {
///     Qotd::ping(client).await.map_err(|error| error.to_string())
/// }
///
/// fn server() -> Scripted {
///     Scripted::start(|mut stream: std::net::TcpStream| stream.write_all(b"Keep it simple."))
/// }
///
/// backing_services_conformance::suite!(Qotd, server, use_it);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! suite {
    ($subject:ty) => {
        $crate::suite!(@of $subject);
    };
    (@of $subject:ty) => {
        mod conforms {
            #[allow(unused_imports, reason = "what names the subject may stand in full")]
            use super::*;

            type It = <$subject as $crate::Subject>::Adapter;

            #[derive(::backing_services::BackingServices)]
            struct Services {
                #[service(env = "IT_URL")]
                it: It,
            }

            struct Derived;

            impl $crate::behaviours::App<It> for Derived {
                async fn connect(
                    handle: &::backing_services::Handle,
                ) -> ::core::result::Result<
                    <It as ::backing_services::Connect>::Client,
                    ::backing_services::Error,
                > {
                    use ::backing_services::{BackingServices as _, Environment};
                    let environment = Environment::from_pairs([("IT_URL", handle.expose_url())]);
                    ::core::result::Result::Ok(Services::load(&environment)?.connect().await?.it)
                }
            }

            $crate::__tests!($subject: round_trip every_scheme wrong_password server_not_there
                unknown_host killed_and_back_again cut_as_it_is_used silent_server silent_in_use
                made_in_another_runtime one_connection unknown_parameter close);
            $crate::__hostile_test!($subject);
            $crate::__tls_tests!($subject);
        }
    };
    ($adapter:ty, $server:expr $(, $use_it:expr)?) => {
        struct Conforming;

        impl $crate::Subject for Conforming {
            type Adapter = $adapter;
            type Server = ::std::boxed::Box<dyn $crate::Server>;

            fn start() -> Self::Server {
                ::std::boxed::Box::new($server())
            }

            $(async fn use_it(
                client: &<$adapter as ::backing_services::Connect>::Client,
            ) -> ::core::result::Result<(), ::std::string::String> {
                $use_it(client).await
            })?
        }

        $crate::suite!(@of Conforming);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($subject:ty: $($name:ident)*) => {$(
        #[test]
        fn $name() {
            $crate::behaviours::run::<$subject>(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                $crate::behaviours::$name::<$subject, Derived>(),
            );
        }
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hostile_test {
    ($subject:ty) => {
        #[cfg(target_os = "linux")]
        #[test]
        fn hostile_servers() {
            $crate::behaviours::hostile_servers::<$subject, Derived>(::core::concat!(
                ::core::module_path!(),
                "::hostile_servers"
            ));
        }
    };
}

#[cfg(feature = "tls")]
#[doc(hidden)]
#[macro_export]
macro_rules! __tls_tests {
    ($subject:ty) => {
        $crate::__tests!($subject: tls_with_the_right_ca tls_with_another_ca tls_for_another_host
            tls_to_a_plain_server no_tls_to_a_server_with_it);
    };
}

#[cfg(not(feature = "tls"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __tls_tests {
    ($subject:ty) => {};
}
