//! How a test gets the resource of a field for itself. Without the feature `testing` nobody can, and
//! the derive writes the same.

use std::marker::PhantomData;

#[cfg(feature = "testing")]
use super::field::Service;
use crate::table::Isolated;
#[cfg(feature = "testing")]
use crate::testing::{Isolate, Isolator};

#[cfg(feature = "testing")]
const NOT: Isolated = None;

#[cfg(not(feature = "testing"))]
const NOT: Isolated = ();

/// Of what a field is, the constant `ISOLATED`: this one where the adapter implements `Isolate`,
/// that of [`Shared`] where it does not.
pub struct IsolationOf<T>(PhantomData<T>);

#[cfg(feature = "testing")]
impl<A: Isolate, const IS: bool> IsolationOf<Service<A, IS>> {
    pub const ISOLATED: Isolated = Some(Isolator::of::<A>());
}

/// Any other adapter: tests share its resource.
pub trait Shared {
    const ISOLATED: Isolated = NOT;
}

impl<T> Shared for IsolationOf<T> {}
