use super::mounts::Mounts;
use crate::environment::{Dangling, Environment};

/// What a platform's files come to.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) environment: Environment,
    /// Files that its variables name.
    pub(super) mounts: Mounts,
    /// What the platform would not start the app without: the variable that refers to it, if it is
    /// one, why it is not there, and where that stands.
    pub(super) must: Vec<(String, Dangling, String)>,
}
