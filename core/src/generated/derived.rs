//! What all that is done with a struct stands on.

use super::join::{Output, Outputs};
use super::loader::Loader;
use super::scope::Scope;
use crate::concurrent::Work;
use crate::error::Failures;
use crate::record::Json;
use crate::table::Table;

/// What the derive writes of a struct. The trait `BackingServices`, which calls what asks for this
/// one, has it all by the same names.
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
