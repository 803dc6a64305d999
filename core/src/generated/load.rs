//! What the derive calls to load the whole of a struct.

use super::derived::Derived;
#[cfg(feature = "attached")]
use super::loader::load_and_note_with;
#[cfg(feature = "testing")]
use super::loader::load_for_test_with;
use super::loader::load_with;
use crate::environment::Environment;
use crate::error::LoadError;
#[cfg(feature = "testing")]
use crate::testing::Taken;

pub fn load<S: Derived>(environment: &Environment) -> Result<S, LoadError> {
    load_with(S::TABLE, environment, |loader| S::load(loader))
}

/// [`load`], with a hash of the text of each setting by its path: what a running app compares.
#[cfg(feature = "attached")]
pub(crate) fn load_and_note<S: Derived>(
    environment: &Environment,
) -> (Result<S, LoadError>, Vec<(String, u64)>) {
    load_and_note_with(S::TABLE, environment, |loader| S::load(loader))
}

/// [`load`] for a test, which takes the adapters and gives others back.
#[cfg(feature = "testing")]
pub(crate) fn load_for_test<S: Derived>(
    environment: &Environment,
    taken: &Taken,
) -> Result<S, LoadError> {
    load_for_test_with(S::TABLE, environment, taken, |loader| S::load(loader))
}
