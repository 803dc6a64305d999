//! What `#[backing_services::test]` says of a test.

use tokio::runtime::{Builder, Runtime};

use super::name::Name;
use crate::environment::Environment;

/// What the attribute says.
#[derive(Clone)]
#[must_use]
pub struct Spec {
    pub(super) test: &'static str,
    pub(super) prefixed: &'static [(&'static str, &'static str)],
    shared: &'static [&'static str],
    set: &'static [(&'static str, &'static str)],
    environment: Option<fn() -> Environment>,
    other_machines: bool,
    pub(super) should_panic: bool,
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

    pub(super) fn runtime(&self) -> std::io::Result<Runtime> {
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
