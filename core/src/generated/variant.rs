//! An enum of adapters: each variant beside the proof that it is one, as the fields of a struct of
//! services are.

use std::fmt;
use std::time::Duration;

use super::field::{Describe, Service};
use crate::adapter::grammar::{Grammar, Scheme, Word};
use crate::adapter::reader::require_scheme;
use crate::adapter::value::{Kind, Value};
use crate::adapter::{Adapter, Connect};
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;

/// What an enum passes on to the adapter it holds.
pub trait Variant: Describe {
    type Adapter;

    fn takes(handle: &Handle) -> bool {
        Self::GRAMMAR.scheme(handle.scheme()).is_some()
    }

    /// # Errors
    ///
    /// As the adapter's.
    fn from_handle(handle: &Handle) -> Result<Self::Adapter, HandleError>;
    fn handle(adapter: &Self::Adapter) -> &Handle;
    fn is_loopback(adapter: &Self::Adapter) -> bool;
    fn connect_timeout(adapter: &Self::Adapter) -> Duration;
}

impl<A: Adapter, const IS: bool> Variant for Service<A, IS> {
    type Adapter = A;

    fn from_handle(handle: &Handle) -> Result<A, HandleError> {
        A::from_handle(handle)
    }

    fn handle(adapter: &A) -> &Handle {
        adapter.handle()
    }

    fn is_loopback(adapter: &A) -> bool {
        adapter.is_loopback()
    }

    fn connect_timeout(adapter: &A) -> Duration {
        adapter.connect_timeout()
    }
}

/// How an enum with a generated client connects.
pub trait ConnectVariant: Variant {
    type Client: Clone + Send + Sync + 'static;
    const PROVEN: bool;
    const CLOSES_LAST: bool;

    fn connect(
        adapter: &Self::Adapter,
    ) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send;
    fn version(client: &Self::Client) -> impl Future<Output = Option<String>> + Send;
    fn is_busy(client: &Self::Client) -> bool;
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send;
}

impl<A: Adapter + Connect, const IS: bool> ConnectVariant for Service<A, IS> {
    type Client = A::Client;
    const PROVEN: bool = A::PROVEN;
    const CLOSES_LAST: bool = A::CLOSES_LAST;

    fn connect(adapter: &A) -> impl Future<Output = Result<A::Client, ClientError>> + Send {
        adapter.connect()
    }

    fn ping(client: &A::Client) -> impl Future<Output = Result<(), ClientError>> + Send {
        A::ping(client)
    }

    fn version(client: &A::Client) -> impl Future<Output = Option<String>> + Send {
        A::version(client)
    }

    fn is_busy(client: &A::Client) -> bool {
        A::is_busy(client)
    }

    fn close(client: A::Client) -> impl Future<Output = ()> + Send {
        A::close(client)
    }
}

/// A handle that no variant takes.
///
/// # Errors
///
/// Always.
pub fn refused<A: Adapter>(handle: &Handle, grammar: &Grammar) -> Result<A, HandleError> {
    require_scheme(handle, grammar)?;
    Err(HandleError::new("the scheme is not known"))
}

/// How many schemes the variants have.
pub const fn count_schemes(lists: &[&[Scheme]]) -> usize {
    let (mut list, mut count) = (0, 0);
    while list < lists.len() {
        count += lists[list].len();
        list += 1;
    }
    count
}

/// The schemes of all variants.
pub const fn concat_schemes<const N: usize>(lists: &[&[Scheme]]) -> [Scheme; N] {
    let mut schemes = [Scheme::new(""); N];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            schemes[next] = lists[list][at];
            next += 1;
            at += 1;
        }
        list += 1;
    }
    schemes
}

/// How many words the lists have.
pub const fn count_words(lists: &[&[Word]]) -> usize {
    let (mut list, mut count) = (0, 0);
    while list < lists.len() {
        count += lists[list].len();
        list += 1;
    }
    count
}

/// The words of all lists.
pub const fn concat_words<const N: usize>(lists: &[&[Word]]) -> [Word; N] {
    let mut words = [PORT; N];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            words[next] = lists[list][at];
            next += 1;
            at += 1;
        }
        list += 1;
    }
    words
}

const PORT: Word = Word::new("port", crate::adapter::grammar::Part::Port, Kind::of::<u16>());

/// The word for the port, which a host may bring along.
pub const fn port_words(takes_port: bool) -> &'static [Word] {
    if takes_port { &[PORT] } else { &[] }
}

/// The name, scheme, hosts and the name in the path of an adapter, and nothing else.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_adapter<A: Adapter>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    adapter: &A,
) -> fmt::Result {
    write!(f, "{name}({})", adapter.handle().shown(A::GRAMMAR))
}

/// The variant of an enum of clients: what is inside it may hold a secret.
///
/// # Errors
///
/// Those of the formatter.
pub fn debug_client(f: &mut fmt::Formatter<'_>, name: &str, variant: &str) -> fmt::Result {
    write!(f, "{name}::{variant}(..)")
}

const _: () = assert!(matches!(<u16 as Value>::KIND, Kind::Integer { min: 0, max: 65535 }));
