//! What the services of one test have in common, and what happens at its end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::isolate::{Removal, Test};
use super::name::{Name, Template};
use super::report::Report;
use super::slots::Slot;
use super::spec::Spec;
use super::taken::Found;
use crate::concurrent::{Work, all};
use crate::environment::Environment;
use crate::error::ClientError;

/// One test that runs.
pub struct Context {
    spec: Spec,
    name: Name,
    environment: Environment,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    slot: Option<Slot>,
    clients: Vec<Box<dyn FnOnce() -> Work<'static, ()>>>,
    made: Vec<Made>,
}

/// Something that the test has alone.
struct Made {
    what: Option<String>,
    of: String,
    removal: Option<Removal>,
}

impl Context {
    pub(super) fn new(spec: Spec) -> Self {
        let name = Name::new(spec.test);
        let environment = spec.environment(&name);
        Self { spec, name, environment, state: Mutex::default() }
    }

    /// Of the making of a template, for a test that has waited for its slot.
    pub(super) fn for_template(&self) -> Self {
        let (spec, environment) = (self.spec.clone(), self.environment.clone());
        Self { spec, name: Name::new("template"), environment, state: Mutex::default() }
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an adapter is told of a resource of the test. Two resources of a struct may be on one
    /// server, so each has a name of its own.
    pub(super) fn test(&self, template: Option<&Template>) -> Test {
        let environment = self.environment.clone();
        Test::new(Name::new(self.spec.test), template.cloned(), move |name| {
            let found = environment.variable(name).ok()??;
            Some(found.value.into_owned())
        })
    }

    /// Waits once for leave to use servers.
    pub(super) async fn wait_for_slot(&self) -> Result<(), Report> {
        if self.state().slot.is_none() {
            let slot = Slot::wait().await.map_err(|error| Report::no_place(&error))?;
            self.state().slot = Some(slot);
        }
        Ok(())
    }

    pub(super) fn close_at_end(&self, close: impl FnOnce() -> Work<'static, ()> + 'static) {
        self.state().clients.push(Box::new(close));
    }

    pub(super) fn keep(&self, found: &Found, what: Option<String>, removal: Option<Removal>) {
        let of = format!("{} ({})", found.path, found.variable);
        self.state().made.push(Made { what, of, removal });
    }

    /// Closes all clients at the same time.
    pub(super) async fn close(&self) {
        let clients = std::mem::take(&mut self.state().clients);
        all(clients.into_iter().map(|close| close()).collect()).await;
    }

    /// Closes the clients, and removes what the test had if it has passed; else says where it is.
    pub(super) async fn end(&self, passed: bool) {
        self.close().await;
        let made = std::mem::take(&mut self.state().made);
        if !passed {
            for Made { what, of, .. } in made {
                if let Some(what) = what {
                    eprintln!("kept for a look: {what} of {of}");
                }
            }
            return;
        }
        let remove = |made: Made| {
            Box::pin(async move {
                let removed = match made.removal {
                    Some(removal) => removal.await,
                    None => Ok(()),
                };
                (made.what, made.of, removed)
            }) as Work<'_, (Option<String>, String, Result<(), ClientError>)>
        };
        for (what, of, removed) in all(made.into_iter().map(remove).collect()).await {
            if removed.is_err() {
                let what = what.unwrap_or_default();
                eprintln!("could not be removed, and will be in a day: {what} of {of}");
            }
        }
    }
}
