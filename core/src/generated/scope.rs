//! Where in a tree of nested structs a field stands.

use std::sync::Arc;
use std::time::Duration;

use super::call::Call;
use super::once::Slot;
use crate::adapter::{Adapter, Connect};
use crate::error::{ClientError, ConnectError, Failure, Failures};
use crate::handle::{Handle, Origin};
use crate::table::{Field, Kind, Table};

/// Where in a tree of nested structs a field stands; turned into text only where it is shown.
pub struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    name: &'static str,
    prefix: &'static str,
    /// The root's.
    table: &'static Table,
    /// Whether it is that of an optional nested struct, or within one.
    #[cfg(feature = "attached")]
    optional: bool,
    pub(super) call: &'a Call,
}

impl<'a> Scope<'a> {
    pub(super) fn root(table: &'static Table, call: &'a Call) -> Self {
        Self::of(table, "", call)
    }

    /// The scope of fields whose paths within the root are their names.
    pub(super) fn of(root: &'static Table, prefix: &'static str, call: &'a Call) -> Self {
        Self {
            parent: None,
            name: root.name,
            prefix,
            table: root,
            #[cfg(feature = "attached")]
            optional: false,
            call,
        }
    }

    /// The root, the nested structs with a dot behind each, and what goes before the variables.
    #[cfg(feature = "cli")]
    pub(super) fn place(&self) -> (&'static Table, String, String) {
        match self.parent {
            None => (self.table, String::new(), self.prefix.to_owned()),
            Some(parent) => {
                let (root, outer, prefix) = parent.place();
                (root, format!("{outer}{}.", self.name), format!("{prefix}{}", self.prefix))
            }
        }
    }

    /// The scope of a nested field.
    #[must_use]
    pub fn nested(&'a self, field: &'static Field) -> Scope<'a> {
        let prefix = match field.kind {
            Kind::Nested { prefix, .. } => prefix,
            Kind::Resource { .. } | Kind::Setting { .. } | Kind::Flatten { .. } => "",
        };
        Scope {
            parent: Some(self),
            name: field.name,
            prefix,
            table: self.table,
            #[cfg(feature = "attached")]
            optional: self.optional || matches!(field.kind, Kind::Nested { optional: true, .. }),
            call: self.call,
        }
    }

    pub(super) fn count(&self) {
        self.call.count();
    }

    /// The report of a struct whose resources were tried.
    pub(super) fn report(&self, failures: Failures) -> ConnectError {
        ConnectError::new(self.table, self.call.tried(), failures)
    }

    /// The place of a shared resource's client, and whether this field is the first to ask for it.
    pub(super) fn slot<A: Adapter + Connect>(
        &self,
        variable: &'static str,
    ) -> (Arc<Slot<A::Client>>, bool) {
        self.call.once.slot::<A>(variable)
    }

    /// Whether the resource of a field is not one that an earlier field has pinged or closed
    /// already.
    pub(super) fn is_first<A: Adapter + Connect>(&self, field: &Field) -> bool {
        field.shared_variable().is_none_or(|variable| self.slot::<A>(variable).1)
    }

    /// The path of a field, such as `Services::reports.warehouse`.
    pub(super) fn path(&self, field: &str) -> String {
        match self.parent {
            Some(parent) => parent.path(&format!("{}.{field}", self.name)),
            None => format!("{}::{field}", self.name),
        }
    }

    /// Whether the app cannot do without the resource of a field.
    #[cfg(feature = "attached")]
    pub(super) fn is_required<A: Adapter>(&self, field: &Field, adapter: &A) -> bool {
        let Kind::Resource { required, default, ready, .. } = field.kind else { return false };
        let is_elsewhere = || A::GRAMMAR.of_scheme(adapter.handle().scheme()).is_elsewhere();
        (required || default.is_some()) && ready && !self.optional && !is_elsewhere()
    }

    /// The variable that the handle of a field came from, else the one it would come from.
    pub(super) fn variable(&self, field: &Field, origin: Option<&Origin>) -> String {
        if let Some(variable) = origin.and_then(Origin::variable) {
            return variable.to_owned();
        }
        let mut name = field.variable().to_owned();
        if field.shared_variable().is_none() {
            let mut scope = Some(self);
            while let Some(Scope { parent, prefix, .. }) = scope {
                name.insert_str(0, prefix);
                scope = *parent;
            }
        }
        name
    }

    pub(super) fn failure<A: Adapter>(
        &self,
        field: &Field,
        handle: Option<&Handle>,
        masked: ClientError,
        elapsed: Duration,
        attempts: u32,
    ) -> Failure {
        let origin = handle.and_then(Handle::origin).cloned();
        Failure::new(
            self.path(field.name),
            self.variable(field, origin.as_ref()),
            A::GRAMMAR.name(),
            handle.map(|handle| handle.target(A::GRAMMAR)).unwrap_or_default(),
            origin,
            masked,
            elapsed,
            attempts,
        )
    }
}
