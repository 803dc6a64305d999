//! What the fields of a struct do at the same time.
//!
//! The derive's output has no `async` block: a list of boxed futures, and functions that take the
//! outputs out of it, are checked in a fraction of the time.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use super::field::Attach;
use super::{Failures, Field, Scope};
use crate::backing::BackingServices;
use crate::error::ConnectError;

/// What one field does.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the connecting of one field came to: its client, whose type the field knows.
pub type Output = Result<Box<dyn Any + Send>, Failures>;

/// Connects a field.
pub fn start<'a, R: Attach + 'a>(
    value: &'a R::Value,
    scope: &'a Scope<'a>,
    field: &'static Field,
) -> Work<'a, Output> {
    Box::pin(async move {
        let client = R::connect(value, scope, field).await?;
        Ok(Box::new(client) as Box<dyn Any + Send>)
    })
}

/// Pings the client of a field.
pub fn ping<'a, R: Attach + 'a>(
    client: &'a R::Client,
    scope: &'a Scope<'a>,
    field: &'static Field,
) -> Work<'a, Result<(), Failures>> {
    Box::pin(R::ping(client, scope, field))
}

/// Closes the client of a field.
pub fn close<'a, R: Attach + 'a>(
    client: R::Client,
    scope: &'a Scope<'a>,
    field: &'static Field,
) -> Work<'a, ()> {
    Box::pin(R::close(client, scope, field))
}

/// Does all of it to its end at the same time, also after one has failed.
pub(crate) async fn all<T>(works: Vec<Work<'_, T>>) -> Vec<T> {
    let mut works: Vec<_> = works.into_iter().map(Some).collect();
    let mut outputs: Vec<_> = works.iter().map(|_| None).collect();
    poll_fn(|context| {
        // Every one each time: there are few, and one that is done is gone.
        for (work, output) in works.iter_mut().zip(&mut outputs) {
            if let Some(future) = work
                && let Poll::Ready(done) = future.as_mut().poll(context)
            {
                (*work, *output) = (None, Some(done));
            }
        }
        if works.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// The outputs of all fields with a client, in their order.
pub struct Outputs(std::vec::IntoIter<Output>);

impl Outputs {
    pub(super) fn new(outputs: Vec<Output>) -> Self {
        Self(outputs.into_iter())
    }

    /// What the next field came to.
    ///
    /// # Errors
    ///
    /// It did not connect.
    pub fn result<R: Attach, S: BackingServices>(&mut self) -> Result<R::Client, ConnectError> {
        self.next::<R>().map_err(|failures| ConnectError::new(S::TABLE, 0, failures))
    }

    /// The client of the next field.
    pub fn client<R: Attach>(&mut self) -> Option<R::Client> {
        self.next::<R>().ok()
    }

    fn next<R: Attach>(&mut self) -> Result<R::Client, Failures> {
        let client = self.0.next().unwrap_or_else(|| Err(Failures::new()))?;
        // The fields take their outputs in the order in which they were started.
        client.downcast().map(|client| *client).map_err(|_| Failures::new())
    }

    /// Takes the failures of all, if there are any.
    pub(super) fn failures(&mut self) -> Failures {
        let failed = self.0.as_mut_slice().iter_mut().filter_map(|output| output.as_mut().err());
        failed.flat_map(std::mem::take).collect()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.0.as_slice().iter().all(Result::is_ok)
    }
}
