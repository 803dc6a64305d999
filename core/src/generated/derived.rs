//! What is asked of a struct that derives, below the trait that apps see.

use super::join::{Output, Outputs};
use super::loader::Loader;
use super::scope::Scope;
use crate::concurrent::Work;
use crate::error::Failures;
use crate::record::Json;
use crate::table::Table;

/// What the derive writes of a struct. The trait `BackingServices` has it behind names that begin
/// with `__`, and calls what asks for this one, which so need not know that trait.
pub trait Derived: Sized + Send + Sync {
    type Clients: Clone + Send + Sync + 'static;
    type Results: Send;

    const TABLE: &'static Table;

    /// The same, as the record of the app has it.
    const JSON: &'static [Json];

    fn load(loader: &mut Loader<'_>) -> Option<Self>;

    fn start<'a>(&'a self, scope: &'a Scope<'a>) -> Vec<Work<'a, Output>>;

    fn results(outputs: Outputs) -> Self::Results;

    fn clients(outputs: Outputs) -> Option<Self::Clients>;

    fn ping<'a>(
        clients: &'a Self::Clients,
        scope: &'a Scope<'a>,
    ) -> Vec<Work<'a, Result<(), Failures>>>;

    fn close<'a>(clients: Self::Clients, scope: &'a Scope<'a>) -> Vec<Work<'a, ()>>;
}
