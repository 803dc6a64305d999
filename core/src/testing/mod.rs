#![doc = include_str!("page.md")]

mod context;
mod isolate;
mod isolated;
mod name;
mod of;
mod report;
mod run;
mod slots;
mod spec;
mod taken;

pub(crate) use self::isolate::Isolator;
pub use self::isolate::{Isolate, Migrations, Own, Test};
pub use self::isolated::Isolated;
pub use self::name::{Template, is_leftover};
pub(crate) use self::taken::{Taken, Taking};

/// What the attribute writes calls to. Not public API.
#[doc(hidden)]
pub mod generated {
    pub use super::context::Context;
    pub use super::isolated::{Parameter, migration};
    pub use super::report::Report;
    pub use super::run::{Outcome, run};
    pub use super::spec::Spec;
}
