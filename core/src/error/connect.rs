use std::fmt;
use std::time::Duration;

use super::client::Seconds;
use super::{ClientError, FailureKind, Message, heading, write_entry};
use crate::handle::Origin;
use crate::table::Table;

/// Every resource that did not connect.
///
/// `Display` and `Debug` are the same report.
///
/// ```
/// # use backing_services::ConnectError;
/// fn variables(error: &ConnectError) -> Vec<&str> {
///     error.failures().iter().map(|failure| failure.variable()).collect()
/// }
/// ```
#[derive(Clone)]
pub struct ConnectError {
    table: &'static Table,
    tried: usize,
    failures: Vec<Failure>,
    /// What they did not do.
    verb: &'static str,
}

impl ConnectError {
    /// `tried` counts the resources that were to be connected: those that failed and those that did
    /// not. Zero where they were not counted.
    pub(crate) fn new(table: &'static Table, tried: usize, failures: Vec<Failure>) -> Self {
        Self { table, tried, failures, verb: "did not connect" }
    }

    /// Of clients that were asked whether they answer.
    pub(crate) fn of_ping(self) -> Self {
        Self { verb: "did not answer", ..self }
    }

    /// Of resources that a test could not have for itself.
    #[cfg(feature = "testing")]
    pub(crate) fn of_test(self) -> Self {
        Self { verb: "could not be isolated", ..self }
    }

    /// One a resource, in the order of the fields.
    ///
    /// ```
    /// # use backing_services::ConnectError;
    /// fn slowest(error: &ConnectError) -> Option<std::time::Duration> {
    ///     error.failures().iter().map(|failure| failure.elapsed()).max()
    /// }
    /// ```
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

/// What did not connect.
pub type Failures = Vec<Failure>;

/// One resource that did not connect.
///
/// ```
/// # use backing_services::Failure;
/// fn page(failure: &Failure) -> String {
///     format!("{} ({}): {}", failure.field(), failure.adapter(), failure.cause())
/// }
/// ```
#[derive(Clone)]
pub struct Failure {
    field: String,
    variable: String,
    adapter: &'static str,
    target: String,
    origin: Option<Origin>,
    error: ClientError,
    elapsed: Duration,
    attempts: u32,
}

impl Failure {
    #[expect(
        clippy::too_many_arguments,
        reason = "made in one place, from what only that place knows"
    )]
    pub(crate) fn new(
        field: String,
        variable: String,
        adapter: &'static str,
        target: String,
        origin: Option<Origin>,
        masked: ClientError,
        elapsed: Duration,
        attempts: u32,
    ) -> Self {
        Self {
            field,
            variable,
            adapter,
            target,
            origin,
            error: masked.shortened(),
            elapsed,
            attempts,
        }
    }

    /// The same resource, which another field shares.
    pub(crate) fn of_field(self, field: &str) -> Self {
        Self { field: field.to_owned(), ..self }
    }

    /// The hosts.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Says what may mend it.
    pub(crate) fn with_help(mut self, help: Message) -> Self {
        self.error = self.error.with_help(help);
        self
    }

    /// The field, such as `Services::db` or `Services::reports.warehouse`.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("{} is down", failure.field());
    /// # }
    /// ```
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The variable that the handle came from, such as `DATABASE_URL`.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("look at {}", failure.variable());
    /// # }
    /// ```
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Where the handle came from; `None` for an adapter that does not keep its handle.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// if let Some(origin) = failure.origin() {
    ///     println!("it was read from {origin}");
    /// }
    /// # }
    /// ```
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The adapter's name, such as `MySQL`.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("{} does not answer", failure.adapter());
    /// # }
    /// ```
    pub fn adapter(&self) -> &str {
        self.adapter
    }

    /// The root cause, without any secret.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("because: {}", failure.cause()); // because: connection refused
    /// # }
    /// ```
    pub fn cause(&self) -> &str {
        self.error.cause().as_str()
    }

    /// What kind of failure it is, for a program to decide by.
    ///
    /// ```
    /// # use backing_services::{Failure, FailureKind};
    /// fn exit_code(failure: &Failure) -> u8 {
    ///     match failure.kind() {
    ///         FailureKind::Authentication | FailureKind::NotAllowed => 77, // EX_NOPERM
    ///         FailureKind::UnknownHost => 68,                              // EX_NOHOST
    ///         _ => 69,                                                     // EX_UNAVAILABLE
    ///     }
    /// }
    /// ```
    pub fn kind(&self) -> FailureKind {
        self.error.kind()
    }

    /// Whether it may pass by itself, so that another attempt later makes sense.
    ///
    /// ```
    /// # use backing_services::ConnectError;
    /// fn is_worth_a_restart(error: &ConnectError) -> bool {
    ///     error.failures().iter().all(|failure| failure.is_transient())
    /// }
    /// ```
    pub fn is_transient(&self) -> bool {
        self.error.is_transient()
    }

    /// What may mend it; empty if unknown.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("help: {}", failure.help());
    /// # }
    /// ```
    pub fn help(&self) -> &str {
        self.error.help()
    }

    /// How long it was tried, all attempts together.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("{} ms", failure.elapsed().as_millis());
    /// # }
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many times it was tried.
    ///
    /// ```
    /// # fn f(failure: &backing_services::Failure) {
    /// println!("{} attempts", failure.attempts());
    /// # }
    /// ```
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, tried, verb) = (self.failures.len(), self.tried, self.verb);
        let noun = if tried.max(failed) == 1 { "resource" } else { "resources" };
        write!(f, "{failed} ")?;
        if tried > 0 {
            write!(f, "of {tried} ")?;
        }
        write!(f, "{noun} of `{}` {verb}", self.table.name)?;
        for failure in &self.failures {
            let Failure { field, variable, adapter, target, elapsed, attempts, .. } = failure;
            let at = if target.is_empty() { String::new() } else { format!(" at {target}") };
            let note = failure.origin.as_ref().and_then(Origin::note);
            let heading = heading(variable, note, field, &format!("{adapter}{at}"));
            let times = if *attempts == 1 { "attempt" } else { "attempts" };
            let tried = format!("{attempts} {times} in {}", Seconds(*elapsed));
            let (cause, help) = (failure.cause(), failure.help());
            write_entry(f, &heading, &[("", cause), ("tried: ", &tried), ("help: ", help)])?;
        }
        Ok(())
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConnectError {}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}): {}", self.field, self.variable, self.adapter, self.error)
    }
}
