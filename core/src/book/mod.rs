//! The book: from `cargo new` to a deploy that is looked after, in order. Each page takes minutes.
//!
//! 1. [The first five minutes](first_five_minutes): a struct, a report, a database
//! 2. [A web app](web_app): PostgreSQL, Redis and mail behind axum, each test with services of its own
//! 3. [Handles](handles): how to write one, and what is refused
//! 4. [Settings](settings): plain values
//! 5. [Platforms](crate::platforms): a page for each, with a configuration that works
//! 6. [Your own adapter](your_own_adapter): a service that is not in the table
//! 7. [Tests](tests): each with resources of its own
//! 8. [Operations](operations): before, at and after the start of a deploy
//! 9. [Rotation](crate::rotation): what changes when a secret does
//! 10. [Troubleshooting](troubleshooting): every message, its cause and its repair
//!
//! What a handle of an adapter may say stands in the module of the adapter: [`adapters`](crate::adapters) lists them.
//!
//! Next: [the first five minutes](first_five_minutes)

#[doc = include_str!("first_five_minutes.md")]
pub mod first_five_minutes {}

#[doc = include_str!("web_app.md")]
pub mod web_app {}

#[doc = include_str!("handles.md")]
pub mod handles {}

// One of its settings is JSON.
#[cfg(any(not(doctest), feature = "json"))]
#[doc = include_str!("settings.md")]
pub mod settings {}

#[doc = include_str!("your_own_adapter.md")]
pub mod your_own_adapter {}

#[doc = include_str!("tests.md")]
pub mod tests {}

#[doc = include_str!("operations.md")]
pub mod operations {}

#[allow(clippy::doc_markdown, reason = "a heading is the name of a kind, and its anchor")]
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[cfg(test)]
mod held;
