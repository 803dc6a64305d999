//! Attributes of an adapter: what the user wrote, each value with its place, no meaning yet.

mod container;
mod field;
pub(crate) mod keys;
mod shape;

pub(crate) use self::container::Container;
pub(crate) use self::field::{About, Filled, Part};
pub(crate) use self::shape::{Shape, shape};
