//! What `#[derive(Adapter)]` calls: the parts of a handle, each taken by a field, and what the app has
//! written for [`Connect`].

mod parts;
mod reader;
mod text;
mod variant;

use std::fmt;
use std::marker::PhantomData;

pub use self::parts::{Hosts, Limit, Password, Path, Port, Username, Whole};
pub use self::reader::{Param, Reader};
pub use self::text::{Text, masked};
pub use self::variant::{Variant, concat, count, refused};
use crate::adapter::Connect;
use crate::error::ClientError;
use crate::handle::{Handle, Host};

/// The type that the app has written [`Connect`] for, beside the proof that it has.
pub struct Own<T, const IS: bool>(PhantomData<T>);

/// What the app has written, in the form of an adapter's.
pub trait Make<T> {
    type Client: Clone + Send + Sync + 'static;

    fn connect(own: &T) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send;
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send;
}

impl<T: Connect, const IS: bool> Make<T> for Own<T, IS> {
    type Client = T::Client;

    fn connect(own: &T) -> impl Future<Output = Result<T::Client, ClientError>> + Send {
        own.connect()
    }

    fn ping(client: &T::Client) -> impl Future<Output = Result<(), ClientError>> + Send {
        T::ping(client)
    }

    fn close(client: T::Client) -> impl Future<Output = ()> + Send {
        T::close(client)
    }
}

/// What the app talks through.
pub type OwnClient<T, const IS: bool> = <Own<T, IS> as Make<T>>::Client;

/// The name, scheme, host and port of an adapter, and nothing else.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_adapter(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    handle: Option<&Handle>,
    port: Option<u16>,
) -> fmt::Result {
    let Some(handle) = handle else { return f.write_str(name) };
    let host = |host: &Host| port.map_or_else(|| host.clone(), |port| host.or_port(port));
    let hosts: Vec<_> = handle.hosts().iter().map(|it| host(it).to_string()).collect();
    let slashes = if hosts.is_empty() { "" } else { "//" };
    write!(f, "{name}({}:{slashes}{})", handle.scheme(), hosts.join(","))
}

/// The variant of an enum of clients: what is inside it may hold a secret.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_client(f: &mut fmt::Formatter<'_>, name: &str, variant: &str) -> fmt::Result {
    write!(f, "{name}::{variant}(..)")
}
