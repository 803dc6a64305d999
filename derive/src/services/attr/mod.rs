//! Attributes of a struct of services: what the user wrote, each value with its place, no meaning yet.

mod container;
mod field;
pub(crate) mod keys;
pub(crate) mod name;
mod shape;

pub(crate) use self::container::Services;
pub(crate) use self::field::{Name, Role};
pub(crate) use self::shape::named_fields;
