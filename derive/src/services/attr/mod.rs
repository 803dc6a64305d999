//! Attributes of a struct of services: what the user wrote, each value with its place, no meaning
//! yet.

mod container;
mod field;
pub(crate) mod keys;
pub(crate) mod name;
mod passed;
mod shape;

pub(crate) use self::container::{Clients, Services};
pub(crate) use self::field::{Client, Name, Role, Service};
pub(crate) use self::passed::{Param, metas, params};
pub(crate) use self::shape::named_fields;
