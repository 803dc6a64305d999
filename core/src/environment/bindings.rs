//! What a platform binds to an app: named, of a kind, with entries.

use crate::handle::Origin;

/// One service that a platform has bound to the app.
pub(super) struct Bound {
    /// The names that a field may take it by.
    pub(super) names: Vec<String>,
    /// What it is: the type of a binding, the label and the tags of a service.
    pub(super) kinds: Vec<String>,
    pub(super) origin: Origin,
    /// Whole handles, the preferred one first.
    pub(super) handles: Vec<String>,
    /// Its other entries, such as `host` and `password`.
    pub(super) entries: Vec<(String, String)>,
    /// The path of a file of CA certificates to trust.
    pub(super) certificates: Option<String>,
    /// What is wrong with it, for the field that takes it.
    pub(super) wrong: Option<(String, String)>,
}

/// All of them, and how an error speaks of one: "service binding".
pub(super) struct Bindings {
    pub(super) noun: &'static str,
    /// Names of entries that are the platform's own.
    pub(super) own: &'static [&'static str],
    /// Whether a kind may go on behind the name of a service, as in `mysql-8`.
    pub(super) kinds_go_on: bool,
    /// Whether the scheme of its handle tells the kind of a service.
    pub(super) schemes_tell: bool,
    pub(super) all: Vec<Bound>,
}
