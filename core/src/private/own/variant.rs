//! An enum of adapters: each variant by its role, as the fields of a struct of services are.

use std::time::Duration;

use crate::adapter::Adapter;
use crate::adapters::shared::require_scheme;
use crate::error::{ClientError, HandleError};
use crate::handle::Handle;
use crate::private::{Describe, Service};

/// What an enum passes on to the adapter it holds.
pub trait Variant: Describe {
    type Adapter;
    type Client: Clone + Send + Sync + 'static;

    fn takes(handle: &Handle) -> bool {
        Self::SCHEMES.contains(&handle.scheme())
    }

    /// # Errors
    ///
    /// As the adapter's.
    fn from_handle(handle: &Handle) -> Result<Self::Adapter, HandleError>;
    fn connect(
        adapter: &Self::Adapter,
    ) -> impl Future<Output = Result<Self::Client, ClientError>> + Send;
    fn ping(client: &Self::Client) -> impl Future<Output = Result<(), ClientError>> + Send;
    fn close(client: Self::Client) -> impl Future<Output = ()> + Send;
    fn handle(adapter: &Self::Adapter) -> Option<&Handle>;
    fn connect_timeout(adapter: &Self::Adapter) -> Duration;
    fn masked(adapter: &Self::Adapter, error: ClientError) -> ClientError;
}

impl<A: Adapter, const IS: bool> Variant for Service<A, IS> {
    type Adapter = A;
    type Client = A::Client;

    fn from_handle(handle: &Handle) -> Result<A, HandleError> {
        A::from_handle(handle)
    }

    fn connect(adapter: &A) -> impl Future<Output = Result<A::Client, ClientError>> + Send {
        adapter.connect()
    }

    fn ping(client: &A::Client) -> impl Future<Output = Result<(), ClientError>> + Send {
        A::ping(client)
    }

    fn close(client: A::Client) -> impl Future<Output = ()> + Send {
        A::close(client)
    }

    fn handle(adapter: &A) -> Option<&Handle> {
        adapter.handle()
    }

    fn connect_timeout(adapter: &A) -> Duration {
        adapter.connect_timeout()
    }

    fn masked(adapter: &A, error: ClientError) -> ClientError {
        adapter.__masked(error)
    }
}

/// A handle that no variant takes; also what stands in for a type with mistakes.
///
/// # Errors
///
/// Always.
pub fn refused<A: Adapter>(handle: &Handle) -> Result<A, HandleError> {
    require_scheme::<A>(handle)?;
    Err(HandleError::new("the scheme is not known"))
}

/// How many schemes there are.
pub const fn count(lists: &[&[&str]]) -> usize {
    let (mut list, mut count) = (0, 0);
    while list < lists.len() {
        count += lists[list].len();
        list += 1;
    }
    count
}

/// The schemes of all variants.
pub const fn concat<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut schemes = [""; N];
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
