//! Plain values of the environment: a text and the type it is to be of.
//!
//! An operator reads the errors, and a setting may hold a secret: they say what to write, in words
//! and not in types, and repeat no byte of what was read. So they are made of our own words and of
//! the names in the app's code alone; what `serde`, `serde_json` or the app itself says of a value
//! is dropped.

mod deserializer;
mod expected;
pub(crate) mod flatten;
mod form;
mod json;
pub(crate) mod named;
mod probe;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use self::form::Form;
