//! What `#[backing_services::test]` writes calls to.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tokio::runtime::{Builder, Runtime};

use super::context::Context;
use super::name::Name;
use super::report::Report;
use crate::environment::Environment;

/// What the attribute says of a test.
#[derive(Clone)]
#[must_use]
pub struct Spec {
    pub(super) test: &'static str,
    pub(super) prefixed: &'static [(&'static str, &'static str)],
    shared: &'static [&'static str],
    set: &'static [(&'static str, &'static str)],
    environment: Option<fn() -> Environment>,
    other_machines: bool,
    should_panic: bool,
    multi_thread: bool,
    worker_threads: Option<usize>,
}

impl Spec {
    /// A test of this name.
    pub fn new(test: &'static str) -> Self {
        Self {
            test,
            prefixed: &[],
            shared: &[],
            set: &[],
            environment: None,
            other_machines: false,
            should_panic: false,
            multi_thread: false,
            worker_threads: None,
        }
    }

    /// Fields whose resource the tests share.
    pub fn shared(self, shared: &'static [&'static str]) -> Self {
        Self { shared, ..self }
    }

    /// Fields for which the app puts what a variable says before its names.
    pub fn prefixed(self, prefixed: &'static [(&'static str, &'static str)]) -> Self {
        Self { prefixed, ..self }
    }

    /// Variables of this test alone.
    pub fn set(self, set: &'static [(&'static str, &'static str)]) -> Self {
        Self { set, ..self }
    }

    /// Another environment than that of the process.
    pub fn environment_of(self, environment: fn() -> Environment) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// Handles of other machines are not refused.
    pub fn other_machines(self) -> Self {
        Self { other_machines: true, ..self }
    }

    /// The test passes if it panics.
    pub fn should_panic(self) -> Self {
        Self { should_panic: true, ..self }
    }

    /// Its runtime has several threads.
    pub fn multi_thread(self) -> Self {
        Self { multi_thread: true, ..self }
    }

    /// So many.
    pub fn worker_threads(self, count: usize) -> Self {
        Self { worker_threads: Some(count), ..self }
    }

    pub(super) fn environment(&self, name: &Name) -> Environment {
        let process = || Environment::process().with_dotenv(".env.test").with_dotenv(".env");
        let environment = self.environment.map_or_else(process, |environment| environment());
        let prefixed = self.prefixed.iter().map(|(_, variable)| (*variable, name.as_str()));
        let set = self.set.iter().copied().chain(prefixed);
        let environment = set.fold(environment, |all, (name, value)| all.with(name, value));
        if self.other_machines { environment } else { environment.only_loopback() }
    }

    /// Whether a field's resource is not to be isolated.
    pub(super) fn lets_through(&self, field: &str) -> bool {
        self.shared.contains(&field) || self.prefixed.iter().any(|(own, _)| *own == field)
    }

    fn runtime(&self) -> std::io::Result<Runtime> {
        if !self.multi_thread {
            return Builder::new_current_thread().enable_all().build();
        }
        let mut builder = Builder::new_multi_thread();
        if let Some(count) = self.worker_threads {
            builder.worker_threads(count.max(1));
        }
        builder.enable_all().build()
    }
}

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
