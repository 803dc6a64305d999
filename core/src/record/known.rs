//! The adapters of this crate, by the names that records have for them.

use crate::adapter::grammar::Grammar;
use crate::adapter::{Adapter, Connect};
use crate::error::HandleError;
#[cfg(feature = "cli")]
use crate::generated::listed::Listed;
use crate::handle::Handle;
#[cfg(feature = "cli")]
use crate::table::{Field, Table};

/// An adapter whose type is compiled in.
pub(crate) struct Known {
    id: &'static str,
    grammar: &'static Grammar,
    pub(crate) read: fn(&Handle) -> Result<Box<dyn Adapted>, HandleError>,
}

/// An adapter that a handle was read by, whatever its type.
pub(crate) trait Adapted {
    fn is_loopback(&self) -> bool;

    /// What the commands connect.
    #[cfg(feature = "cli")]
    fn listed(
        &self,
        root: &'static Table,
        outer: &str,
        prefix: &str,
        field: &'static Field,
    ) -> Listed;
}

impl<A: Adapter + Connect> Adapted for A {
    fn is_loopback(&self) -> bool {
        Adapter::is_loopback(self)
    }

    #[cfg(feature = "cli")]
    fn listed(
        &self,
        root: &'static Table,
        outer: &str,
        prefix: &str,
        field: &'static Field,
    ) -> Listed {
        Listed::new(self.clone(), root, outer, prefix, field)
    }
}

impl Known {
    #[allow(dead_code, reason = "some features have no adapter")]
    const fn of<A: Adapter + Connect>() -> Self {
        Self {
            id: A::__ID,
            grammar: A::GRAMMAR,
            read: |handle| Ok(Box::new(A::from_handle(handle)?)),
        }
    }

    /// The adapter that an app names, where it is the same here.
    pub(crate) fn find(id: &str, grammar: &Grammar) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.id == id && known.grammar == grammar)
    }

    /// The adapter whose handles say the same.
    pub(crate) fn like(grammar: &Grammar) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.grammar == grammar)
    }

    /// Whether the grammar is that of an enum each of whose variants is such an adapter.
    pub(crate) fn are_variants(grammar: &Grammar) -> bool {
        let variants = grammar.all_variants();
        !variants.is_empty() && variants.iter().all(|variant| Self::like(variant).is_some())
    }

    /// Whether an app names an adapter of this crate, if only one of another version.
    pub(crate) fn is_ours(id: &str) -> bool {
        id.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::adapters::"))
    }
}

macro_rules! known {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
        const KNOWN: &[Known] = &[$(#[cfg($cfg)] Known::of::<crate::$adapter>()),*];
    };
}

__each_adapter!(known);
