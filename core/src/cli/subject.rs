//! What a command is about: the services of an app, known by their types or by the record in its
//! program.

use std::marker::PhantomData;

use crate::backing::BackingServices;
use crate::environment::Environment;
use crate::error::LoadError;
use crate::explain::Explanation;
use crate::generated::listed::{self, Listed};
use crate::manifest::Manifest;
use crate::table::Table;

/// One resource that is attached, and how it is connected.
pub(crate) type LoadedResource = Listed;

/// What an app declares, and how an environment is read for it.
pub(crate) trait Subject {
    fn table(&self) -> &'static Table;

    fn manifest(&self) -> Manifest {
        Manifest::new(self.table())
    }

    /// Reads an environment as the app would.
    fn load(&self, environment: &Environment) -> Result<Box<dyn Loaded>, LoadError>;

    fn explain(&self, environment: &Environment) -> Explanation;

    /// What a check by this subject leaves out, each in a sentence without its full stop.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An environment that is as the app wants it.
pub(crate) trait Loaded {
    /// Every resource that is attached, in order; one that several fields share is there once.
    fn resources(&self) -> Vec<LoadedResource>;
}

/// An app whose types are compiled in.
pub(crate) struct Typed<S>(PhantomData<fn() -> S>);

impl<S> Typed<S> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<S: BackingServices + 'static> Subject for Typed<S> {
    fn table(&self) -> &'static Table {
        S::TABLE
    }

    fn load(&self, environment: &Environment) -> Result<Box<dyn Loaded>, LoadError> {
        let services = S::load(environment)?;
        Ok(Box::new(TypedLoaded(services)))
    }

    fn explain(&self, environment: &Environment) -> Explanation {
        environment.explain::<S>()
    }
}

struct TypedLoaded<S>(S);

impl<S: BackingServices> Loaded for TypedLoaded<S> {
    fn resources(&self) -> Vec<LoadedResource> {
        listed::list(&self.0)
    }
}
