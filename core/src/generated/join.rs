//! What the fields of a struct do at the same time.
//!
//! The derive's output has no `async` block: a list of boxed futures, and functions that take the
//! outputs out of it, are checked in a fraction of the time.

use std::any::Any;
use std::{mem, slice, vec};

use super::field::Attach;
use super::scope::Scope;
use crate::concurrent::Work;
use crate::error::{ConnectError, Failures};
use crate::table::{Field, Table};

/// What the connecting of one field came to: its client, whose type the field knows.
pub type Output = Result<Box<dyn Any + Send>, Failures>;

/// What the fields that have a client do, in their order.
///
/// The derive's output is a call a field: rustc checks a list of futures much longer.
pub struct Works<'a, T> {
    scope: &'a Scope<'a>,
    fields: slice::Iter<'static, Field>,
    list: Vec<Work<'a, T>>,
}

impl<'a, T> Works<'a, T> {
    pub fn new(scope: &'a Scope<'a>, fields: &'static [Field]) -> Self {
        Self { scope, fields: fields.iter(), list: Vec::with_capacity(fields.len()) }
    }

    pub fn all(&mut self) -> Vec<Work<'a, T>> {
        mem::take(&mut self.list)
    }

    /// Puts the next one in; the derive names each field that has a client, in their order.
    fn push(&mut self, work: impl FnOnce(&'a Scope<'a>, &'static Field) -> Work<'a, T>) {
        let field = self.fields.find(|field| field.has_client());
        self.list.extend(field.map(|field| work(self.scope, field)));
    }
}

impl<'a> Works<'a, Output> {
    /// The future of connecting one field.
    pub fn start<R: Attach + 'a>(&mut self, value: &'a R::Value) {
        self.push(|scope, field| {
            Box::pin(async move {
                let client = R::connect(value, scope, field).await?;
                Ok(Box::new(client) as Box<dyn Any + Send>)
            })
        });
    }
}

impl<'a> Works<'a, Result<(), Failures>> {
    pub fn ping<R: Attach + 'a>(&mut self, client: &'a R::Client) {
        self.push(|scope, field| Box::pin(R::ping(client, scope, field)));
    }
}

impl<'a> Works<'a, ()> {
    pub fn close<R: Attach + 'a>(&mut self, client: R::Client) {
        self.push(|scope, field| Box::pin(R::close(client, scope, field)));
    }
}

/// The outputs of all fields with a client, in their order.
pub struct Outputs(vec::IntoIter<Output>);

impl Outputs {
    pub(super) fn new(outputs: Vec<Output>) -> Self {
        Self(outputs.into_iter())
    }

    /// What the next field came to.
    ///
    /// # Errors
    ///
    /// It did not connect.
    pub fn result<R: Attach>(&mut self, of: &'static Table) -> Result<R::Client, ConnectError> {
        self.next::<R>().map_err(|failures| ConnectError::new(of, 0, failures))
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
        failed.flat_map(mem::take).collect()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.0.as_slice().iter().all(Result::is_ok)
    }
}
