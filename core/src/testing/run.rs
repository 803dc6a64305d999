//! What `#[backing_services::test]` writes calls to.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::context::Context;
use super::report::Report;
use super::spec::Spec;

/// What a test function may return.
#[diagnostic::on_unimplemented(
    message = "a test of backing services returns nothing or a `Result`",
    label = "expected `()` or `Result<(), ...>`"
)]
pub trait Outcome: Sized {
    /// Whether the test has passed, as far as it returned.
    fn has_passed(&self) -> bool;

    /// What a test that should panic returns when it could not even begin, so that it fails.
    fn of_nothing() -> Option<Self>;
}

impl Outcome for () {
    fn has_passed(&self) -> bool {
        true
    }

    fn of_nothing() -> Option<Self> {
        Some(())
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn has_passed(&self) -> bool {
        self.is_ok()
    }

    fn of_nothing() -> Option<Self> {
        None
    }
}

/// Runs one test in a runtime of its own.
///
/// # Panics
///
/// As the test does; and with the report, where its services cannot be had.
#[track_caller]
pub fn run<R: Outcome>(spec: Spec, test: impl AsyncFnOnce(&Context) -> Result<R, Report>) -> R {
    let should_panic = spec.should_panic;
    let runtime = match spec.runtime() {
        Ok(runtime) => runtime,
        Err(error) => fail(&format!("the runtime of the test cannot be built: {error}")),
    };
    let context = Context::new(spec);
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(&context))));
    let passed = match &result {
        // What was made for a test that could not begin is of no use.
        Ok(Err(_)) => true,
        Ok(Ok(outcome)) => outcome.has_passed() && !should_panic,
        Err(_) => should_panic,
    };
    runtime.block_on(context.end(passed));
    match result {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(report)) => match R::of_nothing() {
            Some(nothing) if should_panic => {
                eprintln!("{report}");
                nothing
            }
            _ => fail(&report.to_string()),
        },
        Err(panic) => resume_unwind(panic),
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "this is how a test fails")]
fn fail(report: &str) -> ! {
    panic!("{report}")
}
